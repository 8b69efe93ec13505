-- SPDX-License-Identifier: MIT
--
-- whyfail: why did it fail? The last calls that failed before a process ended with an error, in words.
--
--     compendium -s whyfail -- ./server
--
--     4711 ./server ended with status 1. Before that:
--       0.2ms before  it could not bind to tcp4 0.0.0.0:80: Permission denied (EACCES)
--       1.3ms before  it could not open /etc/server.conf: No such file or directory (ENOENT)
--
-- Options: lines=5 how many of them. Failures that programs expect (a name that is looked for in many places,
-- calls that would block) are told of only when there are no others.

local lines <const> = option("lines", 5, "how many failures of each process")

local VERBS <const> = {
  open = "open", exec = "run", connect = "connect to", bind = "bind to", stat = "look at", create = "make",
  remove = "remove", rename = "rename", write = "write to", read = "read from", send = "send to", recv = "receive from",
  mmap = "map", chdir = "go to", kill = "signal", chmod = "change the mode of", chown = "change the owner of",
    list = "list",
}
local EXPECTED <const> = {EAGAIN = true, EINTR = true, EINPROGRESS = true, ENOENT = "stat", ECHILD = true,
  ENOTTY = true}
local KEPT <const> = 64

local failures = {} -- by pid: a ring
local errors <const> = require("compendium").format

local function weight(e)
  local expected = EXPECTED[e.error]
  return (expected == true or expected == e.type or e.noise) and 1 or 0
end

on({
  "open", "exec", "connect", "bind", "listen", "accept", "stat", "create", "remove", "rename", "link", "write", "read",
  "send", "recv", "mmap", "chdir", "chroot", "mount", "kill", "chmod", "chown", "truncate", "lock", "socket", "fork",
    "list",
}, function(e)
  if not e.error then return end
  local ring = failures[e.pid] or {next = 0}
  failures[e.pid] = ring
  ring[ring.next % KEPT + 1] = {
    time = e.time, verb = VERBS[e.type] or e.type, what = e.path or e.remote or e["local"] or "", error = e.error,
      weight = weight(e),
  }
  ring.next = ring.next + 1
end)

on("exit", function(e)
  local ring = failures[e.pid] or {}
  if not e.whole then return end
  failures[e.pid] = nil
  if e.code == 0 or e.signal == "SIGPIPE" then return end
  local list = table.move(ring, 1, #ring, 1, {})
  table.sort(list, function(a, b)
    if a.weight ~= b.weight then return a.weight < b.weight end
    return a.time > b.time
  end)
  while #list > 0 and list[1].weight == 0 and list[#list].weight == 1 do list[#list] = nil end
  local how = e.signal and "was killed by " .. e.signal or "ended with status " .. tostring(e.code)
  tell("%d %s %s.%s", e.pid, table.concat(e.process.argv or {e.comm}, " "), how, #list > 0 and " Before that:" or
    " No call of its had failed.")
  local t = columns {}
  for i = 1, math.min(lines, #list) do
    local f = list[i]
    t:row("  " .. duration(e.time - f.time) .. " before", ("it could not %s %s: %s"):format(f.verb, f.what,
      errors.error(f.error)))
  end
  t:tell()
end)
