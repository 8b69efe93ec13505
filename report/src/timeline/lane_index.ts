// SPDX-License-Identifier: MIT
// The events of each lane by time, and sums over blocks of them, so that a bucket of any size is summed up quickly.
import { CATEGORIES, kindsOf } from "../data/category.ts";
import type { Report } from "../data/report.ts";

const BLOCK = 32;
const KINDS = CATEGORIES.length;

/** Sums over some events of a lane. `busy`: ns for each category; moments count as 1 ns. */
export interface Sums { busy: Float64Array; errors: number }

/** The columns that lanes are made of. */
export interface Columns {
  time: Float64Array; duration: Float64Array; failed: ArrayLike<number>; kinds: Uint8Array;
  task: (row: number) => number;
}

export function columnsOf(report: Report): Columns {
  const { events } = report;
  const task = events.number("task");
  return { time: events.number("time").floats(), duration: events.number("duration").floats(),
    failed: events.string("error").data, kinds: kindsOf(report), task: (row) => task.or0(row) };
}

const FAILED = 0x80;

export class LaneIndex {
  /** Where each lane begins in the arrays below; one more than there are lanes. */
  readonly starts: Uint32Array;
  /** Rows of all lanes, one lane after the other, by time. */
  readonly rows: Uint32Array;
  /** When each begins, and how long it takes (to a float's precision: for drawing). */
  readonly times: Float64Array;
  readonly lengths: Float32Array;
  private readonly kinds: Uint8Array;
  private readonly busy: Float64Array;
  private readonly errors: Uint32Array;
  // The first block of each lane: blocks do not go beyond a lane.
  private readonly blocks: Uint32Array;

  /** `order` is all rows by time, undefined when they are in that order; `mask` which of them count. */
  constructor(columns: Columns, lanes: number, ofTask: Int32Array, mask: Uint8Array, order: Uint32Array | undefined) {
    const laneOf = new Int32Array(mask.length);
    const starts = (this.starts = new Uint32Array(lanes + 1));
    for (let row = 0; row < mask.length; row++) {
      const lane = (laneOf[row] = mask[row] ? (ofTask[columns.task(row)] ?? -1) : -1);
      if (lane >= 0) starts[lane + 1]!++;
    }
    for (let lane = 0; lane < lanes; lane++) starts[lane + 1]! += starts[lane]!;
    const count = starts[lanes]!;
    this.rows = new Uint32Array(count);
    this.times = new Float64Array(count);
    this.lengths = new Float32Array(count);
    this.kinds = new Uint8Array(count);
    this.place(columns, laneOf, order);
    this.blocks = new Uint32Array(lanes + 1);
    for (let lane = 0; lane < lanes; lane++) {
      this.blocks[lane + 1] =
        this.blocks[lane]! + Math.floor((this.starts[lane + 1]! - this.starts[lane]!) / BLOCK) + 1;
    }
    this.busy = new Float64Array(this.blocks[lanes]! * KINDS);
    this.errors = new Uint32Array(this.blocks[lanes]!);
    for (let lane = 0; lane < lanes; lane++) this.sumLane(lane);
  }

  private place({ time, duration, failed, kinds }: Columns, laneOf: Int32Array, order: Uint32Array | undefined): void {
    const next = this.starts.slice();
    const { rows, times, lengths, kinds: own } = this;
    for (let i = 0; i < laneOf.length; i++) {
      const row = order ? order[i]! : i;
      const lane = laneOf[row]!;
      if (lane < 0) continue;
      const place = next[lane]!++;
      rows[place] = row;
      own[place] = kinds[row]! | (failed[row] ? FAILED : 0);
    }
    // Lanes are read one after the other, so these are written so.
    for (let place = 0; place < rows.length; place++) {
      const row = rows[place]!;
      times[place] = time[row]!;
      lengths[place] = duration[row]! || 0;
    }
  }

  // Entry b of a lane holds the sums of its blocks before b.
  private sumLane(lane: number): void {
    const [from, to] = [this.starts[lane]!, this.starts[lane + 1]!];
    const sums: Sums = { busy: new Float64Array(KINDS), errors: 0 };
    for (let i = from, block = this.blocks[lane]!; i <= to; i += BLOCK, block++) {
      this.busy.set(sums.busy, block * KINDS);
      this.errors[block] = sums.errors;
      this.scan(i, Math.min(i + BLOCK, to), sums);
    }
  }

  private scan(from: number, to: number, sums: Sums): void {
    const { kinds, lengths } = this;
    const { busy } = sums;
    for (let i = from; i < to; i++) {
      busy[kinds[i]! & 0x7f]! += lengths[i]! || 1;
      sums.errors += kinds[i]! >> 7;
    }
  }

  /** Adds up the events from place `from` to before `to` of a lane into `sums`, which is cleared. */
  sum(lane: number, from: number, to: number, sums: Sums): void {
    for (let kind = 0; kind < KINDS; kind++) sums.busy[kind] = 0; // so few that fill() takes longer
    sums.errors = 0;
    const start = this.starts[lane]!;
    const first = Math.ceil((from - start) / BLOCK);
    const last = Math.floor((to - start) / BLOCK);
    if (last <= first) return this.scan(from, to, sums);
    const [low, high] = [this.blocks[lane]! + first, this.blocks[lane]! + last];
    for (let kind = 0; kind < KINDS; kind++) {
      sums.busy[kind] = this.busy[high * KINDS + kind]! - this.busy[low * KINDS + kind]!;
    }
    sums.errors = this.errors[high]! - this.errors[low]!;
    this.scan(from, start + first * BLOCK, sums);
    this.scan(start + last * BLOCK, to, sums);
  }

  end(place: number): number {
    return this.times[place]! + this.lengths[place]!;
  }

  kind(place: number): number {
    return this.kinds[place]! & 0x7f;
  }

  failed(place: number): boolean {
    return this.kinds[place]! >= FAILED;
  }

  /** The first place of a lane whose event begins at `moment` or later, looked for from `from` on. */
  seek(lane: number, moment: number, from = this.starts[lane]!): number {
    const { times } = this;
    const end = this.starts[lane + 1]!;
    let [low, step] = [from, 1];
    while (low + step < end && times[low + step]! < moment) {
      low += step;
      step *= 2;
    }
    let high = Math.min(low + step, end);
    while (low < high) {
      const middle = (low + high) >> 1;
      if (times[middle]! < moment) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
