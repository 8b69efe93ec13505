// SPDX-License-Identifier: MIT
// Each socket as a line of a waterfall: how long it took to connect, to get an answer, to move bytes.
import { Connection, connecting, connectionsOf, firstWait, phasesOf } from "../data/connections.ts";
import { report } from "../data/load.ts";
import { version } from "../data/report.ts";
import { Sliced } from "../data/sliced.ts";
import { counted } from "../filter.ts";
import { Choice, chosenOf, Option } from "../parts/choice.tsx";
import { Empty } from "../parts/empty.tsx";
import { Cell, Column, Grid } from "../parts/grid.tsx";
import { keepSort, sorted, sortOf, Values } from "../parts/sorting.ts";
import { showEvents } from "../show.ts";
import { range, selected, Span } from "../state.ts";
import { at, bytes, count, digitsFor, ns } from "../text.ts";

const SORT = "network.sort", SHOW = "network.show";

/** All sockets, within the filters. */
export const connections = new Sliced(() => [counted.value], ([rows]) => connectionsOf(report, rows));

const localOf = ({ thing }: Connection) => String((thing as { local?: string }).local ?? "");
const nameOf = (one: Connection) => one.remote || (one.began === "listen" ? "" : one.thing.name ?? "");
const whoOf = ({ tasks }: Connection) => {
  const [first] = tasks;
  const { comm = "?", tid = "" } = report.tasks.get(first ?? 0) ?? {};
  return `${comm} ${tid}${tasks.size > 1 ? ` +${tasks.size - 1}` : ""}`;
};

const VALUES: Values<Connection> = {
  from: ({ from }) => from,
  remote: nameOf,
  local: localOf,
  protocol: ({ thing }) => thing.protocol ?? "",
  began: ({ began }) => began,
  connect: (one) => connecting(one) || -1,
  first: (one) => firstWait(one) || -1,
  lived: ({ from, to }) => to - from,
  sent: ({ sent }) => sent,
  received: ({ received }) => received,
  error: ({ error }) => error,
  tasks: whoOf,
};

// The part of time that the waterfall shows.
function spanOf(list: Connection[]): Span {
  if (range.value) return range.value;
  const [from, to] = list.reduce(
    ([first, last], one) => [Math.min(first, one.from), Math.max(last, one.to)],
    [Infinity, 0],
  );
  return { from, to: Math.max(to, from + 1) };
}

function columnsOf(list: Connection[], span: Span): Column[] {
  const from = (cell: (one: Connection) => Cell) => (index: number) => cell(list[index]!);
  const scale = (time: number) => Math.max(0, Math.min(1, (time - span.from) / (span.to - span.from)));
  const digits = digitsFor((span.to - span.from) / 1000);
  const waterfall = (one: Connection): Cell => ({ text: "", title: describe(one, digits),
    spans: phasesOf(one).map(([start, end, ...look]) => [scale(start), scale(end), ...look]) });
  return [
    { id: "from", title: "Opened s", width: 96, numeric: true, cell: from((one) => at(one.from, digits)) },
    {
      id: "remote",
      title: "Remote",
      width: 210,
      mono: true,
      cell: from((one) => (one.isName ? { text: `${nameOf(one)}  DNS` } : nameOf(one))),
    },
    { id: "protocol", title: "Protocol", width: 84, cell: from(({ thing }) => thing.protocol ?? "") },
    { id: "began", title: "By", width: 82, cell: from(({ began }) => ({ text: began, tone: "muted" })) },
    {
      id: "waterfall",
      title: `${at(span.from, 3)} – ${at(span.to, 3)} s`,
      width: 340,
      sortable: false,
      cell: from(waterfall),
    },
    {
      id: "connect",
      title: "Connect",
      width: 82,
      numeric: true,
      doc: "Until connect had its answer; of one that did not wait, until something was moved at the latest",
      cell: from((one) => ns(connecting(one))),
    },
    {
      id: "first",
      title: "First byte",
      width: 94,
      numeric: true,
      doc: "From there until the first byte came",
      cell: from((one) => ns(firstWait(one))),
    },
    { id: "lived", title: "Open for", width: 84, numeric: true, cell: from(({ from: start, to }) => ns(to - start)) },
    {
      id: "sent",
      title: "Sent",
      width: 78,
      numeric: true,
      cell: from(({ sent, sends }) => (sends ? bytes(sent) : "")),
    },
    {
      id: "received",
      title: "Received",
      width: 88,
      numeric: true,
      cell: from(({ received, receives }) => (receives ? bytes(received) : "")),
    },
    { id: "error", title: "Error", width: 130, cell: from(problem) },
    { id: "tasks", title: "Task", width: 130, cell: from(whoOf) },
    { id: "local", title: "Local", width: 190, mono: true, cell: from(localOf) },
  ];
}

