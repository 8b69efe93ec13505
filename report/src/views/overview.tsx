// SPDX-License-Identifier: MIT
// The trace at a glance: figures, what stands out, where the time went, who was there.
import { computed } from "@preact/signals";
import { batch } from "@preact/signals";
import { CATEGORIES, WAITING } from "../data/category.ts";
import { Finding, findingsOf } from "../data/findings.ts";
import { report } from "../data/load.ts";
import { version } from "../data/report.ts";
import { addUsage, noUsage, Share, shares, usageByTask } from "../data/usage.ts";
import { narrow, order, rows } from "../filter.ts";
import { Card, Cards } from "../parts/card.tsx";
import { NoMatch } from "../parts/empty.tsx";
import { reveal } from "../reveal.ts";
import { query, range, tab } from "../state.ts";
import { fit } from "../timeline/viewport.ts";
import { bytes, count, ns, percent, seen } from "../text.ts";

// Without filters the figures are of everything, noise as well, as the summary in the terminal has them.
const counted = computed(() => {
  version.value;
  if (query.value || range.value) return rows.value;
  return order.value ?? Uint32Array.from({ length: report.events.length }, (_, row) => row);
});
const findings = computed(() => findingsOf(report, counted.value));
const portions = computed(() => shares(report, counted.value));
const sums = computed(() => {
  const all = noUsage();
  for (const usage of usageByTask(report, counted.value).values()) addUsage(all, usage);
  return all;
});

function show({ row, query: terms, span }: Finding): void {
  if (row !== undefined) return reveal(row);
  batch(() => {
    if (terms) query.value = terms;
    if (span) range.value = span;
    tab.value = span ? "timeline" : "events";
  });
  if (span) fit(span);
}

const open = (terms: string, id = "events") => () => {
  batch(() => {
    query.value = terms;
    tab.value = id;
  });
};

function Figures() {
  const all = sums.value;
  const tasks = report.tasks.list();
  const processes = tasks.filter(({ kind }) => kind !== "thread").length;
  const waiting = portions.value.find(({ category }) => category === WAITING)?.time ?? 0;
  return (
    <Cards>
      <Card title="Wall time" value={ns(report.duration)} note={report.end ? undefined : "so far"} />
      <Card title="In system calls" value={ns(all.time - waiting)} note={`and ${ns(waiting)} waiting, of all tasks`} />
      <Card
        title="System calls"
        value={count(all.calls)}
        note={`${count(Math.round(all.calls / (report.duration / 1e9)))} per second`}
        onOpen={open("")}
      />
      <Card
        title="Failed"
        value={count(all.failed)}
        note={all.calls ? percent(all.failed / all.calls) : ""}
        onOpen={open("err:*")}
      />
      <Card
        title="Read, written"
        value={`${bytes(all.read)}`}
        note={`${bytes(all.written)} written`}
        onOpen={open("type:read,write,copy")}
      />
      <Card
        title="Received, sent"
        value={bytes(all.received)}
        note={`${bytes(all.sent)} sent`}
        onOpen={open("type:recv,send")}
      />
      <Card
        title="Processes"
        value={count(processes)}
        note={`${count(tasks.length)} tasks with threads`}
        onOpen={() => (tab.value = "processes")}
      />
    </Cards>
  );
}

function Findings() {
  const list = findings.value;
  return (
    <section aria-labelledby="findings">
      <h2 id="findings">What stands out</h2>
      {!list.length && <p class="muted">Nothing does.</p>}
      <ul class="findings">
        {list.map((finding) => (
          <li key={finding.title + finding.text + finding.row}>
            <button type="button" class="link" onClick={() => show(finding)}>{seen(finding.title)}</button>
            <span class="muted"><bdi>{seen(finding.text)}</bdi></span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Portion({ share, total }: { share: Share; total: number }) {
  const { name, classes } = CATEGORIES[share.category]!;
  return (
    <tr>
      <th scope="row" class={`k${share.category}`}>
        {classes.length ? (
          <button type="button" class="link" onClick={() => narrow(`class:${classes.join(",")}`)}>
            {name}
          </button>
        ) : (
          name
        )}
      </th>
      <td class="num">{ns(share.time)}</td>
      <td class="num">{percent(share.time / total)}</td>
      <td class="num">{count(share.count)}</td>
      <td class={share.failed ? "num bad" : "num"}>{share.failed ? count(share.failed) : ""}</td>
    </tr>
  );
}

function Time() {
  const list = portions.value;
  const total = Math.max(list.reduce((sum, { time }) => sum + time, 0), 1);
  return (
    <section aria-labelledby="time">
      <h2 id="time">Where the time of calls went</h2>
      <div class="stack" aria-hidden="true">
        {list.map(({ category, time }) => <span key={category} class={`k${category}`}
          ref={(element) => element?.style.setProperty("flex-grow", String(time / total))} />)}
      </div>
      <table class="plain portions">
        <thead><tr><th scope="col">Kind</th><th scope="col" class="num">Time</th><th scope="col" class="num">Share</th>
          <th scope="col" class="num">Events</th><th scope="col" class="num">Failed</th></tr></thead>
        <tbody>{list.map((share) => <Portion key={share.category} share={share} total={total} />)}</tbody>
      </table>
    </section>
  );
}

export function Overview() {
  version.value;
  if (!counted.value.length) return <NoMatch />;
  return (
    <div class="scroll overview">
      <Figures />
      <div class="two">
        <Findings />
        <Time />
      </div>
    </div>
  );
}
