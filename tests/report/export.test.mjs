// SPDX-License-Identifier: MIT
// Files that the page makes: texts of what the filters leave, pictures, itself again, and paper.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { launch, loaded, open, until } from "./browser.mjs";
import { Encoder, synthetic, TABLES, write } from "./files.mjs";

let browser, file;
before(async () => {
  file = write("export", synthetic({ events: 5000 }));
  browser = await launch();
});
after(() => browser.close());

const quiet = (seen) => assert.deepEqual(seen, { requests: [], violations: [], dialogs: [], errors: [] });

/** Presses a button of the export dialog; the path of the file that came of it, and its name. */
async function save(page, button) {
  if (!(await page.$("dialog[open]"))) await page.keyboard.press("E");
  const [made] = await Promise.all([page.waitForEvent("download"), page.click(`.exports button:text-is("${button}")`)]);
  return { path: await made.path(), name: made.suggestedFilename() };
}
const text = async (page, button) => readFileSync((await save(page, button)).path, "utf8");

test("every form has the events that the filters leave", async () => {
  const { page, seen } = await open(browser, file, { hash: "#query=class:file" });
  await loaded(page);
  const left = Number((await page.evaluate(() => document.querySelector(".hits b").textContent)).replace(",", ""));
  const lines = (body) => body.trimEnd().split("\n").length;
  assert.equal(lines(await text(page, "CSV")), left + 1);
  assert.equal(lines(await text(page, "TSV")), left + 1);
  assert.equal(lines(await text(page, "NDJSON")), left);
  assert.equal(lines(await text(page, "strace")), left);
  const list = JSON.parse(await text(page, "JSON"));
  assert.equal(list.length, left);
  assert.ok(list.every((event) => event.class === "file" && event.comm && event.args !== undefined));
  const { traceEvents } = JSON.parse(await text(page, "Perfetto"));
  const slices = traceEvents.filter(({ ph }) => ph === "X" || ph === "i");
  assert.equal(slices.length, left);
  assert.ok(traceEvents.some(({ ph, name }) => ph === "M" && name === "process_name"));
  assert.equal(slices[5].ts, list[5].time / 1000);
  quiet(seen);
  await page.close();
});

test("nothing of a file is a formula in a spreadsheet", async () => {
  const names = ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(1)", "\tx", 'a "quoted", one', "line\nend"];
  const out = new Encoder(TABLES, { command: ["/bin/a b"] });
  out.rows("tasks", [{ id: 1, tid: 7, pid: 7, comm: "=evil", start: 0 }]);
  out.rows("events", names.map((path, i) => ({ time: i, duration: 1, task: 1, name: "openat", ret: -2, path })));
  out.end({ time: 10, code: 0 });
  const { page, seen } = await open(browser, write("formulas", out.toString()));
  await loaded(page);
  const { path, name } = await save(page, "CSV");
  assert.equal(name, "a-b.csv");
  const csv = readFileSync(path, "utf8");
  const made = ["'=cmd|' /C calc'!A0", "'+1", "'-1", "'@SUM(1)", "'\tx",
    '"a ""quoted"", one"', '"line\nend"', "'=evil"];
  for (const cell of made) {
    assert.ok(csv.includes(`,${cell},`), cell);
  }
  assert.ok(csv.includes(",-2,"), "numbers stay numbers");
  const tsv = await text(page, "TSV");
  assert.equal(tsv.trimEnd().split("\n").length, names.length + 1);
  quiet(seen);
  await page.close();
});

test("the report is saved again, whole", async () => {
  const { page, seen } = await open(browser, file);
  await loaded(page);
  await page.click("#tab-timeline");
  const saved = readFileSync((await save(page, "Save report")).path, "utf8");
  await page.close();
  const tags = (body) => body.match(/<script type="application\/x-compendium"[^>]*>[^<]*<\/script>/g);
  assert.deepEqual(tags(saved), tags(readFileSync(file, "utf8")));
  const again = write("saved", "");
  (await import("node:fs")).writeFileSync(again, saved);
  const second = await open(browser, again);
  await loaded(second.page);
  assert.equal(await second.page.evaluate(() => window.report.events.length), 5000);
  assert.deepEqual(await second.page.evaluate(() => window.report.errors), []);
  assert.equal(await second.page.title(), "made up");
  quiet(seen);
  quiet(second.seen);
  await second.page.close();
});

test("the timeline is a picture", async () => {
  const { page, seen } = await open(browser, file);
  await loaded(page);
  const { path, name } = await save(page, "PNG");
  const bytes = readFileSync(path);
  assert.equal(name, "make.png");
  assert.equal(bytes.subarray(1, 4).toString(), "PNG");
  assert.equal(bytes.readUInt32BE(16), 3200);
  assert.ok(bytes.length > 20000);
  quiet(seen);
  await page.close();
});

test("Ctrl+C copies the selected event as a line of strace", async () => {
  const { page, seen } = await open(browser, file, { hash: "#tab=events&selected=event-100" });
  await loaded(page);
  await until(page, "the details", () => document.querySelector(".drawer .wrap"));
  const line = await page.evaluate(() => {
    const event = new ClipboardEvent("copy", { clipboardData: new DataTransfer(), bubbles: true, cancelable: true });
    document.body.dispatchEvent(event);
    return event.clipboardData.getData("text/plain");
  });
  const name = await page.evaluate(() => window.report.events.text("name", 100));
  assert.match(line, new RegExp(`^\\[pid \\d+\\] \\d+\\.\\d{6} ${name}\\(.*\\) = .* <0\\.\\d{6}>$`));
  quiet(seen);
  await page.close();
});

test("paper is light, of at most twelve pages, and gone afterwards", async () => {
  const { page, seen } = await open(browser, file, { theme: "dark" });
  await loaded(page);
  await page.evaluate(() => addEventListener("beforeprint", () => {
    const style = (element) => getComputedStyle(element);
    window.printed = { text: document.querySelector("#paper").textContent,
      ground: style(document.documentElement).getPropertyValue("--ground"),
      rows: Math.max(...[...document.querySelectorAll("#paper tbody")].map(({ rows }) => rows.length)),
      canvas: document.querySelector("#paper canvas").width };
  }));
  const pdf = await page.pdf({ format: "A4" });
  const pages = pdf.toString("latin1").match(/\/Type \/Page\b/g).length;
  const printed = await page.evaluate(() => window.printed);
  assert.ok(pages >= 2 && pages <= 12, String(pages));
  assert.match(printed.ground, /#fff/);
  assert.ok(printed.rows <= 50);
  assert.ok(printed.canvas >= 2000);
  for (const part of ["make -j4", "What stands out", "Timeline", "Calls by their time", "Connections", "Memory"]) {
    assert.ok(printed.text.includes(part), part);
  }
  assert.equal(await page.evaluate(() => document.querySelector("#paper")), null);
  assert.equal(await page.getAttribute("html", "data-theme"), "auto");
  quiet(seen);
  await page.close();
});
