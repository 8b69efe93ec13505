-- SPDX-License-Identifier: MIT
--
-- signals: who sent what to whom, what arrived, and what it did.
--
--     compendium -s signals -- sh -c 'sleep 9 & kill $!'
--
--     [+0.010s] [4711] sh sends SIGTERM to 4712 sleep
--     [+0.011s] [4712] SIGTERM reaches sleep, from 4711
--     [+0.011s] [4712] sleep is killed by SIGTERM

local processes <const> = require("compendium").processes

local function name_of(pid)
  local process = pid and processes.get(pid)
  return process and process.comm and pid .. " " .. process.comm or tostring(pid)
end

on("kill", function(e)
  if not e.signal then return end
  local target = e.target and e.target < 0 and "group " .. -e.target or e.target and name_of(e.target) or "?"
  say(e, "%s sends %s to %s%s", e.comm, e.signal, target, e.error and " ✗ " .. e.error or "")
end)
on("signal", function(e)
  say(e, "%s reaches %s%s", e.signal or e.number, e.comm, e.sender and e.sender > 0 and ", from "
    .. name_of(e.sender) or "")
end)
on("stop", function(e) say(e, "%s is stopped by %s", e.comm, e.signal) end)
on("exit", function(e)
  if e.whole and e.signal then say(e, "%s is killed by %s%s", e.comm, e.signal, e.core and " (core dumped)" or "") end
end)
