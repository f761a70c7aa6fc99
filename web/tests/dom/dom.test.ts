import { beforeEach, describe, expect, test } from "vitest";
import { drawIcons, el, find, icon, iconButton } from "../../src/dom";
import { ICONS } from "../../src/icons";

beforeEach(() => {
  document.body.replaceChildren();
});

describe("el", () => {
  test("takes text as text", () => {
    const element = el("p", {}, "<b>bold</b>", null, el("i", {}, "&amp;"));
    expect(element.textContent).toBe("<b>bold</b>&amp;");
    expect(element.children).toHaveLength(1);
  });

  test("writes true bare and leaves out false and null", () => {
    const element = el("button", { disabled: true, hidden: false, title: null, tabindex: 0 });
    expect(element.outerHTML).toBe('<button disabled="" tabindex="0"></button>');
  });

  test.each(["onclick", "ONERROR", "style", "srcdoc"])("refuses %s", (name) => {
    expect(() => el("p", { [name]: "x" })).toThrow(name);
  });
});

describe("icons", () => {
  test("are decoration to a screen reader", () => {
    expect(icon("plus").getAttribute("aria-hidden")).toBe("true");
  });

  test("on a button have words", () => {
    const button = iconButton("plus", "Zoom in", { disabled: true });
    expect([button.getAttribute("aria-label"), button.title]).toEqual(["Zoom in", "Zoom in"]);
    expect([button.type, button.disabled]).toEqual(["button", true]);
  });

  test("named by the page are drawn", () => {
    const place = el("span", { "data-icon": "help" });
    document.body.append(el("button", {}, place));
    drawIcons();
    expect(document.querySelector("button > svg > path")?.getAttribute("d")).toBe(ICONS.help);
  });
});

describe("find", () => {
  test("returns the element in its kind", () => {
    const button = el("button", { id: "more" });
    document.body.append(button);
    expect(find("#more", HTMLButtonElement)).toBe(button);
  });

  test("names what the page lacks", () => {
    document.body.append(el("div", { id: "more" }));
    expect(() => find("#more", HTMLButtonElement)).toThrow("HTMLButtonElement #more");
    expect(() => find("#less", HTMLElement)).toThrow("HTMLElement #less");
  });
});
