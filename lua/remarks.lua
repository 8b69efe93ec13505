-- SPDX-License-Identifier: MIT
--
-- remarks: the one-line sections of the summary: names that were changed, signals, slow calls, and what
-- a reader must know to trust the rest (lost, tampered with, hooks that failed, outputs that failed).

local core <const> = require "compendium.core"
local ending <const> = require "compendium.ending"
local format <const> = require "compendium.format"
local lines <const> = require "compendium.lines"
local noise <const> = require "compendium.noise"
local rows <const> = require "compendium.rows"
local terminal <const> = require "compendium.terminal"
local text <const> = require "compendium.text"
local top <const> = require "compendium.top"

local remarks <const> = {}

local NAMES <const> = 2000

-- A section of one line: heading, then names with how often.
local function listed(heading, names, width, show_amount)
  if names.sum == 0 then
    return nil
  end
  local items = {}
  for _, entry in ipairs(names:largest()) do
    local amount = show_amount and entry[2] > 1 and (" %s%d"):format(text.marks.times, entry[2]) or ""
    items[#items + 1] = {text.escape(entry[1]), amount}
  end
  return rows.list(heading, items, width, (names:count()))
end

-- ---- names changed

local changes <const> = {made = top.new(NAMES), removed = top.new(NAMES), renamed = top.new(NAMES)}

local function change(kind)
  return function(e)
    if not e.error and e.path then
      changes[kind]:add(e.path, 1)
    end
  end
end

local function change_row(kind, width)
  local names = changes[kind]
  return listed(("  %s %d"):format(kind, names.sum), names, width, false)
end

remarks.changes = {
  heading = "Names changed:",
  events = {create = change("made"), link = change("made"), remove = change("removed"), rename = change("renamed")},
  rows = function(_, width)
    local list = {}
    for _, kind in ipairs {"made", "removed", "renamed"} do
      list[#list + 1] = change_row(kind, width)
    end
    return #list > 0 and list or nil
  end,
}

-- ---- signals

local signals <const> = top.new(NAMES)

remarks.signals = {
  events = {
    signal = function(e)
      if e.signal ~= "SIGCHLD" then
        signals:add((e.signal or format.signal(e.number)) .. (e.sender and " from " .. e.sender or ""), 1)
      end
    end,
  },
  rows = function(_, width)
    local line = listed("Signals", signals, width, true)
    return line and {line}
  end,
}

-- ---- slow calls: those that did something, not those that waited for somebody else

local SLOWEST_SHOWN <const> = 3
local WORK <const> = {
  open = true, sync = true, rename = true, remove = true, create = true, stat = true, connect = true, copy = true,
  truncate = true, allocate = true, chmod = true, list = true, mmap = true,
}
local slowest = {} -- {duration, text}, longest first

local function is_work(e)
  if e.type == "read" or e.type == "write" then
    return e.file and e.file.kind == "file"
  end
  return WORK[e.type]
end

remarks.slow = {
  heading = "Slow calls:",
  event = function(e)
    local duration = e.duration
    if not duration or duration < noise.SLOW or not is_work(e) then
      return
    elseif #slowest == SLOWEST_SHOWN and slowest[#slowest][1] >= duration then
      return
    end
    slowest[#slowest + 1] = {duration, e.type .. " " .. lines.name(e.path or e.remote or "")}
    table.sort(slowest, function(a, b) return a[1] > b[1] end)
    slowest[SLOWEST_SHOWN + 1] = nil
  end,
  rows = function(_, width)
    local list = {}
    for i, entry in ipairs(slowest) do
      list[i] = ("  %s   %s"):format(text.pad(format.duration(entry[1]), 8, "right"), text.cut(entry[2], width - 14))
    end
    return #list > 0 and list or nil
  end,
}

-- ---- what was hidden

local HIDDEN_SHOWN <const> = 6

local function hidden_line(list, sum, shown)
  local parts = {}
  for i = 1, shown do
    parts[i] = list[i][1] .. " " .. list[i][2]
  end
  local more = shown < #list and " ..." or ""
  return ("Hidden: %s (%s%s); -v shows every call"):format(format.count(sum, "event"), table.concat(parts, ", "), more)
end

remarks.hidden = {
  rows = function(_, width)
    local list, sum = noise.hidden()
    local shown = math.min(#list, HIDDEN_SHOWN)
    while shown > 1 and text.width(hidden_line(list, sum, shown)) > width do
      shown = shown - 1
    end
    return sum > 0 and {hidden_line(list, sum, shown)} or nil
  end,
}

-- ---- what must be known to trust the rest

local lost, most_lost, tampered = 0, 0, top.new(NAMES)
local rings <const>, noted <const> = top.new(NAMES), {}

-- By number of the note. ORDER enum record_note
local NOTES <const> = {
  "Traced against its wish (CLONE_UNTRACED): children of %s",
  "Without the privileges of its file (setuid), as traced: %s",
  "Without its page faults, which could not be seen: %s",
  "Not traced, as it wished (CLONE_UNTRACED): a task made by %s",
  "Could not be let go at once, as it waited in the kernel: %s",
  "Without stacks from some point on, as they could not be found: %s",
}

local SECOND <const> = 1000000000

-- What the source can do nothing about.
local seen_by <const> = {
  lost = function(e)
    lost = lost + (e.count or 1)
    if e.during then
      most_lost = math.max(most_lost, e.count * SECOND // math.max(e.during, SECOND))
    end
  end,
  note = function(e)
    local form = NOTES[e.number]
    if form then
      noted[#noted + 1] = form:format(text.escape((e:piece(1, "self") or "a program"):match "[^/]*$"))
    end
  end,
  io_uring_setup = function(e)
    if not e.error then
      rings:add(e.comm or "?", 1)
    end
  end,
  io_uring_enter = function(e) rings:add(e.comm or "?", 0) end,
}

-- Sees what filters drop as well: what is missing is missing for everyone.
remarks.losses = {
  name = "losses", before_filters = true, events = {"lost", "note", "syscall:io_uring_setup", "syscall:io_uring_enter"},
  event = function(e) (seen_by[e.syscall] or seen_by[e.type])(e) end,
}

-- Calls made through a ring's memory never enter the kernel on their own.
local function ring_row(width)
  local programs = {}
  for _, entry in ipairs(rings:largest()) do
    programs[#programs + 1] = {text.escape(entry[1])}
  end
  return #programs > 0
    and rows.list("io_uring: what was done through it cannot be seen by this backend", programs, width)
end

remarks.limits = {
  rows = function(_, width)
    local list = table.move(noted, 1, #noted, 1, {})
    list[#list + 1] = ring_row(width) or nil
    if (core.run.from or 0) > 0 then
      list[#list + 1] = "Of a part of the trace; memory, processes and connections are with what was before it"
    end
    return #list > 0 and list or nil
  end,
}

-- Calls that scripts may have acted on and that are no event.
function remarks.tampering(names)
  return {
    name = "tampering", before_filters = true, events = names,
    event = function(e)
      if e.tampered and not e.type then
        tampered:add(e.syscall, 1)
      end
    end,
  }
end

remarks.tampered = {
  event = function(e)
    if e.tampered then
      tampered:add(e.syscall or e.type, 1)
    end
  end,
  rows = function(_, width)
    local line = listed("Tampered with", tampered, width, true)
    return line and {line}
  end,
}

local function failed_hooks()
  local count, first = ending.failed_hooks()
  if count > 0 then
    local where = first and ", first in " .. text.tame(first) or ""
    return ("Hooks that failed: %d%s"):format(count, where)
  end
end

remarks.trouble = {
  rows = function()
    local list = {}
    if lost > 0 then
      local rate = most_lost > 0 and (", at most %d a second"):format(most_lost) or ""
      list[#list + 1] = {"failed",
        ("Lost: %s%s; the numbers above are too small"):format(format.count(lost, "event"), rate)}
    end
    local hooks = failed_hooks()
    list[#list + 1] = hooks and {"failed", hooks}
    for _, failure in ipairs(terminal.failures()) do
      list[#list + 1] = {"failed", failure}
    end
    return #list > 0 and list or nil
  end,
}

return remarks
