// SPDX-License-Identifier: MIT
// How quick the report's page is: `make bench-report`. Medians of five, of made-up traces of 75,000, a million and three
// million events. Times are CPU time of the main thread where a figure says so, since other programs run as well.
import { existsSync, statSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { launch, loaded, open, root, until } from "../report/browser.mjs";

const ROUNDS = Number(process.env.ROUNDS ?? 5);
// A browser that has just been started is busy with pages of its own.
const SETTLED = 2500;
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const at = (values, share) =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];

function trace(events) {
  const file = join(root, `build/report/${events}.html`);
  const page = join(root, "build/report/head.html");
  if (!existsSync(file) || statSync(file).mtimeMs < statSync(page).mtimeMs) {
    execFileSync(process.execPath, [join(root, "report/synthetic.mjs"), String(events), file], { stdio: "inherit" });
  }
  return file;
}

// In the page, before its script: when the shell and the first lanes were there, and how long tasks took.
function watch() {
  window.bench = { shell: 0, lanes: 0, longest: 0, loaded: 0 };
  new PerformanceObserver((list) => {
    for (const { duration, startTime } of list.getEntries()) {
      if (!window.bench.loaded || startTime < window.bench.loaded)
        window.bench.longest = Math.max(window.bench.longest, duration);
    }
  }).observe({ type: "longtask", buffered: true });
  const put = CanvasRenderingContext2D.prototype.putImageData;
  CanvasRenderingContext2D.prototype.putImageData = function (...rest) {
    put.apply(this, rest);
    if (!window.bench.lanes && window.report?.events.length) window.bench.lanes = performance.now();
  };
  const look = () => {
    if (!window.bench.shell && document.querySelector(".tabs")) window.bench.shell = performance.now();
    if (window.report?.loaded) window.bench.loaded ||= performance.now();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

// Turns the wheel over the lanes; answers what the frames' work and distances were.
function zooming() {
  return (async () => {
    const lanes = document.querySelector(".scroller");
    const box = lanes.getBoundingClientRect();
    const [work, frames] = [[], []];
    let last = performance.now();
    for (let i = 0; i < 80; i++) {
      // Frame callbacks run in the order they were asked for: the page's is between these two.
      let start = 0;
      requestAnimationFrame(() => (start = performance.now()));
      lanes.dispatchEvent(
        new WheelEvent("wheel", {
          deltaY: i < 40 ? -50 : 50,
          ctrlKey: i % 4 !== 3,
          shiftKey: i % 4 === 3,
          bubbles: true,
          cancelable: true,
          clientX: box.x + 700,
          clientY: box.y + 100,
        }),
      );
      await new Promise((done) => requestAnimationFrame(() => {
        work.push(performance.now() - start);
        done();
      }));
      const now = performance.now();
      frames.push(now - last);
      last = now;
    }
    return { work, frames };
  })();
}

// How much longer things take here than they would alone: wall time of a loop by its CPU time.
async function crowding(page, client) {
  const ticks = async () =>
    (await client.send("Performance.getMetrics")).metrics.find(({ name }) => name === "TaskDuration").value * 1000;
  const before = await ticks();
  const wall = await page.evaluate(() => {
    const start = performance.now();
    let sum = 0;
    for (let i = 0; i < 2e8; i++) sum += i % 7;
    return sum && performance.now() - start;
  });
  return wall / Math.max((await ticks()) - before, 1);
}

async function scrolling(page) {
  return page.evaluate(async () => {
    const table = document.querySelector("regular-table");
    const frames = [];
    let last = performance.now();
    for (let i = 0; i < 90; i++) {
      table.scrollTop += 120;
      await new Promise((done) => requestAnimationFrame(done));
      frames.push(performance.now() - last);
      last = performance.now();
    }
    return frames;
  });
}

// The time until a change of the state has been shown: `change` runs in the page.
async function reaction(page, change) {
  return page.evaluate(async (what) => {
    const changed = new Promise((done) => addEventListener("hashchange", done, { once: true }));
    const start = performance.now();
    location.hash = what;
    await changed;
    document.body.getBoundingClientRect();
    const work = performance.now() - start;
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    return work;
  }, change);
}

async function once(browser, file) {
  await browser.context.addInitScript(watch);
  const { page } = await open(browser, file, {
    hash: "#tab=timeline&timeline.collapse=0",
    size: { width: 1400, height: 1100 },
  });
  const client = await page.context().newCDPSession(page);
  await client.send("Performance.enable", { timeDomain: "threadTicks" });
  await loaded(page);
  await until(page, "lanes", () => window.bench.lanes && window.bench.loaded);
  const { shell, lanes, loaded: whole, longest } = await page.evaluate(() => window.bench);
  const { metrics } = await client.send("Performance.getMetrics");
  const total = metrics.find(({ name }) => name === "TaskDuration").value * 1000;
  const { work, frames } = await page.evaluate(zooming);
  const crowd = await crowding(page, client);
  const base = "#tab=events&noise=1";
  await reaction(page, base);
  await until(page, "the table", () => document.querySelector("regular-table td"));
  const filter = await reaction(page, "#tab=events&noise=1&query=class:file");
  const search = await reaction(page, "#tab=events&noise=1&query=%22part12%22");
  await reaction(page, base);
  const sort = await reaction(page, `${base}&events.sort=duration-down`);
  const scroll = await scrolling(page);
  await client.send("HeapProfiler.collectGarbage");
  const { usedSize, backingStorageSize = 0 } = await client.send("Runtime.getHeapUsage");
  const nodes = await page.evaluate(() => document.querySelectorAll("*").length);
  await page.close();
  return {
    crowd,
    shell,
    lanes,
    whole,
    longest,
    total,
    zoom50: at(work, 0.5),
    zoom95: at(work, 0.95),
    zoomMost: Math.max(...work),
    frame95: at(frames, 0.95),
    filter,
    search,
    sort,
    scroll95: at(scroll, 0.95),
    heap: (usedSize + backingStorageSize) / 1e6,
    nodes,
  };
}

const TITLES = {
  crowd: "wall time by CPU time here",
  shell: "navigation to shell, ms",
  lanes: "to first lanes, ms",
  whole: "to all decoded, ms",
  longest: "longest task of loading, ms",
  total: "main thread's CPU for loading, ms",
  zoom50: "zoom: work per frame p50, ms",
  zoom95: "p95",
  zoomMost: "most",
  frame95: "zoom: frame p95, ms",
  filter: "filter, ms",
  search: "search, ms",
  sort: "sort by duration, ms",
  scroll95: "table: frame p95, ms",
  heap: "heap and buffers, MB",
  nodes: "DOM nodes",
};
const LIMITS = {
  75000: { shell: 200, lanes: 500 },
  1000000: {
    shell: 200,
    lanes: 2000,
    longest: 100,
    zoom50: 6,
    zoom95: 16,
    zoomMost: 50,
    frame95: 33,
    filter: 100,
    search: 150,
    sort: 500,
    scroll95: 33,
    heap: 120,
    nodes: 3000,
  },
  3000000: { lanes: 6000, heap: 350 },
};

let over = 0;
for (const events of process.argv
  .slice(2)
  .map(Number)
  .concat(process.argv.length > 2 ? [] : Object.keys(LIMITS).map(Number))) {
  const file = trace(events);
  const runs = [];
  for (let round = 0; round < ROUNDS; round++) {
    const browser = await launch();
    await new Promise((done) => setTimeout(done, SETTLED));
    runs.push(await once(browser, file));
    await browser.close();
  }
  console.log(`\n${events.toLocaleString("en")} events, ${(statSync(file).size / 1e6).toFixed(1)} MB`);
  for (const [key, title] of Object.entries(TITLES)) {
    const value = median(runs.map((run) => run[key]));
    const limit = LIMITS[events]?.[key];
    if (limit < value) over++;
    console.log(
      `  ${title.padEnd(38)}${value.toFixed(1).padStart(9)}${limit ? `  of ${limit}${limit < value ? "  OVER" : ""}` : ""}`,
    );
  }
}
console.log(`\n${over} over their limit`);
process.exit(over ? 1 : 0);
