// SPDX-License-Identifier: MIT
// Events as text in several forms. A form has a beginning, a text for each event and an end.
import type { Report } from "../data/report.ts";
import { seen } from "../text.ts";
import { COLUMNS, Record } from "./records.ts";

export interface Form {
  id: string; title: string; extension: string; mime: string; doc: string;
  head(report: Report): string;
  text(record: Record, index: number): string;
  tail: string;
}

/** A program that opens a table takes what begins so for a formula: such a text gets an apostrophe in front. */
export const harmless = (text: string): string => /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;

export function csvCell(value: string | number | undefined): string {
  if (value === undefined || typeof value === "number") return value === undefined ? "" : String(value);
  const text = harmless(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** No tabs or ends of lines within: they are shown as everywhere in the page. */
export const tsvCell = (value: string | number | undefined): string =>
  value === undefined ? "" : typeof value === "number" ? String(value) : seen(harmless(value));

const line = (cell: typeof csvCell, separator: string) => (record: Record) =>
  `${COLUMNS.map((column) => cell(record[column])).join(separator)}\n`;

const ordered = (record: Record) => Object.fromEntries(COLUMNS.filter((column) => record[column] !== undefined)
  .map((column) => [column, record[column]]));

// Times of Chrome's format are µs.
const micro = (ns: number) => ns / 1000;

function perfettoEvent(record: Record): object {
  const {
    time = 0,
    duration,
    pid = 0,
    tid = 0,
    name = "",
    class: category,
    args,
    path,
    error,
    ret,
    bytes,
    remote,
  } = record;
  const said = Object.fromEntries(
    Object.entries({ args, path, remote, ret, error, bytes }).filter(([, value]) => value !== undefined),
  );
  const place = { name, cat: category ?? "other", pid, tid, ts: micro(time as number), args: said };
  return duration === undefined ? { ...place, ph: "i", s: "t" } : { ...place, ph: "X", dur: micro(duration as number) };
}

function perfettoHead(report: Report): string {
  const named = report.tasks.list().flatMap(({ comm = "", tid = 0, pid = tid, kind }) => [
    { ph: "M", name: "thread_name", pid, tid, args: { name: comm } },
    ...(kind === "thread" ? [] : [{ ph: "M", name: "process_name", pid, tid, args: { name: comm } }])]);
  return `{"displayTimeUnit":"ns","traceEvents":[${named.map((event) => JSON.stringify(event)).join(",\n")}`;
}

export const FORMS: Form[] = [
  {
    id: "csv",
    title: "CSV",
    extension: "csv",
    mime: "text/csv",
    doc: "for spreadsheets",
    head: () => `${COLUMNS.join(",")}\n`,
    text: line(csvCell, ","),
    tail: "",
  },
  {
    id: "tsv",
    title: "TSV",
    extension: "tsv",
    mime: "text/tab-separated-values",
    doc: "for cut, awk and sort",
    head: () => `${COLUMNS.join("\t")}\n`,
    text: line(tsvCell, "\t"),
    tail: "",
  },
  {
    id: "json",
    title: "JSON",
    extension: "json",
    mime: "application/json",
    doc: "one list of objects",
    head: () => "[\n",
    text: (record, index) => `${index ? ",\n" : ""}${JSON.stringify(ordered(record))}`,
    tail: "\n]\n",
  },
  {
    id: "ndjson",
    title: "NDJSON",
    extension: "ndjson",
    mime: "application/x-ndjson",
    doc: "an object on each line, for jq",
    head: () => "",
    text: (record) => `${JSON.stringify(ordered(record))}\n`,
    tail: "",
  },
  {
    id: "perfetto",
    title: "Perfetto",
    extension: "perfetto.json",
    mime: "application/json",
    doc: "for ui.perfetto.dev and chrome://tracing",
    head: perfettoHead,
    text: (record) => `,\n${JSON.stringify(perfettoEvent(record))}`,
    tail: "]}\n",
  },
  {
    id: "strace",
    title: "strace",
    extension: "strace",
    mime: "text/plain",
    doc: "a line for each, as strace writes them",
    head: () => "",
    text: (record) => `${straceLine(record)}\n`,
    tail: "",
  },
];

const seconds = (ns: number) => (ns / 1e9).toFixed(6);

// Without the names of the arguments, which strace has not; what is quoted stays.
const bare = (args: string) =>
  args.replace(/("(?:[^"\\]|\\.)*")|(^|, )[a-z_0-9]+: /g, (_, quoted, before) => quoted ?? before);

/** One event as a line of strace. */
export function straceLine(record: Record): string {
  const { time = 0, duration, tid = "", name = "", args = "", ret, error, flags = 0 } = record;
  const begin = `[pid ${tid}] ${seconds(time as number)} `;
  if ((flags as number) & 16) return seen(`${begin}+++ ${name}${args ? ` ${args}` : ""} +++`);
  const value =
    ret === undefined ? "?" : Math.abs(ret as number) > 0xffffff ? `0x${(ret as number).toString(16)}` : String(ret);
  const result = error ? `-1 ${error}` : value;
  const took = duration === undefined ? "" : ` <${seconds(duration as number)}>`;
  return seen(`${begin}${name}(${bare(String(args))}) = ${result}${took}`);
}
