// SPDX-License-Identifier: MIT
// The whole trace in a strip: how much happened when, errors, losses, and what part the timeline shows.
import { computed } from "@preact/signals";
import { useRef } from "preact/hooks";
import { report } from "../data/load.ts";
import { CATEGORIES, kindsOf } from "../data/category.ts";
import { version } from "../data/report.ts";
import { mask } from "../filter.ts";
import { contextOf, Surface, usePainter } from "../parts/canvas.tsx";
import { range, Span, view } from "../state.ts";
import { at, digitsFor } from "../text.ts";
import { colour, painted } from "../theme.ts";

const SLOTS = 1024;

/** For each of the slots of time how many events of each category there are, and whether one failed. */
const density = computed(() => {
  version.value;
  const left = mask.value;
  const time = report.events.number("time").floats();
  const error = report.events.string("error").data;
  const kinds = kindsOf(report);
  const width = CATEGORIES.length;
  const counts = new Uint32Array(SLOTS * width);
  const errors = new Uint8Array(SLOTS);
  const scale = SLOTS / report.duration;
  for (let row = 0; row < left.length; row++) {
    if (!left[row]) continue;
    const slot = Math.max(0, Math.min(SLOTS - 1, Math.floor(time[row]! * scale)));
    counts[slot * width + kinds[row]!]!++;
    if (error[row]) errors[slot] = 1;
  }
  return { counts, errors };
});

function paintDensity(context: CanvasRenderingContext2D, width: number, height: number): void {
  const { counts, errors } = density.value;
  const kinds = CATEGORIES.length;
  const columns = Math.min(SLOTS, Math.floor(width));
  const sums = new Float64Array(columns * kinds);
  const failed = new Uint8Array(columns);
  for (let slot = 0; slot < SLOTS; slot++) {
    const column = Math.floor(slot * columns / SLOTS);
    for (let kind = 0; kind < kinds; kind++) sums[column * kinds + kind]! += counts[slot * kinds + kind]!;
    failed[column]! |= errors[slot]!;
  }
  let most = 1;
  for (let column = 0; column < columns; column++) {
    let sum = 0;
    for (let kind = 0; kind < kinds; kind++) sum += sums[column * kinds + kind]!;
    if (sum > most) most = sum;
  }
  const wide = width / columns;
  const colours = CATEGORIES.map((_, kind) => colour(`c${kind}`));
  for (let kind = 0; kind < kinds; kind++) {
    context.fillStyle = colours[kind]!;
    for (let column = 0; column < columns; column++) {
      const own = sums[column * kinds + kind]!;
      if (!own) continue;
      let [below, all] = [0, 0];
      for (let other = 0; other < kinds; other++) {
        const value = sums[column * kinds + other]!;
        if (other < kind) below += value;
        all += value;
      }
      // The root: a burst must not make everything else a line.
      const scale = Math.sqrt(all / most) * (height - 4) / all;
      context.fillRect(column * wide, height - (below + own) * scale, wide + 0.3, own * scale);
    }
  }
  context.fillStyle = colour("bad");
  for (let column = 0; column < columns; column++)
    if (failed[column]) context.fillRect(column * wide, 0, Math.max(wide, 1), 2);
}

function paintLost(context: CanvasRenderingContext2D, scale: number, height: number): void {
  context.fillStyle = colour("hatch");
  for (const [from, to] of report.end?.lost?.intervals ?? []) {
    for (let x = from * scale; x < Math.max(to * scale, from * scale + 4); x += 4) context.fillRect(x, 0, 2, height);
  }
}

// What does not change while one zooms is kept as a picture.
let picture: { of: unknown; theme: number; wide: number; canvas: HTMLCanvasElement } | undefined;

function background({ width, height, ratio }: Surface): HTMLCanvasElement {
  const [of, theme] = [density.value, painted.value];
  if (picture?.of === of && picture.theme === theme && picture.wide === width * ratio) return picture.canvas;
  const canvas = document.createElement("canvas");
  const context = contextOf({ canvas, width, height, ratio });
  paintDensity(context, width, height);
  paintLost(context, width / report.duration, height);
  picture = { of, theme, wide: width * ratio, canvas };
  return canvas;
}

function paint(surface: Surface): void {
  const context = contextOf(surface);
  const { width, height } = surface;
  const scale = width / report.duration;
  context.drawImage(background(surface), 0, 0, width, height);
  if (range.value) {
    context.fillStyle = colour("range");
    context.fillRect(range.value.from * scale, 0, Math.max((range.value.to - range.value.from) * scale, 1), height);
  }
  if (!view.value) return;
  const [from, to] = [view.value.from * scale, view.value.to * scale];
  context.fillStyle = colour("shade");
  context.fillRect(0, 0, from, height);
  context.fillRect(to, 0, width - to, height);
  context.strokeStyle = colour("accent");
  context.strokeRect(from + 0.5, 0.5, Math.max(to - from - 1, 2), height - 1);
}

/** A span that lies within the trace. */
export function within(from: number, to: number): Span {
  const wide = Math.min(to - from, report.duration);
  const start = Math.max(0, Math.min(from, report.duration - wide));
  return { from: start, to: start + wide };
}

export function Minimap() {
  const canvas = usePainter(paint);
  const held = useRef<{ at: number; offset: number | undefined } | null>(null);
  const timeOf = (event: PointerEvent) => {
    const box = canvas.current!.getBoundingClientRect();
    return (event.clientX - box.left) / box.width * report.duration;
  };
  const onPointerDown = (event: PointerEvent) => {
    const moment = timeOf(event);
    const shown = view.value;
    const inside = shown && moment >= shown.from && moment < shown.to;
    held.current = { at: moment, offset: inside ? moment - shown.from : undefined };
    canvas.current!.setPointerCapture(event.pointerId);
  };
  const onPointerMove = (event: PointerEvent) => {
    if (!held.current) return;
    const { at: start, offset } = held.current;
    const moment = timeOf(event);
    if (offset !== undefined) {
      const wide = view.value!.to - view.value!.from;
      view.value = within(moment - offset, moment - offset + wide);
    } else if (Math.abs(moment - start) > report.duration / 300) {
      view.value = within(Math.min(start, moment), Math.max(start, moment));
    }
  };
  version.value;
  const shown = view.value ?? { from: 0, to: report.duration };
  const digits = digitsFor((shown.to - shown.from) / 50);
  return (
    <div class="minimap">
      <canvas
        ref={canvas}
        role="img"
        aria-label={`Activity over time; the timeline shows ${at(shown.from, digits)} s to ${at(shown.to, digits)} s`}
        onPointerDown={onPointerDown}
        onPointerMove={onPointerMove}
        onPointerUp={() => (held.current = null)}
        onDblClick={() => (view.value = null)}
        title="Drag: what the timeline shows. Double click: all"
      />
    </div>
  );
}
