// SPDX-License-Identifier: MIT
// What is not as it should be, said once at the top: nothing is left out in silence.
import { report } from "../data/load.ts";
import { loading, version } from "../data/report.ts";
import { at, count, seen } from "../text.ts";

/** Sentences about what is missing or was changed. */
function remarks(): string[] {
  const { end, errors, events } = report;
  const { complete, decoded, found, problem } = loading.value;
  const said = problem ? [problem] : [];
  const all = complete && decoded >= found;
  if (all && !end && !problem) {
    said.push(`The tracer did not get to its end: this is what it had written, up to ${at(report.duration, 3)} s.`);
  }
  for (const error of errors.slice(0, 5)) said.push(`A part of the file is damaged and not shown: ${error}.`);
  if (errors.length > 5) said.push(`${errors.length - 5} more parts are damaged.`);
  if (end?.lost?.count) said.push(`${count(end.lost.count)} events were lost; the hatched times on the map have gaps.`);
  if (end?.left_out?.count) said.push(`${count(end.left_out.count)} events are not in this file: ${end.left_out.why}.`);
  if (end?.tampered) said.push(`${count(end.tampered)} calls were changed by a script on purpose.`);
  if (end?.failed_hooks) said.push(`${count(end.failed_hooks)} hooks of scripts failed.`);
  if (events.length > 5e6) said.push("More than five million events: some things take a moment.");
  return said;
}

export function Banners() {
  version.value;
  const said = remarks();
  const { problem } = loading.value;
  if (!said.length) return null;
  return (
    <div class="banners" role="status">
      {said.map((text) => <p key={text}>{seen(text)}</p>)}
      {problem && <pre>{document.querySelector("noscript")?.textContent}</pre>}
    </div>
  );
}
