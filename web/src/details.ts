/** The panel beside the image: what is known about the slide, and its label, macro and thumbnail. */

import { type Child, el } from "./dom";
import {
  byteSize,
  moment,
  NO_BREAK_SPACE,
  percent,
  physicalSize,
  pixelSize,
  resolution,
} from "./format";
import { channelName } from "./look/channel";
import { magnificationLabel, nativeMagnification } from "./magnification";
import {
  type AssociatedImage,
  isLocalAddress,
  type Slide,
  type SlideDescriptor,
  type Steps,
} from "./slides";

type Row = readonly [label: string, value: string | null];

/** Fill the panel; `slide` is null when the catalog did not answer, and the image is still worth showing. */
export function fillDetails(
  panel: HTMLElement,
  descriptor: SlideDescriptor,
  slide: Slide | null,
): void {
  const now = new Date();
  panel.replaceChildren(
    ...images(descriptor),
    ...section("Slide", [
      ["File", descriptor.filename],
      ["Case", slide?.case_id ?? null],
      ["Slide", slide?.slide_id ?? null],
      ["Image", slide?.image_id ?? null],
      ["Barcode", slide?.barcode ?? null],
      ["Incomplete", slide?.incomplete ?? null],
    ]),
    ...section("Scan", scanRows(descriptor, slide, now)),
    ...levels(descriptor),
    ...section("Archive", [
      ["Source", slide?.source ?? null],
      ["Path", slide?.path ?? null],
      ["File size", fileSize(slide)],
      ["Revision", slide === null ? null : String(slide.revision)],
      ["Imported", moment(slide?.imported_at ?? null, now)?.full ?? null],
      ["Id", descriptor.id],
      ["IIIF", descriptor.iiif_url],
    ]),
    ...properties(descriptor),
  );
}

function scanRows(descriptor: SlideDescriptor, slide: Slide | null, now: Date): Row[] {
  const { width, height, mpp } = descriptor;
  const native = nativeMagnification(descriptor.magnification, mpp);
  const { tissue = null, sharpness = null } = slide ?? {};
  const magnification =
    native === null
      ? "not recorded"
      : `${magnificationLabel(native.value)}${native.estimated ? " (estimated from resolution)" : ""}`;
  return [
    ["Magnification", magnification],
    ["Resolution", mpp === null ? "not recorded" : resolution(mpp.x, mpp.y)],
    ["Size", pixelSize(width, height)],
    ["Area", mpp === null ? null : physicalSize(width, height, mpp)],
    ["Vendor", descriptor.vendor],
    ["Format", descriptor.format?.toUpperCase() ?? null],
    ["Channels", channelNames(descriptor)],
    ["Focal planes", steps(descriptor.z, descriptor.z.step_um, "µm")],
    ["Times", steps(descriptor.t, descriptor.t.step_s, "s")],
    ["Samples", descriptor.bits === 8 ? null : `${descriptor.bits} bits`],
    ["Colour profile", colourProfile(descriptor)],
    ["Tissue", tissue === null ? null : `${percent(tissue)} of the area`],
    ["Sharpness", sharpness === null ? null : sharpness.toPrecision(2)],
    ["Scanned", moment(slide?.scanned_at ?? null, now)?.full ?? null],
  ];
}

function channelNames({ channels }: SlideDescriptor): string | null {
  return channels.length === 0
    ? null
    : `${channels.length}: ${channels.map((channel) => channelName(channel)).join(", ")}`;
}

function steps({ count }: Steps, step: number | null, unit: string): string | null {
  const apart =
    step === null ? "" : `, ${Number(step.toPrecision(4))}${NO_BREAK_SPACE}${unit} apart`;
  return count < 2 ? null : `${count}${apart}`;
}

function colourProfile({ channels, icc_profile: there }: SlideDescriptor): string | null {
  if (channels.length > 0 && !there) {
    return null;
  }
  return there ? "in the file (ICC)" : "none";
}

function fileSize(slide: Slide | null): string | null {
  const bytes = slide?.size_bytes ?? null;
  return bytes === null ? null : byteSize(bytes);
}

function images({ associated }: SlideDescriptor): HTMLElement[] {
  const local = associated.filter((image) => isLocalAddress(image.url));
  return local.length === 0 ? [] : [el("div", { class: "associated" }, ...local.map(figure))];
}

function figure({ name, url, width, height }: AssociatedImage): HTMLElement {
  const image = el("img", {
    src: url,
    width,
    height,
    alt: `${capital(name)} image`,
    loading: "lazy",
  });
  const picture = el("figure", {}, image, el("figcaption", {}, capital(name)));
  image.addEventListener("error", () => picture.remove(), { once: true });
  return picture;
}

function levels(descriptor: SlideDescriptor): HTMLElement[] {
  const rows = descriptor.levels.map((level) =>
    el(
      "tr",
      {},
      el("td", {}, String(level.level)),
      el(
        "td",
        level.made ? { title: "Made by labsight: the file has nothing so small" } : {},
        pixelSize(level.width, level.height),
        level.made ? el("span", { class: "quiet" }, " made") : null,
      ),
      el("td", {}, `${level.columns * level.rows}`),
    ),
  );
  const head = ["Level", "Size", "Tiles"].map((label) => el("th", { scope: "col" }, label));
  return [
    el("h2", {}, "Levels"),
    el("table", {}, el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...rows)),
  ];
}

function properties(descriptor: SlideDescriptor): HTMLElement[] {
  const rows = Object.entries(descriptor.properties ?? {}).map(
    ([name, value]): Row => [name, typeof value === "string" ? value : JSON.stringify(value)],
  );
  if (rows.length === 0) {
    return [];
  }
  const summary = el("summary", {}, `${rows.length} properties of the file`);
  return [el("details", {}, summary, definitions(rows))];
}

function section(title: string, rows: readonly Row[]): HTMLElement[] {
  return [el("h2", {}, title), definitions(rows)];
}

function definitions(rows: readonly Row[]): HTMLElement {
  const known = rows.filter(([, value]) => value !== null && value !== "");
  return el(
    "dl",
    {},
    ...known.map(
      ([label, value]): Child => el("div", {}, el("dt", {}, label), el("dd", {}, value)),
    ),
  );
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
