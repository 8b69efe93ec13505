// SPDX-License-Identifier: MIT
// Orders of rows by radix sort: as quick for a million rows as a reader wants it.

const BUCKETS = 1 << 16;

// One pass: rows by 16 bits of one half of their keys. Says false when all have the same.
function pass(from: Uint32Array, to: Uint32Array, half: Uint32Array, shift: number): boolean {
  const starts = new Uint32Array(BUCKETS + 1);
  for (let i = 0; i < half.length; i++) starts[(half[i]! >>> shift & 0xFFFF) + 1]!++;
  if (starts[(half[0]! >>> shift & 0xFFFF) + 1] === half.length) return false;
  for (let i = 0; i < BUCKETS; i++) starts[i + 1]! += starts[i]!;
  for (let i = 0; i < from.length; i++) {
    const place = from[i]!;
    to[starts[half[place]! >>> shift & 0xFFFF]!++] = place;
  }
  return true;
}

/** Rows by ascending key (whole numbers from 0 to 2^53); rows with equal keys keep their order. */
export function sortByKeys(rows: Uint32Array, key: (row: number) => number): Uint32Array {
  const count = rows.length;
  const [low, high] = [new Uint32Array(count), new Uint32Array(count)];
  let [from, to] = [new Uint32Array(count), new Uint32Array(count)];
  for (let i = 0; i < count; i++) {
    const value = key(rows[i]!);
    low[i] = value % 0x100000000;
    high[i] = value / 0x100000000;
    from[i] = i;
  }
  for (const half of [low, high]) {
    for (const shift of [0, 16]) if (pass(from, to, half, shift)) [from, to] = [to, from];
  }
  for (let i = 0; i < count; i++) to[i] = rows[from[i]!]!;
  return to;
}

/** The rows of events by time, or undefined when they are so already. */
export function timeOrder(time: Float64Array, length: number): Uint32Array | undefined {
  let i = 1;
  while (i < length && time[i - 1]! <= time[i]!) i++;
  if (i >= length) return undefined;
  const rows = new Uint32Array(length);
  for (let row = 0; row < length; row++) rows[row] = row;
  const first = time.subarray(0, length).reduce((least, value) => value < least ? value : least, 0);
  return sortByKeys(rows, (row) => time[row]! - first);
}

/** Ranks of texts by id, so that rows sort by text. */
export function ranks(count: number, text: (id: number) => string): Uint32Array {
  const ids = Array.from({ length: count }, (_, id) => id).sort((a, b) => {
    const [left, right] = [text(a), text(b)];
    return left < right ? -1 : left > right ? 1 : 0;
  });
  const rank = new Uint32Array(count);
  ids.forEach((id, at) => (rank[id] = at));
  return rank;
}
