// SPDX-License-Identifier: MIT
// The query: words that must all hold, `a,b` for either, `-` for not. Pure text to terms; match.ts makes them work.

export type Operator = ":" | "<" | "<=" | ">" | ">=" | "=";
/** What a key compares: text of one of the columns, a number with a unit, an id, or a span of time. */
export type Sort = "text" | "duration" | "bytes" | "number" | "span";

/** Each key with what it compares and what it means, for completion and help. */
export const KEYS: Record<string, { sort: Sort; doc: string }> = {
  name: { sort: "text", doc: "the call's name, or exec, exit, fork, signal" },
  type: { sort: "text", doc: "what it does: open, read, send, mmap …" },
  class: { sort: "text", doc: "file, network, memory, process, signal …" },
  path: { sort: "text", doc: "part of a path" },
  err: { sort: "text", doc: "the error, or * for any" },
  proc: { sort: "text", doc: "the command's name" },
  exe: { sort: "text", doc: "part of the program's path" },
  remote: { sort: "text", doc: "part of the other side's address" },
  args: { sort: "text", doc: "part of the arguments" },
  pid: { sort: "number", doc: "of this process" },
  tid: { sort: "number", doc: "of this thread" },
  object: { sort: "number", doc: "on this file, pipe or socket, by its number" },
  dur: { sort: "duration", doc: "how long it took: dur>1ms" },
  bytes: { sort: "bytes", doc: "how much was moved: bytes>=64k" },
  ret: { sort: "number", doc: "what it returned: ret<0" },
  t: { sort: "span", doc: "when: t:1.2s..1.5s" },
};

export interface Term {
  /** Where it is in the text. */
  from: number; to: number;
  negated: boolean;
  key: string;
  operator: Operator;
  /** Any of these; of a regular expression its source. */
  values: string[];
  /** Their numbers, for keys that have any: ns or bytes. A span has its two ends. */
  numbers: number[];
  regex?: RegExp;
  problem?: string;
}

const TIME: Record<string, number> = { ns: 1, us: 1e3, "µs": 1e3, ms: 1e6, s: 1e9, m: 6e10, h: 3.6e12 };
const SIZE: Record<string, number> = { "": 1, b: 1, k: 1024, kib: 1024, m: 1024 ** 2, mib: 1024 ** 2, g: 1024 ** 3,
  gib: 1024 ** 3, kb: 1e3, mb: 1e6, gb: 1e9 };

/** A number with a unit; NaN when it is none. Durations without a unit are ns. */
export function quantity(text: string, sort: Sort): number {
  const [, digits, unit] = /^([+-]?[0-9][0-9_]*(?:\.[0-9]+)?|[+-]?0x[0-9a-f]+)([a-zµ]*)$/i.exec(text) ?? [];
  if (digits === undefined) return NaN;
  const units = sort === "bytes" ? SIZE : sort === "number" ? { "": 1 } : { "": 1, ...TIME };
  return Number(digits.replaceAll("_", "")) * ((units as Record<string, number>)[unit!.toLowerCase()] ?? NaN);
}

// A word ends at a blank, but not within quotes.
function words(text: string): { from: number; to: number; word: string }[] {
  return [...text.matchAll(/-?(?:\/(?:[^/\\]|\\.)*\/[a-z]*(?=\s|$)|(?:[^\s"]|"[^"]*"?)+)/g)]
    .map((found) => ({ from: found.index, to: found.index + found[0].length, word: found[0] }));
}

const unquoted = (text: string) => text.replaceAll('"', "");

function list(text: string): string[] {
  return (text.match(/(?:[^,"]|"[^"]*"?)+/g) ?? []).map(unquoted).filter((value) => value !== "");
}

function regexTerm(term: Term, source: string, flags: string): Term {
  try {
    return { ...term, key: "text", values: [source], regex: new RegExp(source, flags.replace(/[gy]/g, "") || "i") };
  } catch (error) {
    return { ...term, problem: (error as Error).message.replace(/^Invalid regular expression: /, "") };
  }
}

function span(term: Term, value: string): Term {
  const [from, to] = value.split("..");
  const numbers = [from ? quantity(from, "span") : 0, to ? quantity(to, "span") : Infinity];
  if (to === undefined || numbers.some(Number.isNaN) || numbers[0]! > numbers[1]!) {
    return { ...term, problem: "a span of time is like t:1.2s..1.5s" };
  }
  return { ...term, numbers };
}

function keyed(term: Term, key: string, operator: Operator, rest: string): Term {
  const values = list(rest);
  const { sort } = KEYS[key]!;
  const whole: Term = { ...term, key, operator, values };
  if (!values.length) return { ...whole, problem: `${key}${operator} needs a value` };
  if (sort === "text") return operator === ":" || operator === "=" ? whole
    : { ...whole, problem: `${key} is text: use ${key}:` };
  if (sort === "span") return span(whole, values[0]!);
  const numbers = values.map((value) => quantity(value, sort));
  const wrong = numbers.findIndex(Number.isNaN);
  if (wrong >= 0) return { ...whole, problem: `“${values[wrong]}” is no ${sort === "number" ? "number" : sort}` };
  return { ...whole, numbers };
}

function termOf({ from, to, word }: { from: number; to: number; word: string }): Term {
  const negated = word.length > 1 && word[0] === "-";
  const body = negated ? word.slice(1) : word;
  const term: Term = { from, to, negated, key: "text", operator: ":", values: [], numbers: [] };
  const regex = /^\/((?:[^/\\]|\\.)*)\/([a-z]*)$/.exec(body);
  // A path is not a regular expression: "/etc/" is the text, /etc.*/ the expression.
  if (regex?.[1] && /[\\^$.*+?()[\]{}|]/.test(regex[1])) return regexTerm(term, regex[1], regex[2]!);
  const found = /^([a-z]+)(:|<=|>=|<|>|=)(.*)$/is.exec(body);
  if (found && KEYS[found[1]!.toLowerCase()]) {
    return keyed(term, found[1]!.toLowerCase(), found[2] as Operator, found[3]!);
  }
  if (found && found[2] !== "=" && !body.startsWith('"') && !/^[a-z]+:\/\//i.test(body)) {
    return { ...term, problem: `there is no ${found[1]}: ${Object.keys(KEYS).join(", ")}` };
  }
  const values = body.startsWith('"') ? [unquoted(body)] : list(body);
  return { ...term, key: body.startsWith('"') ? "text" : "word", values: values.filter((value) => value !== "") };
}

/** The terms of a query. One with a `problem` is not used. */
export function parseQuery(text: string): Term[] {
  return words(text).map(termOf).filter((term) => term.values.length || term.problem || term.regex);
}

/** The query without one of its terms. */
export function withoutTerm(text: string, term: Term): string {
  return `${text.slice(0, term.from).trimEnd()} ${text.slice(term.to).trimStart()}`.trim();
}

/** The query with a term more; one that is there already is not added again. */
export function withTerm(text: string, term: string): string {
  return parseQuery(text).some(({ from, to }) => text.slice(from, to) === term) ? text : `${text} ${term}`.trim();
}

/** `key:value`, quoted if it must be. */
export function termFor(key: string, value: string | number): string {
  return /[\s,"]/.test(String(value)) ? `${key}:"${String(value).replaceAll('"', "")}"` : `${key}:${value}`;
}
