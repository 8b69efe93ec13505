-- SPDX-License-Identifier: MIT
--
-- zombies: children whose parent did not take notice of their end (no wait), and orphans that outlived their parent.
--
--     compendium -s zombies -- ./server
--
--     4712 worker ended with 0 and was not waited for: 3.2s a zombie of 4711 server
--     4713 helper outlived its parent 4711 server
--
-- Options: after=100ms how long a parent may take.

local after <const> = option("after", "100ms", "how long a parent may take to take notice")
local processes <const> = require("compendium").processes

local ended, order, waited = {}, {}, {}

on("exit", function(e)
  if not e.whole then return end
  local parent = e.process and e.process.ppid
  ended[e.pid] = {time = e.time, comm = e.comm, how = e.signal or e.code, parent = parent}
  order[#order + 1] = e.pid
  for _, p in ipairs(processes.list()) do
    if p.ppid == e.pid and not p.finish and not p.told_orphan then
      p.told_orphan = true
      tell("%d %s outlived its parent %d %s", p.pid, p.comm or "?", e.pid, e.comm or "?")
    end
  end
end)
on("wait", function(e) if e.child and not e.error then waited[e.child] = e.time end end)

on("finish", function(info)
  for _, pid in ipairs(order) do
    local z = ended[pid]
    local parent = z.parent and processes.get(z.parent)
    local until_time = waited[pid] or parent and (parent.finish or info.time) or z.time
    if parent and until_time - z.time >= after then
      tell("%d %s ended with %s and was %s: %s a zombie of %d %s", pid, z.comm or "?", z.how,
        waited[pid] and "waited for late" or "not waited for", duration(until_time - z.time), z.parent, parent.comm
          or "?")
    end
  end
end)
