/** The image itself: OpenSeadragon over our tile source, in terms of px, magnification and degrees. */

import OpenSeadragon from "openseadragon";
import type { DirectTiles } from "./direct/tiles";
import { Layers } from "./look/layers";
import { type Look, lookHash } from "./look/look";
import { Pyramid } from "./pyramid";
import type { SlideDescriptor } from "./slides";
import { leastPixelRatio, SlideTileSource, tilesToKeep } from "./tilesource";
import type { Position } from "./urlstate";
import { gathered } from "./waiting";

const TILE_RETRIES = 2;
const TILE_RETRY_DELAY_MS = 1500;
const TILE_TIMEOUT_MS = 30_000;
const TILES_ASKED_PER_FRAME = 8;
const TILE_REQUESTS_AT_ONCE = 24;
/** Screen px per image px, for counting cells; the display says that it is beyond the scan. */
const DEEPEST_ZOOM = 4;
const ZOOM_STEP = 1.5;
const WIDEST_ZOOM_OF_FIT = 0.1;
/** Of the slide's width: what moved less has not been moved. */
const SAME_WITHIN = 0.001;
/** While somebody drags a slider, so many ms of it make one change of the picture. */
const LOOK_MS = 80;
const ANIMATION_SECONDS = 0.5;
/** Stands out from tissue in either theme; OpenSeadragon sets it from script. */
const NAVIGATOR_FRAME = "#0b7f94";

// One by one, as by default, a slide of a single level takes seconds. Set here because the navigator is a
// viewer too, but takes over no option of its own for this.
OpenSeadragon.DEFAULT_SETTINGS.maxTilesPerFrame = TILES_ASKED_PER_FRAME;

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

/** What is shown, and how at first. */
export interface Showing {
  readonly descriptor: SlideDescriptor;
  readonly look: Look;
  /** Reads tiles without the server; null where that is off. */
  readonly direct: DirectTiles | null;
  /** Where to begin; null for the whole slide. */
  readonly start: Position | null;
}

export interface SlideViewParts {
  readonly image: HTMLElement;
  readonly navigator: HTMLElement;
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
    keepStyleElementOut();
    // The map takes the form of the slide; its size is up to the style sheet.
    parts.navigator.style.setProperty("--aspect", String(descriptor.width / descriptor.height));
    this.#viewer = new OpenSeadragon.Viewer(viewerOptions(parts, showing));
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

function viewerOptions(
  parts: SlideViewParts,
  { descriptor, look, direct }: Showing,
): OpenSeadragon.Options {
  const pyramid = new Pyramid(descriptor.levels);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  return {
    element: parts.image,
    tileSources: [new SlideTileSource(descriptor, look, direct)],
    animationTime: still ? 0 : ANIMATION_SECONDS,
    gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
    gestureSettingsPen: { clickToZoom: false, dblClickToZoom: true },
    imageLoaderLimit: TILE_REQUESTS_AT_ONCE,
    // The page has keys of its own, which work wherever the focus is.
    keyboardNavEnabled: false,
    maxImageCacheCount: tilesToKeep(pyramid),
    maxZoomPixelRatio: DEEPEST_ZOOM,
    minPixelRatio: leastPixelRatio(pyramid),
    minZoomImageRatio: WIDEST_ZOOM_OF_FIT,
    navigatorElement: parts.navigator,
    navigatorAutoFade: false,
    navigatorDisplayRegionColor: NAVIGATOR_FRAME,
    navigatorOpacity: 1,
    // A panel that opens beside the image must not change its magnification.
    preserveImageSizeOnResize: true,
    showNavigationControl: false,
    showNavigator: true,
    // While a look changes there are two pictures, of the same size at the same place.
    silenceMultiImageWarnings: true,
    tileRetryDelay: TILE_RETRY_DELAY_MS,
    tileRetryMax: TILE_RETRIES,
    timeout: TILE_TIMEOUT_MS,
  };
}

/**
 * OpenSeadragon adds a `<style>` with one rule, which the content security policy refuses and reports. It
 * looks for its mark first; an inert element that carries the mark stands in, and viewer.css has the rule.
 */
function keepStyleElementOut(): void {
  const mark = document.createElementNS("urn:labsight:inert", "style");
  mark.setAttribute("data-openseadragon-mobile-css", "in viewer.css");
  document.head.append(mark);
}
