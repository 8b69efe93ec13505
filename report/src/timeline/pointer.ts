// SPDX-License-Identifier: MIT
// Mouse, touch and wheel over the lanes.
import { range, selected, Span } from "../state.ts";
import { goTo } from "../step.ts";
import { dragged, laneHeight, laneIndex, lanes, pointer, scrolled, shown, Spot } from "./model.ts";
import { AXIS } from "./overlay.ts";
import { longestOf, under } from "./spot.ts";
import { pan, zoom } from "./viewport.ts";

/** Nearer than this to where it began, a drag is a click; and edges of slices pull. In pixels. */
const NEAR = 5;

class Pointer {
  private start: Spot | null = null;
  private panning = false;
  private last = 0;
  private readonly touches = new Map<number, number>();

  constructor(private readonly scroller: HTMLElement, private readonly canvas: HTMLCanvasElement) {}

  private spot(event: MouseEvent): Spot | null {
    const box = this.canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    if (x < 0) return null;
    const span = shown.value;
    const time = span.from + x / box.width * (span.to - span.from);
    const lane = y < AXIS ? -1 : Math.floor((y - AXIS + scrolled.value) / laneHeight.value);
    return { lane: lane < lanes.value.list.length ? lane : -1, x, y, time };
  }

  // The nearest edge of a slice of the lane, when there is one near.
  private snap({ lane, time }: Spot, free: boolean): number {
    if (free || lane < 0) return time;
    const { width } = this.canvas.getBoundingClientRect();
    const reach = (shown.value.to - shown.value.from) / width * NEAR;
    const index = laneIndex.value;
    const place = index.seek(lane, time - reach);
    let best = time;
    let distance = reach;
    for (let i = Math.max(index.starts[lane]!, place - 2); i < Math.min(index.starts[lane + 1]!, place + 20); i++) {
      for (const edge of [index.times[i]!, index.end(i)]) {
        if (Math.abs(edge - time) < distance) [best, distance] = [edge, Math.abs(edge - time)];
      }
    }
    return best;
  }

  private span(spot: Spot, free: boolean): Span | null {
    const [from, to] = [this.snap(this.start!, free), this.snap(spot, free)].sort((a, b) => a - b) as [number, number];
    return to > from ? { from: Math.max(0, from), to } : null;
  }

  down = (event: PointerEvent): void => {
    const spot = this.spot(event);
    if (!spot || event.button > 1) return;
    this.touches.set(event.pointerId, event.clientX);
    this.start = spot;
    this.last = event.clientX;
    this.panning = event.button === 1 || event.shiftKey || event.pointerType === "touch";
    this.scroller.setPointerCapture(event.pointerId);
    if (event.button === 1) event.preventDefault();
  };

  move = (event: PointerEvent): void => {
    const spot = this.spot(event);
    pointer.value = spot;
    if (!spot || !this.start) return;
    if (this.touches.size === 2) return this.pinch(event);
    if (this.panning) {
      pan((this.last - event.clientX) / this.canvas.clientWidth);
      this.last = event.clientX;
    } else if (Math.abs(spot.x - this.start.x) > NEAR || dragged.value) {
      dragged.value = this.span(spot, event.altKey);
    }
  };

  private pinch(event: PointerEvent): void {
    const before = Math.abs([...this.touches.values()].reduce((a, b) => a - b));
    this.touches.set(event.pointerId, event.clientX);
    const after = Math.abs([...this.touches.values()].reduce((a, b) => a - b));
    if (before > 10 && after > 10) zoom(before / after, this.start!.time);
  }

  up = (event: PointerEvent): void => {
    this.touches.delete(event.pointerId);
    const spot = this.spot(event);
    if (dragged.value) range.value = dragged.value;
    else if (this.start && spot && !event.shiftKey && Math.abs(spot.x - this.start.x) <= NEAR) this.click(spot);
    dragged.value = null;
    this.start = null;
  };

  private click(spot: Spot): void {
    const found = under(spot.lane, spot.time, this.canvas.clientWidth);
    if (found) goTo(longestOf(found));
    else selected.value = null;
  }

  leave = (): void => {
    if (!this.start) pointer.value = null;
  };

  wheel = (event: WheelEvent): void => {
    const spot = this.spot(event);
    if (!spot) return;
    if (event.ctrlKey || event.metaKey) {
      zoom(Math.exp(Math.max(-1, Math.min(1, event.deltaY * 0.003))), spot.time);
    } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      pan((event.deltaX || event.deltaY) / this.canvas.clientWidth);
    } else {
      return;
    }
    event.preventDefault();
  };
}

/** Listens until the returned function is called. */
export function followPointer(scroller: HTMLElement, canvas: HTMLCanvasElement): () => void {
  const own = new Pointer(scroller, canvas);
  const listeners: [string, (event: never) => void][] = [
    ["pointerdown", own.down],
    ["pointermove", own.move],
    ["pointerup", own.up],
    ["pointercancel", own.up],
    ["pointerleave", own.leave],
    ["wheel", own.wheel],
  ];
  for (const [name, listener] of listeners)
    scroller.addEventListener(name, listener as EventListener, { passive: false });
  return () => listeners.forEach(([name, listener]) => scroller.removeEventListener(name, listener as EventListener));
}
