/** The viewer's keys: one table for what they do and for what the help says. */

export interface Shortcut {
  /** `KeyboardEvent.key` values; the first ones are shown in the help. */
  readonly keys: readonly string[];
  readonly shown: string;
  readonly words: string;
  readonly run: () => void;
}

const TYPING =
  "input:not([type=range], [type=checkbox], [type=color]), select, textarea, [contenteditable]";
const MOVED = "[data-scrolls], input[type=range]";
const MOVES = /^(Arrow|Page)/;

/** Run the shortcut of a key press; say whether there was one. */
export function runShortcut(shortcuts: readonly Shortcut[], event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || isTaken(event)) {
    return false;
  }
  const found = shortcuts.find((shortcut) => shortcut.keys.includes(event.key));
  found?.run();
  return found !== undefined;
}

/** A text field takes all keys, an open dialog too; a slider and a scrolling panel take what moves them. */
function isTaken({ target, key }: KeyboardEvent): boolean {
  if (!(target instanceof Element)) {
    return false;
  }
  const scrolls = MOVES.test(key) && target.closest(MOVED) !== null;
  return scrolls || target.matches(TYPING) || document.querySelector("dialog[open]") !== null;
}
