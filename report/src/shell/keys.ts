// SPDX-License-Identifier: MIT
// The keyboard. A view adds its own keys while it is there; what has no key here stays the browser's.
import { signal } from "@preact/signals";
import { query, range, selected, setParam, tab } from "../state.ts";
import { nextTheme } from "../theme.ts";
import { shownViews } from "../views/index.ts";
import { exportOpen } from "./export.tsx";
import { helpOpen } from "./help.tsx";

/** Off: only keys with Ctrl, Escape, arrows and Tab do something (WCAG 2.1.4). */
export const singleKeys = signal(true);

/** What `?` lists. */
export const KEY_LIST: { keys: string[]; doc: string }[] = [
  { keys: ["/", "Ctrl K"], doc: "search" },
  { keys: ["n", "N"], doc: "next, previous hit" },
  { keys: ["1", "… 9"], doc: "tabs" },
  { keys: ["w", "s", "+", "−"], doc: "zoom at the cursor" },
  { keys: ["a", "d", "←", "→"], doc: "pan; with Shift five times as far" },
  { keys: ["0"], doc: "all of the trace" },
  { keys: ["f"], doc: "zoom to the selection" },
  { keys: [",", "."], doc: "previous, next event of the task" },
  { keys: ["[", "]"], doc: "previous, next error" },
  { keys: ["↑", "↓"], doc: "task above, below" },
  { keys: ["Enter"], doc: "details" },
  { keys: ["e", "Space"], doc: "expand, collapse" },
  { keys: ["m"], doc: "mark; two marks measure" },
  { keys: ["r"], doc: "range from the selection" },
  { keys: ["x"], doc: "only this task" },
  { keys: ["h"], doc: "hide this task" },
  { keys: ["g"], doc: "go to a time" },
  { keys: ["t"], doc: "theme" },
  { keys: ["Ctrl C"], doc: "copy the selected event as a line of strace" },
  { keys: ["E"], doc: "export, save, print" },
  { keys: ["Esc"], doc: "back: details, range, query" },
];

export type Keys = Record<string, (event: KeyboardEvent) => void>;
const layers: Keys[] = [];

/** Adds keys (by `event.key`) until the returned function is called; the last one added comes first. */
export function addKeys(keys: Keys): () => void {
  layers.push(keys);
  return () => void layers.splice(layers.indexOf(keys), 1);
}

export function focusSearch(): void {
  document.querySelector<HTMLInputElement>("#query")?.focus();
}

function escape(): void {
  if (selected.value) selected.value = null;
  else if (range.value) range.value = null;
  else query.value = "";
}

const SHELL: Keys = {
  "?": () => (helpOpen.value = true),
  "/": focusSearch,
  t: nextTheme,
  E: () => (exportOpen.value = true),
  Escape: escape,
};

function digit(key: string): boolean {
  const view = /^[1-9]$/.test(key) ? shownViews.value[Number(key) - 1] : undefined;
  if (view) tab.value = view.id;
  return view !== undefined;
}

// Elements that have a use for keys of their own.
function isTaken(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement;
  if (target.closest("dialog:not([open])")) return false; // closed just now, it still has the focus
  if (target.closest("input, textarea, select, dialog, [contenteditable]")) return true;
  if (event.key === "Enter" || event.key === " ") return target.closest("button, a, summary, [role=tab]") !== null;
  return event.key.startsWith("Arrow") && target.closest("[role=tablist], [role=listbox]") !== null;
}

function onKey(event: KeyboardEvent): void {
  if ((event.ctrlKey || event.metaKey) && event.key === "k") {
    event.preventDefault();
    return focusSearch();
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTaken(event)) return;
  if (!singleKeys.value && event.key.length === 1) return;
  const keys = [...layers].reverse().find((layer) => layer[event.key]) ?? SHELL;
  const action = keys[event.key];
  if (!action && !digit(event.key)) return;
  event.preventDefault();
  action?.(event);
}

export function followKeys(): () => void {
  document.addEventListener("keydown", onKey);
  return () => document.removeEventListener("keydown", onKey);
}

/** For switches of views: turns one of `params` on or off. */
export function toggleParam(name: string, on: boolean): void {
  setParam(name, on ? "1" : undefined);
}
