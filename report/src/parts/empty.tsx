// SPDX-License-Identifier: MIT
// Why there is nothing to see, and what to do about it.
import type { ComponentChildren } from "preact";
import { report } from "../data/load.ts";
import { clearFilters, hiddenCount } from "../filter.ts";
import { noise, query, range } from "../state.ts";
import { count } from "../text.ts";

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return <div class="empty"><h2>{title}</h2>{children}</div>;
}

/** For views whose events are all filtered away, or of which there are none. */
export function NoMatch() {
  if (!report.loaded) return <Empty title="Decoding…" />;
  if (!report.events.length) {
    return <Empty title="Nothing was recorded"><p>The trace has no events. Less is left out without filters and with
      --all-calls; what a program does before compendium attaches is not seen.</p></Empty>;
  }
  return (
    <Empty title="No event matches">
      <p>{[query.value && `the query “${query.value}”`, range.value && "a range of time",
        !noise.value && hiddenCount.value > 0 && `${count(hiddenCount.value)} events that noise rules hide`]
        .filter(Boolean).join(", ")}</p>
      <p><button type="button" onClick={clearFilters}>Clear filters</button></p>
    </Empty>
  );
}
