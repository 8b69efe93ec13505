-- SPDX-License-Identifier: MIT
--
-- history: the memory of each process, and of all together, over time. history.keep() before the trace starts
-- makes it be kept; nothing is otherwise. Points are the "usage" events, so want("usage", "10ms") makes more of
-- them; they are asked of the kernel at a bounded rate. With --faults they have what was touched as well.
--
--   local kept = compendium.history.keep {points = 1000}
--   on("finish", function()
--     for _, one in ipairs(kept.processes) do print(one.pid, one.comm, one.peak.bytes, one.most.rss) end
--     for i, time in ipairs(kept.total.time) do print(time, kept.total.pss[i]) end
--   end)
--
-- A process is {pid, comm, start, finish (nil: it lives), peak, most: see memory.of, series}; a series is arrays
-- of the same length by name: time, heap, mapped, touched, rss, pss. When it has more than `points`, each second
-- one is left out, and from then on fewer are kept: what is left covers the whole time. Those that ended stay.

local hooks = require "compendium.hooks"
local memory = require "compendium.memory"

local history = {}

local POINTS <const>, LEAST_POINTS <const> = 1000, 10
local PROCESSES <const> = 4096 -- that are kept
local NAMES <const> = {"time", "heap", "mapped", "touched", "rss", "pss"}

local function new_series()
  local series = {step = 0, next = 0}
  for _, name in ipairs(NAMES) do series[name] = {} end
  return series
end

-- Leaves out every second point; the next ones are to be twice as far apart.
local function thin_out(series)
  local count = #series.time
  for _, name in ipairs(NAMES) do
    local list, n = series[name], 0
    for i = 1, count, 2 do
      n = n + 1
      list[n] = list[i]
    end
    for i = n + 1, count do list[i] = nil end
  end
  local time = series.time
  series.step = (time[#time] - time[1]) // (#time - 1)
end

-- Adds a point, when the last one is long enough ago.
local function add(series, points, time, totals)
  if time < series.next then return end
  local i = #series.time + 1
  series.time[i] = time
  series.heap[i], series.mapped[i], series.touched[i] = totals.heap, totals.bytes - totals.heap, totals.touched
  series.rss[i], series.pss[i] = totals.rss, totals.pss
  if i >= points then thin_out(series) end
  series.next = time + series.step
end

-- Keeps the memory over time from the start of the trace on. options: points. Returns {processes=, total=, dropped=}:
-- an array in the order of their first samples, the series of all together, and how many processes were too many.
function history.keep(options)
  local points = math.max(LEAST_POINTS, options and options.points or POINTS)
  local kept, by_process = {processes = {}, total = new_series(), dropped = 0}, {}

  local function entry_of(e)
    local process = e.process
    local one = by_process[process]
    if one == nil then
      one = #kept.processes < PROCESSES and {pid = e.pid, start = process.start, series = new_series()} or false
      by_process[process] = one
      kept.dropped = kept.dropped + (one and 0 or 1)
      kept.processes[#kept.processes + 1] = one or nil
    end
    return one
  end

  local function sampled(e)
    local totals, peak, most = memory.of(e.pid)
    local one = totals and entry_of(e)
    if one then
      one.comm, one.peak, one.most = e.comm, peak, most
      add(one.series, points, e.time, totals)
    end
    add(kept.total, points, e.time, memory.total)
  end

  hooks.sink {name = "history", events = {"usage", "exit"}, event = function(e)
    if e.type == "usage" then return sampled(e) end
    local one = e.whole and entry_of(e)
    if one then
      one.finish, one.comm = e.time, one.comm or e.comm
      local _, peak, most = memory.of(e.pid)
      one.peak, one.most = peak, most
      add(kept.total, points, e.time, memory.total)
    end
  end}
  return kept
end

return history
