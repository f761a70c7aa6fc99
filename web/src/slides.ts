/** What the catalog and the tile service say about a slide: the JSON of the HTTP API, as types. */

export type ImportState = "importing" | "imported" | "failed";

export const IMPORT_STATES: readonly ImportState[] = ["imported", "importing", "failed"];

export interface Failure {
  readonly kind: string;
  readonly reason: string;
}

/** A row of the catalog; what is not known is null. Sizes in px and bytes, mpp in µm per px. */
export interface Slide {
  readonly id: string;
  readonly key: string;
  readonly source: string;
  readonly filename: string;
  readonly path: string;
  readonly revision: number;
  readonly size_bytes: number | null;
  readonly import_state: ImportState;
  readonly failure: Failure | null;
  readonly review: string;
  readonly storage: string;
  readonly width: number | null;
  readonly height: number | null;
  readonly level_count: number | null;
  readonly mpp_x: number | null;
  readonly mpp_y: number | null;
  readonly magnification: number | null;
  readonly vendor: string | null;
  readonly format: string | null;
  readonly case_id: string | null;
  readonly slide_id: string | null;
  readonly image_id: string | null;
  readonly barcode: string | null;
  readonly scanned_at: string | null;
  readonly imported_at: string | null;
  readonly updated_at: string | null;
  readonly version: string | null;
  readonly links: { readonly descriptor: string | null; readonly thumbnail: string | null };
}

export interface SlidePage {
  readonly items: readonly Slide[];
  readonly next_cursor: string | null;
}

/** µm per px of the finest level. */
export interface Mpp {
  readonly x: number;
  readonly y: number;
}

/** One stored level: its real size and tile grid in px. */
export interface StoredLevel {
  readonly level: number;
  readonly width: number;
  readonly height: number;
  readonly tile_width: number;
  readonly tile_height: number;
  readonly columns: number;
  readonly rows: number;
}

export interface AssociatedImage {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly url: string;
}

/** What the viewer needs to show a slide; `levels` has the finest first. */
export interface SlideDescriptor {
  readonly id: string;
  readonly version: string;
  readonly filename: string;
  readonly width: number;
  readonly height: number;
  readonly mpp: Mpp | null;
  readonly magnification: number | null;
  readonly vendor: string | null;
  readonly format: string | null;
  readonly levels: readonly StoredLevel[];
  readonly tile_url: string;
  readonly associated: readonly AssociatedImage[];
  readonly icc_profile: boolean;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** One slash: two, or one and a backslash, name another host. */
const LOCAL_ADDRESS = /^\/(?![/\\])/;

/** Say whether an address stays on this origin; anything else in an answer is never followed. */
export function isLocalAddress(address: string): boolean {
  return LOCAL_ADDRESS.test(address);
}

/** Say why a descriptor cannot be shown, or return null when it can. */
export function faultOf(descriptor: SlideDescriptor): string | null {
  const { levels, tile_url: tileUrl } = descriptor;
  if (!Array.isArray(levels) || levels.length === 0) {
    return "it lists no level";
  }
  if (!(typeof tileUrl === "string" && isLocalAddress(tileUrl))) {
    return "its tile address is not on this server";
  }
  const [finest] = levels as [StoredLevel];
  if (finest.width !== descriptor.width || finest.height !== descriptor.height) {
    return "its first level is not the full image";
  }
  const wrong = levels.find((level: StoredLevel) => !isLevel(level));
  return wrong === undefined ? null : `level ${wrong.level} has an impossible size or tile grid`;
}

function isLevel(level: StoredLevel): boolean {
  return (
    isAxis(level.width, level.tile_width, level.columns) &&
    isAxis(level.height, level.tile_height, level.rows)
  );
}

function isAxis(size: number, tile: number, count: number): boolean {
  return isCount(size) && isCount(tile) && count === Math.ceil(size / tile);
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0;
}
