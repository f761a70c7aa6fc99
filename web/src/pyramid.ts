/**
 * Where each stored tile lies in the image: the geometry behind the tile source, without OpenSeadragon.
 *
 * Scanners step their levels by 4, by 2 or unevenly, and round sizes down, so nothing here is derived
 * from a power of two: every level is what is stored. A level is laid over the whole image, both axes on
 * their own, so it is never off by a full pixel of itself and leaves no uncovered seam at the far edges.
 *
 * Levels are counted as OpenSeadragon does: 0 is the coarsest. Normalised coordinates are also its own:
 * the image is 1 wide and height/width high.
 */

import type { StoredLevel } from "./slides";

export interface Region {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Cell {
  readonly column: number;
  readonly row: number;
}

export class Pyramid {
  /** Px of the finest level. */
  readonly width: number;
  readonly height: number;
  readonly #levels: readonly StoredLevel[];

  /** Take the stored levels, finest first. */
  constructor(finestFirst: readonly StoredLevel[]) {
    const [finest] = finestFirst;
    if (finest === undefined) {
      throw new RangeError("a pyramid needs at least one level");
    }
    this.width = finest.width;
    this.height = finest.height;
    this.#levels = finestFirst.toReversed();
  }

  get maxLevel(): number {
    return this.#levels.length - 1;
  }

  /** Return the stored level shown as `level`. */
  stored(level: number): StoredLevel {
    const stored = this.#levels[level];
    if (stored === undefined) {
      throw new RangeError(`level ${level}: this slide has levels 0 to ${this.maxLevel}`);
    }
    return stored;
  }

  /** Return the size of a level as a fraction of the finest one. */
  scale(level: number): number {
    return this.stored(level).width / this.width;
  }

  /** Return the tile that holds a normalised point; points on or beyond an edge belong to the edge tile. */
  cellAt(level: number, x: number, y: number): Cell {
    const stored = this.stored(level);
    const column = Math.floor((x * stored.width) / stored.tile_width);
    const row = Math.floor((y * this.#heightUnit(stored)) / stored.tile_height);
    return { column: clamp(column, stored.columns - 1), row: clamp(row, stored.rows - 1) };
  }

  /** Return where a tile lies in its level, in px of that level; edge tiles are cropped to it. */
  pixels(level: number, { column, row }: Cell): Region {
    const stored = this.stored(level);
    const x = column * stored.tile_width;
    const y = row * stored.tile_height;
    return {
      x,
      y,
      width: Math.min(stored.tile_width, stored.width - x),
      height: Math.min(stored.tile_height, stored.height - y),
    };
  }

  /** Return where a tile lies in the image, normalised. */
  bounds(level: number, cell: Cell): Region {
    const stored = this.stored(level);
    const unit = this.#heightUnit(stored);
    const { x, y, width, height } = this.pixels(level, cell);
    return {
      x: x / stored.width,
      y: y / unit,
      width: width / stored.width,
      height: height / unit,
    };
  }

  has(level: number, { column, row }: Cell): boolean {
    const stored = this.#levels[level];
    return (
      stored !== undefined &&
      column >= 0 &&
      row >= 0 &&
      column < stored.columns &&
      row < stored.rows
    );
  }

  /** Return the largest factor between two neighbouring levels; 1 when there is only one. */
  get largestStep(): number {
    const widths = this.#levels.map((level) => level.width);
    return Math.max(1, ...widths.slice(1).map((width, i) => width / (widths[i] as number)));
  }

  /** Px of a level per normalised unit of height. */
  #heightUnit(stored: StoredLevel): number {
    return (stored.height * this.width) / this.height;
  }
}

function clamp(value: number, highest: number): number {
  return Math.min(Math.max(value, 0), highest);
}
