// SPDX-License-Identifier: MIT
// Files, network, memory, latency, flame, panels: their figures are those of the rows, and all is reached by keys.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, loaded, open, until } from "./browser.mjs";
import { Encoder, synthetic, TABLES, write } from "./files.mjs";

let browser, file;
before(async () => {
  file = write("views", synthetic({ events: 20000 }));
  browser = await launch();
});
after(() => browser.close());

const quiet = (seen) => assert.deepEqual(seen, { requests: [], violations: [], dialogs: [], errors: [] });
const choose = (page, label) => page.click(`.choice button:has-text("${label}")`);
const cells = (page, name) => until(page, `a row of ${name}`, (wanted) => {
  const row = [...document.querySelectorAll("regular-table tbody tr")].find((line) =>
    !line.hidden && line.cells[0]?.textContent === wanted);
  return row && [...row.cells].map(({ textContent }) => textContent);
}, name);

/** A report of a few rows. */
function small(rows, { tables = {}, end = {}, objects = [] } = {}) {
  const columns = Object.fromEntries(Object.entries(tables).map(([name, { columns: list }]) => [name, list]));
  const events = TABLES.events.filter(([name]) => name !== "note").concat([["note", "string"]]);
  const out = new Encoder({ ...TABLES, ...columns, events }, { command: ["prog", "an argument"] });
  out.rows("tasks", [{ id: 1, tid: 7, pid: 7, kind: "command", comm: "prog", start: 0 }]);
  out.rows("objects", objects);
  out.rows("events", rows.map((row) => ({ task: 1, ...row })));
  for (const [name, table] of Object.entries(tables)) out.rows(name, table.rows);
  out.end({ time: 1e9, code: 0, ...end });
  return out.toString();
}

test("sums of a file are those of its events, noise as well", async () => {
  const path = "/etc/some file";
  const rows = [
    { time: 1, duration: 10, name: "openat", type: "open", object: 1, ret: 3 },
    { time: 20, duration: 5, name: "read", type: "read", object: 1, bytes: 100, hidden: "a rule" },
    { time: 30, duration: 5, name: "read", type: "read", object: 1, bytes: 50, flags: 32 },
    { time: 40, duration: 5, name: "pwrite64", type: "write", object: 2, bytes: 7 },
    { time: 50, duration: 5, name: "openat", type: "open", path, error: "EACCES" },
    { time: 60, duration: 5, name: "unlink", type: "remove", path, ret: 0 },
    { time: 70, duration: 5, name: "openat", type: "open", path: "/none", error: "ENOENT", hidden: "a rule" },
  ];
  const objects = [1, 2].map((id) => ({ id, kind: "file", name: path, opened: 1, task: 1 }));
  const { page, seen } = await open(browser, write("file", small(rows, { objects })), { hash: "#tab=files" });
  await loaded(page);
  const [, opens, failed, reads, read, writes, written] = await cells(page, path);
  assert.deepEqual([opens, failed, reads, read, writes, written], ["2", "1", "2", "100 B", "1", "7 B"]);
  await choose(page, "Not found");
  assert.equal((await cells(page, "/none"))[1], "1");
  await page.focus("regular-table");
  await page.keyboard.press("ArrowDown");
  await until(page, "chosen", () => document.querySelector("tr.chosen"));
  await page.keyboard.press("Enter");
  await until(page, "its events, though they are noise", () => document.querySelector(".hits b")?.textContent === "1");
  quiet(seen);
  await page.close();
});

test("folders open and close by Enter", async () => {
  const { page, seen } = await open(browser, file, { hash: "#tab=files&files.show=tree" });
  await loaded(page);
  const lines = () => page.evaluate(() => Number(document.querySelector("regular-table table").ariaRowCount
    ?? document.querySelector("regular-table table").getAttribute("aria-rowcount")));
  await until(page, "the tree", () => document.querySelector("regular-table td")?.textContent.startsWith("▾"));
  const all = await lines();
  await page.focus("regular-table");
  await page.keyboard.press("ArrowDown");
  await until(page, "chosen", () => document.querySelector("tr.chosen"));
  await page.keyboard.press("Enter");
  await until(page, "closed", () => document.querySelector("regular-table td")?.textContent.startsWith("▸"));
  assert.ok((await lines()) < all);
  quiet(seen);
  await page.close();
});

