/** One channel in the panel: on or off, its colour, and the samples shown as black and as full colour. */

import { el } from "../dom";
import type { Channel, SampleWindow } from "../slides";
import { type ChannelLook, usualChannel } from "./look";
import { scaleOf, withBlack, withWhite } from "./window";

export interface ChannelListener {
  /** The person asks for this; the row shows what comes of it when it is told so. */
  readonly asked: (change: Partial<ChannelLook>) => void;
  readonly only: () => void;
}

type Ask = (value: number, scale: SampleWindow) => SampleWindow | null;

export class ChannelRow {
  readonly element: HTMLLIElement;
  readonly #channel: Channel;
  readonly #bits: number;
  readonly #listener: ChannelListener;
  readonly #shown = el("input", { type: "checkbox", role: "switch" });
  readonly #only: HTMLButtonElement;
  readonly #colour: HTMLInputElement;
  readonly #ends: readonly {
    readonly slider: HTMLInputElement;
    readonly field: HTMLInputElement;
  }[];
  #look: ChannelLook;

  constructor(channel: Channel, bits: number, listener: ChannelListener) {
    this.#channel = channel;
    this.#bits = bits;
    this.#listener = listener;
    this.#look = usualChannel(channel);
    const name = channelName(channel);
    this.#only = el(
      "button",
      { type: "button", class: "only", "aria-pressed": "false", "aria-label": `Only ${name}` },
      "Only",
    );
    this.#colour = el("input", { type: "color", "aria-label": `Colour of ${name}` });
    this.#ends = [
      this.#end(`Black point of ${name}`, (value, scale) =>
        withBlack(this.#look.window, value, scale),
      ),
      this.#end(`White point of ${name}`, (value, scale) =>
        withWhite(this.#look.window, value, scale),
      ),
    ];
    this.element = this.#build(name);
    this.#listen();
  }

  /** Show a look; `alone` says that no other channel is shown. */
  update(look: ChannelLook, alone: boolean): void {
    this.#look = look;
    this.#shown.checked = look.shown;
    this.#only.setAttribute("aria-pressed", String(look.shown && alone));
    this.#colour.value = `#${look.colour.toLowerCase()}`;
    const [low, high] = this.#scale;
    for (const [place, { slider, field }] of this.#ends.entries()) {
      const value = look.window[place] as number;
      Object.assign(slider, { min: String(low), max: String(high), value: String(value) });
      // A number is not replaced under the fingers of who writes it.
      if (document.activeElement !== field) {
        field.value = String(Number(value.toFixed(1)));
      }
    }
    const { style } = this.element;
    style.setProperty("--colour", `#${look.colour}`);
    for (const [place, name] of ["--black", "--white"].entries()) {
      style.setProperty(name, String(((look.window[place] as number) - low) / (high - low)));
    }
    this.element.classList.toggle("off", !look.shown);
  }

  get #scale(): SampleWindow {
    return scaleOf(this.#channel.window, this.#look.window, this.#bits);
  }

  #build(name: string): HTMLLIElement {
    const sliders = this.#ends.map(({ slider }) => slider);
    const fields = this.#ends.map(({ field }) => field);
    return el(
      "li",
      { class: "channel" },
      el(
        "div",
        { class: "channel-head" },
        this.#colour,
        el("label", {}, el("span", { class: "name", title: name }, name), this.#shown),
        this.#only,
      ),
      el(
        "div",
        { class: "window" },
        fields[0] ?? null,
        el("div", { class: "ramp" }, ...sliders),
        fields[1] ?? null,
      ),
    );
  }

  #listen(): void {
    this.#shown.addEventListener("change", () =>
      this.#listener.asked({ shown: this.#shown.checked }),
    );
    this.#only.addEventListener("click", () => this.#listener.only());
    this.#colour.addEventListener("input", () =>
      this.#listener.asked({ colour: this.#colour.value.slice(1).toUpperCase() }),
    );
  }

  /** Make the slider and the field of one end of the window. */
  #end(label: string, ask: Ask) {
    const slider = el("input", { type: "range", step: 1, "aria-label": label });
    const field = el("input", {
      type: "number",
      step: "any",
      "aria-label": `${label}, as a number`,
    });
    const asked = (value: number, scale: SampleWindow) => {
      const window = ask(value, scale);
      if (window !== null) {
        this.#listener.asked({ window });
      }
    };
    slider.addEventListener("input", () => asked(slider.valueAsNumber, this.#scale));
    field.addEventListener("change", () => {
      const value = field.valueAsNumber;
      const wide = scaleOf(this.#channel.window, [0, value || 0], this.#bits);
      asked(value, wide);
      field.value = String(this.#look.window[slider === this.#ends[0]?.slider ? 0 : 1]);
    });
    return { slider, field };
  }
}

/** Return what a channel is called, also where the file does not tell. */
export function channelName({ name, number }: Channel): string {
  return name.trim() === "" ? `Channel ${number + 1}` : name;
}
