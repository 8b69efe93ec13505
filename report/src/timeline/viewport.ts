// SPDX-License-Identifier: MIT
// Zooming and panning: what is shown of time, never what is counted.
import { report } from "../data/load.ts";
import { within } from "../shell/minimap.tsx";
import { Span, view } from "../state.ts";
import { shown } from "./model.ts";

const LEAST = 200; // ns

let wanted: Span | null | undefined;
let frame = 0;

// At most one new view per frame, however many wheel events came.
function show(span: Span | null): void {
  wanted = span;
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    if (wanted !== undefined) view.value = wanted;
    wanted = undefined;
  });
}

const current = (): Span => wanted === undefined ? shown.value : wanted ?? { from: 0, to: report.duration };

/** Makes what is shown `factor` times as long, around a moment that stays where it is. */
export function zoom(factor: number, moment: number): void {
  const { from, to } = current();
  const wide = Math.max(LEAST, (to - from) * factor);
  if (wide >= report.duration) return show(null);
  const start = moment - (moment - from) * (wide / (to - from));
  show(within(start, start + wide));
}

/** Moves by a share of what is shown. */
export function pan(share: number): void {
  const { from, to } = current();
  if (to - from >= report.duration) return;
  show(within(from + share * (to - from), to + share * (to - from)));
}

export const showAll = (): void => show(null);

/** Shows a span with some space around it. */
export function fit({ from, to }: Span): void {
  const margin = Math.max((to - from) * 0.15, LEAST);
  show(within(from - margin, to + margin));
}

/** Brings a moment into the middle, if it is not in sight. */
export function bring(moment: number): void {
  const { from, to } = current();
  if (moment >= from && moment <= to) return;
  const half = (to - from) / 2;
  show(within(moment - half, moment + half));
}
