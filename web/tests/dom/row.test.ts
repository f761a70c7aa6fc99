import { describe, expect, test } from "vitest";
import { failureWords, slideRow } from "../../src/row";
import type { Slide } from "../../src/slides";
import { makeSlide } from "../make";

const NOW = new Date("2026-03-02T12:00:00Z");
const LIST = { q: "S26", state: null } as const;
const HOSTILE = `"><img src=x onerror=alert(1)><script>alert(2)</script>'&amp;.svs`;

function row(different: Partial<Slide> = {}): HTMLLIElement {
  return slideRow(makeSlide(different), LIST, NOW);
}

/** Return what a sighted reader finds under a label. */
function fact(element: HTMLElement, label: string): string {
  const terms = [...element.querySelectorAll("dt")];
  const value = terms.find((term) => term.textContent === label)?.nextElementSibling;
  return (value?.textContent ?? "").replace(/[\u00a0\u202f]/g, " ");
}

describe("an imported slide", () => {
  test("opens in the viewer, which remembers the list", () => {
    const link = row().querySelector("a");
    expect(link?.textContent).toBe("S26-01234-A1.svs");
    expect(link?.getAttribute("href")).toBe("/viewer.html?slide=aaaaaaaaaaaaaaaa&q=S26");
  });

  test("shows what a pathologist looks for", () => {
    const element = row();
    expect(fact(element, "Case")).toBe("S26-01234A1 · S26-01234;A1;1");
    expect(fact(element, "Scan")).toBe("20×0.499 µm/px");
    expect(fact(element, "Size")).toBe("46,000 × 32,914 px1.9 MB · SVS");
    expect(fact(element, "Scanned")).toBe("2 hr. ago");
    expect(fact(element, "State")).toBe("Ready");
    expect(element.querySelector(".folder")?.textContent).toBe("scanner-1 / 2026-03");
  });

  test("says what is not known", () => {
    const element = row({ case_id: null, slide_id: null, barcode: null, scanned_at: null });
    expect(fact(element, "Case")).toBe("–not known");
    expect(fact(element, "Scanned")).toBe("–not known");
  });

  test("has a thumbnail that waits until it is seen and gives way to a drawing when it fails", () => {
    const element = row();
    const image = element.querySelector("img");
    expect(image?.getAttribute("src")).toBe("/slides/aaaaaaaaaaaaaaaa/thumbnail.jpg?v=0a1b2c3d");
    expect(image?.getAttribute("loading")).toBe("lazy");
    image?.dispatchEvent(new Event("error"));
    expect(element.querySelector("img")).toBeNull();
    expect(element.querySelector(".thumbnail svg")).not.toBeNull();
  });

  test("takes no thumbnail from elsewhere", () => {
    const links = { descriptor: null, thumbnail: "https://evil.test/pixel.gif" };
    expect(row({ links }).querySelector("img")).toBeNull();
  });

  test("tells a rescan and a slide that is archived", () => {
    const tags = [...row({ revision: 3, storage: "archived" }).querySelectorAll(".tag")];
    expect(tags.map((tag) => tag.textContent)).toEqual(["rescan 3", "archived"]);
  });

  test("tells that it is not whole, and why", () => {
    const tags = [...row({ incomplete: "lacks a/s1/Data0003.dat" }).querySelectorAll(".tag")];
    expect(tags.map((tag) => tag.textContent)).toEqual(["incomplete"]);
    expect(tags[0]?.getAttribute("title")).toBe("lacks a/s1/Data0003.dat");
  });
});

describe("a slide that cannot be opened", () => {
  test("has no link while it is imported", () => {
    const element = row({
      import_state: "importing",
      links: { descriptor: null, thumbnail: null },
    });
    expect(element.querySelector("a")).toBeNull();
    expect(fact(element, "State")).toBe("Importing");
    expect(element.querySelector(".failure")).toBeNull();
  });

  test.each([
    ["not-a-slide", "Not a slide"],
    ["damaged", "Damaged file"],
    ["unsupported", "Format not supported"],
    ["missing", "File is missing"],
    ["something-new", "Import failed"],
    ["constructor", "Import failed"],
  ])("tells in words why it failed: %s", (kind, title) => {
    const element = row({
      import_state: "failed",
      failure: { kind, reason: "The file ends inside level 0." },
    });
    expect(element.querySelector("a")).toBeNull();
    expect(element.querySelector(".failure")?.textContent).toBe(
      `${title}. The file ends inside level 0.`,
    );
  });

  test("tells what to do even when the server gave no reason", () => {
    const words = failureWords(makeSlide({ import_state: "failed", failure: null }));
    expect(words?.title).toBe("Import failed");
    expect(words?.reason).toContain("labsight sync");
  });
});

describe("hostile names", () => {
  const hostile = row({
    filename: HOSTILE,
    path: `${HOSTILE}/${HOSTILE}`,
    source: HOSTILE,
    case_id: HOSTILE,
    slide_id: `${HOSTILE}2`,
    barcode: `${HOSTILE}3`,
    incomplete: HOSTILE,
    format: HOSTILE,
    import_state: "failed",
    failure: { kind: HOSTILE, reason: HOSTILE },
    links: { descriptor: null, thumbnail: "javascript:alert(3)" },
  });

  test("are shown letter by letter", () => {
    expect(hostile.querySelector("h2")?.textContent).toBe(HOSTILE);
    expect(hostile.querySelector(".failure")?.textContent).toBe(`Import failed. ${HOSTILE}`);
  });

  test("make no element and no attribute that runs", () => {
    expect(hostile.querySelectorAll("img, script, iframe")).toHaveLength(0);
    const attributes = [...hostile.querySelectorAll("*")].flatMap((node) => [...node.attributes]);
    expect(attributes.filter(({ name }) => /^(on|style|srcdoc)/.test(name))).toEqual([]);
    const links = attributes.filter(({ name }) => name === "href" || name === "src");
    expect(links).toEqual([]);
  });

  test("stay inert when the row is written out and read again", () => {
    const again = new DOMParser().parseFromString(hostile.outerHTML, "text/html");
    expect(again.querySelectorAll("img, script")).toHaveLength(0);
    expect(again.querySelector("h2")?.textContent).toBe(HOSTILE);
  });
});
