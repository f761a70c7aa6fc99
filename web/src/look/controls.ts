/** The controls of how a slide looks: a panel for channels and colours, sliders for focal plane and time. */

import { el, icon } from "../dom";
import type { SlideDescriptor } from "../slides";
import { ChannelRow } from "./channel";
import { type ChannelLook, hasRoom, type Look, MAX_SHOWN, usualLook, withChannel } from "./look";
import { type Axis, focusPlace, Stepper, timePlace } from "./stepper";

/** There is room for the panel beside what one looks at. */
const WIDE = "(min-width: 52rem)";

export interface LookParts {
  /** For the panel; stays hidden where there is nothing to choose. */
  readonly panel: HTMLElement;
  /** For the sliders. */
  readonly bar: HTMLElement;
}

export interface LookListener {
  readonly lookChanged: () => void;
  /** Tell the person, in passing. */
  readonly said: (words: string) => void;
}

export class LookControls {
  readonly #descriptor: SlideDescriptor;
  readonly #listener: LookListener;
  readonly #rows: readonly ChannelRow[];
  readonly #focus: Stepper | null;
  readonly #time: Stepper | null;
  readonly #srgb = el("input", { type: "checkbox", role: "switch" });
  readonly #reset = el("button", { type: "button", class: "button small" }, "Reset");
  readonly #disclosure: HTMLButtonElement;
  readonly #content: HTMLElement;
  #look: Look;

