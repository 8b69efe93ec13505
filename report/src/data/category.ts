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
const WAITS = new Set(("poll ppoll select pselect6 epoll_wait epoll_pwait epoll_pwait2 futex futex_wait futex_waitv "
  + "nanosleep clock_nanosleep wait4 waitid waitpid pause rt_sigtimedwait rt_sigsuspend io_getevents restart_syscall").split(" "));

/** For each string id of a class, and of a name, which category it means; 255: none of its own. */
export class Categories {
  private ofClass = new Uint8Array(0);
  private ofName = new Uint8Array(0);

  constructor(private readonly report: Report) {}

  private extend(): void {
    const { strings } = this.report;
    if (this.ofClass.length === strings.count) return;
    this.ofClass = new Uint8Array(strings.count).fill(OTHER);
    this.ofName = new Uint8Array(strings.count).fill(255);
    CATEGORIES.forEach(({ classes }, category) => {
      for (const name of classes) for (const id of strings.idsOf(name)) this.ofClass[id] = category;
    });
    for (const name of WAITS) for (const id of strings.idsOf(name)) this.ofName[id] = WAITING;
  }

  /** A function from an event's row to its category; valid until more rows arrive. */
  of(): (row: number) => number {
    this.extend();
    const { ofClass, ofName } = this;
    const classes = this.report.events.string("class").data;
    const names = this.report.events.string("name").data;
    return (row) => {
      const waiting = ofName[names[row]!]!;
      return waiting !== 255 ? waiting : ofClass[classes[row]!]!;
    };
  }
}
