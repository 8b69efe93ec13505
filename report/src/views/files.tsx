// SPDX-License-Identifier: MIT
// Files, and what was done with them by whom; what was looked for and not there; pipes and sockets.
import { computed } from "@preact/signals";
import { BADGES, FileUse, filesOf, isFile, isMissing } from "../data/files.ts";
import { Folder, foldersOf, linesOf } from "../data/folders.ts";
import { report } from "../data/load.ts";
import { version } from "../data/report.ts";
import { Sliced } from "../data/sliced.ts";
import { counted } from "../filter.ts";
import { Choice, chosenOf, Option } from "../parts/choice.tsx";
import { Empty, NoMatch } from "../parts/empty.tsx";
import { Cell, Column, Grid } from "../parts/grid.tsx";
import { keepSort, sorted, sortOf, Values } from "../parts/sorting.ts";
import { exactly, showEvents } from "../show.ts";
import { params, setParam } from "../state.ts";
import { at, bytes, count, ns } from "../text.ts";
import { FileUsers } from "./file_users.tsx";

const SORT = "files.sort", CHOSEN = "files.chosen", SHOW = "files.show", OPEN = "files.open";
const SHOWN_OPEN = 60;
const LIBRARY = /\.so(\.[\d.]+)?$/;
/** The lists of what was not there, and by what a list is sorted at first when that is not the time. */
const MISSING = new Set(["missing", "libraries"]);
const STANDARD: Record<string, string> = { missing: "failed", libraries: "failed", written: "written" };

/** All of them, within the filters. */
export const fileUses = new Sliced(() => [counted.value], ([rows]) => filesOf(report, rows));

interface Line extends Omit<Folder, "use"> { use?: FileUse }

const lineOf = (use: FileUse): Line => ({
  ...use,
  path: use.name,
  label: use.name,
  children: [],
  depth: 0,
  files: 1,
  use,
});
const badgesOf = (use: FileUse | undefined) =>
  BADGES.filter(([bit]) => (use?.badges ?? 0) & bit).map(([, name]) => name).join(", ");

const VALUES: Values<Line> = {
  path: ({ path }) => path,
  calls: ({ calls }) => calls,
  opens: ({ opens }) => opens,
  failed: ({ failed }) => failed,
  reads: ({ reads }) => reads,
  read: ({ read }) => read,
  writes: ({ writes }) => writes,
  written: ({ written }) => written,
  time: ({ time }) => time,
  tasks: ({ use }) => use?.tasks.size ?? 0,
  first: ({ first }) => first,
  last: ({ last }) => last,
  badges: ({ use }) => badgesOf(use),
  kind: ({ use }) => use?.kind ?? "",
};

const opened = computed(() => new Set((params.value[OPEN] ?? "").split("\n").filter(Boolean)));

// Small trees are open; of others the address has what the reader turned.
function treeOf(files: FileUse[]): { lines: Line[]; isOpen: (folder: Line) => boolean } {
  const all = files.length <= SHOWN_OPEN;
  const isOpen = ({ path, depth }: Line) => (all || depth < 2) !== opened.value.has(path);
  return { lines: linesOf(foldersOf(files), isOpen), isOpen };
}

function turn(path: string): void {
  const set = new Set(opened.value);
  if (!set.delete(path)) set.add(path);
  setParam(OPEN, [...set].join("\n") || undefined);
}

const some = (value: number, text: (value: number) => string): string => value ? text(value) : "";

function columnsOf(list: Line[], name: (line: Line) => Cell): Column[] {
  const most = list.reduce((longest, { time, children }) => children.length ? longest : Math.max(longest, time), 1);
  const from = (cell: (line: Line) => Cell) => (index: number) => cell(list[index]!);
  const number = (id: string, title: string, width: number, text: (value: number) => string): Column =>
    ({ id, title, width, numeric: true, cell: from((line) => some(VALUES[id]!(line) as number, text)) });
  return [
    { id: "path", title: "Name", width: 430, mono: true, cell: from(name) },
    number("opens", "Opens", 64, count),
    {
      id: "failed",
      title: "Failed",
      width: 64,
      numeric: true,
      cell: from(({ failed }) => ({ text: some(failed, count), tone: "bad" })),
    },
    number("reads", "Reads", 68, count),
    number("read", "Read", 82, bytes),
    number("writes", "Writes", 68, count),
    number("written", "Written", 82, bytes),
    {
      id: "time",
      title: "In calls",
      width: 92,
      numeric: true,
      cell: from(({ time, children }) =>
        children.length ? some(time, ns) : { text: some(time, ns), bar: time / most },
      ),
    },
    number("tasks", "Tasks", 60, count),
    { id: "first", title: "First s", width: 84, numeric: true, cell: from(({ first }) => at(first, 3)) },
    {
      id: "last",
      title: "Last s",
      width: 96,
      numeric: true,
      doc: "The bar is from the first to the last use",
      cell: from(({ first, last }) => ({ text: at(last, 3), bar: [first / report.duration, last / report.duration] })),
    },
    { id: "badges", title: "Name was", width: 130, cell: from(({ use }) => badgesOf(use)) },
    { id: "kind", title: "Kind", width: 90, cell: from(({ use }) => ({ text: use?.kind ?? "", tone: "muted" })) },
  ];
}

