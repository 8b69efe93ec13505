// SPDX-License-Identifier: MIT
// How long calls took: counts, percentiles and a histogram of each group of events; time against duration as cells.
import type { Span } from "../state.ts";
import { Categories, WAITING } from "./category.ts";
import type { Report } from "./report.ts";
import { STRIDE, Work } from "./sliced.ts";

const FURTHER = 8;
/** Histograms have a column for each doubling; the last is for all that is longer. */
export const OCTAVES = 40;
export function octaveOf(ns: number): number {
  const octave = ns < 0x100000000 ? 31 - Math.clz32(ns) : 32 + 31 - Math.clz32(ns / 0x100000000);
  return Math.max(0, Math.min(OCTAVES - 1, octave));
}

/** The shortest and the longest, in ns, of a column. */
export const boundsOf = (octave: number): [number, number] => [octave ? 2 ** octave : 0, 2 ** (octave + 1)];

/** The first and the last column that has any. */
export function extentOf(octaves: Uint32Array): [number, number] {
  let last = octaves.length - 1;
  while (last > 0 && !octaves[last]) last--;
  return [Math.max(0, octaves.findIndex(Boolean)), last];
}

export interface Group {
  /** What is grouped by: the call, and what it was on or who made it. */
  call: string; on: string;
  count: number; failed: number; total: number;
  p50: number; p95: number; p99: number; max: number;
  /** The row of the longest. */
  longest: number;
  octaves: Uint32Array; tasks: Set<number>;
  /** Terms of the query that leave its events. */
  terms: string[];
}

/** Which group an event belongs to (0: none), and what the group is called. */
export interface Grouping {
  key(row: number): number;
  describe(row: number): Pick<Group, "call" | "on" | "terms">;
}

function fresh(grouping: Grouping, row: number): Group {
  return { ...grouping.describe(row), count: 0, failed: 0, total: 0, p50: 0, p95: 0, p99: 0, max: -1, longest: row,
    octaves: new Uint32Array(OCTAVES), tasks: new Set() };
}

