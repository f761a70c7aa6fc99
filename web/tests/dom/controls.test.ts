import axe from "axe-core";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { el } from "../../src/dom";
import { LookControls } from "../../src/look/controls";
import { type Look, readLook, tileQuery, usualLook } from "../../src/look/look";
import type { SlideDescriptor } from "../../src/slides";
import { makeChannels, makeDescriptor } from "../make";

const STAINED = makeDescriptor({
  channels: makeChannels("DAPI", "FITC", "Cy3"),
  bits: 16,
  z: { count: 5, shown: 2, step_um: 0.5 },
  t: { count: 7, shown: 0, step_s: 20 },
  icc_url: "/slides/aaaaaaaaaaaaaaaa/profile.icc",
});

function setUp(descriptor: SlideDescriptor = STAINED, look: Look = usualLook(descriptor)) {
  const [panel, bar] = [
    el("section", { hidden: true }),
    el("div", {}, el("button", {}, "Zoom in")),
  ];
  document.body.replaceChildren(panel, bar);
  const listener = { lookChanged: vi.fn(), said: vi.fn() };
  const controls = new LookControls({ panel, bar }, descriptor, look, listener);
  const labelled = (label: string) => {
    const named = document.querySelector(`[aria-label="${label}"]`);
    const inside = [...document.querySelectorAll("label")].find(
      ({ textContent }) => textContent === label,
    );
    return (named ?? inside?.querySelector("input")) as HTMLInputElement;
  };
  const query = () => tileQuery(descriptor, controls.look);
  return { panel, bar, controls, labelled, query, ...listener };
}

/** Change a field as a person does. */
function change(field: HTMLInputElement, value: string, event = "input"): void {
  field.value = value;
  field.dispatchEvent(new Event(event));
}

beforeEach(() => {
  vi.clearAllMocks();
});

describe("a slide with nothing to choose", () => {
  test("has no panel and no sliders", () => {
    const { panel, bar } = setUp(makeDescriptor());
    expect(panel.hidden).toBe(true);
    expect(bar.children).toHaveLength(1);
  });
});

describe("channels", () => {
  test("are switched on and off", () => {
    const { labelled, query, lookChanged } = setUp();
    labelled("FITC").click();
    expect(query()).toBe("channels=0,2");
    labelled("FITC").click();
    expect(query()).toBe("");
    expect(lookChanged).toHaveBeenCalledTimes(2);
  });

  test("are switched by number, as from the keyboard", () => {
    const { controls, labelled, query } = setUp();
    controls.toggleChannel(0);
    expect(labelled("DAPI").checked).toBe(false);
    controls.toggleChannel(8);
    expect(query()).toBe("channels=1,2");
  });

  test("take any colour", () => {
    const { labelled, query } = setUp();
    expect(labelled("Colour of DAPI").value).toBe("#0000ff");
    change(labelled("Colour of DAPI"), "#12abcd");
    expect(query()).toBe("channels=0:12ABCD,1,2");
  });

  test("take a window by slider and by number, on a scale that grows", () => {
    const { labelled, query } = setUp();
    const white = labelled("White point of FITC");
    expect([white.min, white.max, white.value]).toEqual(["0", "8000", "4000"]);
    change(labelled("Black point of FITC"), "250");
    expect(query()).toBe("channels=0,1:250-4000,2");
    change(labelled("White point of FITC, as a number"), "30000", "change");
    expect(query()).toBe("channels=0,1:250-30000,2");
    expect([white.max, white.value]).toEqual(["30000", "30000"]);
  });

  test("keep their window when what is written is no number, or out of reach", () => {
    const { labelled, query } = setUp();
    const field = labelled("White point of DAPI, as a number");
    change(field, "", "change");
    expect(query()).toBe("");
    expect(field.value).toBe("4000");
    change(field, "9999999", "change");
    expect(query()).toBe("channels=0:100-65535,1,2");
    expect(field.value).toBe("65535");
  });

  test("are shown alone, and then all as usual again", () => {
    const { labelled, query } = setUp();
    labelled("Only Cy3").click();
    expect(query()).toBe("channels=2");
    expect(labelled("Only Cy3").getAttribute("aria-pressed")).toBe("true");
    labelled("Only DAPI").click();
    expect(query()).toBe("channels=0");
    labelled("Only DAPI").click();
    expect(query()).toBe("");
    expect(labelled("Only DAPI").getAttribute("aria-pressed")).toBe("false");
  });

  test("are not more than the server takes", () => {
    const names = Array.from({ length: 18 }, (_, number) => `c${number}`);
    const many = makeDescriptor({ channels: makeChannels(...names) });
    const { labelled, said, query } = setUp(many);
    labelled("c17").click();
    expect(said).toHaveBeenCalledWith(expect.stringContaining("At most 16 channels"));
    expect(labelled("c17").checked).toBe(false);
    expect(query()).toBe("");
  });

  test("go back to what is usual, but not to another place in the stack", () => {
    const { controls, labelled, panel, query } = setUp();
    const reset = [...panel.querySelectorAll("button")].find((b) => b.textContent === "Reset");
    expect(reset?.disabled).toBe(true);
    labelled("DAPI").click();
    labelled("True colours (sRGB)").click();
    controls.focus(1);
    expect(query()).toBe("channels=1,2&z=3&icc=srgb");
    reset?.click();
    expect(query()).toBe("z=3");
    expect(reset?.disabled).toBe(true);
  });

  test("with names that are markup stay text", () => {
    const hostile = "<img src=x onerror=alert(1)>";
    const { panel } = setUp(makeDescriptor({ channels: makeChannels(hostile) }));
    expect(panel.querySelector("img")).toBeNull();
    expect(panel.textContent).toContain(hostile);
  });
});

