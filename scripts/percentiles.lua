-- SPDX-License-Identifier: MIT
--
-- percentiles: how long each system call takes: median, 90th and 99th percentile, longest, sum.
--
--     compendium -s percentiles -- ./prog
--
--     call     calls  errors    p50    p90    p99     max      sum
--     read       120       0  1.1µs  3.2µs  1.2ms   4.0ms    9.8ms
--
-- Options: by=path gives a row to each path or peer in place of each call.

local by <const> = option("by", "call", "call or path")
if by ~= "call" and by ~= "path" then error("by is call or path, not " .. by, 0) end

local rows = {}
local errors <const> = counter()

local function add(e)
  local name = by == "call" and e.syscall or e.path or e.remote
  if not name or e.unfinished then return end
  rows[name] = rows[name] or histogram()
  rows[name]:add(e.duration)
  if e.error then errors:add(name) end
end

if by == "call" then
  on("syscall", add)
else
  on({"open", "read", "write", "send", "recv", "connect", "stat", "list", "sync"}, add)
end

on("finish", function()
  local order = {}
  for name in pairs(rows) do order[#order + 1] = name end
  table.sort(order, function(a, b) return rows[a].sum > rows[b].sum end)
  local t = columns {by, "calls>", "errors>", "p50>", "p90>", "p99>", "max>", "sum>"}
  for _, name in ipairs(order) do
    local h = rows[name]
    t:row(name, h.count, errors:get(name), duration(h:percentile(50)), duration(h:percentile(90)),
      duration(h:percentile(99)), duration(h.max), duration(h.sum))
  end
  t:tell()
end)
