// SPDX-License-Identifier: MIT
// Chromium for tests: one page of a file at a time, and all that it must not do is written down.
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));
const require = createRequire(join(root, "report/package.json"));
const { chromium } = require("playwright-core");

const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** A browser with a folder of its own; `close()` ends it and removes that. */
export async function launch({ bypassCSP = false } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "compendium-chromium-"));
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args: FLAGS,
    viewport: { width: 1280, height: 800 },
    bypassCSP,
  });
  return {
    context,
    async close() {
      await context.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Opens a file. `seen` collects requests, violations of the CSP, dialogs and errors. */
export async function open(browser, file, { hash = "", theme = "light", size } = {}) {
  const page = await browser.context.newPage();
  const seen = { requests: [], violations: [], dialogs: [], errors: [] };
  page.on("request", (request) => {
    if (!/^(file|blob|data):/.test(request.url())) seen.requests.push(request.url());
  });
  page.on("dialog", (dialog) => {
    seen.dialogs.push(dialog.message());
    return dialog.dismiss();
  });
  page.on("pageerror", (error) => seen.errors.push(String(error)));
  page.on("console", (message) => {
    const text = message.text();
    if (/Content Security Policy|TrustedScript|TrustedHTML/i.test(text)) seen.violations.push(text);
    else if (message.type() === "error") seen.errors.push(text);
  });
  if (size) await page.setViewportSize(size);
  await page.emulateMedia({ colorScheme: theme });
  await page.goto(pathToFileURL(file).href + hash, { waitUntil: "commit" });
  return { page, seen };
}

/** Waits until the function, run in the page, answers something true: the CSP forbids page.waitForFunction. */
export async function until(page, what, fn, argument) {
  const limit = Date.now() + 20000 * Number(process.env.SLOW ?? 1);
  for (;;) {
    const answer = await page.evaluate(fn, argument).catch(() => undefined);
    if (answer) return answer;
    if (Date.now() > limit) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** Waits until all of the file has been decoded. */
export const loaded = (page) => until(page, "decoded", () => window.report?.loaded);
