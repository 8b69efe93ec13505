// SPDX-License-Identifier: MIT
// What the writer in C does, in TypeScript: files for tests without a trace. Rows are objects by column.
import { gzipSync } from "node:zlib";
import type { Coding, Declaration } from "../src/format/columns.ts";

export type Cell = number | bigint | string | Uint8Array | null | undefined;
export type Row = Record<string, Cell>;

const utf8 = new TextEncoder();
const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");
const bytesOf = (value: string | Uint8Array) => typeof value === "string" ? utf8.encode(value) : value;

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** Codes are numbers where those are exact, which is quicker. */
type Code = number | bigint;
const EXACT = 2 ** 51;

function zigzag(value: number | bigint): Code {
  if (typeof value === "number" && Math.abs(value) < EXACT) return value < 0 ? -value * 2 - 1 : value * 2;
  const whole = BigInt(value);
  return whole < 0n ? -whole * 2n - 1n : whole * 2n;
}

const oneMore = (code: Code): Code => typeof code === "bigint" ? code + 1n : code + 1;

/** A block of unsigned 64-bit values. */
export function block(values: Code[]): Buffer {
  let largest: Code = 0;
  for (const value of values) if (value > largest) largest = value;
  const width = largest === 0 ? 0 : largest < 0x100 ? 1 : largest < 0x10000 ? 2 : 4;
  const count = values.length;
  const planes = Buffer.alloc(count * width);
  const escapes: bigint[] = [];
  for (let i = 0; i < count; i++) {
    let shown = values[i]!;
    if (width === 4 && shown >= 0xFFFFFFFF) {
      escapes.push(BigInt(shown));
      shown = 0xFFFFFFFF;
    }
    for (let plane = 0; plane < width; plane++) planes[plane * count + i] = Number(shown) >>> (8 * plane);
  }
  const tail = Buffer.alloc(8 * escapes.length);
  escapes.forEach((value, i) => tail.writeBigUInt64LE(value, 8 * i));
  return Buffer.concat([Buffer.from([width]), planes, tail]);
}

// The text with its numbers and quoted strings taken out; bytes as latin1 so that a regular expression sees them.
const HOLES = /0x(?:0|[1-9a-f][0-9a-f]*)(?![0-9a-zA-Z])|(?<![0-9a-zA-Z])(?:0|[1-9][0-9]*)(?![0-9a-zA-Z])|"[^"]*"/g;
const LARGEST = (1n << 63n) - 1n;

export class Encoder {
  private readonly tags: string[] = [];
  private readonly ids = new Map<string, number>();
  private fresh: Uint8Array[] = [];
  private next = 1;

  constructor(private readonly tables: Record<string, Declaration>, start: Record<string, unknown> = {}) {
    this.tag("start", utf8.encode(JSON.stringify({ version: "0.0.0", format: 1, tables, ...start })));
  }

  tag(kind: string, payload: Uint8Array, table = ""): void {
    const name = table ? ` data-t="${table}"` : "";
    const text = gzipSync(payload, { level: 1 }).toString("base64");
    this.tags.push(`<script type="application/x-compendium" data-k="${kind}"${name}>${text}</script>\n`);
  }

  private string(bytes: Uint8Array): number {
    const key = latin1(bytes);
    let id = this.ids.get(key);
    if (id === undefined) {
      this.ids.set(key, id = this.next++);
      this.fresh.push(bytes);
    }
    return id;
  }

  private text(values: Cell[]): Buffer {
    const numbers: Code[] = [];
    const strings: Code[] = [];
    const templates = values.map((value) => {
      if (value == null) return 0;
      const whole = latin1(bytesOf(value as string));
      if (/[\0-\x03]/.test(whole)) {
        strings.push(this.string(Buffer.from(whole, "latin1")));
        return this.string(Buffer.from([3]));
      }
      const template = whole.replace(HOLES, (hole) => {
        if (hole[0] === '"') {
          strings.push(this.string(Buffer.from(hole.slice(1, -1), "latin1")));
          return '"\x03"';
        }
        const number = Number(hole) < EXACT ? Number(hole) : BigInt(hole);
        if (number > LARGEST) return hole;
        numbers.push(number);
        return hole.startsWith("0x") ? "\x02" : "\x01";
      });
      return this.string(Buffer.from(template, "latin1"));
    });
    return Buffer.concat([block(templates), u32(numbers.length), block(numbers), u32(strings.length), block(strings)]);
  }

  private column(coding: Coding, values: Cell[]): Buffer {
    if (coding === "text") return this.text(values);
    if (coding === "string") {
      return block(values.map((value) => value == null ? 0 : this.string(bytesOf(value as string))));
    }
    if (coding === "number") {
      return block(values.map((value) => value == null ? 0 : oneMore(zigzag(value as number))));
    }
    let before = 0;
    return block(values.map((value) => {
      const code = zigzag(Number(value) - before);
      before = Number(value);
      return code;
    }));
  }

  /** One group of rows, and before it the strings it needs. */
  rows(table: string, rows: Row[]): void {
    const declaration = this.tables[table]!;
    const parts: Buffer[] = [u32(rows.length), u32(declaration.length)];
    for (const [name, coding] of declaration) {
      const bytes = this.column(coding, rows.map((row) => row[name]));
      parts.push(u32(bytes.length), bytes);
    }
    this.strings();
    this.tag("rows", Buffer.concat(parts), table);
  }

  private strings(): void {
    if (!this.fresh.length) return;
    const lengths = block(this.fresh.map((bytes) => bytes.length));
    this.tag("strings", Buffer.concat([u32(this.next - this.fresh.length), u32(this.fresh.length), lengths,
      ...this.fresh]));
    this.fresh = [];
  }

  end(end: Record<string, unknown> = {}): void {
    this.tag("end", utf8.encode(JSON.stringify(end)));
  }

  toString(): string {
    return this.tags.join("");
  }
}
