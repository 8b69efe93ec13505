// SPDX-License-Identifier: MIT
// What people want to know of a program, answered by clicking in a report of a real trace.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, loaded, open, until } from "./browser.mjs";
import { missing, trace } from "./real.mjs";

let browser, traced;
before(async () => {
  if (missing) return;
  traced = trace();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  traced?.remove();
});

/** Opens the report, and ends with nothing that it must not do. */
function ask(question, answer) {
  test(question, { skip: missing }, async () => {
    const { page, seen } = await open(browser, traced.file, { size: { width: 1500, height: 900 } });
    await loaded(page);
    await answer(page);
    assert.deepEqual(seen, { requests: [], violations: [], dialogs: [], errors: [] });
    await page.close();
  });
}

const choose = (page, label) => page.click(`.choice button:has-text("${label}")`);
const rows = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll("regular-table tbody tr")]
      .filter((row) => !row.hidden)
      .map((row) => [...row.cells].map(({ textContent }) => textContent)),
  );
/** The row of the grid that has a cell with the text; its cells. */
const row = (page, text) => until(page, `a row with ${text}`, (wanted) => {
  const found = [...document.querySelectorAll("regular-table tbody tr")].find(({ hidden, cells }) =>
    !hidden && [...cells].some(({ textContent }) => textContent.includes(wanted)));
  return found && [...found.cells].map(({ textContent }) => textContent);
}, text);
const clickRow = async (page, text) => {
  await row(page, text);
  await page.click(`regular-table td:has-text("${text}") >> nth=0`);
};

ask("which files did it write", async (page) => {
  await page.click("#tab-files");
  await until(page, "files", () => document.querySelector(".choice"));
  await choose(page, "Written");
  const [, opens, , , , writes, written] = await row(page, "/out/copy");
  assert.deepEqual([opens, Number(writes) > 0, written], ["1", true, "68.4 KiB"]);
  assert.equal((await row(page, "/out/result"))[6], "97.7 KiB");
  assert.ok((await row(page, "/out/copy")).includes("renamed"));
  assert.ok((await row(page, `${traced.folder}/in`)).includes("removed"));
  assert.ok(!(await rows(page)).some(([name]) => name.endsWith("ld.so.cache")));
});

ask("what did it connect to and how long did that take", async (page) => {
  await page.click("#tab-network");
  const answered = await until(page, "connections", () =>
    [...document.querySelectorAll("regular-table tbody tr")]
      .map((line) => [...line.cells].map(({ textContent }) => textContent))
      .find((cells) => cells[3] === "connect" && cells[9] !== ""),
  );
  const [, remote, protocol, , , connect, first, lived, sent, received] = answered;
  assert.match(remote, /^127\.0\.0\.1:\d+$/);
  assert.match(protocol, /^tcp/);
  for (const duration of [connect, first, lived]) assert.match(duration, /^[\d.]+ (ns|µs|ms|s)$/);
  assert.match(sent, /B$/);
  assert.match(received, /^5\.\d KiB$/);
  // The other end, and the one where nobody was.
  assert.ok((await rows(page)).some((cells) => cells[3] === "accept"));
  assert.ok((await row(page, "127.0.0.1:1")).some((cell) => /no answer|ECONNREFUSED/.test(cell)));
});

ask("which call was slowest", async (page) => {
  await page.click("#tab-latency");
  await until(page, "calls", () => document.querySelector("regular-table td"));
  await page.click('regular-table th:has-text("Max")');
  await until(page, "sorted by it", () => document.querySelector("th.down")?.textContent.startsWith("Max"));
  const [name] = await until(page, "the first row", () =>
    [...document.querySelectorAll("regular-table td")].slice(0, 1).map(({ textContent }) => textContent),
  );
  const slowest = await page.evaluate(() => {
    const { events } = window.report;
    let longest = 0;
    for (let at = 0; at < events.length; at++)
      if (events.number("duration").or0(at) > events.number("duration").or0(longest)) longest = at;
    return events.text("name", longest);
  });
  assert.equal(name, slowest);
  await page.click("regular-table td >> nth=0");
  await page.click('.below button:has-text("Show the longest")');
  await until(
    page,
    "it is selected on the timeline",
    (wanted) =>
      document.querySelector("#tab-timeline[aria-selected=true]") &&
      document.querySelector(".drawer h2")?.textContent.startsWith(wanted),
    slowest,
  );
});

