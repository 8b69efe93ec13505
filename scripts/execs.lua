-- SPDX-License-Identifier: MIT
--
-- execs: every program that is started: its command line, its folder, how it ended and when.
--
--     compendium -s execs -- make
--
--     [+0.010s] [4712] exec    cc1 -quiet a.c  (in /src)
--     [+0.210s] [4712] exit    0 after 0.20s: cc1
--
-- Options: failed=yes tells also of programs that were not found on the way through PATH.

local failed <const> = option("failed", false, "also those that could not be run")
local paths <const> = require("compendium").paths

local started = {}

on("exec", function(e)
  if e.error then
    if failed then say(e, "exec    %s ✗ %s", e.path or "?", e.error) end
    return
  end
  started[e.pid] = e.time
  say(e, "exec    %s  (in %s)", table.concat(e.argv or {e.path}, " "), paths.cwd(e.tid, e.pid) or "?")
end)

on("exit", function(e)
  if not e.whole or not started[e.pid] then return end
  say(e, "exit    %s after %s: %s", e.signal or e.code, duration(e.time - started[e.pid]), e.comm)
  started[e.pid] = nil
end)
on("chdir", function() end) -- so that the folder is known
