import axe from "axe-core";
import { expect, test, vi } from "vitest";
import { showAccount } from "../../src/account";
import { el } from "../../src/dom";

function shown(person: string | null) {
  const place = el("div", { hidden: true });
  const signOut = vi.fn();
  document.body.replaceChildren(el("header", {}, place));
  showAccount(place, person, signOut);
  return { place, signOut };
}

test("the person is shown as text, with a button to sign out that works once", async () => {
  const { place, signOut } = shown("<b>lab</b>@example.org");
  expect(place.hidden).toBe(false);
  expect(place.querySelector("b")).toBeNull();
  expect(place.textContent).toBe("Signed in as <b>lab</b>@example.orgSign out");
  place.querySelector("button")?.click();
  place.querySelector("button")?.click();
  expect(signOut).toHaveBeenCalledTimes(1);
  const { violations } = await axe.run(place, { rules: { region: { enabled: false } } });
  expect(violations).toEqual([]);
});

test("a renewed sign-in leaves the button as it is, with the focus that it may have", () => {
  const { place, signOut } = shown("lab@example.org");
  const before = place.querySelector("button");
  showAccount(place, "lab@example.org", signOut);
  expect(place.querySelector("button")).toBe(before);
});

test("nobody is shown where nobody is signed in", () => {
  expect(shown(null).place.hidden).toBe(true);
});
