// SPDX-License-Identifier: MIT
// Made-up traces, always the same for the same arguments: a build of many processes with files, pipes, a server
// and waits. `node synthetic.mjs EVENTS FILE` writes a whole report of the built page.
import type { Declaration } from "../src/format/columns.ts";
import { Encoder, Row } from "./encode.ts";

const names = (text: string, coding: "number" | "string") =>
  text.split(" ").map((name): [string, typeof coding] => [name, coding]);

/** What lua/report.lua declares. */
export const TABLES: Record<string, Declaration> = {
  events: [["time", "delta"], ["duration", "number"], ["task", "number"], ...names("name type class", "string"),
    ["ret", "number"], ["error", "string"], ...names("bytes object to", "number"), ...names("path remote", "string"),
    ["args", "text"], ["flags", "number"], ["hidden", "string"]],
  tasks: [...names("id tid pid parent", "number"), ...names("kind comm argv exe", "string"),
    ...names("start end code", "number"), ["signal", "string"]],
  objects: [["id", "number"], ...names("kind name protocol local remote", "string"),
    ...names("opened closed task", "number")],
  memory: [["time", "delta"], ...names("pid heap mapped", "number")],
  faults: [["time", "delta"], ...names("task addr pages", "number"), ...names("what path", "string"),
    ...names("offset major", "number"), ["again", "string"]],
};

/** Numbers in [0, 1) that look random. */
export function random(seed: number): () => number {
  return () => {
    seed = (seed + 0x6D2B79F5) | 0;
    let value = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 4294967296;
  };
}

interface Actor {
  id: number; tid: number; pid: number; parent: number; kind: string; comm: string; argv: string; exe: string;
  start: number; end: number; clock: number; open: number; heap: number; code?: number; signal?: string;
}

const HEADERS = [
  "stdio",
  "stdlib",
  "string",
  "errno",
  "unistd",
  "fcntl",
  "signal",
  "sys/types",
  "sys/stat",
  "sys/mman",
];
const SOURCES = ["main", "options", "session", "capture", "record", "decode", "window", "terminal", "replay", "text"];
const HOUR = 10e9;
// Of the mean distance of events: parents wait, so others have more of them.
const SHARE = 0.22;

function actors(count: number, next: () => number): Actor[] {
  const made: Actor[] = [];
  const add = (actor: Partial<Actor>) => made.push({ id: made.length + 1, tid: 4200 + made.length,
    pid: 4200 + made.length, parent: 0, kind: "fork", comm: "", argv: "", exe: "", start: 0, end: HOUR, clock: 0,
    open: 0, heap: 132 * 1024, ...actor });
  add({ kind: "command", comm: "make", argv: "make -j4", exe: "/usr/bin/make" });
  for (let i = 0; made.length < count - 6; i++) {
    const source = SOURCES[i % SOURCES.length]!;
    const start = 0.02e9 + (i / (count / 4)) * HOUR * 0.75;
    const end = Math.min(HOUR * 0.95, start + (0.4 + next()) * HOUR * 0.2);
    const shell = made.length + 1;
    add({ comm: "sh", parent: 1, argv: `sh -c "gcc -O2 -c ${source}.c"`, exe: "/usr/bin/dash", start, end, code: 0 });
    add({ comm: "gcc", parent: shell, argv: `gcc -O2 -c ${source}.c -o ${source}.o`, exe: "/usr/bin/gcc-12",
      start: start + 2e6, end: end - 2e6, code: 0 });
    add({ comm: "cc1", parent: shell + 1, argv: `/usr/lib/gcc/x86_64-linux-gnu/12/cc1 -quiet ${source}.c`,
      exe: "/usr/lib/gcc/x86_64-linux-gnu/12/cc1", start: start + 4e6, end: end - 40e6, code: i === 5 ? 1 : 0 });
    add({ comm: "as", parent: shell + 1, argv: `as --64 -o ${source}.o /tmp/cc${i}.s`, exe: "/usr/bin/as",
      start: end - 38e6, end: end - 4e6, code: 0 });
  }
  const server = made.length + 1;
  add({ comm: "fetchd", parent: 1, argv: "fetchd --threads 4 --cache /var/cache/fetchd", exe: "/usr/sbin/fetchd",
    start: 0.5e9, end: 9.6e9, signal: "SIGTERM" });
  while (made.length < count) {
    add({
      comm: "fetchd",
      parent: server,
      kind: "thread",
      pid: made[server - 1]!.tid,
      start: 0.6e9,
      end: 9.5e9,
      code: 0,
    });
  }
  for (const actor of made) actor.clock = actor.start;
  return made;
}

type Step = (actor: Actor, next: () => number) => Row;
const call = (name: string, type: string, of: string, more: Row): Row => ({ name, type, class: of, ...more });

