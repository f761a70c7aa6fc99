import axe from "axe-core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { SlideApi } from "../../src/api";
import { el } from "../../src/dom";
import { SlideList } from "../../src/list";
import type { Slide } from "../../src/slides";
import { FakeCatalog, json, makeSlide } from "../make";

const ALL = { q: "", state: null } as const;

const importing = (id: string): Slide =>
  makeSlide({
    id,
    filename: `${id}.svs`,
    import_state: "importing",
    links: { descriptor: null, thumbnail: null },
  });

const imported = (id: string): Slide => makeSlide({ id, filename: `${id}.svs` });

/** Make `count` slides; the first is the newest. */
const many = (count: number): Slide[] =>
  Array.from({ length: count }, (_, i) => imported(`slide${String(i).padStart(3, "0")}`));

function setUp(slides: Slide[]) {
  const parts = {
    slides: el("ul", { "aria-label": "Slides" }),
    summary: el("p"),
    notice: el("div"),
    more: el("button", { type: "button", hidden: true }, "Load more slides"),
  };
  document.body.replaceChildren(el("main", {}, ...Object.values(parts)));
  const catalog = new FakeCatalog(slides);
  const onClear = vi.fn();
  const list = new SlideList(parts, new SlideApi(catalog.fetch), onClear);
  const shown = () => Array.from(parts.slides.children, (row) => row.getAttribute("data-id"));
  return { ...parts, catalog, onClear, list, shown };
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe("loading", () => {
  test("shows places for slides first, then the slides in the server's order", async () => {
    const page = setUp(many(3));
    const loading = page.list.load(ALL);
    expect(page.slides.dataset["state"]).toBe("loading");
    expect(page.slides.querySelectorAll(".placeholder")).not.toHaveLength(0);
    await loading;
    expect(page.slides.dataset["state"]).toBe("ready");
    expect(page.slides.getAttribute("aria-busy")).toBe("false");
    expect(page.shown()).toEqual(["slide000", "slide001", "slide002"]);
    expect(page.summary.textContent).toBe("3 slides");
    expect(page.more.hidden).toBe(true);
  });

  test("an answer that was overtaken by a newer search is dropped", async () => {
    const page = setUp(many(3));
    page.catalog.delays.push(100);
    const first = page.list.load(ALL);
    const second = page.list.load({ q: "slide002", state: null });
    await vi.advanceTimersByTimeAsync(200);
    await Promise.all([first, second]);
    expect(page.shown()).toEqual(["slide002"]);
  });

  test("goes on page by page, without repeating a slide that moved", async () => {
    const page = setUp(many(120));
    await page.list.load(ALL);
    expect(page.summary.textContent).toBe("First 50 slides");
    page.catalog.slides = [imported("brandnew"), ...page.catalog.slides];
    page.more.hidden = false;
    page.more.focus();
    await page.list.more();
    expect(page.shown()).toHaveLength(99);
    expect(new Set(page.shown()).size).toBe(99);
    expect(document.activeElement?.textContent).toBe("slide050.svs");
    await page.list.more();
    expect(page.shown()).toHaveLength(120);
    expect(page.more.hidden).toBe(true);
  });
});

describe("following imports", () => {
  test("looks again until everything is imported, then no more", async () => {
    const page = setUp([importing("a"), imported("b")]);
    await page.list.load(ALL);
    expect(page.summary.textContent).toBe("2 slides, 1 importing");
    await vi.advanceTimersByTimeAsync(3000);
    expect(page.catalog.asked).toHaveLength(2);
    page.catalog.slides = [imported("a"), imported("b")];
    await vi.advanceTimersByTimeAsync(4000);
    expect(page.summary.textContent).toBe("2 slides");
    expect(page.slides.querySelectorAll("a")).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(page.catalog.asked).toHaveLength(3);
  });

  test("asks less and less often", async () => {
    const page = setUp([importing("a")]);
    await page.list.load(ALL);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(page.catalog.asked.length).toBeGreaterThan(20);
    expect(page.catalog.asked.length).toBeLessThan(35);
  });

  test("never asks by itself when nothing is importing", async () => {
    const page = setUp(many(3));
    await page.list.load(ALL);
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(page.catalog.asked).toHaveLength(1);
  });

  test("stops while the tab is hidden", async () => {
    const page = setUp([importing("a")]);
    await page.list.load(ALL);
    page.list.pause();
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(page.catalog.asked).toHaveLength(1);
  });

  test("leaves unchanged rows, and the focus, where they are", async () => {
    const page = setUp([importing("a"), imported("b")]);
    await page.list.load(ALL);
    const untouched = page.slides.lastElementChild;
    untouched?.querySelector("a")?.focus();
    page.catalog.slides = [imported("new"), imported("a"), imported("b")];
    await page.list.refresh();
    expect(page.shown()).toEqual(["new", "a", "b"]);
    expect(page.slides.children[2]).toBe(untouched);
    expect(document.activeElement?.textContent).toBe("b.svs");
  });

  test("keeps the focus on a row that changed", async () => {
    const page = setUp([imported("a")]);
    await page.list.load(ALL);
    page.slides.querySelector("a")?.focus();
    page.catalog.slides = [{ ...imported("a"), case_id: "S26-9" }];
    await page.list.refresh();
    expect(page.slides.textContent).toContain("S26-9");
    expect(document.activeElement?.textContent).toBe("a.svs");
  });

  test("keeps what was paged in beyond one request", async () => {
    const page = setUp(many(260));
    await page.list.load(ALL);
    for (let i = 0; i < 4; i += 1) {
      // biome-ignore lint/performance/noAwaitInLoops: pages follow one another
      await page.list.more();
    }
    expect(page.shown()).toHaveLength(250);
    page.catalog.slides = [imported("new"), ...page.catalog.slides];
    await page.list.refresh();
    expect(page.shown()).toHaveLength(251);
    expect(page.shown().slice(0, 2)).toEqual(["new", "slide000"]);
    expect(page.shown().at(-1)).toBe("slide249");
    expect(page.catalog.asked.at(-1)?.searchParams.get("limit")).toBe("200");
  });

  test("starts afresh when more arrived than one request holds, rather than hide a gap", async () => {
    const page = setUp(many(60));
    await page.list.load(ALL);
    page.catalog.slides = [...many(300).map(({ id }) => imported(`new${id}`)), ...many(60)];
    await page.list.refresh();
    expect(page.shown()).toHaveLength(50);
    expect(page.more.hidden).toBe(false);
  });
});

describe("nothing to show", () => {
  test("an empty archive tells how to send slides", async () => {
    const page = setUp([]);
    await page.list.load(ALL);
    expect(page.notice.querySelector("h2")?.textContent).toBe("No slides yet");
    expect(page.notice.querySelector("code")?.textContent).toMatch(/^labsight sync DIR --bucket /);
    expect(page.summary.textContent).toBe("");
  });

  test("an empty search names itself and offers all slides", async () => {
    const page = setUp(many(2));
    await page.list.load({ q: "<b>nope</b>", state: "failed" });
    expect(page.notice.textContent).toContain("No slide in state “Failed” matches “<b>nope</b>”.");
    expect(page.notice.querySelector("b")).toBeNull();
    page.notice.querySelector("button")?.click();
    expect(page.onClear).toHaveBeenCalledOnce();
  });
});

describe("when the server refuses", () => {
  const refusal = () => json({ title: "Catalog is starting", detail: "Try in a minute." }, 503);

  test("the reason is shown, and trying again works", async () => {
    const page = setUp(many(2));
    page.catalog.failure = refusal;
    await page.list.load(ALL);
    expect(page.slides.dataset["state"]).toBe("error");
    expect(page.notice.textContent).toContain("Catalog is startingTry in a minute.");
    page.catalog.failure = null;
    page.notice.querySelector("button")?.click();
    await vi.advanceTimersByTimeAsync(0);
    expect(page.shown()).toEqual(["slide000", "slide001"]);
    expect(page.notice.children).toHaveLength(0);
  });

  test("slides already shown stay, and imports are still followed", async () => {
    const page = setUp([importing("a"), imported("b")]);
    await page.list.load(ALL);
    page.catalog.failure = refusal;
    await vi.advanceTimersByTimeAsync(3000);
    expect(page.shown()).toEqual(["a", "b"]);
    expect(page.notice.textContent).toContain("Catalog is starting");
    page.catalog.failure = null;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(page.notice.children).toHaveLength(0);
    expect(page.slides.dataset["state"]).toBe("ready");
  });
});

test("arrow keys walk over the slides that can be opened", async () => {
  const page = setUp([imported("a"), importing("b"), imported("c")]);
  await page.list.load(ALL);
  expect(page.list.moveFocus(1)).toBe(false);
  page.slides.querySelector("a")?.focus();
  expect(page.list.moveFocus(1)).toBe(true);
  expect(document.activeElement?.textContent).toBe("c.svs");
  page.list.moveFocus(1);
  expect(document.activeElement?.textContent).toBe("c.svs");
  page.list.moveFocus(-1);
  expect(document.activeElement?.textContent).toBe("a.svs");
});

test("the list is accessible", async () => {
  const failed = { ...importing("f"), import_state: "failed", failure: null } as const;
  const page = setUp([imported("a"), importing("b"), failed]);
  await page.list.load(ALL);
  vi.useRealTimers();
  // Colours need a real browser.
  const { violations } = await axe.run(document.body, {
    rules: { "color-contrast": { enabled: false }, region: { enabled: false } },
  });
  expect(violations.map(({ id, nodes }) => [id, nodes[0]?.html])).toEqual([]);
});
