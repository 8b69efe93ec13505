// SPDX-License-Identifier: MIT
// Files made in the page: the browser asks where to, nothing is sent.
import { report } from "../data/load.ts";

/** What was traced, as part of a file's name. */
export function fileName(extension: string): string {
  const { command, title = "trace" } = report.start;
  const name =
    (command?.[0]?.split("/").at(-1) ?? title)
      .replace(/[^\w.-]+/g, "-")
      .slice(0, 60)
      .replace(/^[-.]+/, "") || "trace";
  return `${name}.${extension}`;
}

export function download(parts: BlobPart[], type: string, name: string): void {
  const address = URL.createObjectURL(new Blob(parts, { type }));
  const link = Object.assign(document.createElement("a"), { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}
