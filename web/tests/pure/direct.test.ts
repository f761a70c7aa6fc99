import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type DirectDescription, directFault, isBucketAddress } from "../../src/direct/description";
import { DirectTiles, type Drawing, storedChannel } from "../../src/direct/tiles";
import { type Look, usualLook } from "../../src/look/look";
import { makeChannels, makeDescriptor } from "../make";
import { base64, makeSidecar } from "../make-sidecar";

const never = () => new AbortController().signal;
const PLAIN = usualLook(makeDescriptor());
const HOUR = 3_600_000;

function tilesOf(count: number, first = 0): [number, number][] {
  return Array.from({ length: count }, (_, place) => [first + 100 * place, 10]);
}

/** 3 x 2 tiles of 256 px in the finest level, one of them blank; below a level that is not JPEG. */
const INDEX = await makeSidecar({
  z: 2,
  head: [0xff, 0xd8, 9],
  levels: [
    { size: [600, 300], tile: 256, planes: [tilesOf(6).with(4, [0, 0]), tilesOf(6, 5000)] },
    { size: [150, 75], tile: 256, kind: "lzw", planes: [tilesOf(1), tilesOf(1)] },
  ],
});

interface SetUp {
  readonly tiles: DirectTiles;
  readonly described: DirectDescription[];
  readonly asked: string[];
  readonly drawn: string[];
  answer: () => Response | Promise<Response>;
}

/** Direct tiles whose pictures are words, over a bucket that `answer` stands for. */
function setUp(different: Partial<DirectDescription> = {}): SetUp {
  const bytes = (range: string) => {
    const [first, last] = range.slice(6).split("-").map(Number) as [number, number];
    return new Uint8Array(last - first + 1);
  };
  const state = {
    described: [] as DirectDescription[],
    asked: [] as string[],
    drawn: [] as string[],
    answer: undefined as SetUp["answer"] | undefined,
  };
  const tell = () => {
    const description: DirectDescription = {
      version: "v",
      expires_seconds: 3600,
      files: [`https://bucket.test/a?sig=${state.described.length}`],
      index: base64(INDEX),
      ...different,
    };
    state.described.push(description);
    return Promise.resolve(description);
  };
  const ask = async (address: string, init: RequestInit) => {
    const range = new Headers(init.headers).get("range") ?? "";
    state.asked.push(`${address} ${range}`);
    return (
      (await state.answer?.()) ??
      new Response(bytes(range), { status: 206, headers: { etag: "abc" } })
    );
  };
  const word = (text: string) => {
    state.drawn.push(text);
    return Promise.resolve(text as unknown as ImageBitmap);
  };
  const drawing: Drawing = {
    drawn: ({ head, data, shown }) =>
      word(`${head.length}+${data.length} ${shown.width}x${shown.height}`),
    blank: ({ width, height }, dark) => word(`${dark ? "dark" : "light"} ${width}x${height}`),
  };
  return Object.assign(state, { tiles: new DirectTiles(tell, ask, drawing) }) as SetUp;
}

async function tile(
  made: SetUp,
  place: Partial<Record<"level" | "column" | "row", number>>,
  look: Look = PLAIN,
) {
  return await made.tiles.tile({ level: 0, column: 0, row: 0, ...place }, look, never());
}

beforeEach(() => {
  // The index is unpacked by the system, which keeps its own time.
  vi.useFakeTimers({ toFake: ["Date"] });
});

afterEach(() => {
  vi.useRealTimers();
});

describe("a stored tile", () => {
  test("is drawn from its part of the file, with its head", async () => {
    const made = setUp();
    expect(await tile(made, { column: 1 })).toBe("3+10 256x256");
    expect(made.asked).toEqual(["https://bucket.test/a?sig=0 bytes=100-109"]);
  });

  test("loses its padding at the far edges", async () => {
    const made = setUp();
    expect(await tile(made, { column: 2, row: 1 })).toBe("3+10 88x44");
  });

  test("that was left out is drawn without asking", async () => {
    const made = setUp();
    expect(await tile(made, { column: 1, row: 1 })).toBe("light 256x44");
    expect(made.asked).toEqual([]);
  });

  test("is taken from the focal plane that is shown", async () => {
    const made = setUp();
    await tile(made, {}, { ...PLAIN, z: 1 });
    expect(made.asked).toEqual(["https://bucket.test/a?sig=0 bytes=5000-5009"]);
  });

  test("needs the addresses only once", async () => {
    const made = setUp();
    await Promise.all([tile(made, {}), tile(made, { column: 1 }), tile(made, { column: 2 })]);
    expect(made.described).toHaveLength(1);
  });
});

describe("the server makes", () => {
  test("tiles of levels that are not stored as browsers show them", async () => {
    const made = setUp();
    expect(await tile(made, { level: 1 })).toBeNull();
    expect(await tile(made, { level: 2 })).toBeNull();
    expect(made.asked).toEqual([]);
  });

  test("every look that the file does not hold, without even an address", async () => {
    const made = setUp();
    expect(await tile(made, {}, { ...PLAIN, srgb: true })).toBeNull();
    expect(made.described).toEqual([]);
  });

  test.each<[number | null, Partial<Look>]>([
    [0, {}],
    [null, { srgb: true }],
    [null, { channels: usualLook(makeDescriptor({ channels: makeChannels("a", "b") })).channels }],
    [1, { channels: white(false, true) }],
    [null, { channels: white(true, true) }],
    [null, { channels: white(false, false) }],
  ])("channel %s is as it is stored in %j", (channel, different) => {
    expect(storedChannel({ ...PLAIN, ...different })).toBe(channel);
  });
});

