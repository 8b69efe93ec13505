// SPDX-License-Identifier: MIT
// Blocks of unsigned integers, stored as byte planes: see src/report/FORMAT.md.

/** Whole numbers below 2^64 as two halves; `high` is absent when no value of the block needs it. */
export interface Block { low: Uint8Array | Uint16Array | Uint32Array; high?: Uint32Array }

/** Reads little-endian values one after the other; every read throws when the bytes end before it. */
export class Reader {
  at = 0;
  private readonly view: DataView;

  constructor(readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u8(): number {
    return this.view.getUint8((this.at += 1) - 1);
  }

  u32(): number {
    return this.view.getUint32((this.at += 4) - 4, true);
  }

  /** The next `count` bytes, not copied. */
  take(count: number): Uint8Array {
    if (count > this.bytes.length - this.at) throw new RangeError("the data ends too early");
    return this.bytes.subarray(this.at, (this.at += count));
  }

  /** A block of `n` values. Width 4 has escapes: 0xFFFFFFFF stands for the next of the 8-byte values at the end. */
  block(n: number): Block {
    const width = this.u8();
    if (width === 0) return { low: new Uint8Array(n) };
    if (width === 1) return { low: this.take(n).slice() };
    const planes = this.take(n * width);
    if (width === 2) {
      const low = new Uint16Array(n);
      for (let i = 0; i < n; i++) low[i] = planes[i]! | planes[n + i]! << 8;
      return { low };
    }
    if (width !== 4) throw new RangeError(`a block of width ${width}`);
    const low = new Uint32Array(n);
    let escapes = 0;
    for (let i = 0; i < n; i++) {
      const value = (planes[i]! | planes[n + i]! << 8 | planes[2 * n + i]! << 16 | planes[3 * n + i]! << 24) >>> 0;
      low[i] = value;
      if (value === 0xFFFFFFFF) escapes++;
    }
    return escapes ? this.escaped(low) : { low };
  }

  private escaped(low: Uint32Array): Block {
    const high = new Uint32Array(low.length);
    for (let i = 0; i < low.length; i++) {
      if (low[i] !== 0xFFFFFFFF) continue;
      low[i] = this.u32();
      high[i] = this.u32();
    }
    return { low, high };
  }

  /** The same, of values that must be below 2^32 (ids, lengths). */
  ids(n: number): Uint8Array | Uint16Array | Uint32Array {
    const { low, high } = this.block(n);
    if (high?.some((half) => half !== 0)) throw new RangeError("an id beyond 32 bits");
    return low;
  }
}

/** The signed number of a zigzag code; beyond 2^53 to a double's precision. */
export function unzigzag(low: number, high: number): number {
  const half = high * 0x80000000 + (low >>> 1);
  return low & 1 ? -half - 1 : half;
}
