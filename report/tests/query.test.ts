// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseQuery, quantity, termFor, withoutTerm, withTerm } from "../src/query/parse.ts";

const brief = (text: string) => parseQuery(text).map(({ key, operator, values, negated, problem }) =>
  problem ? "?" : `${negated ? "-" : ""}${key}${operator}${values.join("|")}`);

test("a query is words that must all hold", () => {
  assert.deepEqual(
    brief('open path:/etc -proc:cc1 err:ENOENT,EACCES dur>1ms bytes>=64k tid:42 t:1.2s..1.5s "a b" /x.*y/'),
    [
      "word:open",
      "path:/etc",
      "-proc:cc1",
      "err:ENOENT|EACCES",
      "dur>1ms",
      "bytes>=64k",
      "tid:42",
      "t:1.2s..1.5s",
      "text:a b",
      "text:x.*y",
    ],
  );
});

test("values may be quoted; a path is no regular expression, an address no key", () => {
  assert.deepEqual(brief('path:"/a b",/c /etc/ http://x/y'), ["path:/a b|/c", "word:/etc/", "word:http://x/y"]);
});

test("what is wrong says why, and is where it is", () => {
  for (const [text, why] of [["dur>x", "is no duration"], ["nope:1", "there is no nope"], ["/a(.*/", "Unterminated"],
    ["t:5s..1s", "a span of time"], ["path>3", "is text"], ["bytes>", "needs a value"], ["tid:4k", "is no number"]]) {
    const [term] = parseQuery(`open ${text}`).slice(-1);
    assert.match(term!.problem ?? "", new RegExp(why!), text);
    assert.equal(term!.from, 5);
    assert.equal(term!.to, 5 + text!.length);
  }
});

test("quantities have units", () => {
  assert.equal(quantity("1.5ms", "duration"), 1.5e6);
  assert.equal(quantity("64k", "bytes"), 65536);
  assert.equal(quantity("0x10", "number"), 16);
  assert.ok(Number.isNaN(quantity("5q", "bytes")));
});

test("terms are taken out and put in", () => {
  const text = "open  path:/etc -tid:4";
  assert.equal(withoutTerm(text, parseQuery(text)[1]!), "open -tid:4");
  assert.equal(withTerm("open", termFor("path", "/a b")), 'open path:"/a b"');
  assert.equal(withTerm("open tid:4", "tid:4"), "open tid:4");
});
