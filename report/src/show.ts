// SPDX-License-Identifier: MIT
// From a figure of a view to the events behind it.
import { batch } from "@preact/signals";
import { narrow } from "./filter.ts";
import { termFor } from "./query/parse.ts";
import { noise, Span, range, tab } from "./state.ts";

/** `key=value`: the whole text, not a part of it. */
export const exactly = (key: string, value: string): string => termFor(key, value).replace(":", "=");

/** The events that some terms leave, of what is filtered already. Noise is shown: the figure counted it. */
export function showEvents(terms: string[], span?: Span): void {
  batch(() => {
    for (const term of terms) narrow(term);
    if (span) range.value = span;
    noise.value = true;
    tab.value = "events";
  });
}
