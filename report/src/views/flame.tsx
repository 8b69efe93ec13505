// SPDX-License-Identifier: MIT
// Where time, calls, bytes or failures went: an icicle of task, category, call and what it was on.
import { computed, signal } from "@preact/signals";
import { hierarchy, HierarchyRectangularNode, partition } from "d3-hierarchy";
import { useMemo, useRef } from "preact/hooks";
import { flameOf, lineTo, Metric, METRICS, Node, visible } from "../data/flame.ts";
import { report } from "../data/load.ts";
import { version } from "../data/report.ts";
import { Sliced } from "../data/sliced.ts";
import { counted } from "../filter.ts";
import { Choice, chosenOf, Option } from "../parts/choice.tsx";
import { Empty, NoMatch } from "../parts/empty.tsx";
import { exactly, showEvents } from "../show.ts";
import { params, setParam } from "../state.ts";
import { bytes, count, leaf, ns, percent, seen, short } from "../text.ts";
import { inkOn, painted } from "../theme.ts";

const METRIC = "flame.of", AT = "flame.at";
const OPTIONS: Option[] = METRICS.map((id) => ({
  id,
  title: { time: "Time", count: "Calls", bytes: "Bytes", failed: "Failed" }[id],
}));
/** Of the whole width, what is drawn on its own. */
const LEAST = 1 / 500;
/** What has room for its name. */
const LABELLED = 1 / 50;
const TEXT: Record<Metric, (value: number) => string> = { time: ns, count, bytes, failed: count };

const tree = new Sliced(() => [counted.value] as [Uint32Array], ([rows]) => flameOf(report, rows, exactly));
const search = signal("");
const inks = computed(() => {
  painted.value;
  return Array.from({ length: 8 }, (_, kind) => inkOn(`c${kind}`));
});

type Rect = HierarchyRectangularNode<Node>;

function layout(root: Node, metric: Metric): Rect {
  const least = root[metric] * LEAST;
  const nodes = hierarchy(root, (node) => visible(node, metric, least));
  nodes.each((node) => void ((node as { value?: number }).value = node.data[metric]));
  return partition<Node>()(nodes);
}

const matches = (node: Node, text: string) => text !== "" && node.label.toLowerCase().includes(text);

// Of all, what is in nodes that match or below them.
function matched(node: Node, text: string, metric: Metric): number {
  if (matches(node, text)) return node[metric];
  let sum = 0;
  for (const child of node.children.values()) sum += matched(child, text, metric);
  return sum;
}

const labelOf = ({ level, label }: Node) => level === "on" ? leaf(label) : label;

interface BoxProps { rect: Rect; metric: Metric; whole: number; found: string; isFirst: boolean; onOpen: () => void }

function Box({ rect, metric, whole, found, isFirst, onOpen }: BoxProps) {
  const { data, x0, x1, depth } = rect;
  const said = `${data.label}: ${TEXT[metric](data[metric])}, ${percent(data[metric] / whole)}`;
  const isLabelled = x1 - x0 > LABELLED;
  const place = (element: HTMLElement | null) => {
    if (!element) return;
    element.style.setProperty("--x", `${x0 * 100}%`);
    element.style.setProperty("--w", `${(x1 - x0) * 100}%`);
    element.style.setProperty("--depth", String(depth));
    element.style.setProperty("--ink", data.category >= 0 ? inks.value[data.category]! : "");
  };
  return (
    <button
      type="button"
      ref={place}
      role="treeitem"
      aria-level={depth + 1}
      tabIndex={isFirst ? 0 : -1}
      aria-label={seen(said)}
      title={seen(said)}
      class={["box", data.level, !isLabelled && "bare", data.category >= 0 && `k${data.category}`,
        found && (matches(data, found) ? "found" : "dim")].filter(Boolean).join(" ")}
      onClick={onOpen}
    >
      {isLabelled && (
        <bdi>
          {short(labelOf(data), 120)} <small>{TEXT[metric](data[metric])}</small>
        </bdi>
      )}
    </button>
  );
}

