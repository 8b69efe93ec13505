// SPDX-License-Identifier: MIT
// The page of the report in two halves, build/report/head.html and tail.html: the writer puts tags of data between
// them. Everything is inline; the CSP names the script and the style by their hashes, so nothing else runs.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import esbuild from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const out = process.argv[2] ?? fileURLToPath(new URL("../build/report", import.meta.url));
// The libraries are a third of it, uPlot the largest; licences, which must go with them, a tenth.
const LIMIT = { raw: 360e3, gzip: 130e3 };
// Names of namespaces and of licences look like addresses, but nothing is loaded from them.
const NAMES = /^http:\/\/www\.w3\.org\//;

function bundle(entry, define) {
  const { outputFiles, metafile } = esbuild.buildSync({
    entryPoints: [`${here}/src/${entry}`], bundle: true, write: false, minify: true, format: "iife", metafile: true,
    target: ["chrome90", "firefox113", "safari16.4"], jsx: "automatic", jsxImportSource: "preact", define,
    legalComments: "none", charset: "ascii", logLevel: "warning",
  });
  return { text: outputFiles[0].text.trim(), inputs: Object.keys(metafile.inputs) };
}

// The packages whose files are in the page, with their licences.
function licences(inputs) {
  const names = inputs.map((file) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1]).filter(Boolean);
  return [...new Set([...names, "uplot"])].sort().map((name) => {
    const folder = `${here}/node_modules/${name}`;
    const { version, license } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
    const file = existsSync(folder) && readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    return { name, version, licence: license, text: file ? readFileSync(`${folder}/${file}`, "utf8").trim() : "" };
  });
}

function styles() {
  const folder = `${here}/src/style`;
  const css = readdirSync(folder).sort().map((file) => readFileSync(`${folder}/${file}`, "utf8"));
  css.unshift(readFileSync(`${here}/node_modules/uplot/dist/uPlot.min.css`, "utf8"));
  return esbuild.transformSync(css.join("\n"), { loader: "css", minify: true, target: "chrome90", logLevel: "warning" })
    .code.trim();
}

const sha256 = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

// The parser ends a script at its end tag, and is led astray by these two, wherever they are.
const inScript = (text) => text.replace(/<(?=\/script|script|!--)/gi, "\\x3c");

function policy(script, style) {
  return ["default-src 'none'", `script-src ${sha256(script)}`, `style-src ${sha256(style)}`, "img-src data: blob:",
    "worker-src blob:", "base-uri 'none'", "form-action 'none'", "require-trusted-types-for 'script'",
    "trusted-types default"].join("; ");
}

function check(page, licenceTexts) {
  const raw = Buffer.byteLength(page);
  const gzip = gzipSync(page, { level: 9 }).length;
  const loads = (page.match(/https?:\/\/[^\s"'`<>)\\]+/g) ?? []).filter((address) =>
    !NAMES.test(address) && !licenceTexts.some((text) => text.includes(address)));
  if (loads.length) throw new Error(`the page may load ${loads.join(", ")}`);
  if (raw > LIMIT.raw || gzip > LIMIT.gzip) throw new Error(`the page is too large: ${raw} bytes, ${gzip} compressed`);
  return { raw, gzip };
}

const worker = bundle("worker.ts", {});
const plain = bundle("main.tsx", { WORKER: JSON.stringify(worker.text), LICENCES: "[]" });
const used = licences([...worker.inputs, ...plain.inputs]);
const app = bundle("main.tsx", { WORKER: JSON.stringify(worker.text), LICENCES: JSON.stringify(used) });
const script = inScript(app.text);
const style = styles();

const head = `<!DOCTYPE html>
<html lang="en">
<head>
<meta http-equiv="Content-Security-Policy" content="${policy(script, style)}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="referrer" content="no-referrer">
<title><!--TITLE--></title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<div id="app"></div>
<script>${script}</script>
`;
const tail = `<noscript><pre><!--SUMMARY--></pre></noscript>
</body>
</html>
`;
const { raw, gzip } = check(head + tail, used.map(({ text }) => text));
mkdirSync(out, { recursive: true });
writeFileSync(`${out}/head.html`, head);
writeFileSync(`${out}/tail.html`, tail);
writeFileSync(`${out}/THIRD_PARTY.txt`, used.map(({ name, version, licence, text }) =>
  `${name} ${version} (${licence})\n\n${text}\n`).join(`\n${"-".repeat(72)}\n\n`));
if (process.env.V) console.log(`report: ${raw} bytes, ${gzip} compressed`);
