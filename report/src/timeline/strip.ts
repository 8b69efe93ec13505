// SPDX-License-Identifier: MIT
// One lane for one width of pixels. Time is cut into buckets of 2^k ns that are at least a pixel wide and lie where
// they lie whatever is shown, so that nothing shimmers while one pans. A bucket with several events is a bar as high
// as the lane was busy; a single event is drawn from its start to its end.
import { CATEGORIES, WAITING } from "../data/category.ts";
import type { Span } from "../state.ts";
import type { LaneIndex, Sums } from "./lane_index.ts";

export const FULL = 255;
// Who waits is there but does nothing: a low bar.
const LOW = 84;
const most = (kind: number) => kind === WAITING ? LOW : FULL;
const FAILED = 1;

/** A slice that is wide enough for its name. */
export interface Slice { row: number; lane: number; kind: number; from: number; to: number }

/** For each pixel column: what to draw. `height` is 0 to 255 of the lane; `flags` has FAILED. */
export class Strip {
  kind = new Uint8Array(0);
  height = new Uint8Array(0);
  flags = new Uint8Array(0);

  constructor(readonly width: number) {
    this.kind = new Uint8Array(width);
    this.height = new Uint8Array(width);
    this.flags = new Uint8Array(width);
  }

  clear(): void {
    this.height.fill(0);
    this.flags.fill(0);
  }

  fill(from: number, to: number, kind: number, height: number, failed: boolean): void {
    const [start, end] = [Math.max(0, from), Math.min(this.width, to)];
    // Most are a pixel or two, for which a loop is much quicker than fill().
    for (let x = start; x < end; x++) {
      this.kind[x] = kind;
      this.height[x] = height;
      if (failed) this.flags[x] = FAILED;
    }
  }
}

/** The bucket's width for a view: a power of two of ns, at least a pixel. */
export function bucketOf(span: Span, width: number): number {
  return 2 ** Math.max(0, Math.ceil(Math.log2((span.to - span.from) / width)));
}

const sums: Sums = { busy: new Float64Array(CATEGORIES.length), errors: 0 };

// The category that took most of the time, and how much all took together.
function dominant(): { kind: number; busy: number } {
  let [kind, most, busy] = [0, -1, 0];
  for (let i = 0; i < sums.busy.length; i++) {
    const own = sums.busy[i]!;
    busy += own;
    if (own > most) [kind, most] = [i, own];
  }
  return { kind, busy };
}

const ASKED = 32;

// The place of the event that lasts longest into what comes after; of many only the last few are asked.
function latest({ times, lengths }: LaneIndex, from: number, to: number): number {
  let last = to - 1;
  let end = times[last]! + lengths[last]!;
  for (let i = Math.max(from, to - ASKED); i < to - 1; i++) {
    const own = times[i]! + lengths[i]!;
    if (own > end) [last, end] = [i, own];
  }
  return last;
}

/** Draws a lane into a strip; slices that are wider than `label` pixels are added to `wide`. */
export function drawLane(index: LaneIndex, lane: number, span: Span, strip: Strip, label: number, wide: Slice[]): void {
  strip.clear();
  const { times, rows, starts } = index;
  const scale = strip.width / (span.to - span.from);
  const bucket = bucketOf(span, strip.width);
  const pixel = (moment: number) => Math.floor((moment - span.from) * scale);
  const slice = (place: number) => {
    const from = pixel(times[place]!);
    const to = Math.max(pixel(index.end(place)), from + 1);
    const kind = index.kind(place);
    strip.fill(from, to, kind, most(kind), index.failed(place));
    const seen = Math.min(to, strip.width) - Math.max(from, 0);
    const before = wide.at(-1);
    if (before?.lane === lane && before.to > from && seen > 1) before.to = Math.max(from, before.from);
    if (seen >= label) {
      wide.push({ row: rows[place]!, lane, kind, from: Math.max(from, 0), to: Math.min(to, strip.width) });
    }
  };
  const last = starts[lane + 1]!;
  let place = index.seek(lane, Math.floor(span.from / bucket) * bucket);
  // What began before may reach into the view.
  if (place > starts[lane]!) slice(latest(index, starts[lane]!, place));
  while (place < last && times[place]! < span.to) {
    const start = Math.floor(times[place]! / bucket) * bucket;
    const next = index.seek(lane, start + bucket, place);
    if (next - place === 1) {
      slice(place);
    } else {
      const longest = latest(index, place, next);
      if (index.lengths[longest]! > bucket) slice(longest);
      index.sum(lane, place, next, sums);
      const { kind, busy } = dominant();
      const height = Math.max(60, Math.round(most(kind) * Math.min(1, busy / bucket)));
      strip.fill(pixel(start), Math.max(pixel(start + bucket), pixel(start) + 1), kind, height, sums.errors > 0);
    }
    place = next;
  }
}
