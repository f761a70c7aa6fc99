import { describe, expect, test } from "vitest";
import { fillDetails } from "../../src/details";
import { el } from "../../src/dom";
import type { Slide, SlideDescriptor } from "../../src/slides";
import { makeChannels, makeDescriptor, makeLevels, makeSlide } from "../make";

function details(descriptor: Partial<SlideDescriptor> = {}, slide: Slide | null = makeSlide()) {
  const panel = el("div");
  fillDetails(panel, makeDescriptor(descriptor), slide);
  const terms = [...panel.querySelectorAll("dt")];
  const value = (label: string) =>
    terms
      .find((term) => term.textContent === label)
      ?.nextElementSibling?.textContent?.replace(/[\u00a0\u202f]/g, " ");
  return { panel, value };
}

describe("the panel", () => {
  test("tells the scan from the file and the case from the catalog", () => {
    const { value } = details();
    expect(value("Case")).toBe("S26-01234");
    expect(value("Magnification")).toBe("20×");
    expect(value("Resolution")).toBe("0.499 µm/px");
    expect(value("Size")).toBe("46,003 × 32,917 px");
    expect(value("Area")).toBe("23.0 × 16.4 mm");
  });

  test("stands without the catalog", () => {
    const { value } = details({}, null);
    expect(value("File")).toBe("S26-01234-A1.svs");
    expect(value("Case")).toBeUndefined();
  });

  test("says when magnification is an estimate, or not recorded", () => {
    expect(details({ magnification: null }).value("Magnification")).toBe(
      "20× (estimated from resolution)",
    );
    const none = details({ magnification: null, mpp: null });
    expect(none.value("Magnification")).toBe("not recorded");
    expect(none.value("Resolution")).toBe("not recorded");
    expect(none.value("Area")).toBeUndefined();
  });

  test("tells of channels, focal planes, times and samples where there are any", () => {
    const { value } = details({
      channels: makeChannels("DAPI", ""),
      z: { count: 5, shown: 2, step_um: 0.75 },
      t: { count: 7, shown: 0, step_s: null },
      bits: 16,
    });
    expect(value("Channels")).toBe("2: DAPI, Channel 2");
    expect(value("Focal planes")).toBe("5, 0.75 µm apart");
    expect(value("Times")).toBe("7");
    expect(value("Samples")).toBe("16 bits");
    expect(value("Colour profile")).toBeUndefined();
    const plain = details();
    for (const label of ["Channels", "Focal planes", "Times", "Samples"]) {
      expect(plain.value(label)).toBeUndefined();
    }
  });

  test("tells of the colour profile", () => {
    expect(details().value("Colour profile")).toBe("none");
    expect(details({ icc_profile: true }).value("Colour profile")).toBe("in the file (ICC)");
  });

  test("tells how much tissue there is, and how sharp, as far as that was found", () => {
    expect(details().value("Tissue")).toBe("34 % of the area");
    expect(details().value("Sharpness")).toBe("0.13");
    const dark = details({}, makeSlide({ tissue: null, sharpness: null }));
    expect(dark.value("Tissue")).toBeUndefined();
    expect(dark.value("Sharpness")).toBeUndefined();
    expect(details({}, makeSlide({ tissue: 0, sharpness: 0 })).value("Tissue")).toBe(
      "0 % of the area",
    );
  });

  test("marks levels that labsight made", () => {
    const levels = makeLevels(5000, 3000, { count: 2 }).map((level) => ({
      ...level,
      made: level.level === 1,
    }));
    const rows = [...details({ levels }).panel.querySelectorAll("tbody tr")];
    expect(rows.map((row) => row.textContent?.includes("made"))).toEqual([false, true]);
  });

  test("lists the stored levels with their tiles", () => {
    const rows = [...details().panel.querySelectorAll("tbody tr")];
    expect(rows.map((row) => row.lastElementChild?.textContent)).toEqual(["26496", "1680", "108"]);
  });

  test("shows the associated images that the server lists, and no others", () => {
    const associated = [
      { name: "label", width: 387, height: 463, url: "/slides/a/label.jpg" },
      { name: "macro", width: 1280, height: 431, url: "https://evil.test/macro.jpg" },
    ];
    const images = [...details({ associated }).panel.querySelectorAll("img")];
    expect(images.map((image) => [image.getAttribute("src"), image.alt])).toEqual([
      ["/slides/a/label.jpg", "Label image"],
    ]);
    images[0]?.dispatchEvent(new Event("error"));
    expect(images[0]?.isConnected).toBe(false);
  });

  test("shows the file's properties letter by letter", () => {
    const hostile = "<img src=x onerror=alert(1)>";
    const { panel } = details({ properties: { [hostile]: hostile, "aperio.AppMag": 20 } });
    const listed = panel.querySelector("details");
    expect(listed?.querySelector("summary")?.textContent).toBe("2 properties of the file");
    expect(listed?.querySelector("dd")?.textContent).toBe(hostile);
    expect(panel.querySelector("img")).toBeNull();
  });
});