test("a connection's phases, by protocol and reach", async () => {
  const objects = [
    { id: 1, kind: "socket", protocol: "tcp4", remote: "192.0.2.1:443", opened: 1e6, closed: 9e8, task: 1 },
    { id: 2, kind: "socket", protocol: "udp4", remote: "192.0.2.53:53", opened: 1e6, closed: 2e6, task: 1 },
    { id: 3, kind: "socket", protocol: "unix", name: "/run/x", remote: "/run/x", opened: 1e6, task: 1 },
    { id: 4, kind: "socket", protocol: "tcp6", remote: "[::1]:80", opened: 1e6, closed: 3e6, task: 1 },
  ];
  const rows = [
    { time: 2e6, duration: 5e6, name: "connect", type: "connect", object: 1, ret: 0 },
    { time: 8e6, duration: 1e6, name: "sendto", type: "send", object: 1, bytes: 300 },
    { time: 1e7, duration: 1.5e7, name: "recvfrom", type: "recv", object: 1, bytes: 4096 },
    { time: 3e7, duration: 1e6, name: "sendto", type: "send", object: 2, bytes: 40 },
    { time: 4e7, duration: 1e6, name: "connect", type: "connect", object: 3, ret: -2, error: "ENOENT" },
    { time: 5e7, duration: 1e6, name: "connect", type: "connect", object: 4, ret: -115, error: "EINPROGRESS" },
  ];
  const { page, seen } = await open(browser, write("net", small(rows, { objects })), {
    hash: "#tab=network", size: { width: 1700, height: 700 } });
  await loaded(page);
  const of = (remote) => until(page, remote, (wanted) => {
    const row = [...document.querySelectorAll("regular-table tbody tr")].find((line) =>
      !line.hidden && line.cells[1]?.textContent.startsWith(wanted));
    return row && [...row.cells].map(({ textContent }) => textContent);
  }, remote);
  const tcp = await of("192.0.2.1:443");
  assert.deepEqual(tcp.slice(5, 10), ["5.00 ms", "18.0 ms", "899 ms", "300 B", "4.0 KiB"]);
  assert.match((await of("192.0.2.53:53"))[1], /DNS/);
  assert.equal((await of("[::1]:80"))[10], "no answer seen");
  assert.ok(!(await page.evaluate(() => document.querySelector("regular-table").textContent)).includes("/run/x"));
  await choose(page, "Unix");
  assert.equal((await of("/run/x"))[10], "ENOENT");
  quiet(seen);
  await page.close();
});

test("the peak of memory is that of the rows", async () => {
  const { page, seen } = await open(browser, file, { hash: "#tab=memory" });
  await loaded(page);
  const expected = await page.evaluate(() => {
    const table = window.report.table("memory");
    const [pid, heap, mapped] = ["pid", "heap", "mapped"].map((name) => table.number(name));
    const now = new Map();
    let most = 0;
    for (let row = 0; row < table.length; row++) {
      now.set(pid.at(row), heap.or0(row) + mapped.or0(row));
      most = Math.max(most, [...now.values()].reduce((sum, value) => sum + value, 0));
    }
    return most;
  });
  const shown = await until(page, "the peak", () => document.querySelector(".card .value")?.textContent);
  const [, number, unit] = /^([\d.]+) (\w+)$/.exec(shown);
  const scale = 1024 ** ["B", "KiB", "MiB", "GiB"].indexOf(unit);
  assert.ok(Math.abs(number * scale - expected) < expected / 100, `${shown} of ${expected}`);
  const [title, faults] = await page.evaluate(() => {
    const table = window.report.table("faults");
    let count = 0;
    for (let row = 0; row < table.length; row++) if (table.number("time").at(row) < window.report.duration) count++;
    return [document.querySelector(".section-title").textContent, count.toLocaleString("en")];
  });
  assert.equal(title, `Page faults: ${faults}, by what was touched`);
  quiet(seen);
  await page.close();
});

test("percentiles are those of the durations", async () => {
  const rows = Array.from({ length: 1000 }, (_, i) => ({ time: i * 1000, duration: (i * 7919 % 1000 + 1) * 1000,
    name: "getpid", class: "process" }));
  const end = { features: { sched: "off: --sched was not given", block_io: "off: --block-io was not given" } };
  const { page, seen } = await open(browser, write("percentiles", small(rows, { end })), { hash: "#tab=latency",
    size: { width: 1500, height: 800 } });
  await loaded(page);
  const [, count, , total, mean, p50, p95, p99, most] = await cells(page, "getpid");
  assert.deepEqual([count, total, mean, p50, p95, p99, most],
    ["1,000", "501 ms", "501 µs", "501 µs", "951 µs", "991 µs", "1.00 ms"]);
  for (const feature of ["CPU", "Disks"]) {
    await choose(page, feature);
    const command = await until(page, feature, () => document.querySelector(".feature code")?.textContent);
    assert.match(command, /^compendium --(sched|block-io) --report -- prog 'an argument'$/);
  }
  quiet(seen);
  await page.close();
});

