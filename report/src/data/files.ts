// SPDX-License-Identifier: MIT
// What was done with each file, by its name: a description (`objects`) is one opening of it.
import type { Report } from "./report.ts";
import { STRIDE, Work } from "./sliced.ts";

/** Bits of what happened to the name itself. */
export const CREATED = 1, REMOVED = 2, RENAMED = 4, CHANGED = 8;
export const BADGES: [number, string][] = [[CREATED, "created"], [REMOVED, "removed"], [RENAMED, "renamed"],
  [CHANGED, "changed"]];

export interface FileUse {
  name: string; kind: string;
  calls: number; opens: number; failed: number; missed: number;
  reads: number; read: number; writes: number; written: number;
  time: number; first: number; last: number; tasks: Set<number>; badges: number;
  /** Of pipes and sockets: the ids of their descriptions, for the filter. */
  objects: Set<number>;
}

const BY_TYPE: Record<string, number> = { create: CREATED, remove: REMOVED, rename: RENAMED, truncate: CHANGED,
  allocate: CHANGED, chmod: CHANGED, chown: CHANGED, utime: CHANGED, link: CREATED };
const READS = ["read", "recv", "list"];
const WRITES = ["write", "send"];
const PLAIN = new Set(["file", "directory", "device", "tty", "unknown", ""]);
const PEEK = 32;
const FURTHER = 8;

/** Whether it has a place in the tree of files; pipes, sockets and the like have not. */
export const isFile = ({ kind, name }: FileUse): boolean => PLAIN.has(kind) && name.startsWith("/");
/** Whether it was looked for and never there. */
export const isMissing = (use: FileUse): boolean => use.missed > 0 && use.missed === use.calls;

function fresh(name: string, kind: string): FileUse {
  return { name, kind, calls: 0, opens: 0, failed: 0, missed: 0, reads: 0, read: 0, writes: 0, written: 0, time: 0,
    first: Infinity, last: 0, tasks: new Set(), badges: 0, objects: new Set() };
}

/** Finds the use that a row of events is of; adds new ones to `all`. */
class Index {
  readonly all: FileUse[] = [];
  private readonly byName = new Map<string, FileUse>();
  private readonly byPath = new Map<number, FileUse>();
  private readonly byObject = new Map<number, FileUse>();

  constructor(private readonly report: Report) {}

  private named(name: string, kind: string): FileUse {
    let use = this.byName.get(name);
    if (!use) {
      this.byName.set(name, use = fresh(name, kind));
      this.all.push(use);
    }
    if (kind) use.kind = kind;
    return use;
  }

  path(id: number): FileUse {
    let use = this.byPath.get(id);
    if (!use) this.byPath.set(id, use = this.named(this.report.strings.text(id), ""));
    return use;
  }

  object(id: number): FileUse | undefined {
    let use = this.byObject.get(id);
    const thing = use ? undefined : this.report.objects.get(id);
    if (thing) {
      this.byObject.set(
        id,
        (use = this.named(thing.name ?? thing.remote ?? `${thing.kind ?? "object"} ${id}`, thing.kind ?? "")),
      );
      use.objects.add(id);
    }
    return use;
  }
}

/** What a pass over events needs of them, out of the loop. */
export function columnsOfUse({ events, strings }: Report) {
  const [time, duration, task, object, to, size, flags] =
    ["time", "duration", "task", "object", "to", "bytes", "flags"].map((name) => events.number(name));
  const kinds = new Uint8Array(strings.count);
  const badges = new Uint8Array(strings.count);
  const mark = (names: string[], bit: number) => names.forEach((name) =>
    strings.idsOf(name).forEach((id) => (kinds[id]! |= bit)));
  mark(READS, 1);
  mark(WRITES, 2);
  mark(["open"], 4);
  mark(["copy"], 8);
  for (const [name, badge] of Object.entries(BY_TYPE)) for (const id of strings.idsOf(name)) badges[id] = badge;
  const absent = new Uint8Array(strings.count);
  for (const name of ["ENOENT", "ENOTDIR"]) for (const id of strings.idsOf(name)) absent[id] = 1;
  return {
    time: time!,
    duration: duration!,
    task: task!,
    object: object!,
    to: to!,
    size: size!,
    flags: flags!,
    kinds,
    badges,
    absent,
    type: events.string("type").data,
    path: events.string("path").data,
    error: events.string("error").data,
  };
}
type Columns = ReturnType<typeof columnsOfUse>;

/** Adds a row to what it is of. `to`: it is the second object of a copy, which was written. */
export function addRow(use: FileUse, row: number, columns: Columns, to = false): void {
  const { time, duration, task, size, flags, kinds, badges, absent, type, error } = columns;
  const [moment, took, kind, flag] = [time.at(row), duration.or0(row), kinds[type[row]!]!, flags.or0(row)];
  const moved = flag & PEEK ? 0 : size.or0(row);
  if (!(flag & FURTHER)) use.calls++;
  if (error[row]) use.failed++;
  else use.badges |= badges[type[row]!]!;
  if (absent[error[row]!]) use.missed++;
  if (kind & 4) use.opens++;
  if (kind & 1 || (kind & 8 && !to)) [use.reads, use.read] = [use.reads + 1, use.read + moved];
  if (kind & 2 || (kind & 8 && to)) [use.writes, use.written] = [use.writes + 1, use.written + moved];
  use.time += took;
  if (moment < use.first) use.first = moment;
  if (moment + took > use.last) use.last = moment + took;
  use.tasks.add(task.or0(row));
}

/** All files, pipes, sockets ... that some rows are about. */
export function* filesOf(report: Report, rows: Uint32Array): Work<FileUse[]> {
  const columns = columnsOfUse(report);
  const { object, to, path } = columns;
  const index = new Index(report);
  for (let i = 0; i < rows.length; i++) {
    if ((i & (STRIDE - 1)) === STRIDE - 1) yield;
    const row = rows[i]!;
    const id = object.or0(row);
    const use = path[row] ? index.path(path[row]!) : id ? index.object(id) : undefined;
    if (use) addRow(use, row, columns);
    if (path[row] && id) index.object(id);
    const second = to.or0(row);
    const target = second ? index.object(second) : undefined;
    if (target) addRow(target, row, columns, true);
  }
  return index.all.filter(({ calls }) => calls);
}

/** What each task did with one of them, those that moved most first. */
export function usersOf(report: Report, rows: Uint32Array, { name, objects }: FileUse): FileUse[] {
  const columns = columnsOfUse(report);
  const isPath = new Uint8Array(report.strings.count);
  for (const id of report.strings.idsOf(name)) isPath[id] = 1;
  const isObject = new Uint8Array((report.objects.list().at(-1)?.id ?? 0) + 1);
  for (const id of objects) isObject[id] = 1;
  const byTask = new Map<number, FileUse>();
  const add = (row: number, to: boolean) => {
    const task = columns.task.or0(row);
    let use = byTask.get(task);
    if (!use) byTask.set(task, use = fresh(name, ""));
    addRow(use, row, columns, to);
  };
  for (const row of rows) {
    if (columns.path[row] ? isPath[columns.path[row]!] : isObject[columns.object.or0(row)]) add(row, false);
    else if (isObject[columns.to.or0(row)]) add(row, true);
  }
  return [...byTask.values()].sort((a, b) => b.written - a.written || b.read - a.read || b.calls - a.calls);
}
