// SPDX-License-Identifier: MIT
// A real trace of a program that does a bit of everything, for tests of what a reader asks of a report.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./browser.mjs";
import { write } from "./files.mjs";

const compendium = process.env.COMPENDIUM ?? join(root, "compendium");

// Serves one request to itself, tries a port where nobody is, takes memory, writes a file.
const NET = `
const http = require("http"), net = require("net"), fs = require("fs");
const host = "127.0.0.1";
const server = http.createServer((request, response) => setTimeout(() => response.end("x".repeat(5000)), 60));
server.listen(0, host, () => http.get({ port: server.address().port, host, agent: false }, (response) => {
  response.resume().on("end", () => net.connect(1, "127.0.0.1").on("error", () => {
    fs.writeFileSync("out/result", "y".repeat(100000));
    const large = Buffer.alloc(200 << 20);
    setTimeout(() => process.exit(large[0]), 20);
  }));
}));`;
const PROGRAM = [
  "LD_LIBRARY_PATH=$PWD/lib cat in > out/copy", "sleep 0.4", "node net.js", "cat out/nothing",
  "mv out/copy out/renamed", "rm in",
].join("; ");

/** Why there is no real trace; undefined when there is. */
export const missing = existsSync(compendium) ? undefined : `${compendium} is not built`;

/** Traces the program. `folder` is where it ran; `remove()` removes that. */
export function trace() {
  const folder = mkdtempSync(join(tmpdir(), "compendium-real-"));
  mkdirSync(join(folder, "out"));
  mkdirSync(join(folder, "lib"));
  writeFileSync(join(folder, "net.js"), NET);
  writeFileSync(join(folder, "in"), "z".repeat(70000));
  const file = join(folder, "report.html");
  execFileSync(compendium, ["--report", file, "--", "sh", "-c", PROGRAM], { cwd: folder, stdio: "ignore",
    env: { ...process.env, PATH: `${join(process.execPath, "..")}:${process.env.PATH}` } });
  // In the page as it is built now, which need not be the one in the program.
  const tags = readFileSync(file, "utf8").match(/<script type="application\/x-compendium"[^>]*>[^<]*<\/script>\n/g);
  return { file: write("real", tags.join("")), folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
