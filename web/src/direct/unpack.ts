/** Turns text and compressed streams into bytes of a size that is known before. */

/** Read base64; throws a DOMException for anything else. */
export function base64Bytes(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < bytes.length; at += 1) {
    bytes[at] = binary.charCodeAt(at);
  }
  return bytes;
}

/** Unpack a zlib stream that holds `size` bytes; throws RangeError when it holds more or fewer. */
export async function inflated(
  packed: Uint8Array<ArrayBuffer>,
  size: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(size);
  let at = 0;
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  for await (const part of parts(stream)) {
    if (at + part.length > size) {
      throw new RangeError("there is more in the stream than was announced");
    }
    bytes.set(part, at);
    at += part.length;
  }
  if (at !== size) {
    throw new RangeError("there is less in the stream than was announced");
  }
  return bytes;
}

/** Not all browsers can iterate over a stream by themselves. */
async function* parts(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    while (true) {
      // biome-ignore lint/performance/noAwaitInLoops: the parts of a stream come one after the other
      const { done, value } = await reader.read();
      if (done) {
        return;
      }
      yield value;
    }
  } finally {
    // Does nothing to a stream that has ended; one that is given up stops here.
    await reader.cancel().catch(() => undefined);
  }
}
