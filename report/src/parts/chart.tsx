// SPDX-License-Identifier: MIT
// Lines over time. Drag chooses a range; what is under the pointer is in the legend. A table beside it says the same.
import { useEffect, useRef, useState } from "preact/hooks";
import type uPlot from "uplot";
import type { Span } from "../state.ts";
import { at, digitsFor, seen } from "../text.ts";
import { colour, painted } from "../theme.ts";

// It is large and sets itself up when it is loaded (Intl), so that waits until the page is there.
const library = () => import("uplot");
setTimeout(library, 1500);

export interface Line {
  title: string;
  values: ArrayLike<number | null>;
  /** A colour of the style, by its name. */
  colour: string;
  /** Filled below. */
  area?: boolean;
  dashed?: boolean;
}

export interface ChartProps {
  label: string;
  /** In ns, ascending; as many as each line has values. */
  x: Float64Array;
  lines: Line[];
  text: (value: number) => string;
  height?: number;
  /** Moments to mark, in ns. */
  marks?: { x: number; title: string }[];
  onRange?: (span: Span) => void;
  /** Whether x is a time; else a number. */
  isTime?: boolean;
  /** Steps between values that double, for bytes. */
  binary?: boolean;
}

const BINARY = Array.from({ length: 50 }, (_, power) => 2 ** power);

function paintMarks(plot: uPlot, marks: { x: number; title: string }[]): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.fillStyle = ctx.strokeStyle = colour("bad");
  ctx.setLineDash([4, 3]);
  ctx.font = `${11 * devicePixelRatio}px ${colour("sans")}`;
  for (const { x, title } of marks) {
    const left = plot.valToPos(x, "x", true);
    ctx.beginPath();
    ctx.moveTo(left, bbox.top);
    ctx.lineTo(left, bbox.top + bbox.height);
    ctx.stroke();
    const right = left + ctx.measureText(title).width + 8 > bbox.left + bbox.width;
    ctx.textAlign = right ? "right" : "left";
    ctx.fillText(title, left + (right ? -5 : 5), bbox.top + 12 * devicePixelRatio);
  }
  ctx.restore();
}

function optionsOf(props: ChartProps, width: number, onHover: (index: number | null) => void): uPlot.Options {
  const { lines, text, height = 260, marks = [], isTime = true } = props;
  const axis = (): uPlot.Axis => ({ stroke: colour("muted"), grid: { stroke: colour("line"), width: 1 },
    ticks: { stroke: colour("line"), width: 1, size: 4 }, font: `11px ${colour("sans")}` });
  return {
    width,
    height,
    legend: { show: false },
    padding: [10, 24, 0, 0],
    cursor: { points: { size: 5 }, drag: { x: props.onRange !== undefined, y: false, setScale: false } },
    scales: { x: { time: false }, y: { range: (_, __, most) => [0, (most || 1) * 1.08] } },
    axes: [
      {
        ...axis(),
        size: 30,
        space: 80,
        values: (_, ticks) => {
          const digits = digitsFor((ticks[1] ?? 1) - (ticks[0] ?? 0));
          return ticks.map((tick) => (isTime ? `${at(tick, digits)} s` : String(tick)));
        },
      },
      {
        ...axis(),
        size: 74,
        ...(props.binary && { incrs: BINARY }),
        values: (_, ticks) => ticks.map((tick) => text(tick)),
      },
    ],
    series: [
      {},
      ...lines.map((line): uPlot.Series => ({
        label: line.title,
        stroke: colour(line.colour),
        width: 1.5,
        points: { show: false },
        ...(line.dashed && { dash: [5, 4] }),
        ...(line.area && { fill: colour("range") }),
      })),
    ],
    hooks: {
      draw: [(plot) => paintMarks(plot, marks)],
      setCursor: [({ cursor }) => onHover(cursor.idx ?? null)],
      setSelect: [
        (plot) => {
          const { left, width: wide } = plot.select;
          if (wide > 2) props.onRange?.({ from: plot.posToVal(left, "x"), to: plot.posToVal(left + wide, "x") });
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
    },
  };
}

function Legend({ lines, x, text, hover, isTime }: ChartProps & { hover: number | null }) {
  return (
    <ul class="legend chart-legend">
      {lines.map((line) => (
        <li key={line.title} ref={(element) => element?.style.setProperty("--key", `var(--${line.colour})`)}>
          {seen(line.title)}{hover !== null && line.values[hover] != null && <b> {text(line.values[hover]!)}</b>}
        </li>
      ))}
      {hover !== null && <li class="when">{isTime === false ? String(x[hover]) : `${at(x[hover] ?? 0, 4)} s`}</li>}
    </ul>
  );
}

// Draws it, as wide as its place is. Returns what takes it away again.
function draw(Plot: typeof uPlot, props: ChartProps, element: HTMLElement, onHover: (index: number | null) => void) {
  const data = [props.x, ...props.lines.map(({ values }) => values)] as unknown as uPlot.AlignedData;
  const plot = new Plot(optionsOf(props, Math.max(element.clientWidth, 100), onHover), data, element);
  const observer = new ResizeObserver(() => {
    if (element.clientWidth && element.clientWidth !== plot.width)
      plot.setSize({ width: element.clientWidth, height: plot.height });
  });
  observer.observe(element);
  return () => {
    observer.disconnect();
    plot.destroy();
  };
}

export function Chart(props: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const [hover, setHover] = useState<number | null>(null);
  const theme = painted.value;
  useEffect(() => {
    const element = place.current!;
    let end = () => {};
    let gone = false;
    void library().then(({ default: Plot }) => {
      if (!gone) end = draw(Plot, props, element, setHover);
    });
    return () => {
      gone = true;
      end();
    };
  }, [props.x, props.lines, theme]);
  return (
    <figure class="chart">
      <Legend {...props} hover={hover} />
      <div ref={place} role="img" aria-label={seen(props.label)} />
    </figure>
  );
}
