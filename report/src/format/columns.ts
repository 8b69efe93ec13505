// SPDX-License-Identifier: MIT
// Columns of one group of rows to typed arrays, which the worker gives away to the page.
import { Block, Reader, unzigzag } from "./block.ts";

export type Coding = "number" | "delta" | "string" | "text";
/** [name, coding], as `start` declares them. */
export type Declaration = [string, Coding][];

/** Integers are value + 1, 0 is nil; in a Float64Array the value itself, NaN is nil. */
export type Numbers = Uint8Array | Uint16Array | Uint32Array | Float64Array;
export type Ids = Uint8Array | Uint16Array | Uint32Array;

/** Text as templates and two pools; built to strings only when it is shown. */
export interface TextColumn { templates: Ids; low: Ids; high?: Uint32Array; strings: Ids }

export type Decoded =
  | { coding: "number"; values: Numbers }
  | { coding: "delta"; values: Float64Array }
  | { coding: "string"; values: Ids }
  | { coding: "text" };

function numbers({ low, high }: Block): Numbers {
  let largest = 0;
  let plain = !high;
  for (let i = 0; plain && i < low.length; i++) {
    const code = low[i]!;
    if (code && !(code & 1)) plain = false;
    if (code > largest) largest = code;
  }
  if (!plain) return floats({ low, high });
  const values = largest < 0x1FF ? new Uint8Array(low.length)
    : largest < 0x1FFFF ? new Uint16Array(low.length) : new Uint32Array(low.length);
  for (let i = 0; i < low.length; i++) values[i] = (low[i]! + 1) >>> 1;
  return values;
}

function floats({ low, high }: Block): Float64Array {
  const values = new Float64Array(low.length);
  for (let i = 0; i < low.length; i++) {
    const code = low[i]!;
    const upper = high ? high[i]! : 0;
    if (code) values[i] = unzigzag(code - 1, upper);
    else values[i] = upper ? unzigzag(0xFFFFFFFF, upper - 1) : NaN;
  }
  return values;
}

function delta({ low, high }: Block): Float64Array {
  const values = new Float64Array(low.length);
  let value = 0;
  for (let i = 0; i < low.length; i++) values[i] = value += unzigzag(low[i]!, high ? high[i]! : 0);
  return values;
}

/** One column's bytes. Text is left for later: it is read again when a row of the group is shown. */
export function decodeColumn(coding: Coding, bytes: Uint8Array, rows: number): Decoded {
  const reader = new Reader(bytes);
  switch (coding) {
    case "number": return { coding, values: numbers(reader.block(rows)) };
    case "delta": return { coding, values: delta(reader.block(rows)) };
    case "string": return { coding, values: reader.ids(rows) };
    case "text": return { coding };
    default: throw new RangeError(`a column coded as ${coding}`);
  }
}

export function decodeText(bytes: Uint8Array, rows: number): TextColumn {
  const reader = new Reader(bytes);
  const templates = reader.ids(rows);
  const { low, high } = reader.block(reader.u32());
  const column: TextColumn = { templates, low, strings: reader.ids(reader.u32()) };
  if (high) column.high = high;
  return column;
}

/** The bytes of each column of a `rows` payload, and how many rows there are. */
export function splitRows(payload: Uint8Array, columns: number): { rows: number; parts: Uint8Array[] } {
  const reader = new Reader(payload);
  const rows = reader.u32();
  const count = reader.u32();
  if (count !== columns) throw new RangeError(`${count} columns, ${columns} were declared`);
  const parts: Uint8Array[] = [];
  for (let i = 0; i < count; i++) parts.push(reader.take(reader.u32()));
  return { rows, parts };
}

export interface StringsTag { first: number; lengths: Ids; bytes: Uint8Array }

export function decodeStrings(payload: Uint8Array): StringsTag {
  const reader = new Reader(payload);
  const first = reader.u32();
  const lengths = reader.ids(reader.u32());
  let total = 0;
  for (const length of lengths) total += length;
  return { first, lengths, bytes: reader.take(total) };
}
