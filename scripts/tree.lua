-- SPDX-License-Identifier: MIT
--
-- tree: the processes as a tree, with times, exit status, threads, peak memory and most descriptors open at once.
--
--     compendium -s tree -- make
--
--     process                       exit   time  threads  peak RSS  descriptors
--     4711 make                        0  2.10s        1    4.1 MB            5
--     ├─ 4712 cc -c a.c                0  0.80s        1    1.2 MB            3
--     │  └─ 4713 cc1 a.c               0  0.71s        1   30.2 MB           12

local processes <const> = require("compendium").processes
local most = {} -- descriptors by pid: open now, at most

local function opened(pid, n)
  local has = most[pid] or {now = 3, peak = 3}
  most[pid] = has
  has.now = has.now + n
  has.peak = math.max(has.peak, has.now)
end

on({"open", "socket", "accept", "dup", "special"}, function(e) if not e.error and e.fd then opened(e.pid, 1) end end)
on("pipe", function(e) if not e.error then opened(e.pid, 2) end end)
on("close", function(e) if not e.error then opened(e.pid, -1) end end)
on("fork", function(e)
  if e.child and most[e.pid] then most[e.child] = {now = most[e.pid].now, peak = most[e.pid].now} end
end)
on({"exit", "exec", "thread"}, function() end)

local function ending(p)
  if p.exit_signal then return require("compendium").format.signal(p.exit_signal) end
  return p.exit_code and tostring(p.exit_code) or "runs"
end

on("finish", function(info)
  local t = columns {"process", "exit>", "time>", "threads>", "peak RSS>", "descriptors>"}
  local function add(p, lead, next_lead)
    local argv = table.concat(p.argv or {p.comm or "?"}, " ")
    t:row(("%s%d %s"):format(lead, p.pid, argv:sub(1, 60)), ending(p), duration((p.finish or info.time) - (p.start
      or 0)),
      p.thread_count or 1, p.peak_rss and size(p.peak_rss) or "-", most[p.pid] and most[p.pid].peak or "-")
    local children = p.children or {}
    for i, child in ipairs(children) do
      local is_last = i == #children
      add(child, next_lead .. (is_last and "└─ " or "├─ "), next_lead .. (is_last and "   " or "│  "))
    end
  end
  for _, p in ipairs(processes.list()) do
    if not p.parent then add(p, "", "") end
  end
  t:tell()
end)
