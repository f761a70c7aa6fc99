/** The viewer of one slide: opens it, and keeps image, readouts, panel and address in step. */

import type { SlideApi } from "./api";
import { fillDetails } from "./details";
import { DirectTiles } from "./direct/tiles";
import { el } from "./dom";
import { LookControls, type LookListener } from "./look/controls";
import { lookHash, readLook } from "./look/look";
import { nativeMagnification } from "./magnification";
import { button, copyText, problemMessage } from "./messages";
import { findNeighbours, neighbourLinks } from "./neighbours";
import { ApiProblem, asProblem } from "./problem";
import { mayPass, reasonNotShown, STILL_IMPORTING } from "./refusal";
import { micronsAcross, scaleBar } from "./scalebar";
import type { Slide, SlideDescriptor } from "./slides";
import { SlideView, type SlideViewListener } from "./slideview";
import { Toolbar } from "./toolbar";
import { type ListState, listAddress, positionHash, readPosition } from "./urlstate";
import { delayBeforeLook, gathered } from "./waiting";

const NOT_FOUND = 404;
const TOAST_MS = 2500;
/** Browsers stop pages that write their address more often. */
const ADDRESS_MS = 500;

export interface ViewerParts {
  /** Carries `data-state`: loading, ready (every tile of the view is there) or error. */
  readonly image: HTMLElement;
  readonly navigator: HTMLElement;
  readonly toolbar: HTMLElement;
  readonly look: HTMLElement;
  readonly scaleBar: HTMLElement;
  readonly progress: HTMLElement;
  readonly notice: HTMLElement;
  readonly failedTiles: HTMLElement;
  readonly toast: HTMLElement;
  readonly title: HTMLElement;
  readonly subtitle: HTMLElement;
  readonly neighbours: HTMLElement;
  readonly details: HTMLElement;
}

export class SlideViewer implements SlideViewListener, LookListener {
  readonly #parts: ViewerParts;
  readonly #api: SlideApi;
  readonly #list: ListState;
  #view: SlideView | null = null;
  #toolbar: Toolbar | null = null;
  #look: LookControls | null = null;
  #descriptor: SlideDescriptor | null = null;
  readonly #writeAddress = gathered(ADDRESS_MS, () => this.rested());
  #looks = 0;
  #isAsking = false;
  #isOutdated = false;
  #toastTimer: ReturnType<typeof setTimeout> | undefined;

  /** `list` is the search the slide was opened from: its order gives the previous and next slide. */
  constructor(parts: ViewerParts, api: SlideApi, list: ListState) {
    this.#parts = parts;
    this.#api = api;
    this.#list = list;
  }

  /** The image, once there is one to act on. */
  get view(): SlideView | null {
    return this.#view?.isOpen ? this.#view : null;
  }

  /** The controls of how the slide looks, once there is one. */
  get look(): LookControls | null {
    return this.#look;
  }

  async open(id: string | null): Promise<void> {
    this.#mark("loading");
    this.loading(true);
    try {
      if (id === null) {
        throw new ApiProblem(404, "No slide chosen", "Open one from the list of slides.");
      }
      await this.#show(id);
    } catch (error) {
      this.#fail(asProblem(error), id);
    }
  }

  /** Go to the place that the address names, and show it in the look that it asks for. */
  followAddress(): void {
    const position = readPosition(location.hash);
    if (this.#descriptor !== null) {
      const look = readLook(this.#descriptor, location.hash);
      this.#look?.set(look);
      this.#view?.show(look);
    }
    if (position !== null) {
      this.view?.moveTo(position);
    }
  }

  async copyLink(): Promise<void> {
    this.rested();
    const copied = await copyText(location.href);
    this.#toast(copied ? "Link to this view copied" : "Copy the link from the address bar");
  }

  moved(): void {
    const { view } = this;
    if (view === null) {
      return;
    }
    this.#toolbar?.update();
    const mpp = this.#descriptor?.mpp ?? null;
    this.#drawScaleBar(mpp === null ? null : micronsAcross(mpp, view.rotation, view.zoom));
  }

  rested(): void {
    const { view } = this;
    if (view !== null) {
      const hash = this.#hash(view);
      history.replaceState(history.state, "", location.pathname + location.search + hash);
    }
  }

  lookChanged(): void {
    if (this.#look !== null) {
      this.#view?.show(this.#look.look);
    }
    this.#writeAddress();
  }

  focused(planes: number): void {
    this.#look?.focus(planes);
  }

  said(words: string): void {
    this.#toast(words);
  }

  loading(loading: boolean): void {
    this.#parts.progress.hidden = !loading;
    this.#parts.image.setAttribute("aria-busy", String(loading));
  }

  tilesFailed(count: number): void {
    this.#parts.failedTiles.hidden = count === 0;
    if (count > 0 && !this.#isOutdated) {
      const tiles = count === 1 ? "1 tile" : `${count} tiles`;
      this.#tellOfTiles(`${tiles} of this slide could not be loaded.`, "Try again");
      void this.#findWhy();
    }
  }

  /** Whether the slide on screen is not what the server has any more: only loading anew helps. */
  get isOutdated(): boolean {
    return this.#isOutdated;
  }

  /** Ask whether the slide was replaced or withdrawn since it was opened. */
  async #findWhy(): Promise<void> {
    const shown = this.#descriptor;
    if (shown === null || this.#isAsking) {
      return;
    }
    this.#isAsking = true;
    try {
      const today = await this.#api.descriptor(shown.id);
      this.#isOutdated = today.version !== shown.version;
    } catch (error) {
      // Whatever else it is, the tiles tell.
      this.#isOutdated = asProblem(error).status === NOT_FOUND;
    }
    this.#isAsking = false;
    if (this.#isOutdated) {
      this.#parts.failedTiles.hidden = false;
      this.#tellOfTiles("This slide was replaced or removed since you opened it.", "Reload");
    }
  }

