// SPDX-License-Identifier: MIT
// Lanes as pixels: rows of one buffer, given to the canvas at once. That is some times quicker than a rectangle each.
import { CATEGORIES, WAITING } from "../data/category.ts";
import type { Surface } from "../parts/canvas.tsx";
import type { Span } from "../state.ts";
import { pixel } from "../theme.ts";
import type { LaneIndex } from "./lane_index.ts";
import { drawLane, FULL, Slice, Strip } from "./strip.ts";
import type { Lane } from "./tree.ts";

/** From this many pixels on a slice has its name in it. */
const LABEL = 40;
/** Rows at the top of a bar that say that something failed. */
const MARK = 2;

export interface Scene { lanes: Lane[]; index: LaneIndex; span: Span; height: number; scrolled: number; end: number }

interface Colours { kinds: number[]; ground: number; alive: number; failed: number }

export function coloursOfLanes(): Colours {
  return { kinds: CATEGORIES.map((_, kind) => pixel(`c${kind}`)), ground: pixel("ground"), alive: pixel("lane"),
    failed: pixel("bad") };
}

/** Keeps its buffers from frame to frame. */
export class LanePainter {
  private image: ImageData | undefined;
  private strip = new Strip(0);
  private line = new Uint32Array(0);
  private rows = 0; // of a lane
  private readonly tops = new Uint16Array(FULL + 1);
  // By row the first pixel whose bar begins there; by pixel the next of that row; or -1.
  private starts = new Int32Array(0);
  private next = new Int32Array(0);

  private prepare(width: number, height: number): Uint32Array {
    if (this.image?.width !== width || this.image.height !== height) {
      this.image = new ImageData(width, height);
      this.strip = new Strip(width);
      this.line = new Uint32Array(width);
      this.next = new Int32Array(width);
    }
    return new Uint32Array(this.image.data.buffer);
  }

  /** Paints what is in sight; returns the slices that have room for their name, in device pixels. */
  paint({ canvas, width, height, ratio }: Surface, scene: Scene, colours: Colours): Slice[] {
    const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== wide) canvas.width = wide;
    if (canvas.height !== high) canvas.height = high;
    const buffer = this.prepare(wide, high);
    buffer.fill(colours.ground);
    const found: Slice[] = [];
    // In a lane of many tasks somebody waits all the time: that needs no names.
    const isNamed = ({ lane, kind }: Slice) => kind !== WAITING || !scene.lanes[lane]!.collapsed;
    const laneHeight = scene.height * ratio;
    const first = Math.floor(scene.scrolled / scene.height);
    const last = Math.min(scene.lanes.length, Math.ceil((scene.scrolled + height) / scene.height));
    for (let lane = first; lane < last; lane++) {
      drawLane(scene.index, lane, scene.span, this.strip, LABEL * ratio, found);
      const top = Math.round(lane * laneHeight - scene.scrolled * ratio);
      this.lane(
        buffer,
        wide,
        high,
        top,
        Math.max(2, Math.round(laneHeight - 2 * ratio)),
        scene,
        scene.lanes[lane]!,
        colours,
      );
    }
    // All of it is painted, and what has no transparency is copied as it is.
    canvas.getContext("2d", { alpha: false })!.putImageData(this.image!, 0, 0);
    return found.filter(isNamed);
  }

  private lane(
    buffer: Uint32Array,
    wide: number,
    high: number,
    top: number,
    rows: number,
    { span, end }: Scene,
    lane: Lane,
    colours: Colours,
  ): void {
    const tops = this.topsFor(rows);
    const { strip, line, starts, next } = this;
    const { kind, height, flags } = strip;
    const scale = wide / (span.to - span.from);
    const born = Math.max(0, Math.floor(((lane.task.start ?? 0) - span.from) * scale));
    const dead = Math.min(wide, Math.ceil(((lane.task.end ?? end) - span.from) * scale));
    line.fill(colours.ground);
    if (dead > born) line.fill(colours.alive, born, dead);
    starts.fill(-1);
    for (let x = 0; x < wide; x++) {
      const row = tops[height[x]!]!;
      next[x] = starts[row]!;
      starts[row] = x;
    }
    // From row to row only those pixels change at which a bar begins, or the mark on it ends that says it failed.
    for (let row = 0; row < rows; row++) {
      for (let x = starts[row]!; x >= 0; x = next[x]!) line[x] = flags[x] ? colours.failed : colours.kinds[kind[x]!]!;
      if (row >= MARK) for (let x = starts[row - MARK]!; x >= 0; x = next[x]!) line[x] = colours.kinds[kind[x]!]!;
      const y = top + row;
      if (y >= 0 && y < high) buffer.set(line, y * wide);
    }
  }

  // By a bar's height, the row in which it begins; `rows` when it has none. The lowest row is drawn where there is any
  // height at all.
  private topsFor(rows: number): Uint16Array {
    if (this.rows !== rows) {
      this.rows = rows;
      this.starts = new Int32Array(rows + 1);
      for (let value = 0; value <= FULL; value++) this.tops[value] = Math.floor((rows * (FULL - value)) / FULL);
    }
    return this.tops;
  }
}
