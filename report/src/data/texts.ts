// SPDX-License-Identifier: MIT
// Texts of rows: templates and two pools, fetched from the worker a group at a time; the last few groups are kept.
import type { TextColumn } from "../format/columns.ts";
import { toText, Strings } from "./strings.ts";
import type { Group } from "./table.ts";

const KEPT = 8;
const [DECIMAL, HEX, QUOTED] = [1, 2, 3];

/** A group's texts, and where in the pools each row begins. */
export class GroupTexts {
  private readonly numberAt: Uint32Array;
  private readonly stringAt: Uint32Array;

  constructor(private readonly column: TextColumn, private readonly strings: Strings) {
    const { templates } = column;
    this.numberAt = new Uint32Array(templates.length);
    this.stringAt = new Uint32Array(templates.length);
    const needs = new Map<number, [number, number]>();
    let [numbers, pooled] = [0, 0];
    for (let i = 0; i < templates.length; i++) {
      this.numberAt[i] = numbers;
      this.stringAt[i] = pooled;
      const id = templates[i]!;
      let need = needs.get(id);
      if (!need) needs.set(id, need = this.holes(id));
      numbers += need[0];
      pooled += need[1];
    }
  }

  private holes(template: number): [number, number] {
    let [numbers, pooled] = [0, 0];
    for (const byte of this.strings.bytes(template)) {
      if (byte === DECIMAL || byte === HEX) numbers++;
      else if (byte === QUOTED) pooled++;
    }
    return [numbers, pooled];
  }

  private number(at: number): string {
    const { low, high } = this.column;
    return high?.[at] ? ((BigInt(high[at]!) << 32n) | BigInt(low[at]!)).toString() : String(low[at] ?? "?");
  }

  private hex(at: number): string {
    const { low, high } = this.column;
    const value = high?.[at] ? (BigInt(high[at]!) << 32n) | BigInt(low[at]!) : BigInt(low[at] ?? 0);
    return `0x${value.toString(16)}`;
  }

  /** The raw bytes of a row's text. */
  bytes(row: number): Uint8Array {
    const template = this.strings.bytes(this.column.templates[row]!);
    const parts: (Uint8Array | string)[] = [];
    let [number, pooled, good] = [this.numberAt[row]!, this.stringAt[row]!, 0];
    for (let i = 0; i < template.length; i++) {
      const byte = template[i]!;
      if (byte < DECIMAL || byte > QUOTED) continue;
      parts.push(template.subarray(good, i));
      good = i + 1;
      if (byte === QUOTED) parts.push(this.strings.bytes(this.column.strings[pooled++] ?? 0));
      else parts.push(byte === HEX ? this.hex(number++) : this.number(number++));
    }
    parts.push(template.subarray(good));
    return join(parts);
  }

  text(row: number): string {
    return toText(this.bytes(row));
  }
}

const encoder = new TextEncoder();

function join(parts: (Uint8Array | string)[]): Uint8Array {
  const pieces = parts.map((part) => typeof part === "string" ? encoder.encode(part) : part);
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** The texts of all tables. `fetch` asks the worker. */
export class Texts {
  private readonly cache = new Map<string, GroupTexts>();
  private readonly pending = new Map<string, Promise<GroupTexts>>();

  constructor(private readonly strings: Strings,
    private readonly fetch: (tag: number, column: number) => Promise<TextColumn>) {}

  /** All texts of a group. */
  group(group: Group, column: number): Promise<GroupTexts> {
    const key = `${group.tag}:${column}`;
    const cached = this.cache.get(key);
    if (cached) return Promise.resolve(this.touch(key, cached));
    let pending = this.pending.get(key);
    if (!pending) {
      pending = this.fetch(group.tag, column)
        .then((text) => this.touch(key, new GroupTexts(text, this.strings)))
        .finally(() => this.pending.delete(key));
      this.pending.set(key, pending);
    }
    return pending;
  }

  // A Map keeps the order of insertion: the first is the one that was not used for the longest time.
  private touch(key: string, texts: GroupTexts): GroupTexts {
    this.cache.delete(key);
    this.cache.set(key, texts);
    if (this.cache.size > KEPT) this.cache.delete(this.cache.keys().next().value!);
    return texts;
  }

  async get(group: Group, column: number, row: number): Promise<string> {
    return (await this.group(group, column)).text(row - group.first);
  }

  peek(group: Group, column: number, row: number): string | undefined {
    return this.cache.get(`${group.tag}:${column}`)?.text(row - group.first);
  }
}
