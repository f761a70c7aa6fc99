/** One person's sign-in in this tab: begun, finished, renewed in time, and ended. */

import type { Fetch } from "./api";
import type { LoginConfig } from "./config";
import {
  type Attempt,
  authorizeAddress,
  exchangeCode,
  logoutAddress,
  newAttempt,
  type OauthClient,
  refreshTokens,
  revoke,
  SignInEnded,
  type Tokens,
} from "./oauth";
import { ApiProblem } from "./problem";
import { isLocalAddress } from "./slides";
import { atMost, GOODBYE_MS } from "./waiting";

const UNAUTHORIZED = 401;
/** Tokens are renewed this long before they run out, so that none does on its way. */
const EARLY_MS = 60_000;
/** And not more often than this by themselves, however short a token is said to last. */
const SHORTEST_MS = 30_000;

const ATTEMPT = "labsight.attempt";
const REFRESH = "labsight.refresh";
const SIGNED_OUT = "labsight.signed-out";

/** The tab's address bar. */
export interface AddressBar {
  readonly here: () => URL;
  /** Leave for another address; nothing of this page goes on. */
  readonly leave: (address: string) => void;
  /** Change the address without leaving the page. */
  readonly rewrite: (address: string) => void;
}

export interface LoginParts {
  readonly bar: AddressBar;
  readonly storage: Storage;
  /** Told who is signed in; null: nobody any more. Never called where nobody has to sign in. */
  readonly changed: (person: string | null) => void;
}

/**
 * Tokens live in memory. The refresh token and a sign-in under way also lie in the tab's sessionStorage: each
 * of our pages is loaded anew, and without it each would go through the sign-in service. It ends with the tab,
 * no other tab or site reads it, and the content security policy lets no foreign script in that could.
 */
