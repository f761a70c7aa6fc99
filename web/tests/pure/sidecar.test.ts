import { describe, expect, test } from "vitest";
import { crc32 } from "../../src/direct/crc32";
import { Sidecar } from "../../src/direct/sidecar";
import { inflated } from "../../src/direct/unpack";
import { type MadeSidecar, makeSidecar, sealed } from "../make-sidecar";

const FAR = 5 * 2 ** 32 + 7;
/** Two channels at two z, of 2 x 1 chunks, and a level of one chunk below. */
const MADE: MadeSidecar = {
  channels: 2,
  z: 2,
  head: [0xff, 0xd8, 1, 2],
  levels: [
    {
      size: [300, 200],
      tile: 256,
      planes: [0, 1, 2, 3].map((plane) => [
        [1000 * plane + 5000, 10],
        [1000 * plane, 20],
      ]),
    },
    { size: [75, 50], tile: 256, planes: [[[1, 2]], [[3, 4]], [[5, 6]], [[FAR, 8]]] },
  ],
};

test("the check sum is that of zlib", () => {
  expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcb_f4_39_26);
  expect(crc32(new Uint8Array())).toBe(0);
});

describe("an index", () => {
  test("tells where the chunks of each plane lie, in any order and beyond 4 GB", async () => {
    const index = await Sidecar.read(await makeSidecar(MADE));
    const plane = index.plane(0, index.planeAt(1, 1, 0));
    expect([...plane.offsets]).toEqual([8000, 3000]);
    expect([...plane.lengths]).toEqual([10, 20]);
    expect([...plane.head]).toEqual([0xff, 0xd8, 1, 2]);
    expect([...index.plane(1, 3).offsets]).toEqual([FAR]);
    expect(index.files).toMatchObject([{ etag: "abc" }]);
  });

  test("tells which levels are sent as they are stored", async () => {
    const levels = [
      {
        size: [300, 200],
        tile: 256,
        planes: [
          [
            [0, 1],
            [1, 1],
          ],
        ],
      },
      { size: [75, 50], tile: 256, kind: "lzw", planes: [[[2, 1]]] },
      {
        size: [64, 64],
        tile: 64,
        chunk: 32,
        planes: [
          [
            [2, 1],
            [3, 1],
            [4, 1],
            [5, 1],
          ],
        ],
      },
    ] as const;
    const index = await Sidecar.read(await makeSidecar({ levels }));
    expect(index.levels.map(({ stored }) => stored)).toEqual([true, false, false]);
    expect(index.levels[0]).toMatchObject({ width: 300, height: 200, tileWidth: 256, planes: 1 });
  });

  test("has no plane that it was not written with", async () => {
    const index = await Sidecar.read(await makeSidecar(MADE));
    expect(() => index.plane(0, 4)).toThrow("level 0 has no plane 4");
    expect(() => index.plane(2, 0)).toThrow("level 2 has no plane 0");
  });

  test("of another version is not read", async () => {
    await expect(Sidecar.read(await makeSidecar({ ...MADE, version: 3 }))).rejects.toThrow(
      "of another version",
    );
    await expect(Sidecar.read(new Uint8Array(3))).rejects.toThrow("of another version");
  });

  test("with any byte changed or cut off is not read", async () => {
    const bytes = await makeSidecar(MADE);
    for (const place of [9, 20, bytes.length - 8, bytes.length - 1]) {
      const damaged = bytes.slice();
      damaged[place] = 255 - (damaged[place] as number);
      // biome-ignore lint/performance/noAwaitInLoops: one after the other reads best
      await expect(Sidecar.read(damaged)).rejects.toThrow("damaged");
    }
    await expect(Sidecar.read(bytes.slice(0, -1))).rejects.toThrow("damaged");
  });

  test.each<[string, object]>([
    ["do not fit its levels", { axes: { channels: [], z: 3, t: 1 } }],
    ["do not fit its levels", { axes: { channels: [], z: 1e9, t: 1 } }],
    [
      "do not fit its levels",
      { levels: [{ size: [1e7, 1e7, 1, 1], chunk: [1, 1], planes: [[0, 0]], heads: [] }] },
    ],
    [
      "do not fit its levels",
      { levels: [{ size: [9, 9, 9, 9], chunk: [0, 9], planes: [[0, 0]], heads: [] }] },
    ],
    [
      "less in the stream",
      { levels: [{ size: [9, 9, 9, 9], chunk: [1, 1], planes: [[0, 0]], heads: [] }] },
    ],
    [
      "more in the stream",
      { levels: [{ size: [9, 9, 9, 9], chunk: [9, 9], planes: [], heads: [] }] },
    ],
  ])("whose tables %s is not read", async (reason, different) => {
    const level = {
      size: [9, 9, 9, 9],
      chunk: [9, 9],
      coding: null,
      planes: [[0, 0]],
      heads: [""],
    };
    const header = { files: [], axes: { channels: [], z: 1, t: 1 }, levels: [level], ...different };
    const whole = await makeSidecar({ levels: [{ size: [9, 9], tile: 9, planes: [[[0, 1]]] }] });
    const length = new DataView(whole.buffer).getUint32(8, true);
    const text = new TextEncoder().encode(JSON.stringify(header));
    const body = new Uint8Array([...whole.slice(0, 12), ...text, ...whole.slice(12 + length, -4)]);
    new DataView(body.buffer).setUint32(8, text.length, true);
    await expect(Sidecar.read(sealed(body))).rejects.toThrow(reason);
  });
});

test("what is no zlib stream is not unpacked", async () => {
  await expect(inflated(new Uint8Array([1, 2, 3]), 5)).rejects.toThrow();
});
