-- SPDX-License-Identifier: MIT
--
-- eintr: interrupts every kind of waiting call once in each process, as a signal would: a program must try again.
--
--     compendium -s eintr -- ./prog
--
--     [+0.010s] read fd 3 is interrupted
--
-- Options: calls=read,write,... only these.

local calls <const> = option("calls", {
  "read", "write", "readv", "writev", "recvfrom", "recvmsg", "sendto", "sendmsg", "accept", "accept4", "connect",
    "poll", "ppoll", "select",
  "pselect6", "epoll_wait", "epoll_pwait", "wait4", "waitid", "nanosleep", "clock_nanosleep", "openat", "flock",
}, "which calls")

local names, done = {}, {}
for i, name in ipairs(calls) do names[i] = "enter:" .. name end

on(names, function(e)
  local key = e.pid .. e.syscall
  if done[key] or e.path and e.path:find "%.so" then return end
  done[key] = true
  say(e, "%s %sis interrupted", e.syscall, e.fd and "fd " .. e.fd .. " " or "")
  e:deny "EINTR"
end)