function problem({ error, failed, connect, ready }: Connection): Cell {
  if (!error && !Number.isNaN(connect) && Number.isNaN(ready)) return { text: "no answer seen", tone: "muted" };
  return { text: failed > 1 ? `${error} ×${count(failed)}` : error, tone: "bad" };
}

function describe(one: Connection, digits: number): string {
  const part = (name: string, value: number) => Number.isNaN(value) ? "" : `, ${name} ${at(value, digits)} s`;
  return (
    `opened ${at(one.from, digits)} s${part("connect", one.connect)}${part("connected", one.ready)}` +
    `${part("first byte", one.firstByte)}${part("last byte", one.lastByte)}`
    + (one.thing.closed ? part("closed", one.to) : ", not closed")
  );
}

const KINDS: [string, string, (one: Connection) => boolean][] = [
  ["internet", "Internet", ({ reach }) => reach === "remote" || reach === "loopback"],
  ["remote", "Remote", ({ reach }) => reach === "remote"],
  ["loopback", "Loopback", ({ reach }) => reach === "loopback"],
  ["dns", "DNS", ({ isName }) => isName],
  ["unix", "Unix", ({ reach }) => reach === "unix"],
  ["failed", "Failed", ({ failed }) => failed > 0],
  ["all", "All", () => true],
];

const LEGEND = [
  ["c3", "connecting"],
  ["c1", "waiting for the first byte"],
  ["c0", "bytes move"],
  ["line-strong", "open"],
  ["bad", "failed"],
];

function Lines({ list }: { list: Connection[] }) {
  const sort = sortOf(SORT, { id: "from", descending: false });
  const lines = sorted(list, sort, VALUES);
  const chosen =
    selected.value?.kind === "object" ? lines.findIndex(({ thing }) => thing.id === selected.value?.id) : -1;
  return (
    <Grid
      key={String(range.value?.from)}
      label="Connections"
      columns={columnsOf(lines, spanOf(list))}
      length={lines.length}
      sort={sort}
      onSort={keepSort(SORT)}
      chosen={chosen}
      onChoose={(index) => (selected.value = { kind: "object", id: lines[index]!.thing.id })}
      onOpen={(index) => showEvents([`object:${lines[index]!.thing.id}`])}
    />
  );
}

export function Network() {
  version.value;
  const all = connections.use();
  if (!all) return <Empty title="Adding up…" />;
  if (!all.length) {
    return (
      <Empty title="No sockets">
        <p>{report.loaded ? "Nothing that the filters leave is about a socket." : "Decoding…"}</p>
      </Empty>
    );
  }
  const options = KINDS.map(([id, title, holds]): Option => ({ id, title, count: all.filter(holds).length }))
    .filter(({ id, count: number }) => number || id === "internet");
  const shown = chosenOf(SHOW, options[0]!.count ? options : [...options.slice(1), options[0]!]);
  const list = all.filter(KINDS.find(([id]) => id === shown)![2]);
  return (
    <>
      <div class="toolbar">
        <Choice label="Which sockets" param={SHOW} options={options} />
        <ul class="legend" aria-label="Phases">{LEGEND.map(([colour, name]) =>
          <li key={name} ref={(element) => element?.style.setProperty("--key", `var(--${colour})`)}>{name}</li>)}</ul>
        <span class="grow" />
        <span class="muted">Enter shows a connection's events</span>
      </div>
      {list.length ? <Lines list={list} /> : <Empty title="None of these" />}
    </>
  );
}