  #tellOfTiles(words: string, offer: string): void {
    const { failedTiles } = this.#parts;
    const said = failedTiles.querySelector("span");
    const action = failedTiles.querySelector("button");
    if (said !== null) {
      said.textContent = words;
    }
    if (action !== null) {
      action.textContent = offer;
    }
  }

  #hash(view: SlideView): string {
    const place = view.isWhole ? "" : positionHash(view.position).slice(1);
    const [descriptor, look] = [this.#descriptor, this.#look?.look];
    const asked = descriptor !== null && look !== undefined ? lookHash(descriptor, look) : "";
    const parts = [place, asked].filter((part) => part !== "");
    return parts.length === 0 ? "" : `#${parts.join("&")}`;
  }

  async #show(id: string): Promise<void> {
    const [descriptor, slide] = await Promise.allSettled([
      this.#api.descriptor(id),
      this.#api.slide(id),
    ]);
    const known = slide.status === "fulfilled" ? slide.value : null;
    this.#nameSlide(known?.filename ?? null, known);
    if (descriptor.status === "rejected") {
      throw reasonNotShown(known) ?? descriptor.reason;
    }
    this.#showImage(descriptor.value, known);
    await this.#linkNeighbours(id);
  }

  #showImage(descriptor: SlideDescriptor, slide: Slide | null): void {
    const { toolbar, details, look: panel, image } = this.#parts;
    this.#nameSlide(descriptor.filename, slide);
    this.#parts.notice.replaceChildren();
    this.#descriptor = descriptor;
    fillDetails(details, descriptor, slide);
    image.classList.toggle("dark", descriptor.channels.length > 0);
    const look = readLook(descriptor, location.hash);
    const start = readPosition(location.hash);
    const showing = { descriptor, look, start, direct: this.#directTiles(descriptor) };
    this.#view = new SlideView(this.#parts, showing, this);
    const native = nativeMagnification(descriptor.magnification, descriptor.mpp);
    this.#toolbar = new Toolbar(toolbar, this.#view, native);
    this.#look = new LookControls({ panel, bar: toolbar }, descriptor, look, this);
  }

  #directTiles({ direct_url: address, version }: SlideDescriptor): DirectTiles | null {
    return address === null ? null : new DirectTiles(() => this.#api.direct(address, version));
  }

  async #linkNeighbours(id: string): Promise<void> {
    try {
      const neighbours = await findNeighbours(this.#api, id, this.#list);
      this.#parts.neighbours.replaceChildren(...neighbourLinks(neighbours, this.#list));
    } catch {
      // The slide is on screen; without its list there is simply no next one to offer.
    }
  }

  #nameSlide(filename: string | null, slide: Slide | null): void {
    const { title, subtitle } = this.#parts;
    document.title = filename === null ? "Slide – labsight" : `${filename} – labsight`;
    title.textContent = filename ?? "Slide";
    title.title = filename ?? "";
    const names = [slide?.case_id, slide?.slide_id, slide?.barcode];
    subtitle.textContent = [...new Set(names)].filter((name) => name).join(" · ");
  }

  #drawScaleBar(micronsPerPixel: number | null): void {
    const element = this.#parts.scaleBar;
    const widest = Math.min(180, this.#parts.image.clientWidth / 3);
    const bar = micronsPerPixel === null ? null : scaleBar(micronsPerPixel, widest);
    element.hidden = bar === null;
    if (bar !== null) {
      element.textContent = bar.label;
      element.setAttribute("aria-label", `Scale bar: ${bar.label}`);
      element.style.width = `${bar.pixels}px`;
    }
  }

  #fail(problem: ApiProblem, id: string | null): void {
    this.#mark("error");
    this.loading(false);
    const list = el("a", { class: "button", href: listAddress(this.#list) }, "All slides");
    const again = () => void this.open(id);
    const { remedy } = problem;
    const offers = mayPass(problem)
      ? [button(remedy?.label ?? "Try again", remedy?.run ?? again), list]
      : [list];
    this.#parts.notice.replaceChildren(problemMessage(problem, ...offers));
    if (problem.status === STILL_IMPORTING) {
      setTimeout(() => this.#openWhenSeen(id), delayBeforeLook(this.#looks));
      this.#looks += 1;
    }
  }

  #openWhenSeen(id: string | null): void {
    if (document.hidden) {
      const again = () => this.#openWhenSeen(id);
      document.addEventListener("visibilitychange", again, { once: true });
    } else {
      void this.open(id);
    }
  }

  #mark(state: "loading" | "error"): void {
    this.#parts.image.dataset["state"] = state;
  }

  #toast(words: string): void {
    clearTimeout(this.#toastTimer);
    this.#parts.toast.textContent = words;
    this.#toastTimer = setTimeout(() => {
      this.#parts.toast.textContent = "";
    }, TOAST_MS);
  }
}
