/** Writes the index of a slide as the server does, for the tests of what reads it. */

// biome-ignore lint/correctness/noNodejsModules: the tests run in Node
import { deflateSync } from "node:zlib";
import { crc32 } from "../src/direct/crc32";

export interface MadeLevel {
  readonly size: readonly [number, number];
  readonly tile: number;
  readonly chunk?: number;
  readonly kind?: string;
  /** For each plane: offset and length of each chunk, row by row. */
  readonly planes: readonly (readonly (readonly [offset: number, length: number])[])[];
}

export interface MadeSidecar {
  readonly channels?: number;
  readonly z?: number;
  readonly t?: number;
  readonly etag?: string;
  readonly head?: readonly number[];
  readonly levels: readonly MadeLevel[];
  readonly version?: number;
}

export function makeSidecar(made: MadeSidecar): Uint8Array<ArrayBuffer> {
  const { channels = 0, z = 1, t = 1, version = 2, etag = "abc" } = made;
  const header = {
    files: [{ key: "slides/a.tif", etag, size: 1e9 }],
    axes: { channels: Array.from({ length: channels }, () => ({})), z, t },
    levels: made.levels.map((level) => levelHeader(level, made.head ?? [0xff, 0xd8])),
  };
  const text = Buffer.from(JSON.stringify(header));
  const tables = made.levels.flatMap(({ planes }) => planes.map(table));
  const start = Buffer.alloc(12);
  start.write("LSINDEX", "latin1");
  start.writeUInt8(version, 7);
  start.writeUInt32LE(text.length, 8);
  return sealed(Buffer.concat([start, text, deflateSync(Buffer.concat(tables))]));
}

/** Put the check sum behind an index. */
export function sealed(body: Uint8Array): Uint8Array<ArrayBuffer> {
  const sum = Buffer.alloc(4);
  sum.writeUInt32LE(crc32(body));
  return new Uint8Array([...body, ...sum]);
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

function levelHeader(
  { size, tile, chunk = tile, kind = "jpeg", planes }: MadeLevel,
  head: readonly number[],
) {
  return {
    size: [...size, tile, tile],
    chunk: [chunk, chunk],
    coding: { kind, samples: 3, bits: 8, colour: "ycbcr", order: "<", predictor: 1 },
    heads: [Buffer.from(head).toString("base64")],
    planes: planes.map(() => [0, 0]),
    made: false,
  };
}

function table(chunks: readonly (readonly [number, number])[]): Buffer {
  const bytes = Buffer.alloc(12 * chunks.length);
  let end = 0;
  for (const [place, [offset, length]] of chunks.entries()) {
    bytes.writeBigInt64LE(BigInt(offset - end), 8 * place);
    bytes.writeUInt32LE(length, 8 * chunks.length + 4 * place);
    end = offset + length;
  }
  return bytes;
}
