// SPDX-License-Identifier: MIT
// All tasks over time.
import { computed } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { CATEGORIES } from "../data/category.ts";
import { report } from "../data/load.ts";
import { version } from "../data/report.ts";
import { mask, rows } from "../filter.ts";
import { NoMatch } from "../parts/empty.tsx";
import { usePainter } from "../parts/canvas.tsx";
import { addKeys } from "../shell/keys.ts";
import { range, selected, setParam } from "../state.ts";
import { LaneLabels } from "../timeline/lane_labels.tsx";
import { timelineKeys } from "../timeline/keys.ts";
import {
  collapseAll,
  compact,
  dragged,
  hiddenLanes,
  laneHeight,
  laneIndex,
  lanes,
  marks,
  pointer,
  scrolled,
  shown,
  Spot,
} from "../timeline/model.ts";
import { paintOverlay } from "../timeline/overlay.ts";
import { coloursOfLanes, LanePainter } from "../timeline/painter.ts";
import { followPointer } from "../timeline/pointer.ts";
import { RangePanel } from "../timeline/range_panel.tsx";
import { tipOf } from "../timeline/spot.ts";
import type { Slice } from "../timeline/strip.ts";
import { painted } from "../theme.ts";
import { count } from "../text.ts";

const colours = computed(() => {
  painted.value;
  return coloursOfLanes();
});

// The lane and the row of what is selected.
const chosen = computed(() => {
  const { kind, id } = selected.value ?? {};
  if (kind === "task") return { row: null, lane: lanes.value.ofTask[id!] ?? -1 };
  if (kind !== "event" || id! >= report.events.length) return { row: null, lane: -1 };
  return { row: id!, lane: lanes.value.ofTask[report.events.number("task").or0(id!)] ?? -1 };
});

function Tip({ spot, width, left }: { spot: Spot; width: number; left: number }) {
  const lines = tipOf(spot, width);
  const place = (element: HTMLElement | null) => {
    element?.style.setProperty(
      "left",
      `${left + (spot.x > width * 0.6 ? spot.x - element.offsetWidth - 14 : spot.x + 14)}px`,
    );
    element?.style.setProperty("top", `${spot.y + 18}px`);
  };
  if (!lines.length) return null;
  return <div class="tip" ref={place}>{lines.map((line, i) => <div key={i} class={i ? "" : "mono"}>{line}</div>)}</div>;
}

function Toolbar() {
  return (
    <div class="toolbar">
      <button
        type="button"
        aria-pressed={collapseAll.value}
        onClick={() => setParam("timeline.collapse", collapseAll.value ? "0" : "1")}
      >
        Collapse
      </button>
      <button
        type="button"
        aria-pressed={compact.value}
        onClick={() => setParam("timeline.compact", compact.value ? undefined : "1")}
      >
        Compact
      </button>
      {hiddenLanes.value > 0 && (
        <button type="button" onClick={() => setParam("timeline.hidden", undefined)}>
          Show {count(hiddenLanes.value)} hidden
        </button>
      )}
      {marks.value.length > 0 && (
        <button type="button" onClick={() => (marks.value = [])}>
          Clear {marks.value.length} marks
        </button>
      )}
      <span class="grow" />
      <ul class="legend" aria-label="Colours">
        {CATEGORIES.map(({ name }, kind) => (
          <li key={name} class={`k${kind}`}>
            {name}
          </li>
        ))}
        <li class="failed">failed</li>
      </ul>
    </div>
  );
}

function Lanes() {
  const slices = useRef<Slice[]>([]);
  const [painter] = useState(() => new LanePainter());
  const scroller = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 800, height: 400 });

  const below = usePainter((surface) => {
    const scene = { lanes: lanes.value.list, index: laneIndex.value, span: shown.value, height: laneHeight.value,
      scrolled: scrolled.value, end: report.duration };
    slices.current = painter.paint(surface, scene, colours.value);
  });
  const above = usePainter((surface) => {
    paintOverlay(surface, {
      span: shown.value,
      slices: slices.current,
      index: laneIndex.value,
      lanes: lanes.value.list.length,
      height: laneHeight.value,
      scrolled: scrolled.value,
      range: dragged.value ?? range.value,
      marks: marks.value,
      pointer: pointer.value?.time ?? null,
      chosen: chosen.value.row,
      chosenLane: chosen.value.lane,
    });
  });

  useEffect(() => {
    const element = scroller.current!;
    element.scrollTop = scrolled.peek();
    const observer = new ResizeObserver(() =>
      above.current && setSize({ width: above.current.clientWidth, height: element.clientHeight }));
    observer.observe(element);
    const stop = followPointer(element, above.current!);
    const keys = addKeys(timelineKeys(() => chosen.value.lane));
    return () => {
      observer.disconnect();
      stop();
      keys();
      pointer.value = null;
    };
  }, []);

  // What is selected elsewhere is brought into sight.
  useEffect(() => {
    const { lane } = chosen.value;
    const element = scroller.current!;
    const top = lane * laneHeight.value;
    if (lane >= 0 && (top < element.scrollTop || top + laneHeight.value > element.scrollTop + element.clientHeight)) {
      element.scrollTop = top - element.clientHeight / 2;
    }
  }, [chosen.value.lane, selected.value]);

  const inner = (element: HTMLElement | null) =>
    element?.style.setProperty("height", `${lanes.value.list.length * laneHeight.value}px`);
  return (
    <div class="lanes" role="group" aria-label="Timeline">
      <canvas class="lane-pixels" ref={below} aria-hidden="true" />
      <canvas
        class="lane-overlay"
        ref={above}
        role="img"
        aria-label={
          `${count(lanes.value.list.length)} lanes over time. ` +
          "The keys . and , step through the events of a task and say them; the tab Events has them as a table."
        }
      />
      <div
        class="scroller"
        ref={scroller}
        tabIndex={0}
        role="region"
        aria-label="Lanes"
        onScroll={(event) => (scrolled.value = event.currentTarget.scrollTop)}
      >
        <div class="inner" ref={inner}>
          <LaneLabels view={size.height} chosen={chosen.value.lane} />
        </div>
      </div>
      {pointer.value && !dragged.value && <Tip spot={pointer.value} width={size.width} left={LABELS} />}
    </div>
  );
}

/** The width of the labels, as in 40-timeline.css. */
const LABELS = 230;

export function Timeline() {
  version.value;
  if (!rows.value.length && !mask.value.includes(1)) return <NoMatch />;
  return <><Toolbar /><Lanes /><RangePanel /></>;
}
