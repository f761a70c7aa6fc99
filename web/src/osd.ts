/** How OpenSeadragon is set up for slides. */

import OpenSeadragon from "openseadragon";
import type { DirectTiles } from "./direct/tiles";
import type { Look } from "./look/look";
import { Pyramid } from "./pyramid";
import type { SlideDescriptor } from "./slides";
import { leastPixelRatio, SlideTileSource, tilesToKeep } from "./tilesource";
import type { Position } from "./urlstate";

export const TILE_RETRIES = 2;
const TILE_RETRY_DELAY_MS = 1500;
const TILE_TIMEOUT_MS = 30_000;
const TILES_ASKED_PER_FRAME = 8;
const TILE_REQUESTS_AT_ONCE = 24;
/** Screen px per image px, for counting cells; the display says that it is beyond the scan. */
const DEEPEST_ZOOM = 4;
const WIDEST_ZOOM_OF_FIT = 0.1;
const ANIMATION_SECONDS = 0.5;
/** Stands out from tissue in either theme; OpenSeadragon sets it from script. */
const NAVIGATOR_FRAME = "#0b7f94";

// One by one, as by default, a slide of a single level takes seconds. Set here because the navigator is a
// viewer too, but takes over no option of its own for this.
OpenSeadragon.DEFAULT_SETTINGS.maxTilesPerFrame = TILES_ASKED_PER_FRAME;

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

/** Make a viewer that begins to load. */
export function openViewer(parts: SlideViewParts, showing: Showing): OpenSeadragon.Viewer {
  keepStyleElementOut();
  return new OpenSeadragon.Viewer(viewerOptions(parts, showing));
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
