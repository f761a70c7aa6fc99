import axe from "axe-core";
import { describe, expect, test } from "vitest";
import listPage from "../../index.html?raw";
import { ICONS } from "../../src/icons";
import viewerPage from "../../viewer.html?raw";

const PAGES = { "index.html": listPage, "viewer.html": viewerPage };

/** The viewer may read slides out of a bucket; a deployment's own policy names the one. */
const BUCKETS: Readonly<Record<string, string>> = {
  "viewer.html": " https://*.amazonaws.com http://127.0.0.1:*",
};

describe.each(Object.entries(PAGES))("%s", (file, html) => {
  const page = new DOMParser().parseFromString(html, "text/html");
  const all = [...page.querySelectorAll("*")];

  test("allows only what comes from its own origin, or from a bucket", () => {
    const meta = page.querySelector('meta[http-equiv="Content-Security-Policy"]');
    const rules = (meta?.getAttribute("content") ?? "").split("; ");
    expect(rules).toEqual([
      "default-src 'self'",
      "img-src 'self' data: blob:",
      "style-src 'self'",
      "script-src 'self'",
      `connect-src 'self' https://*.amazoncognito.com${BUCKETS[file] ?? ""}`,
      "object-src 'none'",
      "base-uri 'none'",
      "form-action 'self'",
    ]);
  });

  test("has its policy before anything that loads", () => {
    const [policy, ...rest] = page.head.querySelectorAll("meta[http-equiv], link, script");
    expect(policy?.getAttribute("http-equiv")).toBe("Content-Security-Policy");
    expect(rest.length).toBeGreaterThan(0);
  });

  test("has no inline script, style or handler, which the policy would stop", () => {
    expect([...page.scripts].map((script) => script.textContent)).toEqual([""]);
    expect(page.querySelectorAll("style, [style]")).toHaveLength(0);
    const names = all.flatMap((element) => element.getAttributeNames());
    expect(names.filter((name) => name.startsWith("on"))).toEqual([]);
  });

  test("loads nothing from elsewhere", () => {
    const addresses = all.flatMap((element) =>
      ["href", "src", "action"].map((name) => element.getAttribute(name)).filter((a) => a !== null),
    );
    expect(addresses.filter((address) => !/^(\/(?!\/)|#)/.test(address))).toEqual([]);
  });

  test("names only icons that are drawn, and gives each button words", () => {
    const names = [...page.querySelectorAll("[data-icon]")].map((e) => e.getAttribute("data-icon"));
    expect(names.filter((name) => name === null || !Object.hasOwn(ICONS, name))).toEqual([]);
    const buttons = [...page.querySelectorAll("button")];
    const wordless = buttons.filter((b) => !(b.ariaLabel || b.textContent?.trim()));
    expect(wordless).toEqual([]);
  });

  test("is accessible before anything is loaded", async () => {
    document.documentElement.lang = page.documentElement.lang;
    document.title = page.title;
    document.body.innerHTML = page.body.innerHTML;
    // Colours need a real browser.
    const { violations } = await axe.run(document, {
      rules: { "color-contrast": { enabled: false } },
    });
    expect(violations.map(({ id, nodes }) => [id, nodes[0]?.html])).toEqual([]);
  });
});
