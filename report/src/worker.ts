// SPDX-License-Identifier: MIT
// Decodes tags beside the page. What it keeps is compressed: groups of rows that have text, for when it is shown.
import { decodeColumn, Declaration, Decoded, decodeStrings, decodeText, splitRows, StringsTag, TextColumn }
  from "./format/columns.ts";
import { fromBase64, gunzip } from "./format/gzip.ts";

/** To the worker. `tag` counts the tags of the file from 0. */
export type Question =
  | { ask: "decode"; tag: number; kind: string; table: string; text: string }
  | { ask: "text"; tag: number; column: number };

/** From the worker; each decode and each text is answered once, in order. `source` is what a decode was given. */
export type Answer = { source?: Blob } & (
  | { tag: number; kind: "start" | "end"; json: unknown }
  | { tag: number; kind: "strings"; strings: StringsTag }
  | { tag: number; kind: "rows"; table: string; rows: number; columns: Decoded[] }
  | { tag: number; kind: "text"; column: number; text: TextColumn }
  | { tag: number; kind: "error"; table: string; message: string; asked: "decode" | "text" }
);

const tables = new Map<string, Declaration>();
const kept = new Map<number, { bytes: Uint8Array<ArrayBuffer>; table: string }>();

function buffersOf(answer: Answer): ArrayBuffer[] {
  if (answer.kind === "strings") return [answer.strings.lengths.buffer, answer.strings.bytes.buffer] as ArrayBuffer[];
  if (answer.kind === "text") {
    const { templates, low, high, strings } = answer.text;
    return [templates.buffer, low.buffer, strings.buffer, ...(high ? [high.buffer] : [])] as ArrayBuffer[];
  }
  if (answer.kind !== "rows") return [];
  return answer.columns.flatMap((column) => "values" in column ? [column.values.buffer as ArrayBuffer] : []);
}

function json(payload: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(payload));
}

function rowsAnswer(tag: number, table: string, payload: Uint8Array): Answer {
  const declaration = tables.get(table);
  if (!declaration) throw new RangeError(`rows of a table that was not declared: ${table}`);
  const { rows, parts } = splitRows(payload, declaration.length);
  const columns = declaration.map(([, coding], i) => decodeColumn(coding, parts[i]!, rows));
  return { tag, kind: "rows", table, rows, columns };
}

async function decode(tag: number, kind: string, table: string, text: string): Promise<Answer> {
  const bytes = fromBase64(text);
  const payload = await gunzip(bytes);
  if (kind === "start") {
    const start = json(payload) as { tables?: Record<string, Declaration> };
    for (const [name, declaration] of Object.entries(start.tables ?? {})) tables.set(name, declaration);
    return { tag, kind, json: start };
  }
  if (kind === "end") return { tag, kind, json: json(payload) };
  if (kind === "strings") return { tag, kind, strings: decodeStrings(payload) };
  if (kind !== "rows") throw new RangeError(`a tag of kind ${kind}`);
  if (tables.get(table)?.some(([, coding]) => coding === "text")) kept.set(tag, { bytes, table });
  return rowsAnswer(tag, table, payload);
}

async function textOf(tag: number, column: number): Promise<Answer> {
  const { bytes, table } = kept.get(tag)!;
  const { rows, parts } = splitRows(await gunzip(bytes), tables.get(table)!.length);
  return { tag, kind: "text", column, text: decodeText(parts[column]!, rows) };
}

async function answer(question: Question): Promise<void> {
  const { tag } = question;
  const table = question.ask === "decode" ? question.table : "";
  const found = await (question.ask === "text" ? textOf(tag, question.column)
    : decode(tag, question.kind, table, question.text)).catch((error: unknown): Answer =>
    ({ tag, kind: "error", table, message: String(error), asked: question.ask }));
  if (question.ask === "decode") found.source = new Blob([question.text]);
  (self as unknown as Worker).postMessage(found, buffersOf(found));
}

// One after the other: rows need the declarations, and the page shows the first groups first.
let queue = Promise.resolve();
self.onmessage = (event: MessageEvent<Question>) => {
  queue = queue.then(() => answer(event.data));
};
