// SPDX-License-Identifier: MIT
// A table of the report, filled group by group.
import type { Decoded, Declaration } from "../format/columns.ts";
import { NumberColumn, StringColumn } from "./column.ts";
import type { Strings } from "./strings.ts";
import type { Texts } from "./texts.ts";

/** A group of rows: from which row on, and the tag it came in, which is asked for its text. */
export interface Group { first: number; rows: number; tag: number }

export class Table {
  length = 0;
  readonly groups: Group[] = [];
  private readonly columns = new Map<string, NumberColumn | StringColumn | number>();

  constructor(readonly name: string, readonly declaration: Declaration,
    private readonly strings: Strings, private readonly texts: Texts) {
    declaration.forEach(([column, coding], i) => this.columns.set(column,
      coding === "text" ? i : coding === "string" ? new StringColumn() : new NumberColumn()));
  }

  /** Adds a group; `tags` is how many this table has in the file, as far as one knows. */
  append(tag: number, rows: number, decoded: Decoded[], tags = 0): void {
    const expected = tags * Math.max(rows, this.groups[0]?.rows ?? 0);
    this.declaration.forEach(([column], i) => {
      const values = decoded[i]!;
      const own = this.columns.get(column)!;
      if (typeof own !== "number" && "values" in values) own.append(values.values as Uint8Array, expected);
    });
    this.groups.push({ first: this.length, rows, tag });
    this.length += rows;
  }

  has(column: string): boolean {
    return this.columns.has(column);
  }

  /** A column coded as number or delta. One that was not declared is all nil, so that older reports open. */
  number(column: string): NumberColumn {
    const found = this.columns.get(column);
    return found instanceof NumberColumn ? found : this.absent(new NumberColumn());
  }

  string(column: string): StringColumn {
    const found = this.columns.get(column);
    return found instanceof StringColumn ? found : this.absent(new StringColumn());
  }

  private absent<T extends NumberColumn | StringColumn>(column: T): T {
    column.append(new Uint8Array(this.length));
    return column;
  }

  /** The text of a string column's row, "" for nil. */
  text(column: string, row: number): string {
    return this.strings.text(this.string(column).id(row));
  }

  /** The bytes of a text column's row; they are decoded when they are not at hand. */
  async long(column: string, row: number): Promise<string> {
    const index = this.columns.get(column);
    const group = this.groupOf(row);
    return typeof index === "number" && group ? this.texts.get(group, index, row) : "";
  }

  /** The same if it is at hand. */
  longNow(column: string, row: number): string | undefined {
    const index = this.columns.get(column);
    const group = this.groupOf(row);
    return typeof index === "number" && group ? this.texts.peek(group, index, row) : "";
  }

  private groupOf(row: number): Group | undefined {
    let low = 0;
    let high = this.groups.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.groups[middle]!.first <= row) low = middle;
      else high = middle - 1;
    }
    return this.groups[low];
  }

  /** A row as an object: numbers, strings; nil and text columns are left out. */
  row(row: number): Record<string, number | string> {
    const values: Record<string, number | string> = {};
    for (const [name, column] of this.columns) {
      if (column instanceof StringColumn) {
        if (column.id(row)) values[name] = this.strings.text(column.id(row));
      } else if (column instanceof NumberColumn) {
        if (!Number.isNaN(column.at(row))) values[name] = column.at(row);
      }
    }
    return values;
  }
}
