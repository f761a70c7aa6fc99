/** What stands in the place of slides: nothing there yet, nothing found, or something went wrong. */

import { el, icon } from "./dom";
import type { ApiProblem } from "./problem";
import { stateLabel } from "./row";
import type { ListState } from "./urlstate";

/** The command that sends a folder; the deployed stack prints it with the names filled in. */
export const SYNC_COMMAND = "labsight sync DIR --bucket NAME --source scanner-1";

const COPIED_MESSAGE_MS = 2000;

/** Tell how the first slide gets here. */
export function emptyArchive(): HTMLElement {
  return message(
    "slide",
    "No slides yet",
    el("p", {}, "Send a folder of scans from the scanner's workstation:"),
    el("p", { class: "command" }, el("code", {}, SYNC_COMMAND), copyButton(SYNC_COMMAND)),
    el(
      "p",
      { class: "quiet" },
      "DIR is the folder with the scans; the deployment's output upload_command gives this line with its bucket name. Under labsight serve, put slides into the folder that it serves.",
    ),
  );
}

/** Tell that the search or the filter left nothing over. */
export function nothingFound(list: ListState, clear: () => void): HTMLElement {
  const state = list.state === null ? "" : ` in state “${stateLabel(list.state)}”`;
  const words = list.q === "" ? `No slide is${state}.` : `No slide${state} matches “${list.q}”.`;
  return message(
    "search",
    "Nothing found",
    el("p", {}, words),
    actions(button("Show all slides", clear)),
  );
}

/** Tell what went wrong and offer what may help. */
export function problemMessage(
  problem: ApiProblem,
  ...offers: readonly HTMLElement[]
): HTMLElement {
  return message("failed", problem.title, el("p", {}, problem.detail), actions(...offers));
}

export function button(label: string, action: () => void): HTMLButtonElement {
  const element = el("button", { type: "button", class: "button" }, label);
  element.addEventListener("click", action);
  return element;
}

/** Make a button that copies `text` and says so. */
function copyButton(text: string): HTMLElement {
  const label = el("span", {}, "Copy");
  const element = el("button", { type: "button", class: "button" }, icon("copy"), label);
  element.addEventListener("click", async () => {
    label.textContent = (await copyText(text)) ? "Copied" : "Select and copy";
    setTimeout(() => {
      label.textContent = "Copy";
    }, COPIED_MESSAGE_MS);
  });
  return element;
}

/** Put text on the clipboard; false where the browser does not let a page do that. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Plain http pages have no clipboard, and a person may refuse it: the text stays selectable.
    return false;
  }
}

function message(
  name: Parameters<typeof icon>[0],
  title: string,
  ...content: readonly (Node | null)[]
): HTMLElement {
  return el(
    "div",
    { class: `message ${name === "failed" ? "failed" : ""}`.trim() },
    icon(name),
    el("h2", {}, title),
    ...content,
  );
}

function actions(...buttons: readonly HTMLElement[]): HTMLElement {
  return el("p", { class: "actions" }, ...buttons);
}
