/** The OAuth 2 code flow with PKCE (RFC 6749, RFC 7636) and OpenID Connect's nonce, as plain functions. */

import type { Fetch } from "./api";
import type { LoginConfig } from "./config";
import { ApiProblem, noAnswer, readJson, unexpectedAnswer } from "./problem";

const SECRET_BYTES = 32;
const MS_PER_SECOND = 1000;
/** Taken where the authority does not say how long a token lasts. */
const USUAL_SECONDS = 300;
/** The most that Cognito gives an access token; a clock for far longer would strike at once. */
const LONGEST_SECONDS = 86_400;

/** Who asks: as which client of which authority, and the address that the answers come to. */
export interface OauthClient {
  readonly config: LoginConfig;
  readonly redirect: string;
  readonly fetch: Fetch;
}

/** One sign-in that was begun: what its answer has to fit, and the page to come back to. */
export interface Attempt {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly page: string;
}

export interface Tokens {
  readonly access: string;
  /** Ms since 1970. */
  readonly expires: number;
  /** Null when the one that was used goes on being good. */
  readonly refresh: string | null;
  /** The e-mail address, or whatever else the authority calls the person. */
  readonly person: string;
}

/** The authority does not take the code or refresh token: the person has to sign in again. */
export class SignInEnded extends Error {
  override readonly name = "SignInEnded";
}

export function newAttempt(page: string): Attempt {
  return { state: secret(), nonce: secret(), verifier: secret(), page };
}

/** Return the address at which the person signs in. */
export async function authorizeAddress(
  { config, redirect }: OauthClient,
  attempt: Attempt,
): Promise<string> {
  const query = new URLSearchParams({
    response_type: "code",
    client_id: config.clientId,
    redirect_uri: redirect,
    scope: config.scopes.join(" "),
    state: attempt.state,
    nonce: attempt.nonce,
    code_challenge: await challengeOf(attempt.verifier),
    code_challenge_method: "S256",
  });
  return `${config.authority}/oauth2/authorize?${query}`;
}

/** Return the address at which the authority forgets the person and sends the browser back. */
export function logoutAddress({ config, redirect }: OauthClient): string {
  const query = new URLSearchParams({ client_id: config.clientId, logout_uri: redirect });
  return `${config.authority}/logout?${query}`;
}

/** Exchange the code of a finished sign-in. */
export async function exchangeCode(
  client: OauthClient,
  code: string,
  attempt: Attempt,
): Promise<Tokens> {
  const { tokens, claims } = await askForTokens(client, {
    grant_type: "authorization_code",
    code,
    redirect_uri: client.redirect,
    code_verifier: attempt.verifier,
  });
  if (claims["nonce"] !== attempt.nonce || claims["aud"] !== client.config.clientId) {
    throw unexpectedAnswer("The answer to this sign-in belongs to another one.");
  }
  return tokens;
}

/** Get a new access token without asking the person. */
export async function refreshTokens(client: OauthClient, refresh: string): Promise<Tokens> {
  const wish = { grant_type: "refresh_token", refresh_token: refresh };
  return (await askForTokens(client, wish)).tokens;
}

/** Make a refresh token useless; it runs out by itself if that cannot be told to anybody. */
export async function revoke({ fetch, config }: OauthClient, refresh: string): Promise<void> {
  const body = new URLSearchParams({ token: refresh, client_id: config.clientId });
  try {
    await fetch(`${config.authority}/oauth2/revoke`, { method: "POST", body });
  } catch {
    // Offline: the person is signed out here all the same.
  }
}

/** Return the S256 challenge of a verifier. */
export async function challengeOf(verifier: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  return base64Url(new Uint8Array(digest));
}

interface TokenAnswer {
  readonly access_token?: unknown;
  readonly id_token?: unknown;
  readonly refresh_token?: unknown;
  readonly expires_in?: unknown;
}

async function askForTokens(
  { fetch, config }: OauthClient,
  wish: Record<string, string>,
): Promise<{ tokens: Tokens; claims: Record<string, unknown> }> {
  const body = new URLSearchParams({ ...wish, client_id: config.clientId });
  const response = await post(fetch, `${config.authority}/oauth2/token`, body);
  const answer = (await readJson(response)) as (TokenAnswer & { error?: unknown }) | null;
  if (!response.ok) {
    throw refusal(response.status, answer?.error);
  }
  const claims = claimsOf(answer?.id_token);
  if (typeof answer?.access_token !== "string" || claims === null) {
    throw unexpectedAnswer("The sign-in gave no token.");
  }
  const seconds = typeof answer.expires_in === "number" ? answer.expires_in : USUAL_SECONDS;
  const tokens = {
    access: answer.access_token,
    expires: Date.now() + Math.min(seconds, LONGEST_SECONDS) * MS_PER_SECOND,
    refresh: typeof answer.refresh_token === "string" ? answer.refresh_token : null,
    person: String(claims["email"] ?? claims["cognito:username"] ?? claims["sub"]),
  };
  return { tokens, claims };
}

async function post(fetcher: Fetch, address: string, body: URLSearchParams): Promise<Response> {
  try {
    return await fetcher(address, { method: "POST", body });
  } catch (error) {
    throw noAnswer(error);
  }
}

function refusal(status: number, error: unknown): Error {
  if (error === "invalid_grant") {
    return new SignInEnded("the authority no longer takes this sign-in");
  }
  const reason = typeof error === "string" ? ` (${error})` : "";
  return new ApiProblem(
    status,
    "Signing in did not work",
    `The sign-in service answered ${status}${reason}. Try again; if that does not help, tell whoever runs labsight.`,
  );
}

/**
 * Return the claims of an id token, or null for what is none.
 *
 * Its signature needs no check: it came from the authority itself, over TLS
 * (OpenID Connect Core, 3.1.3.7, point 6).
 */
function claimsOf(token: unknown): Record<string, unknown> | null {
  const [, payload] = typeof token === "string" ? token.split(".") : [];
  if (payload === undefined) {
    return null;
  }
  try {
    const bytes = atob(payload.replaceAll("-", "+").replaceAll("_", "/"));
    const text = new TextDecoder().decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)));
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    // Cut off, or no token at all.
    return null;
  }
}

function secret(): string {
  return base64Url(crypto.getRandomValues(new Uint8Array(SECRET_BYTES)));
}

function base64Url(bytes: Uint8Array): string {
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
