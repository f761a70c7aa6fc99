/** The slider of one axis beside width and height: focal planes, or times. */

import { el, icon, iconButton } from "../dom";
import type { IconName } from "../icons";
import type { Steps } from "../slides";

export interface Axis {
  readonly icon: IconName;
  /** "Focal plane", "Time". */
  readonly label: string;
  /** The buttons' words, with their keys. */
  readonly back: string;
  readonly forward: string;
  readonly steps: Steps;
  /** Where a step lies, in its unit; null when the file does not tell. */
  readonly place: (step: number) => string | null;
}

export class Stepper {
  readonly element: HTMLElement;
  readonly #axis: Axis;
  readonly #slider: HTMLInputElement;
  readonly #readout = el("output", { class: "plane" });

  constructor(axis: Axis, asked: (step: number) => void) {
    const { label, steps } = axis;
    const last = steps.count - 1;
    this.#axis = axis;
    this.#slider = el("input", { type: "range", min: 0, max: last, step: 1, "aria-label": label });
    this.#slider.addEventListener("input", () => asked(this.#slider.valueAsNumber));
    this.element = el(
      "div",
      { class: "group stepper", role: "group", "aria-label": label },
      el("span", { class: "sign", title: label }, icon(axis.icon)),
      this.#button("minus", axis.back, () => asked(this.#slider.valueAsNumber - 1)),
      this.#slider,
      this.#button("plus", axis.forward, () => asked(this.#slider.valueAsNumber + 1)),
      this.#readout,
    );
  }

  update(step: number): void {
    const { steps, place } = this.#axis;
    this.#slider.value = String(step);
    const where = place(step);
    const counted = `${step + 1} / ${steps.count}`;
    this.#slider.setAttribute(
      "aria-valuetext",
      `${step + 1} of ${steps.count}${where === null ? "" : `, ${where}`}`,
    );
    this.#readout.classList.toggle("placed", where !== null);
    this.#readout.textContent = where === null ? counted : `${counted} · ${where}`;
  }

  #button(name: IconName, label: string, action: () => void): HTMLButtonElement {
    const button = iconButton(name, label);
    button.addEventListener("click", action);
    return button;
  }
}

/** 2 -> "+2 µm" from the plane that is shown at first. */
export function focusPlace(step: number, { shown }: Steps, micrometres: number | null) {
  if (micrometres === null) {
    return null;
  }
  const away = Number(((step - shown) * micrometres).toPrecision(4));
  const sign = away > 0 ? "+" : "";
  return `${away === 0 ? "±" : sign}${String(away).replace("-", "−")}\u00a0µm`;
}

/** 90 -> "1:30 min" from the beginning. */
export function timePlace(step: number, seconds: number | null): string | null {
  if (seconds === null) {
    return null;
  }
  const all = Number((step * seconds).toPrecision(6));
  if (all < 60) {
    return `${Number(all.toFixed(2))}\u00a0s`;
  }
  const whole = Math.round(all);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const two = (value: number) => String(value).padStart(2, "0");
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(whole % 60)}\u00a0h`
    : `${minutes}:${two(whole % 60)}\u00a0min`;
}
