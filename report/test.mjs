// SPDX-License-Identifier: MIT
// Builds tests/*.test.ts into ../build/report/test and runs them: `node report/test.mjs`. TAP.
import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const out = fileURLToPath(new URL("../build/report/test", import.meta.url));
rmSync(out, { recursive: true, force: true });
const tests = readdirSync(`${here}/tests`).filter((name) => name.endsWith(".test.ts"));
esbuild.buildSync({
  entryPoints: tests.map((name) => `${here}/tests/${name}`), outdir: out, outExtension: { ".js": ".mjs" },
  bundle: true, platform: "node", target: "node18", format: "esm", sourcemap: "inline", logLevel: "warning",
});
const files = tests.map((name) => `${out}/${name.replace(".ts", ".mjs")}`);
const { status } = spawnSync(process.execPath, ["--test", "--test-reporter=tap", ...files], { stdio: "inherit" });
process.exit(status ?? 1);
