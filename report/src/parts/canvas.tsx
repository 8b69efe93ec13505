// SPDX-License-Identifier: MIT
// A canvas as large as its place, painted again when that, the theme or what the painter reads has changed.
import { effect, signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { version } from "../data/report.ts";
import { painted } from "../theme.ts";

export interface Surface { canvas: HTMLCanvasElement; width: number; height: number; ratio: number }

/** Calls `paint` now and whenever a signal that it read has another value. */
export function usePainter(paint: (surface: Surface) => void) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const latest = useRef(paint);
  latest.current = paint;
  useEffect(() => {
    const element = canvas.current!;
    const resized = signal(0);
    let [frame, timer] = [0, 0];
    // New rows are a lot of work for each of the canvases: each has a task of its own for it, and answers in between.
    const due = signal(0);
    let taken = -1;
    const stop = effect(() => {
      due.value;
      if (taken !== version.value) {
        taken = version.value;
        timer = setTimeout(() => due.value++) as unknown as number;
        return;
      }
      resized.value;
      painted.value;
      const { clientWidth: width, clientHeight: height } = element;
      if (width && height) latest.current({ canvas: element, width, height, ratio: devicePixelRatio || 1 });
    });
    const observer = new ResizeObserver(() => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() => resized.value++);
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      cancelAnimationFrame(frame);
      clearTimeout(timer);
      stop();
    };
  }, []);
  return canvas;
}

/** Makes the canvas's pixels those of its place, and returns a context in CSS pixels, cleared. */
export function contextOf({ canvas, width, height, ratio }: Surface): CanvasRenderingContext2D {
  const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== wide) canvas.width = wide;
  if (canvas.height !== high) canvas.height = high;
  const context = canvas.getContext("2d")!;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}
