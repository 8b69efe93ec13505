// SPDX-License-Identifier: MIT
// The events of each lane by time, and sums over blocks of them, so that a bucket of any size is summed up quickly.
import { CATEGORIES } from "../data/category.ts";
import type { Report } from "../data/report.ts";

const BLOCK = 32;
const KINDS = CATEGORIES.length;

/** Sums over some events of a lane. `busy`: ns for each category; moments count as 1 ns. */
export interface Sums { busy: Float64Array; errors: number }

/** The columns that lanes are made of, as plain arrays. */
export interface Columns {
  time: Float64Array; end: (row: number) => number; failed: ArrayLike<number>; category: (row: number) => number;
  task: (row: number) => number;
}

export function columnsOf({ events }: Report, category: (row: number) => number): Columns {
  const time = events.number("time").data as Float64Array;
  const duration = events.number("duration");
  const task = events.number("task");
  return { time, end: (row) => time[row]! + duration.or0(row), failed: events.string("error").data, category,
    task: (row) => task.or0(row) };
}

export class LaneIndex {
  /** Rows of all lanes, one lane after the other. */
  readonly rows: Uint32Array;
  /** Where each lane begins in `rows`; one more than there are lanes. */
  readonly starts: Uint32Array;
  private readonly busy: Float64Array;
  private readonly errors: Uint32Array;
  // The first block of each lane: blocks do not go beyond a lane.
  private readonly blocks: Uint32Array;

  /** `order` is all rows by time, undefined when they are in that order; `mask` which of them count. */
  constructor(readonly columns: Columns, lanes: number, ofTask: Int32Array, mask: Uint8Array, order: Uint32Array | undefined) {
    this.starts = new Uint32Array(lanes + 1);
    const laneOf = (row: number) => ofTask[columns.task(row)] ?? -1;
    for (let row = 0; row < mask.length; row++) {
      if (!mask[row]) continue;
      const lane = laneOf(row);
      if (lane >= 0) this.starts[lane + 1]!++;
    }
    for (let lane = 0; lane < lanes; lane++) this.starts[lane + 1]! += this.starts[lane]!;
    this.rows = new Uint32Array(this.starts[lanes]!);
    const next = this.starts.slice();
    for (let i = 0; i < mask.length; i++) {
      const row = order ? order[i]! : i;
      if (!mask[row]) continue;
      const lane = laneOf(row);
      if (lane >= 0) this.rows[next[lane]!++] = row;
    }
    this.blocks = new Uint32Array(lanes + 1);
    for (let lane = 0; lane < lanes; lane++) {
      this.blocks[lane + 1] = this.blocks[lane]! + Math.floor((this.starts[lane + 1]! - this.starts[lane]!) / BLOCK) + 1;
    }
    this.busy = new Float64Array(this.blocks[lanes]! * KINDS);
    this.errors = new Uint32Array(this.blocks[lanes]!);
    for (let lane = 0; lane < lanes; lane++) this.sumLane(lane);
  }

  // Entry b of a lane holds the sums of its blocks before b.
  private sumLane(lane: number): void {
    const { rows, columns } = this;
    const [from, to] = [this.starts[lane]!, this.starts[lane + 1]!];
    const sums = new Float64Array(KINDS);
    let failed = 0;
    for (let i = from; i < to; i++) {
      if ((i - from) % BLOCK === 0) this.store(this.blocks[lane]! + (i - from) / BLOCK, sums, failed);
      const row = rows[i]!;
      sums[columns.category(row)]! += columns.end(row) - columns.time[row]! || 1;
      if (columns.failed[row]) failed++;
    }
    if ((to - from) % BLOCK === 0) this.store(this.blocks[lane]! + (to - from) / BLOCK, sums, failed);
  }

  private store(block: number, sums: Float64Array, failed: number): void {
    this.busy.set(sums, block * KINDS);
    this.errors[block] = failed;
  }

  private scan(from: number, to: number, sums: Sums): void {
    const { rows, columns } = this;
    const { time, failed } = columns;
    for (let i = from; i < to; i++) {
      const row = rows[i]!;
      sums.busy[columns.category(row)]! += columns.end(row) - time[row]! || 1;
      if (failed[row]) sums.errors++;
    }
  }

  /** Adds up the events from place `from` to before `to` of a lane into `sums`, which is cleared. */
  sum(lane: number, from: number, to: number, sums: Sums): void {
    sums.busy.fill(0);
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

  /** The first place of a lane whose event begins at `moment` or later, looked for from `from` on with growing steps. */
  seek(lane: number, moment: number, from = this.starts[lane]!): number {
    const { rows, columns: { time } } = this;
    const end = this.starts[lane + 1]!;
    let [low, step] = [from, 1];
    while (low + step < end && time[rows[low + step]!]! < moment) {
      low += step;
      step *= 2;
    }
    let high = Math.min(low + step, end);
    while (low < high) {
      const middle = (low + high) >> 1;
      if (time[rows[middle]!]! < moment) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The place of an event's row in a lane, or -1. */
  placeOf(lane: number, row: number): number {
    const moment = this.columns.time[row]!;
    for (let i = this.seek(lane, moment); i < this.starts[lane + 1]!; i++) {
      if (this.rows[i] === row) return i;
      if (this.columns.time[this.rows[i]!]! > moment) break;
    }
    return -1;
  }
}
