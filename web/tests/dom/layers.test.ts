import type OpenSeadragon from "openseadragon";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Layers } from "../../src/look/layers";

/** A picture in the viewer, as far as layers know it. */
class FakeImage {
  opacity: number;
  loaded = false;
  #changed: (event: { fullyLoaded: boolean }) => void = () => undefined;
  readonly source: unknown;

  constructor(source: unknown, opacity: number) {
    this.source = source;
    this.opacity = opacity;
  }

  addHandler(_: string, handler: (event: { fullyLoaded: boolean }) => void): void {
    this.#changed = handler;
  }

  allowZombieCache(): void {
    // Kept tiles make no difference here.
  }

  getFullyLoaded(): boolean {
    return this.loaded;
  }

  setOpacity(opacity: number): void {
    this.opacity = opacity;
  }

  load(loaded = true): void {
    this.loaded = loaded;
    this.#changed({ fullyLoaded: loaded });
  }
}

function setUp() {
  const items: FakeImage[] = [new FakeImage("first", 1)];
  const viewer = {
    world: {
      removeItem: (image: FakeImage) => items.splice(items.indexOf(image), 1),
    },
    navigator: { world: { getItemCount: () => 0, getItemAt: () => undefined } },
    addTiledImage: ({ tileSource, opacity, success }: Options) => {
      const image = new FakeImage(tileSource, opacity);
      void Promise.resolve().then(() => {
        items.push(image);
        success({ item: image });
      });
    },
  };
  const changed = vi.fn();
  const layers = new Layers(viewer as unknown as OpenSeadragon.Viewer, changed);
  const show = (source: string) => layers.show(source as unknown as OpenSeadragon.TileSource);
  const seen = () => items.filter(({ opacity }) => opacity === 1).map(({ source }) => source);
  const [first] = items as [FakeImage];
  return { layers, items, show, seen, first, changed };
}

interface Options {
  readonly tileSource: unknown;
  readonly opacity: number;
  readonly success: (event: { item: FakeImage }) => void;
}

function start(made: ReturnType<typeof setUp>): void {
  made.layers.start(made.first as unknown as OpenSeadragon.TiledImage);
  made.first.load();
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe("a new look", () => {
  test("takes the place of the old one when all of it is there, and not before", async () => {
    const made = setUp();
    start(made);
    expect(made.layers.isSettled).toBe(true);
    made.show("second");
    await vi.advanceTimersByTimeAsync(0);
    expect(made.seen()).toEqual(["first"]);
    expect(made.layers.isSettled).toBe(false);
    made.items[1]?.load();
    expect(made.seen()).toEqual(["first", "second"]);
    await vi.advanceTimersByTimeAsync(100);
    expect(made.items.map(({ source }) => source)).toEqual(["second"]);
    expect(made.layers.isSettled).toBe(true);
  });

  test("asked for before the slide is open waits for it", async () => {
    const made = setUp();
    made.show("second");
    await vi.advanceTimersByTimeAsync(0);
    expect(made.items).toHaveLength(1);
    start(made);
    await vi.advanceTimersByTimeAsync(0);
    expect(made.items[1]?.source).toBe("second");
  });

  test("of many asked for in a hurry comes last, after the one that loads", async () => {
    const made = setUp();
    start(made);
    for (const source of ["second", "third", "fourth"]) {
      made.show(source);
    }
    await vi.advanceTimersByTimeAsync(0);
    expect(made.items.map(({ source }) => source)).toEqual(["first", "second"]);
    made.items[1]?.load();
    await vi.advanceTimersByTimeAsync(100);
    expect(made.items.map(({ source }) => source)).toEqual(["second", "fourth"]);
  });

  test("gives way to a newer one when it takes too long", async () => {
    const made = setUp();
    start(made);
    made.show("second");
    await vi.advanceTimersByTimeAsync(5000);
    expect(made.items).toHaveLength(2);
    made.show("third");
    await vi.advanceTimersByTimeAsync(0);
    expect(made.items.map(({ source }) => source)).toEqual(["first", "third"]);
    expect(made.seen()).toEqual(["first"]);
  });

  test("gives way once it is due, when the newer one came before", async () => {
    const made = setUp();
    start(made);
    made.show("second");
    made.show("third");
    await vi.advanceTimersByTimeAsync(3900);
    expect(made.items.at(-1)?.source).toBe("second");
    await vi.advanceTimersByTimeAsync(200);
    expect(made.items.map(({ source }) => source)).toEqual(["first", "third"]);
  });
});

test("the picture is not settled while the view moves on", () => {
  const made = setUp();
  start(made);
  made.changed.mockClear();
  made.first.load(false);
  expect(made.layers.isSettled).toBe(false);
  expect(made.changed).toHaveBeenCalledTimes(1);
});
