import { describe, expect, test } from "vitest";
import { Pyramid } from "../../src/pyramid";
import { makeLevels } from "../make";

/** Sizes that divide by no step, portrait and landscape, one level and many, steps of 2, 3 and 4. */
const PYRAMIDS = {
  "steps of 4, remainders in both axes": makeLevels(46_003, 32_917),
  "steps of 4, portrait": makeLevels(2220, 2967, { count: 2 }),
  "steps of 2": makeLevels(4443, 3567, { tile: 256, step: 2, count: 5 }),
  "steps of 3": makeLevels(10_001, 7003, { tile: 512, step: 3, count: 4 }),
  "one level": makeLevels(2220, 2967, { count: 1 }),
  "one tile": makeLevels(100, 60, { count: 1 }),
  "tiles that are not square": makeLevels(5000, 3001).map((level) => ({
    ...level,
    tile_height: 112,
    rows: Math.ceil(level.height / 112),
  })),
  "tiles that differ by level": makeLevels(5000, 3001).map((level) => ({
    ...level,
    tile_width: 256 * (level.level + 1),
    columns: Math.ceil(level.width / (256 * (level.level + 1))),
  })),
} as const;

describe.each(Object.entries(PYRAMIDS))("a pyramid with %s", (_, levels) => {
  const pyramid = new Pyramid(levels);
  const heightOfOne = pyramid.height / pyramid.width;
  const everyLevel = Array.from({ length: levels.length }, (_unused, level) => level);

  test("counts levels from the coarsest", () => {
    expect(pyramid.maxLevel).toBe(levels.length - 1);
    expect(pyramid.stored(0)).toBe(levels.at(-1));
    expect(pyramid.stored(pyramid.maxLevel)).toBe(levels[0]);
  });

  test("has the finest level at scale 1", () => {
    expect(pyramid.scale(pyramid.maxLevel)).toBe(1);
  });

  test("covers the whole image at every level, without gap or overlap", () => {
    for (const level of everyLevel) {
      const { columns, rows } = pyramid.stored(level);
      let right = 0;
      for (let column = 0; column < columns; column += 1) {
        const bounds = pyramid.bounds(level, { column, row: 0 });
        expect(bounds.x).toBeCloseTo(right, 12);
        right = bounds.x + bounds.width;
      }
      let bottom = 0;
      for (let row = 0; row < rows; row += 1) {
        const bounds = pyramid.bounds(level, { column: 0, row });
        expect(bounds.y).toBeCloseTo(bottom, 12);
        bottom = bounds.y + bounds.height;
      }
      expect(right).toBeCloseTo(1, 12);
      expect(bottom).toBeCloseTo(heightOfOne, 12);
    }
  });

  test("finds each tile at its own centre", () => {
    for (const level of everyLevel) {
      const { columns, rows } = pyramid.stored(level);
      for (let column = 0; column < columns; column += 1) {
        for (let row = 0; row < rows; row += 1) {
          const { x, y, width, height } = pyramid.bounds(level, { column, row });
          const found = pyramid.cellAt(level, x + width / 2, y + height / 2);
          expect(found).toEqual({ column, row });
        }
      }
    }
  });

  test("gives the edge tiles to points on and beyond the edges", () => {
    for (const level of everyLevel) {
      const { columns, rows } = pyramid.stored(level);
      const last = { column: columns - 1, row: rows - 1 };
      expect(pyramid.cellAt(level, 1, heightOfOne)).toEqual(last);
      expect(pyramid.cellAt(level, 1 + 1e-9, heightOfOne + 1e-9)).toEqual(last);
      expect(pyramid.cellAt(level, -1e-9, 0)).toEqual({ column: 0, row: 0 });
    }
  });

  test("crops the edge tiles to the stored size of the level", () => {
    for (const level of everyLevel) {
      const stored = pyramid.stored(level);
      const corner = { column: stored.columns - 1, row: stored.rows - 1 };
      const { x, y, width, height } = pyramid.pixels(level, corner);
      expect([x + width, y + height]).toEqual([stored.width, stored.height]);
      expect(width).toBeGreaterThan(0);
      expect(width).toBeLessThanOrEqual(stored.tile_width);
      expect(height).toBeGreaterThan(0);
      expect(height).toBeLessThanOrEqual(stored.tile_height);
    }
  });

  test("has exactly the tiles of its grid", () => {
    const { columns, rows } = pyramid.stored(0);
    expect(pyramid.has(0, { column: columns - 1, row: rows - 1 })).toBe(true);
    expect(pyramid.has(0, { column: columns, row: 0 })).toBe(false);
    expect(pyramid.has(0, { column: 0, row: rows })).toBe(false);
    expect(pyramid.has(0, { column: -1, row: 0 })).toBe(false);
    expect(pyramid.has(levels.length, { column: 0, row: 0 })).toBe(false);
  });
});

test("a level that was floored is never off by a px of its own", () => {
  const pyramid = new Pyramid(makeLevels(46_003, 32_917));
  const { width, height } = pyramid.stored(0);
  for (const column of [0, 5, 11]) {
    const { x, y } = pyramid.bounds(0, { column, row: 8 });
    const [trueX, trueY] = [(column * 240 * 16) / 46_003, (8 * 240 * 16) / 46_003];
    expect(Math.abs(x - trueX) * width).toBeLessThan(1);
    expect(Math.abs(y - trueY) * height).toBeLessThan(1);
  }
});

test("the last row is found where rounding would name one that does not exist", () => {
  // The width lost a remainder, the height did not: at the width's scale the level would be 241 px high.
  const levels = makeLevels(1600, 960, { count: 1 }).concat({
    level: 1,
    width: 402,
    height: 240,
    tile_width: 240,
    tile_height: 240,
    columns: 2,
    rows: 1,
    made: false,
  });
  expect(new Pyramid(levels).cellAt(0, 0.5, 0.5999)).toEqual({ column: 0, row: 0 });
});

test.each([
  [makeLevels(46_003, 32_917), 4],
  [makeLevels(4443, 3567, { step: 2 }), 2],
  [makeLevels(2220, 2967, { count: 1 }), 1],
])("the largest step is known (%#)", (levels, step) => {
  expect(new Pyramid(levels).largestStep).toBeCloseTo(step, 2);
});

test("a level that does not exist is refused by name", () => {
  const pyramid = new Pyramid(makeLevels(2220, 2967, { count: 1 }));
  expect(() => pyramid.stored(1)).toThrow("level 1: this slide has levels 0 to 0");
  expect(() => new Pyramid([])).toThrow("at least one level");
});
