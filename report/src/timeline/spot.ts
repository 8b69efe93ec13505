// SPDX-License-Identifier: MIT
// What is under the pointer: an event, or what a pixel stands for.
import { report } from "../data/load.ts";
import { bytes, count, ns, percent, seen, short } from "../text.ts";
import { bucketOf } from "./strip.ts";
import { categories, laneIndex, lanes, shown, Spot } from "./model.ts";
import { CATEGORIES } from "../data/category.ts";

/** The events at a place: one, or those of one bucket. */
export interface Under { lane: number; row: number | undefined; from: number; to: number }

/** What a lane has at a moment; `width` is the canvas's in pixels. */
export function under(lane: number, moment: number, width: number): Under | undefined {
  const index = laneIndex.value;
  if (lane < 0 || lane + 1 >= index.starts.length) return undefined;
  const span = shown.value;
  const bucket = bucketOf(span, width);
  const start = Math.floor(moment / bucket) * bucket;
  const from = index.seek(lane, start);
  const to = index.seek(lane, start + bucket, from);
  if (to - from > 1) return { lane, row: undefined, from, to };
  const slack = (span.to - span.from) / width * 4;
  let best: number | undefined;
  for (let i = Math.max(index.starts[lane]!, from - 8); i < Math.min(index.starts[lane + 1]!, from + 2); i++) {
    if (index.times[i]! - slack <= moment && index.end(i) + slack >= moment) best = index.rows[i];
  }
  return best === undefined ? undefined : { lane, row: best, from, to: from + 1 };
}

/** Its longest event: what a click chooses. */
export function longestOf({ row, from, to }: Under): number {
  if (row !== undefined) return row;
  const { rows, lengths } = laneIndex.value;
  let found = from;
  for (let i = from; i < to; i++) if (lengths[i]! > lengths[found]!) found = i;
  return rows[found]!;
}

function many({ lane, from, to }: Under): string[] {
  const index = laneIndex.value;
  const names = new Map<string, number>();
  let [failed, busy] = [0, 0];
  for (let i = from; i < Math.min(to, from + 20000); i++) {
    const name = report.events.text("name", index.rows[i]!);
    names.set(name, (names.get(name) ?? 0) + 1);
    if (index.failed(i)) failed++;
    busy += index.lengths[i]!;
  }
  const most = [...names]
    .sort((a, b) => b[1] - a[1])
    .slice(0, 4)
    .map(([name, times]) => `${seen(name)} ${count(times)}`);
  const span = index.end(to - 1) - index.times[from]!;
  const { comm, tid } = lanes.value.list[lane]!.task;
  return [
    `${count(to - from)} events in ${ns(span)}`,
    `${most.join(", ")}${names.size > 4 ? " …" : ""}`,
    `${failed ? `${count(failed)} failed, ` : ""}busy ${percent(Math.min(1, busy / Math.max(span, 1)))}`,
    `${seen(comm ?? "?")} ${tid}`,
  ];
}

function one(row: number): string[] {
  const { events, tasks, objects } = report;
  const { comm = "?", tid = "" } = tasks.get(events.number("task").or0(row)) ?? {};
  const error = events.text("error", row);
  const size = events.number("bytes").at(row);
  const target =
    events.text("path", row) || objects.get(events.number("object").or0(row))?.name || events.text("remote", row);
  const args = events.longNow("args", row);
  const kind = CATEGORIES[categories.of()(row)]!.name;
  return [
    `${seen(events.text("name", row))}${error ? ` ${seen(error)}` : ""}  ${ns(events.number("duration").at(row))}`,
    args ? short(args, 160) : "",
    target ? short(target, 160) : "",
    `${Number.isNaN(size) ? "" : `${bytes(size)}, `}${kind}, ${seen(comm)} ${tid}`,
  ].filter(Boolean);
}

/** Lines of text about what is under the pointer, the first one as a heading. */
export function tipOf(spot: Spot, width: number): string[] {
  const found = under(spot.lane, spot.time, width);
  if (!found) return [];
  return found.row === undefined ? many(found) : one(found.row);
}
