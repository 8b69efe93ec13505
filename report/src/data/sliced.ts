// SPDX-License-Identifier: MIT
// What takes a pass over all rows, made in slices between which the page answers. Small traces are done in the first.
import { effect, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

/** ms of work at a time. */
const SLICE = 12;
/** From this many rows on not even the first slice is made at once. */
const MANY = 200000;

/** Yields now and then; returns what it made. */
export type Work<T> = Generator<void, T>;

/** How many rows a pass does between two yields. A power of two. */
export const STRIDE = 8192;

/** Makes it at once. */
export function finish<T>(work: Work<T>): T {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

const pause = () => new Promise<void>((resolve) => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => resolve();
  port2.postMessage(0);
});

/** A value made from others; it is made only while somebody uses it, and kept until what it is made from changes. */
export class Sliced<Input extends [unknown, ...unknown[]], T> {
  private readonly made = signal<T | undefined>(undefined);
  private before: Input | undefined;
  private round = 0;

  constructor(private readonly read: () => Input, private readonly work: (input: Input) => Work<T>) {}

  private step(work: Work<T>): boolean {
    const until = performance.now() + SLICE;
    do {
      const { done, value } = work.next();
      if (done) {
        this.made.value = value;
        return true;
      }
    } while (performance.now() < until);
    return false;
  }

  private async run(input: Input): Promise<void> {
    const round = ++this.round;
    if (input.some((value) => value instanceof Uint32Array && value.length > MANY)) await pause();
    if (round !== this.round) return;
    const work = this.work(input);
    while (!this.step(work)) {
      await pause();
      if (round !== this.round) return;
    }
  }

  private follow(): void {
    const input = this.read();
    if (this.before?.every((value, i) => value === input[i])) return;
    this.before = input;
    void this.run(input);
  }

  /** For components: the latest value; undefined until there is one. */
  use(): T | undefined {
    useEffect(() => effect(() => this.follow()), []);
    return this.made.value;
  }

  /** Makes it at once, for printing. */
  now(): T {
    return finish(this.work(this.read()));
  }
}
