/** Writes the index of a slide as the server does, for the tests of what reads it. */

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

export async function makeSidecar(made: MadeSidecar): Promise<Uint8Array<ArrayBuffer>> {
  const { channels = 0, z = 1, t = 1, version = 2, etag = "abc" } = made;
  const header = {
    files: [{ key: "slides/a.tif", etag, size: 1e9 }],
    axes: { channels: Array.from({ length: channels }, () => ({})), z, t },
    levels: made.levels.map((level) => levelHeader(level, made.head ?? [0xff, 0xd8])),
  };
  const text = new TextEncoder().encode(JSON.stringify(header));
  const tables = made.levels.flatMap(({ planes }) => planes.map(table));
  const start = new Uint8Array(12);
  start.set(new TextEncoder().encode("LSINDEX"));
  start[7] = version;
  new DataView(start.buffer).setUint32(8, text.length, true);
  return sealed(joined(start, text, await deflated(joined(...tables))));
}

/** Put the check sum behind an index. */
export function sealed(body: Uint8Array): Uint8Array<ArrayBuffer> {
  const sum = new Uint8Array(4);
  new DataView(sum.buffer).setUint32(0, crc32(body), true);
  return joined(body, sum);
}

export function base64(bytes: Iterable<number>): string {
  return btoa(String.fromCharCode(...bytes));
}

function levelHeader(
  { size, tile, chunk = tile, kind = "jpeg", planes }: MadeLevel,
  head: readonly number[],
) {
  return {
    size: [...size, tile, tile],
    chunk: [chunk, chunk],
    coding: { kind, samples: 3, bits: 8, colour: "ycbcr", order: "<", predictor: 1 },
    heads: [base64(head)],
    planes: planes.map(() => [0, 0]),
    made: false,
  };
}

function table(chunks: readonly (readonly [number, number])[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(12 * chunks.length));
  let end = 0;
  for (const [place, [offset, length]] of chunks.entries()) {
    view.setBigInt64(8 * place, BigInt(offset - end), true);
    view.setUint32(8 * chunks.length + 4 * place, length, true);
    end = offset + length;
  }
  return new Uint8Array(view.buffer);
}

async function deflated(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}
