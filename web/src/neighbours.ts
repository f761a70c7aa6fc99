/** The slides before and after one in the list it was opened from. */

import type { SlideApi } from "./api";
import { el, icon, iconButton } from "./dom";
import type { Slide } from "./slides";
import { type ListState, viewerAddress } from "./urlstate";

const PAGE_SLIDES = 200;
/** A slide further down than this was not opened from a list that somebody paged through. */
const MOST_PAGES = 5;

export interface Neighbours {
  readonly previous: Slide | null;
  readonly next: Slide | null;
}

/** Find the neighbours of a slide among those that can be opened; none when the list does not hold it. */
export async function findNeighbours(
  api: SlideApi,
  id: string,
  list: ListState,
): Promise<Neighbours> {
  let previous: Slide | null = null;
  let found = false;
  for await (const slide of openSlides(api, list)) {
    if (found) {
      return { previous, next: slide };
    }
    found = slide.id === id;
    previous = found ? previous : slide;
  }
  return { previous: found ? previous : null, next: null };
}

/** Make the two links; a missing neighbour leaves a dead button, so that the other stays in its place. */
export function neighbourLinks({ previous, next }: Neighbours, list: ListState): HTMLElement[] {
  return [
    neighbourLink("prev", "Previous slide (P)", previous, list),
    neighbourLink("next", "Next slide (N)", next, list),
  ];
}

function neighbourLink(
  rel: "prev" | "next",
  label: string,
  slide: Slide | null,
  list: ListState,
): HTMLElement {
  const drawing = rel === "prev" ? "back" : "next";
  if (slide === null) {
    return iconButton(drawing, `${label}: none`, { disabled: true });
  }
  const words = `${label}: ${slide.filename}`;
  const attributes = { class: "button", href: viewerAddress(slide.id, list), rel };
  return el("a", { ...attributes, title: words, "aria-label": words }, icon(drawing));
}

async function* openSlides(api: SlideApi, list: ListState): AsyncGenerator<Slide> {
  let cursor: string | null = null;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const query = { q: list.q, state: "imported", limit: PAGE_SLIDES, cursor } as const;
    // biome-ignore lint/performance/noAwaitInLoops: each page names the next one
    const { items, next_cursor: next } = await api.slides(query);
    yield* items;
    if (next === null) {
      return;
    }
    cursor = next;
  }
}
