// SPDX-License-Identifier: MIT
// Events in eight kinds, each with a colour and a letter: colour is never the only sign.
import type { Report } from "./report.ts";

export interface Category { name: string; letter: string; classes: string[] }

/** Their colours are --c0 to --c7 in the style, in this order. */
export const CATEGORIES: Category[] = [
  { name: "file", letter: "F", classes: ["file"] },
  { name: "network", letter: "N", classes: ["network"] },
  { name: "memory", letter: "M", classes: ["memory"] },
  { name: "process", letter: "P", classes: ["process", "schedule"] },
  { name: "descriptor", letter: "D", classes: ["descriptor"] },
  { name: "signal, IPC", letter: "S", classes: ["signal", "ipc"] },
  { name: "waiting", letter: "W", classes: ["time"] },
  { name: "other", letter: "O", classes: [] },
];
export const OTHER = CATEGORIES.length - 1;
export const WAITING = CATEGORIES.findIndex(({ name }) => name === "waiting");

// Calls whose time is spent waiting for something, whatever class they are of.
const WAITS = new Set(
  (
    "poll ppoll select pselect6 epoll_wait epoll_pwait epoll_pwait2 futex futex_wait futex_waitv " +
    "nanosleep clock_nanosleep wait4 waitid waitpid pause rt_sigtimedwait rt_sigsuspend io_getevents restart_syscall"
  ).split(" "),
);

const NONE = 255;

// The category of each row, which grows with the rows; for each report there is one.
class Kinds {
  rows = new Uint8Array(0);
  private known = 0;
  private ofClass = new Uint8Array(0);
  private ofName = new Uint8Array(0);

  constructor(private readonly report: Report) {}

  private strings(): void {
    const { strings } = this.report;
    if (this.ofClass.length === strings.count) return;
    this.ofClass = new Uint8Array(strings.count).fill(OTHER);
    this.ofName = new Uint8Array(strings.count).fill(NONE);
    CATEGORIES.forEach(({ classes }, category) => {
      for (const name of classes) for (const id of strings.idsOf(name)) this.ofClass[id] = category;
    });
    for (const name of WAITS) for (const id of strings.idsOf(name)) this.ofName[id] = WAITING;
  }

  follow(): Uint8Array {
    const { events } = this.report;
    if (this.known === events.length) return this.rows;
    this.strings();
    if (this.rows.length < events.length) {
      const grown = new Uint8Array(Math.max(events.length, this.rows.length * 2));
      grown.set(this.rows);
      this.rows = grown;
    }
    const { ofClass, ofName, rows } = this;
    const classes = events.string("class").data;
    const names = events.string("name").data;
    for (let row = this.known; row < events.length; row++) {
      const waiting = ofName[names[row]!]!;
      rows[row] = waiting !== NONE ? waiting : ofClass[classes[row]!]!;
    }
    this.known = events.length;
    return rows;
  }
}

const kinds = new WeakMap<Report, Kinds>();

/** The category of each row, as far as rows have arrived. */
export function kindsOf(report: Report): Uint8Array {
  let own = kinds.get(report);
  if (!own) kinds.set(report, own = new Kinds(report));
  return own.follow();
}

/** The same as a function of a row. */
export class Categories {
  constructor(private readonly report: Report) {}

  of(): (row: number) => number {
    const rows = kindsOf(this.report);
    return (row) => rows[row]!;
  }
}
