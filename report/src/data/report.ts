// SPDX-License-Identifier: MIT
// What the file holds, as far as it has been decoded. One for the page: `report`. `version` rises when there is more.
import { signal } from "@preact/signals";
import type { Declaration, TextColumn } from "../format/columns.ts";
import type { Answer } from "../worker.ts";
import { Strings } from "./strings.ts";
import { Table } from "./table.ts";
import { Task, Thing, Things } from "./tasks.ts";
import { Texts } from "./texts.ts";

/** The JSON of the `start` tag: see src/report/FORMAT.md. */
export interface Start {
  version: string; format: number; title?: string; command?: string[]; pids?: number[]; host?: string; boot?: string;
  run?: string; started?: number; redacted?: boolean; tables: Record<string, Declaration>;
}

export interface Panel {
  title: string; table?: string; text?: string; kind: "table" | "line" | "bars" | "text"; x?: string; y?: string;
}

/** That of the `end` tag. */
export interface End {
  time?: number; code?: number; signal?: string; summary?: string; totals?: Record<string, number>;
  lost?: { count: number; intervals?: [number, number, number][] }; left_out?: { count: number; why: string };
  tampered?: number; failed_hooks?: number; features?: Record<string, string>; noise?: Record<string, string>;
  panels?: Panel[];
}

const EVENTS: Declaration = [["time", "delta"]];

export class Report {
  readonly strings = new Strings();
  readonly texts: Texts;
  readonly tables = new Map<string, Table>();
  readonly tasks = new Things<Task>();
  readonly objects = new Things<Thing>();
  start: Start = { version: "", format: 1, tables: {} };
  end: End | undefined;
  /** How many tags with rows of each table have been seen. */
  readonly tags = new Map<string, number>();
  /** Whether everything has been decoded. */
  loaded = false;
  /** Groups that could not be decoded, as text. */
  errors: string[] = [];

  constructor(fetch: (tag: number, column: number) => Promise<TextColumn>) {
    this.texts = new Texts(this.strings, fetch);
  }

  /** A table by name; one that the file does not have is empty. */
  table(name: string): Table {
    let table = this.tables.get(name);
    if (!table) {
      const declaration = this.start.tables[name] ?? (name === "events" ? EVENTS : []);
      table = new Table(name, declaration, this.strings, this.texts);
      if (this.start.tables[name]) this.tables.set(name, table);
    }
    return table;
  }

  get events(): Table {
    return this.table("events");
  }

  take(answer: Answer): void {
    switch (answer.kind) {
      case "start": this.start = { ...this.start, ...answer.json as Start }; break;
      case "end": this.end = answer.json as End; break;
      case "strings": this.strings.add(answer.strings); break;
      case "rows": this.rows(answer); break;
      case "error": this.errors.push(`tag ${answer.tag + 1}${answer.table && ` (${answer.table})`}: ${answer.message}`);
    }
  }

  private rows(answer: Answer & { kind: "rows" }): void {
    this.table(answer.table).append(answer.tag, answer.rows, answer.columns, this.tags.get(answer.table));
    if (answer.table === "tasks") this.tasks.follow(this.table("tasks"));
    if (answer.table === "objects") this.objects.follow(this.table("objects"));
  }

  /** The end of the trace in ns: what `end` says, or the last thing that is known to have happened. */
  get duration(): number {
    return Math.max(this.end?.time ?? 0, this.last, 1);
  }

  private last = 0;
  private seen = 0;

  /** Takes note of how far the events that arrived go. */
  settle(): void {
    const events = this.events;
    const time = events.number("time").floats();
    const duration = events.number("duration").floats();
    for (let row = this.seen; row < events.length; row++) {
      const end = time[row]! + (duration[row]! || 0);
      if (end > this.last) this.last = end;
    }
    this.seen = events.length;
  }

  private textRows = 0;

  /** Unpacks what tasks and objects have of long texts; answers whether there were any. */
  async settleTexts(): Promise<boolean> {
    const [tasks, objects] = [this.table("tasks"), this.table("objects")];
    const rows = tasks.length + objects.length;
    if (
      rows === this.textRows ||
      ![...tasks.declaration, ...objects.declaration].some(([, coding]) => coding === "text")
    )
      return false;
    this.textRows = rows;
    await Promise.all([this.tasks.followTexts(tasks), this.objects.followTexts(objects)]);
    return true;
  }
}

/** Rises when rows have arrived and everything that is computed from them is to be computed again. */
export const version = signal(0);

export interface Loading { decoded: number; found: number; complete: boolean; problem?: string }
export const loading = signal<Loading>({ decoded: 0, found: 0, complete: false });
