// SPDX-License-Identifier: MIT
// The events that the query, the noise switch and the range leave; everything is computed when it is asked for.
import { batch, computed, effect, signal } from "@preact/signals";
import { report } from "./data/load.ts";
import { version } from "./data/report.ts";
import { timeOrder } from "./data/order.ts";
import { findInArgs } from "./query/args.ts";
import { maskOf } from "./query/match.ts";
import { parseQuery, withTerm } from "./query/parse.ts";
import { noise, query, range } from "./state.ts";

export const terms = computed(() => parseQuery(query.value));

/** All rows of events by time; undefined when they are in that order anyway. */
export const order = computed(() => {
  version.value;
  return timeOrder(report.events.number("time").floats(), report.events.length);
});

const argsFound = signal(new Map<string, Uint8Array>());
/** Whether arguments are still being searched. */
export const searching = signal(false);

/** 1 for each event that the query leaves, noise as well. */
const queried = computed(() => {
  version.value;
  return maskOf(report, terms.value, argsFound.value);
});

/** 1 for each event that the query and the noise switch leave. */
export const mask = computed(() => {
  version.value;
  if (noise.value || !report.events.has("hidden")) return queried.value;
  const found = queried.value.slice();
  const hidden = report.events.string("hidden").data;
  for (let row = 0; row < found.length; row++) if (hidden[row]) found[row] = 0;
  return found;
});

/** How many events noise rules hide. */
export const hiddenCount = computed(() => {
  version.value;
  const hidden = report.events.string("hidden").data;
  let count = 0;
  for (let row = 0; row < report.events.length; row++) if (hidden[row]) count++;
  return count;
});

function within(left: Uint8Array): Uint32Array {
  const found = new Uint32Array(left.length);
  const time = report.events.number("time").floats();
  const duration = report.events.number("duration").floats();
  const span = range.value;
  const sorted = order.value;
  let count = 0;
  for (let i = 0; i < left.length; i++) {
    const row = sorted ? sorted[i]! : i;
    if (!left[row]) continue;
    if (span && (time[row]! >= span.to || time[row]! + (duration[row]! || 0) < span.from)) continue;
    found[count++] = row;
  }
  return found.subarray(0, count);
}

/** The rows of events that are left, by time, within the range. What tables show. */
export const rows = computed(() => within(mask.value));
/** The same with noise: what sums are of. What is not worth a line is worth counting. */
export const counted = computed(() => within(queried.value));

/** Adds a term to the query, as `termFor("path", name)` makes it. */
export function narrow(term: string): void {
  query.value = withTerm(query.value, term);
}

export function clearFilters(): void {
  batch(() => {
    query.value = "";
    range.value = null;
  });
}

/** Searches arguments when the query asks for them. */
export function followArgs(): void {
  let running = new AbortController();
  effect(() => {
    const wanted = terms.value.filter(({ key, problem }) => key === "args" && !problem);
    version.value;
    running.abort();
    running = new AbortController();
    const { signal: stop } = running;
    searching.value = wanted.length > 0;
    if (!wanted.length) return;
    void Promise.all(wanted.map(async ({ values }) =>
      [values.join(","), await findInArgs(report, values, stop)] as const)).then((found) => {
      if (stop.aborted) return;
      argsFound.value = new Map(found);
      searching.value = false;
    });
  });
}
