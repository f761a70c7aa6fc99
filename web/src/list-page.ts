/** Wires the list page: the search box, the state filter, the address bar and the keyboard to the list. */

import { openAccess } from "./account";
import { SlideApi } from "./api";
import { drawIcons, find } from "./dom";
import { SlideList } from "./list";
import { type ListState, listAddress, readListState } from "./urlstate";

const TYPING_PAUSE_MS = 250;

const access = openAccess();
const form = find("#filters", HTMLFormElement);
const search = find("#search", HTMLInputElement);
let typing: ReturnType<typeof setTimeout> | undefined;

const list = new SlideList(
  {
    slides: find("#slides", HTMLElement),
    summary: find("#summary", HTMLElement),
    notice: find("#notice", HTMLElement),
    more: find("#more", HTMLButtonElement),
  },
  new SlideApi(access.fetch),
  () => show({ q: "", state: null }),
);

/** Read the form the way an address is read: a form is one. */
function formState(): ListState {
  const fields = [...new FormData(form)].map(([name, value]) => [name, String(value)]);
  return readListState(new URLSearchParams(fields).toString());
}

function show(state: ListState): void {
  clearTimeout(typing);
  if (search.value.trim() !== state.q) {
    search.value = state.q;
  }
  const chosen = find(`input[name="state"][value="${state.state ?? ""}"]`, HTMLInputElement, form);
  chosen.checked = true;
  history.replaceState(null, "", listAddress(state));
  void list.load(state);
}

function onKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey) {
    return;
  }
  if (event.key === "/" && document.activeElement !== search) {
    search.focus();
    event.preventDefault();
  } else if (
    (event.key === "ArrowDown" && list.moveFocus(1)) ||
    (event.key === "ArrowUp" && list.moveFocus(-1))
  ) {
    event.preventDefault();
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  show(formState());
});
form.addEventListener("change", (event) => {
  // The search box reports its change when it is left, long after typing was answered.
  if (event.target !== search) {
    show(formState());
  }
});
search.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => show(formState()), TYPING_PAUSE_MS);
});
find("#refresh", HTMLButtonElement).addEventListener("click", () => void list.refresh());
document.addEventListener("keydown", onKey);
document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    list.pause();
  } else {
    void list.refresh();
  }
});
globalThis.addEventListener("popstate", () => show(readListState(location.search)));

async function start(): Promise<void> {
  // Whoever comes from the sign-in page has its answer in the address, and the search they left in mind.
  await access.arrive();
  show(readListState(location.search));
}

drawIcons();
void start();
