// SPDX-License-Identifier: MIT
// The report itself again: the browser's own "save page" would write the page without its data, which is taken out
// of the document as it is read.

// What was before the data, and the data as it came. Blobs are the browser's to keep, outside of this page's memory;
// the worker makes them, since that takes as long as a frame.
let before = "";
const tags: { open: string; data: BlobPart }[] = [];

/** Must run before anything is in the page. */
export function rememberPage(): void {
  before = document.documentElement.outerHTML.replace(/<\/body>\s*<\/html>\s*$/i, "").trimEnd();
}

/** Keeps a tag of data but for what is in it, which `rememberData` brings. Tags come in their order. */
export function rememberTag(tag: HTMLScriptElement): void {
  const { k = "", t } = tag.dataset;
  // What is no name would not be the tag that it was.
  const table = t === undefined ? "" : ` data-t="${t.replace(/[^\w.-]/g, "")}"`;
  const kind = k.replace(/[^\w.-]/g, "");
  tags.push({ open: `<script type="application/x-compendium" data-k="${kind}"${table}>`, data: "" });
}

export function rememberData(tag: number, data: Blob): void {
  const own = tags[tag];
  if (own) own.data = data;
}

/** The parts of the whole file. */
export function wholeReport(): BlobPart[] {
  const end = document.querySelector("noscript")?.outerHTML ?? "";
  const data = tags.flatMap(({ open, data: text }) => [open, text, "</script>\n"]);
  return ["<!DOCTYPE html>\n", before, "\n", ...data, end, "\n</body>\n</html>\n"];
}
