// SPDX-License-Identifier: MIT
// What stands out in a trace, each with the filter that shows the evidence. Thresholds are those of a person who would
// not want to be told about less.
import { bytes, count, leaf, ns, percent, short } from "../text.ts";
import { termFor } from "../query/parse.ts";
import { CATEGORIES, Categories, WAITING } from "./category.ts";
import type { Report } from "./report.ts";
import type { Task } from "./tasks.ts";

export interface Finding {
  title: string;
  text: string;
  /** What shows it: an event, a query, or a span of time. */
  row?: number; query?: string; span?: { from: number; to: number };
}

const SLOWEST = 5;
const MISSED = 20;
const OPENED = 50;
const TINY = { bytes: 512, calls: 10000 };
const TIMEOUTS = 1000;
const IDLE = 0.05;

type Finder = (report: Report, rows: Uint32Array) => Finding[];

const name = (report: Report, row: number) => short(report.events.text("name", row), 64);
const who = (report: Report, row: number) => {
  const { comm = "?", tid = "" } = report.tasks.get(report.events.number("task").or0(row)) ?? {};
  return `${short(comm, 64)} ${tid}`;
};

function target(report: Report, row: number): string {
  return report.events.text("path", row) || report.objects.get(report.events.number("object").or0(row))?.name
    || report.events.text("remote", row);
}

