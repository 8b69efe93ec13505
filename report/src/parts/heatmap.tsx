// SPDX-License-Identifier: MIT
// Time against duration: the darker a cell, the more events. A click, or arrows and Enter, takes the events of a cell.
import { signal } from "@preact/signals";
import { useEffect, useMemo, useState } from "preact/hooks";
import { boundsOf, Heat } from "../data/latency.ts";
import { at, count, digitsFor, ns } from "../text.ts";
import { colour } from "../theme.ts";
import { contextOf, Surface, usePainter } from "./canvas.tsx";

/** Pixels on the left for durations, below for times. */
const LEFT = 66, BELOW = 18, ROW = 9, LOW = 5;

interface Cell { slot: number; octave: number }
export interface HeatmapProps {
  heat: Heat;
  /** Takes less room. */
  isLow?: boolean;
  onPick: (from: number, to: number, shortest: number, longest: number) => void;
}

const timeOf = ({ span, slots }: Heat, slot: number) => span.from + (span.to - span.from) * slot / slots;

function paintCells(
  context: CanvasRenderingContext2D,
  { heat, width, high }: { heat: Heat; width: number; high: number },
): void {
  const { slots, octaves, counts, most } = heat;
  const [wide, tall] = [(width - LEFT) / slots, high / octaves];
  context.fillStyle = colour("panel");
  context.fillRect(LEFT, 0, width - LEFT, high);
  context.fillStyle = colour("c0");
  for (let octave = 0; octave < octaves; octave++) {
    for (let slot = 0; slot < slots; slot++) {
      const value = counts[octave * slots + slot]!;
      if (!value) continue;
      context.globalAlpha = 0.22 + (0.78 * Math.log1p(value)) / Math.log1p(most);
      context.fillRect(LEFT + slot * wide, high - (octave + 1) * tall, Math.max(wide - 0.5, 1), tall - 0.5);
    }
  }
  context.globalAlpha = 1;
}

function paintAxes(
  context: CanvasRenderingContext2D,
  { heat, width, high }: { heat: Heat; width: number; high: number },
): void {
  const tall = high / heat.octaves;
  context.fillStyle = colour("muted");
  context.font = `11px ${colour("sans")}`;
  context.textBaseline = "middle";
  context.textAlign = "right";
  // A label for each decade that has a place.
  for (let decade = 1; decade <= 1e12; decade *= 10) {
    const place = Math.log2(decade) - heat.first;
    const y = high - place * tall;
    if (place >= -0.01 && y >= 6 && y <= high)
      context.fillText(ns(decade).replace(/\.0+/, ""), LEFT - 8, Math.min(y, high - 5));
  }
  context.textBaseline = "top";
  const digits = digitsFor((heat.span.to - heat.span.from) / 8);
  for (let i = 0; i <= 6; i++) {
    const x = LEFT + ((width - LEFT) * i) / 6;
    context.textAlign = i === 0 ? "left" : i === 6 ? "right" : "center";
    context.fillText(`${at(timeOf(heat, (heat.slots * i) / 6), digits)} s`, x, high + 5);
  }
}

function paint(surface: Surface, heat: Heat, cell: Cell | null): void {
  const context = contextOf(surface);
  const size = { heat, width: surface.width, high: surface.height - BELOW };
  paintCells(context, size);
  paintAxes(context, size);
  if (!cell) return;
  const [wide, tall] = [(size.width - LEFT) / heat.slots, size.high / heat.octaves];
  context.strokeStyle = colour("text");
  context.lineWidth = 1.5;
  context.strokeRect(LEFT + cell.slot * wide - 0.5, size.high - (cell.octave + 1) * tall - 0.5, wide + 0.5, tall + 0.5);
}

function wordsOf(heat: Heat, { slot, octave }: Cell): string {
  const digits = digitsFor((heat.span.to - heat.span.from) / heat.slots);
  const [shortest, longest] = boundsOf(octave + heat.first);
  return `${count(heat.counts[octave * heat.slots + slot]!)} events of ${ns(shortest)} to ${ns(longest)}, `
    + `from ${at(timeOf(heat, slot), digits)} s to ${at(timeOf(heat, slot + 1), digits)} s`;
}

const STEPS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

export function Heatmap({ heat, isLow, onPick }: HeatmapProps) {
  const [cell, setCell] = useState<Cell | null>(null);
  const scene = useMemo(() => signal<{ heat: Heat; cell: Cell | null }>({ heat, cell }), []);
  useEffect(() => void (scene.value = { heat, cell }), [heat, cell]);
  const canvas = usePainter((surface) => paint(surface, scene.value.heat, scene.value.cell));
  const cellAt = (event: MouseEvent): Cell | null => {
    const box = canvas.current!.getBoundingClientRect();
    const slot = Math.floor((event.clientX - box.left - LEFT) / (box.width - LEFT) * heat.slots);
    const octave = Math.floor((box.height - BELOW - (event.clientY - box.top)) / (box.height - BELOW) * heat.octaves);
    return slot >= 0 && slot < heat.slots && octave >= 0 && octave < heat.octaves ? { slot, octave } : null;
  };
  const high = Math.max(heat.octaves * (isLow ? LOW : ROW), 60) + BELOW;
  const pick = (chosen: Cell | null) => chosen && onPick(timeOf(heat, chosen.slot), timeOf(heat, chosen.slot + 1),
    ...boundsOf(chosen.octave + heat.first));
  const onKeyDown = (event: KeyboardEvent) => {
    const step = STEPS[event.key];
    if (event.key === "Enter") pick(cell);
    else if (step) {
      const from = cell ?? { slot: 0, octave: 0 };
      setCell({ slot: Math.max(0, Math.min(heat.slots - 1, from.slot + step[0] * (event.shiftKey ? 10 : 1))),
        octave: Math.max(0, Math.min(heat.octaves - 1, from.octave + step[1])) });
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <figure class="heatmap" ref={(element) => element?.style.setProperty("--height", `${high}px`)}>
      <canvas
        ref={canvas}
        tabIndex={0}
        role="application"
        aria-label={
          "Time against duration. Arrows go from cell to cell, Enter takes its events. " +
          (cell ? wordsOf(heat, cell) : "")
        }
        onMouseMove={(event) => setCell(cellAt(event))}
        onMouseLeave={() => setCell(null)}
        onClick={(event) => pick(cellAt(event))}
        onKeyDown={onKeyDown}
        onBlur={() => setCell(null)}
      />
      <figcaption aria-live="polite">
        {cell ? wordsOf(heat, cell) : "Each row is twice as long as the one below. A click takes the events of a cell."}
      </figcaption>
    </figure>
  );
}
