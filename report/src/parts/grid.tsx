// SPDX-License-Identifier: MIT
// A table of any number of rows, of which only those in sight are in the document (regular-table does that). Column
// headers sort; arrows, Page Up, Home and End choose; Enter opens.
import "regular-table";
import type { RegularTableElement } from "regular-table/dist/esm/regular-table.d.ts";
import { useEffect, useRef } from "preact/hooks";
import { short } from "../text.ts";

/** From and to, a colour of the style, and the height in pixels when it is not that of others. */
export type Span = [from: number, to: number, colour: string, height?: number];

export interface Styled {
  text: string;
  /** Of the cell's width that is filled, 0 to 1: so much, or from where to where. */
  bar?: number | [number, number];
  tone?: "bad" | "muted";
  /** A waterfall: spans from 0 to 1 of the cell's width. Those before lie on those behind. */
  spans?: Span[];
  /** A swatch in a category's colour in front of it. */
  category?: number;
  title?: string;
  /** Steps to the right, for trees. */
  indent?: number;
}
export type Cell = string | Styled;

export interface Column {
  id: string;
  title: string;
  width: number;
  numeric?: boolean;
  /** In the font of programs. */
  mono?: boolean;
  /** Of a column without it the header does not sort. */
  sortable?: boolean;
  doc?: string;
  cell: (index: number) => Cell;
}

export interface Sort { id: string; descending: boolean }

export interface GridProps {
  label: string;
  columns: Column[];
  length: number;
  sort?: Sort | undefined;
  onSort?: (sort: Sort) => void;
  /** The index of the chosen row, -1 for none. It is brought into sight when it changes. */
  chosen?: number;
  onChoose?: (index: number) => void;
  onOpen?: (index: number) => void;
  /** Is awaited before cells of these rows are asked for. */
  prepare?: (from: number, to: number) => Promise<unknown>;
}

const ROW = 24;
// More than this of a text cannot be seen in a cell anyway.
const MOST = 400;
const cellText = (cell: Cell): string => short(typeof cell === "string" ? cell : cell.text, MOST);

// Sets the classes that are ours: regular-table has some of its own on cells.
function setClasses(cell: Element, classes: (string | false | undefined)[]): void {
  cell.className = [...[...cell.classList].filter((name) => name.startsWith("rt-")), ...classes]
    .filter(Boolean)
    .join(" ");
}

const THICK = 12;

// Spans as layers of one picture, the first on top. A thin one is still seen.
function paintSpans({ style }: HTMLElement, spans: Span[]): void {
  style.backgroundImage = spans.map(([from, to, colour]) => {
    const [start, end] = [
      `${(from * 100).toFixed(2)}%`,
      `max(${(to * 100).toFixed(2)}%, ${(from * 100).toFixed(2)}% + 2px)`,
    ];
    return `linear-gradient(to right, transparent ${start}, var(--${colour}) ${start} ${end}, transparent ${end})`;
  }).join(", ");
  style.backgroundSize = spans.map(([, , , height = THICK]) => `100% ${height}px`).join(", ");
}

class Model {
  props!: GridProps;
  private cells = new Map<number, Cell[]>();

  constructor(readonly table: RegularTableElement) {
    table.setDataListener((x0, y0, x1, y1) => this.slice(x0, y0, x1, y1), { column_classes: true });
    table.addStyleListener(() => this.style());
  }

  private async slice(x0: number, y0: number, x1: number, y1: number) {
    const { columns, length, prepare } = this.props;
    const [left, right] = [Math.max(0, x0), Math.min(columns.length, x1)];
    const [top, bottom] = [Math.max(0, Math.min(y0, length)), Math.min(length, Math.ceil(y1))];
    await prepare?.(top, bottom);
    this.cells.clear();
    const data = columns.slice(left, right).map(() => [] as string[]);
    for (let y = top; y < bottom; y++) {
      const row: Cell[] = [];
      for (let x = left; x < right; x++) {
        const cell = columns[x]!.cell(y);
        row[x] = cell;
        data[x - left]!.push(cellText(cell));
      }
      this.cells.set(y, row);
    }
    return { num_rows: length, num_columns: columns.length, data, row_height: ROW,
      column_headers: columns.slice(left, right).map(({ title }) => [title]) };
  }

  private style(): void {
    const { label, columns, length, chosen } = this.props;
    const table = this.table.querySelector("table");
    if (!table) return;
    table.setAttribute("aria-label", label);
    table.setAttribute("aria-rowcount", String(length + 1));
    table.setAttribute("aria-colcount", String(columns.length));
    for (const row of table.tBodies[0]?.rows ?? []) {
      const first = row.cells[0] && this.table.getMeta(row.cells[0]);
      const y = first && "y" in first && first.y !== undefined ? first.y : -1;
      row.setAttribute("aria-rowindex", String(y + 2));
      row.classList.toggle("chosen", y === chosen);
      row.toggleAttribute("hidden", y >= length);
      for (const cell of row.cells) this.styleCell(cell, y);
    }
    for (const cell of table.querySelectorAll("th")) this.styleHeader(cell);
  }

