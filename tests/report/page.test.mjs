// SPDX-License-Identifier: MIT
// The page as its reader uses it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, loaded, open, until } from "./browser.mjs";
import { Encoder, plain, synthetic, TABLES, write } from "./files.mjs";

let browser;
let file;
before(async () => {
  file = write("build", synthetic({ events: 20000 }));
  browser = await launch();
});
after(() => browser.close());

const quiet = (seen) => assert.deepEqual(seen, { requests: [], violations: [], dialogs: [], errors: [] });
const text = (page, selector) => page.evaluate((of) => document.querySelector(of)?.textContent, selector);
const hits = (page) => text(page, ".hits");
const firstCell = (page, wanted) => until(page, `a row ${wanted}`, (value) =>
  [...document.querySelectorAll("regular-table td:first-child")].some((cell) => cell.textContent === value), wanted);

test("every view opens, in both themes, without a request or an error", async () => {
  for (const theme of ["light", "dark"]) {
    const { page, seen } = await open(browser, file, { theme });
    await loaded(page);
    const tabs = await page.evaluate(() => [...document.querySelectorAll("[role=tab]")].map(({ id }) => id));
    assert.ok(tabs.length >= 4);
    for (const tab of tabs) {
      await page.click(`#${tab}`);
      assert.equal(await page.getAttribute(`#${tab}`, "aria-selected"), "true");
      await page.waitForTimeout(100);
      assert.ok(await page.evaluate(() => document.querySelector("#panel").childElementCount > 0), tab);
    }
    assert.ok(await page.evaluate(() => document.querySelectorAll("*").length) < 3000);
    quiet(seen);
    await page.close();
  }
});

test("the data is out of the document when it has been decoded", async () => {
  const { page } = await open(browser, file);
  await loaded(page);
  assert.equal(
    await page.evaluate(() => document.querySelectorAll('script[type="application/x-compendium"]').length),
    0,
  );
  assert.equal(await page.evaluate(() => window.report.events.length), 20000);
  await page.close();
});

test("the first and the last of a million rows are reached", async () => {
  const { page, seen } = await open(browser, write("million", plain(1e6)), { hash: "#tab=events" });
  await loaded(page);
  await firstCell(page, "0.000000");
  await page.focus("regular-table");
  await page.keyboard.press("End");
  await firstCell(page, "0.999999");
  const last = await page.evaluate(() => {
    const box = document.querySelector("regular-table").getBoundingClientRect();
    const cell = [...document.querySelectorAll("tr.chosen td")][0].getBoundingClientRect();
    return cell.bottom <= box.bottom + 1 && cell.top >= box.top;
  });
  assert.ok(last, "the last row is whole");
  assert.equal(await page.getAttribute("regular-table table", "aria-rowcount"), "1000001");
  await page.keyboard.press("Home");
  await firstCell(page, "0.000000");
  // By the scroll bar, as with a mouse.
  await page.evaluate(() => (document.querySelector("regular-table").scrollTop = 1e9));
  await firstCell(page, "0.999999");
  quiet(seen);
  await page.close();
});

test("a query filters, is a chip, and goes away with it", async () => {
  const { page, seen } = await open(browser, file, { hash: "#tab=events" });
  await loaded(page);
  const before = await hits(page);
  await page.keyboard.press("/");
  await page.keyboard.type("type:open err:ENOENT ");
  await until(page, "fewer hits", (was) => document.querySelector(".hits").textContent !== was, before);
  const expected = await page.evaluate(() => {
    const { events } = window.report;
    let found = 0;
    for (let row = 0; row < events.length; row++) {
      if (events.text("type", row) === "open" && events.text("error", row) === "ENOENT" && !events.text("hidden", row))
        found++;
    }
    return found;
  });
  assert.match(await hits(page), new RegExp(`^${expected.toLocaleString("en")} of 20,000`));
  await until(page, "the address", () => location.hash.includes("query=type"));
  for (let chips = 2; chips > 0; chips--) await page.click(".chip:not(.toggle) button");
  assert.equal(await hits(page), before);
  quiet(seen);
  await page.close();
});

