// SPDX-License-Identifier: MIT
// The names of the lanes as a tree beside the canvas; only those in sight are in the document.
import { report } from "../data/load.ts";
import { selected } from "../state.ts";
import { seen, short } from "../text.ts";
import { compact, laneHeight, lanes, scrolled, turn } from "./model.ts";
import type { Lane } from "./tree.ts";

function words({ task, tasks, collapsed }: Lane): string {
  const { comm = "?", tid = "", argv = "" } = task;
  return collapsed ? `${comm} ${tid} and ${tasks - 1} more` : `${comm} ${tid} ${argv}`;
}

// What follows the name: what the program was called with, without its name.
function rest({ task }: Lane): string {
  if (task.kind === "thread") return "";
  return (task.argv ?? "").replace(/^\S+\s*/, "");
}

function Label({ lane, place, chosen, height }: { lane: Lane; place: number; chosen: boolean; height: number }) {
  const { task, depth, parent, collapsed, tasks } = lane;
  const status = task.signal ?? (task.code ? `exit ${task.code}` : "");
  return (
    <div
      role="row"
      id={`lane-${task.id}`}
      class={chosen ? "lane chosen" : "lane"}
      aria-level={depth + 1}
      aria-rowindex={place + 1}
      aria-selected={chosen}
      aria-expanded={parent ? !collapsed : undefined}
      title={seen(words(lane))}
      onClick={() => (selected.value = { kind: "task", id: task.id })}
    >
      <span role="gridcell">
        <span
          class="twist"
          aria-hidden="true"
          onClick={(event) => {
            if (!parent) return;
            event.stopPropagation();
            turn("turned", task.id);
          }}
        >
          {parent ? (collapsed ? "▸" : "▾") : ""}
        </span>
        {height > 12 && (
          <>
            <b>
              <bdi>{short(task.comm ?? "?", 64)}</bdi>
            </b>{" "}
            <small>{task.tid}</small>
            {collapsed ? (
              <small> +{tasks - 1}</small>
            ) : (
              <small class="rest">
                {" "}
                <bdi>{short(rest(lane), 160)}</bdi>
              </small>
            )}
            {status && <small class="bad"> {seen(status)}</small>}
          </>
        )}
      </span>
    </div>
  );
}

export function LaneLabels({ view, chosen }: { view: number; chosen: number }) {
  const { list } = lanes.value;
  const height = laneHeight.value;
  const first = Math.max(0, Math.floor(scrolled.value / height) - 2);
  const last = Math.min(list.length, first + Math.ceil(view / height) + 4);
  return (
    <div
      class={compact.value ? "labels compact" : "labels"}
      role="treegrid"
      aria-label="Tasks"
      aria-rowcount={list.length}
      ref={(element) => element?.style.setProperty("--first", `${first * height}px`)}
    >
      {list.slice(first, last).map((lane, i) => (
        <Label key={lane.task.id} lane={lane} place={first + i} height={height} chosen={first + i === chosen} />
      ))}
      {!list.length && (
        <div role="row">
          <span role="gridcell">{report.loaded ? "no tasks" : ""}</span>
        </div>
      )}
    </div>
  );
}
