// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeFile } from "./decode.ts";
import { block, Encoder, Row } from "./encode.ts";
import { Reader } from "../src/format/block.ts";
import { toText } from "../src/data/strings.ts";
import type { Declaration } from "../src/format/columns.ts";

const DECLARATION: Declaration = [["time", "delta"], ["ret", "number"], ["name", "string"], ["args", "text"]];
const whole = fc.oneof(fc.integer({ min: -3, max: 300 }), fc.integer({ min: 0, max: 0xFFFFFFFF }),
  fc.maxSafeInteger(), fc.constantFrom(0, 1, -1, 0x7FFFFFFE, 0x7FFFFFFF, 0x80000000, 2 ** 53 - 1, -(2 ** 53) + 1));
const argument = fc.oneof(
  fc.constantFrom(
    'openat("/etc/passwd", 0x1f, 12)',
    "a\u0000b",
    "\u0003",
    "",
    '""',
    "0x0 00 0x00",
    "9223372036854775807 9223372036854775808",
    "é 12 é",
    '"unfinished',
  ),
  fc.string({ unit: "binary" }),
);
const row = fc.record({
  time: fc.maxSafeInteger().map((time) => Math.trunc(time / 4) + 0),
  ret: fc.option(whole),
  name: fc.option(fc.string({ unit: "binary" })),
  args: fc.option(argument),
});

test("what was encoded is decoded, in any groups", async () => {
  await fc.assert(fc.asyncProperty(fc.array(fc.array(row, { maxLength: 40 }), { maxLength: 4 }), async (groups) => {
    const encoder = new Encoder({ events: DECLARATION });
    for (const rows of groups) encoder.rows("events", rows as Row[]);
    const { tables } = decodeFile(encoder.toString());
    const rows = groups.flat();
    const table = tables.get("events");
    assert.equal(table?.length ?? 0, rows.length);
    for (const [i, expected] of rows.entries()) {
      assert.equal(table!.number("time").at(i), expected.time);
      assert.equal(table!.number("ret").at(i), expected.ret ?? NaN);
      assert.equal(table!.text("name", i), expected.name ?? "");
      assert.equal(await table!.long("args", i), expected.args ?? "");
    }
  }), { numRuns: 300 });
});

test("a block holds any 64-bit values", () => {
  fc.assert(fc.property(fc.array(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n })), (values) => {
    const { low, high } = new Reader(new Uint8Array(block(values))).block(values.length);
    assert.deepEqual(Array.from(low, (half, i) => (BigInt(high?.[i] ?? 0) << 32n) + BigInt(half)), values);
  }));
});

test("blocks that are cut or of no known width are refused", () => {
  assert.throws(() => new Reader(Uint8Array.of(1, 5)).block(2), RangeError);
  assert.throws(() => new Reader(Uint8Array.of(3, 1, 1, 1)).block(1), RangeError);
  assert.throws(() => new Reader(new Uint8Array(0)).block(1), RangeError);
});

test("bytes that are no UTF-8 are escaped, others are not", () => {
  assert.equal(toText(Uint8Array.of(0x61, 0xFF, 0xC3, 0xA9, 0xC3)), "a\\xffé\\xc3");
  assert.equal(toText(Uint8Array.of(0xED, 0xA0, 0x80)), "\\xed\\xa0\\x80");
  assert.equal(toText(Uint8Array.of(0xF0, 0x9F, 0x98, 0x80)), "😀");
});
