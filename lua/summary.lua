-- SPDX-License-Identifier: MIT
--
-- summary: the sink that adds up and, at the end, says what the program did. Each section is a module or a
-- table with
--   events    fn(e) by event type           event   fn(e) for every event that is not calm (see noise.lua) or has one
--             of these;                     failed  for those with an error
--   rows      fn(info, width) -> array of lines (strings, or {colour, line}); nil: nothing to say
--   heading   the line above them; without it the rows stand for themselves
-- Filters apply, since this is a sink like any other.

local connections <const> = require "compendium.connections"
local core <const> = require "compendium.core"
local format <const> = require "compendium.format"
local latency <const> = require "compendium.latency"
local lines <const> = require "compendium.lines"
local processes <const> = require "compendium.processes"
local remarks <const> = require "compendium.remarks"
local terminal <const> = require "compendium.terminal"
local text <const> = require "compendium.text"
local touched <const> = require "compendium.touched"

local RULE_COLUMNS <const> = 64
local TITLE_COLUMNS <const> = 120

local sections <const> = {
  require "compendium.usage", touched, require "compendium.transfers",
  latency.block, latency.sched,
  connections, connections.local_sockets,
  remarks.changes, require "compendium.failures", remarks.slow, remarks.signals, require "compendium.tree",
  remarks.tampered, remarks.hidden, remarks.limits, remarks.trouble,
}

local CALLS_NOTHING <const> = -- many, and what looks at every event looks for calls
  {fault = true, usage = true, sched = true, block = true}

-- What looks at an event of that type, in order: those for the type, those for every event. And what looks at those
-- that failed.
local handlers, for_failed = {}, {}

for _, section in ipairs(sections) do
  for_failed[#for_failed + 1] = section.failed
end

local function handlers_for(type)
  local list, for_all = {}, {}
  for _, section in ipairs(sections) do
    list[#list + 1] = section.events and section.events[type]
    for_all[#for_all + 1] = not CALLS_NOTHING[type] and section.event or nil
  end
  table.move(for_all, 1, #for_all, #list + 1, list)
  handlers[type] = list
  return list
end

local function event(e)
  local type = e.type
  local list = handlers[type] or handlers_for(type)
  for i = 1, #list do
    list[i](e)
  end
  if not CALLS_NOTHING[type] and e.error then
    for i = 1, #for_failed do
      for_failed[i](e)
    end
  end
end

-- Of a type that no section looks at for itself, calm events are nothing to the others.
local function calm(type)
  for _, section in ipairs(sections) do
    if section.events and section.events[type] then return nil end
  end
  return "skip"
end

-- ---- printing

local function subject()
  local options = core.options
  if options.command and #options.command > 0 then
    return text.command(options.command)
  end
  if options.all then
    return "all processes"
  end
  local names = {}
  for i, pid in ipairs(options.pids or {}) do
    local process = processes.get(pid)
    names[i] = pid .. (process and process.comm and " (" .. text.escape(process.comm) .. ")" or "")
  end
  return (#names == 1 and "process " or "processes ") .. table.concat(names, ", ")
end

local function title(info, width)
  local time = format.seconds(info.time or core.now())
  if core.run.from then time = ("+%.3fs to +%.3fs"):format(core.run.from / 1e9, (info.time or core.now()) / 1e9) end
  local room = math.min(width, TITLE_COLUMNS) - #" FINAL:  ()" - #time
  return (" FINAL: %s (%s)"):format(text.cut(subject(), room, false), time)
end

local function status_text(status)
  local code, signal = processes.exit_code(status), processes.exit_signal(status)
  if signal then
    return ("killed by %s%s"):format(format.signal(signal), status & 0x80 ~= 0 and " (core dumped)" or ""), "failed"
  end
  return tostring(code), code ~= 0 and "failed" or nil
end

-- How the attached processes are: the statuses of those that ended.
local function attached_text()
  local parts, running = {}, 0
  for _, pid in ipairs(core.options.pids or {}) do
    local process = processes.get(pid)
    if process and process.exit_status then
      parts[#parts + 1] = pid .. ": " .. status_text(process.exit_status)
    else
      running = running + 1
    end
  end
  if running > 0 then
    parts[#parts + 1] = running == 1 and #parts == 0 and "still running, let go" or running .. " still running, let go"
  end
  return table.concat(parts, ", ")
end

local function exit_row(info)
  local ended = info.signal and info.signal ~= 0 and (" (trace ended by %s)"):format(format.signal(info.signal)) or ""
  local status = info.status
  if status and status >= 0 then
    local how, colour = status_text(status)
    return {colour, " Exit: " .. how .. ended}
  elseif core.options.command and #core.options.command > 0 then
    return {nil, " Exit: " .. (core.run.file and "not seen, what is replayed ends before it" or "unknown") .. ended}
  elseif core.options.all then
    return {nil, " Exit: all let go" .. ended}
  end
  return {nil, " Exit: " .. attached_text() .. ended}
end

local function add_section(list, section, info, width)
  local rows = section.rows(info, width - 1)
  if not rows then
    return
  elseif section.heading and section.inline and #rows == 1 then
    list[#list + 1] = text.cut(" " .. section.heading .. " " .. rows[1]:gsub("^ +", ""), width, false)
    return
  elseif section.heading then
    list[#list + 1] = {"heading", " " .. section.heading}
  end
  for _, row in ipairs(rows) do
    local colour, line = nil, row
    if type(row) == "table" then
      colour, line = row[1], row[2]
    end
    list[#list + 1] = {colour, " " .. text.cut(line, width - 1, false)}
  end
end

-- All of it as rows: strings or {kind, string}.
local function rows_of(info, width)
  local heading = title(info, width)
  local rule = {"time", text.marks.rule:rep(math.min(width, math.max(RULE_COLUMNS, text.width(heading) + 1)))}
  local list = {rule, {"title", heading}, rule}
  for _, section in ipairs(sections) do
    add_section(list, section, info, width)
  end
  list[#list + 1] = core.options.report and require("compendium.report").remark() or nil
  list[#list + 1] = exit_row(info)
  list[#list + 1] = rule
  return list
end

local function finish(info)
  terminal.block(rows_of(info, terminal.width()))
end

-- The same as text, for those who print it elsewhere.
local function as_text(info, width)
  local list = rows_of(info, width)
  for i, row in ipairs(list) do
    list[i] = type(row) == "table" and row[2] or row
  end
  return table.concat(list, "\n") .. "\n"
end

-- What has a line, and what a section adds up without one.
local function wanted_types()
  local types = lines.types()
  types[#types + 1] = "usage"
  return types
end

return {name = "summary", subject = subject, events = wanted_types(), event = event, calm = calm,
  together = {fault = touched.add_all},
  finish = finish, text = as_text,
  silent = {name = "summary", events = wanted_types(), event = event}, -- adds up, for who asks for the text
  losses = remarks.losses, tampering = remarks.tampering}