export class Login {
  readonly #client: OauthClient;
  readonly #bar: AddressBar;
  readonly #storage: Storage;
  readonly #changed: (person: string | null) => void;
  #tokens: Tokens | null = null;
  #renewing: Promise<string> | null = null;
  #leaving: Promise<never> | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(config: LoginConfig, fetcher: Fetch, { bar, storage, changed }: LoginParts) {
    // The one address that the sign-in service knows to come back to.
    this.#client = { config, fetch: fetcher, redirect: `${bar.here().origin}/` };
    this.#bar = bar;
    this.#storage = storage;
    this.#changed = changed;
  }

  /** Take the answer of the sign-in service out of the address, and go on to the page asked for. */
  async finish(): Promise<void> {
    const query = this.#bar.here().searchParams;
    const attempt = this.#takeAttempt();
    this.#bar.rewrite(this.#bar.here().pathname);
    // First of all: a link that somebody sends could show any words as those of the sign-in service.
    if (attempt === null || attempt.state !== query.get("state")) {
      throw this.#problem(
        "This sign-in is not finished",
        "It was begun in another tab, or longer ago. Sign in again in this one.",
      );
    }
    const refused = query.get("error");
    if (refused !== null) {
      throw this.#problem(
        "Signing in did not work",
        `${query.get("error_description") ?? refused}. Sign in again, or ask whoever runs labsight.`,
      );
    }
    try {
      const code = query.get("code") ?? "";
      this.#keep(await exchangeCode(this.#client, code, attempt));
    } catch (error) {
      throw this.#explained(error);
    }
    await this.#goTo(attempt.page);
  }

  /** Return a token that is good now; a person who is not signed in is sent to do so. */
  async token(): Promise<string> {
    if (this.#tokens !== null && Date.now() < this.#tokens.expires - EARLY_MS) {
      return this.#tokens.access;
    }
    return await this.renew();
  }

  /** Get another token than the one there is. */
  async renew(): Promise<string> {
    const refresh = this.#storage.getItem(REFRESH);
    if (refresh === null) {
      return await this.#unknown();
    }
    this.#renewing ??= this.#refreshed(refresh);
    return await this.#renewing;
  }

  async #refreshed(refresh: string): Promise<string> {
    try {
      const tokens = await refreshTokens(this.#client, refresh);
      if (this.#storage.getItem(REFRESH) !== refresh) {
        // Signed out while the answer was on its way: it must not sign the person in again.
        return await this.#unknown();
      }
      this.#keep(tokens);
      return tokens.access;
    } catch (error) {
      if (error instanceof SignInEnded) {
        this.#storage.removeItem(REFRESH);
        return await this.#unknown();
      }
      throw error;
    } finally {
      this.#renewing = null;
    }
  }

  /** Leave for the sign-in page; it leads back to where the person is now. */
  async signIn(): Promise<never> {
    // Several requests may find out at once, and only the last attempt would be known.
    this.#leaving ??= this.#beginSignIn();
    return await this.#leaving;
  }

  async #beginSignIn(): Promise<never> {
    const { pathname, search, hash } = this.#bar.here();
    const attempt = newAttempt(pathname + search + hash);
    this.#storage.removeItem(SIGNED_OUT);
    this.#storage.setItem(ATTEMPT, JSON.stringify(attempt));
    return await this.#leave(await authorizeAddress(this.#client, attempt));
  }

  /** Forget the person here and at the sign-in service. */
  async signOut(): Promise<never> {
    clearTimeout(this.#timer);
    const refresh = this.#storage.getItem(REFRESH);
    this.#storage.removeItem(REFRESH);
    this.#storage.removeItem(ATTEMPT);
    this.#storage.setItem(SIGNED_OUT, "yes");
    this.#tokens = null;
    this.#changed(null);
    if (refresh !== null) {
      await atMost(GOODBYE_MS, revoke(this.#client, refresh));
    }
    return await this.#leave(logoutAddress(this.#client));
  }

  /** Tell that the API does not take the token, fresh as it is. */
  notTaken(): ApiProblem {
    return this.#problem(
      "Your sign-in is not accepted here",
      "Sign in again; if that does not help, tell whoever runs labsight.",
    );
  }

  /** Go to the page that was asked for, without loading it again when it is this one. */
  async #goTo(page: string): Promise<void> {
    const address = isLocalAddress(page) ? page : "/";
    const { pathname, origin } = this.#bar.here();
    if (new URL(address, origin).pathname === pathname) {
      this.#bar.rewrite(address);
    } else {
      await this.#leave(address);
    }
  }

  /** Without tokens: sign in, unless the person just left, or would be torn away from their work. */
  async #unknown(): Promise<never> {
    if (this.#tokens !== null) {
      throw this.#problem("Your sign-in has ended", "Sign in again to go on where you are.");
    }
    if (this.#storage.getItem(SIGNED_OUT) !== null) {
      throw this.#problem("You are signed out", "Sign in to see the slides.");
    }
    return await this.signIn();
  }

  #keep(tokens: Tokens): void {
    this.#tokens = tokens;
    this.#storage.removeItem(SIGNED_OUT);
    if (tokens.refresh !== null) {
      this.#storage.setItem(REFRESH, tokens.refresh);
    }
    this.#changed(tokens.person);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => void this.renew().catch(() => undefined), // The next request tells what is wrong.
      Math.max(SHORTEST_MS, tokens.expires - Date.now() - EARLY_MS),
    );
  }

  #takeAttempt(): Attempt | null {
    const kept = this.#storage.getItem(ATTEMPT);
    this.#storage.removeItem(ATTEMPT);
    return kept === null ? null : (JSON.parse(kept) as Attempt);
  }

  #explained(error: unknown): unknown {
    return error instanceof SignInEnded
      ? this.#problem("This sign-in is not finished", "It took too long. Sign in again.")
      : error;
  }

  #problem(title: string, detail: string): ApiProblem {
    const remedy = { label: "Sign in", run: () => void this.signIn() };
    return new ApiProblem(UNAUTHORIZED, title, detail, { remedy });
  }

  /** Leave the page; what waits for the answer of this waits until it is gone. */
  async #leave(address: string): Promise<never> {
    this.#bar.leave(address);
    return await new Promise<never>(() => undefined);
  }
}

/** Say whether an address is the answer of a sign-in service. */
export function isAnswer({ searchParams }: URL): boolean {
  return searchParams.has("state") && (searchParams.has("code") || searchParams.has("error"));
}
