// SPDX-License-Identifier: MIT
// What lies over the lanes: the axis, names, signs, the selection, ranges, marks and the pointer.
import { CATEGORIES, WAITING } from "../data/category.ts";
import { report } from "../data/load.ts";
import type { Surface } from "../parts/canvas.tsx";
import { contextOf } from "../parts/canvas.tsx";
import type { Span } from "../state.ts";
import { at, digitsFor, ns, seen } from "../text.ts";
import { colour, inkOn } from "../theme.ts";
import type { LaneIndex } from "./lane_index.ts";
import type { Slice } from "./strip.ts";

export const AXIS = 24;
const RECORD = 16;
const SIGNS: Record<string, string> = { exec: "▲", exit: "■", fork: "◆", thread: "◆", signal: "✶" };
/** Signs nearer to each other than this, in pixels, would hide each other. */
const APART = 13;

export interface Over {
  span: Span; slices: Slice[]; index: LaneIndex; lanes: number; height: number; scrolled: number;
  range: Span | null; marks: number[]; pointer: number | null; chosen: number | null; chosenLane: number;
}

/** Round steps of time: 1, 2 or 5 of a power of ten, so that there are about `most` in the span. */
export function ticks({ from, to }: Span, most: number): { step: number; moments: number[] } {
  const rough = (to - from) / Math.max(most, 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10));
  const moments: number[] = [];
  for (let moment = Math.ceil(from / step) * step; moment <= to; moment += step) moments.push(moment);
  return { step, moments };
}

let stripes: { colour: string; pattern: CanvasPattern | string } | undefined;

// Stripes, as a pattern: one rectangle then, not hundreds. To make it takes longer than to paint all else.
function hatch(context: CanvasRenderingContext2D): CanvasPattern | string {
  if (stripes?.colour !== colour("hatch")) stripes = { colour: colour("hatch"), pattern: newHatch(context) };
  return stripes.pattern;
}

function newHatch(context: CanvasRenderingContext2D): CanvasPattern | string {
  const tile = Object.assign(document.createElement("canvas"), { width: 8, height: 8 });
  const own = tile.getContext("2d")!;
  own.strokeStyle = colour("hatch");
  own.lineWidth = 2;
  for (const shift of [-8, 0, 8]) {
    own.moveTo(shift - 2, 10);
    own.lineTo(shift + 10, -2);
  }
  own.stroke();
  return context.createPattern(tile, "repeat") ?? colour("hatch");
}

class Overlay {
  private readonly scale: number;
  private readonly context: CanvasRenderingContext2D;

  constructor(private readonly surface: Surface, private readonly over: Over) {
    this.scale = surface.width / (over.span.to - over.span.from);
    this.context = contextOf(surface);
  }

  private x(moment: number): number {
    return (moment - this.over.span.from) * this.scale;
  }

  private y(lane: number): number {
    return AXIS + lane * this.over.height - this.over.scrolled;
  }

  axis(): void {
    const { context, surface: { width, height } } = this;
    const { step, moments } = ticks(this.over.span, width / 110);
    const digits = digitsFor(step);
    context.fillStyle = colour("panel");
    context.fillRect(0, 0, width, AXIS);
    context.font = `11px ${colour("sans")}`;
    context.textBaseline = "middle";
    for (const moment of moments) {
      const x = Math.round(this.x(moment)) + 0.5;
      context.strokeStyle = colour("line");
      context.globalAlpha = 0.8;
      context.beginPath();
      context.moveTo(x, AXIS - 6);
      context.lineTo(x, height);
      context.stroke();
      context.globalAlpha = 1;
      context.fillStyle = colour("muted");
      context.fillText(`${at(moment, digits)} s`, x + 4, AXIS / 2);
    }
  }

  names(): void {
    const { context } = this;
    const { slices, height } = this.over;
    const { ratio } = this.surface;
    if (height < 14) return;
    context.font = `11px ${colour("mono")}`;
    context.textBaseline = "middle";
    const inks = CATEGORIES.map((_, kind) => kind === WAITING ? colour("muted") : inkOn(`c${kind}`));
    for (const { row, lane, kind, from, to } of slices) {
      const room = Math.floor((to - from) / ratio / 6.7) - 1;
      const name = seen(report.events.text("name", row));
      const error = seen(report.events.text("error", row));
      const whole = error ? `${name} ${error}` : name;
      context.fillStyle = inks[kind]!;
      context.fillText(whole.length > room ? `${whole.slice(0, Math.max(room - 1, 1))}…` : whole, from / ratio + 4,
        this.y(lane) + height / 2 - (kind === WAITING ? 4 : 0));
    }
  }

