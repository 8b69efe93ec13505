// SPDX-License-Identifier: MIT
// Files as a tree of folders with sums; folders that have but one thing in them are one with it.
import type { FileUse } from "./files.ts";

export const SUMS = ["calls", "opens", "failed", "reads", "read", "writes", "written", "time"] as const;
export type Sums = Record<typeof SUMS[number], number>;

export interface Folder extends Sums {
  /** The whole path, and the part that its line shows. */
  path: string; label: string;
  use?: FileUse;
  children: Folder[]; depth: number; first: number; last: number; files: number;
}

interface Node { children: Map<string, Node>; use?: FileUse }

function build(uses: FileUse[]): Node {
  const root: Node = { children: new Map() };
  for (const use of uses) {
    let node = root;
    for (const part of use.name.split("/").filter(Boolean)) {
      let child = node.children.get(part);
      if (!child) node.children.set(part, child = { children: new Map() });
      node = child;
    }
    node.use = use;
  }
  return root;
}

function folderOf(node: Node, path: string, label: string, depth: number): Folder {
  while (node.children.size === 1 && !node.use) {
    const [[part, only]] = [...node.children] as [[string, Node]];
    [path, label, node] = [`${path}/${part}`, label ? `${label}/${part}` : `/${part}`, only];
  }
  const children = [...node.children].map(([part, child]) => folderOf(child, `${path}/${part}`, part, depth + 1));
  children.sort(
    (a, b) => Number(b.children.length > 0) - Number(a.children.length > 0) || (a.label < b.label ? -1 : 1),
  );
  const own: Folder = {
    path: path || "/",
    label: label || "/",
    children,
    depth,
    first: Infinity,
    last: 0,
    files: node.use && !children.length ? 1 : 0,
    calls: 0,
    opens: 0,
    failed: 0,
    reads: 0,
    read: 0,
    writes: 0,
    written: 0,
    time: 0,
  };
  if (node.use) own.use = node.use;
  for (const part of [...children, ...(node.use ? [{ ...node.use, files: 0 }] : [])]) {
    for (const name of SUMS) own[name] += part[name];
    own.first = Math.min(own.first, part.first);
    own.last = Math.max(own.last, part.last);
    own.files += part.files;
  }
  return own;
}

export function foldersOf(uses: FileUse[]): Folder {
  return folderOf(build(uses), "", "", 0);
}

/** The lines of a tree whose folders are open or not. */
export function linesOf(folder: Folder, isOpen: (folder: Folder) => boolean, lines: Folder[] = []): Folder[] {
  lines.push(folder);
  if (folder.children.length && isOpen(folder)) for (const child of folder.children) linesOf(child, isOpen, lines);
  return lines;
}
