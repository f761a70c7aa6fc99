/** Makes pictures of stored tiles in the browser, as the server makes complete files of them. */

import { unfit } from "./errors";

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface StoredTile {
  /** Goes in front of the data in place of the data's own first two bytes. */
  readonly head: Uint8Array<ArrayBuffer>;
  readonly data: Uint8Array<ArrayBuffer>;
  /** As stored; tiles at the far edges are filled up to it. */
  readonly size: Size;
  /** The part, from the top left, that belongs to the slide. */
  readonly shown: Size;
}

/** Decode a stored tile and cut its padding off; rejects when it is no such picture. */
export async function drawn({ head, data, size, shown }: StoredTile): Promise<ImageBitmap> {
  if (!(data[0] === 0xff && data[1] === 0xd8)) {
    throw unfit("a stored tile does not start as a JPEG stream does");
  }
  const stream = new Blob([head, data.subarray(2)], { type: "image/jpeg" });
  const whole = await createImageBitmap(stream);
  if (whole.width !== size.width || whole.height !== size.height) {
    whole.close();
    throw unfit("a stored tile has another size than its level's tiles");
  }
  if (shown.width === size.width && shown.height === size.height) {
    return whole;
  }
  try {
    return await createImageBitmap(whole, 0, 0, shown.width, shown.height);
  } finally {
    whole.close();
  }
}

/** Draw what the scanner left out: the empty glass, or the dark of fluorescence. */
export async function blank({ width, height }: Size, dark: boolean): Promise<ImageBitmap> {
  const pixels = new ImageData(width, height);
  pixels.data.fill(255);
  if (dark) {
    for (let at = 0; at < pixels.data.length; at += 4) {
      pixels.data.fill(0, at, at + 3);
    }
  }
  return await createImageBitmap(pixels);
}
