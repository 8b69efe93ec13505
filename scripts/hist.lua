-- SPDX-License-Identifier: MIT
--
-- hist: how long each system call takes, as a histogram by powers of two.
--
--     compendium -s hist -- ls -lR /usr/share
--     compendium -s hist:calls=read -p 4711
--
--     read  1204 calls, 3.1ms in all
--          512ns      900 ########################################
--            1µs      300 #############
--
-- Options: calls=read,write only these; least=10 leaves out calls made less often.

local wanted <const> = option("calls", {}, "only these")
local least <const> = option("least", 10, "how often a call must have been made to be shown")

local names <const> = {}
for i, name in ipairs(wanted) do names[i] = "syscall:" .. name end

local histograms = {}

on(#names > 0 and names or "syscall", function(e)
  if e.unfinished then return end
  local h = histograms[e.syscall]
  if not h then
    h = histogram()
    histograms[e.syscall] = h
  end
  h:add(e.duration)
end)

on("finish", function()
  local order = {}
  for name, h in pairs(histograms) do order[#order + 1] = h.count >= least and name or nil end
  table.sort(order, function(a, b) return histograms[a].sum > histograms[b].sum end)
  for _, name in ipairs(order) do
    local h = histograms[name]
    tell("%s  %d calls, %s in all", name, h.count, duration(h.sum))
    for _, line in ipairs(h:lines(duration)) do tell("%s", line) end
  end
end)
