/** Wires the viewer page: its elements, its buttons and its keys. */

import { openAccess } from "./account";
import { SlideApi } from "./api";
import { drawIcons, el, find } from "./dom";
import { asProblem } from "./problem";
import { runShortcut, type Shortcut } from "./shortcuts";
import { toggleFullScreen } from "./toolbar";
import { listAddress, readListState, readSlideId } from "./urlstate";
import { SlideViewer } from "./viewer";

const PAN_STEP = 0.2;
const DIGITS = [..."123456789"];

const access = openAccess();
const list = readListState(location.search);
const details = find("#details", HTMLElement);
const detailsButton = find("#details-button", HTMLButtonElement);
const help = find("#help", HTMLDialogElement);

const viewer = new SlideViewer(
  {
    image: find("#viewer", HTMLElement),
    navigator: find("#navigator", HTMLElement),
    toolbar: find("#toolbar", HTMLElement),
    look: find("#look", HTMLElement),
    scaleBar: find("#scalebar", HTMLElement),
    progress: find("#progress", HTMLElement),
    notice: find("#notice", HTMLElement),
    failedTiles: find("#failed-tiles", HTMLElement),
    toast: find("#toast", HTMLElement),
    title: find("#title", HTMLElement),
    subtitle: find("#subtitle", HTMLElement),
    details: find("#details-content", HTMLElement),
    neighbours: find("#neighbours", HTMLElement),
  },
  new SlideApi(access.fetch),
  list,
);

const shortcuts: readonly Shortcut[] = [
  key(["+", "="], "+", "Zoom in", () => viewer.view?.zoomSteps(1)),
  key(["-", "_"], "−", "Zoom out", () => viewer.view?.zoomSteps(-1)),
  key(["0"], "0", "Whole slide, upright", () => viewer.view?.reset()),
  key(["ArrowLeft"], "← ↑ → ↓", "Move", () => viewer.view?.panBy(-PAN_STEP, 0)),
  key(["ArrowRight"], "", "", () => viewer.view?.panBy(PAN_STEP, 0)),
  key(["ArrowUp"], "", "", () => viewer.view?.panBy(0, -PAN_STEP)),
  key(["ArrowDown"], "", "", () => viewer.view?.panBy(0, PAN_STEP)),
  key(["r"], "R", "Turn right by 90°", () => viewer.view?.turn(1)),
  key(["R"], "Shift R", "Turn left by 90°", () => viewer.view?.turn(-1)),
  key(["[", "PageDown"], "[  ]", "Focus lower, higher (or Page keys, or Shift and wheel)", () =>
    viewer.look?.focus(-1),
  ),
  key(["]", "PageUp"], "", "", () => viewer.look?.focus(1)),
  key([","], ",  .", "Earlier, later", () => viewer.look?.forward(-1)),
  key(["."], "", "", () => viewer.look?.forward(1)),
  key(["c"], "C", "Channels and colours", () => viewer.look?.toggle()),
  ...DIGITS.map((digit, number) =>
    key(
      [digit],
      number === 0 ? "1 … 9" : "",
      number === 0 ? "Switch a channel on or off" : "",
      () => viewer.look?.toggleChannel(number),
    ),
  ),
  key(["p"], "P", "Previous slide", () => follow("#neighbours [rel=prev]")),
  key(["n"], "N", "Next slide", () => follow("#neighbours [rel=next]")),
  key(["d"], "D", "Slide details", () => showDetails(isHidden(details))),
  key(["l"], "L", "Copy a link to this view", () => void viewer.copyLink()),
  key(["f"], "F", "Full screen", toggleFullScreen),
  key(["?"], "?", "These keys", () => help.showModal()),
  key(["Escape"], "Esc", "Close the panel, then back to the list", stepBack),
];

function key(keys: readonly string[], shown: string, words: string, run: () => void): Shortcut {
  return { keys, shown, words, run };
}

/** Go where a link leads, when the page has it at all. */
function follow(selector: string): void {
  const link = document.querySelector<HTMLAnchorElement>(selector);
  if (link !== null) {
    location.assign(link.href);
  }
}

/** `hidden` may also be a word, "until-found". */
function isHidden(element: HTMLElement): boolean {
  return element.hidden !== false;
}

function showDetails(shown: boolean): void {
  details.hidden = !shown;
  detailsButton.setAttribute("aria-expanded", String(shown));
}

function stepBack(): void {
  // In full screen the browser takes Esc for itself.
  if (document.fullscreenElement !== null || viewer.look?.leave()) {
    return;
  }
  if (isHidden(details)) {
    follow("#back");
  } else {
    showDetails(false);
    detailsButton.focus();
  }
}

/** Tiles may have been refused because their cookies ran out while the computer slept. */
async function retryTiles(): Promise<void> {
  if (viewer.isOutdated) {
    location.reload();
    return;
  }
  try {
    await access.renewTiles();
  } catch (error) {
    // Whoever has to sign in again comes back to this place; what else is wrong, the tiles show.
    asProblem(error).remedy?.run();
  }
  viewer.view?.retry();
}

function writeHelp(): void {
  const rows = shortcuts
    .filter(({ words }) => words !== "")
    .map(({ shown, words }) =>
      el("div", {}, el("dt", {}, el("kbd", {}, shown)), el("dd", {}, words)),
    );
  find("dl", HTMLDListElement, help).replaceChildren(...rows);
}

function onClick(selector: string, action: () => void): void {
  find(selector, HTMLButtonElement).addEventListener("click", action);
}

find("#back", HTMLAnchorElement).href = listAddress(list);
drawIcons();
writeHelp();
onClick("#details-button", () => showDetails(isHidden(details)));
onClick("#details-close", stepBack);
onClick("#link-button", () => void viewer.copyLink());
onClick("#help-button", () => help.showModal());
onClick("#help-close", () => help.close());
onClick("#failed-tiles button", () => void retryTiles());
document.addEventListener("keydown", (event) => {
  if (runShortcut(shortcuts, event)) {
    event.preventDefault();
  }
});
globalThis.addEventListener("hashchange", () => viewer.followAddress());

void viewer.open(readSlideId(location.search));
