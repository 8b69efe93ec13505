// SPDX-License-Identifier: MIT
// Columns that grow as groups of rows arrive. They are as narrow as what they hold, and widen by themselves.
import type { Numbers } from "../format/columns.ts";

type Ints = Uint8Array | Uint16Array | Uint32Array;

function widest<T extends Numbers>(a: T, b: T): new (n: number) => T {
  return (a.BYTES_PER_ELEMENT >= b.BYTES_PER_ELEMENT ? a : b).constructor as new (n: number) => T;
}

class Growing<T extends Numbers> {
  protected values: T;
  length = 0;

  constructor(first: T) {
    this.values = first;
  }

  /** The array behind it: `length` of its values count. Another one after rows were added. */
  get data(): T {
    return this.values;
  }

  private reserve(more: T, expected: number): void {
    const Wider = widest(this.values, more);
    const needed = this.length + more.length;
    if (this.values instanceof Wider && needed <= this.values.length) return;
    // What is expected is less than there will be while the file is still being read.
    const room = expected > this.length * 1.25 ? expected : this.length * 1.5 | 0;
    const grown = new Wider(needed <= this.values.length ? this.values.length : Math.max(needed, room));
    this.copy(this.values.subarray(0, this.length) as T, grown, 0);
    this.values = grown;
  }

  protected copy(from: T, to: T, at: number): void {
    to.set(from, at);
  }

  /** `expected` rows there will be in all, as far as one can tell. */
  append(more: T, expected = 0): void {
    this.reserve(more, expected);
    this.copy(more, this.values, this.length);
    this.length += more.length;
  }
}

// Values + 1 as values, 0 as NaN. A function of its own, as it is quick for one kind of array alone.
function decode(values: Float64Array, from: number, to: number): void {
  for (let i = from; i < to; i++) values[i] = values[i] === 0 ? NaN : values[i]! - 1;
}

/** Integers or nil. */
export class NumberColumn extends Growing<Numbers> {
  private floating = false;

  constructor() {
    super(new Uint8Array(0));
  }

  override append(more: Numbers, expected = 0): void {
    super.append(more, expected);
    this.floating = this.values instanceof Float64Array;
  }

  /** NaN when there is none. */
  at(row: number): number {
    const value = this.values[row]!;
    return this.floating ? value : value === 0 ? NaN : value - 1;
  }

  /** 0 when there is none. */
  or0(row: number): number {
    return this.at(row) || 0;
  }

  /**
   * The values as floats, NaN for none: for passes over all rows, which are some times quicker so. From then on the
   * column keeps them as such.
   */
  floats(): Float64Array {
    if (!(this.values instanceof Float64Array)) {
      const wide = new Float64Array(this.values.length);
      this.copy(this.values.subarray(0, this.length), wide, 0);
      this.values = wide;
      this.floating = true;
    }
    return this.values as Float64Array;
  }

  // Integer arrays have value + 1 and 0 for nil, floating ones value and NaN.
  protected override copy(from: Numbers, to: Numbers, at: number): void {
    to.set(from, at);
    if (to instanceof Float64Array && !(from instanceof Float64Array)) decode(to, at, at + from.length);
  }
}

/** Ids of strings, 0 when there is none. */
export class StringColumn extends Growing<Ints> {
  constructor() {
    super(new Uint8Array(0));
  }

  id(row: number): number {
    return this.values[row]!;
  }
}
