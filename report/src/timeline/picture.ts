// SPDX-License-Identifier: MIT
// The timeline as one picture with names and an axis, for files and paper.
import { CATEGORIES } from "../data/category.ts";
import { report } from "../data/load.ts";
import { at, count, seen, short } from "../text.ts";
import { colour } from "../theme.ts";
import { laneIndex, lanes, shown } from "./model.ts";
import { ticks } from "./overlay.ts";
import { coloursOfLanes, LanePainter } from "./painter.ts";

const LABELS = 220, TOP = 48, HEIGHT = 20;

function paintNames(context: CanvasRenderingContext2D, most: number): void {
  context.textBaseline = "middle";
  lanes.value.list.slice(0, most).forEach(({ task, depth, collapsed, tasks }, i) => {
    const y = TOP + i * HEIGHT + HEIGHT / 2;
    const left = 6 + Math.min(depth, 5) * 10;
    context.save();
    context.beginPath();
    context.rect(0, TOP + i * HEIGHT, LABELS - 8, HEIGHT);
    context.clip();
    context.fillStyle = colour("text");
    context.font = `600 12px ${colour("sans")}`;
    const name = short(task.comm ?? "?", 32);
    context.fillText(name, left, y);
    const wide = context.measureText(name).width;
    context.fillStyle = colour("muted");
    context.font = `11px ${colour("sans")}`;
    context.fillText(
      seen(` ${task.tid ?? ""}${collapsed ? ` +${tasks - 1}` : ` ${task.argv?.replace(/^\S+\s*/, "") ?? ""}`}`).slice(
        0,
        80,
      ),
      left + wide + 2,
      y,
    );
    context.restore();
  });
}

function paintAxis(context: CanvasRenderingContext2D, width: number, height: number): void {
  const span = shown.value;
  const { step, moments } = ticks(span, (width - LABELS) / 110);
  const digits = Math.max(0, Math.ceil(9 - Math.log10(step)));
  context.font = `11px ${colour("sans")}`;
  for (const moment of moments) {
    const x = LABELS + (moment - span.from) / (span.to - span.from) * (width - LABELS);
    context.fillStyle = colour("line");
    context.fillRect(x, TOP - 6, 1, height - TOP + 6);
    context.fillStyle = colour("muted");
    context.textAlign = x > width - 40 ? "right" : "left";
    context.fillText(`${at(moment, Math.min(digits, 9))} s`, x + 3, TOP - 12);
  }
  context.textAlign = "left";
}

function paintLegend(context: CanvasRenderingContext2D): void {
  context.font = `11px ${colour("sans")}`;
  context.textBaseline = "middle";
  let x = LABELS;
  CATEGORIES.forEach(({ name }, kind) => {
    context.fillStyle = colour(`c${kind}`);
    context.fillRect(x, 8, 10, 10);
    context.fillStyle = colour("muted");
    context.fillText(name, x + 14, 13);
    x += context.measureText(name).width + 30;
  });
}

/** A canvas with at most `most` lanes. Sizes are CSS pixels; `ratio` of the canvas's make one. */
export function timelinePicture(width: number, most: number, ratio: number): HTMLCanvasElement {
  const { list } = lanes.value;
  const drawn = Math.min(list.length, most);
  const more = list.length > drawn ? HEIGHT : 0;
  const height = TOP + drawn * HEIGHT + more;
  const [canvas, below] = [document.createElement("canvas"), document.createElement("canvas")];
  const scene = {
    lanes: list,
    index: laneIndex.value,
    span: shown.value,
    height: HEIGHT,
    scrolled: 0,
    end: report.duration,
  };
  new LanePainter().paint(
    { canvas: below, width: width - LABELS, height: drawn * HEIGHT || 1, ratio },
    scene,
    coloursOfLanes(),
  );
  Object.assign(canvas, { width: width * ratio, height: height * ratio });
  const context = canvas.getContext("2d")!;
  context.scale(ratio, ratio);
  context.fillStyle = colour("ground");
  context.fillRect(0, 0, width, height);
  paintLegend(context);
  paintAxis(context, width, height - more);
  if (drawn) context.drawImage(below, LABELS, TOP, width - LABELS, drawn * HEIGHT);
  paintNames(context, drawn);
  context.fillStyle = colour("muted");
  if (more) context.fillText(`and ${count(list.length - drawn)} lanes more`, 6, height - HEIGHT / 2);
  return canvas;
}
