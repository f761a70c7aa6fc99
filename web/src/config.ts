/** How people sign in here, as the deployment's config.json tells. */

import type { Fetch } from "./api";
import { noAnswer, problemOf, readJson, unexpectedAnswer } from "./problem";

export const CONFIG_ADDRESS = "/config.json";

/** Where to sign in (OAuth 2, code flow with PKCE), and as which client. */
export interface LoginConfig {
  /** Base of /oauth2/authorize, /oauth2/token, /oauth2/revoke and /logout. */
  readonly authority: string;
  readonly clientId: string;
  readonly scopes: readonly string[];
}

/** Read config.json; null where nobody has to sign in. */
export async function readConfig(fetcher: Fetch, origin: string): Promise<LoginConfig | null> {
  const response = await answer(fetcher);
  if (!response.ok) {
    throw await problemOf(response);
  }
  const body = (await readJson(response)) as { login?: unknown } | null;
  if (body === null || body.login === undefined) {
    throw unexpectedAnswer("The settings of this page (config.json) do not say how to sign in.");
  }
  return body.login === null ? null : checked(body.login as Partial<LoginConfig>, origin);
}

async function answer(fetcher: Fetch): Promise<Response> {
  try {
    // Never from a cache of the browser: an old file would sign people in at the wrong place.
    return await fetcher(CONFIG_ADDRESS, { cache: "no-store" });
  } catch (error) {
    throw noAnswer(error);
  }
}

function checked(login: Partial<LoginConfig>, origin: string): LoginConfig {
  const { authority, clientId, scopes } = login;
  const texts = [authority, clientId, ...(Array.isArray(scopes) ? scopes : [null])];
  if (!texts.every((text) => typeof text === "string" && text !== "")) {
    throw unexpectedAnswer("The settings of this page (config.json) name no complete sign-in.");
  }
  const address = authority as string;
  // Codes and tokens travel to this address: encrypted, or not leaving the machine at all.
  if (!(address.startsWith("https://") || address === origin)) {
    throw unexpectedAnswer(`The sign-in address ${address} is not encrypted (https).`);
  }
  return { authority: address, clientId: clientId as string, scopes: scopes as string[] };
}
