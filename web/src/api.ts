/** The catalog and slide descriptors over HTTP; every failure becomes an ApiProblem in plain words. */

import { type DirectDescription, directFault } from "./direct/description";
import { ApiProblem, isAbort, noAnswer, problemOf, readJson, unexpectedAnswer } from "./problem";
import {
  faultOf,
  type ImportState,
  type Slide,
  type SlideDescriptor,
  type SlidePage,
} from "./slides";

export interface SlideQuery {
  readonly q: string;
  readonly state: ImportState | null;
  /** 1 to 200. */
  readonly limit: number;
  readonly cursor: string | null;
}

export type Fetch = (address: string, init: RequestInit) => Promise<Response>;

export class SlideApi {
  readonly #fetch: Fetch;

  constructor(fetcher: Fetch = (address, init) => fetch(address, init)) {
    this.#fetch = fetcher;
  }

  /** Return one page of the catalog, newest first. */
  async slides(query: SlideQuery, signal?: AbortSignal): Promise<SlidePage> {
    const page = (await this.#json(`/api/slides?${pageParameters(query)}`, signal)) as SlidePage;
    if (!Array.isArray(page?.items)) {
      throw unexpectedAnswer("The slide list has no items.");
    }
    return page;
  }

  async slide(id: string, signal?: AbortSignal): Promise<Slide> {
    return (await this.#json(`/api/slides/${encodeURIComponent(id)}`, signal)) as Slide;
  }

  async descriptor(id: string, signal?: AbortSignal): Promise<SlideDescriptor> {
    const address = `/slides/${encodeURIComponent(id)}/slide.json`;
    const descriptor = (await this.#json(address, signal)) as SlideDescriptor;
    const fault = faultOf(descriptor);
    if (fault !== null) {
      throw unexpectedAnswer(`The description of this slide cannot be used: ${fault}.`);
    }
    return descriptor;
  }

  /** Ask how to read a slide's tiles out of the bucket; its descriptor says where to ask. */
  async direct(address: string, version: string): Promise<DirectDescription> {
    const description = (await this.#json(address)) as DirectDescription;
    const fault = directFault(description, version);
    if (fault !== null) {
      throw unexpectedAnswer(`The slide cannot be read directly: ${fault}.`);
    }
    return description;
  }

  async #json(address: string, signal?: AbortSignal): Promise<unknown> {
    const response = await this.#answer(address, signal);
    if (!response.ok) {
      throw await problemOf(response);
    }
    const body = await readJson(response);
    if (body === null) {
      throw unexpectedAnswer("The server sent something other than JSON.");
    }
    return body;
  }

  async #answer(address: string, signal?: AbortSignal): Promise<Response> {
    try {
      const init: RequestInit = { headers: { accept: "application/json" } };
      return await this.#fetch(address, signal ? { ...init, signal } : init);
    } catch (error) {
      // A problem of signing in has its own words already.
      if (isAbort(error) || error instanceof ApiProblem) {
        throw error;
      }
      throw noAnswer(error);
    }
  }
}

function pageParameters(query: SlideQuery): URLSearchParams {
  const parameters = new URLSearchParams({ limit: String(query.limit) });
  if (query.cursor !== null) {
    parameters.set("cursor", query.cursor);
  }
  if (query.q !== "") {
    parameters.set("q", query.q);
  }
  if (query.state !== null) {
    parameters.set("state", query.state);
  }
  return parameters;
}
