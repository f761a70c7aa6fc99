/**
 * Changes what is shown without a blink: tiles of a new look are loaded unseen, above those of the old one,
 * and take their place when all of the view is there.
 */

import type OpenSeadragon from "openseadragon";

/** A look that takes longer than this to load gives way to a newer one. */
const PATIENCE_MS = 4000;
/** The navigator has a picture of its own, a few tiles that may come later. */
const NAVIGATOR_PATIENCE_MS = 500;
const LOOK_AGAIN_MS = 30;

type Image = OpenSeadragon.TiledImage;

export class Layers {
  readonly #viewer: OpenSeadragon.Viewer;
  readonly #changed: () => void;
  #shown: Image | null = null;
  #coming: Image | null = null;
  /** Stands for the present change; another one, or none, makes this one void. */
  #change: symbol | null = null;
  #due = 0;
  #wanted: OpenSeadragon.TileSource | null = null;

  /** `changed` is called when `isSettled` may have changed. */
  constructor(viewer: OpenSeadragon.Viewer, changed: () => void) {
    this.#viewer = viewer;
    this.#changed = changed;
  }

  /** Whether all of the view is there, in the look that was asked for last. */
  get isSettled(): boolean {
    const changing = this.#change !== null || this.#wanted !== null;
    return !changing && this.#shown?.getFullyLoaded() === true;
  }

  /** Begin with the picture that the viewer opened with. */
  start(image: Image): void {
    this.#shown = image;
    this.#watch(image);
    this.#changed();
    this.#begin();
  }

  /** Show another source of the same slide; of several asked for in a hurry the last one counts. */
  show(source: OpenSeadragon.TileSource): void {
    this.#wanted = source;
    this.#changed();
    this.#giveUpLate();
    this.#begin();
  }

  /** All pictures that are loading or shown. */
  get images(): readonly Image[] {
    return [this.#shown, this.#coming].filter((image) => image !== null);
  }

  #begin(): void {
    const source = this.#wanted;
    if (source === null || this.#shown === null || this.#change !== null) {
      return;
    }
    this.#wanted = null;
    const change = Symbol("change");
    this.#change = change;
    this.#due = performance.now() + PATIENCE_MS;
    setTimeout(() => this.#giveUpLate(), PATIENCE_MS);
    const success = (event: Event) => this.#added(change, (event as unknown as Added).item);
    this.#viewer.addTiledImage({ tileSource: source, opacity: 0, preload: true, success });
  }

  #added(change: symbol, image: Image): void {
    if (this.#change !== change) {
      this.#viewer.world.removeItem(image);
      return;
    }
    // Scrolling through focal planes comes back to the same tiles again and again.
    image.allowZombieCache(true);
    this.#coming = image;
    this.#watch(image);
  }

  #watch(image: Image): void {
    image.addHandler("fully-loaded-change", ({ fullyLoaded }) => {
      if (image === this.#shown) {
        this.#changed();
      } else if (fullyLoaded && image === this.#coming) {
        this.#whenNavigatorIsReady(image, performance.now() + NAVIGATOR_PATIENCE_MS);
      }
    });
  }

  #whenNavigatorIsReady(image: Image, until: number): void {
    const { world } = this.#viewer.navigator;
    const own = world.getItemAt(world.getItemCount() - 1);
    if (own === undefined || own.getFullyLoaded() || performance.now() >= until) {
      this.#swap(image);
    } else {
      setTimeout(() => this.#whenNavigatorIsReady(image, until), LOOK_AGAIN_MS);
    }
  }

  #swap(image: Image): void {
    if (image !== this.#coming) {
      return;
    }
    const old = this.#shown;
    image.setOpacity(1);
    this.#shown = image;
    this.#coming = null;
    this.#change = null;
    // The new picture is drawn once above the old one before that goes.
    requestAnimationFrame(() => requestAnimationFrame(() => this.#remove(old)));
    this.#changed();
    this.#begin();
  }

  #giveUpLate(): void {
    if (this.#change === null || this.#wanted === null || performance.now() < this.#due) {
      return;
    }
    this.#remove(this.#coming);
    this.#coming = null;
    this.#change = null;
    this.#begin();
  }

  #remove(image: Image | null): void {
    if (image !== null) {
      this.#viewer.world.removeItem(image);
    }
  }
}

interface Added {
  readonly item: Image;
}
