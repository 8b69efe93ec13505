-- SPDX-License-Identifier: MIT
--
-- threads: who made which thread, how long each lived and how many calls it made.
--
--     compendium -s threads -- node x.js
--
--     thread       by    from     lived   calls
--     4712 node    4711  +0.010s  0.40s    120

local rows, order = {}, {}
local calls <const> = counter(100000)
local format <const> = require("compendium").format

on("thread", function(e)
  if e.error or not e.child then return end
  order[#order + 1] = e.child
  rows[e.child] = {by = e.tid, start = e.time, comm = e.comm}
end)
on("exit", function(e)
  if not rows[e.tid] then return end
  rows[e.tid].finish, rows[e.tid].comm = e.time, e.comm or rows[e.tid].comm
end)
on("syscall", function(e) calls:add(e.tid) end)

on("finish", function(info)
  local t = columns {"thread", "by>", "from>", "lived>", "calls>"}
  for _, tid in ipairs(order) do
    local r = rows[tid]
    t:row(("%d %s"):format(tid, r.comm or "?"), r.by, format.clock(r.start), duration((r.finish
      or info.time) - r.start),
      calls:get(tid))
  end
  t:tell()
end)