  private styleCell(cell: HTMLTableCellElement, y: number): void {
    const meta = this.table.getMeta(cell);
    const x = meta && "x" in meta ? meta.x : undefined;
    if (x === undefined) return;
    const column = this.props.columns[x];
    const value = this.cells.get(y)?.[x];
    const styled = typeof value === "object" ? value : undefined;
    setClasses(cell, [column?.numeric && "num", column?.mono && "mono", styled?.tone,
      styled?.bar !== undefined && "bar", styled?.category !== undefined && "swatch", styled?.spans && "spans"]);
    const [from, to] = typeof styled?.bar === "object" ? styled.bar : [0, styled?.bar ?? 0];
    cell.style.setProperty("--from", `${(from * 100).toFixed(1)}%`);
    cell.style.setProperty("--bar", `${(Math.max(to, from + 0.01) * 100).toFixed(1)}%`);
    cell.style.setProperty("--swatch", styled?.category === undefined ? "" : `var(--c${styled.category})`);
    cell.style.setProperty("--indent", `${(styled?.indent ?? 0) * 14}px`);
    paintSpans(cell, styled?.spans ?? []);
    const title = styled?.title ?? (typeof value === "object" ? value.text : value) ?? "";
    if (title) cell.title = short(title, 2000);
    else cell.removeAttribute("title");
    cell.setAttribute("aria-colindex", String(x + 1));
  }

  private styleHeader(cell: HTMLTableCellElement): void {
    const meta = this.table.getMeta(cell);
    const x = meta && "x" in meta ? meta.x : undefined;
    const column = x === undefined ? undefined : this.props.columns[x];
    if (!column) return;
    const { sort, onSort } = this.props;
    const own = sort?.id === column.id;
    cell.scope = "col";
    setClasses(cell, [column.numeric && "num", onSort && column.sortable !== false && "sortable",
      own && (sort.descending ? "down" : "up")]);
    if (onSort && column.sortable !== false) {
      cell.tabIndex = 0;
      cell.setAttribute("aria-sort", own ? (sort.descending ? "descending" : "ascending") : "none");
    }
    if (column.doc) cell.title = column.doc;
    cell.setAttribute("aria-colindex", String(x! + 1));
  }

  /** The row or column header at an element. */
  at(element: Element): { x?: number | undefined; y?: number | undefined } {
    const cell = element.closest<HTMLTableCellElement>("td, th");
    const meta = cell ? this.table.getMeta(cell) : undefined;
    return { x: meta && "x" in meta ? meta.x : undefined, y: meta && "y" in meta ? meta.y : undefined };
  }

  sortBy(element: Element): void {
    const { x } = this.at(element);
    const { columns, sort, onSort } = this.props;
    const column = x === undefined ? undefined : columns[x];
    if (!column || column.sortable === false || !onSort) return;
    onSort({ id: column.id, descending: sort?.id === column.id ? !sort.descending : column.numeric === true });
  }

  /** Scrolls as little as needed to show a row. */
  async reveal(index: number): Promise<void> {
    const visible = Math.floor((this.table.clientHeight - ROW) / ROW);
    const rows = [...this.table.querySelectorAll("tbody td:first-child")].map((cell) => this.at(cell).y ?? -1);
    const [first, last] = [rows[0] ?? 0, rows[0] === undefined ? -1 : rows[0] + visible - 1];
    if (index > first && index < last) return this.table.draw();
    const top = index <= first ? index : index - visible + 2;
    await this.table.scrollToCell(0, Math.max(0, Math.min(top, this.props.length - 1)));
    return this.table.draw();
  }
}

function step(key: string, page: number, from: number, length: number): number | undefined {
  switch (key) {
    case "ArrowDown": return from + 1;
    case "ArrowUp": return from - 1;
    case "PageDown": return from + page;
    case "PageUp": return from - page;
    case "Home": return 0;
    case "End": return length - 1;
    default: return undefined;
  }
}

export function Grid(props: GridProps) {
  const place = useRef<HTMLDivElement>(null);
  const model = useRef<Model | null>(null);
  if (model.current) model.current.props = props;

  useEffect(() => {
    const table = document.createElement("regular-table") as RegularTableElement;
    const own = model.current = new Model(table);
    own.props = props;
    table.tabIndex = 0;
    place.current!.append(table);
    // Widths are given: a table that measures what is in sight jumps while it is scrolled.
    table.restoreColumnSizes(Object.fromEntries(props.columns.map(({ width }, i) => [i, width])));
    void table.draw();
    const observer = new ResizeObserver(() => void table.draw());
    observer.observe(table);
    return () => {
      observer.disconnect();
      table.remove();
      model.current = null;
    };
  }, []);

  useEffect(() => void model.current?.table.draw());
  const { chosen = -1 } = props;
  useEffect(() => {
    if (chosen >= 0) void model.current?.reveal(chosen);
  }, [chosen]);

  const onClick = (event: MouseEvent) => {
    const target = event.target as Element;
    const own = model.current!;
    if (target.closest("th")) return own.sortBy(target);
    const { y } = own.at(target);
    if (y !== undefined && y < props.length) props.onChoose?.(y);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const target = event.target as Element;
    const own = model.current!;
    if (target.closest("th") && (event.key === "Enter" || event.key === " ")) own.sortBy(target);
    else if (event.key === "Enter" && chosen >= 0) (props.onOpen ?? props.onChoose)?.(chosen);
    else {
      const page = Math.floor(own.table.clientHeight / ROW) - 2;
      const to = event.ctrlKey || event.metaKey ? undefined : step(event.key, page, chosen, props.length);
      if (to === undefined || !props.onChoose || !props.length) return;
      props.onChoose(Math.max(0, Math.min(props.length - 1, to)));
    }
    event.preventDefault();
    event.stopPropagation();
  };
  const onDblClick = (event: MouseEvent) => {
    const { y } = model.current!.at(event.target as Element);
    if (y !== undefined) props.onOpen?.(y);
  };
  return <div class="grid" ref={place} onClick={onClick} onKeyDown={onKeyDown} onDblClick={onDblClick} />;
}