test("arguments are searched, though they are packed", async () => {
  const { page } = await open(browser, file, { hash: "#tab=events&query=args:FUTEX_WAIT" });
  await loaded(page);
  await until(page, "hits", () => /^[\d,]+ of 20,000/.test(document.querySelector(".hits").textContent)
    && document.querySelector(".hits").textContent);
  const names = await page.evaluate(() =>
    [...document.querySelectorAll("regular-table td:nth-child(4)")].map((cell) => cell.textContent),
  );
  assert.deepEqual([...new Set(names)], ["futex"]);
  await page.close();
});

test("noise is hidden visibly", async () => {
  const { page } = await open(browser, file);
  await loaded(page);
  assert.match(await text(page, ".chip.toggle"), /noise hidden \([\d,]+\)/);
  await page.click(".chip.toggle button");
  assert.equal(await hits(page), "20,000 events");
  await page.close();
});

test("the address brings everything again; a tab is a step back", async () => {
  const hash =
    "#tab=timeline&view=1000000000-2000000000&range=1200000000-1300000000&query=class%3Afile&selected=event-100";
  const { page } = await open(browser, file, { hash });
  await loaded(page);
  assert.ok(await page.evaluate(() => document.querySelector(".range-panel") && document.querySelector(".drawer")));
  await page.click("#tab-events");
  await until(page, "the address", () => location.hash.includes("tab=events"));
  await page.goBack();
  await until(
    page,
    "the timeline again",
    () => document.querySelector("#tab-timeline").getAttribute("aria-selected") === "true",
  );
  await page.close();
});

test("zooming does not filter, a range does", async () => {
  const { page } = await open(browser, file, { hash: "#tab=timeline" });
  await loaded(page);
  const before = await hits(page);
  await page.mouse.move(700, 400);
  await page.keyboard.press("w");
  await page.keyboard.press("w");
  await until(page, "zoomed", () => location.hash.includes("view="));
  assert.equal(await hits(page), before);
  await page.mouse.down();
  await page.mouse.move(800, 400, { steps: 4 });
  await page.mouse.up();
  await until(page, "the range", () => document.querySelector(".range-panel"));
  assert.notEqual(await hits(page), before);
  await page.close();
});

test("all is done with the keyboard alone", async () => {
  const { page, seen } = await open(browser, file, { hash: "#tab=timeline" });
  await loaded(page);
  await page.keyboard.press(".");
  await until(page, "an event", () => document.querySelector(".drawer h2"));
  assert.match(await text(page, "#live"), / at \d/);
  const first = await text(page, ".drawer");
  await page.keyboard.press("]");
  await until(page, "an error", () => document.querySelector(".drawer .badge.bad"));
  assert.notEqual(await text(page, ".drawer"), first);
  await page.keyboard.press("f");
  await page.keyboard.press("r");
  await until(page, "a range", () => document.querySelector(".range-panel"));
  for (let times = 0; times < 2; times++) await page.keyboard.press("Escape");
  assert.ok(await page.evaluate(() => !document.querySelector(".drawer") && !document.querySelector(".range-panel")));
  await page.keyboard.press("?");
  await until(page, "help", () => document.querySelector("dialog[open] kbd"));
  await page.keyboard.press("Escape");
  await until(page, "no help", () => !document.querySelector("dialog[open]"));
  await page.keyboard.press("3");
  await page.focus("regular-table");
  await page.keyboard.press("ArrowDown");
  await until(page, "the first row", () => document.querySelector("tr.chosen"));
  await page.keyboard.press("Enter");
  await until(
    page,
    "the timeline",
    () => document.querySelector("#tab-timeline").getAttribute("aria-selected") === "true",
  );
  await page.keyboard.press("t");
  assert.equal(await page.getAttribute("html", "data-theme"), "light");
  quiet(seen);
  await page.close();
});

