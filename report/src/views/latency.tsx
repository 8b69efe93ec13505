// SPDX-License-Identifier: MIT
// How long calls took, what the program waited for, and when: tables of groups below a map of time and duration.
import { computed } from "@preact/signals";
import { report } from "../data/load.ts";
import { byCall, byTask, byWait, extentOf, Group, Grouping, groupsOf, heatOf } from "../data/latency.ts";
import { version } from "../data/report.ts";
import { finish, Sliced } from "../data/sliced.ts";
import { counted } from "../filter.ts";
import { Choice, chosenOf, Option } from "../parts/choice.tsx";
import { Empty, NoMatch } from "../parts/empty.tsx";
import { Feature } from "../parts/feature.tsx";
import { Cell, Column, Grid } from "../parts/grid.tsx";
import { Heatmap } from "../parts/heatmap.tsx";
import { keepSort, sorted, sortOf, Values } from "../parts/sorting.ts";
import { sparkline } from "../parts/sparkline.ts";
import { exactly, showEvents } from "../show.ts";
import { params, range, setParam, Span } from "../state.ts";
import { count, ns } from "../text.ts";
import { CallDetails } from "./call_details.tsx";

const SHOW = "latency.show", CHOSEN = "latency.chosen";
const SLOTS = 160;

const ALL: Option[] = [
  { id: "calls", title: "Calls", doc: "Each call by its name" },
  { id: "waits", title: "Waits", doc: "What was waited for: calls that block, and on what" },
  { id: "sched", title: "CPU", doc: "How long tasks that could run waited for a CPU" },
  { id: "block", title: "Disks", doc: "Requests to disks" },
];
const FEATURE: Record<string, string> = { sched: "sched", block: "block_io" };

const quoted = (key: string, value: string) => exactly(key, value);
// What this version of the tracer can record at all.
const options = computed(() => {
  version.value;
  const { features = {} } = report.end ?? {};
  return ALL.filter(({ id }) => !FEATURE[id] || features[FEATURE[id]]);
});
const shown = computed(() => chosenOf(SHOW, options.value));
const grouping = computed((): Grouping => {
  version.value;
  if (shown.value === "calls") return byCall(report, quoted);
  return shown.value === "waits" ? byWait(report, quoted) : byTask(report, shown.value, quoted);
});
const groups = new Sliced(() => [counted.value, grouping.value] as [Uint32Array, Grouping],
  ([rows, by]) => groupsOf(report, rows, by));
const span = computed(() => {
  version.value;
  return range.value ?? { from: 0, to: report.duration };
});
const heat = new Sliced(() => [counted.value, grouping.value, span.value] as [Uint32Array, Grouping, Span],
  ([rows, by, when]) => heatOf(report, rows, when, SLOTS, (row) => by.key(row)));

/** For the print: calls by name, and waits. */
export const groupsNow = (kind: "calls" | "waits"): Group[] =>
  finish(groupsOf(report, counted.value, kind === "calls" ? byCall(report, quoted) : byWait(report, quoted)));

const VALUES: Values<Group> = {
  call: ({ call }) => call,
  on: ({ on }) => on,
  count: ({ count: value }) => value,
  failed: ({ failed }) => failed,
  total: ({ total }) => total,
  avg: ({ total, count: value }) => total / value,
  p50: ({ p50 }) => p50,
  p95: ({ p95 }) => p95,
  p99: ({ p99 }) => p99,
  max: ({ max }) => max,
  tasks: ({ tasks }) => tasks.size,
};

function columnsOf(list: Group[], all: Group[]): Column[] {
  const most = all.reduce((largest, { total }) => Math.max(largest, total), 1);
  const extents = all.map(({ octaves }) => extentOf(octaves));
  const [first, last] = [Math.min(...extents.map(([one]) => one)), Math.max(...extents.map(([, one]) => one))];
  const from = (cell: (group: Group) => Cell) => (index: number) => cell(list[index]!);
  const time = (id: string, title: string, doc?: string): Column => ({
    id,
    title,
    width: 84,
    numeric: true,
    ...(doc && { doc }),
    cell: from((group) => ns(VALUES[id]!(group) as number)),
  });
  const isCalls = shown.value === "calls" || shown.value === "waits";
  return [
    { id: "call", title: isCalls ? "Call" : "Task", width: 150, mono: isCalls, cell: from(({ call }) => call) },
    ...(shown.value === "waits" ? [{ id: "on", title: "On", width: 260, cell: from(({ on }) => on) }] : []),
    { id: "count", title: "Count", width: 80, numeric: true, cell: from((group) => count(group.count)) },
    {
      id: "failed",
      title: "Failed",
      width: 72,
      numeric: true,
      cell: from(({ failed }) => ({ text: failed ? count(failed) : "", tone: "bad" })),
    },
    {
      id: "total",
      title: "Total",
      width: 110,
      numeric: true,
      doc: "Of all tasks: it may be more than the trace took",
      cell: from(({ total }) => ({ text: ns(total), bar: total / most })),
    },
    time("avg", "Mean"),
    time("p50", "p50", "Half of them were quicker"),
    time("p95", "p95"),
    time("p99", "p99"),
    time("max", "Max"),
    {
      id: "octaves",
      title: `${ns(2 ** first)} … ${ns(2 ** (last + 1))}`,
      width: Math.max(150, (last - first + 1) * 8 + 24),
      mono: true,
      sortable: false,
      doc: "How many took how long: each column is twice as long as the one before",
      cell: from(({ octaves }) => ({
        text: sparkline(octaves.subarray(first, last + 1)),
        title: "each column is twice as long as the one before",
      })),
    },
    { id: "tasks", title: "Tasks", width: 64, numeric: true, cell: from(({ tasks }) => count(tasks.size)) },
  ];
}

const keyOf = ({ call, on }: Group) => `${call} ${on}`;

function Groups({ all }: { all: Group[] }) {
  const sort = sortOf("latency.sort", { id: "total", descending: true });
  const lines = sorted(all, sort, VALUES);
  return (
    <Grid
      key={shown.value}
      label={ALL.find(({ id }) => id === shown.value)!.title}
      columns={columnsOf(lines, all)}
      length={lines.length}
      sort={sort}
      onSort={keepSort("latency.sort")}
      chosen={lines.findIndex((group) => keyOf(group) === params.value[CHOSEN])}
      onChoose={(index) => setParam(CHOSEN, keyOf(lines[index]!))}
      onOpen={(index) => showEvents(lines[index]!.terms)}
    />
  );
}

export function Latency() {
  version.value;
  const all = groups.use();
  const map = heat.use();
  const feature = FEATURE[shown.value];
  if (!all || !map) return <Empty title="Adding up…" />;
  if (!counted.value.length) return <NoMatch />;
  const chosen = all.find((group) => keyOf(group) === params.value[CHOSEN]);
  return (
    <>
      <div class="toolbar">
        <Choice label="What to group" param={SHOW} options={options.value} />
        <span class="muted">{ALL.find(({ id }) => id === shown.value)!.doc}. Enter shows the events.</span>
      </div>
      {all.length > 0 && <Heatmap heat={map} isLow={chosen !== undefined} onPick={(from, to, shortest, longest) =>
        showEvents([`dur>=${shortest}`, `dur<${longest}`], { from, to })} />}
      {all.length ? <Groups all={all} /> : feature
        ? <div class="scroll padded"><Feature name={feature} /></div>
        : <Empty title="None took any time" />}
      {chosen && <CallDetails group={chosen} onClose={() => setParam(CHOSEN, undefined)} />}
    </>
  );
}
