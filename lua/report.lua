-- SPDX-License-Identifier: MIT
--
-- report: the sink of --report: what the page of the HTML report shows, as tables of rows that core.report writes
-- (src/report/FORMAT.md says how). Everything that happened is in it, also what gets no line: what is noise is
-- marked. What a filter drops is not, and is counted.

local core <const> = require "compendium.core"
local ending <const> = require "compendium.ending"
local events <const> = require "compendium.report_events"
local hooks <const> = require "compendium.hooks"
local json <const> = require "compendium.json"
local limit <const> = require "compendium.report_limit"
local memory <const> = require "compendium.report_memory"
local objects <const> = require "compendium.report_objects"
local panels <const> = require "compendium.report_panels"
local redact <const> = require "compendium.redact"
local summary <const> = require "compendium.summary"
local tasks <const> = require "compendium.report_tasks"
local terminal <const> = require "compendium.terminal"
local text <const> = require "compendium.text"

local report <const> = {}

-- What scripts add: the global `report`. Without --report it goes nowhere.
report.scripts = {panel = panels.panel, note = events.note}

local FORMAT <const> = 1
local SUMMARY_COLUMNS <const> = 110
local WRITTEN_EVERY <const> = 5 * 1000000000 -- ns of the trace: what a tracer that is killed leaves is no older
local INTERVALS <const> = 1000 -- of losses

local CALLS <const> = {"syscall"}
local RECORDS <const> = {"fork", "thread", "exec", "exit", "signal", "stop", "lost", "sched", "block"}
local TASKS <const> = {"fork", "thread", "exec", "exit"}
local MEMORY <const> = {"fault", "usage"}
local SPLIT <const> = {"send", "recv"} -- those of which a call may make several

local writer
local due = WRITTEN_EVERY
local tables <const> = {}

-- ---- JSON

-- Texts as JSON can have them, without what must not be shown.
local function presentable(value)
  if type(value) == "string" then
    local s = redact.is_on and redact.apply(value) or value
    return utf8.len(s) and s or json.escape_bytes(s)
  elseif type(value) ~= "table" then
    return value
  end
  local copy = {}
  for key, item in pairs(value) do copy[type(key) == "string" and presentable(key) or key] = presentable(item) end
  return copy
end

local function encode(value)
  return core.json(presentable(value))
end

-- ---- the start

local function declare(name, columns)
  tables[name] = columns
  return writer:table(name, columns)
end

local function add_table(name, columns)
  local number, put = declare(name, columns), writer.put
  return function(...) put(writer, number, ...) end
end

local function start(info)
  local options = core.options
  local command = options.command and #options.command > 0 and options.command or nil
  local number = declare("events", events.columns)
  if options.max_report_events then limit.start(options.max_report_events, writer.put, writer, number) end
  events.start(options.max_report_events and limit.put or writer.put, writer, number)
  tasks.start(add_table("tasks", tasks.columns), command and info.pid)
  objects.start(add_table("objects", objects.columns))
  memory.start(add_table)
  panels.start(add_table)
  local name = summary.subject()
  writer:start(name, encode {
    version = core.version, format = FORMAT, command = command, pids = not command and options.pids or nil,
    host = core.run.host, boot = core.run.boot, run = core.run.run, started = core.wallclock(), tables = tables,
    redacted = redact.is_on, title = name,
  })
end

-- ---- the trace

local before, after = 0, 0 -- filters: events that came, and those that were left

local function call(e)
  local time = e.time
  after = after + 1
  memory.call(e, events.call(e, time))
  if time >= due then
    due = time + WRITTEN_EVERY
    objects.flush()
    writer:flush()
  end
end

local function record(e)
  after = after + 1
  events.record(e)
  memory.record(e)
end

-- Of sendmmsg and its like, what is not in the call's own row.
local function further(e)
  if e.index == 1 then return end
  after = after + 1
  events.call(e, e.time, true)
end

local function of_memory(e)
  after = after + 1
  memory.event(e)
end

local lost, intervals <const> = 0, {}

local function note_loss(e)
  local count, during = e.count or 1, e.during or 0
  lost = lost + count
  if #intervals < INTERVALS then intervals[#intervals + 1] = {math.max(0, e.time - during), e.time, count} end
end

-- ---- the end

-- What is not in the report though it was traced.
local function left_out()
  local filtered, capped = math.max(0, before - after), limit.left_out + memory.left_out()
  local why = {}
  if hooks.has_filters() and filtered > 0 then why[#why + 1] = filtered .. " by filters" end
  if capped > 0 then
    why[#why + 1] = ("%d beyond --max-report-events %d: the first, the last and the failed ones are kept"):format(
      capped, core.options.max_report_events)
  end
  if #why == 0 then return nil end
  return {count = (hooks.has_filters() and filtered or 0) + capped, why = table.concat(why, "; ")}
end

local function totals()
  local sums = require("compendium.transfers").totals()
  sums.calls, sums.failed, sums.events = events.calls, events.failed, events.events
  return sums
end

local function end_of(info)
  local code, signal = ending.of(info)
  local text_of_it = summary.text(info, SUMMARY_COLUMNS)
  return encode {
    time = info.time, code = code, signal = signal, summary = text_of_it, totals = totals(),
    lost = {count = lost, intervals = #intervals > 0 and intervals or nil}, left_out = left_out(),
    failed_hooks = (ending.failed_hooks()), tampered = events.tampered, noise = events.reasons(),
    features = memory.features(),
    panels = panels.finish(),
  }, text_of_it
end

-- " Report: report.html (1.2 MB)", for the summary; nil until it is written.
function report.remark()
  return report.written and (" Report: %s (%s)"):format(text.shell(core.options.report), report.written)
end

-- A replay shows how far it has come by itself.
local function tell_progress(done, all)
  if terminal.is_terminal() then core.progress(("the report: %d%% of the last events"):format(100 * done // all)) end
end

local function finish(info)
  limit.finish(tell_progress)
  if terminal.is_terminal() then core.progress() end
  objects.flush()
  if writer:finish(end_of(info)) then
    report.written = require("compendium.format").bytes(writer:size())
  end
end

-- The sinks, in their order. Raises when it cannot be written.
function report.open(options)
  local problem
  writer, problem = core.report(options.report)
  if not writer then
    error("cannot write the report: " .. problem, 0)
  end
  local sinks = {
    {name = "report", events = CALLS, start = start, event = call, finish = finish},
    {name = "report records", events = RECORDS, event = record},
    {name = "report messages", events = SPLIT, event = further},
    {name = "report memory", events = MEMORY, event = of_memory},
    {name = "report tasks", events = TASKS, before_filters = true, event = tasks.record},
    {name = "report losses", events = {"lost"}, before_filters = true, event = note_loss},
  }
  if hooks.has_filters() then
    local function count() before = before + 1 end
    for i, list in ipairs {CALLS, RECORDS, MEMORY} do
      sinks[#sinks + 1] = {name = "report filtered " .. i, events = list, before_filters = true, event = count}
    end
    sinks[#sinks + 1] = {
      name = "report filtered messages", events = SPLIT, before_filters = true,
      event = function(e) before = before + (e.index > 1 and 1 or 0) end,
    }
  end
  return sinks
end

return report
