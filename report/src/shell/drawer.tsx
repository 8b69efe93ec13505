// SPDX-License-Identifier: MIT
// Details of what is selected, and ways from there.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { report } from "../data/load.ts";
import { copyEvent } from "../export/copy.ts";
import { version } from "../data/report.ts";
import type { Task, Thing } from "../data/tasks.ts";
import { narrow } from "../filter.ts";
import { termFor } from "../query/parse.ts";
import { reveal } from "../reveal.ts";
import { range, selected, Selection } from "../state.ts";
import { at, bytes, count, ns, seen, short } from "../text.ts";

function Row({ name, children }: { name: string; children: ComponentChildren }) {
  return children === undefined || children === null || children === "" ? null : (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

/** Text of the program that filters by itself when it is clicked. */
function Filter({ term, children }: { term: string; children: ComponentChildren }) {
  return <button type="button" class="link" title={`Only ${term}`} onClick={() => narrow(term)}>{children}</button>;
}

export function TaskLink({ task }: { task: Task | undefined }) {
  if (!task) return <>?</>;
  return (
    <button type="button" class="link" onClick={() => (selected.value = { kind: "task", id: task.id })}>
      {seen(task.comm ?? "?")} <small>{task.tid}</small>
    </button>
  );
}

function useLong(column: string, row: number): string | undefined {
  const [text, setText] = useState(() => report.events.longNow(column, row));
  useEffect(() => {
    let stale = false;
    setText(report.events.longNow(column, row));
    report.events.long(column, row).then((found) => stale || setText(found),
      (error: Error) => stale || setText(`(not readable: ${error.message})`));
    return () => void (stale = true);
  }, [row]);
  return text;
}

/** Long text, cut until one wants it all. */
function Long({ text }: { text: string }) {
  const [whole, setWhole] = useState(false);
  const cut = text.length > 4096 && !whole;
  return (
    <>
      <code class="wrap">{cut ? short(text) : seen(text)}</code>
      {cut && (
        <button type="button" class="link" onClick={() => setWhole(true)}>
          all {count(text.length)} characters
        </button>
      )}
    </>
  );
}

const FLAGS: [number, string][] = [[1, "unfinished"], [2, "began before the trace"], [4, "changed by a script"],
  [8, "further part of the call before"], [16, "record, not a call"], [32, "peek: the bytes come again"]];

function Event({ row }: { row: number }) {
  const args = useLong("args", row);
  const { events, tasks, objects } = report;
  const value = events.row(row) as Record<string, never>;
  const { time, duration, name, type, ret, error, path, remote, flags, hidden } = value;
  const task = tasks.get(value.task);
  const [thing, to] = [objects.get(value.object), objects.get(value.to)];
  const said = FLAGS.filter(([bit]) => (flags ?? 0) & bit).map(([, text]) => text).join(", ");
  return (
    <>
      <h2>
        <code>{seen(name ?? "event")}</code>
        {error && <span class="badge bad">{seen(error)}</span>}
      </h2>
      <p class="actions">
        <button type="button" onClick={() => reveal(row)}>
          Show on timeline
        </button>
        <button type="button" onClick={() => (range.value = { from: time, to: time + Math.max(duration ?? 0, 1) })}>
          Range
        </button>
        <button type="button" onClick={() => void copyEvent(row)} title="As a line of strace (Ctrl C)">
          Copy
        </button>
      </p>
      <dl class="facts-list">
        <Row name="arguments">{args ? <Long text={args} /> : args === undefined ? "…" : ""}</Row>
        <Row name="returned">
          {ret !== undefined ? <code>{ret > 0xffffff ? `0x${Number(ret).toString(16)}` : count(ret)}</code> : ""}
        </Row>
        <Row name="error">{error && <Filter term={termFor("err", error)}>{seen(error)}</Filter>}</Row>
        <Row name="start">{`${at(time, 9)} s`}</Row>
        <Row name="took">{ns(duration)}</Row>
        <Row name="end">{duration !== undefined ? `${at(time + duration, 9)} s` : ""}</Row>
        <Row name="task">{task && <TaskLink task={task} />}</Row>
        <Row name="type">{type && <Filter term={termFor("type", type)}>{seen(type)}</Filter>}</Row>
        <Row name="path">
          {path && (
            <Filter term={termFor("path", path)}>
              <bdi>{short(path)}</bdi>
            </Filter>
          )}
        </Row>
        <Row name="object">{thing && <ThingLink thing={thing} />}</Row>
        <Row name="to">{to && <ThingLink thing={to} />}</Row>
        <Row name="remote">{remote && <Filter term={termFor("remote", remote)}>{seen(remote)}</Filter>}</Row>
        <Row name="bytes">{value.bytes !== undefined ? `${bytes(value.bytes)} (${count(value.bytes)})` : ""}</Row>
        <Row name="note">{value.note && short(value.note, 1000)}</Row>
        <Row name="flags">{said}</Row>
        <Row name="noise">{hidden && seen(`${hidden}: ${report.end?.noise?.[hidden] ?? ""}`)}</Row>
      </dl>
    </>
  );
}

export function ThingLink({ thing }: { thing: Thing | undefined }) {
  if (!thing) return null;
  return (
    <button type="button" class="link" onClick={() => (selected.value = { kind: "object", id: thing.id })}>
      <bdi>{short(thing.name ?? thing.remote ?? thing.kind ?? "?", 512)}</bdi>
    </button>
  );
}

function TaskDetails({ task }: { task: Task }) {
  const children = report.tasks.list().filter(({ parent }) => parent === task.id);
  return (
    <>
      <h2>
        <code>{seen(task.comm ?? "task")}</code> <small>{task.tid}</small>
      </h2>
      <p class="actions">
        <button type="button" onClick={() => narrow(termFor("tid", task.tid ?? 0))}>
          Only this task
        </button>
        <button
          type="button"
          onClick={() => (range.value = { from: task.start ?? 0, to: task.end ?? report.duration })}
        >
          Its time
        </button>
      </p>
      <dl class="facts-list">
        <Row name="command">{task.argv && <Long text={task.argv} />}</Row>
        <Row name="program">{task.exe && <Filter term={termFor("exe", task.exe)}>{seen(task.exe)}</Filter>}</Row>
        <Row name="kind">{task.kind}</Row>
        <Row name="process">{task.pid}</Row>
        <Row name="made by">{task.parent && <TaskLink task={report.tasks.get(task.parent)} />}</Row>
        <Row name="start">{task.start !== undefined ? `${at(task.start)} s` : ""}</Row>
        <Row name="end">{task.end !== undefined ? `${at(task.end)} s` : ""}</Row>
        <Row name="lived">{task.end !== undefined ? ns(task.end - (task.start ?? 0)) : ""}</Row>
        <Row name="exit">{task.signal ? seen(task.signal) : task.code}</Row>
        <Row name="made">
          {children.length
            ? children.slice(0, 50).map((child) => (
                <div key={child.id}>
                  <TaskLink task={child} />
                </div>
              ))
            : ""}
        </Row>
      </dl>
    </>
  );
}

function ThingDetails({ thing }: { thing: Thing }) {
  return (
    <>
      <h2>
        <bdi>{short(thing.name ?? thing.kind ?? "object", 512)}</bdi>
      </h2>
      <p class="actions">
        <button type="button" onClick={() => narrow(termFor("object", thing.id))}>
          Only events on it
        </button>
      </p>
      <dl class="facts-list">
        <Row name="kind">{thing.kind}</Row>
        <Row name="protocol">{thing.protocol}</Row>
        <Row name="local">{thing.local && seen(thing.local)}</Row>
        <Row name="remote">{thing.remote && seen(thing.remote)}</Row>
        <Row name="opened">{thing.opened !== undefined ? `${at(thing.opened)} s` : ""}</Row>
        <Row name="closed">{thing.closed !== undefined ? `${at(thing.closed)} s` : ""}</Row>
        <Row name="opened by">{thing.task && <TaskLink task={report.tasks.get(thing.task)} />}</Row>
      </dl>
    </>
  );
}

export function Drawer({ selection: { kind, id } }: { selection: Selection }) {
  version.value;
  const task = kind === "task" ? report.tasks.get(id) : undefined;
  const thing = kind === "object" ? report.objects.get(id) : undefined;
  return (
    <aside class="drawer" aria-label="Details">
      <button type="button" class="quiet close" onClick={() => (selected.value = null)} title="Close (Esc)">
        <span aria-hidden="true">×</span><span class="unseen">Close details</span>
      </button>
      {kind === "event" && id < report.events.length && <Event key={id} row={id} />}
      {task && <TaskDetails task={task} />}
      {thing && <ThingDetails thing={thing} />}
    </aside>
  );
}
