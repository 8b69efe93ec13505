// SPDX-License-Identifier: MIT
// Names made to harm a page: they are shown, escaped, and nothing else happens.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, loaded, open, until } from "./browser.mjs";
import { Encoder, TABLES, write } from "./files.mjs";

const bytes = (text) => Uint8Array.from(Buffer.from(text, "latin1"));
const HOSTILE = [
  "</script><script>alert(1)</script>",
  "</SCRIPT><img src=x onerror=alert(2)>",
  "<!--<script>",
  '"onerror="alert(3)',
  "${alert(4)}",
  "{{constructor}}",
  "a\u2028b\u2029c",
  "\u202Egnp.exe",
  "a\u200Bb",
  bytes("bad\xff\xc3utf8"),
  "x".repeat(4096),
  "two\nlines",
  "=cmd|'/C calc'!A0",
  "javascript:alert(5)",
  "&lt;b&gt;&amp;",
  "nul\u0000byte",
  "\u001b[31mred",
  "' onmouseover='alert(6)",
];
const shown = [
  "</script><script>alert(1)</script>",
  "a\\u{2028}b\\u{2029}c",
  "\\u{202e}gnp.exe",
  "a\\u{200b}b",
  "bad\\xff\\xc3utf8",
  "two\\nlines",
  "nul\\x00byte",
  "\\x1b[31mred",
];

function tags() {
  const file = new Encoder(TABLES, {
    title: HOSTILE[0],
    command: HOSTILE.filter((text) => typeof text === "string"),
    host: HOSTILE[1],
    started: 1e18,
  });
  file.rows(
    "tasks",
    HOSTILE.map((text, i) => ({
      id: i + 1,
      tid: i + 1,
      pid: i + 1,
      parent: i || null,
      kind: "fork",
      comm: text,
      argv: text,
      exe: text,
      start: i,
      signal: text,
      end: 1e6,
    })),
  );
  file.rows(
    "objects",
    HOSTILE.map((text, i) => ({
      id: i + 1,
      kind: text,
      name: text,
      protocol: text,
      local: text,
      remote: text,
      opened: i,
      task: i + 1,
    })),
  );
  file.rows(
    "events",
    HOSTILE.map((text, i) => ({
      time: i * 1000,
      duration: 900,
      task: i + 1,
      name: text,
      type: text,
      class: text,
      error: text,
      ret: -2,
      bytes: 5,
      object: i + 1,
      path: text,
      remote: text,
      args: text,
    })),
  );
  file.rows("memory", HOSTILE.map((_, i) => ({ time: i * 1000, pid: i + 1, heap: 4096, mapped: 8192 })));
  file.rows(
    "faults",
    HOSTILE.map((text, i) => ({
      time: i * 1000,
      task: i + 1,
      addr: 4096,
      pages: 1,
      what: text,
      path: text,
      major: 1,
      again: text,
    })),
  );
  file.end({
    time: 1e6,
    signal: HOSTILE[1],
    summary: HOSTILE[0],
    totals: {},
    features: { faults: HOSTILE[1] },
    noise: { [HOSTILE[3]]: HOSTILE[0] },
    left_out: { count: 3, why: HOSTILE[1] },
    panels: [
      { title: HOSTILE[0], kind: "text", text: HOSTILE[1] },
      { title: HOSTILE[1], kind: "table", table: "objects" },
    ],
  });
  return file.toString();
}

let browser;
let file;
before(async () => {
  file = write("hostile", tags(), { title: HOSTILE[0], summary: HOSTILE[1] });
  browser = await launch();
});
after(() => browser.close());

const harmless = (seen) => assert.deepEqual(seen, { requests: [], violations: [], dialogs: [], errors: [] });
const tabs = (page) => page.evaluate(() => [...document.querySelectorAll("[role=tab]")].map((tab) => tab.id));

test("hostile names do nothing in any view", async () => {
  const { page, seen } = await open(browser, file);
  await loaded(page);
  for (const tab of await tabs(page)) {
    await page.click(`#${tab}`);
    await page.waitForTimeout(150);
  }
  for (const selected of ["event-3", "task-1", "object-2"]) {
    await page.evaluate((to) => (location.hash = `#tab=events&selected=${to}`), selected);
    await until(page, "details", () => document.querySelector(".drawer h2"));
    await page.waitForTimeout(100);
  }
  harmless(seen);
  assert.equal(
    await page.evaluate(() => document.querySelectorAll("img, iframe, object, embed, [onerror], [onmouseover]").length),
    0,
  );
  assert.equal(await page.evaluate(() => document.querySelectorAll("script").length), 1);
  await page.close();
});

test("they are shown as text, with what is unseen made visible", async () => {
  const { page, seen } = await open(browser, file, { hash: "#tab=events" });
  await loaded(page);
  const cells = await until(page, "rows", () => {
    const texts = [...document.querySelectorAll("regular-table td")].map((cell) => cell.textContent);
    return texts.length > 50 && texts;
  });
  for (const text of shown) assert.ok(cells.includes(text), text);
  harmless(seen);
  await page.close();
});

test("hostile queries and addresses do nothing", async () => {
  const query = encodeURIComponent('/(<img src=x onerror=alert(1)>/ </script> err:"><b>');
  const hash = `#query=${query}&tab=%3Cb%3E&selected=event-99999999&view=9-1&range=x`;
  const { page, seen } = await open(browser, file, { hash });
  await loaded(page);
  assert.match(
    await page.evaluate(() => document.querySelector(".chip.bad").textContent),
    /Unterminated|Invalid|group/i,
  );
  harmless(seen);
  await page.close();
});

test("what is put into the page later does not run", async () => {
  const { page, seen } = await open(browser, file);
  await loaded(page);
  const blocked = await page.evaluate(() => {
    const script = document.createElement("script");
    try {
      script.textContent = "window.ran = true";
    } catch {
      // Trusted Types refuse the text already.
    }
    document.body.append(script);
    try {
      document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='window.ran = true'>");
    } catch {
      return !window.ran;
    }
    return false;
  });
  assert.ok(blocked);
  assert.ok(seen.violations.length > 0);
  assert.deepEqual(seen.requests, []);
  await page.close();
});