ask("what failed and why", async (page) => {
  await page.click('.card:has-text("Failed") button');
  await until(
    page,
    "failed events",
    () => document.querySelector("#tab-events[aria-selected=true]") && document.querySelector("td.bad"),
  );
  await clickRow(page, "/out/nothing");
  assert.equal(
    await until(page, "the error", () => document.querySelector(".drawer .badge.bad")?.textContent),
    "ENOENT",
  );
  await until(page, "the arguments", () =>
    document.querySelector(".drawer .wrap")?.textContent.includes("out/nothing"),
  );
});

ask("which process used most memory and when", async (page) => {
  await page.click("#tab-memory");
  const [who, most, when] = await until(page, "the table", () => {
    const [first] = document.querySelectorAll(".memory-table tbody tr");
    return first && [...first.cells].filter((_, i) => i !== 2).slice(0, 3).map(({ textContent }) => textContent);
  });
  assert.match(who, /^(node|MainThread) \d+$/);
  assert.match(most, /iB$/);
  assert.ok(Number(when) > 0);
  await until(page, "a chart", () => document.querySelector(".chart canvas")?.width > 100);
  await page.click('.card:has-text("Most in one process") button');
  await until(
    page,
    "the timeline there",
    () => document.querySelector("#tab-timeline[aria-selected=true]") && location.hash.includes("view="),
  );
});

ask("who wrote to this file", async (page) => {
  await page.click("#tab-files");
  await until(page, "files", () => document.querySelector(".choice"));
  await choose(page, "Written");
  await clickRow(page, "/out/copy");
  const users = await until(page, "who used it", () => [...document.querySelectorAll(".users tbody tr")].map((line) =>
    [...line.cells].map(({ textContent }) => textContent)));
  const writers = users.filter((cells) => cells[6] !== "");
  assert.equal(writers.length, 1);
  assert.match(writers[0][0], /^cat \d+$/);
  await page.click(".users .link:has-text('events') >> nth=0");
  await until(
    page,
    "its events",
    () => document.querySelector("#tab-events[aria-selected=true]") && document.querySelector("td.mono"),
  );
  const names = (await rows(page)).map((cells) => cells[3]);
  assert.ok(names.includes("write") || names.includes("copy_file_range"), String(names));
  assert.ok(!names.includes("connect"));
});

ask("what happened between two moments", async (page) => {
  await page.click("#tab-events");
  await page.fill("#query", "t:1.2s..1.5s ");
  await page.click(".chip.toggle button");
  const [left, inside] = await until(page, "filtered", () => {
    const [, shown] = /^([\d,]+) of/.exec(document.querySelector(".hits").textContent) ?? [];
    const { events } = window.report;
    const [time, duration] = [events.number("time"), events.number("duration")];
    let count = 0;
    for (let at = 0; at < events.length; at++)
      if (time.at(at) < 1.5e9 && time.at(at) + duration.or0(at) >= 1.2e9) count++;
    return shown && [Number(shown.replace(",", "")), count];
  });
  assert.equal(left, inside);
});

ask("which libraries were searched for and not found", async (page) => {
  await page.click("#tab-files");
  await until(page, "files", () => document.querySelector(".choice"));
  await choose(page, "Libraries not found");
  const [name, times] = await row(page, `${traced.folder}/lib/libc.so.6`);
  assert.ok(name && Number(times) >= 1);
  assert.ok((await rows(page)).every(([path]) => /\.so/.test(path)));
});

ask("what was the program waiting for", async (page) => {
  await page.click("#tab-latency");
  await until(page, "latency", () => document.querySelector(".choice"));
  await choose(page, "Waits");
  const sleep = await row(page, "clock_nanosleep");
  assert.match(sleep[4], /^(4\d\d|5\d\d) ms$/);
  assert.ok((await row(page, "wait4"))[4]);
  await page.click('regular-table td:has-text("clock_nanosleep")');
  await page.click('.below button:has-text("Only its events")');
  await row(page, "clock_nanosleep");
  assert.equal(await page.evaluate(() => document.querySelector(".hits b").textContent), "1");
});

ask("what did this one thread do", async (page) => {
  await page.click("#tab-flame");
  await until(page, "the tree", () => document.querySelector(".box"));
  await choose(page, "Calls");
  const chosen = await until(page, "the tree", () =>
    [...document.querySelectorAll(".box.task")].map(({ title }) => title).find((title) => /^cat /.test(title)),
  );
  const name = chosen.split(":")[0];
  await page.click(`.box.task[title^="${name}:"]`);
  await until(page, "zoomed", (wanted) => document.querySelector(".crumbs b")?.textContent === wanted, name);
  await page.click('.crumbs button:has-text("Only these events")');
  await until(page, "events of it alone", (wanted) => {
    const cells = [...document.querySelectorAll("regular-table td:nth-child(3)")];
    return cells.length > 3 && cells.every(({ textContent }) => textContent === wanted);
  }, name);
});
