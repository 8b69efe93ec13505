// SPDX-License-Identifier: MIT
// Terms to a mask of rows. Text is looked at once for each string; rows compare ids and numbers alone.
import type { Report } from "../data/report.ts";
import type { Task } from "../data/tasks.ts";
import type { Term } from "./parse.ts";

type Row = (row: number) => boolean;
type Test = (text: string) => boolean;

/** Part of the text, or all of it when it has wildcards; upper and lower case are one. */
function part(value: string): Test {
  if (/[*?]/.test(value)) return whole(value);
  const lower = value.toLowerCase();
  return (text) => text.toLowerCase().includes(lower);
}

function whole(value: string): Test {
  if (value === "*") return (text) => text !== "";
  const source = value.replace(/[\\^$.+()[\]{}|]/g, "\\$&").replace(/\*/g, ".*").replace(/\?/g, ".");
  const pattern = new RegExp(`^${source}$`, "is");
  return (text) => pattern.test(text);
}

const any = (tests: Test[]): Test => tests.length === 1 ? tests[0]! : (text) => tests.some((test) => test(text));

class Matcher {
  constructor(private readonly report: Report, private readonly args: Map<string, Uint8Array>) {}

  private column(name: string, test: Test): Row {
    const ids = this.report.strings.matching(test);
    const { data } = this.report.events.string(name);
    return (row) => ids[data[row]!] === 1;
  }

  private tasks(test: (task: Task) => boolean): Row {
    const { tasks, events } = this.report;
    const list = tasks.list();
    const chosen = new Uint8Array((list.at(-1)?.id ?? 0) + 1);
    for (const task of list) if (test(task)) chosen[task.id] = 1;
    const column = events.number("task");
    return (row) => chosen[column.or0(row)] === 1;
  }

  private object(ids: number[]): Row {
    const [object, to] = [this.report.events.number("object"), this.report.events.number("to")];
    return (row) => ids.includes(object.at(row)) || ids.includes(to.at(row));
  }

  private compare(column: string, { operator, numbers }: Term): Row {
    const values = this.report.events.number(column);
    const [first] = numbers as [number];
    switch (operator) {
      case "<":
        return (row) => values.at(row) < first;
      case "<=":
        return (row) => values.at(row) <= first;
      case ">":
        return (row) => values.at(row) > first;
      case ">=":
        return (row) => values.at(row) >= first;
      default:
        return numbers.length === 1 ? (row) => values.at(row) === first : (row) => numbers.includes(values.at(row));
    }
  }

  private span([from, to]: number[]): Row {
    const [time, duration] = [this.report.events.number("time"), this.report.events.number("duration")];
    return (row) => time.at(row) < to! && time.at(row) + duration.or0(row) >= from!;
  }

  /** Text of any column that is short; `args:` looks into arguments. */
  private text(test: Test): Row {
    const ids = this.report.strings.matching(test);
    const { events } = this.report;
    const columns = ["name", "type", "class", "error", "path", "remote"].map((name) => events.string(name).data);
    const things = new Uint8Array((this.report.objects.list().at(-1)?.id ?? 0) + 1);
    for (const { id, name } of this.report.objects.list()) if (name && test(name)) things[id] = 1;
    const object = events.number("object");
    const comm = this.tasks((task) => test(task.comm ?? ""));
    return (row) => {
      for (let i = 0; i < columns.length; i++) if (ids[columns[i]![row]!]) return true;
      return things[object.or0(row)] === 1 || comm(row);
    };
  }

  /** A bare word is a name, type or class when there is one that is called so, else part of any text. */
  private word(values: string[]): Row {
    const { strings, events } = this.report;
    const known = new Set<string>();
    for (const name of ["name", "type", "class"]) {
      const seen = new Set<number>();
      for (const id of events.string(name).data.subarray(0, events.length)) if (!seen.has(id)) seen.add(id);
      for (const id of seen) known.add(strings.text(id));
    }
    const named = values.filter((value) => known.has(value));
    const other = values.filter((value) => !known.has(value));
    const rows: Row[] = [];
    if (named.length) {
      const test: Test = (text) => named.includes(text);
      rows.push(this.column("name", test), this.column("type", test), this.column("class", test));
    }
    if (other.length) rows.push(this.text(any(other.map(part))));
    return (row) => rows.some((holds) => holds(row));
  }

  private path(test: Test): Row {
    const ids = this.report.strings.matching(test);
    const paths = this.report.events.string("path").data;
    const list = this.report.objects.list();
    const things = new Uint8Array((list.at(-1)?.id ?? 0) + 1);
    for (const { id, name } of list) if (name && test(name)) things[id] = 1;
    const [object, to] = [this.report.events.number("object"), this.report.events.number("to")];
    return (row) => (paths[row] ? ids[paths[row]!] === 1 : things[object.or0(row)] === 1) || things[to.or0(row)] === 1;
  }

  positive(term: Term): Row {
    const parts = any(term.values.map(term.operator === "=" ? whole : part));
    const exact = any(term.values.map(whole));
    switch (term.key) {
      case "text": return this.text(term.regex ? (text) => term.regex!.test(text) : parts);
      case "word": return this.word(term.values);
      case "name": case "type": case "class": return this.column(term.key, exact);
      case "err": return this.column("error", exact);
      case "path": return this.path(parts);
      case "remote": return this.column("remote", parts);
      case "proc": return this.tasks((task) => exact(task.comm ?? ""));
      case "exe": return this.tasks((task) => parts(task.exe ?? ""));
      case "pid": return this.tasks((task) => term.numbers.includes(task.pid ?? NaN));
      case "tid": return this.tasks((task) => term.numbers.includes(task.tid ?? NaN));
      case "object": return this.object(term.numbers);
      case "dur": return this.compare("duration", term);
      case "t": return this.span(term.numbers);
      case "args": return this.found(term);
      default: return this.compare(term.key, term);
    }
  }

  // Arguments are searched beside (args.ts); until that is done nothing is left out.
  private found(term: Term): Row {
    const rows = this.args.get(term.values.join(","));
    return rows ? (row) => rows[row] === 1 : () => true;
  }
}

/** 1 for each of `length` rows that all terms hold of. `args` has the rows found for each `args:` term. */
export function maskOf(report: Report, terms: Term[], args = new Map<string, Uint8Array>()): Uint8Array {
  const mask = new Uint8Array(report.events.length).fill(1);
  const matcher = new Matcher(report, args);
  for (const term of terms) {
    if (term.problem) continue;
    const holds = matcher.positive(term);
    for (let row = 0; row < mask.length; row++) if (mask[row] && holds(row) === term.negated) mask[row] = 0;
  }
  return mask;
}
