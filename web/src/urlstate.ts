/** What a link holds: the list's search and filter, and in the viewer the slide and the place on it. */

import { IMPORT_STATES, type ImportState } from "./slides";

const MAX_QUERY_CHARACTERS = 200;

export interface ListState {
  readonly q: string;
  readonly state: ImportState | null;
}

/** A place on a slide: centre in px of the finest level, screen px per such px, degrees clockwise. */
export interface Position {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
  readonly rotation: number;
}

export function readListState(search: string): ListState {
  const parameters = new URLSearchParams(search);
  const state = parameters.get("state");
  return {
    q: (parameters.get("q") ?? "").trim().slice(0, MAX_QUERY_CHARACTERS),
    state: IMPORT_STATES.find((known) => known === state) ?? null,
  };
}

export function listAddress(list: ListState): string {
  const parameters = listParameters(list).toString();
  return parameters === "" ? "/" : `/?${parameters}`;
}

/** Return the id named in the viewer's address, or null. */
export function readSlideId(search: string): string | null {
  return new URLSearchParams(search).get("slide") || null;
}

/** Return the viewer's address of a slide, with the list it was opened from, so that "next" knows it. */
export function viewerAddress(id: string, list: ListState): string {
  return `/viewer.html?${new URLSearchParams([["slide", id], ...listParameters(list)])}`;
}

/** Read `#x=..&y=..&z=..&r=..`; null when it names no place. */
export function readPosition(hash: string): Position | null {
  const parameters = new URLSearchParams(hash.startsWith("#") ? hash.slice(1) : hash);
  const [x, y, zoom] = ["x", "y", "z"].map((name) => finite(parameters.get(name)));
  if (x === undefined || y === undefined || zoom === undefined || zoom <= 0) {
    return null;
  }
  return { x, y, zoom, rotation: fullTurn(finite(parameters.get("r")) ?? 0) };
}

export function positionHash({ x, y, zoom, rotation }: Position): string {
  const parts = [`x=${Math.round(x)}`, `y=${Math.round(y)}`, `z=${Number(zoom.toPrecision(4))}`];
  const turned = Math.round(fullTurn(rotation)) % 360;
  return `#${[...parts, ...(turned === 0 ? [] : [`r=${turned}`])].join("&")}`;
}

function listParameters({ q, state }: ListState): URLSearchParams {
  const parameters = new URLSearchParams();
  if (q !== "") {
    parameters.set("q", q);
  }
  if (state !== null) {
    parameters.set("state", state);
  }
  return parameters;
}

function finite(text: string | null): number | undefined {
  const value = text === null || text.trim() === "" ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : undefined;
}

function fullTurn(degrees: number): number {
  return ((degrees % 360) + 360) % 360;
}
