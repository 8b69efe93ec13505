-- SPDX-License-Identifier: MIT
--
-- tree: which programs ran, who started whom and how each ended: the "Processes" section of the summary,
-- there when there was more than one process or thread. What it shows comes from compendium.processes; which
-- of them, from the events that reached the sink.

local core <const> = require "compendium.core"
local format <const> = require "compendium.format"
local processes <const> = require "compendium.processes"
local rows <const> = require "compendium.rows"
local text <const> = require "compendium.text"

local tree <const> = {}

local MOST_SHOWN <const> = 40
local LIKE_SHOWN <const> = 3 -- children of the same program and end that are shown one by one
local LEAST_COLUMNS <const> = 24 -- of a command

local seen <const> = setmetatable({}, {__mode = "k"})

local function note(process)
  if process then
    seen[process] = true
  end
end

tree.events = {
  fork = function(e) note(processes.get(e.child)) end,
  thread = function(e) note(e.process) end,
  exec = function(e) note(e.process) end,
  exit = function(e) note(e.process) end,
  task = function(e) note(e.process) end,
}

local function ending(process)
  if not process.finish then
    return "still running"
  elseif process.exit_signal then
    return "killed by " .. process.exit_signal .. (process.core and ", core dumped" or "")
  end
  return process.exit_code and "exit " .. process.exit_code or "ended"
end

local function detail(process, now)
  local parts = {ending(process), format.duration((process.finish or now) - process.start)}
  if (process.thread_count or 1) > 1 then
    parts[#parts + 1] = format.count(process.thread_count, "thread")
  end
  return table.concat(parts, ", ")
end

-- The command line. A daemon that writes its title there leaves one word and empty ones behind it.
local function command(process)
  local argv = process.argv or {}
  local last = #argv
  while last > 0 and argv[last] == "" do
    last = last - 1
  end
  if last == 1 then
    return text.escape(argv[1])
  elseif last > 0 then
    return text.command(argv)
  end
  return text.escape(process.comm or "?")
end

local function children_of(process)
  local list = {}
  for _, child in ipairs(process.children or {}) do
    if seen[child] then
      list[#list + 1] = child
    end
  end
  return list
end

local function roots()
  local list, count = {}, 0
  for _, process in ipairs(processes.list()) do
    if seen[process] then
      count = count + 1
      if not (process.parent and seen[process.parent]) then
        list[#list + 1] = process
      end
    end
  end
  return list, count
end

-- Splits children into those shown and groups of many like ones: {process} or {process, like = more}.
local function condensed(children)
  local counts, shown = {}, {}
  for _, child in ipairs(children) do
    local key = (child.exe or child.comm or "?") .. "\0" .. ending(child)
    local group = counts[key]
    if not group then
      group = {count = 0}
      counts[key] = group
    end
    group.count = group.count + 1
    if group.count <= LIKE_SHOWN then
      shown[#shown + 1] = {child}
      group.last = shown[#shown]
    elseif #children_of(child) > 0 then
      shown[#shown + 1] = {child}
    else
      group.last.like = (group.last.like or 0) + 1
    end
  end
  return shown
end

-- Adds the rows of a process and of those below it. indent: what its children's marks follow.
local function add(list, process, mark, indent, look)
  list[#list + 1] = {mark .. process.pid .. " " .. command(process), detail(process, look.now)}
  local shown = condensed(children_of(process))
  for i, child in ipairs(shown) do
    local is_last = i == #shown
    add(list, child[1], indent .. (is_last and text.marks.last or text.marks.branch),
      indent .. (is_last and text.marks.gap or text.marks.bar), look)
    if child.like then
      list[#list + 1] = {indent .. (is_last and text.marks.gap or text.marks.bar)
        .. ("and %d more like it"):format(child.like), ""}
    end
  end
end

-- Aligned rows, commands as long as what follows them allows.
local function cut_commands(list, width)
  local details = 0
  for _, row in ipairs(list) do
    details = math.max(details, text.width(row[2]))
  end
  local room = math.max(width - details - 6, LEAST_COLUMNS)
  for _, row in ipairs(list) do
    row[1] = text.cut(row[1], room, false)
  end
  return rows.align(list, room)
end

-- The section's lines; nil for a single process without threads.
function tree.rows(info, width)
  local top_level, count = roots()
  local first = top_level[1]
  if count < 2 and not (first and (first.thread_count or 1) > 1) then
    return nil
  end
  local list, look = {}, {now = info.time or core.now()}
  for _, process in ipairs(top_level) do
    add(list, process, "", "", look)
  end
  local left_out = #list - MOST_SHOWN
  if left_out > 0 then
    list = table.move(list, 1, MOST_SHOWN, 1, {})
    list[#list + 1] = {("and %d more; -s only-processes.lua shows each"):format(left_out), ""}
  end
  if processes.dropped > 0 then
    list[#list + 1] = {("and %s not kept"):format(format.count(processes.dropped, "process")), ""}
  end
  return cut_commands(list, width)
end

tree.heading = "Processes:"

return tree
