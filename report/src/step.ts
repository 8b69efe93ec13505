// SPDX-License-Identifier: MIT
// From one event to another: hits of the query, errors, events of a task. What is stepped to is selected and said.
import { report } from "./data/load.ts";
import { mask, rows } from "./filter.ts";
import { selected, selectEvent } from "./state.ts";
import { at, ns, seen } from "./text.ts";

/** One event in words, for a screen reader. */
export function describe(row: number): string {
  const { events, tasks } = report;
  const task = tasks.get(events.number("task").or0(row));
  const error = events.text("error", row);
  return seen(`${events.text("name", row)} ${error} at ${at(events.number("time").at(row))} s, `
    + `${ns(events.number("duration").at(row))}, ${task?.comm ?? ""} ${task?.tid ?? ""}`);
}

/** Selects an event and has it said. */
export function goTo(row: number): void {
  selectEvent(row);
  const live = document.getElementById("live");
  if (live) live.textContent = describe(row);
}

const current = () => selected.value?.kind === "event" ? selected.value.id : undefined;

// The place of a row in the rows that are shown, or of the next one in time.
function placeOf(row: number): number {
  const list = rows.value;
  const time = report.events.number("time");
  const moment = time.at(row);
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (time.at(list[middle]!) < moment) low = middle + 1;
    else high = middle;
  }
  for (let i = low; i < list.length && time.at(list[i]!) === moment; i++) if (list[i] === row) return i;
  return low;
}

function step(direction: 1 | -1, wanted: (row: number) => boolean, wrap: boolean): void {
  const list = rows.value;
  const from = current();
  const start = from === undefined ? (direction === 1 ? -1 : list.length) : placeOf(from);
  for (let i = 1; i <= list.length; i++) {
    const place = start + direction * i;
    if (!wrap && (place < 0 || place >= list.length)) return;
    const row = list[((place % list.length) + list.length) % list.length]!;
    if (wanted(row)) return goTo(row);
  }
}

/** The next (1) or previous (-1) event that the filters leave. */
export const stepHit = (direction: 1 | -1): void => step(direction, () => true, true);

export function stepError(direction: 1 | -1): void {
  const errors = report.events.string("error");
  step(direction, (row) => errors.id(row) !== 0, true);
}

/** The next or previous event of the selected one's task. */
export function stepInTask(direction: 1 | -1): void {
  const from = current();
  if (from === undefined) return stepHit(direction);
  const task = report.events.number("task");
  const own = task.at(from);
  step(direction, (row) => task.at(row) === own && mask.value[row] === 1, false);
}
