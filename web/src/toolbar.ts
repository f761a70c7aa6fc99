/** The buttons under the image: zoom, magnifications, rotation, full screen; and what they show. */

import { el, iconButton } from "./dom";
import { magnificationLabel, magnificationSteps, type NativeMagnification } from "./magnification";
import type { SlideView } from "./slideview";

/** Two magnifications this close look the same: which button is "on" should survive rounding. */
const SAME_WITHIN = 0.01;

export class Toolbar {
  readonly #view: SlideView;
  readonly #native: NativeMagnification | null;
  readonly #readout = el("output", { class: "readout", title: "Magnification on screen" });
  readonly #steps: ReadonlyMap<number, HTMLButtonElement>;

  constructor(bar: HTMLElement, view: SlideView, native: NativeMagnification | null) {
    this.#view = view;
    this.#native = native;
    this.#steps = new Map(steps(native).map((step) => [step, this.#stepButton(step)]));
    bar.append(
      group(
        "Zoom",
        this.#button("minus", "Zoom out (−)", () => view.zoomSteps(-1)),
        this.#readout,
        this.#button("plus", "Zoom in (+)", () => view.zoomSteps(1)),
      ),
      group(
        "Magnification",
        this.#button("fit", "Whole slide (0)", () => view.reset()),
        ...this.#steps.values(),
      ),
      group(
        "View",
        this.#button("rotateLeft", "Turn left (Shift R)", () => view.turn(-1)),
        this.#button("rotateRight", "Turn right (R)", () => view.turn(1)),
        this.#button("fullscreen", "Full screen (F)", toggleFullScreen),
      ),
    );
  }

  /** Show the present magnification. */
  update(): void {
    const { zoom } = this.#view;
    const words = this.#words(zoom);
    if (this.#readout.textContent === words) {
      return;
    }
    this.#readout.textContent = words;
    this.#readout.classList.toggle("beyond", zoom > 1 + SAME_WITHIN);
    for (const [step, button] of this.#steps) {
      const on = Math.abs(zoom * this.#unit - step) < step * SAME_WITHIN;
      button.setAttribute("aria-pressed", String(on));
    }
  }

  /** Magnification of 1 image px per screen px; percent where the slide tells neither that nor its mpp. */
  get #unit(): number {
    return this.#native?.value ?? 100;
  }

  #words(zoom: number): string {
    if (this.#native === null) {
      return `${Math.round(zoom * this.#unit)} %`;
    }
    const about = this.#native.estimated ? "≈ " : "";
    return `${about}${magnificationLabel(zoom * this.#unit)}`;
  }

  #stepButton(step: number): HTMLButtonElement {
    const label = this.#native === null ? `${step} %` : magnificationLabel(step);
    const attributes = { type: "button", class: "button step", "aria-pressed": "false" };
    const button = el("button", attributes, label);
    button.addEventListener("click", () => this.#view.zoomTo(step / this.#unit));
    return button;
  }

  #button(name: Parameters<typeof iconButton>[0], label: string, action: () => void) {
    const button = iconButton(name, label);
    button.addEventListener("click", action);
    return button;
  }
}

/** Enter or leave full screen with the whole page, so that bars and panels stay at hand. */
export function toggleFullScreen(): void {
  const change = document.fullscreenElement
    ? document.exitFullscreen()
    : document.documentElement.requestFullscreen?.();
  // Refused, as in some embedded pages: the page simply stays as it is.
  change?.catch(() => undefined);
}

function steps(native: NativeMagnification | null): number[] {
  return native === null ? [25, 50, 100] : magnificationSteps(native.value);
}

function group(label: string, ...children: readonly HTMLElement[]): HTMLElement {
  return el("div", { class: "group", role: "group", "aria-label": label }, ...children);
}
