/**
 * Reads the index of a slide: where each stored tile lies in the slide's files.
 *
 * Little-endian: 7 bytes magic, u8 version, u32 length of the header, header (JSON), tables (zlib: for each
 * plane of each level the gaps between neighbouring chunks as i64, then their lengths as u32), u32 CRC-32 of
 * all before it. A plane is one channel at one z and one t: channels change fastest, times slowest.
 */

import { crc32 } from "./crc32";
import { unfit } from "./errors";
import { base64Bytes, inflated } from "./unpack";

const MAGIC = "LSINDEX";
/** The one version that this page knows; others are read through the server. */
const VERSION = 2;
const START_BYTES = 12;
const CRC_BYTES = 4;
const BYTES_PER_CHUNK = 12;
/** As the server has it: 8 Mi chunks of all levels and planes together. */
const MAX_CHUNKS = 8 * 1024 * 1024;
const MAX_PLANES = 65_536;
const TWO_TO_32 = 2 ** 32;

/** A file of the slide, in the version that was indexed. */
export interface SourceFile {
  readonly etag: string;
  readonly size: number;
}

/** Where the chunks of a plane lie in a file, row by row; a length of 0 is a chunk left out as blank. */
export interface Plane {
  /** Goes in front of each chunk in place of its own first two bytes. */
  readonly head: Uint8Array<ArrayBuffer>;
  readonly file: number;
  readonly offsets: Float64Array;
  readonly lengths: Uint32Array;
}

export interface IndexedLevel {
  readonly width: number;
  readonly height: number;
  readonly tileWidth: number;
  readonly tileHeight: number;
  /** Whether a published tile is a chunk that a browser shows as it is. */
  readonly stored: boolean;
  readonly planes: number;
}

/** What the JSON of a level holds, of what is used here. */
interface LevelHeader {
  readonly size: readonly [number, number, number, number];
  readonly chunk: readonly [number, number];
  readonly coding: { readonly kind: string; readonly bits: number; readonly colour: string } | null;
  readonly heads: readonly string[];
  readonly planes: readonly (readonly [head: number, file: number])[];
}

interface Header {
  readonly files: readonly SourceFile[];
  readonly axes: { readonly channels: readonly unknown[]; readonly z: number; readonly t: number };
  readonly levels: readonly LevelHeader[];
}

export class Sidecar {
  readonly files: readonly SourceFile[];
  readonly levels: readonly IndexedLevel[];
  readonly #header: Header;
  readonly #tables: DataView;
  readonly #planes = new Map<string, Plane>();

  private constructor(header: Header, tables: Uint8Array<ArrayBuffer>) {
    this.#header = header;
    this.#tables = new DataView(tables.buffer, tables.byteOffset, tables.byteLength);
    this.files = header.files;
    this.levels = header.levels.map(levelOf);
  }

  /** Read an index; throws DirectError, and what reading JSON and unpacking throw. */
  static async read(bytes: Uint8Array<ArrayBuffer>): Promise<Sidecar> {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const end = bytes.byteLength - CRC_BYTES;
    const magic = String.fromCharCode(...bytes.subarray(0, MAGIC.length));
    if (end < START_BYTES || magic !== MAGIC || view.getUint8(MAGIC.length) !== VERSION) {
      throw unfit("the index is of another version");
    }
    const tables = START_BYTES + view.getUint32(MAGIC.length + 1, true);
    if (tables > end || crc32(bytes.subarray(0, end)) !== view.getUint32(end, true)) {
      throw unfit("the index is damaged");
    }
    const text = new TextDecoder().decode(bytes.subarray(START_BYTES, tables));
    const header = JSON.parse(text) as Header;
    const size = BYTES_PER_CHUNK * chunksOf(header);
    return new Sidecar(header, await inflated(bytes.subarray(tables, end), size));
  }

  /** Return the number of the plane of a channel at a z and a t. */
  planeAt(channel: number, z: number, t: number): number {
    const { channels, z: focal } = this.#header.axes;
    return (t * focal + z) * Math.max(1, channels.length) + channel;
  }

  /** Return the table of a plane of a level; throws DirectError when there is none. */
  plane(level: number, number: number): Plane {
    const key = `${level}/${number}`;
    const known = this.#planes.get(key);
    if (known !== undefined) {
      return known;
    }
    const plane = this.#unpack(level, number);
    this.#planes.set(key, plane);
    return plane;
  }

  #unpack(level: number, number: number): Plane {
    const header = this.#header.levels[level];
    const [head, file] = header?.planes[number] ?? [];
    if (header === undefined || head === undefined || file === undefined || !this.files[file]) {
      throw unfit(`level ${level} has no plane ${number}`);
    }
    const count = chunksOfLevel(header);
    const before = this.#header.levels.slice(0, level);
    const first = before.reduce((sum, one) => sum + chunksOfLevel(one) * one.planes.length, 0);
    const at = BYTES_PER_CHUNK * (first + count * number);
    return { head: base64Bytes(header.heads[head] ?? ""), file, ...this.#chunks(at, count) };
  }

  #chunks(at: number, count: number): Pick<Plane, "offsets" | "lengths"> {
    const offsets = new Float64Array(count);
    const lengths = new Uint32Array(count);
    let end = 0;
    for (let chunk = 0; chunk < count; chunk += 1) {
      const place = at + 8 * chunk;
      const length = this.#tables.getUint32(at + 8 * count + 4 * chunk, true);
      const high = this.#tables.getInt32(place + 4, true);
      // Files end far below 2^53, up to which sums of such numbers are exact.
      const start = end + high * TWO_TO_32 + this.#tables.getUint32(place, true);
      offsets[chunk] = start;
      lengths[chunk] = length;
      end = start + length;
    }
    return { offsets, lengths };
  }
}

function levelOf({ size, chunk, coding, planes }: LevelHeader): IndexedLevel {
  const [width, height, tileWidth, tileHeight] = size;
  const shown = coding?.kind === "jpeg" && coding.bits === 8 && coding.colour !== "inverted";
  const own = chunk[0] === tileWidth && chunk[1] === tileHeight;
  return { width, height, tileWidth, tileHeight, stored: shown && own, planes: planes.length };
}

/** Count the chunks of all levels and planes, as far as they make sense. */
function chunksOf({ levels, axes }: Header): number {
  const planes = Math.max(1, axes.channels.length) * axes.z * axes.t;
  const sizes = levels.flatMap(({ size, chunk }) => [...size, ...chunk]);
  const counts = levels.map((level) => chunksOfLevel(level) * level.planes.length);
  const chunks = counts.reduce((sum, count) => sum + count, 0);
  const fit = levels.every(({ planes: { length } }) => length === planes || length === 0);
  if (!(fit && planes > 0 && planes <= MAX_PLANES && chunks <= MAX_CHUNKS)) {
    throw unfit("the tables of the index do not fit its levels");
  }
  if (!sizes.every((side) => Number.isSafeInteger(side) && side >= 0)) {
    throw unfit("a level of the index has no size");
  }
  return chunks;
}

function chunksOfLevel({ size: [width, height], chunk, planes }: LevelHeader): number {
  return planes.length === 0 ? 0 : Math.ceil(width / chunk[0]) * Math.ceil(height / chunk[1]);
}
