/** The image itself: OpenSeadragon over our tile source, in terms of px, magnification and degrees. */

import OpenSeadragon from "openseadragon";
import { Layers } from "./look/layers";
import { type Look, lookHash } from "./look/look";
import { openViewer, type Showing, type SlideViewParts, TILE_RETRIES } from "./osd";
import { SlideTileSource } from "./tilesource";
import type { Position } from "./urlstate";
import { gathered } from "./waiting";

const ZOOM_STEP = 1.5;
/** Of the slide's width: what moved less has not been moved. */
const SAME_WITHIN = 0.001;
/** While somebody drags a slider, so many ms of it make one change of the picture. */
const LOOK_MS = 80;

/** What the page shows around the image, told as it changes. */
export interface SlideViewListener {
  /** The view moved, also in the middle of an animation. */
  readonly moved: () => void;
  /** The view came to rest. */
  readonly rested: () => void;
  readonly loading: (loading: boolean) => void;
  /** So many tiles of the slide could not be had, after retries. */
  readonly tilesFailed: (count: number) => void;
  /** The wheel was turned with Shift held: so many focal planes up. */
  readonly focused: (planes: number) => void;
}

export class SlideView {
  readonly #viewer: OpenSeadragon.Viewer;
  readonly #element: HTMLElement;
  readonly #listener: SlideViewListener;
  readonly #showing: Showing;
  readonly #layers: Layers;
  readonly #failed = new Set<string>();
  readonly #change = gathered(LOOK_MS, () => this.#showLook());
  #look: Look;
  #lookShown: string;
  #isChanging = false;

  constructor(parts: SlideViewParts, showing: Showing, listener: SlideViewListener) {
    const { descriptor } = showing;
    this.#element = parts.image;
    this.#listener = listener;
    this.#showing = showing;
    this.#look = showing.look;
    this.#lookShown = lookHash(descriptor, showing.look);
    // The map takes the form of the slide; its size is up to the style sheet.
    parts.navigator.style.setProperty("--aspect", String(descriptor.width / descriptor.height));
    this.#viewer = openViewer(parts, showing);
    this.#layers = new Layers(this.#viewer, () => this.#mark());
    const { canvas } = this.#viewer;
    canvas.setAttribute("role", "application");
    canvas.setAttribute("aria-label", `Image of ${descriptor.filename}. Press ? for keys.`);
    this.#viewer.addOnceHandler("open", () => this.#opened());
    this.#viewer.addHandler("update-viewport", () => listener.moved());
    this.#viewer.addHandler("animation-finish", () => listener.rested());
    this.#viewer.addHandler("tile-load-failed", (event) => this.#tileFailed(event));
    this.#viewer.addHandler("tile-loaded", (event) => this.#tileLoaded(event));
    this.#viewer.addHandler("canvas-scroll", (event) => this.#scrolled(event));
  }

  /** Where the view is going to be, once at rest. */
  get position(): Position {
    const viewport = this.#viewport;
    const centre = viewport.viewportToImageCoordinates(viewport.getCenter());
    const zoom = viewport.viewportToImageZoom(viewport.getZoom());
    return { x: centre.x, y: centre.y, zoom, rotation: viewport.getRotation() };
  }

  /** True when the whole slide is shown upright: a link then needs no place. */
  get isWhole(): boolean {
    const viewport = this.#viewport;
    const ratio = viewport.getZoom() / viewport.getHomeZoom();
    const away = viewport.getCenter().distanceTo(viewport.getHomeBounds().getCenter());
    const turned = viewport.getRotation() % 360 !== 0;
    return Math.abs(ratio - 1) < SAME_WITHIN && away < SAME_WITHIN && !turned;
  }

  /** Screen px per image px as shown right now, in the middle of an animation too. */
  get zoom(): number {
    return this.#viewport.viewportToImageZoom(this.#viewport.getZoom(true));
  }

