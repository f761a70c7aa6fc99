/** Keeps the list's elements in step with the slides, touching only rows that changed. */

import { el } from "./dom";
import { slideRow } from "./row";
import type { Slide } from "./slides";
import type { ListState } from "./urlstate";

export class SlideRows {
  readonly #list: HTMLElement;

  constructor(list: HTMLElement) {
    this.#list = list;
  }

  /** Show these slides in this order; focus, scrolling and loaded thumbnails of unchanged rows stay. */
  show(slides: readonly Slide[], list: ListState, now: Date): void {
    const focused = this.#focusedId();
    const present = this.#present();
    const wanted = slides.map((slide) => {
      const fresh = slideRow(slide, list, now);
      const shown = present.get(slide.id);
      present.delete(slide.id);
      if (shown?.isEqualNode(fresh)) {
        return shown;
      }
      shown?.replaceWith(fresh);
      return fresh;
    });
    this.#list.querySelectorAll(".placeholder").forEach(remove);
    present.forEach(remove);
    this.#order(wanted);
    if (focused !== null && this.#focusedId() === null) {
      this.focus(slides.findIndex((slide) => slide.id === focused));
    }
  }

  /** Show that slides are on their way; rows of an earlier search stay until then. */
  showPlaceholdersUnlessFilled(count: number): void {
    if (this.#list.querySelector("li[data-id]") !== null) {
      return;
    }
    const placeholder = () =>
      el(
        "li",
        { class: "slide placeholder", "aria-hidden": "true" },
        el("div", { class: "thumbnail" }),
      );
    this.#list.replaceChildren(...Array.from({ length: count }, placeholder));
  }

  /** Move the focus to the first slide at or after `index` that can be opened. */
  focus(index: number): void {
    const links = Array.from(this.#list.children, (row) => row.querySelector("a.open"));
    const link = links.slice(Math.max(index, 0)).find((candidate) => candidate !== null);
    if (link instanceof HTMLElement) {
      link.focus();
    }
  }

  /** Move the focus by `step` slides from the focused one; say whether there was one. */
  moveFocus(step: 1 | -1): boolean {
    const links = [...this.#list.querySelectorAll<HTMLElement>("a.open")];
    const at = links.indexOf(document.activeElement as HTMLElement);
    if (at < 0) {
      return false;
    }
    links[at + step]?.focus();
    return true;
  }

  /** Put rows in order; those that already stand right are not touched. */
  #order(rows: readonly Element[]): void {
    let next = this.#list.firstElementChild;
    for (const row of rows) {
      if (row === next) {
        next = next.nextElementSibling;
      } else {
        this.#list.insertBefore(row, next);
      }
    }
  }

  #present(): Map<string, Element> {
    const rows = [...this.#list.querySelectorAll<HTMLElement>("li[data-id]")];
    return new Map(rows.map((row) => [row.dataset["id"] ?? "", row]));
  }

  #focusedId(): string | null {
    const active = document.activeElement;
    return active instanceof HTMLElement && this.#list.contains(active)
      ? (active.closest<HTMLElement>("li[data-id]")?.dataset["id"] ?? null)
      : null;
  }
}

function remove(element: Element): void {
  element.remove();
}
