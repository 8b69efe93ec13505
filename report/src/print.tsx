// SPDX-License-Identifier: MIT
// On paper: the overview, the timeline and the largest of each table, in the light theme and on a few pages. It is made
// when the browser is about to print, at once, since it does not wait.
import { ComponentChildren, render } from "preact";
import { isFile, isMissing } from "./data/files.ts";
import { connecting, firstWait } from "./data/connections.ts";
import { report } from "./data/load.ts";
import { usageByTask } from "./data/usage.ts";
import { counted } from "./filter.ts";
import { query, range } from "./state.ts";
import { at, bytes, count, date, ns, seen, short } from "./text.ts";
import { painted } from "./theme.ts";
import { timelinePicture } from "./timeline/picture.ts";
import { fileUses } from "./views/files.tsx";
import { groupsNow } from "./views/latency.tsx";
import { memoryCurves } from "./views/memory.tsx";
import { connections } from "./views/network.tsx";
import { Overview } from "./views/overview.tsx";

const ROWS = 50, LANES = 40, WIDTH = 1040;

type Line = (string | number)[];
const some = (value: number, text: (value: number) => string): string => value ? text(value) : "";

/** A table with its largest lines. Texts stand on the left, figures on the right. */
function Top({
  title,
  columns,
  lines,
  texts = 1,
}: {
  title: string;
  columns: string[];
  lines: Line[];
  texts?: number;
}) {
  if (!lines.length) return null;
  const shown = lines.slice(0, ROWS);
  return (
    <section>
      <h2>
        {title}
        {lines.length > ROWS && (
          <small>
            {" "}
            the first {ROWS} of {count(lines.length)}
          </small>
        )}
      </h2>
      <table class="top">
        <thead>
          <tr>
            {columns.map((name, i) => (
              <th key={name} class={i < texts ? "" : "num"}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((line, i) => (
            <tr key={i}>
              {line.map((cell, place) => (
                <td key={place} class={place < texts ? "" : "num"}>
                  <bdi>{short(String(cell), 110)}</bdi>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Processes() {
  const used = usageByTask(report, counted.value);
  const lines = report.tasks
    .list()
    .map((task) => ({ task, usage: used.get(task.id) }))
    .filter(({ usage }) => usage)
    .sort((a, b) => b.usage!.time - a.usage!.time)
    .map(({ task, usage }): Line => [
      `${task.comm ?? "?"} ${task.tid ?? ""}`,
      task.argv ?? task.exe ?? "",
      at(task.start ?? 0, 3),
      task.signal ?? (task.code === undefined ? "" : String(task.code)),
      count(usage!.calls),
      some(usage!.failed, count),
      ns(usage!.time),
      some(usage!.read, bytes),
      some(usage!.written, bytes),
    ]);
  return <Top title="Tasks by their time in calls" texts={2} lines={lines}
    columns={["Task", "Command", "Start s", "End", "Calls", "Failed", "In calls", "Read", "Written"]} />;
}

function Files() {
  const all = fileUses.now();
  const files = all
    .filter((use) => isFile(use) && !isMissing(use))
    .sort((a, b) => b.written - a.written || b.time - a.time);
  const missing = all.filter(isMissing).sort((a, b) => b.missed - a.missed).slice(0, 25);
  return (
    <>
      <Top
        title="Files by what was written to them, then by time"
        columns={["File", "Opens", "Failed", "Read", "Written", "In calls", "Tasks"]}
        lines={files.map(({ name, opens, failed, read, written, time, tasks }) => [
          name,
          some(opens, count),
          some(failed, count),
          some(read, bytes),
          some(written, bytes),
          ns(time),
          count(tasks.size),
        ])}
      />
      <Top
        title="Looked for and not there"
        columns={["Name", "Times", "Tasks"]}
        lines={missing.map(({ name, missed, tasks }) => [name, count(missed), count(tasks.size)])}
      />
    </>
  );
}

function Network() {
  const lines = connections
    .now()
    .sort((a, b) => b.sent + b.received - a.sent - a.received)
    .map((one): Line => [
      one.remote || one.thing.name || "",
      one.thing.protocol ?? "",
      one.began,
      one.error,
      at(one.from, 4),
      ns(connecting(one)),
      ns(firstWait(one)),
      ns(one.to - one.from),
      some(one.sent, bytes),
      some(one.received, bytes),
    ]);
  return (
    <Top
      title="Connections by bytes"
      texts={4}
      lines={lines}
      columns={[
        "Remote",
        "Protocol",
        "By",
        "Error",
        "Opened s",
        "Connect",
        "First byte",
        "Open for",
        "Sent",
        "Received",
      ]}
    />
  );
}

function Calls({ kind }: { kind: "calls" | "waits" }) {
  const isWait = kind === "waits";
  const lines = groupsNow(kind).map((group): Line => [
    group.call,
    ...(isWait ? [group.on] : []),
    count(group.count),
    some(group.failed, count),
    ns(group.total),
    ns(group.total / group.count),
    ns(group.p50),
    ns(group.p95),
    ns(group.p99),
    ns(group.max),
  ]);
  return <Top title={isWait ? "What was waited for" : "Calls by their time"} texts={isWait ? 2 : 1} lines={lines}
    columns={["Call", ...(isWait ? ["On"] : []), "Count", "Failed", "Total", "Mean", "p50", "p95", "p99", "Max"]} />;
}

function Memory() {
  const { processes = [] } = memoryCurves() ?? {};
  return (
    <Top
      title="Memory by the most of each process"
      columns={["Process", "Most", "At s", "Last"]}
      lines={processes.map(({ task, pid, peak, at: when, last }) => [
        `${task?.comm ?? "?"} ${pid}`,
        bytes(peak),
        at(when, 4),
        bytes(last),
      ])}
    />
  );
}

function Section({ title, children }: { title: string; children: ComponentChildren }) {
  return <section><h2>{title}</h2>{children}</section>;
}

function Paper({ timeline }: { timeline: HTMLCanvasElement }) {
  const { start, end } = report;
  const filters = [query.value, range.value && `${at(range.value.from, 4)} – ${at(range.value.to, 4)} s`]
    .filter(Boolean)
    .join(", ");
  return (
    <>
      <header>
        <h1>
          <code>{seen(start.title ?? start.command?.join(" ") ?? "trace")}</code>
        </h1>
        <p>
          {[
            ns(report.duration),
            `${count(report.events.length)} events`,
            seen(start.host ?? ""),
            start.started ? date(start.started) : "",
            end?.signal ? seen(end.signal) : end?.code === undefined ? "" : `exit ${end.code}`,
            `compendium ${seen(start.version)}`,
          ]
            .filter(Boolean)
            .join("  ·  ")}
        </p>
        {filters && (
          <p>
            Filtered: <code>{seen(filters)}</code>
          </p>
        )}
      </header>
      <Overview />
      <Section title="Timeline">
        <div ref={(element) => element?.replaceChildren(timeline)} />
      </Section>
      <Calls kind="calls" />
      <Calls kind="waits" />
      <Processes />
      <Files />
      <Network />
      <Memory />
    </>
  );
}

/** Makes the paper when the browser prints, and takes it away afterwards. */
export function followPrint(): void {
  const paper = document.createElement("div");
  paper.id = "paper";
  const page = document.documentElement;
  let theme = "";
  addEventListener("beforeprint", () => {
    if (page.dataset.theme !== "light") theme = page.dataset.theme ?? "auto";
    page.dataset.theme = "light";
    document.body.append(paper);
    render(<Paper timeline={timelinePicture(WIDTH, LANES, 2)} />, paper);
  });
  addEventListener("afterprint", () => {
    render(null, paper);
    paper.remove();
    if (theme) page.dataset.theme = theme;
    theme = "";
    painted.value++;
  });
}