test("a cell of the map filters by time and duration, with the mouse and by keys", async () => {
  const { page, seen } = await open(browser, file, { hash: "#tab=latency" });
  await loaded(page);
  const canvas = () => until(page, "the map", () => document.querySelector(".heatmap canvas")?.width > 200);
  const filtered = () => until(page, "filtered", () => document.querySelector("#tab-events[aria-selected=true]")
    && /dur%3E%3D\d+\+dur%3C\d+/.test(location.hash) && location.hash.includes("range="));
  await canvas();
  await page.click(".heatmap canvas", { position: { x: 600, y: 60 } });
  await filtered();
  await page.click(".chips .link");
  await page.click("#tab-latency");
  await canvas();
  await page.focus(".heatmap canvas");
  for (const key of ["ArrowRight", "ArrowUp", "ArrowRight"]) await page.keyboard.press(key);
  await until(page, "said", () =>
    /events of/.test(document.querySelector(".heatmap canvas").getAttribute("aria-label")));
  await page.keyboard.press("Enter");
  await filtered();
  quiet(seen);
  await page.close();
});

test("the icicle zooms by click and keys, and says how much matches", async () => {
  const { page, seen } = await open(browser, file, { hash: "#tab=flame" });
  await loaded(page);
  await until(page, "boxes", () => document.querySelectorAll(".box.task").length > 3);
  await page.focus('.box[tabindex="0"]');
  await page.keyboard.press("ArrowDown");
  const name = await page.evaluate(() => document.activeElement.title.split(":")[0]);
  await page.keyboard.press("Enter");
  await until(page, "zoomed", (wanted) => document.querySelector(".crumbs b")?.textContent === wanted, name);
  await page.fill(".find", "read");
  const share = await until(page, "the share", () => document.querySelector(".toolbar [role=status]")?.textContent);
  assert.match(share, /^[\d.]+ % matches$/);
  await page.focus(".box");
  await page.keyboard.press("Backspace");
  await until(page, "all again", () => document.querySelector(".crumbs b")?.textContent === "all");
  quiet(seen);
  await page.close();
});

test("panels and notes of scripts are shown, and nothing of them is markup", async () => {
  const evil = "<img src=x onerror=alert(1)>";
  const columns = [["name", "string"], ["bytes", "number"]];
  const series = [["time", "number"], ["depth", "number"]];
  const tables = { panel1: { columns, rows: [{ name: evil, bytes: 2048 }, { name: "b", bytes: 1 }] },
    panel2: { columns: series, rows: Array.from({ length: 50 }, (_, i) => ({ time: i * 1e7, depth: i % 9 })) } };
  const panels = [{ title: evil, kind: "bars", table: "panel1", x: "name", y: "bytes" },
    { title: "Queue", kind: "line", table: "panel2", x: "time", y: "depth" },
    { title: "Rows", kind: "table", table: "panel1" }, { title: "Words", kind: "text", text: "two\nlines" }];
  const rows = [{ time: 5, duration: 1, name: "read", note: `noted ${evil}` }];
  const made = write("panels", small(rows, { tables, end: { panels } }));
  const { page, seen } = await open(browser, made, { hash: "#tab=panels" });
  await loaded(page);
  const all = await until(page, "panels", () => document.querySelector("regular-table td")
    && document.querySelector(".panels").textContent);
  for (const part of [evil, "2.0 KiB", "Queue", "two\nlines", "Notes of scripts: 1"]) {
    assert.ok(all.includes(part), part);
  }
  await until(page, "a chart", () => document.querySelector(".chart canvas")?.width > 100);
  await until(page, "the note", () => document.querySelector(".panels").textContent.includes("noted <img"));
  quiet(seen);
  await page.close();
});

test("without panels there is no tab for them; about says what is off, hidden and used", async () => {
  const { page, seen } = await open(browser, file, { hash: "#tab=about" });
  await loaded(page);
  assert.equal(await page.evaluate(() => document.querySelector("#tab-panels")), null);
  const all = await page.evaluate(() => document.querySelector(".about").textContent);
  for (const part of ["buildhost", "compendium --faults --report -- make -j4", "looking for shared libraries",
    "120 events were lost", "uplot 1.", "regular-table", "single keys"]) assert.ok(all.includes(part), part);
  quiet(seen);
  await page.close();
});
