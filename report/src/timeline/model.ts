// SPDX-License-Identifier: MIT
// What the timeline is made of, computed from the state: its lanes, their events, what is shown of time.
import { computed, signal } from "@preact/signals";
import { Categories } from "../data/category.ts";
import { report } from "../data/load.ts";
import { version } from "../data/report.ts";
import { mask, order } from "../filter.ts";
import { params, setParam, Span, view } from "../state.ts";
import { columnsOf, LaneIndex } from "./lane_index.ts";
import { Choices, lanesOf, MANY } from "./tree.ts";

export const categories = new Categories(report);

const numbers = (name: string): Set<number> =>
  new Set((params.value[`timeline.${name}`] ?? "").split(".").filter(Boolean).map(Number));

/** Adds an id to a set in the address, or takes it out. */
export function turn(name: "turned" | "hidden" | "pinned", id: number): void {
  const set = numbers(name);
  if (!set.delete(id)) set.add(id);
  setParam(`timeline.${name}`, [...set].join(".") || undefined);
}

export const compact = computed(() => params.value["timeline.compact"] === "1");
export const laneHeight = computed(() => compact.value ? 8 : 20);

const choices = computed((): Choices => {
  version.value;
  const chosen = params.value["timeline.collapse"];
  const many = report.tasks.list().length > MANY;
  return { turned: numbers("turned"), hidden: numbers("hidden"), pinned: numbers("pinned"),
    collapseAll: chosen ? chosen === "1" : many };
});

export const collapseAll = computed(() => choices.value.collapseAll);
export const hiddenLanes = computed(() => choices.value.hidden.size);

/** The lanes from top to bottom. */
export const lanes = computed(() => {
  version.value;
  return lanesOf(report.tasks.list(), choices.value);
});

export const laneIndex = computed(() => {
  version.value;
  const { list, ofTask } = lanes.value;
  return new LaneIndex(columnsOf(report), list.length, ofTask, mask.value, order.value);
});

/** What is shown of time. */
export const shown = computed((): Span => {
  version.value;
  return view.value ?? { from: 0, to: report.duration };
});

/** What the mouse drags as a range, until it is let go. */
export const dragged = signal<Span | null>(null);
/** Moments that the reader marked, in ns. */
export const marks = signal<number[]>([]);
/** How far the lanes are scrolled, in pixels. */
export const scrolled = signal(0);

export interface Spot { lane: number; x: number; y: number; time: number }
/** Where the pointer is. */
export const pointer = signal<Spot | null>(null);
