/** The list of slides: loads, searches, filters, pages, and follows imports until they are done. */

import type { SlideApi } from "./api";
import { button, emptyArchive, nothingFound, problemMessage } from "./messages";
import { type ApiProblem, asProblem, isAbort } from "./problem";
import { SlideRows } from "./rows";
import type { Slide, SlidePage } from "./slides";
import type { ListState } from "./urlstate";
import { delayBeforeLook } from "./waiting";

const PAGE_SLIDES = 50;
const MOST_SLIDES_PER_REQUEST = 200;
const PLACEHOLDERS = 6;

export interface ListParts {
  readonly slides: HTMLElement;
  readonly summary: HTMLElement;
  readonly notice: HTMLElement;
  readonly more: HTMLButtonElement;
}

export class SlideList {
  readonly #parts: ListParts;
  readonly #api: SlideApi;
  readonly #rows: SlideRows;
  readonly #onClear: () => void;
  #state: ListState = { q: "", state: null };
  #slides: readonly Slide[] = [];
  #cursor: string | null = null;
  #request = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #refreshes = 0;

  /** `onClear` is called when a person asks to see all slides again. */
  constructor(parts: ListParts, api: SlideApi, onClear: () => void) {
    this.#parts = parts;
    this.#api = api;
    this.#rows = new SlideRows(parts.slides);
    this.#onClear = onClear;
    parts.more.addEventListener("click", () => void this.more());
  }

  /** Show the slides of a search and filter from the start. */
  async load(state: ListState): Promise<void> {
    this.#state = state;
    this.#slides = [];
    this.#cursor = null;
    this.#refreshes = 0;
    this.#mark("loading");
    this.#rows.showPlaceholdersUnlessFilled(PLACEHOLDERS);
    this.#parts.notice.replaceChildren();
    this.#parts.summary.textContent = "Loading slides…";
    this.#parts.more.hidden = true;
    await this.#ask(PAGE_SLIDES, null, (page) => {
      this.#slides = page.items;
      this.#cursor = page.next_cursor;
    });
  }

  /** Add the next page. */
  async more(): Promise<void> {
    if (this.#cursor === null) {
      return;
    }
    const before = this.#slides.length;
    const hadFocus = document.activeElement === this.#parts.more;
    this.#parts.more.disabled = true;
    await this.#ask(PAGE_SLIDES, this.#cursor, (page) => {
      const known = new Set(this.#slides.map((slide) => slide.id));
      this.#slides = [...this.#slides, ...page.items.filter((slide) => !known.has(slide.id))];
      this.#cursor = page.next_cursor;
    });
    this.#parts.more.disabled = false;
    if (hadFocus) {
      this.#rows.focus(before);
    }
  }

  /** Look again without disturbing what is shown. */
  async refresh(): Promise<void> {
    const shown = Math.max(this.#slides.length, PAGE_SLIDES);
    await this.#ask(Math.min(shown, MOST_SLIDES_PER_REQUEST), null, (page) => {
      const older = slidesAfter(this.#slides, page.items.at(-1));
      this.#slides = [...page.items, ...older];
      this.#cursor = older.length === 0 ? page.next_cursor : this.#cursor;
    });
  }

  /** Move the keyboard focus up or down; say whether a slide had it. */
  moveFocus(step: 1 | -1): boolean {
    return this.#rows.moveFocus(step);
  }

  /** Stop looking again, as while the tab is hidden. */
  pause(): void {
    clearTimeout(this.#timer);
  }

  async #ask(limit: number, cursor: string | null, take: (page: SlidePage) => void): Promise<void> {
    this.pause();
    this.#request.abort();
    this.#request = new AbortController();
    const { signal } = this.#request;
    try {
      const page = await this.#api.slides({ ...this.#state, limit, cursor }, signal);
      signal.throwIfAborted();
      take(page);
      this.#show();
    } catch (error) {
      if (!isAbort(error)) {
        this.#showProblem(asProblem(error));
      }
    }
  }

  #show(): void {
    this.#rows.show(this.#slides, this.#state, new Date());
    this.#parts.summary.textContent = summary(this.#slides, this.#cursor !== null);
    this.#parts.notice.replaceChildren(...this.#emptyMessage());
    this.#parts.more.hidden = this.#cursor === null;
    this.#mark("ready");
    this.#followImports();
  }

  #emptyMessage(): HTMLElement[] {
    if (this.#slides.length > 0) {
      return [];
    }
    const everything = this.#state.q === "" && this.#state.state === null;
    return [everything ? emptyArchive() : nothingFound(this.#state, this.#onClear)];
  }

  /** Slides already shown stay: the message only says that they may be out of date. */
  #showProblem(problem: ApiProblem): void {
    const retry = this.#slides.length === 0 ? () => this.load(this.#state) : () => this.refresh();
    this.#rows.show(this.#slides, this.#state, new Date());
    this.#parts.notice.replaceChildren(
      problemMessage(
        problem,
        button(problem.remedy?.label ?? "Try again", problem.remedy?.run ?? (() => void retry())),
      ),
    );
    this.#parts.summary.textContent = summary(this.#slides, this.#cursor !== null);
    this.#mark("error");
    this.#followImports();
  }

  #followImports(): void {
    if (document.hidden || !this.#slides.some(isImporting)) {
      this.#refreshes = 0;
      return;
    }
    const delay = delayBeforeLook(this.#refreshes);
    this.#refreshes += 1;
    this.#timer = setTimeout(() => void this.refresh(), delay);
  }

  #mark(state: "loading" | "ready" | "error"): void {
    this.#parts.slides.dataset["state"] = state;
    this.#parts.slides.setAttribute("aria-busy", String(state === "loading"));
  }
}

/** Return what follows `last` in the list; nothing when it is new to it, for then a gap may lie between. */
function slidesAfter(slides: readonly Slide[], last: Slide | undefined): readonly Slide[] {
  const at = slides.findIndex((slide) => slide.id === last?.id);
  return at < 0 ? [] : slides.slice(at + 1);
}

function isImporting(slide: Slide): boolean {
  return slide.import_state === "importing";
}

/** Say how many slides are shown; none needs no number, the message below says why. */
function summary(slides: readonly Slide[], more: boolean): string {
  if (slides.length === 0) {
    return "";
  }
  const count = slides.length === 1 ? "1 slide" : `${slides.length} slides`;
  const importing = slides.filter(isImporting).length;
  const shown = more ? `First ${count}` : count;
  return importing === 0 ? shown : `${shown}, ${importing} importing`;
}
