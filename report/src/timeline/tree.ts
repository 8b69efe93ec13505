// SPDX-License-Identifier: MIT
// The lanes of the timeline: processes as a tree, threads below their process. What is collapsed is one lane with
// all below it; what is hidden has none.
import { Process, processTree, Task } from "../data/tasks.ts";

export interface Lane {
  task: Task;
  depth: number;
  /** Whether there is something below, and whether it is part of this lane. */
  parent: boolean;
  collapsed: boolean;
  /** How many tasks it stands for. */
  tasks: number;
}

export interface Lanes {
  list: Lane[];
  /** The lane of each task by its id; -1 for none. */
  ofTask: Int32Array;
}

export interface Choices {
  /** Ids of tasks whose lane was collapsed or expanded by hand. */
  turned: Set<number>;
  hidden: Set<number>;
  pinned: Set<number>;
  /** All but the first ones are collapsed unless turned. */
  collapseAll: boolean;
}

/** Above so many processes all are collapsed at first. */
export const MANY = 40;

interface Node { task: Task; depth: number; below: Node[] }

function nodes(processes: Process[]): Node[] {
  const byProcess = new Map<Process, Node>();
  const roots: Node[] = [];
  for (const process of processes) {
    const { task, depth, threads } = process;
    byProcess.set(process, { task, depth, below: threads.filter((thread) => thread !== task)
      .map((thread) => ({ task: thread, depth: depth + 1, below: [] })) });
  }
  for (const process of processes) {
    if (process.depth === 0) roots.push(byProcess.get(process)!);
    for (const child of process.children) byProcess.get(process)!.below.push(byProcess.get(child)!);
  }
  return roots;
}

// Gives a lane's number to all tasks below a node; returns how many there are.
function cover(node: Node, lane: number, ofTask: Int32Array): number {
  const stack = [node];
  let count = 0;
  for (let next = stack.pop(); next; next = stack.pop()) {
    ofTask[next.task.id] = lane;
    count++;
    stack.push(...next.below);
  }
  return count;
}

/** The lanes from top to bottom: pinned ones first. */
export function lanesOf(tasks: Task[], { turned, hidden, pinned, collapseAll }: Choices): Lanes {
  const roots = nodes(processTree(tasks));
  const ofTask = new Int32Array((tasks.at(-1)?.id ?? 0) + 1).fill(-1);
  const list: Lane[] = [];
  const stack = [...roots].reverse();
  for (let node = stack.pop(); node; node = stack.pop()) {
    const { task, depth, below } = node;
    if (hidden.has(task.id)) continue;
    const collapsed = below.length > 0 && (collapseAll && depth > 0) !== turned.has(task.id);
    list.push({
      task,
      depth,
      parent: below.length > 0,
      collapsed,
      tasks: collapsed ? cover(node, list.length, ofTask) : 1,
    });
    if (!collapsed) {
      ofTask[task.id] = list.length - 1;
      for (let i = below.length - 1; i >= 0; i--) stack.push(below[i]!);
    }
  }
  return pinned.size ? pinnedFirst({ list, ofTask }, pinned) : { list, ofTask };
}

function pinnedFirst({ list, ofTask }: Lanes, pinned: Set<number>): Lanes {
  const order = list.map((_, i) => i).sort((a, b) =>
    Number(pinned.has(list[b]!.task.id)) - Number(pinned.has(list[a]!.task.id)) || a - b);
  const place = new Int32Array(list.length);
  order.forEach((old, now) => (place[old] = now));
  return { list: order.map((old) => list[old]!), ofTask: ofTask.map((lane) => lane < 0 ? lane : place[lane]!) };
}
