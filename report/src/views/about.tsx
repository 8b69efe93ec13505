// SPDX-License-Identifier: MIT
// What was traced and how, what is not in the report and why, keys, and whose work is in the page.
import { computed } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { report } from "../data/load.ts";
import { version } from "../data/report.ts";
import { noise, tab } from "../state.ts";
import { Feature, FEATURES } from "../parts/feature.tsx";
import { KeyList } from "../shell/help.tsx";
import { at, count, date, ns, seen } from "../text.ts";

interface Licence { name: string; version: string; licence: string; text: string }
declare const LICENCES: Licence[];

function Section({ title, isLong, children }: { title: string; isLong?: boolean; children: ComponentChildren }) {
  return <section class={isLong ? "long" : ""}><h2>{title}</h2>{children}</section>;
}

function Facts({ of }: { of: [string, string | undefined][] }) {
  return (
    <dl class="facts-list">
      {of.filter(([, value]) => value !== undefined && value !== "").map(([name, value]) =>
        <><dt key={name}>{name}</dt><dd><bdi>{seen(value!)}</bdi></dd></>)}
    </dl>
  );
}

function Traced() {
  const { start, end } = report;
  return (
    <Section title="What was traced">
      <Facts
        of={[
          ["command", start.command?.join(" ")],
          ["processes", start.pids?.join(", ")],
          ["host", start.host],
          ["began", start.started ? date(start.started) : undefined],
          ["took", ns(report.duration)],
          [
            "ended",
            end
              ? (end.signal ?? (end.code === undefined ? "" : `exit ${end.code}`))
              : "the tracer did not get to its end",
          ],
          ["compendium", start.version],
          ["format", String(start.format)],
          ["run", start.run],
          ["boot", start.boot],
          ["redacted", start.redacted ? "yes: secrets were taken out as they were written" : undefined],
        ]}
      />
    </Section>
  );
}

function Contents() {
  const tables = [...report.tables.values()].filter(({ length }) => length);
  return (
    <Section title="What is in this file">
      <Facts
        of={tables.map((table) => [table.name, `${count(table.length)} rows of ${table.declaration.length} columns`])}
      />
    </Section>
  );
}

function Missing() {
  const { end, errors } = report;
  const intervals = end?.lost?.intervals ?? [];
  const said = [
    end?.lost?.count
      ? `${count(end.lost.count)} events were lost as the kernel made them faster than they could be read.`
      : "No event was lost.",
    end?.left_out?.count ? `${count(end.left_out.count)} were left out: ${end.left_out.why}.` : "None was left out.",
    end?.tampered ? `${count(end.tampered)} calls were changed by scripts.` : "",
    end?.failed_hooks ? `${count(end.failed_hooks)} hooks of scripts failed.` : "",
    ...errors.map((error) => `A part of the file could not be read: ${error}.`),
  ].filter(Boolean);
  return (
    <Section title="Lost and left out">
      <ul>
        {said.map((text) => (
          <li key={text}>{seen(text)}</li>
        ))}
      </ul>
      {intervals.length > 0 && (
        <table class="plain">
          <thead>
            <tr>
              <th scope="col" class="num">
                From s
              </th>
              <th scope="col" class="num">
                To s
              </th>
              <th scope="col" class="num">
                Lost
              </th>
            </tr>
          </thead>
          <tbody>
            {intervals.slice(0, 50).map(([from, to, lost]) => (
              <tr key={from}>
                <td class="num">{at(from, 4)}</td>
                <td class="num">{at(to, 4)}</td>
                <td class="num">{count(lost)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Section>
  );
}

function Features() {
  const said = report.end?.features ?? {};
  const names = Object.keys(said);
  if (!names.length) return null;
  const off = names.filter((name) => !(said[name] ?? "off").startsWith("on"));
  const on = names.filter((name) => !off.includes(name));
  return (
    <Section title="What can be recorded besides">
      {on.length > 0 && <p>On: {on.map((name) => FEATURES[name]?.title ?? seen(name)).join(", ")}.</p>}
      {off.map((name) => <Feature key={name} name={name} />)}
    </Section>
  );
}

// How many events each rule hides.
const hiddenBy = computed(() => {
  version.value;
  const { events, strings } = report;
  const hidden = events.string("hidden").data;
  const counts = new Uint32Array(strings.count);
  for (let row = 0; row < events.length; row++) counts[hidden[row]!]!++;
  const byName = new Map<string, number>();
  for (let id = 1; id < counts.length; id++) {
    if (counts[id]) byName.set(strings.text(id), (byName.get(strings.text(id)) ?? 0) + counts[id]!);
  }
  return byName;
});

function Noise() {
  const rules = Object.entries(report.end?.noise ?? {}).map(([rule, why]) => ({
    rule,
    why,
    number: hiddenBy.value.get(rule) ?? 0,
  }));
  rules.sort((a, b) => b.number - a.number || (a.rule < b.rule ? -1 : 1));
  if (!rules.length) return null;
  return (
    <Section title="Noise: what is hidden at first" isLong>
      <p class="muted">
        All of it is in the file.{" "}
        <button
          type="button"
          class="link"
          onClick={() => {
            noise.value = true;
            tab.value = "events";
          }}
        >
          Show it
        </button>
      </p>
      <table class="plain">
        <thead>
          <tr>
            <th scope="col">Rule</th>
            <th scope="col" class="num">
              Hides
            </th>
            <th scope="col">Because</th>
          </tr>
        </thead>
        <tbody>
          {rules.map(({ rule, why, number }) => (
            <tr key={rule}>
              <th scope="row">{seen(rule)}</th>
              <td class="num">{number ? count(number) : ""}</td>
              <td class="muted">{seen(why)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}

function Keyboard() {
  return (
    <Section title="Keyboard" isLong>
      <KeyList />
    </Section>
  );
}

function Licences() {
  return (
    <Section title="In this page" isLong>
      {LICENCES.map(({ name, version: number, licence, text }) => (
        <details key={name}><summary>{name} {number} <small>{licence}</small></summary>
          <pre tabIndex={0} aria-label={`Licence of ${name}`}>{text}</pre></details>))}
    </Section>
  );
}

export function About() {
  version.value;
  const { summary } = report.end ?? {};
  return (
    <div class="scroll padded about">
      <Traced />
      <Contents />
      <Missing />
      <Features />
      {summary && (
        <Section title="The summary in the terminal">
          <pre tabIndex={0} aria-label="The summary in the terminal">
            {summary.split("\n").map(seen).join("\n")}
          </pre>
        </Section>
      )}
      <Noise />
      <Keyboard />
      <Licences />
    </div>
  );
}
