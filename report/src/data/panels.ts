// SPDX-License-Identifier: MIT
// What scripts add (`report.panel`): a text, or a table of theirs shown as rows, lines or bars.
import type { Panel, Report } from "./report.ts";
import type { Table } from "./table.ts";

/** The panels and the notes there are. */
export const panelsOf = (report: Report): Panel[] => (report.end?.panels ?? []).filter(({ text, table }) =>
  text !== undefined || (table !== undefined && report.start.tables[table]));

export const isNumber = ({ declaration }: Table, column: string): boolean =>
  declaration.some(([name, coding]) => name === column && (coding === "number" || coding === "delta"));

/** The columns that a chart shows: what the panel says, or the first that can be, and what it is drawn over. */
export function axesOf(table: Table, { x, y, kind }: Panel): { x: string | undefined; ys: string[] } {
  const names = table.declaration.map(([name]) => name);
  const numbers = names.filter((name) => isNumber(table, name));
  const over =
    x && names.includes(x)
      ? x
      : (names.find((name) => (kind === "bars" ? !numbers.includes(name) : name === "time")) ?? numbers[0]);
  const ys = y && numbers.includes(y) ? [y] : numbers.filter((name) => name !== over);
  return { x: over, ys: kind === "bars" ? ys.slice(0, 1) : ys.slice(0, 6) };
}

/** A column by its name says what it is in: time and ns are ns, bytes are bytes. */
export type Unit = "time" | "duration" | "bytes" | "number";
export function unitOf(column: string): Unit {
  if (/^(time|start|end|first|last|at|when|opened|closed)$/i.test(column)) return "time";
  if (/(duration|_ns|took|wait(ed)?|latency)$/i.test(column)) return "duration";
  if (/(bytes|size|memory|rss|heap|mapped)$/i.test(column)) return "bytes";
  return "number";
}

/** Rows with a note of a script. */
export function notesOf({ events }: Report, rows: Uint32Array): Uint32Array {
  if (!events.has("note")) return new Uint32Array(0);
  const note = events.string("note").data;
  return rows.filter((row) => note[row]);
}
