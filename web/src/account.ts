/** Wires a page to the sign-in: who is signed in, in its header, and the way out. */

import { Access } from "./access";
import { el, find } from "./dom";
import type { AddressBar } from "./login";

/** Make the page's access to the server; the place for the account stays hidden where there is none. */
export function openAccess(): Access {
  const place = find("#account", HTMLElement);
  const access: Access = new Access({
    bar: addressBar,
    storage: sessionStorage,
    changed: (person) => showAccount(place, person, () => void access.signOut()),
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) {
      // What is wrong is told by the next request that somebody waits for.
      void access.wake().catch(() => undefined);
    }
  });
  return access;
}

const addressBar: AddressBar = {
  here: () => new URL(location.href),
  leave: (address) => location.assign(address),
  rewrite: (address) => history.replaceState(history.state, "", address),
};

/** Show who is signed in, with a button to sign out; nobody hides both. */
export function showAccount(place: HTMLElement, person: string | null, signOut: () => void): void {
  place.hidden = person === null;
  if (person === null || place.dataset["person"] === person) {
    return;
  }
  place.dataset["person"] = person;
  const button = el(
    "button",
    { type: "button", class: "button", title: `Signed in as ${person}` },
    "Sign out",
  );
  button.addEventListener("click", () => {
    button.disabled = true;
    signOut();
  });
  const label = el("span", { class: "unseen" }, "Signed in as ");
  place.replaceChildren(el("p", { class: "person", title: person }, label, person), button);
}
