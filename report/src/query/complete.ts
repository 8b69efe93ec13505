// SPDX-License-Identifier: MIT
// What the word at the caret could become: keys, and values that the trace has.
import type { Report } from "../data/report.ts";
import { KEYS, termFor } from "./parse.ts";

/** `text` is the whole query with the suggestion in it. */
export interface Suggestion { text: string; label: string; doc: string }

const MOST = 10;

function distinct(report: Report, column: string): string[] {
  const { events, strings } = report;
  const { data } = events.string(column);
  const seen = new Uint8Array(strings.count);
  for (let row = 0; row < events.length; row++) seen[data[row]!] = 1;
  const found = [];
  for (let id = 1; id < seen.length; id++) if (seen[id]) found.push(strings.text(id));
  return [...new Set(found)].sort();
}

// Kept while no more rows arrive.
const cache = new Map<string, { length: number; values: string[] }>();

function valuesOf(report: Report, key: string): string[] {
  const cached = cache.get(key);
  if (cached?.length === report.events.length) return cached.values;
  const tasks = report.tasks.list();
  const column = { err: "error" }[key] ?? key;
  const values = key === "proc" ? [...new Set(tasks.map(({ comm }) => comm ?? ""))].sort()
    : key === "exe" ? [...new Set(tasks.map(({ exe }) => exe ?? ""))].sort()
    : key === "pid" || key === "tid" ? [...new Set(tasks.map((task) => String(task[key] ?? "")))]
    : ["name", "type", "class", "error", "path", "remote"].includes(column) ? distinct(report, column) : [];
  cache.set(key, { length: report.events.length, values });
  return values;
}

/** At most ten suggestions for the word that ends at the caret. */
export function suggestions(report: Report, text: string, caret: number): Suggestion[] {
  const before = text.slice(0, caret);
  const start = Math.max(before.lastIndexOf(" ") + 1, 0);
  const [, sign, word] = /^(-?)(.*)$/.exec(before.slice(start))!;
  const put = (value: string) => `${text.slice(0, start)}${sign}${value}${text.slice(caret)}`;
  const found = /^([a-z]+):(.*)$/.exec(word!);
  if (found && KEYS[found[1]!]) {
    const [, key, partial] = found as unknown as [string, string, string];
    const given = partial.slice(0, partial.lastIndexOf(",") + 1);
    const wanted = partial.slice(given.length).toLowerCase();
    return valuesOf(report, key)
      .filter((value) => value && value.toLowerCase().includes(wanted) && value !== wanted)
      .slice(0, MOST)
      .map((value) => ({ text: put(`${termFor(key, given + value)} `), label: `${key}:${value}`, doc: "" }));
  }
  if (!word) return [];
  const keys = Object.entries(KEYS).filter(([key]) => key.startsWith(word))
    .map(([key, { doc }]) => ({ text: put(`${key}:`), label: `${key}:`, doc }));
  const names = valuesOf(report, "name").filter((name) => name.includes(word) && name !== word)
    .map((name) => ({ text: put(`${name} `), label: name, doc: "call" }));
  return [...keys, ...names].slice(0, MOST);
}
