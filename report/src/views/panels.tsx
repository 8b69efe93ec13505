// SPDX-License-Identifier: MIT
// What scripts add to the report: their panels, and the notes that they made of events.
import { computed } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { report } from "../data/load.ts";
import { axesOf, isNumber, notesOf, panelsOf, unitOf } from "../data/panels.ts";
import { Panel, version } from "../data/report.ts";
import type { Table } from "../data/table.ts";
import { counted } from "../filter.ts";
import { Chart } from "../parts/chart.tsx";
import { Empty } from "../parts/empty.tsx";
import { Column, Grid } from "../parts/grid.tsx";
import { keepSort, sorted, sortOf } from "../parts/sorting.ts";
import { goTo } from "../step.ts";
import { range, selected } from "../state.ts";
import { at, bytes, count, ns, seen, short } from "../text.ts";
import { reveal } from "../reveal.ts";

const COLOURS = ["c0", "c1", "c2", "c3", "c4", "c5"];
const BARS = 60, POINTS = 2000;

const notes = computed(() => {
  version.value;
  return notesOf(report, counted.value);
});

/** Whether there is anything of scripts. */
export const hasPanels = computed(() => {
  version.value;
  return panelsOf(report).length > 0 || notes.value.length > 0;
});

function textOf(column: string, value: number): string {
  if (Number.isNaN(value)) return "";
  return { time: at, duration: ns, bytes, number: count }[unitOf(column)](value);
}

const valueOf = (table: Table, column: string, row: number): number | string =>
  isNumber(table, column) ? table.number(column).at(row) : table.text(column, row);
const shownOf = (table: Table, column: string, row: number): string => {
  const value = valueOf(table, column, row);
  return typeof value === "number" ? textOf(column, value) : value;
};

function Rows({ panel, table }: { panel: Panel; table: Table }) {
  const param = `panels.${panel.table}`;
  const sort = sortOf(param);
  const rows = sorted(
    Array.from({ length: table.length }, (_, row) => row),
    sort,
    Object.fromEntries(table.declaration.map(([name]) => [name, (row: number) => valueOf(table, name, row)])),
  );
  const columns = table.declaration.map(([name]): Column => ({
    id: name,
    title: name,
    width: isNumber(table, name) ? 120 : 340,
    numeric: isNumber(table, name),
    cell: (index) => shownOf(table, name, rows[index]!),
  }));
  return (
    <div
      class="panel-grid"
      ref={(element) => element?.style.setProperty("--rows", String(Math.min(table.length, 14) + 1))}
    >
      <Grid label={panel.title} columns={columns} length={rows.length} sort={sort} onSort={keepSort(param)} />
    </div>
  );
}

function Bars({ panel, table }: { panel: Panel; table: Table }) {
  const { x, ys: [y] } = axesOf(table, panel);
  const rows = useMemo(() => Array.from({ length: table.length }, (_, row) => row), [table.length]);
  if (!x || !y) return <Rows panel={panel} table={table} />;
  const most = rows.reduce((largest, row) => Math.max(largest, table.number(y).or0(row)), 1);
  return (
    <>
      <table class="plain bars">
        <thead>
          <tr>
            <th scope="col">{seen(x)}</th>
            <th scope="col" class="num">
              {seen(y)}
            </th>
            <th scope="col">
              <span class="unseen">Bar</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, BARS).map((row) => (
            <tr key={row}>
              <th scope="row">
                <bdi>{short(shownOf(table, x, row), 200)}</bdi>
              </th>
              <td class="num">{shownOf(table, y, row)}</td>
              <td class="meter">
                <span
                  ref={(element) =>
                    element?.style.setProperty("width", `${(Math.max(0, table.number(y).or0(row)) / most) * 100}%`)
                  }
                />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > BARS && <p class="muted">and {count(rows.length - BARS)} rows more</p>}
    </>
  );
}