  signs(): void {
    const { context } = this;
    const { index, span, height, lanes } = this.over;
    if (height < 14) return;
    const flags = report.events.number("flags");
    context.font = `10px ${colour("sans")}`;
    context.textBaseline = "middle";
    context.textAlign = "center";
    const first = Math.max(0, Math.floor(this.over.scrolled / height));
    const last = Math.min(lanes, first + Math.ceil(this.surface.height / height) + 1);
    for (let lane = first; lane < last; lane++) {
      const [from, to] = [index.seek(lane, span.from), index.seek(lane, span.to)];
      if (to - from > 4000) continue;
      let before = -Infinity;
      for (let i = from; i < to; i++) {
        const x = this.x(index.times[i]!);
        if (x < before + APART || !(flags.or0(index.rows[i]!) & RECORD)) continue;
        this.sign(SIGNS[report.events.text("name", index.rows[i]!)] ?? "●", x, this.y(lane) + height / 2);
        before = x;
      }
    }
    context.textAlign = "start";
  }

  private sign(text: string, x: number, y: number): void {
    const { context } = this;
    context.lineWidth = 3;
    context.lineJoin = "round";
    context.strokeStyle = colour("ground");
    context.strokeText(text, x, y);
    context.fillStyle = colour("text");
    context.fillText(text, x, y);
    context.lineWidth = 1;
  }

  band(span: Span | null): void {
    if (!span) return;
    const { context, surface: { height } } = this;
    const [from, to] = [this.x(span.from), Math.max(this.x(span.to), this.x(span.from) + 1)];
    context.fillStyle = colour("range");
    context.fillRect(from, 0, to - from, height);
    context.strokeStyle = colour("accent");
    context.strokeRect(from + 0.5, -1, to - from, height + 2);
    const text = ns(span.to - span.from);
    if (to - from < 60) return;
    context.font = `600 11px ${colour("sans")}`;
    context.fillStyle = colour("accent");
    context.textAlign = "center";
    const middle = (Math.max(from, 0) + Math.min(to, this.surface.width)) / 2;
    const half = context.measureText(text).width / 2 + 5;
    context.fillStyle = colour("accent");
    context.fillRect(middle - half, 3, half * 2, AXIS - 7);
    context.fillStyle = colour("on-accent");
    context.fillText(text, middle, AXIS / 2);
    context.textAlign = "start";
  }

  marks(): void {
    const { context, surface: { height } } = this;
    const { marks } = this.over;
    context.strokeStyle = colour("text");
    context.setLineDash([4, 3]);
    for (const moment of marks) {
      const x = Math.round(this.x(moment)) + 0.5;
      context.strokeRect(x, 0, 0, height);
    }
    context.setLineDash([]);
    if (marks.length > 1) this.band({ from: Math.min(...marks.slice(-2)), to: Math.max(...marks.slice(-2)) });
  }

  lost(): void {
    const { context, surface: { height, width } } = this;
    const gaps = report.end?.lost?.intervals ?? [];
    if (!gaps.length) return;
    context.fillStyle = hatch(context);
    for (const [from, to] of gaps) {
      const [left, right] = [Math.max(0, this.x(from)), Math.min(width, Math.max(this.x(to), this.x(from) + 2))];
      if (right > left) context.fillRect(left, AXIS, right - left, height);
    }
  }

  chosen(): void {
    const { context } = this;
    const { chosen, chosenLane, height } = this.over;
    if (chosen === null || chosenLane < 0) return;
    const time = report.events.number("time").at(chosen);
    const from = this.x(time);
    const to = this.x(time + report.events.number("duration").or0(chosen));
    context.strokeStyle = colour("text");
    context.lineWidth = 2;
    context.strokeRect(from - 1, this.y(chosenLane), Math.max(to - from, 2) + 2, height - 2);
    context.lineWidth = 1;
  }

  pointer(): void {
    const { pointer } = this.over;
    if (pointer === null) return;
    const { context, surface: { height, width } } = this;
    const x = Math.round(this.x(pointer)) + 0.5;
    context.strokeStyle = colour("line-strong");
    context.beginPath();
    context.moveTo(x, 0);
    context.lineTo(x, height);
    context.stroke();
    const text = `${at(pointer, digitsFor((this.over.span.to - this.over.span.from) / width))} s`;
    context.font = `11px ${colour("sans")}`;
    const room = context.measureText(text).width + 10;
    const left = Math.min(Math.max(0, x - room / 2), width - room);
    context.fillStyle = colour("text");
    context.fillRect(left, 3, room, AXIS - 7);
    context.fillStyle = colour("ground");
    context.fillText(text, left + 5, AXIS / 2);
  }

  paint(): void {
    const { context, surface: { width, height } } = this;
    this.axis();
    context.save();
    context.beginPath();
    context.rect(0, AXIS, width, height);
    context.clip();
    this.names();
    this.signs();
    this.lost();
    this.chosen();
    context.restore();
    this.band(this.over.range);
    this.marks();
    this.pointer();
  }
}

export function paintOverlay(surface: Surface, over: Over): void {
  new Overlay(surface, over).paint();
}
