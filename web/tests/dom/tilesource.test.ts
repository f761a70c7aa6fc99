import OpenSeadragon from "openseadragon";
import { describe, expect, test, vi } from "vitest";
import type { DirectTiles } from "../../src/direct/tiles";
import { usualLook, withChannel } from "../../src/look/look";
import { Pyramid } from "../../src/pyramid";
import { leastPixelRatio, SlideTileSource, tilesToKeep } from "../../src/tilesource";
import { makeChannels, makeDescriptor, makeLevels } from "../make";

const ADDRESS = "/slides/aaaaaaaaaaaaaaaa/tiles/{level}/{col}_{row}.jpg?v=0a1b2c3d";

function sourceOf(levels = makeLevels(46_003, 32_917)): SlideTileSource {
  return new SlideTileSource(makeDescriptor({ levels, tile_url: ADDRESS }));
}

describe("what OpenSeadragon reads from the source", () => {
  test("it is ready at once, with the size of the finest level", () => {
    const source = sourceOf();
    expect(source.ready).toBe(true);
    expect([source.dimensions.x, source.dimensions.y]).toEqual([46_003, 32_917]);
    expect(source.aspectRatio).toBe(46_003 / 32_917);
    expect([source.minLevel, source.maxLevel, source.tileOverlap]).toEqual([0, 2, 0]);
  });

  test("scales are those of the stored sizes, not powers of two", () => {
    const source = sourceOf();
    expect([0, 1, 2].map((level) => source.getLevelScale(level))).toEqual([
      2875 / 46_003,
      11_500 / 46_003,
      1,
    ]);
  });

  test("the pixel ratio tells one px of each level", () => {
    const source = sourceOf();
    const density = OpenSeadragon.pixelDensityRatio;
    // The library's typings say number; it returns a Point.
    const ratio = (level: number) => source.getPixelRatio(level) as unknown as OpenSeadragon.Point;
    expect(ratio(0).x).toBeCloseTo(density / 2875, 12);
    expect(ratio(2).x).toBeCloseTo(density / 46_003, 12);
  });

  test("each level has the tiles it stores", () => {
    const source = sourceOf();
    const grids = [0, 1, 2].map((level) => source.getNumTiles(level));
    expect(grids.map(({ x, y }) => [x, y])).toEqual([
      [12, 9],
      [48, 35],
      [192, 138],
    ]);
  });

  test("tile sizes are those of the level", () => {
    const [finest, coarsest] = makeLevels(5000, 3000, { count: 2 });
    if (finest === undefined || coarsest === undefined) {
      throw new Error("two levels were asked for");
    }
    const wide = { ...coarsest, tile_width: 512, tile_height: 128, columns: 3, rows: 6 };
    const source = sourceOf([finest, wide]);
    expect([source.getTileWidth(0), source.getTileHeight(0)]).toEqual([512, 128]);
    expect([source.getTileWidth(1), source.getTileHeight(1)]).toEqual([240, 240]);
  });

  test("an edge tile is as small as its stored part", () => {
    const bounds = sourceOf().getTileBounds(0, 11, 8, true);
    expect([bounds.x, bounds.y, bounds.width, bounds.height]).toEqual([0, 0, 235, 137]);
  });

  test("the tiles of a level end where the image ends", () => {
    const source = sourceOf();
    for (const level of [0, 1, 2]) {
      const { x, y } = source.getNumTiles(level);
      const corner = source.getTileBounds(level, x - 1, y - 1).getBottomRight();
      expect(corner.x).toBeCloseTo(1, 12);
      expect(corner.y).toBeCloseTo(1 / source.aspectRatio, 12);
    }
  });

  test("a point at the far corner belongs to the last tile", () => {
    const source = sourceOf();
    const point = new OpenSeadragon.Point(1, 1 / source.aspectRatio);
    const { x, y } = source.getTileAtPoint(1, point);
    expect([x, y]).toEqual([47, 34]);
  });

  test("only tiles of the grid exist", () => {
    const source = sourceOf();
    expect(source.tileExists(0, 11, 8)).toBe(true);
    expect(source.tileExists(0, 12, 8)).toBe(false);
    expect(source.tileExists(3, 0, 0)).toBe(false);
  });

  test("a slide of one level starts with it, however many tiles it has", () => {
    const source = sourceOf(makeLevels(2220, 2967, { count: 1 }));
    expect([source.minLevel, source.maxLevel, source.getClosestLevel()]).toEqual([0, 0, 0]);
    expect(source.getLevelScale(0)).toBe(1);
  });

  test("tiles are opaque", () => {
    expect(sourceOf().hasTransparency()).toBe(false);
  });
});