function white(...shown: readonly boolean[]): Look["channels"] {
  return shown.map((on) => ({ shown: on, colour: "FFFFFF", window: [0, 255] }));
}

describe("addresses", () => {
  test("are renewed before they run out", async () => {
    const made = setUp();
    await tile(made, {});
    vi.setSystemTime(Date.now() + 0.7 * HOUR);
    await tile(made, {});
    expect(made.described).toHaveLength(1);
    vi.setSystemTime(Date.now() + 0.2 * HOUR);
    await tile(made, {});
    expect(made.asked.at(-1)).toContain("sig=1");
  });

  test("are renewed when the bucket refuses them, and asked once more", async () => {
    const made = setUp();
    const answers = [new Response("", { status: 403 })];
    made.answer = () => answers.shift() as Response;
    expect(await tile(made, {})).toBe("3+10 256x256");
    expect(made.described).toHaveLength(2);
  });

  test("that are refused again leave the tile to the server", async () => {
    const made = setUp();
    made.answer = () => new Response("", { status: 403 });
    expect(await tile(made, {})).toBeNull();
    expect(made.described).toHaveLength(2);
  });
});

describe("a bucket that fails", () => {
  test("is left alone for a minute after a dozen tiles", async () => {
    const made = setUp();
    made.answer = () => Promise.reject(new TypeError("Failed to fetch"));
    for (let time = 0; time < 12; time += 1) {
      // biome-ignore lint/performance/noAwaitInLoops: in a row
      expect(await tile(made, {})).toBeNull();
    }
    const asked = made.asked.length;
    expect(await tile(made, {})).toBeNull();
    expect(made.asked).toHaveLength(asked);
    made.answer = undefined as never;
    vi.setSystemTime(Date.now() + 61_000);
    expect(await tile(made, {})).toBe("3+10 256x256");
  });

  test("may fail now and then", async () => {
    const made = setUp();
    const fine = made.answer;
    for (let time = 0; time < 30; time += 1) {
      made.answer = time % 2 ? () => Promise.reject(new TypeError("Failed to fetch")) : fine;
      // biome-ignore lint/performance/noAwaitInLoops: in a row
      expect(await tile(made, {})).toBe(time % 2 ? null : "3+10 256x256");
    }
  });

  test("is never asked again when it holds another file", async () => {
    const made = setUp();
    made.answer = () => new Response("0123456789", { status: 206, headers: { etag: "new" } });
    expect(await tile(made, {})).toBeNull();
    vi.setSystemTime(Date.now() + HOUR);
    expect(await tile(made, {})).toBeNull();
    expect(made.asked).toHaveLength(1);
  });

  test("is not blamed for what was given up", async () => {
    const made = setUp();
    const gone = AbortSignal.abort();
    for (let time = 0; time < 20; time += 1) {
      // biome-ignore lint/performance/noAwaitInLoops: in a row
      expect(await made.tiles.tile({ level: 0, column: 0, row: 0 }, PLAIN, gone)).toBeNull();
    }
    expect(await tile(made, {})).toBe("3+10 256x256");
  });

  test("or an index that is damaged leaves all to the server", async () => {
    const made = setUp({ index: base64(INDEX.slice(0, -1)) });
    expect(await tile(made, {})).toBeNull();
    expect(await tile(made, {})).toBeNull();
    expect(made.described).toHaveLength(1);
  });
});

test.each([
  ["https://bucket.s3.eu-central-1.amazonaws.com/a?X-Amz-Signature=1", true],
  ["http://127.0.0.1:4566/bucket/a", true],
  ["http://localhost:4566/bucket/a", true],
  ["http://[::1]:4566/bucket/a", true],
  ["http://bucket.test/a", false],
  ["http://127.0.0.1.evil.test/a", false],
  ["https://user:word@bucket.test/a", false],
  ["javascript:alert(1)", false],
  ["data:image/jpeg;base64,", false],
  ["/slides/a", false],
  ["//bucket.test/a", false],
  ["", false],
  [null, false],
])("%s may be a bucket's address: %s", (address, may) => {
  expect(isBucketAddress(address)).toBe(may);
});

describe("a description", () => {
  const right = { version: "v", expires_seconds: 60, files: ["https://b.test/a"], index: "" };

  test("that is right has no fault", () => {
    expect(directFault(right, "v")).toBeNull();
  });

  test.each<[string, Partial<Record<keyof DirectDescription, unknown>>]>([
    ["another version", { version: "w" }],
    ["no safe address", { files: [] }],
    ["no safe address", { files: "https://b.test/a" }],
    ["no safe address", { files: ["https://b.test/a", "http://b.test/b"] }],
    ["no index", { index: null }],
    ["no time", { expires_seconds: 0 }],
    ["no time", { expires_seconds: "60" }],
  ])("is refused for %s", (reason, different) => {
    expect(directFault({ ...right, ...different } as DirectDescription, "v")).toContain(reason);
  });
});
