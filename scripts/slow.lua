-- SPDX-License-Identifier: MIT
--
-- slow: calls that took long, as they end, and the slowest at the end.
--
--     compendium -s slow -- curl -s https://example.com
--     compendium -s slow:over=1ms,class=file -p 4711
--
--     [+0.155s] connect  82.1ms  93.184.216.34:443
--
-- Options: over=10ms; class=file, network, process ...: only these; waiting=yes tells also of calls that are there
-- to wait (poll, select, futex, sleep, wait).

local over <const> = option("over", "10ms", "how long a call takes to be told of")
local class <const> = option("class", "", "only calls of this class")
local waiting <const> = option("waiting", false, "also calls whose purpose it is to wait")

local WAITS <const> = {}
for _, name in ipairs {
  "poll", "ppoll", "select", "pselect6", "epoll_wait", "epoll_pwait", "epoll_pwait2", "futex", "nanosleep",
    "clock_nanosleep",
  "wait4", "waitid", "pause", "rt_sigsuspend", "rt_sigtimedwait", "restart_syscall", "io_getevents", "semtimedop",
} do WAITS[name] = true end

local function tell_of(e)
  if not e.duration or e.duration < over or not waiting and WAITS[e.syscall] then return end
  if class ~= "" and e.class ~= class then return end
  say(e, "%-8s %8s  %s%s", e.syscall, duration(e.duration), e.path or e.remote or "", e.error and " ✗ " .. e.error
    or "")
end

on("syscall", tell_of)
on({"open", "read", "write", "send", "recv", "connect", "accept"}, function() end) -- so that paths and peers are known
