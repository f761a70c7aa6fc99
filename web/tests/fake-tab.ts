/** One tab of a browser, in memory. */

import { Access } from "../src/access";
import type { Fetch } from "../src/api";

export const ORIGIN = "https://lab.test";

function memoryStorage(): Storage {
  const kept = new Map<string, string>();
  return {
    get length() {
      return kept.size;
    },
    clear: () => kept.clear(),
    getItem: (key) => kept.get(key) ?? null,
    key: (index) => [...kept.keys()][index] ?? null,
    removeItem: (key) => void kept.delete(key),
    setItem: (key, value) => void kept.set(key, value),
  };
}

/** One tab: its address, what it keeps, who it shows, and the page that is loaded in it. */
export class FakeTab {
  readonly storage = memoryStorage();
  readonly left: string[] = [];
  readonly people: (string | null)[] = [];
  #address: URL;

  constructor(path: string) {
    this.#address = new URL(path, ORIGIN);
  }

  get address(): string {
    return this.#address.href.slice(ORIGIN.length);
  }

  /** Load the page at an address anew; without one, the present page. */
  load({ fetch }: { readonly fetch: Fetch }, address = this.#address.href): Access {
    this.#address = new URL(address, ORIGIN);
    const bar = {
      here: () => new URL(this.#address),
      leave: (to: string) => this.left.push(to),
      rewrite: (to: string) => {
        this.#address = new URL(to, ORIGIN);
      },
    };
    const changed = (person: string | null) => this.people.push(person);
    return new Access({ bar, storage: this.storage, changed }, fetch);
  }
}
