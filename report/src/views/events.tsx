// SPDX-License-Identifier: MIT
// All events that the filters leave, in a table.
import { computed } from "@preact/signals";
import { Categories } from "../data/category.ts";
import { report } from "../data/load.ts";
import { ranks, sortByKeys } from "../data/order.ts";
import { version } from "../data/report.ts";
import { rows } from "../filter.ts";
import { Cell, Column, Grid, Sort } from "../parts/grid.tsx";
import { NoMatch } from "../parts/empty.tsx";
import { reveal } from "../reveal.ts";
import { params, selected, setParam } from "../state.ts";
import { goTo } from "../step.ts";
import { at, bytes, ns } from "../text.ts";

const PARAM = "events.sort";
const categories = new Categories(report);

const sort = computed((): Sort | undefined => {
  const [id, direction] = (params.value[PARAM] ?? "").split("-");
  return id ? { id, descending: direction === "down" } : undefined;
});

// What a column sorts by: numbers from 0; texts by their rank.
function keyOf(id: string): (row: number) => number {
  const { events, strings, tasks } = report;
  if (id === "time") {
    const time = events.number("time").floats();
    return (row) => time[row]!;
  }
  if (id === "task") return (row) => events.number("task").or0(row);
  if (id === "duration" || id === "bytes") {
    const column = events.number(id).floats();
    return (row) => (column[row]! + 1) || 0;
  }
  if (id === "ret") {
    const column = events.number("ret").floats();
    return (row) => (column[row]! + 2 ** 52) || 0;
  }
  if (id === "object") {
    const things = report.objects.list();
    const names = [...new Set(things.map(({ name }) => name ?? ""))].sort();
    const place = new Map(names.map((name, i) => [name, i + 1]));
    const column = events.number("object");
    void tasks;
    return (row) => place.get(report.objects.get(column.or0(row))?.name ?? events.text("path", row)) ?? 0;
  }
  const rank = ranks(strings.count, (text) => strings.text(text));
  const column = events.string(id);
  return (row) => rank[column.id(row)]!;
}

const sorted = computed(() => {
  const { id, descending } = sort.value ?? {};
  if (!id) return rows.value;
  const found = sortByKeys(rows.value, keyOf(id));
  return descending ? found.reverse() : found;
});

const longest = computed(() => {
  version.value;
  const duration = report.events.number("duration").floats();
  const list = rows.value;
  let most = 1;
  for (let i = 0; i < list.length; i++) if (duration[list[i]!]! > most) most = duration[list[i]!]!;
  return Math.log(most);
});

function target(row: number): string {
  const path = report.events.text("path", row);
  return (
    path ||
    report.events.text("remote", row) ||
    (report.objects.get(report.events.number("object").or0(row))?.name ?? "")
  );
}

function columns(list: Uint32Array): Column[] {
  const { events, tasks } = report;
  const [time, duration, task] = [events.number("time"), events.number("duration"), events.number("task")];
  const [ret, size, error] = [events.number("ret"), events.number("bytes"), events.string("error")];
  const category = categories.of();
  const taskCell = (row: number): Cell => {
    const { comm = "?", tid = "" } = tasks.get(task.or0(row)) ?? {};
    return `${comm} ${tid}`;
  };
  const result = (row: number): Cell => {
    if (error.id(row)) return { text: events.text("error", row), tone: "bad" };
    const value = ret.at(row);
    return Number.isNaN(value) ? "" : Math.abs(value) > 0xFFFFFF ? `0x${value.toString(16)}` : String(value);
  };
  const from = (cell: (row: number) => Cell) => (index: number) => cell(list[index]!);
  return [
    { id: "time", title: "Time s", width: 104, numeric: true, cell: from((row) => at(time.at(row))) },
    {
      id: "duration",
      title: "Took",
      width: 92,
      numeric: true,
      doc: "The bar is logarithmic",
      cell: from((row) =>
        Number.isNaN(duration.at(row))
          ? ""
          : { text: ns(duration.at(row)), bar: Math.log(duration.or0(row) || 1) / longest.value },
      ),
    },
    { id: "task", title: "Task", width: 124, cell: from(taskCell) },
    {
      id: "name",
      title: "Call",
      width: 132,
      mono: true,
      cell: from((row) => ({ text: events.text("name", row), category: category(row) })),
    },
    { id: "ret", title: "Result", width: 104, numeric: true, mono: true, cell: from(result) },
    { id: "bytes", title: "Bytes", width: 82, numeric: true, cell: from((row) => bytes(size.at(row))) },
    { id: "object", title: "On", width: 260, cell: from(target) },
    {
      id: "args",
      title: "Arguments",
      width: 640,
      mono: true,
      sortable: false,
      cell: from((row) => events.longNow("args", row) ?? "…"),
    },
  ];
}

export function Events() {
  version.value;
  const list = sorted.value;
  const chosen = selected.value?.kind === "event" ? list.indexOf(selected.value.id) : -1;
  if (!list.length) return <NoMatch />;
  return (
    <Grid label="Events" columns={columns(list)} length={list.length} sort={sort.value} chosen={chosen}
      onSort={({ id, descending }) => setParam(PARAM, `${id}-${descending ? "down" : "up"}`)}
      onChoose={(index) => goTo(list[index]!)} onOpen={(index) => reveal(list[index]!)}
      prepare={async (from, to) => {
        for (let index = from; index < to; index++) await report.events.long("args", list[index]!).catch(() => "");
      }} />
  );
}
