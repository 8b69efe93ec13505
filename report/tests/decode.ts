// SPDX-License-Identifier: MIT
// Reads what encode.ts wrote, by the page's own parts but without a browser.
import { gunzipSync } from "node:zlib";
import { decodeColumn, Declaration, decodeStrings, decodeText, splitRows } from "../src/format/columns.ts";
import { Strings } from "../src/data/strings.ts";
import { Table } from "../src/data/table.ts";
import { Texts } from "../src/data/texts.ts";

export interface Decoded { strings: Strings; tables: Map<string, Table>; start: unknown; end: unknown }

export function decodeFile(html: string): Decoded {
  const strings = new Strings();
  const payloads: Uint8Array[] = [];
  const declarations: Record<string, Declaration> = {};
  const tableOf: string[] = [];
  const texts = new Texts(strings, async (tag, column) => {
    const { rows, parts } = splitRows(payloads[tag]!, declarations[tableOf[tag]!]!.length);
    return decodeText(parts[column]!, rows);
  });
  const found: Decoded = { strings, tables: new Map(), start: undefined, end: undefined };
  for (const [, kind, , table = "", base64] of html.matchAll(/data-k="(\w+)"( data-t="(\w+)")?>([^<]*)</g)) {
    const payload = new Uint8Array(gunzipSync(Buffer.from(base64!, "base64")));
    const tag = payloads.push(payload) - 1;
    tableOf[tag] = table;
    if (kind === "start" || kind === "end") {
      found[kind] = JSON.parse(new TextDecoder().decode(payload));
      if (kind === "start") Object.assign(declarations, (found.start as { tables: object }).tables);
    } else if (kind === "strings") {
      strings.add(decodeStrings(payload));
    } else {
      const declaration = declarations[table]!;
      const { rows, parts } = splitRows(payload, declaration.length);
      const own = found.tables.get(table) ?? new Table(table, declaration, strings, texts);
      found.tables.set(table, own);
      own.append(tag, rows, declaration.map(([, coding], i) => decodeColumn(coding, parts[i]!, rows)));
    }
  }
  return found;
}
