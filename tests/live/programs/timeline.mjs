// SPDX-License-Identifier: MIT
//
// timeline: MODULES FILE: reads a trace as Chrome's DevTools do, by their own trace engine, and prints as one line of
// JSON what they would show: by process its name, its threads' names and how many slices each has; the instants.
import fs from 'node:fs';
import path from 'node:path';

// The engine wants a newer Node than Debian's for this one.
URL.parse ??= (text) => { try { return new URL(text); } catch { return null; } };

const [modules, file] = process.argv.slice(2);
const Trace = await import(path.resolve(modules, '@paulirish/trace_engine/models/trace/trace.js'));
const { traceEvents } = JSON.parse(fs.readFileSync(file, 'utf8'));
const model = Trace.TraceModel.Model.createWithAllHandlers();
await model.parse(traceEvents);
const { Meta, Renderer } = model.parsedTrace().data;

const shown = {};
for (const [pid, { threads }] of Renderer.processes) {
  const tasks = {};
  for (const [tid, { name, entries, tree }] of threads) {
    tasks[tid] = { name, slices: entries.length, nested: tree.maxDepth > 1 };
  }
  shown[pid] = { name: Meta.processNames.get(pid)?.args.name ?? '', tasks };
}
console.log(JSON.stringify({ processes: shown, generic: Meta.traceIsGeneric }));