/** The largest counts of a key over some rows, those of at least `least`. */
function most(rows: Uint32Array, key: (row: number) => number, least: number, top: number): [number, number][] {
  const counts = new Map<number, number>();
  for (const row of rows) {
    const id = key(row);
    if (id) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return [...counts].filter(([, times]) => times >= least).sort((a, b) => b[1] - a[1]).slice(0, top);
}

const slowest: Finder = (report, rows) => {
  const duration = report.events.number("duration");
  const category = new Categories(report).of();
  // A pipe is read for as long as nobody writes.
  const waits = (row: number) => category(row) === WAITING || CATEGORIES[category(row)]!.name === "descriptor";
  const top: number[] = [];
  let least = 0;
  for (const row of rows) {
    if (!(duration.at(row) > least) || waits(row)) continue;
    top.push(row);
    top.sort((a, b) => duration.at(b) - duration.at(a));
    if (top.length > SLOWEST) top.length = SLOWEST;
    if (top.length === SLOWEST) least = duration.at(top[SLOWEST - 1]!);
  }
  return top.map((row) => ({ title: `${name(report, row)} took ${ns(duration.at(row))}`, row,
    text: `${who(report, row)}  ${short(target(report, row), 120)}` }));
};

const missing: Finder = (report, rows) => {
  const { events, strings } = report;
  const [error, path] = [events.string("error"), events.string("path")];
  const absent = new Set(strings.idsOf("ENOENT"));
  return most(rows, (row) => absent.has(error.id(row)) ? path.id(row) : 0, MISSED, 3).map(([id, times]) => ({
    title: `${short(leaf(strings.text(id)), 64)} is looked for in vain ${count(times)} times`,
    text: short(strings.text(id), 160), query: `err:ENOENT ${termFor("path", strings.text(id))}` }));
};

const reopened: Finder = (report, rows) => {
  const { events, strings, objects } = report;
  const [type, object] = [events.string("type"), events.number("object")];
  const open = new Set(strings.idsOf("open"));
  return most(rows, (row) => open.has(type.id(row)) ? object.or0(row) : 0, OPENED, 3)
    .filter(([id]) => objects.get(id)?.name).map(([id, times]) => ({
      title: `${short(leaf(objects.get(id)!.name!), 64)} is opened ${count(times)} times`,
      text: short(objects.get(id)!.name!, 160), query: `type:open ${termFor("object", id)}` }));
};

const tiny: Finder = (report, rows) => {
  const { events, strings } = report;
  const [type, size, task] = [events.string("type"), events.number("bytes"), events.number("task")];
  const moves = new Set(["read", "write", "send", "recv"].flatMap((text) => strings.idsOf(text)));
  const small = rows.filter((row) => moves.has(type.id(row)) && size.or0(row) < TINY.bytes);
  return most(small, (row) => task.or0(row), TINY.calls, 2).map(([id, times]) => {
    const { comm = "?", tid = 0 } = report.tasks.get(id) ?? {};
    return { title: `${short(comm, 64)} moves less than ${bytes(TINY.bytes)} at a time, ${count(times)} times`,
      text: "A buffer would save calls.", query: `bytes<${TINY.bytes} ${termFor("tid", tid)}` };
  });
};

const timeouts: Finder = (report, rows) => {
  const { events } = report;
  const [ret, task] = [events.number("ret"), events.number("task")];
  const category = new Categories(report).of();
  const woken = rows.filter(
    (row) =>
      category(row) === WAITING &&
      (ret.at(row) === 0 || events.text("error", row) === "ETIMEDOUT") &&
      /poll|select|epoll|ETIMEDOUT/.test(events.text("name", row) + events.text("error", row)),
  );
  return most(woken, (row) => task.or0(row), TIMEOUTS, 2).map(([id, times]) => {
    const { comm = "?", tid = 0 } = report.tasks.get(id) ?? {};
    return {
      title: `${short(comm, 64)} wakes up for nothing ${count(times)} times`,
      text: "Its waits end by their time limit.",
      query: `${termFor("tid", tid)} poll,select,pselect6,ppoll,epoll_wait,futex`,
    };
  });
};

const connects: Finder = (report, rows) => {
  const { events, strings } = report;
  const [type, error, remote] = [events.string("type"), events.string("error"), events.string("remote")];
  const connect = new Set(strings.idsOf("connect"));
  const going = new Set(strings.idsOf("EINPROGRESS"));
  return most(
    rows,
    (row) => (connect.has(type.id(row)) && error.id(row) && !going.has(error.id(row)) ? remote.id(row) : 0),
    1,
    3,
  ).map(([id, times]) => ({
    title: `No connection to ${short(strings.text(id), 80)}`,
    text: `${count(times)} attempts failed.`,
    query: `type:connect err:* ${termFor("remote", strings.text(id))}`,
  }));
};

// Programs that ended badly, those of a name together.
const ends: Finder = (report) => {
  const groups = new Map<string, Task[]>();
  for (const task of report.tasks.list()) {
    if (task.kind === "thread" || !(task.signal || task.code)) continue;
    const how = task.signal ? `by ${short(task.signal, 32)}` : `with status ${task.code}`;
    const key = `${short(task.comm ?? "?", 64)} ended ${how}`;
    groups.set(key, [...groups.get(key) ?? [], task]);
  }
  return [...groups].slice(0, 5).map(([title, [task, ...others]]) => ({
    title: others.length ? `${title}, ${count(others.length + 1)} times` : title, text: short(task!.argv ?? "", 160),
    query: others.length ? termFor("proc", task!.comm ?? "") : termFor("pid", task!.pid ?? 0) }));
};

// The longest time in which nothing ran in the kernel but waits.
const idle: Finder = (report, rows) => {
  const [time, duration] = [report.events.number("time"), report.events.number("duration")];
  const category = new Categories(report).of();
  let [busyUntil, from, longest] = [0, 0, 0];
  for (const row of rows) {
    if (category(row) === WAITING) continue;
    const gap = time.at(row) - busyUntil;
    if (gap > longest) [longest, from] = [gap, busyUntil];
    busyUntil = Math.max(busyUntil, time.at(row) + duration.or0(row));
  }
  if (longest < report.duration * IDLE || longest < 1e7) return [];
  return [{ title: `No call but waits for ${ns(longest)}`, span: { from, to: from + longest },
    text: `${percent(longest / report.duration)} of the time: the programs computed, or all of them waited.` }];
};

const FINDERS: Finder[] = [ends, connects, missing, timeouts, tiny, reopened, idle, slowest];

/** All findings about the rows, which are by time. */
export function findingsOf(report: Report, rows: Uint32Array): Finding[] {
  return FINDERS.flatMap((find) => find(report, rows));
}