test("Tab goes through everything and out again", async () => {
  const { page } = await open(browser, file, { hash: "#tab=events" });
  await loaded(page);
  await firstCell(page, "0.000000");
  const places = new Set();
  for (let step = 0; step < 40; step++) {
    await page.keyboard.press("Tab");
    places.add(await page.evaluate(() => {
      const { activeElement: element } = document;
      return element.id || element.tagName.toLowerCase();
    }));
  }
  for (const place of ["query", "tab-events", "regular-table", "th"])
    assert.ok(places.has(place), `${place} of ${[...places]}`);
  await page.close();
});

test("columns sort", async () => {
  const { page } = await open(browser, file, { hash: "#tab=events&events.sort=duration-down" });
  await loaded(page);
  await until(page, "sorted", () => document.querySelector('th[aria-sort="descending"]'));
  const [first, most] = await page.evaluate(() => {
    const { events } = window.report;
    let longest = 0;
    for (let row = 0; row < events.length; row++) longest = Math.max(longest, events.number("duration").or0(row));
    return [document.querySelector("regular-table td:nth-child(2)").textContent, longest];
  });
  assert.equal(Math.round(parseFloat(first)), Math.round(most / 1e6), first);
  await page.close();
});

test("a tracer that was killed leaves what it had written", async () => {
  const { page, seen } = await open(browser, write("killed", synthetic({ events: 3000, whole: false })));
  await loaded(page);
  assert.match(await text(page, ".banners"), /did not get to its end/);
  assert.equal(await page.evaluate(() => window.report.events.length), 3000);
  quiet(seen);
  await page.close();
});

test("a damaged part is named, the rest is shown", async () => {
  const whole = synthetic({ events: 140000 });
  const damaged = whole.replace(/(data-t="events">[^<]{5000})[^<]{40}/, (_, start) => start + "A".repeat(40));
  const { page, seen } = await open(browser, write("damaged", damaged));
  await loaded(page);
  assert.match(await text(page, ".banners"), /damaged.*events/);
  assert.equal(await page.evaluate(() => window.report.events.length), 140000 - 65536);
  quiet(seen);
  await page.close();
});

test("a file that was cut in the middle of a tag is shown up to there", async () => {
  const whole = synthetic({ events: 140000 });
  const { page, seen } = await open(browser, write("cut", whole.slice(0, whole.length / 2)));
  await loaded(page);
  assert.ok(await page.evaluate(() => window.report.events.length > 0));
  assert.match(await text(page, ".banners"), /did not get to its end/);
  quiet(seen);
  await page.close();
});

test("an empty trace says so", async () => {
  const empty = new Encoder(TABLES, { command: ["true"] });
  empty.end({ time: 5, code: 0 });
  const { page, seen } = await open(browser, write("empty", empty.toString()));
  await loaded(page);
  for (const tab of await page.evaluate(() => [...document.querySelectorAll("[role=tab]")].map(({ id }) => id))) {
    await page.click(`#${tab}`);
    await page.waitForTimeout(50);
  }
  assert.match(await text(page, "h1"), /true/);
  quiet(seen);
  await page.close();
});

test("when nothing matches it says why and how to get back", async () => {
  const { page } = await open(browser, file, { hash: "#tab=events&query=path:/nowhere/at/all" });
  await loaded(page);
  assert.match(await until(page, "reason", () => document.querySelector(".empty")?.textContent), /\/nowhere\/at\/all/);
  await page.click(".empty button");
  await firstCell(page, "0.000000");
  await page.close();
});

test("without scripts there is the summary", async () => {
  const context = await browser.context.browser()?.newContext({ javaScriptEnabled: false });
  if (!context) return;
  const page = await context.newPage();
  await page.goto(`file://${write("summary", synthetic({ events: 10 }), { summary: "two <files>" })}`);
  assert.match(await page.locator("noscript").innerText(), /two <files>/);
  await context.close();
});