const FILES = 400;
const path = (next: () => number) => {
  const pick = Math.floor(next() * next() * FILES);
  return pick < 40
    ? `/usr/include/${HEADERS[pick % 10]}${pick > 10 ? `-${pick}` : ""}.h`
    : `/home/user/project/src/part${pick}.c`;
};
const object = (text: string) => 1 + [...text].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % FILES, 7);

const open: Step = (actor, next) => {
  const name = path(next);
  actor.open = object(name);
  const failed = next() < 0.12;
  return call("openat", "open", "file", {
    path: failed ? name.replace("/usr", "/usr/local") : name,
    ret: failed ? null : 3,
    error: failed ? "ENOENT" : null,
    object: failed ? null : actor.open,
    args: `AT_FDCWD, "${name}", O_RDONLY|O_CLOEXEC`,
  });
};
const read: Step = (actor, next) => {
  const bytes = Math.floor(next() * 16384);
  return call("read", "read", "file", { bytes, ret: bytes, object: actor.open || 1,
    args: `3</home/user>, 0x${(0x7F0000000000 + Math.floor(next() * 1e9) * 16).toString(16)}, 16384` });
};
const write: Step = (actor, next) => {
  const bytes = Math.floor(next() * 4096);
  return call("write", "write", "file", {
    bytes,
    ret: bytes,
    object: FILES + 1 + (actor.id % 20),
    args: `4, "...", ${bytes}`,
  });
};
const map: Step = (actor, next) => {
  const size = 4096 * (1 + Math.floor(next() * 64));
  actor.heap += size / 8 | 0;
  return call("mmap", "mmap", "memory", { ret: 0x7F0000000000 + Math.floor(next() * 1e9) * 4096,
    args: `NULL, ${size}, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0` });
};
const stat: Step = (_, next) =>
  call("newfstatat", "stat", "file", {
    path: path(next),
    ret: 0,
    hidden: next() < 0.3 ? "libraries" : null,
    args: `AT_FDCWD, "${path(next)}", {...}, 0`,
  });
const send: Step = (actor, next) => {
  const bytes = 40 + Math.floor(next() * 1400);
  const peer = 1 + Math.floor(next() * 6);
  return call("sendto", "send", "network", { bytes, ret: bytes, object: FILES + 30 + peer, remote: `10.0.0.${peer}:443`,
    args: `${actor.id}, "GET /package/${peer}", ${bytes}, MSG_NOSIGNAL, NULL, 0` });
};
const receive: Step = (_, next) => {
  const refused = next() < 0.02;
  const bytes = Math.floor(next() * 32768);
  const peer = 1 + Math.floor(next() * 6);
  return call("recvfrom", "recv", "network", {
    bytes: refused ? null : bytes,
    ret: refused ? null : bytes,
    error: refused ? "ECONNRESET" : null,
    object: FILES + 30 + peer,
    remote: `10.0.0.${peer}:443`,
    args: `7, "...", 65536, 0`,
  });
};
const futex: Step = (_, next) =>
  call("futex", "futex", "ipc", {
    ret: next() < 0.1 ? null : 0,
    error: next() < 0.1 ? "EAGAIN" : null,
    args: "0x7ffd12345678, FUTEX_WAIT_PRIVATE, 2, NULL",
  });
const poll: Step = () => call("poll", "poll", "descriptor", { ret: 1, args: "[{7, POLLIN}], 1, 1000" });

const wait: Step = () =>
  call("wait4", "wait", "process", { ret: 4242, args: "-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL" });

const PARENT: [number, Step][] = [[0.3, wait], [0.5, open], [0.8, read], [0.9, map], [1, stat]];
const COMPILER: [number, Step][] = [[0.22, open], [0.55, read], [0.65, write], [0.8, map], [1, stat]];
const SERVER: [number, Step][] = [[0.25, send], [0.55, receive], [0.75, poll], [0.9, futex], [1, write]];

function duration(row: Row, next: () => number): number {
  const scale =
    row.name === "poll" || row.name === "futex"
      ? 3e6
      : row.class === "network"
        ? 90e3
        : row.name === "read"
          ? 9e3
          : 3e3;
  return Math.floor(scale * (0.2 - Math.log(1 - next() * 0.9999)) * (next() < 0.002 ? 60 : 1)) + 200;
}

function taskRow(actor: Actor, last: boolean): Row {
  const { id, tid, pid, parent, kind, comm, argv, exe, start, end, code, signal } = actor;
  return last ? { id, end: Math.floor(end), code, signal }
    : { id, tid, pid, parent: parent || null, kind, comm, argv, exe, start: Math.floor(start) };
}

export interface Synthetic { events: number; tasks?: number; seed?: number; whole?: boolean }

