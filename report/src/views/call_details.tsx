// SPDX-License-Identifier: MIT
// One group of calls: its histogram, and the longest of them.
import { boundsOf, extentOf, Group } from "../data/latency.ts";
import { reveal } from "../reveal.ts";
import { showEvents } from "../show.ts";
import { count, ns, percent, short } from "../text.ts";

export function CallDetails({ group, onClose }: { group: Group; onClose: () => void }) {
  const { call, on, octaves, count: all } = group;
  const [first, last] = extentOf(octaves);
  const list = [...octaves.subarray(first, last + 1)];
  const most = Math.max(...list);
  return (
    <section class="below" aria-label={`How long ${call} took`}>
      <div class="below-head">
        <h2>
          <span class="mono">{short(call, 64)}</span> {on && <bdi>{short(on, 200)}</bdi>}
        </h2>
        <button type="button" onClick={() => reveal(group.longest)}>
          Show the longest, {ns(group.max)}
        </button>
        <button type="button" onClick={() => showEvents(group.terms)}>
          Only its events
        </button>
        <button type="button" class="quiet" title="Close" onClick={onClose}>
          <span aria-hidden="true">×</span>
          <span class="unseen">Close</span>
        </button>
      </div>
      <table class="plain histogram">
        <thead>
          <tr>
            <th scope="col" class="num">
              Took
            </th>
            <th scope="col" class="num">
              Count
            </th>
            <th scope="col" class="num">
              Share
            </th>
            <th scope="col">
              <span class="unseen">Bar</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {list.map((value, i) => {
            const [shortest, longest] = boundsOf(first + i);
            return (
              <tr key={i}>
                <th scope="row" class="num">
                  <button
                    type="button"
                    class="link"
                    onClick={() => showEvents([...group.terms, `dur>=${shortest}`, `dur<${longest}`])}
                  >
                    {ns(shortest)} – {ns(longest)}
                  </button>
                </th>
                <td class="num">{count(value)}</td>
                <td class="num">{percent(value / all)}</td>
                <td class="meter">
                  <span ref={(element) => element?.style.setProperty("width", `${(value / most) * 100}%`)} />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}
