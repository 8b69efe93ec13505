-- SPDX-License-Identifier: MIT
--
-- fsyncs: what is forced to the disk, how often and how long that took.
--
--     compendium -s fsyncs -- git commit -m x
--
--     file              syncs   median      max      sum
--     /src/.git/index       1   12.0ms   12.0ms   12.0ms

local times = {}

on("sync", function(e)
  local name = e.path or "everything"
  times[name] = times[name] or histogram()
  times[name]:add(e.duration)
  if e.error then say(e, "%s %s ✗ %s", e.syscall, name, e.error) end
end)

on("finish", function()
  local names = {}
  for name in pairs(times) do names[#names + 1] = name end
  table.sort(names, function(a, b) return times[a].sum > times[b].sum end)
  local t = columns {"file", "syncs>", "median>", "max>", "sum>"}
  for _, name in ipairs(names) do
    local h = times[name]
    t:row(name, h.count, duration(h:percentile(50)), duration(h.max), duration(h.sum))
  end
  t:tell()
end)
