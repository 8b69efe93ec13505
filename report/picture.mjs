// SPDX-License-Identifier: MIT
// The picture in README.md: the timeline of a report, as a reader sees it.
//   compendium --report=F.html -- make -j2 && node report/picture.mjs F.html report/picture.png
import { chromium } from "playwright-core";

const [, , report, picture, address = "#tab=timeline"] = process.argv;
if (!picture) throw new Error("node report/picture.mjs REPORT.html PICTURE.png [#tab=NAME]");
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
});
const page = await browser.newPage({ viewport: { width: 1200, height: 640 }, colorScheme: "dark" });
await page.goto(`file://${report}${address}`);
await page.waitForTimeout(3000);
await page.screenshot({ path: picture });
await browser.close();
