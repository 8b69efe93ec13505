// SPDX-License-Identifier: MIT
// Orders of rows by radix sort: as quick for a million rows as a reader wants it.

const DIGITS = 16;
const BUCKETS = 1 << DIGITS;

/** Rows by ascending key (whole numbers from 0 to 2^53); rows with equal keys keep their order. */
export function sortByKeys(rows: Uint32Array, key: (row: number) => number): Uint32Array {
  const count = rows.length;
  let keys = new Float64Array(count);
  let largest = 0;
  for (let i = 0; i < count; i++) {
    const value = (keys[i] = key(rows[i]!));
    if (value > largest) largest = value;
  }
  let from = rows.slice();
  let [to, moved] = [new Uint32Array(count), new Float64Array(count)];
  const starts = new Uint32Array(BUCKETS + 1);
  for (let unit = 1; unit <= largest; unit *= BUCKETS) {
    starts.fill(0);
    for (let i = 0; i < count; i++) starts[Math.floor(keys[i]! / unit) % BUCKETS + 1]!++;
    for (let i = 0; i < BUCKETS; i++) starts[i + 1]! += starts[i]!;
    for (let i = 0; i < count; i++) {
      const at = starts[Math.floor(keys[i]! / unit) % BUCKETS]!++;
      to[at] = from[i]!;
      moved[at] = keys[i]!;
    }
    [from, to] = [to, from];
    [keys, moved] = [moved, keys];
  }
  return from;
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
