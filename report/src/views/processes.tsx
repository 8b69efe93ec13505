// SPDX-License-Identifier: MIT
// Who was there: the tree of processes with what each one did, or a list by any of that.
import { computed } from "@preact/signals";
import { report } from "../data/load.ts";
import { version } from "../data/report.ts";
import { Process, processTree, Task } from "../data/tasks.ts";
import { addUsage, noUsage, Usage, usageByTask } from "../data/usage.ts";
import { rows } from "../filter.ts";
import { Empty } from "../parts/empty.tsx";
import { Cell, Column, Grid, Sort } from "../parts/grid.tsx";
import { params, selected, setParam, tab } from "../state.ts";
import { at, bytes, count, ns } from "../text.ts";

const SORT = "processes.sort";
const TOTALS = "processes.totals";

interface Line { process: Process; own: Usage; total: Usage }

const lines = computed((): Line[] => {
  version.value;
  const used = usageByTask(report, rows.value);
  const list = processTree(report.tasks.list()).map((process): Line => {
    const own = noUsage();
    for (const { id } of process.threads) addUsage(own, used.get(id) ?? noUsage());
    return { process, own, total: { ...own } };
  });
  const byProcess = new Map(list.map((line) => [line.process, line]));
  // Children come after their parents: from the end on, each one's total is complete.
  for (const line of [...list].reverse()) {
    for (const child of line.process.children) addUsage(line.total, byProcess.get(child)!.total);
  }
  return list;
});

const sort = computed((): Sort | undefined => {
  const [id, direction] = (params.value[SORT] ?? "").split("-");
  return id ? { id, descending: direction === "down" } : undefined;
});
const withTotals = computed(() => params.value[TOTALS] === "1");
const used = (line: Line): Usage => withTotals.value ? line.total : line.own;

const lived = ({ start = 0, end = report.duration }: Task) => end - start;
// When it was there, as parts of the whole trace.
const lifeline = ({ start = 0, end = report.duration }: Task): [number, number] =>
  [start / report.duration, end / report.duration];
const ended = ({ signal, code, end }: Task) =>
  signal ?? (code !== undefined ? `exit ${code}` : end === undefined ? "runs" : "");

// What each column shows and sorts by.
const VALUES: Record<string, (line: Line) => number | string> = {
  comm: ({ process }) => process.task.comm ?? "", pid: ({ process }) => process.task.pid ?? 0,
  start: ({ process }) => process.task.start ?? 0, lived: ({ process }) => lived(process.task),
  ended: ({ process }) => ended(process.task), threads: ({ process }) => process.threads.length,
  calls: (line) => used(line).calls, failed: (line) => used(line).failed, time: (line) => used(line).time,
  read: (line) => used(line).read, written: (line) => used(line).written,
  network: (line) => used(line).sent + used(line).received, argv: ({ process }) => process.task.argv ?? "",
};

const sorted = computed(() => {
  const { id, descending } = sort.value ?? {};
  const value = id ? VALUES[id] : undefined;
  if (!value) return lines.value;
  return [...lines.value].sort((a, b) => {
    const [left, right] = [value(a), value(b)];
    return (left < right ? -1 : left > right ? 1 : 0) * (descending ? -1 : 1);
  });
});

const some = (value: number, text: (value: number) => string): string => value ? text(value) : "";

function columns(list: Line[]): Column[] {
  const tree = !sort.value;
  const busiest = Math.max(...list.map((line) => used(line).time), 1);
  const from = (cell: (line: Line) => Cell) => (index: number) => cell(list[index]!);
  const number = (id: string, title: string, width: number, text: (value: number) => string): Column =>
    ({ id, title, width, numeric: true, cell: from((line) => some(VALUES[id]!(line) as number, text)) });
  return [
    {
      id: "comm",
      title: "Process",
      width: 190,
      cell: from(({ process }) => ({ text: process.task.comm ?? "?", indent: tree ? process.depth : 0 })),
    },
    { id: "pid", title: "PID", width: 70, numeric: true, cell: from(({ process }) => String(process.task.pid ?? "")) },
    {
      id: "start",
      title: "Start s",
      width: 84,
      numeric: true,
      cell: from(({ process }) => at(process.task.start ?? 0, 3)),
    },
    {
      id: "lived",
      title: "Lived",
      width: 92,
      numeric: true,
      cell: from(({ process }) => ({ text: ns(lived(process.task)), bar: lifeline(process.task) })),
    },
    {
      id: "ended",
      title: "End",
      width: 86,
      cell: from(({ process: { task } }) =>
        task.signal || task.code ? { text: ended(task), tone: "bad" } : ended(task),
      ),
    },
    number("threads", "Threads", 66, (value) => (value > 1 ? count(value) : "")),
    number("calls", "Calls", 84, count),
    number("failed", "Failed", 72, count),
    {
      id: "time",
      title: "In calls",
      width: 92,
      numeric: true,
      cell: from((line) => ({ text: some(used(line).time, ns), bar: used(line).time / busiest })),
    },
    number("read", "Read", 82, bytes),
    number("written", "Written", 82, bytes),
    number("network", "Network", 82, bytes),
    {
      id: "argv",
      title: "Command",
      width: 520,
      mono: true,
      cell: from(({ process }) => process.task.argv ?? process.task.exe ?? ""),
    },
  ];
}

export function Processes() {
  version.value;
  const list = sorted.value;
  if (!list.length) return <Empty title={report.loaded ? "No processes are in this file" : "Decoding…"} />;
  const chosen = selected.value?.kind === "task" ? list.findIndex(({ process }) =>
    process.threads.some(({ id }) => id === selected.value?.id)) : -1;
  return (
    <>
      <div class="toolbar">
        <button type="button" aria-pressed={!sort.value} onClick={() => setParam(SORT, undefined)}>Tree</button>
        <button type="button" aria-pressed={withTotals.value} title="Each with all that it started"
          onClick={() => setParam(TOTALS, withTotals.value ? undefined : "1")}>With children</button>
        <span class="muted">{count(list.length)} processes</span>
      </div>
      <Grid label="Processes" columns={columns(list)} length={list.length} sort={sort.value} chosen={chosen}
        onSort={({ id, descending }) => setParam(SORT, `${id}-${descending ? "down" : "up"}`)}
        onChoose={(index) => (selected.value = { kind: "task", id: list[index]!.process.task.id })}
        onOpen={(index) => {
          selected.value = { kind: "task", id: list[index]!.process.task.id };
          tab.value = "timeline";
        }} />
    </>
  );
}
