// SPDX-License-Identifier: MIT
// Events as a tree: task, category, call, what it was on; each node with sums. For the icicle.
import { Categories, CATEGORIES, OTHER, WAITING } from "./category.ts";
import type { Report } from "./report.ts";
import { STRIDE, Work } from "./sliced.ts";

const PEEK = 32, FURTHER = 8;
export const METRICS = ["time", "count", "bytes", "failed"] as const;
export type Metric = typeof METRICS[number];

export type Level = "all" | "task" | "category" | "call" | "on" | "rest";

export interface Node {
  level: Level;
  /** What it is within its parent: an id; the path of them is in the address. */
  key: number; label: string; category: number;
  children: Map<number, Node>;
  time: number; count: number; bytes: number; failed: number;
  /** Terms of the query that leave its events, with those of its parents. */
  terms: string[];
}

const fresh = (level: Level, key: number, label: string, category: number, terms: string[]): Node =>
  ({ level, key, label, category, children: new Map(), time: 0, count: 0, bytes: 0, failed: 0, terms });

type Exactly = (key: string, value: string) => string;

class Builder {
  readonly root = fresh("all", 0, "all", -1, []);

  constructor(private readonly report: Report, private readonly exactly: Exactly) {}

  private child(parent: Node, key: number, make: () => Node): Node {
    let node = parent.children.get(key);
    if (!node) parent.children.set(key, node = make());
    return node;
  }

  task(id: number): Node {
    return this.child(this.root, id, () => {
      const { comm = "?", tid = 0 } = this.report.tasks.get(id) ?? {};
      return fresh("task", id, `${comm} ${tid}`, -1, [`tid:${tid}`]);
    });
  }

  category(parent: Node, category: number): Node {
    const { name, classes } = CATEGORIES[category]!;
    // What waits is so by its name, and what is left has no class in common: nothing of the query says that.
    const terms = category === WAITING || category === OTHER ? [] : [`class:${classes.join(",")}`];
    return this.child(parent, category, () => fresh("category", category, name, category, [...parent.terms, ...terms]));
  }

  call(parent: Node, id: number): Node {
    const name = this.report.strings.text(id);
    return this.child(parent, id, () => fresh("call", id, name, parent.category,
      [...parent.terms.filter((term) => !term.startsWith("class:")), this.exactly("name", name)]));
  }

  /** By a path's string, or minus the number of an object. */
  on(parent: Node, path: number, object: number): Node | undefined {
    if (!path && !object) return undefined;
    return this.child(parent, path || -object, () => {
      const thing = this.report.objects.get(object);
      const label = path ? this.report.strings.text(path) : thing?.name ?? thing?.remote ?? `object ${object}`;
      const term = path || label.startsWith("/") ? this.exactly("path", label) : `object:${object}`;
      return fresh("on", path || -object, label, parent.category, [...parent.terms, term]);
    });
  }
}

// For each string id or object the one that stands for all of the same name.
function representatives({ strings, objects }: Report) {
  const byName = new Map<string, number>();
  const ofObject = new Map<number, number>();
  const ofPath = new Map<number, number>();
  return {
    path: (id: number) => {
      let first = ofPath.get(id);
      if (first === undefined) ofPath.set(id, first = id ? strings.idsOf(strings.text(id))[0] ?? id : 0);
      return first;
    },
    object: (id: number) => {
      let first = ofObject.get(id);
      if (first !== undefined) return first;
      const name = id ? objects.get(id)?.name ?? "" : "";
      first = name ? byName.get(name) ?? id : id;
      if (name) byName.set(name, first);
      ofObject.set(id, first);
      return first;
    },
  };
}

/** The tree of some rows. */
export function* flameOf(report: Report, rows: Uint32Array, exactly: Exactly): Work<Node> {
  const { events } = report;
  const [duration, size, task, object, flags] = ["duration", "bytes", "task", "object", "flags"].map((name) =>
    events.number(name),
  );
  const [error, names, paths] = ["error", "name", "path"].map((name) => events.string(name).data);
  const category = new Categories(report).of();
  const one = representatives(report);
  const builder = new Builder(report, exactly);
  const line: (Node | undefined)[] = [builder.root];
  for (let i = 0; i < rows.length; i++) {
    if ((i & (STRIDE - 1)) === STRIDE - 1) yield;
    const row = rows[i]!;
    const flag = flags!.or0(row);
    line[1] = builder.task(task!.or0(row));
    line[2] = builder.category(line[1], category(row));
    line[3] = builder.call(line[2], one.path(names![row]!));
    line[4] = builder.on(line[3], one.path(paths![row]!), one.object(object!.or0(row)));
    const [took, moved] = [duration!.or0(row), flag & PEEK ? 0 : size!.or0(row)];
    for (const node of line) {
      if (!node) continue;
      node.time += took;
      node.bytes += moved;
      if (!(flag & FURTHER)) node.count++;
      if (error![row]) node.failed++;
    }
  }
  return builder.root;
}

/** The children that are large enough to be seen, largest first; what is smaller is one. */
export function visible(node: Node, metric: Metric, least: number): Node[] {
  const all = [...node.children.values()].filter((child) => child[metric] > 0).sort((a, b) => b[metric] - a[metric]);
  const large = all.filter((child) => child[metric] >= least);
  const small = all.slice(large.length);
  if (small.length < 2) return all;
  const rest = fresh("rest", NaN, `${small.length} smaller`, node.category, node.terms);
  for (const child of small) for (const name of METRICS) rest[name] += child[name];
  return [...large, rest];
}

/** The node at a path of keys, with those above it. */
export function lineTo(root: Node, keys: number[]): Node[] {
  const line = [root];
  for (const key of keys) {
    const child = line.at(-1)!.children.get(key);
    if (!child) break;
    line.push(child);
  }
  return line;
}
