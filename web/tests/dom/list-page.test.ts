import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import listPage from "../../index.html?raw";
import { FakeCatalog, makeSlide } from "../make";

const catalog = new FakeCatalog([
  makeSlide({ id: "a", filename: "a.svs" }),
  makeSlide({ id: "b", filename: "b.svs" }),
  makeSlide({ id: "f", filename: "f.svs", import_state: "failed" }),
]);

const search = () => document.querySelector("#search") as HTMLInputElement;
const shown = () => [...document.querySelectorAll("#slides h2")].map((name) => name.textContent);
const choose = (state: string) =>
  (document.querySelector(`input[name=state][value="${state}"]`) as HTMLInputElement).click();

/** Type a word and wait until the page has answered. */
async function type(word: string): Promise<void> {
  search().value = word;
  search().dispatchEvent(new InputEvent("input", { bubbles: true }));
  await vi.advanceTimersByTimeAsync(300);
}

beforeAll(async () => {
  vi.useFakeTimers();
  vi.stubGlobal("fetch", catalog.fetch);
  const page = new DOMParser().parseFromString(listPage, "text/html");
  document.body.innerHTML = page.body.innerHTML;
  history.replaceState(null, "", "/?state=failed");
  await import("../../src/list-page");
  await vi.advanceTimersByTimeAsync(0);
});

afterAll(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

beforeEach(async () => {
  await vi.advanceTimersByTimeAsync(1000);
});

test("an address with a filter opens filtered, and the filter shows it", () => {
  expect(shown()).toEqual(["f.svs"]);
  const checked = document.querySelector("input[name=state]:checked") as HTMLInputElement;
  expect(checked.value).toBe("failed");
});

test("choosing a state changes list and address", async () => {
  choose("");
  await vi.advanceTimersByTimeAsync(0);
  expect(shown()).toEqual(["a.svs", "b.svs", "f.svs"]);
  expect(location.search).toBe("");
});

test("typing searches after a pause, once", async () => {
  const before = catalog.asked.length;
  search().value = "b";
  search().dispatchEvent(new InputEvent("input", { bubbles: true }));
  await type("b.");
  expect(shown()).toEqual(["b.svs"]);
  expect(location.search).toBe("?q=b.");
  expect(catalog.asked.length - before).toBe(1);
});

test("leaving the search box asks nothing again", async () => {
  const before = catalog.asked.length;
  search().dispatchEvent(new Event("change", { bubbles: true }));
  await vi.advanceTimersByTimeAsync(1000);
  expect(catalog.asked).toHaveLength(before);
});

test("the button of an empty search brings all slides back and empties the box", async () => {
  await type("nothing like it");
  (document.querySelector("#notice button") as HTMLButtonElement).click();
  await vi.advanceTimersByTimeAsync(0);
  expect(shown()).toHaveLength(3);
  expect(search().value).toBe("");
  expect(location.search).toBe("");
});

test("the slash key goes to the search box", () => {
  document.dispatchEvent(new KeyboardEvent("keydown", { key: "/", bubbles: true }));
  expect(document.activeElement).toBe(search());
});

test("going back in the browser follows the address", async () => {
  history.replaceState(null, "", "/?q=a.");
  globalThis.dispatchEvent(new PopStateEvent("popstate"));
  await vi.advanceTimersByTimeAsync(0);
  expect(shown()).toEqual(["a.svs"]);
  expect(search().value).toBe("a.");
});
