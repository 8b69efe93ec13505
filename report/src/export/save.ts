// SPDX-License-Identifier: MIT
// The report itself again: the browser's own "save page" would write the page without its data, which is taken out
// of the document as it is read.

// What was before the data, and the data as it came. Blobs are the browser's to keep, outside of this page's memory.
let before = "";
const tags: Blob[] = [];

/** Must run before anything is in the page. */
export function rememberPage(): void {
  before = document.documentElement.outerHTML.replace(/<\/body>\s*<\/html>\s*$/i, "").trimEnd();
}

/** Keeps a tag of data. */
export function rememberTag(tag: HTMLScriptElement): void {
  tags.push(new Blob([tag.outerHTML, "\n"]));
}

/** The parts of the whole file. */
export function wholeReport(): BlobPart[] {
  const end = document.querySelector("noscript")?.outerHTML ?? "";
  return ["<!DOCTYPE html>\n", before, "\n", ...tags, end, "\n</body>\n</html>\n"];
}
