-- SPDX-License-Identifier: MIT
--
-- fsyncs: what is forced to the disk, how often and how long that took.
--
--     compendium -s fsyncs -- git commit -m x
--
--     file              syncs   median      max      sum
--     /src/.git/index       1   12.0ms   12.0ms   12.0ms
--
-- With --report it is a table of the page as well, and those that took long have a note.

local times = {}

local SLOW <const> = duration "100ms"

on("sync", function(e)
  local name = e.path or "everything"
  times[name] = times[name] or histogram()
  times[name]:add(e.duration)
  if e.error then say(e, "%s %s ✗ %s", e.syscall, name, e.error) end
  if e.duration and e.duration >= SLOW then report.note(e, "a slow disk, or much to write") end
end)

local function sorted()
  local names = {}
  for name in pairs(times) do names[#names + 1] = name end
  table.sort(names, function(a, b) return times[a].sum > times[b].sum end)
  return names
end

report.panel {
  title = "Forced to the disk", kind = "bars", x = "file", y = "sum",
  columns = {{"file", "string"}, {"syncs", "number"}, {"median", "number"}, {"max", "number"}, {"sum", "number"}},
  rows = function()
    local rows = {}
    for i, name in ipairs(sorted()) do
      local h = times[name]
      rows[i] = {name, h.count, h:percentile(50), h.max, h.sum}
    end
    return rows
  end,
}

on("finish", function()
  local t = columns {"file", "syncs>", "median>", "max>", "sum>"}
  for _, name in ipairs(sorted()) do
    local h = times[name]
    t:row(name, h.count, duration(h:percentile(50)), duration(h.max), duration(h.sum))
  end
  t:tell()
end)