/** The tags of a made-up trace. `whole: false` leaves out the end, as a tracer that was killed does. */
export function synthetic({ events, tasks = 41, seed = 1, whole = true }: Synthetic): string {
  const next = random(seed);
  const all = actors(tasks, next);
  const file = new Encoder(TABLES, { title: "make -j4", command: ["make", "-j4"], host: "buildhost", boot: "b",
    run: "r", started: 1789000000e9, redacted: false });
  file.rows("tasks", all.map((actor) => taskRow(actor, false)));
  file.rows("objects", objects());
  const totals = { calls: 0, failed: 0, read: 0, written: 0, sent: 0, received: 0, events: 0 };
  const memory: Row[] = [];
  let rows: Row[] = [];
  const pace = all.reduce((sum, actor) => sum + actor.end - actor.start, 0) / events;
  for (let made = 0; made < events; made++) {
    let actor = all[0]!;
    for (const other of all) if (other.clock < actor.clock) actor = other;
    const row = step(actor, next, pace);
    rows.push(row);
    count(totals, row);
    if (row.name === "mmap" && memory.length < 20000)
      memory.push({ time: row.time, pid: actor.pid, heap: actor.heap, mapped: actor.heap * 6 });
    if (rows.length === 65536) rows = (file.rows("events", rows), []);
  }
  const last = Math.max(...rows.map(({ time, duration }) => Number(time) + Number(duration ?? 0)));
  if (rows.length) file.rows("events", rows);
  file.rows("memory", memory);
  file.rows("faults", faults(all, next));
  file.rows("tasks", all.filter(({ end }) => end < last).map((actor) => taskRow(actor, true)));
  if (whole) file.end({ time: last, code: 2, summary: `make -j4: ${events} events`, totals,
    lost: { count: 120, intervals: [[4.1e9, 4.25e9, 120]] }, features: { faults: "off: run with --faults" },
    noise: { libraries: "looking for shared libraries" } });
  return file.toString();
}

function step(actor: Actor, next: () => number, pace: number): Row {
  const first = actor.clock === actor.start;
  const time = Math.floor(actor.clock);
  if (first) {
    actor.clock += 1000;
    return {
      time,
      task: actor.id,
      name: actor.kind === "thread" ? "thread" : "exec",
      type: actor.kind === "thread" ? "thread" : "exec",
      class: "process",
      path: actor.exe || null,
      flags: 16,
      args: actor.argv || null,
    };
  }
  const steps = actor.comm === "fetchd" ? SERVER : /^(make|sh|gcc)$/.test(actor.comm) ? PARENT : COMPILER;
  const choice = next();
  const row = steps.find(([share]) => choice < share)![1](actor, next);
  const took =
    row.name === "wait4"
      ? Math.min((actor.end - actor.start) * 0.1 * next(), actor.end - actor.clock)
      : duration(row, next) * Math.min(1, pace / 1e6);
  actor.clock += took + Math.max(pace * SHARE - took, pace / 20) * -Math.log(1 - next());
  if (actor.clock > actor.end && actor.kind !== "thread") actor.clock = Infinity;
  return { ...row, time, task: actor.id, duration: Math.floor(took), flags: null };
}

function count(totals: Record<string, number>, row: Row): void {
  totals.events!++;
  if (row.duration != null) totals.calls!++;
  if (row.error) totals.failed!++;
  const into = { read: "read", write: "written", send: "sent", recv: "received" }[row.type as string];
  if (into) totals[into]! += Number(row.bytes ?? 0);
}

function objects(): Row[] {
  const files = Array.from({ length: FILES }, (_, i): Row => ({
    id: i + 1,
    kind: "file",
    opened: i * 1e6,
    task: 4,
    name: i < 40 ? `/usr/include/${HEADERS[i % 10]}${i > 10 ? `-${i}` : ""}.h` : `/home/user/project/src/part${i}.c`,
  }));
  for (let i = 0; i < 30; i++)
    files.push({
      id: FILES + 1 + i,
      kind: i % 3 ? "file" : "pipe",
      name: i % 3 ? `/home/user/project/build/part${i}.o` : `pipe:[${77000 + i}]`,
      opened: i * 1e8,
      task: 3,
    });
  for (let i = 0; i < 8; i++)
    files.push({
      id: FILES + 31 + i,
      kind: "socket",
      protocol: i < 6 ? "tcp" : "udp",
      name: `tcp 10.0.0.${i}:443`,
      local: `10.0.0.99:${40000 + i}`,
      remote: `10.0.0.${i}:443`,
      opened: 0.6e9 + i * 5e8,
      closed: 2e9 + i * 9e8,
      task: 38,
    });
  return files;
}

function faults(all: Actor[], next: () => number): Row[] {
  return Array.from({ length: 3000 }, (_, i): Row => ({
    time: i * 3.3e6,
    task: all[Math.floor(next() * all.length)]!.id,
    addr: 0x7f0000000000 + Math.floor(next() * 1e6) * 4096,
    pages: 1,
    what: next() < 0.5 ? "heap" : "file",
    path: next() < 0.5 ? "/usr/lib/x86_64-linux-gnu/libc.so.6" : null,
    offset: Math.floor(next() * 100) * 4096,
    major: next() < 0.05 ? 1 : 0,
  }));
}
