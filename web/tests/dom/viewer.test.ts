import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Fetch, SlideApi } from "../../src/api";
import { el } from "../../src/dom";
import type { Slide } from "../../src/slides";
import { SlideViewer } from "../../src/viewer";
import { FakeCatalog, json, makeDescriptor, makeSlide } from "../make";

const ID = "aaaaaaaaaaaaaaaa";
const NO_INDEX = json({ title: "No such slide", detail: "It is not imported." }, 404);

function makeParts() {
  return {
    image: el("div"),
    navigator: el("div"),
    toolbar: el("div"),
    look: el("section"),
    scaleBar: el("div"),
    progress: el("div"),
    notice: el("div"),
    failedTiles: el("div", {}, el("span"), el("button")),
    toast: el("div"),
    title: el("h1"),
    subtitle: el("p"),
    neighbours: el("nav"),
    details: el("div"),
  };
}

/** Set up a viewer whose catalog holds `slides` and whose tile service has the descriptor, or none. */
function setUp(slides: Slide[], descriptor: () => Response = () => NO_INDEX.clone()) {
  const parts = makeParts();
  document.body.replaceChildren(...Object.values(parts));
  const catalog = new FakeCatalog(slides);
  const state = { descriptor };
  const fetch: Fetch = (address, init) =>
    address.endsWith("slide.json")
      ? Promise.resolve(state.descriptor())
      : catalog.fetch(address, init);
  const list = { q: "S26", state: "imported" } as const;
  return { ...parts, catalog, state, viewer: new SlideViewer(parts, new SlideApi(fetch), list) };
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe("a slide that cannot be shown", () => {
  test("tells that none was chosen, and leads back to the list it came from", async () => {
    const page = setUp([]);
    await page.viewer.open(null);
    expect(page.image.dataset["state"]).toBe("error");
    expect(page.notice.textContent).toContain("No slide chosen");
    expect(page.notice.querySelector("a")?.getAttribute("href")).toBe("/?q=S26&state=imported");
    expect(page.notice.querySelector("button")).toBeNull();
  });

  test("tells the catalog's reason rather than the missing index", async () => {
    const failure = { kind: "damaged", reason: "The file ends inside level 0." };
    const page = setUp([makeSlide({ import_state: "failed", failure })]);
    await page.viewer.open(ID);
    expect(page.notice.textContent).toContain("Damaged fileThe file ends inside level 0.");
    expect(page.title.textContent).toBe("S26-01234-A1.svs");
    expect(page.progress.hidden).toBe(true);
  });

  test("tells the server's words when the catalog does not know it either", async () => {
    const page = setUp([]);
    await page.viewer.open(ID);
    expect(page.notice.textContent).toContain("No such slideIt is not imported.");
  });

  test("may be tried again when the server did not answer", async () => {
    const page = setUp([], () => json({}, 503));
    await page.viewer.open(ID);
    page.state.descriptor = () => NO_INDEX.clone();
    page.notice.querySelector("button")?.click();
    await vi.advanceTimersByTimeAsync(0);
    expect(page.notice.textContent).toContain("It is not imported.");
  });

  test("is looked for again while it is imported", async () => {
    const page = setUp([makeSlide({ import_state: "importing" })]);
    await page.viewer.open(ID);
    expect(page.notice.textContent).toContain("Still importing");
    const failure = { kind: "unsupported", reason: "Zeiss CZI is not read." };
    page.catalog.slides = [makeSlide({ import_state: "failed", failure })];
    await vi.advanceTimersByTimeAsync(3000);
    expect(page.notice.textContent).toContain("Zeiss CZI is not read.");
    const asked = page.catalog.asked.length;
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(page.catalog.asked).toHaveLength(asked);
  });
});

describe("a slide that can be shown", () => {
  async function open(slides = [makeSlide()]) {
    const page = setUp(slides, () => json(makeDescriptor()));
    await page.viewer.open(ID);
    await vi.advanceTimersByTimeAsync(100);
    return page;
  }

  test("names itself in the page and the tab", async () => {
    const page = await open([makeSlide(), makeSlide({ id: "next", filename: "S26-2.svs" })]);
    expect(page.title.textContent).toBe("S26-01234-A1.svs");
    expect(page.subtitle.textContent).toBe("S26-01234 · A1 · S26-01234;A1;1");
    expect(document.title).toBe("S26-01234-A1.svs – labsight");
    expect(page.details.textContent).toContain("Magnification20×");
  });

  test("links its neighbours in the list it came from", async () => {
    const page = await open([makeSlide(), makeSlide({ id: "b", filename: "S26-2.svs" })]);
    expect(page.neighbours.querySelector("[rel=next]")?.getAttribute("href")).toBe(
      "/viewer.html?slide=b&q=S26&state=imported",
    );
    expect(page.neighbours.querySelector("[rel=prev]")).toBeNull();
    expect(page.neighbours.querySelector("button")?.disabled).toBe(true);
  });

  test("offers the magnifications up to its own", async () => {
    const page = await open();
    const steps = [...page.toolbar.querySelectorAll(".step")].map((step) => step.textContent);
    expect(steps).toEqual(["1×", "5×", "10×", "20×"]);
  });

  test("is shown without a style element, which the content security policy would refuse", async () => {
    await open();
    const styles = [...document.querySelectorAll("style")];
    expect(styles.filter((style) => style instanceof HTMLStyleElement)).toEqual([]);
    expect(document.querySelector(".openseadragon-canvas")?.getAttribute("role")).toBe(
      "application",
    );
  });

  test("is shown even when the catalog does not answer", async () => {
    const page = await open([]);
    expect(page.title.textContent).toBe("S26-01234-A1.svs");
    expect(page.image.dataset["state"]).not.toBe("error");
  });

  test("tells how many tiles are missing, and when they came after all", async () => {
    const page = await open();
    page.viewer.tilesFailed(1);
    const said = () => page.failedTiles.querySelector("span")?.textContent;
    expect(said()).toBe("1 tile of this slide could not be loaded.");
    page.viewer.tilesFailed(3);
    expect(said()).toBe("3 tiles of this slide could not be loaded.");
    expect(page.failedTiles.hidden).toBe(false);
    page.viewer.tilesFailed(0);
    expect(page.failedTiles.hidden).toBe(true);
  });

  test("that was replaced meanwhile offers to be loaded anew, not tried again", async () => {
    const page = await open();
    const words = () => page.failedTiles.textContent;
    page.viewer.tilesFailed(2);
    await vi.advanceTimersByTimeAsync(0);
    expect(words()).toBe("2 tiles of this slide could not be loaded.Try again");
    expect(page.viewer.isOutdated).toBe(false);
    page.state.descriptor = () => json(makeDescriptor({ version: "ffffffff" }));
    page.viewer.tilesFailed(3);
    await vi.advanceTimersByTimeAsync(0);
    expect(page.viewer.isOutdated).toBe(true);
    expect(words()).toBe("This slide was replaced or removed since you opened it.Reload");
    page.viewer.tilesFailed(4);
    expect(words()).toContain("Reload");
  });

  test("that was withdrawn meanwhile offers the same", async () => {
    const page = await open();
    page.state.descriptor = () => NO_INDEX.clone();
    page.viewer.tilesFailed(1);
    await vi.advanceTimersByTimeAsync(0);
    expect(page.viewer.isOutdated).toBe(true);
  });
});
