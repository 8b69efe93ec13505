// SPDX-License-Identifier: MIT
// Durations of many events, summed up.
import type { Report } from "../data/report.ts";

export interface Statistics {
  count: number;
  failed: number;
  sum: number;
  average: number;
  least: number;
  p50: number;
  p95: number;
  p99: number;
  most: number;
  bytes: number;
}

const at = (sorted: Float64Array, share: number) =>
  sorted.length ? sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)]! : NaN;

/** Of the events in `rows`; moments have no duration and count in `count` alone. */
export function statisticsOf({ events }: Report, rows: Uint32Array): Statistics {
  const [duration, error, size] = [events.number("duration").floats(), events.string("error"), events.number("bytes")];
  const all = new Float64Array(rows.length);
  let [measured, failed, sum, bytes] = [0, 0, 0, 0];
  for (const row of rows) {
    const took = duration[row]!;
    if (took >= 0) {
      all[measured++] = took;
      sum += took;
    }
    if (error.id(row)) failed++;
    bytes += size.or0(row);
  }
  const sorted = all.subarray(0, measured).sort();
  return {
    count: rows.length,
    failed,
    sum,
    average: measured ? sum / measured : NaN,
    least: at(sorted, 0.000001),
    bytes,
    p50: at(sorted, 0.5),
    p95: at(sorted, 0.95),
    p99: at(sorted, 0.99),
    most: measured ? sorted[measured - 1]! : NaN,
  };
}

/** The sum of durations and the count by whatever `key` says, the largest sums first. */
export function pivot(
  { events }: Report,
  rows: Uint32Array,
  key: (row: number) => number,
): { key: number; count: number; sum: number }[] {
  const duration = events.number("duration").floats();
  const found = new Map<number, { key: number; count: number; sum: number }>();
  for (const row of rows) {
    const id = key(row);
    let entry = found.get(id);
    if (!entry) found.set(id, (entry = { key: id, count: 0, sum: 0 }));
    entry.count++;
    entry.sum += duration[row]! || 0;
  }
  return [...found.values()].sort((a, b) => b.sum - a.sum || b.count - a.count);
}
