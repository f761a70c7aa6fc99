/** Stands between the pages and the server: what they ask for goes out signed in, where that is needed. */

import type { Fetch } from "./api";
import { type LoginConfig, readConfig } from "./config";
import { isAnswer, Login, type LoginParts } from "./login";
import { isAbort, noAnswer } from "./problem";
import { SESSION_ADDRESS, TileSession } from "./tilesession";
import { atMost, GOODBYE_MS } from "./waiting";

const UNAUTHORIZED = 401;
const FORBIDDEN = 403;

/** A login and the tile cookies that come with it. */
interface Entry {
  readonly login: Login;
  readonly tiles: TileSession;
}

export class Access {
  readonly #fetch: Fetch;
  readonly #parts: LoginParts;
  #entry: Promise<Entry | null> | null = null;
  #arrival: Promise<void> | null = null;

  constructor(parts: LoginParts, fetcher: Fetch = (address, init) => fetch(address, init)) {
    this.#parts = parts;
    this.#fetch = fetcher;
  }

  /** Finish a sign-in whose answer is in the address; what went wrong is told to the first request. */
  async arrive(): Promise<void> {
    if (isAnswer(this.#parts.bar.here())) {
      this.#arrival = this.#finish();
      await this.#arrival.catch(() => undefined);
    }
  }

  /** Fetch from our own server. */
  readonly fetch: Fetch = async (address, init) => {
    const arrival = this.#arrival;
    // Told once: the next request begins anew.
    this.#arrival = null;
    await arrival;
    const entry = await this.#login();
    if (entry === null) {
      return await this.#fetch(address, init);
    }
    return address.startsWith("/api/")
      ? await this.#fromApi(entry, address, init)
      : await this.#withCookies(entry, address, init);
  };

  /** Get new tile cookies, as before tiles that were refused are tried again. */
  async renewTiles(): Promise<void> {
    await (await this.#login())?.tiles.renew();
  }

  /** See to it that the tile cookies are good, as after the computer slept. */
  async wake(): Promise<void> {
    const entry = await this.#entry;
    await entry?.tiles.ready();
  }

  async signOut(): Promise<void> {
    const entry = await this.#login();
    if (entry === null) {
      return;
    }
    await atMost(GOODBYE_MS, this.#closeSession(entry));
    entry.tiles.end();
    await entry.login.signOut();
  }

  async #closeSession(entry: Entry): Promise<void> {
    try {
      // Cookies that came after the goodbye would stay.
      await entry.tiles.settled();
      await this.#signed(entry, SESSION_ADDRESS, { method: "DELETE", credentials: "same-origin" });
    } catch {
      // The cookies end by themselves; that must not keep anybody signed in.
    }
  }

  async #finish(): Promise<void> {
    const entry = await this.#login();
    await entry?.login.finish();
  }

  async #login(): Promise<Entry | null> {
    this.#entry ??= this.#begin();
    try {
      return await this.#entry;
    } catch (error) {
      // The settings could not be read: trying again reads them again.
      this.#entry = null;
      throw error;
    }
  }

  async #begin(): Promise<Entry | null> {
    const { bar } = this.#parts;
    const config = await readConfig(this.#fetch, bar.here().origin);
    return config === null ? null : this.#enter(config);
  }

  #enter(config: LoginConfig): Entry {
    const { storage } = this.#parts;
    const login = new Login(config, this.#fetch, this.#parts);
    const open = () =>
      this.#signed({ login }, SESSION_ADDRESS, { method: "POST", credentials: "same-origin" });
    return { login, tiles: new TileSession(open, storage) };
  }

  /** The answer names pictures, which the page shows at once: their cookies have to be there by then. */
  async #fromApi(entry: Entry, address: string, init: RequestInit): Promise<Response> {
    const [response] = await Promise.all([this.#signed(entry, address, init), entry.tiles.ready()]);
    return response;
  }

  async #withCookies(entry: Entry, address: string, init: RequestInit): Promise<Response> {
    await entry.tiles.ready();
    const response = await this.#fetch(address, init);
    if (response.status !== FORBIDDEN) {
      return response;
    }
    await entry.tiles.renew();
    return await this.#fetch(address, init);
  }

  /** Ask with a token, and once more with another one when it is not taken. */
  async #signed(
    { login }: Pick<Entry, "login">,
    address: string,
    init: RequestInit,
  ): Promise<Response> {
    const response = await this.#ask(address, init, await login.token());
    if (response.status !== UNAUTHORIZED) {
      return response;
    }
    const again = await this.#ask(address, init, await login.renew());
    if (again.status === UNAUTHORIZED) {
      throw login.notTaken();
    }
    return again;
  }

  async #ask(address: string, init: RequestInit, token: string): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set("authorization", `Bearer ${token}`);
    try {
      return await this.#fetch(address, { ...init, headers });
    } catch (error) {
      throw isAbort(error) ? error : noAnswer(error);
    }
  }
}
