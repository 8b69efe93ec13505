-- SPDX-License-Identifier: MIT
--
-- latency: the "Scheduler" and "Block I/O" sections of the summary: how long tasks waited for a CPU, and what they
-- asked of disks and how long that took. Only with --sched and --block-io.

local format <const> = require "compendium.format"
local rows <const> = require "compendium.rows"
local stats <const> = require "compendium.stats"
local text <const> = require "compendium.text"
local top <const> = require "compendium.top"

local latency <const> = {}

local NAMES <const> = 2000 -- tasks and devices kept
local LABEL_COLUMNS <const> = 12

-- "p50 12µs   p99 1.2ms   max 8.0ms"
local function spread(histogram)
  return ("p50 %s   p99 %s   max %s"):format(format.duration(histogram:percentile(50)),
    format.duration(histogram:percentile(99)), format.duration(histogram.max))
end

-- Names with how long they waited in all, those that waited longest first.
local function durations(names)
  local items = {}
  for _, entry in ipairs(names:largest()) do
    items[#items + 1] = {text.escape(entry[1]), " " .. format.duration(entry[2])}
  end
  return items
end

-- ---- waits for a CPU

local woken <const>, preempted <const> = stats.histogram(), stats.histogram()
local waiters <const> = top.new(NAMES)

local function wait_row(label, histogram)
  if histogram.count == 0 then
    return nil
  end
  return ("  %s%s   %s   %s in all"):format(text.pad(label .. ":", LABEL_COLUMNS),
    text.pad(format.count(histogram.count, "wait"), 12, "right"), spread(histogram), format.duration(histogram.sum))
end

latency.sched = {
  heading = "Scheduler:",
  events = {
    sched = function(e)
      local duration = e.duration
      if e.what == "preempted" then
        preempted:add(duration)
      else
        woken:add(duration)
      end
      waiters:add(("%s %d"):format(e.comm or "?", e.tid), duration)
    end,
  },
  rows = function(_, width)
    if waiters:count() == 0 then
      return nil
    end
    local list = {}
    list[1] = wait_row("Woken", woken)
    list[#list + 1] = wait_row("Preempted", preempted)
    list[#list + 1] = rows.list("  Most", durations(waiters), width, (waiters:count()))
    return list
  end,
}

-- ---- what disks were asked for

local MOVES <const> = {read = true, write = true, append = true} -- bytes; the others are about them
local kinds <const> = {} -- by what: {histogram, bytes}
local devices <const>, askers <const> = top.new(NAMES), top.new(NAMES)
local errors <const> = top.new(NAMES)

local function add_block(e)
  local what = e.what
  local kind = kinds[what] or {histogram = stats.histogram(), bytes = 0}
  kinds[what] = kind
  kind.histogram:add(e.duration)
  kind.bytes = kind.bytes + e.bytes
  if MOVES[what] then
    devices:add(e.device, e.bytes)
    askers:add(("%s %d"):format(e.comm or "?", e.tid), e.bytes)
  end
  if e.error then
    errors:add(("%s %s"):format(what, e.error), 1)
  end
end

local function kind_rows()
  local list, names = {}, {}
  for what in pairs(kinds) do
    names[#names + 1] = what
  end
  table.sort(names, function(a, b)
    local one, other = kinds[a], kinds[b]
    return one.bytes > other.bytes or one.bytes == other.bytes and a < b
  end)
  for i, what in ipairs(names) do
    local kind = kinds[what]
    list[i] = ("%s in %s   %s"):format(rows.amount(what:sub(1, 1):upper() .. what:sub(2), kind.bytes, LABEL_COLUMNS),
      text.pad(format.count(kind.histogram.count, "request"), 12, "right"), spread(kind.histogram))
  end
  return list
end

local function amounts(names)
  local items = {}
  for _, entry in ipairs(names:largest()) do
    items[#items + 1] = {text.escape(entry[1]), " " .. format.bytes(entry[2])}
  end
  return items
end

latency.block = {
  heading = "Block I/O:",
  events = {block = add_block},
  rows = function(_, width)
    local list = kind_rows()
    if #list == 0 then
      return nil
    end
    if devices:count() > 0 then
      list[#list + 1] = rows.list("  By device", amounts(devices), width, (devices:count()))
    end
    if askers:count() > 1 then
      list[#list + 1] = rows.list("  By task", amounts(askers), width, (askers:count()))
    end
    local failed = {}
    for _, entry in ipairs(errors:largest()) do
      failed[#failed + 1] = {entry[1], (" %s%d"):format(text.marks.times, entry[2])}
    end
    list[#list + 1] = #failed > 0 and {"failed", rows.list("  Failed", failed, width, (errors:count()))} or nil
    return list
  end,
}

return latency
