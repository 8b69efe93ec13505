// SPDX-License-Identifier: MIT
// The selected event as a line of strace, for Ctrl+C and the details.
import { report } from "../data/load.ts";
import { selected } from "../state.ts";
import { straceLine } from "./forms.ts";
import { recordOf, recordNow } from "./records.ts";

export async function copyEvent(row: number): Promise<void> {
  await navigator.clipboard.writeText(straceLine(await recordOf(report, row)));
  const live = document.getElementById("live");
  if (live) live.textContent = "Copied";
}

/** Ctrl+C copies the selected event when no text is selected. */
export function followCopy(): void {
  document.addEventListener("copy", (event) => {
    const { kind, id } = selected.value ?? {};
    const target = event.target as Element;
    if (kind !== "event" || getSelection()?.toString() || target.closest?.("input, textarea")) return;
    event.clipboardData?.setData("text/plain", straceLine(recordNow(report, id!)));
    event.preventDefault();
  });
}
