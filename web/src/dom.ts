/** Makes elements without markup: text only ever enters the page as text. */

import { ICONS, type IconName } from "./icons";

export type Attributes = Readonly<Record<string, string | number | boolean | null>>;
export type Child = Node | string | null;

const SVG = "http://www.w3.org/2000/svg";
/** Attributes that would run code or break the content security policy. */
const REFUSED_ATTRIBUTE = /^(on|style$|srcdoc$)/i;

/** Make an element; `true` writes a bare attribute, `false` and null leave it out. */
export function el<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (REFUSED_ATTRIBUTE.test(name)) {
      throw new TypeError(`attribute ${name}: set it from script, not as markup`);
    }
    if (value !== null && value !== false) {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** Draw one of our icons; it is decoration, so its neighbour or button says what it means. */
export function icon(name: IconName): SVGSVGElement {
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("viewBox", "0 0 24 24");
  drawing.setAttribute("class", "icon");
  drawing.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  drawing.append(path);
  return drawing;
}

/** Draw the icons that the page's own HTML names with `data-icon`. */
export function drawIcons(): void {
  for (const place of document.querySelectorAll<HTMLElement>("[data-icon]")) {
    place.replaceWith(icon(place.dataset["icon"] as IconName));
  }
}

/** Make a button that shows an icon; `label` is read aloud and shown on hover. */
export function iconButton(name: IconName, label: string, attributes: Attributes = {}) {
  return el(
    "button",
    { type: "button", class: "button", title: label, "aria-label": label, ...attributes },
    icon(name),
  );
}

/** Find an element that the page's own HTML must have. */
export function find<Kind extends HTMLElement>(
  selector: string,
  kind: new () => Kind,
  within: ParentNode = document,
): Kind {
  const element = within.querySelector(selector);
  if (!(element instanceof kind)) {
    throw new TypeError(`this page has no ${kind.name} ${selector}`);
  }
  return element;
}
