import { describe, expect, test } from "vitest";
import { micronsAcross, scaleBar } from "../../src/scalebar";

describe("the bar", () => {
  test.each([
    // µm per screen px, widest, length, label
    [0.5, 180, 50, "50 µm"],
    [0.499, 180, 50, "50 µm"],
    [0.25, 180, 20, "20 µm"],
    [1.74, 180, 200, "200 µm"],
    [5.6, 180, 1000, "1 mm"],
    [11.2, 180, 2000, "2 mm"],
    [600, 100, 50_000, "50 mm"],
    [0.01, 100, 1, "1 µm"],
    [0.001, 150, 0.1, "0.1 µm"],
    [0.003, 100, 0.2, "0.2 µm"],
  ])("at %f µm per px within %i px is %f µm", (perPixel, widest, microns, label) => {
    const bar = scaleBar(perPixel, widest);
    expect(bar?.microns).toBe(microns);
    expect(bar?.label.replace("\u00a0", " ")).toBe(label);
    expect(bar?.pixels).toBeCloseTo(microns / perPixel, 9);
  });

  test("is 1, 2 or 5 times a power of ten, never longer than allowed, never less than 40 % of it", () => {
    for (let perPixel = 0.0007; perPixel < 1000; perPixel *= 1.013) {
      const bar = scaleBar(perPixel, 180);
      const digits = bar?.microns.toExponential().split("e")[0];
      expect(["1", "2", "5"]).toContain(digits);
      expect(bar?.pixels).toBeLessThanOrEqual(180 + 1e-9);
      expect(bar?.pixels).toBeGreaterThanOrEqual(180 * 0.4 - 1e-9);
    }
  });

  test.each([1, 10, 100, 1000, 0.1, 0.001])("takes the whole width when that is %f µm", (width) => {
    expect(scaleBar(width / 100, 100)?.microns).toBeCloseTo(width, 12);
  });

  test.each([
    [0, 180],
    [Number.NaN, 180],
    [-1, 180],
    [Number.POSITIVE_INFINITY, 180],
    [0.5, 0],
  ])("is left out when %f µm per px and %f px make no length", (perPixel, widest) => {
    expect(scaleBar(perPixel, widest)).toBeNull();
  });
});

describe("µm across a screen px", () => {
  const mpp = { x: 0.5, y: 0.25 };

  test.each([
    [0, 0.5],
    [90, 0.25],
    [180, 0.5],
    [270, 0.25],
    [45, Math.hypot(0.5, 0.25) * Math.SQRT1_2],
  ])("follow the axis that lies across at %i degrees", (degrees, microns) => {
    expect(micronsAcross(mpp, degrees, 1)).toBeCloseTo(microns, 12);
  });

  test("shrink as the slide is zoomed in", () => {
    expect(micronsAcross(mpp, 0, 2)).toBe(0.25);
    expect(micronsAcross(mpp, 0, 0.5)).toBe(1);
  });
});
