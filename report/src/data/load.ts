// SPDX-License-Identifier: MIT
// From the tags of this document to `report`: each tag is given to the worker and taken out of the document.
import { batch } from "@preact/signals";
import type { TextColumn } from "../format/columns.ts";
import type { Answer, Question } from "../worker.ts";
import { rememberData, rememberTag } from "../export/save.ts";
import { startWorker } from "../trusted.ts";
import { loading, Report, version } from "./report.ts";

interface Waiting { resolve: (text: TextColumn) => void; reject: (error: Error) => void }

let worker: Worker | undefined;
const waiting = new Map<string, Waiting[]>();

function ask(question: Question): void {
  worker?.postMessage(question);
}

function fetchText(tag: number, column: number): Promise<TextColumn> {
  return new Promise((resolve, reject) => {
    waiting.set(`${tag}`, [...waiting.get(`${tag}`) ?? [], { resolve, reject }]);
    ask({ ask: "text", tag, column });
  });
}

export const report = new Report(fetchText);

// Everything that is computed from events is computed again when there are twice as many, and at the end: in all
// twice as much work as once.
let shown = 0;
function tell(complete: boolean): void {
  const rows = report.events.length;
  if (!complete && (rows === 0 ? version.value > 0 : rows < shown * 2)) return;
  shown = rows;
  report.settle();
  report.loaded = complete;
  version.value++;
  void report.settleTexts().then((more) => more && version.value++);
}

function taken(): void {
  const { decoded, found, complete } = loading.value;
  const all = complete ? decoded + 1 >= found : false;
  batch(() => {
    loading.value = { ...loading.value, decoded: decoded + 1 };
    tell(all);
  });
}

function onAnswer(answer: Answer): void {
  if (answer.kind === "text" || (answer.kind === "error" && answer.asked === "text")) {
    const first = waiting.get(`${answer.tag}`)?.shift();
    if (answer.kind === "text") first?.resolve(answer.text);
    else first?.reject(new Error(answer.message));
    return;
  }
  if (answer.source) rememberData(answer.tag, answer.source);
  try {
    report.take(answer);
  } catch (error) {
    report.errors.push(`tag ${answer.tag + 1}: ${String(error)}`);
  }
  taken();
}

// A script element is whole when the parser is at what comes after it.
function takeTags(): void {
  const last = document.readyState !== "loading";
  let found = loading.value.found;
  for (const tag of document.querySelectorAll<HTMLScriptElement>('script[type="application/x-compendium"]')) {
    if (!last && !tag.nextSibling) break;
    const { k: kind = "", t: table = "" } = tag.dataset;
    report.tags.set(table, (report.tags.get(table) ?? 0) + 1);
    ask({ ask: "decode", tag: found++, kind, table, text: tag.text });
    rememberTag(tag);
    tag.remove();
  }
  if (found !== loading.value.found || last !== loading.value.complete) {
    batch(() => {
      loading.value = { ...loading.value, found, complete: last };
      if (last && loading.value.decoded >= found) tell(true);
    });
  }
}

/** Begins to decode what the document has so far, and goes on as more of it arrives. */
export function load(): void {
  if (typeof DecompressionStream === "undefined") {
    loading.value = { ...loading.value, complete: true,
      problem: "This browser is too old to unpack the report: Chrome 80, Firefox 113 or Safari 16.4 can." };
    return;
  }
  worker = startWorker();
  worker.onmessage = (event: MessageEvent<Answer>) => onAnswer(event.data);
  const observer = new MutationObserver(takeTags);
  observer.observe(document.body, { childList: true });
  document.addEventListener("DOMContentLoaded", () => {
    observer.disconnect();
    takeTags();
  });
}
