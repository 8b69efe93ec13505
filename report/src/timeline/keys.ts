// SPDX-License-Identifier: MIT
// The keys of the timeline, as KEY_LIST tells them.
import { report } from "../data/load.ts";
import { narrow } from "../filter.ts";
import { termFor } from "../query/parse.ts";
import type { Keys } from "../shell/keys.ts";
import { range, selected, Span } from "../state.ts";
import { goTo, stepError, stepHit, stepInTask } from "../step.ts";
import { quantity } from "../query/parse.ts";
import { laneIndex, lanes, marks, pointer, shown, turn } from "./model.ts";
import { bring, fit, pan, showAll, zoom } from "./viewport.ts";

const middle = () => (shown.value.from + shown.value.to) / 2;
const moment = () => pointer.value?.time ?? middle();

function spanOfSelection(): Span | null {
  const { kind, id } = selected.value ?? {};
  if (kind === "event") {
    const from = report.events.number("time").at(id!);
    return { from, to: from + Math.max(report.events.number("duration").or0(id!), 1) };
  }
  const task = kind === "task" ? report.tasks.get(id!) : undefined;
  return task ? { from: task.start ?? 0, to: task.end ?? report.duration } : range.value;
}

// Goes to a lane above or below, to its event that is next in time to the one selected.
function toLane(lane: number): void {
  const { list } = lanes.value;
  if (!list.length) return;
  const place = Math.max(0, Math.min(list.length - 1, lane));
  const index = laneIndex.value;
  const from = spanOfSelection()?.from ?? shown.value.from;
  const at = Math.min(index.seek(place, from), index.starts[place + 1]! - 1);
  if (at >= index.starts[place]!) goTo(index.rows[at]!);
  else selected.value = { kind: "task", id: list[place]!.task.id };
}

function withSight(step: () => void): void {
  step();
  const span = spanOfSelection();
  if (span) bring(span.from);
}

function goToTime(): void {
  const text = window.prompt("Go to a time, such as 1.25s or 300ms");
  const value = text === null ? NaN : quantity(text.trim(), "span");
  if (!Number.isNaN(value)) bring(value);
}

/** `lane` says which lane is the current one, -1 for none. */
export function timelineKeys(lane: () => number): Keys {
  const step = (share: number) => (event: KeyboardEvent) => pan(share * (event.shiftKey ? 5 : 1));
  const task = () => lanes.value.list[lane()]?.task;
  const unfold = () => {
    const own = task();
    if (own) turn("turned", own.id);
  };
  return {
    w: () => zoom(0.7, moment()), "+": () => zoom(0.7, moment()), "=": () => zoom(0.7, moment()),
    s: () => zoom(1 / 0.7, moment()), "-": () => zoom(1 / 0.7, moment()),
    a: step(-0.1), A: step(-0.1), ArrowLeft: step(-0.1), d: step(0.1), D: step(0.1), ArrowRight: step(0.1),
    "0": showAll,
    f: () => {
      const span = spanOfSelection();
      if (span) fit(span);
    },
    ",": () => withSight(() => stepInTask(-1)), ".": () => withSight(() => stepInTask(1)),
    "[": () => withSight(() => stepError(-1)), "]": () => withSight(() => stepError(1)),
    n: () => withSight(() => stepHit(1)), N: () => withSight(() => stepHit(-1)),
    ArrowUp: () => toLane(lane() - 1), ArrowDown: () => toLane(lane() + 1),
    Enter: () => toLane(Math.max(0, lane())),
    e: unfold, " ": unfold,
    m: () => (marks.value = [...marks.value, moment()]),
    r: () => (range.value = spanOfSelection()),
    x: () => {
      const own = task();
      if (own?.tid !== undefined) narrow(termFor("tid", own.tid));
    },
    h: () => {
      const own = task();
      if (own) turn("hidden", own.id);
    },
    g: goToTime,
  };
}
