// SPDX-License-Identifier: MIT
// Trusted Types: what may become markup or a script's address in this page. Nothing else can, by the page's CSP.

declare const WORKER: string;

interface Policies {
  createPolicy(name: string, rules: {
    createHTML: (text: string) => string | null; createScriptURL: (url: string) => string | null;
  }): unknown;
}

// The two constants of regular-table.
const MARKUP = new Set([
  '<table cellspacing="0"><thead></thead><tbody></tbody></table>',
  '<div class="rt-virtual-panel"></div><div class="rt-scroll-table-clip"><slot></slot></div>',
]);

let workerUrl = "";

/** Must run before anything that makes markup. */
export function allowKnownMarkup(): void {
  const { trustedTypes } = window as unknown as { trustedTypes?: Policies };
  trustedTypes?.createPolicy("default", {
    createHTML: (text) => MARKUP.has(text) ? text : null,
    createScriptURL: (url) => url === workerUrl ? url : null,
  });
}

/** The worker, from its text in this script: a file cannot load another one. */
export function startWorker(): Worker {
  workerUrl = URL.createObjectURL(new Blob([WORKER], { type: "text/javascript" }));
  const worker = new Worker(workerUrl);
  URL.revokeObjectURL(workerUrl);
  return worker;
}
