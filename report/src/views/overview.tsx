// SPDX-License-Identifier: MIT
import { report } from "../data/load.ts";
import { version } from "../data/report.ts";
import { Card, Cards } from "../parts/card.tsx";
import { bytes, count, ns } from "../text.ts";

export function Overview() {
  version.value;
  const totals = report.end?.totals ?? {};
  return (
    <div class="scroll">
      <Cards>
        <Card title="Wall time" value={ns(report.duration)} />
        <Card title="Read" value={bytes(totals.read)} />
        <Card title="Events" value={count(report.events.length)} />
      </Cards>
    </div>
  );
}
