/** One slide of the list as an element. Everything shown comes from a file someone named, so it is hostile. */

import { type Child, el, icon } from "./dom";
import { byteSize, moment, pixelSize, resolution } from "./format";
import type { IconName } from "./icons";
import { magnificationLabel } from "./magnification";
import { type ImportState, isLocalAddress, type Slide } from "./slides";
import { type ListState, viewerAddress } from "./urlstate";

const STATE_WORDS: Record<ImportState, { readonly label: string; readonly icon: IconName }> = {
  imported: { label: "Ready", icon: "check" },
  importing: { label: "Importing", icon: "importing" },
  failed: { label: "Failed", icon: "failed" },
};

const FAILURE_TITLES: Readonly<Record<string, string>> = {
  "not-a-slide": "Not a slide",
  damaged: "Damaged file",
  unsupported: "Format not supported",
  missing: "File is missing",
};

/** Make the list item of a slide; only an imported one can be opened. */
export function slideRow(slide: Slide, list: ListState, now: Date): HTMLLIElement {
  return el(
    "li",
    { class: "slide", "data-id": slide.id, "data-import": slide.import_state },
    thumbnail(slide),
    nameCell(slide, list),
    el(
      "dl",
      { class: "facts" },
      fact("Case", ...caseCell(slide)),
      fact("Scan", ...scanCell(slide)),
      fact("Size", ...sizeCell(slide)),
      fact("Scanned", timeCell(slide.scanned_at, now)),
      fact("Imported", timeCell(slide.imported_at, now)),
      fact("State", stateChip(slide.import_state)),
    ),
    failureLine(slide),
  );
}

/** Say what an import state is called on the page. */
export function stateLabel(state: ImportState): string {
  return STATE_WORDS[state].label;
}

/** Say in words why a slide could not be imported. */
export function failureWords(slide: Slide): { title: string; reason: string } | null {
  if (slide.import_state !== "failed") {
    return null;
  }
  const { kind, reason } = slide.failure ?? { kind: "", reason: "" };
  return {
    title: Object.hasOwn(FAILURE_TITLES, kind) ? (FAILURE_TITLES[kind] as string) : "Import failed",
    reason: reason || "The server gave no reason. Upload the file again with labsight sync.",
  };
}

function thumbnail(slide: Slide): HTMLElement {
  const box = el("div", { class: "thumbnail" });
  const address = slide.links.thumbnail;
  if (address === null || !isLocalAddress(address)) {
    box.append(icon("slide"));
    return box;
  }
  const image = el("img", { src: address, alt: "", loading: "lazy", decoding: "async" });
  image.addEventListener("error", () => image.replaceWith(icon("slide")), { once: true });
  box.append(image);
  return box;
}

function nameCell(slide: Slide, list: ListState): HTMLElement {
  const folder = [slide.source, ...slide.path.split("/").slice(0, -1)].join(" / ");
  const name =
    slide.import_state === "imported"
      ? el("a", { class: "open", href: viewerAddress(slide.id, list) }, slide.filename)
      : slide.filename;
  const revision =
    slide.revision > 1 ? el("span", { class: "tag" }, `rescan ${slide.revision}`) : null;
  const storage =
    slide.storage === "available" ? null : el("span", { class: "tag" }, slide.storage);
  const incomplete = slide.incomplete
    ? el("span", { class: "tag", title: slide.incomplete }, "incomplete")
    : null;
  return el(
    "div",
    { class: "name" },
    el("h2", { title: slide.filename }, name),
    el(
      "p",
      { class: "quiet" },
      el("span", { class: "folder", title: folder }, folder),
      revision,
      storage,
      incomplete,
    ),
  );
}

function caseCell(slide: Slide): Child[] {
  const [first, ...rest] = [slide.case_id, slide.slide_id, slide.barcode].filter(
    (value, i, all) => value !== null && value !== "" && all.indexOf(value) === i,
  ) as string[];
  return first === undefined
    ? []
    : [el("span", { class: "strong", title: first }, first), quietLine(rest.join(" · "))];
}

function scanCell(slide: Slide): Child[] {
  const magnification =
    slide.magnification === null ? null : magnificationLabel(slide.magnification);
  const mpp = slide.mpp_x === null ? null : resolution(slide.mpp_x, slide.mpp_y);
  const [first, second] = [magnification, mpp].filter((value) => value !== null);
  return first === undefined ? [] : [first, quietLine(second ?? "")];
}

function sizeCell(slide: Slide): Child[] {
  const pixels =
    slide.width === null || slide.height === null ? null : pixelSize(slide.width, slide.height);
  const bytes = slide.size_bytes === null ? null : byteSize(slide.size_bytes);
  const format = [bytes, slide.format?.toUpperCase() || null].filter((value) => value !== null);
  return [pixels, quietLine(format.join(" · "))];
}

function timeCell(iso: string | null, now: Date): Child {
  const time = moment(iso, now);
  return time === null || iso === null
    ? null
    : el("time", { datetime: iso, title: time.full }, time.short);
}

function stateChip(state: ImportState): HTMLElement {
  const words = STATE_WORDS[state];
  return el("span", { class: `chip ${state}` }, icon(words.icon), words.label);
}

function failureLine(slide: Slide): Child {
  const words = failureWords(slide);
  return words === null
    ? null
    : el("p", { class: "failure" }, el("strong", {}, `${words.title}.`), ` ${words.reason}`);
}

/** A fact that is not known keeps its place in the table, but takes none in a card. */
function fact(label: string, ...values: readonly Child[]): HTMLElement {
  const known = values.filter((value) => value !== null);
  return el(
    "div",
    { class: `fact ${label.toLowerCase()}${known.length === 0 ? " unknown" : ""}` },
    el("dt", {}, label),
    el("dd", {}, ...(known.length === 0 ? [missing()] : known)),
  );
}

function quietLine(text: string): Child {
  return text === "" ? null : el("span", { class: "quiet", title: text }, text);
}

function missing(): HTMLElement {
  const dash = el("span", { "aria-hidden": "true" }, "–");
  return el("span", { class: "quiet" }, dash, el("span", { class: "unseen" }, "not known"));
}
