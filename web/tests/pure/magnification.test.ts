import { describe, expect, test } from "vitest";
import {
  magnificationLabel,
  magnificationSteps,
  nativeMagnification,
} from "../../src/magnification";

describe("the native magnification", () => {
  test("is the recorded one, whatever mpp says", () => {
    expect(nativeMagnification(20, { x: 0.25, y: 0.25 })).toEqual({ value: 20, estimated: false });
  });

  test.each([
    [0.499, 20],
    [0.2526, 40],
    [0.2204, 40],
    [0.23, 40],
    [0.1725, 60],
    [1.01, 10],
    [0.122, 80],
  ])("is estimated from %f µm per px", (mpp, value) => {
    expect(nativeMagnification(null, { x: mpp, y: mpp })).toEqual({ value, estimated: true });
  });

  test("is unknown without either", () => {
    expect(nativeMagnification(null, null)).toBeNull();
    expect(nativeMagnification(0, { x: 0, y: 0 })).toBeNull();
  });
});

test.each([
  [40, [1, 5, 10, 20, 40]],
  [20, [1, 5, 10, 20]],
  [63, [1, 5, 10, 20, 40, 63]],
  [1.25, [1, 1.25]],
  [1, [1]],
])("a %fx scan offers what it can show", (native, steps) => {
  expect(magnificationSteps(native)).toEqual(steps);
});

test.each([
  [40, "40×"],
  [12.345, "12.3×"],
  [0.4567, "0.46×"],
  [0.999_99, "1×"],
  [20.000_001, "20×"],
])("%f is written %s", (value, label) => {
  expect(magnificationLabel(value)).toBe(label);
});
