// SPDX-License-Identifier: MIT
// Events one after the other, with all that there is of each: what every form of text is made of.
import type { Report } from "../data/report.ts";

/** The columns of a file, in this order. Times are ns. */
export const COLUMNS = [
  "time",
  "duration",
  "comm",
  "pid",
  "tid",
  "name",
  "type",
  "class",
  "ret",
  "error",
  "bytes",
  "object",
  "kind",
  "path",
  "to",
  "remote",
  "args",
  "flags",
  "hidden",
  "note",
] as const;
export type Record = Partial<{ [column in typeof COLUMNS[number]]: string | number }>;

const MOMENT = 12;
const pause = () => new Promise((resolve) => setTimeout(resolve));

function withArgs({ events, tasks, objects }: Report, row: number, args: string): Record {
  const { task, object, to, ...own } = events.row(row) as { [column: string]: number };
  const { comm, pid, tid } = tasks.get(task ?? 0) ?? {};
  const [thing, second] = [objects.get(object ?? 0), objects.get(to ?? 0)];
  const path = own.path ?? (thing?.kind === "socket" ? undefined : thing?.name);
  return {
    ...own,
    ...(comm !== undefined && { comm }),
    ...(pid !== undefined && { pid }),
    ...(tid !== undefined && { tid }),
    ...(object !== undefined && { object }),
    ...(thing?.kind && { kind: thing.kind }),
    ...(path !== undefined && { path }),
    ...(second?.name && { to: second.name }),
    ...(args && { args }),
  };
}

/** An event; its arguments are decoded when they are not at hand. */
export async function recordOf(report: Report, row: number): Promise<Record> {
  const { events } = report;
  return withArgs(report, row, events.longNow("args", row) ?? await events.long("args", row).catch(() => ""));
}

/** The same at once, without arguments that are not at hand. */
export const recordNow = (report: Report, row: number): Record =>
  withArgs(report, row, report.events.longNow("args", row) ?? "…");

/** Text of rows in pieces, between which the page answers. `told` hears how many are done; `stop` ends it. */
export async function piecesOf(
  report: Report,
  rows: Uint32Array,
  text: (record: Record, row: number, index: number) => string,
  told: (done: number) => void,
  stop: AbortSignal,
): Promise<string[]> {
  const pieces: string[] = [];
  let piece = "";
  let since = performance.now();
  for (let i = 0; i < rows.length; i++) {
    piece += text(await recordOf(report, rows[i]!), rows[i]!, i);
    if ((i & 63) !== 63 || performance.now() - since < MOMENT) continue;
    if (piece.length > 1 << 20) [piece] = ["", pieces.push(piece)];
    told(i + 1);
    await pause();
    if (stop.aborted) throw new Error("stopped");
    since = performance.now();
  }
  return [...pieces, piece];
}