// Only what can be said of a name that was never there.
function missingColumns(list: Line[]): Column[] {
  const all = columnsOf(list, ({ label }) => label);
  const named = (id: string, more: Partial<Column>) => ({ ...all.find((column) => column.id === id)!, ...more });
  return [
    named("path", { title: "Looked for and not there", width: 620 }),
    named("failed", { title: "Times", width: 76 }),
    named("time", {}),
    named("tasks", {}),
    named("first", {}),
    named("last", {}),
  ];
}

function List({ shown, list }: { shown: string; list: FileUse[] }) {
  const sort = sortOf(SORT);
  const isTree = shown === "tree" && !sort;
  const tree = isTree ? treeOf(list) : undefined;
  const standard = { id: STANDARD[shown] ?? "time", descending: true };
  const lines = tree ? tree.lines : sorted(list.map(lineOf), sort ?? standard, VALUES);
  const name = (line: Line): Cell =>
    !tree
      ? line.label
      : line.children.length
        ? {
            text: `${tree.isOpen(line) ? "▾" : "▸"} ${line.label.replace(/\/?$/, "/")}  ${count(line.files)}`,
            indent: line.depth,
          }
        : { text: `  ${line.label}`, indent: line.depth, title: line.path };
  const open = (line: Line) => line.children.length ? turn(line.path) : line.use && show(line.use);
  return (
    <Grid key={shown} label="Files" columns={MISSING.has(shown) ? missingColumns(lines) : columnsOf(lines, name)}
      length={lines.length} sort={sort ?? (tree ? undefined : standard)} onSort={keepSort(SORT)}
      chosen={lines.findIndex(({ path }) => path === params.value[CHOSEN])}
      onChoose={(index) => setParam(CHOSEN, lines[index]!.path)} onOpen={(index) => open(lines[index]!)} />
  );
}

/** Narrows to the events of a file, pipe or socket. */
export function show(use: FileUse): void {
  showEvents([isFile(use) || !use.objects.size ? exactly("path", use.name) : `object:${[...use.objects].join(",")}`]);
}

export function Files() {
  version.value;
  const all = fileUses.use();
  if (!all) return <Empty title="Adding up…" />;
  if (!all.length) return <NoMatch />;
  const missing = all.filter(isMissing);
  const libraries = missing.filter(({ name }) => LIBRARY.test(name));
  const files = all.filter((use) => isFile(use) && !isMissing(use));
  const others = all.filter((use) => !isFile(use) && !isMissing(use));
  const written = files.filter(({ writes, badges }) => writes || badges);
  const lists: Record<string, FileUse[]> = { flat: files, tree: files, written, missing, libraries, others };
  const options: Option[] = [
    { id: "flat", title: "Files", count: files.length },
    { id: "tree", title: "Tree" },
    { id: "written", title: "Written", count: written.length, doc: "Written to, created, renamed, removed or changed" },
    { id: "missing", title: "Not found", count: missing.length, doc: "Looked for and never there" },
    {
      id: "libraries",
      title: "Libraries not found",
      count: libraries.length,
      doc: "Shared libraries that were looked for in vain",
    },
    { id: "others", title: "Pipes, sockets …", count: others.length },
  ];
  const shown = chosenOf(SHOW, options);
  const chosen = all.find(({ name }) => name === params.value[CHOSEN]);
  return (
    <>
      <div class="toolbar">
        <Choice label="Which files" param={SHOW} options={options} />
        <span class="muted">
          {shown === "tree" ? "Enter opens and closes a folder" : "Enter shows a file's events"}
        </span>
      </div>
      {lists[shown]!.length ? <List shown={shown} list={lists[shown]!} />
        : <Empty title="None">{MISSING.has(shown) && <p>Everything that was looked for was there.</p>}</Empty>}
      {chosen && <FileUsers use={chosen} />}
    </>
  );
}