  get rotation(): number {
    return this.#viewport.getRotation(true);
  }

  /** False until the first tiles are placed: there is nothing to measure or move before. */
  get isOpen(): boolean {
    return this.#viewer.isOpen();
  }

  moveTo({ x, y, zoom, rotation }: Position, immediately = false): void {
    const viewport = this.#viewport;
    viewport.setRotation(rotation, immediately);
    viewport.zoomTo(viewport.imageToViewportZoom(zoom), undefined, immediately);
    viewport.panTo(viewport.imageToViewportCoordinates(x, y), immediately);
    viewport.applyConstraints(immediately);
  }

  zoomTo(zoom: number): void {
    this.#viewport.zoomTo(this.#viewport.imageToViewportZoom(zoom)).applyConstraints();
  }

  /** Zoom in by so many steps, out when negative. */
  zoomSteps(steps: number): void {
    this.#viewport.zoomBy(ZOOM_STEP ** steps).applyConstraints();
  }

  /** Move by a fraction of the screen, as it lies on screen. */
  panBy(right: number, down: number): void {
    const { x, y } = this.#viewport.getContainerSize();
    const pixels = new OpenSeadragon.Point(right * x, down * y);
    this.#viewport.panBy(this.#viewport.deltaPointsFromPixels(pixels)).applyConstraints();
  }

  /** Turn by so many quarters clockwise. */
  turn(quarters: number): void {
    this.#viewport.rotateBy(quarters * 90);
  }

  /** Show the whole slide upright. */
  reset(): void {
    this.#viewport.setRotation(0);
    this.#viewport.goHome();
  }

  /** Ask again for the tiles that failed. */
  retry(): void {
    this.#failed.clear();
    this.#listener.tilesFailed(0);
    for (const image of this.#layers.images) {
      image.reset();
    }
    this.#viewer.forceRedraw();
  }

  /** Change how the slide looks; the old picture stays until the new one is there. */
  show(look: Look): void {
    this.#look = look;
    this.#isChanging = true;
    this.#mark();
    this.#change();
  }

  get #viewport(): OpenSeadragon.Viewport {
    return this.#viewer.viewport;
  }

  #showLook(): void {
    const { descriptor, direct } = this.#showing;
    const hash = lookHash(descriptor, this.#look);
    this.#isChanging = false;
    if (hash !== this.#lookShown) {
      this.#lookShown = hash;
      this.#failed.clear();
      this.#listener.tilesFailed(0);
      this.#layers.show(new SlideTileSource(descriptor, this.#look, direct));
    }
    this.#mark();
  }

  #opened(): void {
    if (this.#showing.start !== null) {
      this.moveTo(this.#showing.start, true);
    }
    this.#layers.start(this.#viewer.world.getItemAt(0));
    this.#listener.moved();
  }

  #mark(): void {
    const ready = this.#layers.isSettled && !this.#isChanging;
    this.#element.dataset["state"] = ready ? "ready" : "loading";
    this.#listener.loading(!ready);
  }

  #scrolled(event: OpenSeadragon.CanvasScrollEvent): void {
    const { deltaX, deltaY, shiftKey } = event.originalEvent as WheelEvent;
    if (shiftKey && this.#showing.descriptor.z.count > 1) {
      event.preventDefaultAction = true;
      // Shift makes some systems scroll sideways.
      this.#listener.focused(Math.sign(-(deltaY || deltaX)));
    }
  }

  #tileFailed({ tile, tries }: OpenSeadragon.TileLoadFailedEvent): void {
    if (tries > TILE_RETRIES) {
      this.#failed.add(tile.cacheKey);
      this.#listener.tilesFailed(this.#failed.size);
    }
  }

  #tileLoaded({ tile }: OpenSeadragon.TileLoadedEvent): void {
    if (this.#failed.delete(tile.cacheKey)) {
      this.#listener.tilesFailed(this.#failed.size);
    }
  }
}
