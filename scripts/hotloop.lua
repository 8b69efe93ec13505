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

local SPINS <const> = {
  sched_yield = true, getppid = true, poll = true, select = true, epoll_wait = true, futex = true, nanosleep = true,
}
local WINDOW <const> = 100000000 -- ns
local loops, told = {}, {}

-- Calls of a thread that gave nothing, of one kind, since a moment.
on("syscall", function(e)
  if e.error ~= "EAGAIN" and not (SPINS[e.syscall] and (e.ret == 0 or e.error)) then return end
  local name = e.tid .. " " .. e.syscall
  local loop = loops[name]
  if not loop or e.time - loop.since > 10 * WINDOW then
    loops[name] = {since = e.time, n = 1}
    return
  end
  loop.n = loop.n + 1
  local took = e.time - loop.since
  if took < WINDOW then return end
  local per_second = loop.n * 1000000000 // took
  if per_second >= limit and not told[name] then
    told[name] = true
    say(e, "%s%s%s %d times a second", e.syscall, e.error and " fd " .. (e.raw[1] & 0xffffffff) or "",
      e.error and " ✗ " .. e.error or "", per_second)
  end
  loops[name] = nil
end)