function Lines({ panel, table }: { panel: Panel; table: Table }) {
  const { x, ys } = axesOf(table, panel);
  const drawn = useMemo(() => {
    if (!x || !isNumber(table, x)) return undefined;
    const over = table.number(x);
    // Of very many rows so many that each pixel has one; the table below has them all.
    const rows = Array.from({ length: table.length }, (_, row) => row)
      .filter((row) => !Number.isNaN(over.at(row)))
      .sort((a, b) => over.at(a) - over.at(b));
    const step = Math.max(1, Math.ceil(rows.length / POINTS));
    const kept = rows.filter((_, i) => i % step === 0);
    return {
      x: Float64Array.from(kept, (row) => over.at(row)),
      lines: ys.map((name, i) => ({
        title: name,
        colour: COLOURS[i % COLOURS.length]!,
        values: kept.map((row) => (Number.isNaN(table.number(name).at(row)) ? null : table.number(name).at(row))),
      })),
    };
  }, [table.length, x]);
  if (!drawn?.x.length || !ys.length) return <Rows panel={panel} table={table} />;
  const isTime = unitOf(x!) === "time";
  return (
    <>
      <Chart
        label={`${panel.title}: ${ys.join(", ")} over ${x}`}
        {...drawn}
        isTime={isTime}
        text={(value) => textOf(ys[0]!, value)}
        {...(isTime && { onRange: (span) => (range.value = span) })}
      />
      <details>
        <summary>The same as a table</summary>
        <Rows panel={panel} table={table} />
      </details>
    </>
  );
}

function PanelView({ panel }: { panel: Panel }) {
  const table = panel.table ? report.table(panel.table) : undefined;
  const Body = { line: Lines, bars: Bars, table: Rows, text: Rows }[panel.kind] ?? Rows;
  return (
    <section>
      <h2 class="section-title">{seen(panel.title)}</h2>
      {panel.text !== undefined && <p class="wrap isolate">{panel.text.split("\n").map(seen).join("\n")}</p>}
      {table && (table.length ? <Body panel={panel} table={table} /> : <p class="muted">It has no rows.</p>)}
    </section>
  );
}

function Notes({ rows }: { rows: Uint32Array }) {
  const { events, tasks } = report;
  const columns: Column[] = [
    {
      id: "time",
      title: "Time s",
      width: 110,
      numeric: true,
      cell: (index) => at(events.number("time").at(rows[index]!)),
    },
    {
      id: "task",
      title: "Task",
      width: 140,
      cell: (index) => {
        const { comm = "?", tid = "" } = tasks.get(events.number("task").or0(rows[index]!)) ?? {};
        return `${comm} ${tid}`;
      },
    },
    { id: "name", title: "Event", width: 130, mono: true, cell: (index) => events.text("name", rows[index]!) },
    { id: "note", title: "Note", width: 640, cell: (index) => events.text("note", rows[index]!) },
  ];
  const { kind, id } = selected.value ?? {};
  return (
    <section>
      <h2 class="section-title">Notes of scripts: {count(rows.length)}</h2>
      <div
        class="panel-grid"
        ref={(element) => element?.style.setProperty("--rows", String(Math.min(rows.length, 14) + 1))}
      >
        <Grid
          label="Notes"
          columns={columns}
          length={rows.length}
          chosen={kind === "event" ? rows.indexOf(id!) : -1}
          onChoose={(index) => goTo(rows[index]!)}
          onOpen={(index) => reveal(rows[index]!)}
        />
      </div>
    </section>
  );
}

export function Panels() {
  version.value;
  const panels = panelsOf(report);
  if (!hasPanels.value)
    return (
      <Empty title="Nothing of scripts">
        <p>A script adds panels by report.panel and notes by report.note.</p>
      </Empty>
    );
  return (
    <div class="scroll padded panels">
      {panels.map((panel) => <PanelView key={panel.title + panel.table} panel={panel} />)}
      {notes.value.length > 0 && <Notes rows={notes.value} />}
    </div>
  );
}
