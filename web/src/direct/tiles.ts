/** Reads a slide's tiles out of the bucket by itself: the server is asked for addresses, not for tiles. */

import type { Look } from "../look/look";
import { isAbort } from "../problem";
import type { DirectDescription } from "./description";
import { isFault, unfit } from "./errors";
import { blank, drawn, type Size, type StoredTile } from "./picture";
import { type Ask, RangedFile } from "./ranges";
import { type IndexedLevel, Sidecar } from "./sidecar";
import { base64Bytes } from "./unpack";

/** Addresses are renewed while there is still time. */
const USED_SHARE = 0.8;
/** After so many tiles in a row that did not come, the server is asked for a while. */
const FAILURES_ENOUGH = 12;
const PAUSE_MS = 60_000;
const MS_PER_SECOND = 1000;

/** A tile by the numbers of the server: level 0 is the finest. */
export interface TilePlace {
  readonly level: number;
  readonly column: number;
  readonly row: number;
}

export interface Drawing {
  readonly drawn: (tile: StoredTile) => Promise<ImageBitmap>;
  readonly blank: (size: Size, dark: boolean) => Promise<ImageBitmap>;
}

interface Opened {
  readonly index: Sidecar;
  readonly files: readonly RangedFile[];
}

export class DirectTiles {
  readonly #describe: () => Promise<DirectDescription>;
  readonly #ask: Ask;
  readonly #drawing: Drawing;
  #opened: Promise<Opened> | null = null;
  #until = Number.POSITIVE_INFINITY;
  #index: Sidecar | null = null;
  #failures = 0;
  #pausedUntil = Number.NEGATIVE_INFINITY;

  /** `describe` asks the server for the index and addresses that hold for a while. */
  constructor(
    describe: () => Promise<DirectDescription>,
    ask: Ask = (address, init) => fetch(address, init),
    drawing: Drawing = { drawn, blank },
  ) {
    this.#describe = describe;
    this.#ask = ask;
    this.#drawing = drawing;
  }

  /** Draw a tile; null when it is up to the server, be it by its kind or because the bucket failed. */
  async tile(place: TilePlace, look: Look, signal: AbortSignal): Promise<ImageBitmap | null> {
    const channel = storedChannel(look);
    if (channel === null || Date.now() < this.#pausedUntil) {
      return null;
    }
    try {
      const picture = await this.#tried(place, { ...look, channel }, signal);
      this.#failures = 0;
      return picture;
    } catch (error) {
      if (!(isAbort(error) || signal.aborted)) {
        this.#failed(error);
      }
      return null;
    }
  }

  async #tried(place: TilePlace, look: Plane, signal: AbortSignal): Promise<ImageBitmap | null> {
    const opening = this.#open();
    try {
      return await this.#draw(await opening, place, look, signal);
    } catch (error) {
      if (!isFault(error, "refused")) {
        throw error;
      }
    }
    // The addresses ran out before their time, as after the credentials that signed them.
    if (this.#opened === opening) {
      this.#opened = null;
    }
    return await this.#draw(await this.#open(), place, look, signal);
  }

  async #draw(
    { index, files }: Opened,
    { level, column, row }: TilePlace,
    { channel, z, t, channels }: Plane,
    signal: AbortSignal,
  ): Promise<ImageBitmap | null> {
    const indexed = index.levels[level];
    if (!(indexed?.stored && indexed.planes > 0)) {
      return null;
    }
    const plane = index.plane(level, index.planeAt(channel, z, t));
    const number = row * Math.ceil(indexed.width / indexed.tileWidth) + column;
    const [start, length] = [plane.offsets[number], plane.lengths[number]];
    const file = files[plane.file];
    if (start === undefined || length === undefined || file === undefined) {
      throw unfit("the index does not know this tile");
    }
    const shown = shownSize(indexed, column, row);
    if (length === 0) {
      if (level > 0) {
        return null; // the server may have it from the next finer level
      }
      return await this.#drawing.blank(shown, channels.length > 0);
    }
    const data = await file.read({ start, length }, signal);
    const size = { width: indexed.tileWidth, height: indexed.tileHeight };
    return await this.#drawing.drawn({ head: plane.head, data, size, shown });
  }

  /** Open the slide, and again when its addresses are about to expire or could not be had. */
  #open(): Promise<Opened> {
    if (this.#opened === null || Date.now() >= this.#until) {
      this.#until = Number.POSITIVE_INFINITY;
      this.#opened = this.#read();
    }
    return this.#opened;
  }

  async #read(): Promise<Opened> {
    const asked = Date.now();
    const described = await this.#describe();
    // Addresses of the same version come with the same index.
    this.#index ??= await Sidecar.read(base64Bytes(described.index));
    const index = this.#index;
    if (described.files.length !== index.files.length) {
      throw unfit("the index tells of other files than the addresses");
    }
    const files = index.files.map(
      ({ etag }, place) => new RangedFile(described.files[place] as string, etag, this.#ask),
    );
    this.#until = asked + described.expires_seconds * MS_PER_SECOND * USED_SHARE;
    return { index, files };
  }

  #failed(error: unknown): void {
    this.#failures += 1;
    if (isFault(error, "other")) {
      this.#pausedUntil = Number.POSITIVE_INFINITY;
    } else if (this.#failures >= FAILURES_ENOUGH) {
      this.#failures = 0;
      this.#opened = null;
      this.#pausedUntil = Date.now() + PAUSE_MS;
    }
  }
}

type Plane = Look & { readonly channel: number };

/**
 * Return the channel whose tiles look like this as they are stored, 0 where the samples are colours; null
 * when they have to be made.
 */
export function storedChannel({ channels, srgb }: Look): number | null {
  const shown = channels.flatMap(({ shown: on }, place) => (on ? [place] : []));
  const [number] = shown;
  if (srgb || (channels.length > 0 && shown.length !== 1)) {
    return null;
  }
  if (number === undefined) {
    return 0;
  }
  const { colour, window: [black, white] = [] } = channels[number] ?? {};
  return colour === "FFFFFF" && black === 0 && white === 255 ? number : null;
}

function shownSize(level: IndexedLevel, column: number, row: number): Size {
  return {
    width: Math.min(level.tileWidth, level.width - column * level.tileWidth),
    height: Math.min(level.tileHeight, level.height - row * level.tileHeight),
  };
}
