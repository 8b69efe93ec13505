-- SPDX-License-Identifier: MIT
--
-- usage: the "Memory" section of the summary, as it was when all processes together had most. Address
-- space by what asked for it, and how much of it was really in memory at most: peak RSS of a process and, with
-- --faults, what all together had touched, and had in memory (PSS, by samples).

local format <const> = require "compendium.format"
local memory <const> = require "compendium.memory"
local rows <const> = require "compendium.rows"

local usage <const> = {}

local LABEL_COLUMNS <const> = 8

local seen = false
local peak_rss, processes_measured, samples = 0, 0, 0

local function note()
  seen = true
end

usage.events = {
  mmap = note, brk = note, mremap = note,
  usage = function()
    samples = samples + 1
  end,
  exit = function(e)
    if e.peak_rss then
      peak_rss = math.max(peak_rss, e.peak_rss)
      processes_measured = processes_measured + (e.whole and 1 or 0)
    end
  end,
}

local function rss_text()
  if peak_rss == 0 then
    return ""
  end
  return "   peak RSS " .. format.bytes(peak_rss) .. (processes_measured > 1 and " in one process" or "")
end

-- What was really used by all together, each at its own time; nil when nothing was measured.
local function touched_row()
  local most = memory.most
  if most.touched == 0 then
    return nil
  end
  local row = rows.amount("Touched", most.touched, LABEL_COLUMNS)
  if samples == 0 then
    return row
  end
  return ("%s   peak PSS %s (%s)"):format(row, format.bytes(most.pss), format.count(samples, "sample"))
end

-- The section's lines; nil when no memory was asked for.
function usage.rows()
  local peak = memory.peak
  if not seen or peak.bytes == 0 then
    return nil
  end
  local mapped = peak.bytes - peak.heap
  return {
    rows.amount("Heap", peak.heap, LABEL_COLUMNS),
    ("%s (%s)"):format(rows.amount("Mmap", mapped, LABEL_COLUMNS), format.count(peak.regions, "region")),
    rows.amount("Total", peak.bytes, LABEL_COLUMNS) .. rss_text(),
    touched_row(),
  }
end

usage.heading = "Memory:"

return usage
