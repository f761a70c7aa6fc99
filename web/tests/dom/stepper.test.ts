import { expect, test } from "vitest";
import { focusPlace, timePlace } from "../../src/look/stepper";

const STEPS = { count: 9, shown: 4 };

test.each([
  [4, 0.75, "±0\u00a0µm"],
  [6, 0.75, "+1.5\u00a0µm"],
  [1, 0.1, "−0.3\u00a0µm"],
  [1, null, null],
])("plane %i of steps of %s µm lies at %s", (step, size, told) => {
  expect(focusPlace(step, STEPS, size)).toBe(told);
});

test.each([
  [0, 20, "0\u00a0s"],
  [3, 0.1, "0.3\u00a0s"],
  [3, 20, "1:00\u00a0min"],
  [7, 650, "1:15:50\u00a0h"],
  [5, 719.9, "1:00:00\u00a0h"],
  [1, null, null],
])("time %i of steps of %s s is %s", (step, size, told) => {
  expect(timePlace(step, size)).toBe(told);
});
