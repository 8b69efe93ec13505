-- SPDX-License-Identifier: MIT
--
-- blocked: where each thread waits, and how long: the calls in which its time went.
--
--     compendium -s blocked -- ./server
--
--     thread       waited  in
--     4711 server   2.10s  epoll_wait  2.00s
--                          futex       0.10s
--
-- Options: lines=3 calls of each thread; over=1ms only calls that took as long.

local lines <const> = option("lines", 3, "how many calls of each thread")
local over <const> = option("over", "1ms", "only calls that took as long")

local threads, order = {}, {}

on("syscall", function(e)
  if not e.duration or e.duration < over then return end
  if not threads[e.tid] then
    order[#order + 1] = e.tid
    threads[e.tid] = {label = ("%d %s"):format(e.tid, e.comm or "?"), calls = counter()}
  end
  threads[e.tid].calls:add(e.syscall, e.duration)
end)

on("finish", function()
  table.sort(order, function(a, b) return threads[a].calls:sum() > threads[b].calls:sum() end)
  local t = columns {"thread", "waited>", "in", ">"}
  for _, tid in ipairs(order) do
    for i, row in ipairs(threads[tid].calls:top(lines)) do
      t:row(i == 1 and threads[tid].label or "", i == 1 and duration(threads[tid].calls:sum()) or "", row[1],
        duration(row[2]))
    end
  end
  t:tell()
end)
