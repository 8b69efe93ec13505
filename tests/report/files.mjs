// SPDX-License-Identifier: MIT
// Reports made for a test: the built page with tags between its halves.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "./browser.mjs";

const esbuild = createRequire(join(root, "report/package.json"))("esbuild");
const folder = join(root, "build/report/pages");
mkdirSync(folder, { recursive: true });

const bundle = join(folder, `made-up-${process.pid}.mjs`);
esbuild.buildSync({
  stdin: {
    contents: 'export * from "./encode.ts"; export * from "./synthetic.ts";',
    resolveDir: join(root, "report/tests"),
    loader: "ts",
  },
  outfile: bundle,
  bundle: true,
  platform: "node",
  target: "node18",
  format: "esm",
  logLevel: "warning",
});
export const { Encoder, TABLES, synthetic } = await import(pathToFileURL(bundle).href);

const half = (name) => readFileSync(join(root, `build/report/${name}.html`), "utf8");
const escape = (text) => text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);

/** Writes a report of these tags; returns its path. */
export function write(name, tags, { title = "made up", summary = "a summary" } = {}) {
  const path = join(folder, `${name}-${process.pid}.html`);
  writeFileSync(path, half("head").replace("<!--TITLE-->", () => escape(title)) + tags
    + half("tail").replace("<!--SUMMARY-->", () => escape(summary)));
  return path;
}

/** A trace of `count` calls of one task and little else: quick to make. */
export function plain(count) {
  const file = new Encoder({ events: TABLES.events.slice(0, 4), tasks: TABLES.tasks });
  file.rows("tasks", [{ id: 1, tid: 7, pid: 7, kind: "command", comm: "many", start: 0 }]);
  for (let first = 0; first < count; first += 65536) {
    const rows = [];
    for (let i = first; i < Math.min(count, first + 65536); i++)
      rows.push({ time: i * 1000, duration: 300 + (i % 400), task: 1, name: "getpid" });
    file.rows("events", rows);
  }
  file.end({ time: count * 1000, code: 0 });
  return file.toString();
}
