// SPDX-License-Identifier: MIT
// A histogram in a line of text.

const LEVELS = "▁▂▃▄▅▆▇█";

/** A block for each count, as high as its root: what is rare is still seen. Blank for none. */
export function sparkline(counts: ArrayLike<number>): string {
  const most = Math.sqrt(Math.max(...Array.from(counts), 1));
  return Array.from(counts, (value) =>
    value ? LEVELS[Math.min(7, Math.floor((Math.sqrt(value) / most) * 7.99))] : "\u2007",
  ).join("");
}
