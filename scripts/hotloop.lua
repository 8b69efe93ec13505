-- SPDX-License-Identifier: MIT
--
-- hotloop: busy polling: one thread that makes the same call again and again, and gets nothing by it.
--
--     compendium -s hotloop -- ./prog
--
--     [+1.000s] [4711] sched_yield 210000 times a second
--     [+1.000s] [4711] read fd 5 ✗ EAGAIN 90000 times a second
--
-- Options: rate=1000 how many a second are too many.

local limit <const> = option("rate", 1000, "how many a second are too many")

local SPINS <const> = {sched_yield = true, getppid = true, poll = true, select = true, epoll_wait = true, futex = true, nanosleep = true}
local last, told = {}, {}

on("syscall", function(e)
  local is_vain = e.error == "EAGAIN" or SPINS[e.syscall] and (e.ret == 0 or e.error)
  local known = last[e.tid]
  if not is_vain then
    last[e.tid] = nil
    return
  end
  if not known or known.syscall ~= e.syscall or known.first ~= e.raw[1] then
    last[e.tid] = {syscall = e.syscall, first = e.raw[1], since = e.time, n = 1}
    return
  end
  known.n = known.n + 1
  local took = e.time - known.since
  if took < 100000000 then return end
  local per_second = known.n * 1000000000 // took
  local name = e.tid .. e.syscall
  if per_second >= limit and not told[name] then
    told[name] = true
    say(e, "%s%s%s %d times a second", e.syscall, e.error and " fd " .. (e.raw[1] & 0xffffffff) or "",
      e.error and " ✗ " .. e.error or "", per_second)
  end
  known.since, known.n = e.time, 1
end)