  constructor(parts: LookParts, descriptor: SlideDescriptor, look: Look, listener: LookListener) {
    this.#descriptor = descriptor;
    this.#look = look;
    this.#listener = listener;
    this.#rows = descriptor.channels.map(
      (channel) =>
        new ChannelRow(channel, descriptor.bits, {
          asked: (change) => this.#askChannel(channel.number, change),
          only: () => this.#only(channel.number),
        }),
    );
    const [focus, time] = [focusAxis(descriptor), timeAxis(descriptor)];
    this.#focus = focus && new Stepper(focus, (z) => this.#ask({ z }));
    this.#time = time && new Stepper(time, (t) => this.#ask({ t }));
    this.#disclosure = this.#header();
    this.#content = this.#body();
    const sliders = [this.#focus, this.#time].flatMap((one) => (one ? [one.element] : []));
    parts.bar.prepend(...(sliders.length > 0 ? [el("div", { class: "planes" }, ...sliders)] : []));
    parts.panel.replaceChildren(this.#disclosure, this.#content);
    parts.panel.hidden = this.#rows.length === 0 && descriptor.icc_url === null;
    this.#unfold(this.#rows.length > 0 && matchMedia(WIDE).matches);
    this.#show();
  }

  get look(): Look {
    return this.#look;
  }

  /** Take over a look, as from a link. */
  set(look: Look): void {
    this.#look = look;
    this.#show();
  }

  /** Go so many focal planes up. */
  focus(planes: number): void {
    this.#ask({ z: this.#look.z + planes });
  }

  /** Go so many times forward. */
  forward(times: number): void {
    this.#ask({ t: this.#look.t + times });
  }

  /** Switch a channel on or off. */
  toggleChannel(number: number): void {
    const channel = this.#look.channels[number];
    if (channel !== undefined) {
      this.#askChannel(number, { shown: !channel.shown });
    }
  }

  /** Open or close the panel. */
  toggle(): void {
    this.#unfold(this.#content.hidden === true);
  }

  /** Close the panel when the focus is in it; say whether that was so. */
  leave(): boolean {
    const inside = this.#content.contains(document.activeElement);
    if (inside) {
      this.#unfold(false);
      this.#disclosure.focus();
    }
    return inside;
  }

  #ask(change: Partial<Look>): void {
    const { z, t } = this.#descriptor;
    const asked = { ...this.#look, ...change };
    const look = { ...asked, z: within(asked.z, z.count), t: within(asked.t, t.count) };
    const before = this.#look;
    this.set(look);
    // At the end of a stack there is nothing new to show.
    if (JSON.stringify(look) !== JSON.stringify(before)) {
      this.#listener.lookChanged();
    }
  }

  #askChannel(number: number, change: Partial<ChannelLook>): void {
    if (change.shown === true && !hasRoom(this.#look)) {
      this.#listener.said(`At most ${MAX_SHOWN} channels are shown at once: switch one off first`);
      this.#show();
      return;
    }
    this.#ask({ channels: withChannel(this.#look.channels, number, change) });
  }

  /** Show one channel alone; asked for again, those that are usual. */
  #only(number: number): void {
    const usual = usualLook(this.#descriptor).channels;
    const alone = this.#isAlone && this.#look.channels[number]?.shown === true;
    const channels = this.#look.channels.map((channel, place) => ({
      ...channel,
      shown: alone ? usual[place]?.shown === true : place === number,
    }));
    this.#ask({ channels });
  }

  get #isAlone(): boolean {
    return this.#look.channels.filter(({ shown }) => shown).length === 1;
  }

  #show(): void {
    const { channels, z, t, srgb } = this.#look;
    for (const [number, row] of this.#rows.entries()) {
      row.update(channels[number] as ChannelLook, this.#isAlone);
    }
    this.#focus?.update(z);
    this.#time?.update(t);
    this.#srgb.checked = srgb;
    const usual = usualLook(this.#descriptor);
    this.#reset.disabled = JSON.stringify({ ...usual, z, t }) === JSON.stringify(this.#look);
  }

  #unfold(unfolded: boolean): void {
    this.#content.hidden = !unfolded;
    this.#disclosure.setAttribute("aria-expanded", String(unfolded));
  }

  #header(): HTMLButtonElement {
    const [name, words] =
      this.#rows.length > 0
        ? (["channels", "Channels"] as const)
        : (["colours", "Colours"] as const);
    const attributes = { type: "button", class: "button", "aria-controls": "look-content" };
    const button = el("button", { ...attributes, title: `${words} (C)` }, icon(name), words);
    button.append(el("span", { class: "turn" }, icon("next")));
    button.addEventListener("click", () => this.toggle());
    return button;
  }

  #body(): HTMLElement {
    this.#reset.addEventListener("click", () => {
      const { channels, srgb } = usualLook(this.#descriptor);
      this.#ask({ channels, srgb });
    });
    this.#srgb.addEventListener("change", () => this.#ask({ srgb: this.#srgb.checked }));
    const rows = this.#rows.map(({ element }) => element);
    return el(
      "div",
      { id: "look-content", "data-scrolls": true },
      rows.length > 0 ? el("ul", { class: "channels" }, ...rows) : null,
      this.#descriptor.icc_url === null ? null : this.#colours(),
      rows.length > 0 ? el("p", { class: "reset" }, this.#reset) : null,
    );
  }

  #colours(): HTMLElement {
    return el(
      "div",
      { class: "colours" },
      el("label", {}, el("span", { class: "name" }, "True colours (sRGB)"), this.#srgb),
      el("p", { class: "quiet" }, "Shows colours by the scanner's own profile."),
    );
  }
}

function focusAxis({ z }: SlideDescriptor): Axis | null {
  return z.count < 2
    ? null
    : {
        icon: "focus",
        label: "Focal plane",
        back: "Focus lower ([)",
        forward: "Focus higher (])",
        steps: z,
        place: (step) => focusPlace(step, z, z.step_um),
      };
}

function timeAxis({ t }: SlideDescriptor): Axis | null {
  return t.count < 2
    ? null
    : {
        icon: "time",
        label: "Time",
        back: "Earlier (,)",
        forward: "Later (.)",
        steps: t,
        place: (step) => timePlace(step, t.step_s),
      };
}

function within(step: number, count: number): number {
  return Math.min(Math.max(step, 0), count - 1);
}