const quantile = (sorted: Float64Array, part: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!;

/** The groups of rows of events that took time, those that took most in all first. */
export function* groupsOf({ events }: Report, rows: Uint32Array, grouping: Grouping): Work<Group[]> {
  const [duration, flags, task] = ["duration", "flags", "task"].map((name) => events.number(name));
  const error = events.string("error").data;
  const groups: Group[] = [];
  const places = new Map<number, number>();
  const placeOf = new Int32Array(rows.length).fill(-1);
  for (let i = 0; i < rows.length; i++) {
    if ((i & (STRIDE - 1)) === STRIDE - 1) yield;
    const row = rows[i]!;
    const took = duration!.at(row);
    const key = Number.isNaN(took) || flags!.or0(row) & FURTHER ? 0 : grouping.key(row);
    if (!key) continue;
    let place = places.get(key);
    if (place === undefined) {
      places.set(key, place = groups.length);
      groups.push(fresh(grouping, row));
    }
    placeOf[i] = place;
    const group = groups[place]!;
    group.count++;
    if (error[row]) group.failed++;
    group.total += took;
    if (took > group.max) [group.max, group.longest] = [took, row];
    group.octaves[octaveOf(took)]!++;
    group.tasks.add(task!.or0(row));
  }
  const taken = groups.map(({ count }) => new Float64Array(count));
  const ends = new Uint32Array(groups.length);
  for (let i = 0; i < rows.length; i++) {
    if ((i & (STRIDE - 1)) === STRIDE - 1) yield;
    const place = placeOf[i]!;
    if (place >= 0) taken[place]![ends[place]!++] = duration!.at(rows[i]!);
  }
  for (const [place, group] of groups.entries()) {
    const sorted = taken[place]!.sort();
    [group.p50, group.p95, group.p99] = [quantile(sorted, 0.5), quantile(sorted, 0.95), quantile(sorted, 0.99)];
    yield;
  }
  return groups.sort((a, b) => b.total - a.total);
}

/** For each string id the first one of the same text. */
function firsts({ strings }: Report): (id: number) => number {
  const known = new Map<number, number>();
  return (id) => {
    let first = known.get(id);
    if (first === undefined) known.set(id, first = id ? strings.idsOf(strings.text(id))[0] ?? id : 0);
    return first;
  };
}

export function byCall(report: Report, quoted: (key: string, value: string) => string): Grouping {
  const names = report.events.string("name").data;
  const first = firsts(report);
  return { key: (row) => first(names[row]!), describe: (row) => {
    const call = report.events.text("name", row);
    return { call, on: "", terms: [quoted("name", call)] };
  } };
}

/** Records of a type, by the task they are about. */
export function byTask(report: Report, type: string, quoted: (key: string, value: string) => string): Grouping {
  const types = report.events.string("type").data;
  const task = report.events.number("task");
  const wanted = new Set(report.strings.idsOf(type));
  return { key: (row) => wanted.has(types[row]!) ? task.or0(row) + 1 : 0, describe: (row) => {
    const { comm = "?", tid = 0 } = report.tasks.get(task.or0(row)) ?? {};
    return { call: `${comm} ${tid}`, on: "", terms: [`type:${type}`, quoted("tid", String(tid))] };
  } };
}

// Calls that wait for another when they are on one of these.
const SLOW_KINDS = new Set(["pipe", "fifo", "socket", "tty"]);
const MAY_WAIT = ["read", "recv", "write", "send", "accept", "connect", "lock", "wait"];

/** Calls that wait for something, by the call and what it was on. */
export function byWait(report: Report, quoted: (key: string, value: string) => string): Grouping {
  const { events, objects, strings } = report;
  const [names, types] = [events.string("name").data, events.string("type").data];
  const object = events.number("object");
  const category = new Categories(report).of();
  const first = firsts(report);
  const may = new Set(MAY_WAIT.flatMap((name) => strings.idsOf(name)));
  const waits = new Set(["wait", "lock"].flatMap((name) => strings.idsOf(name)));
  const places = new Map<string, number>();
  const placeOf = new Map<number, number>();
  const nameOf = (id: number) => objects.get(id)?.name ?? objects.get(id)?.remote ?? "";
  const remote = (id: number) =>
    objects.get(id)?.kind === "socket" ? (objects.get(id)?.remote ?? nameOf(id)) : nameOf(id);
  const place = (id: number): number => {
    let found = placeOf.get(id);
    if (found === undefined) {
      const name = remote(id);
      found = places.get(name) ?? places.size + 1;
      places.set(name, found);
      placeOf.set(id, found);
    }
    return found;
  };
  const key = (row: number): number => {
    const id = object.or0(row);
    const is = category(row) === WAITING || waits.has(types[row]!)
      || (may.has(types[row]!) && id > 0 && SLOW_KINDS.has(objects.get(id)?.kind ?? ""));
    return is ? first(names[row]!) * 0x400000 + (id ? place(id) : 0) : 0;
  };
  return { key, describe: (row) => {
    const [call, id] = [events.text("name", row), object.or0(row)];
    const on = id ? remote(id) : "";
    const others = id
      ? objects
          .list()
          .filter((thing) => remote(thing.id) === on)
          .slice(0, 50)
          .map((thing) => thing.id)
      : [];
    return { call, on, terms: [quoted("name", call), ...(others.length ? [`object:${others.join(",")}`] : [])] };
  } };
}

export interface Heat { span: Span; slots: number; first: number; octaves: number; counts: Uint32Array; most: number }

/** How many events there are in each part of the time, for each doubling of the duration. `key` leaves out others. */
export function* heatOf(
  { events }: Report,
  rows: Uint32Array,
  span: Span,
  slots: number,
  key: (row: number) => number,
): Work<Heat> {
  const [time, duration, flags] = ["time", "duration", "flags"].map((name) => events.number(name));
  const counts = new Uint32Array(slots * OCTAVES);
  const scale = slots / (span.to - span.from);
  let [least, longest] = [OCTAVES, 0];
  for (let i = 0; i < rows.length; i++) {
    if ((i & (STRIDE - 1)) === STRIDE - 1) yield;
    const row = rows[i]!;
    const took = duration!.at(row);
    if (Number.isNaN(took) || flags!.or0(row) & FURTHER || !key(row)) continue;
    const slot = Math.max(0, Math.min(slots - 1, Math.floor((time!.at(row) - span.from) * scale)));
    const octave = octaveOf(took);
    counts[octave * slots + slot]!++;
    if (octave < least) least = octave;
    if (octave > longest) longest = octave;
  }
  if (least > longest) [least, longest] = [0, 0];
  const octaves = longest - least + 1;
  const own = counts.subarray(least * slots, (longest + 1) * slots);
  return {
    span,
    slots,
    first: least,
    octaves,
    counts: own,
    most: own.reduce((most, value) => Math.max(most, value), 0),
  };
}
