// SPDX-License-Identifier: MIT
// What was traced and how it ended.
import { report } from "../data/load.ts";
import { loading, version } from "../data/report.ts";
import { count, date, ns, seen } from "../text.ts";
import { nextTheme, theme } from "../theme.ts";
import { exportOpen } from "./export.tsx";
import { helpOpen } from "./help.tsx";

function title(): string {
  const { command, pids, title: given } = report.start;
  return given ?? command?.join(" ") ?? (pids ? `attached to ${pids.join(", ")}` : "compendium");
}

function Exit() {
  const { end } = report;
  if (!end) return loading.value.complete ? <span class="badge bad">no end</span> : null;
  if (end.signal) return <span class="badge bad">{seen(end.signal)}</span>;
  if (end.code === undefined) return null;
  return <span class={`badge ${end.code ? "bad" : "good"}`}>exit {end.code}</span>;
}

function Progress() {
  const { decoded, found, complete } = loading.value;
  if (complete && decoded >= found) return null;
  return <span class="badge" role="status">decoding {decoded}/{found}{complete ? "" : "+"}</span>;
}

export function Header() {
  version.value;
  const { host, started } = report.start;
  const { length } = report.events;
  return (
    <header class="header">
      <h1 title={seen(title())}><span class="prompt" aria-hidden="true">$</span> <bdi>{seen(title())}</bdi></h1>
      <Exit />
      <Progress />
      <span class="facts">
        <b>{ns(report.duration)}</b>
        <span>{count(length)} {length === 1 ? "event" : "events"}</span>
        {host && <span>{seen(host)}</span>}
        {started && <time>{date(started)}</time>}
        {report.start.redacted && <span class="badge">redacted</span>}
      </span>
      <span class="actions">
        <button type="button" class="quiet" onClick={() => (exportOpen.value = true)} title="Export, save, print (E)">
          ⤓<span class="unseen">Export</span>
        </button>
        <button type="button" class="quiet" onClick={nextTheme} title="Theme (t)">
          {{ auto: "◐", light: "☀", dark: "☾" }[theme.value]}<span class="unseen">Theme: {theme.value}</span>
        </button>
        <button type="button" class="quiet" onClick={() => (helpOpen.value = true)} title="Keys and query (?)">
          ?<span class="unseen">Help</span>
        </button>
      </span>
    </header>
  );
}
