-- SPDX-License-Identifier: MIT
--
-- report_tasks: the table "tasks" of the report: processes and threads by number, as the kernel uses theirs again. It
-- follows them whatever filters drop, or a child would have no parent.

local processes <const> = require "compendium.processes"
local redact <const> = require "compendium.redact"
local text <const> = require "compendium.text"

local tasks <const> = {}

tasks.columns = {
  {"id", "number"}, {"tid", "number"}, {"pid", "number"}, {"parent", "number"}, {"kind", "string"},
  {"comm", "string"}, {"argv", "text"}, {"exe", "string"}, {"start", "number"}, {"end", "number"},
  {"code", "number"}, {"signal", "string"},
}

local by_tid <const> = {} -- those that are alive
local last = 0
local put, command -- put(id, tid, ...); the pid of what was started, or nil

-- write: writes a row; pid: of the command, nil when it attaches.
function tasks.start(write, pid)
  put, command = write, pid
end

local function clean(s)
  return s and redact.is_on and redact.apply(s) or s
end

local function words(argv)
  return argv and #argv > 0 and text.command(argv) or nil
end

local function add(tid, pid, parent, kind, time, comm, process)
  last = last + 1
  by_tid[tid] = last
  put(last, tid, pid, parent, kind, clean(comm), words(process and process.argv), clean(process and process.exe), time,
    nil, nil, nil)
  return last
end

-- The number of the event's task.
function tasks.id(e)
  local tid = e.tid
  local id = by_tid[tid]
  if id then return id end
  local kind = e.pid == command and "command" or "attached"
  return add(tid, e.pid, nil, kind, kind == "command" and e.time or nil, e.comm, e.process)
end

-- The number of a task that lives, or nil.
function tasks.known(tid)
  return by_tid[tid]
end

-- A task was made: the events "fork" and "thread".
function tasks.forked(e)
  local child, parent = e.child, tasks.id(e)
  local is_thread = e.type == "thread"
  local pid = is_thread and e.pid or child
  add(child, pid, parent, is_thread and "thread" or "fork", e.time, e.comm, processes.get(pid))
end

local function end_of(id, time, code, signal)
  put(id, nil, nil, nil, nil, nil, nil, nil, nil, time, code, signal)
end

-- Another program: whichever thread asked for it, it goes on as the process's first task.
function tasks.executed(e)
  local pid, caller = e.pid, e.raw[1]
  local id = by_tid[caller]
  if caller ~= pid and id then
    if by_tid[pid] then end_of(by_tid[pid], e.time) end
    by_tid[caller], by_tid[pid] = nil, id
  end
  id = id or tasks.id(e)
  put(id, pid, pid, nil, nil, clean(e.comm), words(e.argv), clean(e.exe), nil, nil, nil, nil)
end

local DEEDS <const> = {fork = tasks.forked, exec = tasks.executed}

-- The records that change the tasks. An exec that failed is a call.
function tasks.record(e)
  local deed = DEEDS[e.kind] or e.kind == "exit" and tasks.exited
  if deed then deed(e) end
end

-- The task has another name: prctl.
function tasks.renamed(e)
  put(tasks.id(e), nil, nil, nil, nil, clean(e.comm), nil, nil, nil, nil, nil, nil)
end

local ended_tid, ended_id -- the last one that did

function tasks.exited(e)
  ended_tid, ended_id = e.tid, tasks.id(e)
  end_of(ended_id, e.time, e.code, e.signal)
  by_tid[ended_tid] = nil
end

-- The number of a task that has just ended.
function tasks.ended(e)
  return ended_tid == e.tid and ended_id or tasks.id(e)
end

return tasks
