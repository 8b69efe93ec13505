// SPDX-License-Identifier: MIT
// Page faults by what was touched.
import type { ReadonlySignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { report } from "../data/load.ts";
import { faultsOf } from "../data/memory.ts";
import { version } from "../data/report.ts";
import { Sliced } from "../data/sliced.ts";
import { narrow } from "../filter.ts";
import { Feature } from "../parts/feature.tsx";
import { exactly } from "../show.ts";
import type { Span } from "../state.ts";
import { at, count, seen, short } from "../text.ts";

const LISTED = 200;

export function Faults({ span }: { span: ReadonlySignal<Span> }) {
  const sums = useMemo(
    () =>
      new Sliced(
        () => [span.value, version.value],
        ([when]) => faultsOf(report, when),
      ),
    [],
  ).use();
  if (!report.table("faults").length) return <Feature name="faults" />;
  if (!sums) return null;
  const all = sums.reduce((sum, { count: own }) => sum + own, 0);
  return (
    <section aria-labelledby="faults">
      <h2 id="faults" class="section-title">
        Page faults: {count(all)}, by what was touched
      </h2>
      <table class="plain">
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col">Path</th>
            <th scope="col" class="num">
              Faults
            </th>
            <th scope="col" class="num">
              Pages
            </th>
            <th scope="col" class="num" title="The page had to be read from a disk">
              Major
            </th>
            <th scope="col" class="num" title="Touched before, and taken away since">
              Again
            </th>
            <th scope="col" class="num">
              Tasks
            </th>
            <th scope="col" class="num">
              First – last s
            </th>
          </tr>
        </thead>
        <tbody>
          {sums.slice(0, LISTED).map((sum) => (
            <tr key={`${sum.what} ${sum.path}`}>
              <th scope="row">{seen(sum.what)}</th>
              <td class="cut mono">
                {sum.path && (
                  <button type="button" class="link" onClick={() => narrow(exactly("path", sum.path))}>
                    <bdi>{short(sum.path, 200)}</bdi>
                  </button>
                )}
              </td>
              <td class="num">{count(sum.count)}</td>
              <td class="num">{count(sum.pages)}</td>
              <td class={sum.major ? "num bad" : "num"}>{sum.major ? count(sum.major) : ""}</td>
              <td class="num">{sum.again ? count(sum.again) : ""}</td>
              <td class="num">{count(sum.tasks.size)}</td>
              <td class="num">
                {at(sum.first, 3)} – {at(sum.last, 3)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {sums.length > LISTED && <p class="muted">and {count(sums.length - LISTED)} more</p>}
    </section>
  );
}
