-- SPDX-License-Identifier: MIT
--
-- report_memory: the tables "memory" (what each process has mapped, at each change), "usage" (samples of what the
-- kernel says) and "faults" of the report.

local core <const> = require "compendium.core"
local memory <const> = require "compendium.memory"
local redact <const> = require "compendium.redact"
local tasks <const> = require "compendium.report_tasks"

local rows <const> = {}

local MEMORY <const> = {{"time", "delta"}, {"pid", "number"}, {"heap", "number"}, {"mapped", "number"}}
local USAGE <const> = {
  {"time", "delta"}, {"pid", "number"}, {"rss", "number"}, {"pss", "number"}, {"anonymous", "number"},
  {"swap", "number"}, {"touched", "number"},
}
local FAULTS <const> = {
  {"time", "delta"}, {"task", "number"}, {"addr", "number"}, {"pages", "number"}, {"what", "string"},
  {"path", "string"}, {"offset", "number"}, {"major", "number"}, {"again", "string"},
}
local CHANGES <const> = {mmap = true, munmap = true, brk = true, mremap = true, special = true}

local known <const> = {} -- heap and bytes as they were written, by pid
local put_memory, put_usage, put_fault
local faults, most_faults, dropped = 0, core.options.max_report_events or math.maxinteger, 0

-- add_table(name, columns) -> a function that writes a row
function rows.start(add_table)
  put_memory, put_usage, put_fault = add_table("memory", MEMORY), add_table("usage", USAGE), add_table("faults", FAULTS)
end

local function note(e, pid)
  local totals = memory.of(pid)
  local heap, bytes = totals and totals.heap or 0, totals and totals.bytes or 0
  local before = known[pid]
  if before and before.heap == heap and before.bytes == bytes then return end
  if not totals then
    known[pid] = nil
  elseif before then
    before.heap, before.bytes = heap, bytes
  else
    known[pid] = {heap = heap, bytes = bytes}
  end
  put_memory(e.time, pid, heap, bytes - heap)
end

-- A call of that type, which may have changed it.
function rows.call(e, type)
  if CHANGES[type] then note(e, e.pid) end
end

-- A record: a program that is new, or begins with what its parent had, or has ended.
function rows.record(e)
  local type = e.type
  if type == "fork" then
    note(e, e.child)
  elseif type == "exec" or type == "exit" and e.whole then
    note(e, e.pid)
  end
end

local function fault(e)
  faults = faults + 1
  if faults > most_faults then
    dropped = dropped + 1
    return
  end
  local path, again = e.path, e.again
  if path and redact.is_on then path = redact.apply(path) end
  put_fault(e.time, tasks.id(e), e.addr, e.pages, e.what, path, e.offset, e.major and 1 or 0,
    again and again > 0 and tostring(again) or nil)
end

-- A fault or a sample.
function rows.event(e)
  if e.type == "fault" then return fault(e) end
  put_usage(e.time, e.pid, e.rss, e.pss, e.anonymous, e.swap, e.touched)
end

-- How many faults were left out.
function rows.left_out()
  return dropped
end

-- What is not in the report, and why.
local FEATURES <const> = {faults = "faults", sched = "sched", block_io = "block-io"} -- by field of core.options

function rows.features()
  local list = {}
  for name, option in pairs(FEATURES) do
    list[name] = core.options[name] and "on" or ("off: --%s was not given"):format(option)
  end
  return list
end

return rows
