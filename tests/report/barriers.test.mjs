// SPDX-License-Identifier: MIT
// axe-core finds no serious barrier in any view, in either theme, with and without details.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launch, loaded, open, root } from "./browser.mjs";
import { synthetic, write } from "./files.mjs";

const axe = readFileSync(createRequire(join(root, "report/package.json")).resolve("axe-core/axe.min.js"), "utf8");
let browser;
let file;
before(async () => {
  file = write("barriers", synthetic({ events: 5000 }));
  browser = await launch({ bypassCSP: true });
});
after(() => browser.close());

async function barriers(page) {
  const found = await page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { resultTypes: ["violations"] });
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(
        ({ id, nodes }) =>
          `${id}: ${nodes
            .slice(0, 3)
            .map(({ html, any }) => `${html.slice(0, 160)} ${any[0]?.message ?? ""}`)
            .join(" | ")}`,
      );
  });
  return found;
}

for (const theme of ["light", "dark"]) {
  test(`no view has a serious barrier, ${theme}`, async () => {
    const { page } = await open(browser, file, {
      theme,
      hash: "#query=dur>x%20class:file,network,memory,process,signal,ipc,descriptor",
    });
    await loaded(page);
    await page.evaluate(axe);
    const found = [];
    for (const tab of await page.evaluate(() => [...document.querySelectorAll("[role=tab]")].map(({ id }) => id))) {
      await page.click(`#${tab}`);
      await page.waitForTimeout(250);
      found.push(...(await barriers(page)).map((barrier) => `${tab}: ${barrier}`));
    }
    for (const selected of ["event-30", "task-4", "object-3"]) {
      await page.evaluate(
        (to) => (location.hash = `#tab=timeline&range=1000000000-2000000000&selected=${to}`),
        selected,
      );
      await page.waitForTimeout(250);
      found.push(...(await barriers(page)).map((barrier) => `${selected}: ${barrier}`));
    }
    for (const hash of ["tab=files&files.show=tree", "tab=files&files.chosen=%2Fusr%2Finclude%2Fstdio.h",
      "tab=latency&latency.show=waits", "tab=latency&latency.chosen=openat+", "tab=flame&flame.at=4"]) {
      await page.evaluate((to) => (location.hash = `#${to}`), hash);
      await page.waitForTimeout(400);
      found.push(...(await barriers(page)).map((barrier) => `${hash}: ${barrier}`));
    }
    await page.keyboard.press("E");
    await page.waitForTimeout(100);
    found.push(...(await barriers(page)).map((barrier) => `export: ${barrier}`));
    await page.keyboard.press("Escape");
    await page.keyboard.press("?");
    await page.waitForTimeout(100);
    found.push(...(await barriers(page)).map((barrier) => `help: ${barrier}`));
    assert.deepEqual(found, []);
    await page.close();
  });
}
