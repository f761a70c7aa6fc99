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
  /** Share of the area that is tissue, 0 to 1. */
  readonly tissue: number | null;
  /** How much fine detail the tissue shows; compares scans of one scanner. */
  readonly sharpness: number | null;
  /** Why the slide is not whole, where the lab sent it all the same. */
  readonly incomplete: string | null;
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

/** One level: its real size and tile grid in px; `made` by labsight where the file has nothing so small. */
export interface StoredLevel {
  readonly level: number;
  readonly width: number;
  readonly height: number;
  readonly tile_width: number;
  readonly tile_height: number;
  readonly columns: number;
  readonly rows: number;
  readonly made: boolean;
}

/** One fluorophore or wavelength, as it is shown unless somebody asks otherwise. */
export interface Channel {
  readonly number: number;
  readonly name: string;
  /** RRGGBB in hex. */
  readonly colour: string;
  /** Sample values that are shown as black and as the full colour. */
  readonly window: SampleWindow;
  readonly shown: boolean;
}

export type SampleWindow = readonly [black: number, white: number];

/** Focal planes or times: how many there are, and which one is shown unless somebody asks otherwise. */
export interface Steps {
  readonly count: number;
  readonly shown: number;
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
  readonly iiif_url: string | null;
  /** Where to learn how tiles are read without the server; null where that is off. */
  readonly direct_url: string | null;
  /** None where the samples are colours, as in brightfield. */
  readonly channels: readonly Channel[];
  readonly z: Steps & { readonly step_um: number | null };
  readonly t: Steps & { readonly step_s: number | null };
  /** Per sample, 8 or 16. */
  readonly bits: number;
  readonly associated: readonly AssociatedImage[];
  readonly icc_profile: boolean;
  /** The scanner's colour profile; null when the file has none, and colours are taken as they are. */
  readonly icc_url: string | null;
  readonly properties: Readonly<Record<string, unknown>>;
}

const COLOUR = /^[0-9A-Fa-f]{6}$/;

/** One slash: two, or one and a backslash, name another host. */
const LOCAL_ADDRESS = /^\/(?![/\\])/;

/** Say whether an address stays on this origin; anything else in an answer is never followed. */
export function isLocalAddress(address: string): boolean {
  return LOCAL_ADDRESS.test(address);
}

/** Say why a descriptor cannot be shown, or return null when it can. */
export function faultOf(descriptor: SlideDescriptor): string | null {
  return addressFault(descriptor) ?? levelFault(descriptor) ?? axisFault(descriptor);
}

function addressFault(descriptor: SlideDescriptor): string | null {
  const { tile_url: tile, iiif_url: iiif, direct_url: direct, icc_url: icc } = descriptor;
  if (!(typeof tile === "string" && isLocalAddress(tile))) {
    return "its tile address is not on this server";
  }
  const strange = [iiif, direct, icc].some(
    (address) => address !== null && !(typeof address === "string" && isLocalAddress(address)),
  );
  return strange ? "one of its addresses is not on this server" : null;
}

function levelFault({ levels, width, height }: SlideDescriptor): string | null {
  if (!Array.isArray(levels) || levels.length === 0) {
    return "it lists no level";
  }
  const [finest] = levels as [StoredLevel];
  if (finest.width !== width || finest.height !== height) {
    return "its first level is not the full image";
  }
  const wrong = levels.find((level: StoredLevel) => !isLevel(level));
  return wrong === undefined ? null : `level ${wrong.level} has an impossible size or tile grid`;
}

function axisFault({ channels, z, t }: SlideDescriptor): string | null {
  if (!Array.isArray(channels)) {
    return "it does not say which channels it has";
  }
  const wrong = channels.findIndex((channel: Channel, place) => !isChannel(channel, place));
  if (wrong >= 0) {
    return `channel ${wrong} has an impossible number, colour or window`;
  }
  return isSteps(z) && isSteps(t) ? null : "its focal planes or times make no sense";
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

function isChannel(channel: Channel | null, place: number): boolean {
  const [black, white] = Array.isArray(channel?.window) ? channel.window.map(Number) : [];
  return (
    channel?.number === place &&
    typeof channel.name === "string" &&
    typeof channel.shown === "boolean" &&
    COLOUR.test(channel.colour) &&
    black !== undefined &&
    white !== undefined &&
    Number.isFinite(black) &&
    Number.isFinite(white) &&
    black <= white
  );
}

function isSteps(steps: Steps | null): boolean {
  return (
    isCount(steps?.count) &&
    Number.isSafeInteger(steps?.shown) &&
    Number(steps?.shown) >= 0 &&
    Number(steps?.shown) < Number(steps?.count)
  );
}

function isCount(value: number | undefined): boolean {
  return Number.isSafeInteger(value) && Number(value) > 0;
}
