// SPDX-License-Identifier: MIT
// From a table or the details to the timeline.
import { report } from "./data/load.ts";
import { selectEvent, tab, view } from "./state.ts";
import { within } from "./shell/minimap.tsx";

/** Shows an event on the timeline, with some of what was around it. */
export function reveal(row: number): void {
  const time = report.events.number("time").at(row);
  const duration = report.events.number("duration").or0(row);
  const around = Math.max(duration * 10, 50e3);
  const shown = view.value;
  if (!shown || time < shown.from || time + duration > shown.to || duration < (shown.to - shown.from) / 2000) {
    view.value = within(time + duration / 2 - around, time + duration / 2 + around);
  }
  selectEvent(row);
  tab.value = "timeline";
}
