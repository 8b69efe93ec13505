// SPDX-License-Identifier: MIT
// Statistics of the range, as far as the filters leave it.
import { computed } from "@preact/signals";
import { report } from "../data/load.ts";
import { version } from "../data/report.ts";
import { narrow, rows } from "../filter.ts";
import { termFor } from "../query/parse.ts";
import { range, selected } from "../state.ts";
import { bytes, count, ns, percent, seen } from "../text.ts";
import { fit } from "./viewport.ts";
import { pivot, statisticsOf } from "./statistics.ts";

const MOST = 6;

const figures = computed(() => {
  version.value;
  const { events, strings } = report;
  const [name, task] = [events.string("name"), events.number("task")];
  // Equal names may have several ids: the first one stands for all.
  const first = new Map<string, number>();
  const same = (id: number) => {
    const text = strings.text(id);
    const known = first.get(text);
    if (known === undefined) first.set(text, id);
    return known ?? id;
  };
  return { all: statisticsOf(report, rows.value), calls: pivot(report, rows.value, (row) => same(name.id(row))),
    tasks: pivot(report, rows.value, (row) => task.or0(row)) };
});

function Figure({ title, value }: { title: string; value: string }) {
  return <div><dt>{title}</dt><dd>{value || "–"}</dd></div>;
}

interface PivotProps {
  title: string;
  list: { key: number; count: number; sum: number }[];
  total: number;
  name: (key: number) => string;
  onChoose: (key: number) => void;
}

function Pivot({ title, list, total, name, onChoose }: PivotProps) {
  return (
    <table class="pivot">
      <caption>
        {title}
        {list.length > MOST && (
          <small>
            {" "}
            {MOST} of {list.length}
          </small>
        )}
      </caption>
      <tbody>
        {list.slice(0, MOST).map(({ key, count: times, sum }) => (
          <tr key={key}>
            <th scope="row">
              <button type="button" class="link" onClick={() => onChoose(key)}>
                {seen(name(key))}
              </button>
            </th>
            <td class="num">{count(times)}</td>
            <td class="num">{ns(sum)}</td>
            <td class="num share">{total ? percent(sum / total) : ""}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function RangePanel() {
  const span = range.value;
  if (!span) return null;
  const { all, calls, tasks } = figures.value;
  const length = span.to - span.from;
  return (
    <section class="range-panel" aria-label="The chosen range">
      <div class="range-head">
        <h2>{ns(length)}</h2>
        <button type="button" onClick={() => fit(span)}>Zoom (f)</button>
        <button type="button" onClick={() => (range.value = null)}>Clear</button>
      </div>
      <dl class="figures">
        <Figure title="events" value={count(all.count)} />
        <Figure title="failed" value={count(all.failed)} />
        <Figure title="in calls" value={ns(all.sum)} />
        <Figure title="bytes" value={bytes(all.bytes)} />
        <Figure title="average" value={ns(all.average)} />
        <Figure title="least" value={ns(all.least)} />
        <Figure title="p50" value={ns(all.p50)} />
        <Figure title="p95" value={ns(all.p95)} />
        <Figure title="p99" value={ns(all.p99)} />
        <Figure title="most" value={ns(all.most)} />
      </dl>
      <Pivot title="Calls" list={calls} total={all.sum} name={(id) => report.strings.text(id)}
        onChoose={(id) => narrow(termFor("name", report.strings.text(id)))} />
      <Pivot title="Tasks" list={tasks} total={all.sum} name={(id) => {
        const { comm = "?", tid = "" } = report.tasks.get(id) ?? {};
        return `${comm} ${tid}`;
      }} onChoose={(id) => (selected.value = { kind: "task", id })} />
    </section>
  );
}
