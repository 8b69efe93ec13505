// SPDX-License-Identifier: MIT
// The strings of a report: raw bytes by id, made to text when somebody looks.
import type { StringsTag } from "../format/columns.ts";

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const escapeByte = (byte: number) => `\\x${byte.toString(16).padStart(2, "0")}`;

/** How many bytes the well-formed UTF-8 character at `at` has, or 0. */
function characterAt(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  const size = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
  if (!size || at + size > bytes.length) return 0;
  if (size === 1) return 1;
  try {
    strict.decode(bytes.subarray(at, at + size));
    return size;
  } catch {
    return 0;
  }
}

/** UTF-8 as text; each byte that is none as `\xNN`, as everywhere in compendium. */
export function toText(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch {
    let text = "";
    let good = 0;
    for (let i = 0; i < bytes.length;) {
      const size = characterAt(bytes, i);
      if (!size) text += strict.decode(bytes.subarray(good, i)) + escapeByte(bytes[i]!);
      i += size || 1;
      if (!size) good = i;
    }
    return text + strict.decode(bytes.subarray(good));
  }
}

interface Part { first: number; offsets: Uint32Array; bytes: Uint8Array }

export class Strings {
  private parts: Part[] = [];
  private cache: (string | undefined)[] = [""];
  private ids = new Map<string, number[]>();
  private known = 0;
  /** One more than the largest id. */
  count = 1;

  add({ first, lengths, bytes }: StringsTag): void {
    const offsets = new Uint32Array(lengths.length + 1);
    for (let i = 0; i < lengths.length; i++) offsets[i + 1] = offsets[i]! + lengths[i]!;
    this.parts.push({ first, offsets, bytes });
    this.count = Math.max(this.count, first + lengths.length);
  }

  private part(id: number): Part | undefined {
    let low = 0;
    let high = this.parts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.parts[middle]!.first <= id) low = middle;
      else high = middle - 1;
    }
    const part = this.parts[low];
    return part && id >= part.first && id < part.first + part.offsets.length - 1 ? part : undefined;
  }

  /** The bytes of a string; none for id 0 and for ids of a tag that was damaged. */
  bytes(id: number): Uint8Array {
    const part = id ? this.part(id) : undefined;
    if (!part) return new Uint8Array(0);
    return part.bytes.subarray(part.offsets[id - part.first], part.offsets[id - part.first + 1]);
  }

  /** Its text, unescaped but for bytes that are no UTF-8. "" for 0; what was lost says so. */
  text(id: number): string {
    const cached = this.cache[id];
    if (cached !== undefined) return cached;
    return (this.cache[id] = this.part(id) ? toText(this.bytes(id)) : `(string ${id} was lost)`);
  }

  /** All ids of a text; the writer may have given it several. */
  idsOf(text: string): number[] {
    for (; this.known < this.count; this.known++) {
      if (this.known === 0) continue;
      const key = this.text(this.known);
      const ids = this.ids.get(key);
      if (ids) ids.push(this.known);
      else this.ids.set(key, [this.known]);
    }
    return this.ids.get(text) ?? [];
  }

  /** For each id whether `test` holds of its text: a search looks at each string once, then at ids alone. */
  matching(test: (text: string) => boolean): Uint8Array {
    const found = new Uint8Array(this.count);
    for (let id = 1; id < this.count; id++) if (test(this.text(id))) found[id] = 1;
    return found;
  }
}
