// SPDX-License-Identifier: MIT
// Which process had most memory and when, as lines and as a table; what was touched first, with --faults.
import { computed } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { report } from "../data/load.ts";
import { Curve, Curves, curvesOf, Metric, metricsOf } from "../data/memory.ts";
import { version } from "../data/report.ts";
import { Sliced } from "../data/sliced.ts";
import { Card, Cards } from "../parts/card.tsx";
import { Chart, Line } from "../parts/chart.tsx";
import { Choice, chosenOf } from "../parts/choice.tsx";
import { Empty } from "../parts/empty.tsx";
import { TaskLink } from "../shell/drawer.tsx";
import { range, Span, tab, view } from "../state.ts";
import { at, bytes, count, seen } from "../text.ts";
import { within } from "../shell/minimap.tsx";
import { Faults } from "./faults.tsx";

const METRIC = "memory.of";
const SLOTS = 1000;
const LISTED = 200;
const COLOURS = ["c0", "c1", "c2", "c3", "c4", "c5", "c6"];

const metrics = computed(() => {
  version.value;
  return metricsOf(report);
});
const metric = computed((): Metric | undefined => metrics.value.length
  ? metrics.value.find(({ id }) => id === chosenOf(METRIC, metrics.value)) : undefined);
const span = computed((): Span => {
  version.value;
  return range.value ?? { from: 0, to: report.duration };
});

function* nothing(): Generator<void, Curves | null> {
  return null;
}
const curves = new Sliced(() => [metric.value, span.value, version.value],
  ([what, when]) => what ? curvesOf(report, what, when, SLOTS) : nothing());

/** For the print. */
export const memoryCurves = () => curves.now();

const nameOf = ({ task, pid }: Curve) => `${task?.comm ?? "?"} ${pid}`;

function reveal(moment: number): void {
  const around = report.duration / 100;
  view.value = within(moment - around, moment + around);
  tab.value = "timeline";
}

function Peaks({ all }: { all: Curves }) {
  const { total, processes } = all;
  const [largest] = processes;
  return (
    <Cards>
      <Card
        title="Most at once, all processes"
        value={bytes(total.peak)}
        note={`at ${at(total.at, 4)} s`}
        onOpen={() => reveal(total.at)}
      />
      {largest && (
        <Card
          title="Most in one process"
          value={bytes(largest.peak)}
          note={
            <span class="isolate">
              {seen(nameOf(largest))} at {at(largest.at, 4)} s
            </span>
          }
          onOpen={() => reveal(largest.at)}
        />
      )}
      <Card title="Processes" value={count(processes.length)} note={`${bytes(total.last)} at the end`} />
    </Cards>
  );
}

function Lines({ all }: { all: Curves }) {
  const { total, processes, slots } = all;
  const drawn = useMemo(() => {
    const x = Float64Array.from(
      { length: slots },
      (_, i) => all.span.from + ((i + 0.5) * (all.span.to - all.span.from)) / slots,
    );
    const own = processes.filter(({ values }) => values).map((curve, i): Line =>
      ({ title: nameOf(curve), values: curve.values!, colour: COLOURS[i % COLOURS.length]! }));
    const lines: Line[] = [
      { title: "all processes", values: total.values!, colour: "muted", area: true, dashed: true },
      ...own,
    ];
    const marks = [{ x: total.at, title: `most: ${bytes(total.peak)}` }];
    return { x, lines, marks };
  }, [all]);
  return (
    <Chart
      label={`Memory over time; most ${bytes(total.peak)} at ${at(total.at, 3)} s. The table below has each process.`}
      {...drawn}
      text={(value) => bytes(value)}
      binary
      height={280}
      onRange={(chosen) => (range.value = chosen)}
    />
  );
}

function Table({ all }: { all: Curves }) {
  const most = all.processes[0]?.peak ?? 1;
  return (
    <table class="plain memory-table">
      <caption class="unseen">Memory of each process</caption>
      <thead>
        <tr>
          <th scope="col">Process</th>
          <th scope="col" class="num">
            Most
          </th>
          <th scope="col">
            <span class="unseen">Share</span>
          </th>
          <th scope="col" class="num">
            At s
          </th>
          <th scope="col" class="num">
            Last
          </th>
          <th scope="col">Command</th>
        </tr>
      </thead>
      <tbody>
        {all.processes.slice(0, LISTED).map((curve) => (
          <tr key={curve.pid}>
            <th scope="row">{curve.task ? <TaskLink task={curve.task} /> : curve.pid}</th>
            <td class="num">{bytes(curve.peak)}</td>
            <td class="meter">
              <span ref={(element) => element?.style.setProperty("width", `${(curve.peak / most) * 100}%`)} />
            </td>
            <td class="num">
              <button type="button" class="link" onClick={() => reveal(curve.at)}>
                {at(curve.at, 4)}
              </button>
            </td>
            <td class="num">{bytes(curve.last)}</td>
            <td class="cut mono">{seen(curve.task?.argv ?? curve.task?.exe ?? "")}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function Memory() {
  version.value;
  const all = curves.use();
  const list = metrics.value;
  const what = metric.value;
  return (
    <div class="scroll padded">
      {!what && (
        <Empty title={report.loaded ? "No memory was recorded" : "Decoding…"}>
          <p>Changes of what is mapped come by themselves; what is resident with --faults.</p>
        </Empty>
      )}
      {what && (
        <div class="toolbar inset">
          <Choice label="Which memory" param={METRIC} options={list} />
          <span class="muted">{what.doc}. Drag over the chart for a range.</span>
        </div>
      )}
      {what && all && (
        <>
          <Peaks all={all} />
          <Lines all={all} />
          <Table all={all} />
        </>
      )}
      {what && all && all.processes.length > LISTED && (
        <p class="muted">and {count(all.processes.length - LISTED)} smaller ones</p>
      )}
      <Faults span={span} />
    </div>
  );
}
