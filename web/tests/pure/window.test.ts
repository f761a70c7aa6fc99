import { describe, expect, test } from "vitest";
import { fullSample, scaleOf, withBlack, withWhite } from "../../src/look/window";

const SCALE = [0, 1000] as const;

test.each([
  [8, 255],
  [16, 65_535],
])("samples of %i bits end at %i", (bits, full) => {
  expect(fullSample(bits)).toBe(full);
});

describe("the scale of a channel", () => {
  test.each([
    ["8 bits: all there is", [10, 60], [10, 60], 8, [0, 255]],
    ["16 bits: a round number beyond the usual white", [66, 2290], [66, 2290], 16, [0, 5000]],
    ["as far as is asked for", [66, 2290], [66, 60_000], 16, [0, 60_000]],
    ["never beyond the samples", [0, 60_000], [0, 60_000], 16, [0, 65_535]],
    ["below zero where the file says so", [-20.5, 100], [-20.5, 100], 16, [-21, 200]],
    ["a window that tells nothing", [0, 0], [0, 0], 16, [0, 1]],
  ] as const)("%s", (...[, usual, asked, bits, scale]) => {
    expect(scaleOf(usual, asked, bits)).toEqual(scale);
  });
});

describe("an end of a window", () => {
  test("moves by itself", () => {
    expect(withBlack([100, 500], 200, SCALE)).toEqual([200, 500]);
    expect(withWhite([100, 500], 300, SCALE)).toEqual([100, 300]);
  });

  test("pushes the other one, which stays apart from it", () => {
    expect(withBlack([100, 500], 700, SCALE)).toEqual([700, 701]);
    expect(withWhite([100, 500], 50, SCALE)).toEqual([49, 50]);
  });

  test("stays on the scale", () => {
    expect(withBlack([100, 500], 5000, SCALE)).toEqual([999, 1000]);
    expect(withWhite([100, 500], -5, SCALE)).toEqual([0, 1]);
  });

  test("is left alone by what is no number", () => {
    expect(withBlack([100, 500], Number.NaN, SCALE)).toBeNull();
    expect(withWhite([100, 500], Number.NaN, SCALE)).toBeNull();
  });
});
