// SPDX-License-Identifier: MIT
// The order of a grid's lines, kept in the address.
import { params, setParam } from "../state.ts";
import type { Sort } from "./grid.tsx";

export type Values<T> = Record<string, (line: T) => number | string>;

export function sortOf(param: string, standard?: Sort): Sort | undefined {
  const [, id, direction] = /^(.*)-(up|down)$/.exec(params.value[param] ?? "") ?? [];
  return id ? { id, descending: direction === "down" } : standard;
}

export const keepSort = (param: string) => ({ id, descending }: Sort): void =>
  setParam(param, `${id}-${descending ? "down" : "up"}`);

/** A copy of `lines` by what `values` says of the column; as they are when it is none. */
export function sorted<T>(lines: readonly T[], sort: Sort | undefined, values: Values<T>): T[] {
  const value = sort && values[sort.id];
  if (!value) return [...lines];
  const sign = sort.descending ? -1 : 1;
  const keyed = lines.map((line) => ({ line, key: value(line) }));
  keyed.sort((a, b) => (a.key < b.key ? -sign : a.key > b.key ? sign : 0));
  return keyed.map(({ line }) => line);
}
