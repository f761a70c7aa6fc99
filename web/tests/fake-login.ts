/** A deployment with a login, in memory: its authority, its API and its tiles; and a clock that stands still. */

import { vi } from "vitest";
import type { Access } from "../src/access";
import type { Fetch } from "../src/api";
import { challengeOf } from "../src/oauth";
import { ApiProblem } from "../src/problem";
import { type FakeTab, ORIGIN } from "./fake-tab";
import { json } from "./make";

export const AUTHORITY = "https://login.test";
export const CLIENT = "web-client";

const digests: Promise<unknown>[] = [];

/** Stop the clock, and notice the digests under way: they are computed beside it. */
export function stopTime(): void {
  vi.useFakeTimers();
  const digest = crypto.subtle.digest.bind(crypto.subtle);
  vi.spyOn(crypto.subtle, "digest").mockImplementation((algorithm, data) => {
    const made = digest(algorithm, data);
    digests.push(made);
    return made;
  });
}

/** Wait until all that goes on has come to rest; what waits for a page to be left goes on waiting. */
export async function rest(): Promise<void> {
  await vi.advanceTimersByTimeAsync(1);
  while (digests.length > 0) {
    // biome-ignore lint/performance/noAwaitInLoops: one digest may lead to the next
    await Promise.all(digests.splice(0));
    await vi.advanceTimersByTimeAsync(1);
  }
}

/** Sign in on a page, and load the page that the browser comes back to. */
export async function signIn(deployment: FakeDeployment, tab: FakeTab): Promise<Access> {
  void tab.load(deployment).fetch("/api/slides", {});
  await rest();
  const page = tab.load(deployment, deployment.signIn(tab.left.at(-1) ?? ""));
  void page.arrive();
  await rest();
  return page;
}

/** Ways in which an answer can be wrong. */
export interface Faults {
  nonce?: string;
  audience?: string;
  seconds?: number;
  tokens?: () => Response;
  /** A request, by method and path, whose answer is on its way until this is done. */
  slow?: { readonly what: string; readonly until: Promise<void> };
}

interface Asked {
  readonly method: string;
  readonly address: string;
  readonly token: string | null;
}

/** The server side: it checks what a real authority and API check. */
export class FakeDeployment {
  readonly asked: Asked[] = [];
  readonly faults: Faults = {};
  config: () => Response = () =>
    json({ login: { authority: AUTHORITY, clientId: CLIENT, scopes: ["openid", "email"] } });
  session: () => Response = () => new Response(null, { status: 204 });
  /** Access tokens that the API takes. */
  readonly good = new Set<string>();
  readonly refreshes = new Set<string>();
  cookies = false;
  readonly #codes = new Map<string, URLSearchParams>();
  #count = 0;

  readonly fetch: Fetch = async (address, init) => {
    const url = new URL(address, ORIGIN);
    const token = new Headers(init.headers).get("authorization");
    this.asked.push({ method: init.method ?? "GET", address, token });
    const answer = await this.#answer(url, init, token);
    const { slow } = this.faults;
    if (slow?.what === `${init.method} ${url.pathname}`) {
      await slow.until;
    }
    return answer;
  };

  async #answer(url: URL, init: RequestInit, token: string | null): Promise<Response> {
    if (url.origin === AUTHORITY) {
      return await this.#authority(url, init.body as URLSearchParams);
    }
    if (url.pathname === "/config.json") {
      return this.config();
    }
    return url.pathname.startsWith("/api/")
      ? this.#api(url, init.method ?? "GET", token)
      : json({}, this.cookies ? 200 : 403);
  }

  /** Sign in at the authorize address and return where the browser is sent back to. */
  signIn(authorize: string): string {
    const query = new URL(authorize).searchParams;
    const code = this.#next("code");
    this.#codes.set(code, query);
    return `${query.get("redirect_uri")}?code=${code}&state=${query.get("state")}`;
  }

  count(method: string, path: string): number {
    return this.asked.filter((one) => one.method === method && one.address.endsWith(path)).length;
  }

  #api(url: URL, method: string, token: string | null): Response {
    if (!this.good.has((token ?? "").replace("Bearer ", ""))) {
      return json({ title: "Unauthorized" }, 401);
    }
    if (url.pathname !== "/api/session") {
      return json({ items: [], next_cursor: null });
    }
    const answer = method === "POST" ? this.session() : new Response(null, { status: 204 });
    this.cookies = method === "POST" && answer.ok;
    return answer;
  }

  async #authority(url: URL, form: URLSearchParams): Promise<Response> {
    if (url.pathname === "/oauth2/revoke") {
      this.refreshes.delete(form.get("token") ?? "");
      return new Response(null);
    }
    if (this.faults.tokens !== undefined) {
      return this.faults.tokens();
    }
    if (form.get("grant_type") === "refresh_token") {
      const known = this.refreshes.has(form.get("refresh_token") ?? "");
      return known ? json(this.#tokens()) : json({ error: "invalid_grant" }, 400);
    }
    const wish = this.#codes.get(form.get("code") ?? "");
    this.#codes.delete(form.get("code") ?? "");
    const challenge = await challengeOf(form.get("code_verifier") ?? "");
    if (wish === undefined || wish.get("code_challenge") !== challenge) {
      return json({ error: "invalid_grant" }, 400);
    }
    const refresh = this.#next("refresh");
    this.refreshes.add(refresh);
    const nonce = this.faults.nonce ?? wish.get("nonce");
    return json({ ...this.#tokens(nonce), refresh_token: refresh });
  }

  #tokens(nonce?: string | null): Record<string, unknown> {
    const access = this.#next("access");
    this.good.add(access);
    const claims = { aud: this.faults.audience ?? CLIENT, email: "ä.lab@example.org", nonce };
    const bytes = new TextEncoder().encode(JSON.stringify(claims));
    const payload = btoa(String.fromCharCode(...bytes))
      .replaceAll("+", "-")
      .replaceAll("/", "_");
    return {
      access_token: access,
      id_token: `h.${payload}.s`,
      expires_in: this.faults.seconds ?? 3600,
    };
  }

  #next(kind: string): string {
    this.#count += 1;
    return `${kind}-${this.#count}`;
  }
}

/** Return the problem that a request ends in. */
export async function problemOf(request: Promise<unknown>): Promise<ApiProblem> {
  const ended: unknown = await request.catch((caught) => caught);
  if (!(ended instanceof ApiProblem)) {
    throw new TypeError(`a problem was expected, not ${JSON.stringify(ended)}`);
  }
  return ended;
}
