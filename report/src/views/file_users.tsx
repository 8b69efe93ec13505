// SPDX-License-Identifier: MIT
// Who did what with one file: the answer to "who wrote to this".
import { useMemo } from "preact/hooks";
import { FileUse, usersOf } from "../data/files.ts";
import { report } from "../data/load.ts";
import { counted } from "../filter.ts";
import { termFor } from "../query/parse.ts";
import { TaskLink } from "../shell/drawer.tsx";
import { exactly, showEvents } from "../show.ts";
import { setParam } from "../state.ts";
import { at, bytes, count, ns, short } from "../text.ts";
import { show } from "./files.tsx";

const MOST = 100;
const some = (value: number, text: (value: number) => string): string => value ? text(value) : "";

function User({ use, of }: { use: FileUse; of: FileUse }) {
  const [id] = use.tasks;
  const task = report.tasks.get(id!);
  return (
    <tr>
      <th scope="row"><TaskLink task={task} /></th>
      <td class="num">{some(use.opens, count)}</td>
      <td class={use.failed ? "num bad" : "num"}>{some(use.failed, count)}</td>
      <td class="num">{some(use.reads, count)}</td><td class="num">{use.reads ? bytes(use.read) : ""}</td>
      <td class="num">{some(use.writes, count)}</td><td class="num">{use.writes ? bytes(use.written) : ""}</td>
      <td class="num">{some(use.time, ns)}</td>
      <td class="num">{at(use.first, 3)} – {at(use.last, 3)}</td>
      <td class="num"><button type="button" class="link" onClick={() => showEvents([
        of.name.startsWith("/") ? exactly("path", of.name) : `object:${[...of.objects].join(",")}`,
        termFor("tid", task?.tid ?? 0)])}>events</button></td>
    </tr>
  );
}

export function FileUsers({ use }: { use: FileUse }) {
  const rows = counted.value;
  const users = useMemo(() => usersOf(report, rows, use), [rows, use]);
  const columns = ["Opens", "Failed", "Reads", "Read", "Writes", "Written", "In calls", "From – to s", ""];
  return (
    <section class="below" aria-label="Who used it">
      <div class="below-head">
        <h2>
          <bdi class="mono">{short(use.name, 512)}</bdi>
        </h2>
        <button type="button" onClick={() => show(use)}>
          Only its events
        </button>
        <button type="button" class="quiet" title="Close" onClick={() => setParam("files.chosen", undefined)}>
          <span aria-hidden="true">×</span>
          <span class="unseen">Close</span>
        </button>
      </div>
      <table class="plain users">
        <thead>
          <tr>
            <th scope="col">Used by</th>
            {columns.map((title) => (
              <th key={title} scope="col" class="num">
                {title || <span class="unseen">Events</span>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {users.slice(0, MOST).map((user) => (
            <User key={[...user.tasks][0]} use={user} of={use} />
          ))}
        </tbody>
      </table>
      {users.length > MOST && <p class="muted">and {count(users.length - MOST)} tasks more</p>}
    </section>
  );
}
