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
  private blank = new Uint32Array(0);
  private ink = new Uint32Array(0);
  private steps = new Uint8Array(FULL + 1); // which heights there are

  private prepare(width: number, height: number): Uint32Array {
    if (this.image?.width !== width || this.image.height !== height) {
      this.image = new ImageData(width, height);
      this.strip = new Strip(width);
      this.line = new Uint32Array(width);
      this.blank = new Uint32Array(width);
      this.ink = new Uint32Array(width);
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
    canvas.getContext("2d")!.putImageData(this.image!, 0, 0);
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
    const { strip, line, ink, blank } = this;
    const { height, flags } = strip;
    const scale = wide / (span.to - span.from);
    const born = Math.max(0, Math.floor(((lane.task.start ?? 0) - span.from) * scale));
    const dead = Math.min(wide, Math.ceil(((lane.task.end ?? end) - span.from) * scale));
    blank.fill(colours.ground);
    if (dead > born) blank.fill(colours.alive, born, dead);
    const steps = this.steps.fill(0);
    let failed = 0;
    for (let x = 0; x < wide; x++) {
      ink[x] = colours.kinds[strip.kind[x]!]!;
      steps[height[x]!] = 1;
      failed |= flags[x]!;
    }
    const endsIn = (from: number, to: number) => {
      for (let value = Math.floor(from) + 1; value <= to && value <= FULL; value++) if (steps[value]) return true;
      return false;
    };
    const mark = (2 / rows) * FULL; // so much at the top of a bar says that something failed
    line.set(blank);
    let before = FULL;
    for (let row = 0; row < rows; row++) {
      const y = top + row;
      if (y < 0 || y >= high) continue;
      // The lowest row is drawn where there is any height at all.
      const least = ((rows - row - 1) / rows) * FULL;
      // Two rows between which no bar and no mark ends are the same line.
      if (endsIn(least, before) || (failed && endsIn(least + mark, before + mark))) {
        before = least;
        const cap = least + mark;
        line.set(blank);
        for (let x = 0; x < wide; x++) {
          const value = height[x]!;
          if (value > least) line[x] = flags[x] && value <= cap ? colours.failed : ink[x]!;
        }
      }
      buffer.set(line, y * wide);
    }
  }
}
