import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Ask, RangedFile, runsOf } from "../../src/direct/ranges";

const CONTENT = Uint8Array.from({ length: 100_000 }, (_, place) => place % 251);
const never = () => new AbortController().signal;

interface Bucket {
  readonly ask: Ask;
  readonly asked: RequestInit[];
}

/** A bucket that holds one file; `answer` may change what it says. */
function makeBucket(answer: (right: Response) => Response = (right) => right): Bucket {
  const asked: RequestInit[] = [];
  const ask: Ask = (_, init) => {
    asked.push(init);
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(headersOf(init).get("range") ?? "") ?? [];
    const part = CONTENT.slice(Number(first), Number(last) + 1);
    return Promise.resolve(answer(new Response(part, { status: 206, headers: { etag: '"v1"' } })));
  };
  return { ask, asked };
}

function headersOf(init: RequestInit | undefined): Headers {
  return new Headers(init?.headers);
}

function makeFile(bucket: Bucket, etag = "v1"): RangedFile {
  return new RangedFile("https://bucket.test/a?sig=1", etag, bucket.ask);
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

async function settled<T>(...reads: Promise<T>[]): Promise<PromiseSettledResult<T>[]> {
  const all = Promise.allSettled(reads);
  await vi.advanceTimersByTimeAsync(50);
  return await all;
}

describe("parts of a file", () => {
  test("that lie close together come with one request", async () => {
    const bucket = makeBucket();
    const file = makeFile(bucket);
    const reads = [
      file.read({ start: 500, length: 10 }, never()),
      file.read({ start: 20, length: 30 }, never()),
      file.read({ start: 90_000, length: 5 }, never()),
    ];
    const results = await settled(...reads);
    const bytes = results.map((result) => (result.status === "fulfilled" ? [...result.value] : []));
    expect(bytes).toEqual([
      [...CONTENT.slice(500, 510)],
      [...CONTENT.slice(20, 50)],
      [...CONTENT.slice(90_000, 90_005)],
    ]);
    const ranges = bucket.asked.map((init) => headersOf(init).get("range"));
    expect(ranges).toEqual(["bytes=20-509", "bytes=90000-90004"]);
  });

  test("are asked for without cookies, referrer, or any header that asks before", async () => {
    const bucket = makeBucket();
    await settled(makeFile(bucket).read({ start: 0, length: 1 }, never()));
    expect(bucket.asked[0]).toMatchObject({ credentials: "omit", referrerPolicy: "no-referrer" });
    expect([...headersOf(bucket.asked[0]).keys()]).toEqual(["range"]);
  });

  test("are not asked for once nobody waits for them", async () => {
    const bucket = makeBucket();
    const gone = new AbortController();
    const read = makeFile(bucket).read({ start: 0, length: 1 }, gone.signal);
    gone.abort();
    const [result] = await settled(read);
    expect(result).toMatchObject({ status: "rejected", reason: { name: "AbortError" } });
    expect(bucket.asked).toEqual([]);
  });

  test("go on to whoever still waits when another gives up", async () => {
    const bucket = makeBucket();
    const file = makeFile(bucket);
    const [one, other] = [new AbortController(), new AbortController()];
    const reads = [
      file.read({ start: 0, length: 1 }, one.signal),
      file.read({ start: 5, length: 1 }, other.signal),
    ];
    await vi.advanceTimersByTimeAsync(8);
    one.abort();
    expect(bucket.asked[0]?.signal?.aborted).toBe(false);
    other.abort();
    expect(bucket.asked[0]?.signal?.aborted).toBe(true);
    await settled(...reads);
  });

  test.each<[string, object, (right: Response) => Response]>([
    ["refused", { fault: "refused" }, () => new Response("", { status: 403 })],
    [
      "a file that is gone",
      { message: "the bucket answered 404" },
      () => new Response("", { status: 404 }),
    ],
    ["the whole file", { message: "the bucket answered 200" }, () => new Response("x")],
    [
      "another file",
      { fault: "other" },
      () => new Response("x", { status: 206, headers: { etag: '"v2"' } }),
    ],
    ["a file without a mark", { fault: "other" }, () => new Response("x", { status: 206 })],
    [
      "too little",
      { fault: "other" },
      () => new Response("x", { status: 206, headers: { etag: '"v1"' } }),
    ],
  ])("are not taken from an answer that is %s", async (_, reason, answer) => {
    const [result] = await settled(
      makeFile(makeBucket(answer)).read({ start: 0, length: 5 }, never()),
    );
    expect(result).toMatchObject({ status: "rejected", reason });
  });
});

test("an ETag is the same with and without its marks", async () => {
  for (const etag of ["v1", '"v1"', 'W/"v1"']) {
    // biome-ignore lint/performance/noAwaitInLoops: one after the other reads best
    const [result] = await settled(
      makeFile(makeBucket(), etag).read({ start: 0, length: 1 }, never()),
    );
    expect(result?.status).toBe("fulfilled");
  }
});

describe("runs", () => {
  const places = (parts: readonly (readonly [number, number])[]) =>
    runsOf(parts.map(([start, length]) => ({ start, length }))).map((run) =>
      run.map(({ start }) => start),
    );

  test("end at a gap that is larger than a request is dear", () => {
    expect(
      places([
        [0, 100],
        [16_484, 100],
        [32_969, 100],
      ]),
    ).toEqual([[0, 16_484], [32_969]]);
  });

  test("end before they take too long", () => {
    const half = 2 ** 20;
    expect(
      places([
        [0, half],
        [half, half],
        [2 * half, 1],
      ]),
    ).toEqual([[0, half], [2 * half]]);
  });

  test("hold parts that overlap, and one that is larger than any run", () => {
    expect(
      places([
        [0, 500],
        [100, 50],
        [400, 200],
      ]),
    ).toEqual([[0, 100, 400]]);
    expect(places([[0, 2 ** 23]])).toEqual([[0]]);
    expect(places([])).toEqual([]);
  });
});
