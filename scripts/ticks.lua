-- SPDX-License-Identifier: MIT
--
-- ticks: a line every second: how many calls, errors, bytes, processes.
--
--     compendium -s ticks -- make
--
--     [+1.000s]  12044 calls   210 errors   4.1 MB read   1.0 MB written   0 B sent   0 B received   7 tasks
--
-- Options: every=1s.

local every <const> = option("every", "1s", "how often")
local processes <const> = require("compendium").processes

local calls, errors = 0, 0
local bytes = {read = 0, write = 0, send = 0, recv = 0}

on("syscall", function(e)
  calls = calls + 1
  if e.error then errors = errors + 1 end
end)
on({"read", "write", "send", "recv"}, function(e) bytes[e.type] = bytes[e.type] + (not e.error and e.bytes or 0) end)

local function line()
  say("%6d calls %5d errors %9s read %9s written %9s sent %9s received %4d tasks", calls, errors, size(bytes.read),
    size(bytes.write), size(bytes.send), size(bytes.recv), processes.alive())
  calls, errors = 0, 0
  bytes = {read = 0, write = 0, send = 0, recv = 0}
end

on("every:" .. every // 1000000 .. "ms", line)
on("finish", function() if calls > 0 then line() end end)
