// SPDX-License-Identifier: MIT
// `node report/synthetic.mjs EVENTS FILE`: a report of a made-up trace, with the page as it is built.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const bundle = `${root}/build/report/synthetic.mjs`;
esbuild.buildSync({ entryPoints: [`${root}/report/tests/synthetic.ts`], outfile: bundle, bundle: true, platform: "node",
  target: "node18", format: "esm", logLevel: "warning" });
const { synthetic } = await import(bundle);
const [events = "75000", file = `${root}/build/report/${events}.html`] = process.argv.slice(2);
const shell = (part) => readFileSync(`${root}/build/report/${part}.html`, "utf8");
writeFileSync(file, shell("head").replace("<!--TITLE-->", "make -j4") + synthetic({ events: Number(events) })
  + shell("tail").replace("<!--SUMMARY-->", "make -j4: a made-up trace"));
