// SPDX-License-Identifier: MIT
// Sockets, each with its phases: connecting, waiting for the first byte, moving bytes, idle until it is closed.
import type { Span } from "../parts/grid.tsx";
import type { Report } from "./report.ts";
import { STRIDE, Work } from "./sliced.ts";
import type { Thing } from "./tasks.ts";

export type Reach = "remote" | "loopback" | "unix" | "other";

export interface Connection {
  thing: Thing; reach: Reach; isName: boolean;
  /** What it began with: connect, accept, listen; or nothing of these. */
  began: "connect" | "accept" | "listen" | "";
  remote: string;
  /** ns; NaN for what did not happen. `ready`: connect had its answer. */
  from: number; connect: number; ready: number; firstMoved: number; firstByte: number; lastByte: number; to: number;
  sends: number; sent: number; receives: number; received: number; calls: number; time: number;
  failed: number; error: string; tasks: Set<number>;
}

const PEEK = 32;
const LOOPBACK = /^(127\.|\[?::1\]?(:|$)|localhost)/;
const INTERNET = /^(tcp|udp|icmp|sctp|raw|dccp|mptcp)/i;

const portOf = (address: string) => Number(/:(\d+)$/.exec(address)?.[1] ?? NaN);

function reachOf(protocol: string, address: string): Reach {
  if (/^unix|^local/i.test(protocol) || /^[/@]/.test(address)) return "unix";
  if (!INTERNET.test(protocol) && !Number.isFinite(portOf(address))) return "other";
  return LOOPBACK.test(address) ? "loopback" : "remote";
}

function fresh(thing: Thing, duration: number): Connection {
  return {
    thing,
    reach: "other",
    isName: false,
    began: "",
    remote: thing.remote ?? "",
    from: thing.opened ?? 0,
    connect: NaN,
    ready: NaN,
    firstMoved: NaN,
    firstByte: NaN,
    lastByte: NaN,
    to: thing.closed ?? duration,
    sends: 0,
    sent: 0,
    receives: 0,
    received: 0,
    calls: 0,
    time: 0,
    failed: 0,
    error: "",
    tasks: new Set(thing.task ? [thing.task] : []),
  };
}

// What can be said when all of its events are known.
function settle(one: Connection): void {
  const { thing } = one;
  const local = String((thing as { local?: string }).local ?? "");
  one.reach = reachOf(thing.protocol ?? "", one.remote || local);
  one.isName = portOf(one.remote) === 53 || /resolve|nscd/.test(one.remote);
  // A connect that did not wait has its answer when something could be moved.
  if (Number.isNaN(one.ready) && !Number.isNaN(one.connect) && !one.error) one.ready = one.firstMoved;
}

const CONNECT = 1, ACCEPT = 2, LISTEN = 3, SEND = 4, RECEIVE = 5;
const TYPES: Record<string, number> = { connect: CONNECT, accept: ACCEPT, listen: LISTEN, send: SEND, write: SEND,
  recv: RECEIVE, read: RECEIVE };
const GOING = new Set(["EINPROGRESS", "EAGAIN", "EALREADY", "EINTR"]);

function columnsOf({ events, strings }: Report) {
  const [time, duration, task, object, size, flags] =
    ["time", "duration", "task", "object", "bytes", "flags"].map((name) => events.number(name));
  const kinds = new Uint8Array(strings.count);
  for (const [name, kind] of Object.entries(TYPES)) for (const id of strings.idsOf(name)) kinds[id] = kind;
  return { time: time!, duration: duration!, task: task!, object: object!, size: size!, flags: flags!, kinds,
    type: events.string("type").data, error: events.string("error").data, remote: events.string("remote").data };
}

function add(one: Connection, row: number, columns: ReturnType<typeof columnsOf>, report: Report): void {
  const { time, duration, task, size, flags, kinds, type, error, remote } = columns;
  const [start, kind] = [time.at(row), kinds[type[row]!]!];
  const end = start + duration.or0(row);
  const moved = flags.or0(row) & PEEK ? 0 : size.or0(row);
  const failure = error[row] ? report.strings.text(error[row]!) : "";
  one.calls++;
  one.time += end - start;
  one.tasks.add(task.or0(row));
  if (remote[row] && !one.remote) one.remote = report.strings.text(remote[row]!);
  if (moved && !failure && (kind === SEND || kind === RECEIVE) && Number.isNaN(one.firstMoved)) one.firstMoved = end;
  if (failure && !GOING.has(failure)) [one.failed, one.error] = [one.failed + 1, failure];
  if (kind === CONNECT) {
    [one.began, one.connect] = ["connect", start];
    if (!failure) one.ready = end;
    else if (!GOING.has(failure)) one.ready = end;
  } else if (kind === ACCEPT) [one.began, one.connect, one.ready] = ["accept", NaN, end];
  else if (kind === LISTEN) one.began = "listen";
  else if (kind === SEND && !failure) [one.sends, one.sent, one.lastByte] = [one.sends + 1, one.sent + moved, end];
  else if (kind === RECEIVE && !failure) {
    [one.receives, one.received] = [one.receives + 1, one.received + moved];
    if (moved) [one.firstByte, one.lastByte] = [Number.isNaN(one.firstByte) ? end : one.firstByte, end];
  }
}

/** The sockets that some rows of events are about, by when they were made. */
export function* connectionsOf(report: Report, rows: Uint32Array): Work<Connection[]> {
  const sockets: Connection[] = [];
  for (const thing of report.objects.list()) {
    if (thing.kind === "socket") sockets[thing.id] = fresh(thing, report.duration);
  }
  const columns = columnsOf(report);
  for (let i = 0; i < rows.length; i++) {
    if ((i & (STRIDE - 1)) === STRIDE - 1) yield;
    const one = sockets[columns.object.or0(rows[i]!)];
    if (one) add(one, rows[i]!, columns, report);
  }
  const found = sockets.filter((one) => one?.calls);
  found.forEach(settle);
  return found.sort((a, b) => a.from - b.from);
}

/** Until connect had its answer; NaN when there was none. */
export const connecting = ({ connect, ready }: Connection): number => ready - connect;
/** From the connection to the first byte that came. */
export function firstWait({ ready, from, firstByte }: Connection): number {
  const waited = firstByte - (Number.isNaN(ready) ? from : ready);
  return waited >= 0 ? waited : NaN;
}

/** Its phases as [from, to, colour of the style], what is to be seen on top first. */
export function phasesOf(one: Connection): Span[] {
  const { from, connect, ready, firstByte, lastByte, to } = one;
  const phases: Span[] = [];
  const put = (start: number, end: number, colour: string, height?: number) =>
    start <= end && phases.push([start, end, colour, height]);
  const start = Number.isNaN(ready) ? (Number.isNaN(connect) ? from : connect) : ready;
  put(
    connect,
    Number.isNaN(ready) ? (one.error ? connect : to) : ready,
    one.began === "connect" && one.error ? "bad" : "c3",
  );
  put(Number.isNaN(firstByte) ? Math.min(start, lastByte) : firstByte, lastByte, "c0");
  put(start, firstByte, "c1");
  put(from, to, "line-strong", 3);
  return phases;
}
