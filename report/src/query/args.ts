// SPDX-License-Identifier: MIT
// Looks for text in arguments, a group of rows at a time: they are kept compressed.
import type { Report } from "../data/report.ts";

/** The rows of events whose arguments have one of the values; stops when `signal` says so. */
export async function findInArgs(report: Report, values: string[], signal: AbortSignal): Promise<Uint8Array> {
  const { events } = report;
  const found = new Uint8Array(events.length);
  const column = events.declaration.findIndex(([name]) => name === "args");
  const wanted = values.map((value) => value.toLowerCase());
  for (const group of column < 0 ? [] : events.groups) {
    const texts = await report.texts.group(group, column);
    for (let i = 0; i < group.rows; i++) {
      if (i % 4096 === 0) await new Promise((resolve) => setTimeout(resolve));
      if (signal.aborted) return found;
      const text = texts.text(i).toLowerCase();
      if (wanted.some((value) => text.includes(value))) found[group.first + i] = 1;
    }
  }
  return found;
}
