/** The cookies that open tiles: images cannot carry a token, so they are fetched before the first one. */

import { problemOf } from "./problem";

export const SESSION_ADDRESS = "/api/session";

/** The cookies last an hour; they are renewed while there is time to try again. */
const RENEW_AFTER_MS = 45 * 60_000;
const RETRY_MS = 60_000;
const UNTIL = "labsight.tiles-until";

export class TileSession {
  readonly #open: () => Promise<Response>;
  readonly #storage: Storage;
  #opening: Promise<void> | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `open` asks the server for cookies. When they were had last is known to all pages of the tab. */
  constructor(open: () => Promise<Response>, storage: Storage) {
    this.#open = open;
    this.#storage = storage;
  }

  /** Wait until there are cookies; at once when they are young. */
  async ready(): Promise<void> {
    const left = Number(this.#storage.getItem(UNTIL) ?? 0) - Date.now();
    if (left <= 0) {
      await this.renew();
    } else if (this.#timer === undefined) {
      this.#later(left);
    }
  }

  /** Get new cookies; throws the server's refusal. */
  async renew(): Promise<void> {
    this.#opening ??= this.#ask();
    try {
      await this.#opening;
    } finally {
      this.#opening = null;
    }
  }

  /** Wait for cookies that are on their way, whatever becomes of them. */
  async settled(): Promise<void> {
    await this.#opening?.catch(() => undefined);
  }

  /** Forget that there are cookies. */
  end(): void {
    clearTimeout(this.#timer);
    this.#storage.removeItem(UNTIL);
  }

  async #ask(): Promise<void> {
    const asked = Date.now();
    const response = await this.#open();
    if (!response.ok) {
      throw await problemOf(response);
    }
    this.#storage.setItem(UNTIL, String(asked + RENEW_AFTER_MS));
    this.#later(RENEW_AFTER_MS);
  }

  #later(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      void this.renew().catch(() => this.#later(RETRY_MS));
    }, ms);
  }
}
