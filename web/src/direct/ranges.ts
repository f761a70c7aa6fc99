/** Reads parts of files by HTTP range; neighbours that are asked for together come with one request. */

import { DirectError, unfit } from "./errors";

/** Bytes between two parts that are cheaper to read over than a request. */
const MAX_GAP = 16 * 1024;
/** A run is shown when all of it is there, so it should not take long. */
const MAX_RUN_BYTES = 2 * 1024 * 1024;
/** OpenSeadragon asks for a few tiles with each frame: those go together. */
const COLLECT_MS = 8;
const WEAK = /^W\//;
const PARTIAL_CONTENT = 206;
const FORBIDDEN = 403;

export interface Part {
  readonly start: number;
  readonly length: number;
}

interface Waiting extends Part {
  readonly signal: AbortSignal;
  readonly resolve: (bytes: Uint8Array<ArrayBuffer>) => void;
  readonly reject: (reason: unknown) => void;
}

export type Ask = (address: string, init: RequestInit) => Promise<Response>;

/** One file at an address, in the version that has this ETag. */
export class RangedFile {
  readonly #address: string;
  readonly #etag: string;
  readonly #ask: Ask;
  #waiting: Waiting[] = [];

  constructor(address: string, etag: string, ask: Ask) {
    this.#address = address;
    this.#etag = etag;
    this.#ask = ask;
  }

  /** Read a part; rejects with DirectError, what `fetch` throws, or the signal's reason. */
  read({ start, length }: Part, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) {
        setTimeout(() => this.#send(), COLLECT_MS);
      }
      this.#waiting.push({ start, length, signal, resolve, reject });
    });
  }

  #send(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { signal, reject } of waiting.filter((one) => one.signal.aborted)) {
      reject(signal.reason);
    }
    for (const run of runsOf(waiting.filter((one) => !one.signal.aborted))) {
      void this.#serve(run);
    }
  }

  async #serve(run: readonly Waiting[]): Promise<void> {
    const [{ start }] = run as [Waiting];
    const end = Math.max(...run.map((one) => one.start + one.length));
    try {
      const bytes = await this.#fetch(start, end, allOf(run.map(({ signal }) => signal)));
      for (const one of run) {
        const at = one.start - start;
        one.resolve(bytes.subarray(at, at + one.length));
      }
    } catch (error) {
      for (const { reject } of run) {
        reject(error);
      }
    }
  }

  async #fetch(start: number, end: number, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    const response = await this.#ask(this.#address, {
      // A plain range from one byte to another needs no question before it (CORS preflight).
      headers: { range: `bytes=${start}-${end - 1}` },
      credentials: "omit",
      mode: "cors",
      referrerPolicy: "no-referrer",
      signal,
    });
    if (response.status !== PARTIAL_CONTENT) {
      await response.body?.cancel();
      const words = `the bucket answered ${response.status}`;
      throw response.status === FORBIDDEN ? new DirectError("refused", words) : new Error(words);
    }
    // If-Match would need a preflight; a file that changed is as well known by its answer.
    if (bare(response.headers.get("etag")) !== bare(this.#etag)) {
      await response.body?.cancel();
      throw unfit("the file in the bucket is not the one that was indexed");
    }
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (bytes.length !== end - start) {
      throw unfit("the bucket sent another part than was asked for");
    }
    return bytes;
  }
}

/** Group parts that lie close to each other, in the order of the file. */
export function runsOf<One extends Part>(parts: readonly One[]): One[][] {
  const runs: One[][] = [];
  let [first, end] = [0, Number.NEGATIVE_INFINITY];
  for (const part of parts.toSorted((one, other) => one.start - other.start)) {
    const after = Math.max(end, part.start + part.length);
    if (part.start - end <= MAX_GAP && after - first <= MAX_RUN_BYTES) {
      runs.at(-1)?.push(part);
    } else {
      runs.push([part]);
      first = part.start;
    }
    end = runs.at(-1)?.length === 1 ? part.start + part.length : after;
  }
  return runs;
}

/** Return a signal that aborts when all of these have. */
function allOf(signals: readonly AbortSignal[]): AbortSignal {
  const controller = new AbortController();
  let left = signals.length;
  for (const signal of signals) {
    const gone = () => {
      left -= 1;
      if (left === 0) {
        controller.abort(signal.reason);
      }
    };
    signal.addEventListener("abort", gone, { once: true });
  }
  return controller.signal;
}

function bare(etag: string | null): string {
  return (etag ?? "").replace(WEAK, "").replaceAll('"', "");
}
