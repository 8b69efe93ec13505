-- SPDX-License-Identifier: MIT
--
-- startup: where the time goes until a program does something of its own: the dynamic linker's part and the rest.
--
--     compendium -s startup -- python3 -c pass
--
--     4711 python3  linker 3.1ms (12 libraries, 40 files tried), then 20.4ms in 310 calls to its first output

local starts = {}

local function is_library(path) return path and (path:find "%.so[%.%d]*$" or path:find "/ld%.so%.") end

local function settle(e, what)
  local s = starts[e.pid]
  if not s or s.done then return end
  s.done = true
  local linked = s.last_library or s.time
  tell("%d %s  linker %s (%d libraries, %d files tried), then %s in %d calls to %s", e.pid, s.comm,
    duration(linked - s.time),
    s.libraries, s.tried, duration(e.time - linked), s.calls, what)
end

on("exec", function(e)
  if e.error then return end
  starts[e.pid] = {time = e.time, comm = e.comm or "?", libraries = 0, tried = 0, calls = 0}
end)
on("open", function(e)
  local s = starts[e.pid]
  if not s or s.done or not is_library(e.path) then return end
  s.tried = s.tried + 1
  if not e.error then s.libraries, s.last_library = s.libraries + 1, e.time end
end)
on("syscall", function(e)
  local s = starts[e.pid]
  if s and not s.done then s.calls = s.calls + 1 end
end)
on({"write", "send"}, function(e) settle(e, "its first output") end)
on({"connect", "listen"}, function(e) settle(e, "its first connection") end)
on("exit", function(e) if e.whole then settle(e, "its end") end end)
