-- SPDX-License-Identifier: MIT
--
-- leaks: descriptors that a process had not closed when it ended, and files that a new program got at exec because
-- nobody asked for them to be closed (O_CLOEXEC).
--
--     compendium -s leaks -- ./prog
--
--     4711 prog: 312 never closed, most of them: /etc/hosts ×300
--     [+0.300s] [4712] helper got 4 /var/lib/secret.db at exec (no O_CLOEXEC)
--
-- Options: least=10 how many a process must leave open to be told of.

local fds <const> = require("compendium").fds
local least <const> = option("least", 10, "how many a process must leave open to be told of")

local open_names = {} -- by pid

on({"open", "socket", "accept", "special"}, function(e)
  if e.error or not e.file or not e.fd then return end
  open_names[e.pid] = open_names[e.pid] or counter()
  open_names[e.pid]:add(e.file.path or e.file.name or e.file.kind)
end)
on("close", function(e)
  if e.error or not e.file or not open_names[e.pid] then return end
  open_names[e.pid]:add(e.file.path or e.file.name or e.file.kind, -1)
end)

on("exec", function(e)
  if e.error then return end
  for number, file in pairs(fds.list(e.pid)) do
    if number > 2 and file.path and file.kind == "file" and file.opened then
      say(e, "%s got %d %s at exec (no O_CLOEXEC)", e.comm, number, file.path)
    end
  end
end)

on("exit", function(e)
  local names = open_names[e.pid]
  if not e.whole or not names then return end
  local left, most = 0, nil
  for _, row in ipairs(names:top()) do
    left = left + math.max(row[2], 0)
    most = most or row
  end
  if left >= least then
    tell("%d %s: %d never closed, most of them: %s ×%d", e.pid, e.comm or "?", left, most[1], most[2])
  end
  open_names[e.pid] = nil
end)
