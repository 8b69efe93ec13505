// SPDX-License-Identifier: MIT
// What the reader has chosen: one state, in the address after the `#`, so that a link or the back button brings it
// again. Zooming (`view`) never filters; `query`, `range` and `noise` do.
import { batch, effect, signal } from "@preact/signals";

/** From and to, in ns since the trace began. */
export interface Span { from: number; to: number }
/** What the details are of: an event's row, or a task or object by id. */
export interface Selection { kind: "event" | "task" | "object"; id: number }

export const tab = signal("overview");
/** The part that the timeline shows; null is all. */
export const view = signal<Span | null>(null);
/** The part of time that tables and statistics are about; null is all. */
export const range = signal<Span | null>(null);
export const query = signal("");
/** Whether events are shown that a noise rule hides. */
export const noise = signal(false);
export const selected = signal<Selection | null>(null);
/** What single views keep in the address: sort orders, switches. By `view.name`. */
export const params = signal<Record<string, string>>({});

/** Sets or removes (undefined) one of `params`. */
export function setParam(name: string, value: string | undefined): void {
  const { [name]: _, ...others } = params.value;
  params.value = value === undefined ? others : { ...others, [name]: value };
}

export const selectEvent = (row: number): void => void (selected.value = { kind: "event", id: row });

const spanText = (span: Span | null) => span ? `${Math.round(span.from)}-${Math.round(span.to)}` : "";

function spanOf(text: string | null): Span | null {
  const [from, to] = (text ?? "").split("-").map(Number);
  return from! >= 0 && to! > from! ? { from: from!, to: to! } : null;
}

function toHash(): string {
  const { kind, id } = selected.value ?? {};
  const all = new URLSearchParams({ tab: tab.value, view: spanText(view.value), range: spanText(range.value),
    query: query.value, noise: noise.value ? "1" : "", selected: kind ? `${kind}-${id}` : "", ...params.value });
  for (const [key, value] of [...all]) if (!value) all.delete(key);
  return `#${all}`;
}

function fromHash(): void {
  const all = new URLSearchParams(location.hash.slice(1));
  const take = (key: string) => {
    const value = all.get(key);
    all.delete(key);
    return value;
  };
  batch(() => {
    tab.value = take("tab") ?? "overview";
    view.value = spanOf(take("view"));
    range.value = spanOf(take("range"));
    query.value = take("query") ?? "";
    noise.value = take("noise") === "1";
    const [, kind, id] = /^(event|task|object)-(\d+)$/.exec(take("selected") ?? "") ?? [];
    selected.value = kind ? { kind: kind as Selection["kind"], id: Number(id) } : null;
    params.value = Object.fromEntries(all);
  });
}

/** Reads the address and follows it both ways. A tab is a step back in history, everything else is not. */
export function followAddress(): void {
  fromHash();
  let before = tab.value;
  let pending = 0;
  effect(() => {
    toHash();
    clearTimeout(pending);
    pending = setTimeout(() => {
      const hash = toHash();
      if (hash === location.hash) return;
      history[tab.value === before ? "replaceState" : "pushState"](null, "", hash);
      before = tab.value;
    }, 120) as unknown as number;
  });
  addEventListener("popstate", () => {
    fromHash();
    before = tab.value;
  });
}
