// SPDX-License-Identifier: MIT
// Sums over events: by task and by category.
import { CATEGORIES, kindsOf } from "./category.ts";
import type { Report } from "./report.ts";

/** Bytes of events that show them again (peek) do not count, nor does a further part of a call as a call. */
const PEEK = 32;
const FURTHER = 8;
const RECORD = 16;

export interface Usage {
  events: number;
  calls: number;
  failed: number;
  time: number;
  read: number;
  written: number;
  sent: number;
  received: number;
}

export const noUsage = (): Usage =>
  ({ events: 0, calls: 0, failed: 0, time: 0, read: 0, written: 0, sent: 0, received: 0 });

export function addUsage(to: Usage, more: Usage): void {
  for (const key of Object.keys(to) as (keyof Usage)[]) to[key] += more[key];
}

const MOVES: Record<string, (keyof Usage)[]> = { read: ["read"], write: ["written"], send: ["sent"], recv: ["received"],
  copy: ["read", "written"] };

/** What each task did, by its id. */
export function usageByTask({ events, strings }: Report, rows: Uint32Array): Map<number, Usage> {
  const [task, size, flags] = ["task", "bytes", "flags"].map((name) => events.number(name));
  const duration = events.number("duration").floats();
  const [error, type] = [events.string("error").data, events.string("type").data];
  const moves = new Map<number, (keyof Usage)[]>();
  for (const [name, into] of Object.entries(MOVES)) for (const id of strings.idsOf(name)) moves.set(id, into);
  const found = new Map<number, Usage>();
  for (const row of rows) {
    const id = task!.or0(row);
    let usage = found.get(id);
    if (!usage) found.set(id, usage = noUsage());
    const flag = flags!.or0(row);
    usage.events++;
    if (!(flag & (RECORD | FURTHER))) usage.calls++;
    if (error[row]) usage.failed++;
    usage.time += duration[row]! || 0;
    const into = flag & PEEK ? undefined : moves.get(type[row]!);
    if (into) for (const key of into) usage[key] += size!.or0(row);
  }
  return found;
}

export interface Share { category: number; count: number; failed: number; time: number }

/** Time, count and failures of each category that there is, the longest first. */
export function shares(report: Report, rows: Uint32Array): Share[] {
  const { events } = report;
  const duration = events.number("duration").floats();
  const error = events.string("error").data;
  const kinds = kindsOf(report);
  const all = CATEGORIES.map((_, i): Share => ({ category: i, count: 0, failed: 0, time: 0 }));
  for (const row of rows) {
    const share = all[kinds[row]!]!;
    share.count++;
    share.time += duration[row]! || 0;
    if (error[row]) share.failed++;
  }
  return all.filter(({ count }) => count).sort((a, b) => b.time - a.time);
}
