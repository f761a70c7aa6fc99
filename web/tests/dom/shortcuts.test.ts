import { beforeEach, describe, expect, test, vi } from "vitest";
import { el } from "../../src/dom";
import { runShortcut, type Shortcut } from "../../src/shortcuts";

const run = vi.fn();
const SHORTCUTS: readonly Shortcut[] = [
  { keys: ["+", "="], shown: "+", words: "Zoom in", run },
  { keys: ["PageUp"], shown: "]", words: "Focus", run },
  { keys: ["ArrowDown"], shown: "↓", words: "Move", run },
];

/** Press a key on an element and say whether a shortcut took it. */
function press(target: Element, key: string, modifiers: KeyboardEventInit = {}): boolean {
  let taken = false;
  const listen = (event: Event) => {
    taken = runShortcut(SHORTCUTS, event as KeyboardEvent);
  };
  document.addEventListener("keydown", listen, { once: true });
  target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, ...modifiers }));
  return taken;
}

beforeEach(() => {
  run.mockClear();
  document.body.replaceChildren();
});

test("each of its keys runs a shortcut", () => {
  expect(press(document.body, "+")).toBe(true);
  expect(press(document.body, "=", { shiftKey: true })).toBe(true);
  expect(run).toHaveBeenCalledTimes(2);
});

test("a slider keeps its arrows, and a switch none of the keys", () => {
  const [slider, toggle] = [el("input", { type: "range" }), el("input", { type: "checkbox" })];
  document.body.append(slider, toggle);
  expect(press(slider, "ArrowDown")).toBe(false);
  expect(press(slider, "PageUp")).toBe(false);
  expect(press(slider, "+")).toBe(true);
  expect(press(toggle, "ArrowDown")).toBe(true);
  expect(press(toggle, "PageUp")).toBe(true);
});

test("other keys are left alone", () => {
  expect(press(document.body, "x")).toBe(false);
  expect(run).not.toHaveBeenCalled();
});

test.each(["ctrlKey", "metaKey", "altKey"])("with %s a key belongs to the browser", (modifier) => {
  expect(press(document.body, "+", { [modifier]: true })).toBe(false);
});

describe("a key is left to", () => {
  test.each(["input", "textarea", "select"] as const)("the %s it is typed into", (tag) => {
    const field = el(tag);
    document.body.append(field);
    expect(press(field, "+")).toBe(false);
  });

  test("an open dialog", () => {
    document.body.append(el("dialog", { open: true }));
    expect(press(document.body, "+")).toBe(false);
  });

  test("a panel that scrolls, when it is an arrow", () => {
    const button = el("button");
    document.body.append(el("aside", { "data-scrolls": true }, button));
    expect(press(button, "ArrowDown")).toBe(false);
    expect(press(button, "+")).toBe(true);
  });
});