test("an address names the stored level, of which 0 is the finest", () => {
  const source = sourceOf();
  expect(source.getTileUrl(2, 5, 7)).toBe("/slides/aaaaaaaaaaaaaaaa/tiles/0/5_7.jpg?v=0a1b2c3d");
  expect(source.getTileUrl(0, 0, 8)).toBe("/slides/aaaaaaaaaaaaaaaa/tiles/2/0_8.jpg?v=0a1b2c3d");
});

test("an address says how the slide is to look, behind its version", () => {
  const descriptor = makeDescriptor({ tile_url: ADDRESS, channels: makeChannels("DAPI", "FITC") });
  const look = usualLook(descriptor);
  const only = { ...look, channels: withChannel(look.channels, 1, { shown: false }) };
  const end = "tiles/2/0_0.jpg?v=0a1b2c3d";
  expect(new SlideTileSource(descriptor, look).getTileUrl(0, 0, 0)).toMatch(end);
  const source = new SlideTileSource(descriptor, only);
  expect(source.getTileUrl(0, 0, 0)).toBe(`/slides/aaaaaaaaaaaaaaaa/${end}&channels=0`);
});

describe("a tile read out of the bucket", () => {
  const PICTURE = { close: vi.fn() };

  /** Start a tile whose reading ends as `tile` says. */
  function start(tile: DirectTiles["tile"], started: Partial<OpenSeadragon.ImageJob> = {}) {
    const job = {
      jobId: 1,
      src: "/slides/a/tiles/0/3_4.jpg",
      tile: { level: 2, x: 3, y: 4 },
      userData: {},
      finish: vi.fn(),
      fail: vi.fn(),
      ...started,
    } as unknown as OpenSeadragon.ImageJob;
    const direct = { tile } as unknown as DirectTiles;
    const source = new SlideTileSource(makeDescriptor(), undefined, direct);
    source.downloadTileStart(job);
    return { job, source };
  }

  const settled = () => new Promise((resolve) => setTimeout(resolve));

  test("is asked for by the numbers of the server, and handed on as a picture", async () => {
    const tile = vi.fn().mockResolvedValue(PICTURE);
    const { job } = start(tile);
    await settled();
    expect(tile.mock.calls[0]?.[0]).toEqual({ level: 0, column: 3, row: 4 });
    expect(job.finish).toHaveBeenCalledWith(PICTURE, null, "imageBitmap");
  });

  test("is asked of the server when there is none", async () => {
    const { job } = start(() => Promise.resolve(null));
    await settled();
    const image = job.userData.imageRequest as HTMLImageElement;
    expect(new URL(image.src).pathname).toBe("/slides/a/tiles/0/3_4.jpg");
  });

  test("is forgotten when OpenSeadragon gave it up", async () => {
    PICTURE.close.mockClear();
    const signals: AbortSignal[] = [];
    const { job, source } = start((_, __, signal) => {
      signals.push(signal);
      return Promise.resolve(PICTURE as unknown as ImageBitmap);
    });
    source.downloadTileAbort(job);
    await settled();
    expect(signals[0]?.aborted).toBe(true);
    const late = start(() => Promise.resolve(PICTURE as unknown as ImageBitmap), { jobId: null });
    await settled();
    expect(job.finish).not.toHaveBeenCalled();
    expect(late.job.finish).not.toHaveBeenCalled();
    expect(PICTURE.close).toHaveBeenCalledTimes(2);
  });
});

test.each([
  ["steps of 4", makeLevels(46_003, 32_917), 0.4],
  ["steps of 2", makeLevels(4443, 3567, { step: 2 }), 0.5],
  ["one level", makeLevels(2220, 2967, { count: 1 }), 0.5],
])("%s are shown sharp without fetching too much", (_, levels, ratio) => {
  expect(leastPixelRatio(new Pyramid(levels))).toBeCloseTo(ratio, 2);
});

test.each([
  [240, 1000],
  [1024, 100],
  [512, 256],
])("tiles of %i px are kept up to a quarter of a GB (%i)", (tile, kept) => {
  const levels = makeLevels(46_003, 32_917, { tile });
  expect(tilesToKeep(new Pyramid(levels))).toBe(kept);
});