// Arrows go to what is beside, above and below.
function onKeys(event: KeyboardEvent, rects: Rect[], up: () => void): void {
  const boxes = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>(".box")];
  const rect = rects[boxes.indexOf(event.target as HTMLElement)];
  if (!rect) return;
  const beside = (step: number) => rect.parent?.children?.[rect.parent.children.indexOf(rect) + step];
  const next = { ArrowLeft: beside(-1), ArrowRight: beside(1), ArrowUp: rect.parent, ArrowDown: rect.children?.[0] }[
    event.key
  ];
  if (event.key === "Backspace") up();
  else if (!event.key.startsWith("Arrow")) return;
  if (next) boxes[rects.indexOf(next)]?.focus();
  event.preventDefault();
  event.stopPropagation();
}

function Icicle({ line, metric }: { line: Node[]; metric: Metric }) {
  const root = line.at(-1)!;
  const rects = useMemo(() => layout(root, metric).descendants(), [root, metric]);
  const place = useRef<HTMLDivElement>(null);
  const found = search.value.toLowerCase();
  const go = (nodes: Node[]) => setParam(AT, nodes.slice(1).map(({ key }) => key).join(".") || undefined);
  const open = (rect: Rect) => {
    if (rect.data.level === "rest") return;
    go([...line.slice(0, -1), ...rect.ancestors().reverse().map(({ data }) => data)]);
  };
  const depth = rects.reduce((most, rect) => Math.max(most, rect.depth), 0);
  return (
    <div
      class="icicle"
      ref={place}
      role="tree"
      aria-label="Icicle: task, category, call, what it was on"
      onKeyDown={(event) => onKeys(event, rects, () => go(line.slice(0, -1)))}
    >
      {rects.map((rect, i) => (
        <Box
          key={`${rect.depth} ${rect.parent?.data.key} ${rect.x0} ${rect.data.key}`}
          rect={rect}
          metric={metric}
          whole={line[0]![metric]}
          found={found}
          isFirst={i === 0}
          onOpen={() => open(rect)}
        />
      ))}
      <div class="icicle-end" ref={(element) => element?.style.setProperty("--depth", String(depth + 1))} />
    </div>
  );
}

function Crumbs({ line, metric }: { line: Node[]; metric: Metric }) {
  const last = line.at(-1)!;
  return (
    <nav class="crumbs" aria-label="Zoomed to">
      <ol>
        {line.map((node, i) => (
          <li key={i}>
            {i === line.length - 1 ? (
              <b>
                <bdi>{short(node.label, 160)}</bdi>
              </b>
            ) : (
              <button
                type="button"
                class="link"
                onClick={() =>
                  setParam(
                    AT,
                    line
                      .slice(1, i + 1)
                      .map(({ key }) => key)
                      .join(".") || undefined,
                  )
                }
              >
                <bdi>{short(node.label, 80)}</bdi>
              </button>
            )}
          </li>
        ))}
      </ol>
      <span class="muted">
        {TEXT[metric](last[metric])} of {TEXT[metric](line[0]![metric])}:{" "}
        {percent(last[metric] / Math.max(line[0]![metric], 1))}
      </span>
      {last.terms.length > 0 && (
        <button type="button" onClick={() => showEvents(last.terms)}>
          Only these events
        </button>
      )}
    </nav>
  );
}

export function Flame() {
  version.value;
  const root = tree.use();
  if (!root) return <Empty title="Adding up…" />;
  if (!root.count) return <NoMatch />;
  const metric = chosenOf(METRIC, OPTIONS) as Metric;
  const line = lineTo(root, (params.value[AT] ?? "").split(".").filter(Boolean).map(Number));
  const text = search.value.toLowerCase();
  const here = line.at(-1)!;
  return (
    <>
      <div class="toolbar">
        <Choice label="Width is" param={METRIC} options={OPTIONS} />
        <input
          type="search"
          class="find"
          placeholder="Highlight"
          aria-label="Highlight"
          value={search.value}
          onInput={(event) => (search.value = event.currentTarget.value)}
        />
        {text && (
          <span class="muted" role="status">
            {percent(matched(here, text, metric) / Math.max(here[metric], 1))} matches
          </span>
        )}
        <span class="grow" />
        <span class="muted">A click zooms in, Backspace out</span>
      </div>
      <Crumbs line={line} metric={metric} />
      <div class="scroll padded">
        {here[metric] ? <Icicle line={line} metric={metric} /> : <Empty title="Nothing to add up" />}
      </div>
    </>
  );
}