describe("focal planes and times", () => {
  test("are chosen by slider and by button, and told with their place", () => {
    const { bar, labelled, query } = setUp();
    const outputs = () => [...bar.querySelectorAll("output")].map((one) => one.textContent);
    expect(outputs()).toEqual(["3 / 5 · ±0\u00a0µm", "1 / 7 · 0\u00a0s"]);
    const slider = bar.querySelector('input[aria-label="Focal plane"]') as HTMLInputElement;
    change(slider, "0");
    labelled("Later (.)").click();
    expect(query()).toBe("z=0&t=1");
    expect(outputs()).toEqual(["1 / 5 · −1\u00a0µm", "2 / 7 · 20\u00a0s"]);
    expect(slider.getAttribute("aria-valuetext")).toBe("1 of 5, −1\u00a0µm");
  });

  test("end where the stack ends, which is no change", () => {
    const { controls, query, lookChanged } = setUp();
    controls.focus(1);
    controls.focus(1);
    controls.focus(1);
    controls.forward(-1);
    expect(query()).toBe("z=4");
    expect(lookChanged).toHaveBeenCalledTimes(2);
  });

  test("have no slider where there is one", () => {
    const { bar } = setUp({ ...STAINED, t: { count: 1, shown: 0, step_s: null } });
    expect(bar.querySelectorAll("input")).toHaveLength(1);
  });
});

describe("the panel", () => {
  test("opens and closes, and gives the focus back", () => {
    const { controls, labelled, panel } = setUp();
    const header = panel.querySelector("button") as HTMLButtonElement;
    expect(header.getAttribute("aria-expanded")).toBe("true");
    expect(controls.leave()).toBe(false);
    labelled("DAPI").focus();
    expect(controls.leave()).toBe(true);
    expect(document.activeElement).toBe(header);
    expect(header.getAttribute("aria-expanded")).toBe("false");
    controls.toggle();
    expect(panel.querySelector("#look-content")?.hasAttribute("hidden")).toBe(false);
  });

  test("of a slide that only has a profile is there, but closed", () => {
    const { panel, labelled, query } = setUp(
      makeDescriptor({ icc_url: "/slides/aaaaaaaaaaaaaaaa/profile.icc" }),
    );
    expect(panel.hidden).toBe(false);
    expect(panel.querySelector("button")?.getAttribute("aria-expanded")).toBe("false");
    labelled("True colours (sRGB)").click();
    expect(query()).toBe("icc=srgb");
  });

  test("shows the look of a link", () => {
    const { controls, labelled, lookChanged } = setUp();
    controls.set(readLook(STAINED, "#channels=1:FF00FF&focus=4"));
    expect(labelled("DAPI").checked).toBe(false);
    expect(labelled("Colour of FITC").value).toBe("#ff00ff");
    expect(lookChanged).not.toHaveBeenCalled();
  });

  test("is accessible", async () => {
    setUp();
    document.documentElement.lang = "en";
    document.title = "Slide";
    const { violations } = await axe.run(document.body, {
      rules: {
        "color-contrast": { enabled: false },
        region: { enabled: false },
      },
    });
    expect(violations.map(({ id, nodes }) => [id, nodes[0]?.html])).toEqual([]);
  });
});
