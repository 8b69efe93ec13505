// SPDX-License-Identifier: MIT
// How much memory each process had over time, from the tables "memory" (what is mapped) and "usage" (samples).
import { timeOrder } from "./order.ts";
import type { Report } from "./report.ts";
import { STRIDE, Work } from "./sliced.ts";
import type { Span } from "../state.ts";
import type { Table } from "./table.ts";
import type { Task } from "./tasks.ts";

export interface Metric { id: string; title: string; table: "memory" | "usage"; columns: string[]; doc: string }

export const METRICS: Metric[] = [
  { id: "rss", title: "Resident", table: "usage", columns: ["rss"], doc: "what is in memory, shared parts as well" },
  {
    id: "pss",
    title: "Proportional",
    table: "usage",
    columns: ["pss"],
    doc: "shared parts divided among those who share",
  },
  { id: "anonymous", title: "Anonymous", table: "usage", columns: ["anonymous"], doc: "of no file" },
  { id: "swap", title: "Swap", table: "usage", columns: ["swap"], doc: "what was moved out" },
  {
    id: "touched",
    title: "Touched",
    table: "usage",
    columns: ["touched"],
    doc: "what was used since it was asked last",
  },
  {
    id: "all",
    title: "Mapped + heap",
    table: "memory",
    columns: ["heap", "mapped"],
    doc: "what was asked for; not all of it is touched",
  },
  { id: "heap", title: "Heap", table: "memory", columns: ["heap"], doc: "between the program's data and its break" },
  { id: "mapped", title: "Mapped", table: "memory", columns: ["mapped"], doc: "by mmap, files as well" },
];

/** Those of which there is at least one value. */
export function metricsOf(report: Report): Metric[] {
  return METRICS.filter(({ table, columns }) => {
    const rows = report.table(table);
    return columns.some((name) => {
      const column = rows.number(name);
      for (let row = 0; row < rows.length; row++) if (column.or0(row) > 0) return true;
      return false;
    });
  });
}

export interface Curve {
  pid: number; task: Task | undefined;
  /** bytes, and when that was in ns. */
  peak: number; at: number; last: number;
  /** The most in each part of the time, or undefined of those that are small. */
  values?: Float64Array;
}
export interface Curves { total: Curve; processes: Curve[]; span: Span; slots: number }

const DRAWN = 7;

class Rows {
  readonly order: Uint32Array | undefined;
  private readonly time;
  private readonly pid;
  private readonly columns;

  constructor(readonly table: Table, { columns }: Metric) {
    this.time = table.number("time");
    this.pid = table.number("pid");
    this.columns = columns.map((name) => table.number(name));
    this.order = table.length
      ? timeOrder(
          Float64Array.from({ length: table.length }, (_, row) => this.time.at(row)),
          table.length,
        )
      : undefined;
  }

  /** Calls `take` with each change by time; `total` is of all processes. */
  *walk(take: (pid: number, time: number, value: number, total: number) => void): Work<void> {
    const now = new Map<number, number>();
    let total = 0;
    for (let i = 0; i < this.table.length; i++) {
      if ((i & (STRIDE - 1)) === STRIDE - 1) yield;
      const row = this.order ? this.order[i]! : i;
      const pid = this.pid.or0(row);
      let value = 0;
      for (const column of this.columns) value += column.or0(row);
      total += value - (now.get(pid) ?? 0);
      now.set(pid, value);
      take(pid, this.time.at(row), value, total);
    }
  }
}

// The most within each slot; between changes it stays as it is.
class Steps {
  readonly values: Float64Array;
  private slot = 0;
  private value = 0;

  constructor(private readonly span: Span, slots: number) {
    this.values = new Float64Array(slots);
  }

  put(time: number, value: number): void {
    const { values, span } = this;
    const at = (time - span.from) / (span.to - span.from) * values.length;
    const slot = Math.max(0, Math.min(values.length - 1, Math.floor(at)));
    if (at < values.length) {
      for (; this.slot < slot; this.slot++) values[this.slot + 1] = this.value;
      values[slot] = at < 0 ? value : Math.max(values[slot]!, value);
    }
    this.value = at < values.length ? value : this.value;
  }

  end(): Float64Array {
    for (; this.slot + 1 < this.values.length; this.slot++) this.values[this.slot + 1] = this.value;
    return this.values;
  }
}

/** The curves of a metric within a span; those of the largest processes have values to draw. */
export function* curvesOf(report: Report, metric: Metric, span: Span, slots: number): Work<Curves> {
  const rows = new Rows(report.table(metric.table), metric);
  const leaders = new Map(report.tasks.list().filter(({ kind }) => kind !== "thread").map((task) => [task.pid, task]));
  const byPid = new Map<number, Curve>();
  const total: Curve = { pid: 0, task: undefined, peak: 0, at: 0, last: 0 };
  const note = (curve: Curve, time: number, value: number) => {
    if (time >= span.to) return;
    // What it had before the span, it has at its beginning.
    if (time < span.from) [curve.peak, curve.at] = [value, span.from];
    else if (value > curve.peak) [curve.peak, curve.at] = [value, time];
    curve.last = value;
  };
  yield* rows.walk((pid, time, value, sum) => {
    let curve = byPid.get(pid);
    if (!curve) byPid.set(pid, curve = { pid, task: leaders.get(pid), peak: 0, at: 0, last: 0 });
    note(curve, time, value);
    note(total, time, sum);
  });
  const processes = [...byPid.values()].filter(({ peak }) => peak).sort((a, b) => b.peak - a.peak);
  const steps = new Map(processes.slice(0, DRAWN).map(({ pid }) => [pid, new Steps(span, slots)]));
  const all = new Steps(span, slots);
  yield* rows.walk((pid, time, value, sum) => {
    steps.get(pid)?.put(time, value);
    all.put(time, sum);
  });
  for (const curve of processes) {
    const own = steps.get(curve.pid);
    if (own) curve.values = own.end();
  }
  total.values = all.end();
  return { total, processes, span, slots };
}

export interface FaultSum {
  what: string;
  path: string;
  count: number;
  pages: number;
  major: number;
  again: number;
  tasks: Set<number>;
  first: number;
  last: number;
}

/** Faults by what was touched, most first. */
export function* faultsOf(report: Report, span: Span): Work<FaultSum[]> {
  const table = report.table("faults");
  const [time, task, pages, major] = ["time", "task", "pages", "major"].map((name) => table.number(name));
  const [what, path, again] = ["what", "path", "again"].map((name) => table.string(name));
  const sums = new Map<number, FaultSum>();
  for (let row = 0; row < table.length; row++) {
    if ((row & (STRIDE - 1)) === STRIDE - 1) yield;
    const moment = time!.at(row);
    if (moment < span.from || moment >= span.to) continue;
    const key = path!.id(row) * 65536 + what!.id(row);
    let sum = sums.get(key);
    if (!sum) {
      sums.set(
        key,
        (sum = {
          what: table.text("what", row),
          path: table.text("path", row),
          count: 0,
          pages: 0,
          major: 0,
          again: 0,
          tasks: new Set(),
          first: moment,
          last: moment,
        }),
      );
    }
    sum.count++;
    sum.pages += pages!.or0(row);
    sum.major += major!.or0(row);
    if (again!.id(row)) sum.again++;
    sum.tasks.add(task!.or0(row));
    sum.last = moment;
  }
  return [...sums.values()].sort((a, b) => b.count - a.count);
}
