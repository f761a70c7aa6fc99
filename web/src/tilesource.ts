/** Shows a pyramid of any steps in OpenSeadragon, which by itself expects each level to be half the next. */

import OpenSeadragon from "openseadragon";
import type { DirectTiles } from "./direct/tiles";
import { type Look, tileQuery, usualLook } from "./look/look";
import { Pyramid } from "./pyramid";
import type { SlideDescriptor } from "./slides";

/** A screen may hold this many px of tiles per px shown: between fetching too much and upscaling. */
const SHARPEST_PIXEL_RATIO = 0.4;
const USUAL_PIXEL_RATIO = 0.5;

const TILE_MEMORY_BYTES = 256 * 1024 * 1024;
const BYTES_PER_PIXEL = 4;

export class SlideTileSource extends OpenSeadragon.TileSource {
  readonly #pyramid: Pyramid;
  readonly #address: string;
  readonly #look: Look;
  readonly #direct: DirectTiles | null;

  /** Show a slide in a look; `direct` reads what it can without the server. */
  constructor(
    descriptor: SlideDescriptor,
    look: Look = usualLook(descriptor),
    direct: DirectTiles | null = null,
  ) {
    const pyramid = new Pyramid(descriptor.levels);
    const { tile_width: tileWidth, tile_height: tileHeight } = pyramid.stored(pyramid.maxLevel);
    super({
      width: pyramid.width,
      height: pyramid.height,
      tileWidth,
      tileHeight,
      tileOverlap: 0,
      minLevel: 0,
      maxLevel: pyramid.maxLevel,
    });
    this.#pyramid = pyramid;
    this.#address = withQuery(descriptor.tile_url, tileQuery(descriptor, look));
    this.#look = look;
    this.#direct = direct;
  }

  override getLevelScale(level: number): number {
    return this.#pyramid.scale(level);
  }

  override getTileWidth(level: number): number {
    return this.#pyramid.stored(level).tile_width;
  }

  override getTileHeight(level: number): number {
    return this.#pyramid.stored(level).tile_height;
  }

  override getNumTiles(level: number): OpenSeadragon.Point {
    const { columns, rows } = this.#pyramid.stored(level);
    return new OpenSeadragon.Point(columns, rows);
  }

  override getTileAtPoint(level: number, point: OpenSeadragon.Point): OpenSeadragon.Tile {
    const { column, row } = this.#pyramid.cellAt(level, point.x, point.y);
    // The library's typings say Tile; its own code returns, and reads, a Point.
    return new OpenSeadragon.Point(column, row) as unknown as OpenSeadragon.Tile;
  }

  override getTileBounds(
    level: number,
    column: number,
    row: number,
    isSource?: boolean,
  ): OpenSeadragon.Rect {
    if (isSource) {
      const { width, height } = this.#pyramid.pixels(level, { column, row });
      return new OpenSeadragon.Rect(0, 0, width, height);
    }
    const { x, y, width, height } = this.#pyramid.bounds(level, { column, row });
    return new OpenSeadragon.Rect(x, y, width, height);
  }

  override tileExists(level: number, column: number, row: number): boolean {
    return this.#pyramid.has(level, { column, row });
  }

  override getTileUrl(level: number, column: number, row: number): string {
    const values: Record<string, number> = {
      level: this.#pyramid.stored(level).level,
      col: column,
      row,
    };
    return this.#address.replace(/\{(level|col|row)\}/g, (_, name: string) => String(values[name]));
  }

  override hasTransparency(): boolean {
    return false;
  }

  override downloadTileStart(job: OpenSeadragon.ImageJob): void {
    if (this.#direct === null) {
      super.downloadTileStart(job);
    } else {
      void this.#read(this.#direct, job);
    }
  }

  override downloadTileAbort(job: OpenSeadragon.ImageJob): void {
    (job.userData as JobData).reading?.abort();
    super.downloadTileAbort(job);
  }

  /** Read a tile without the server, and ask the server when that gives none. */
  async #read(direct: DirectTiles, job: OpenSeadragon.ImageJob): Promise<void> {
    const reading = new AbortController();
    (job.userData as JobData).reading = reading;
    const { level, x: column, y: row } = job.tile;
    const place = { level: this.#pyramid.stored(level).level, column, row };
    const picture = await direct.tile(place, this.#look, reading.signal);
    // OpenSeadragon takes the number from a job that it gave up, as after its timeout.
    if (reading.signal.aborted || job.jobId === null) {
      picture?.close();
    } else if (picture === null) {
      super.downloadTileStart(job);
    } else {
      job.finish(picture, null, "imageBitmap");
    }
  }
}

/** What a job of OpenSeadragon carries for its tile source. */
interface JobData {
  reading?: AbortController;
}

function withQuery(address: string, query: string): string {
  const sign = address.includes("?") ? "&" : "?";
  return query === "" ? address : address + sign + query;
}

/**
 * Return how far below 1 screen px per level px a level is still used.
 *
 * At 0.5 the next coarser level of a pyramid with steps of 4 would be blown up to twice its size; a little
 * lower, tissue stays sharp and a screen still needs at most 6 times its own pixels.
 */
export function leastPixelRatio(pyramid: Pyramid): number {
  return Math.min(USUAL_PIXEL_RATIO, Math.max(SHARPEST_PIXEL_RATIO, 1 / pyramid.largestStep));
}

/** Return how many decoded tiles to keep, so that large tiles do not fill the memory of a small machine. */
export function tilesToKeep(pyramid: Pyramid): number {
  const { tile_width: width, tile_height: height } = pyramid.stored(pyramid.maxLevel);
  const fitting = Math.floor(TILE_MEMORY_BYTES / (width * height * BYTES_PER_PIXEL));
  return Math.min(1000, Math.max(100, fitting));
}
