// SPDX-License-Identifier: MIT
// Tasks and objects: rows with the same id are one thing, what is not nil in a later row takes its place.
import type { Table } from "./table.ts";

/** A thread, or a process when `tid` is `pid`. Times in ns; what is not known is undefined. */
export interface Task {
  id: number;
  tid?: number; pid?: number; parent?: number; kind?: string; comm?: string; argv?: string; exe?: string;
  start?: number; end?: number; code?: number; signal?: string;
}

/** A file, pipe, socket ... */
export interface Thing {
  id: number;
  kind?: string; name?: string; protocol?: string; local?: string; remote?: string;
  opened?: number; closed?: number; task?: number;
}

/** Keeps what the rows of a table say of each id. */
export class Things<T extends { id: number }> {
  readonly byId = new Map<number, T>();
  private seen = 0;
  private listed: T[] | undefined;

  /** Takes in the rows that came since. */
  follow(table: Table): void {
    if (this.seen === table.length) return;
    for (; this.seen < table.length; this.seen++) {
      const row = table.row(this.seen) as unknown as T;
      const known = this.byId.get(row.id);
      if (known) Object.assign(known, row);
      else this.byId.set(row.id, row);
    }
    this.listed = undefined;
  }

  /** Takes in the texts of rows that came since; they are unpacked later than the rest. */
  async followTexts(table: Table): Promise<void> {
    const names = table.declaration.filter(([, coding]) => coding === "text").map(([name]) => name);
    const [first, id] = [this.texts, table.number("id")];
    this.texts = table.length;
    for (let row = first; row < this.texts && names.length; row++) {
      for (const name of names) {
        const text = await table.long(name, row).catch(() => "");
        if (text) Object.assign(this.byId.get(id.at(row)) ?? {}, { [name]: text });
      }
    }
  }

  private texts = 0;

  get(id: number): T | undefined {
    return this.byId.get(id);
  }

  /** All, by id. */
  list(): T[] {
    return (this.listed ??= [...this.byId.values()].sort((a, b) => a.id - b.id));
  }
}

/** A process with its threads and the processes it made. */
export interface Process { task: Task; threads: Task[]; children: Process[]; depth: number }

/** The processes in the order of a walk through the tree, each with its threads (the first is the leader). */
export function processTree(tasks: Task[]): Process[] {
  const byPid = new Map<string, Process>();
  const ofTask = new Map<number, Process>();
  const all: Process[] = [];
  for (const task of tasks) {
    const leader = task.kind !== "thread" || task.tid === task.pid;
    const known = byPid.get(String(task.pid));
    const own = !leader && known ? known : { task, threads: [], children: [], depth: 0 };
    if (own !== known) {
      byPid.set(String(task.pid), own);
      all.push(own);
    }
    own.threads.push(task);
    ofTask.set(task.id, own);
  }
  const roots: Process[] = [];
  for (const process of all) {
    const parent = ofTask.get(process.task.parent ?? 0);
    if (parent && parent !== process && parent.task.id < process.task.id) parent.children.push(process);
    else roots.push(process);
  }
  return walk(roots);
}

function walk(roots: Process[]): Process[] {
  const ordered: Process[] = [];
  const stack = [...roots].reverse();
  while (stack.length) {
    const process = stack.pop()!;
    ordered.push(process);
    for (let i = process.children.length - 1; i >= 0; i--) {
      const child = process.children[i]!;
      child.depth = process.depth + 1;
      stack.push(child);
    }
  }
  return ordered;
}
