-- SPDX-License-Identifier: MIT
--
-- conns: connections made and taken: peer, how long it took to connect, how long it was open, bytes each way.
--
--     compendium -s conns -- curl -s https://example.com
--
--     [+0.156s] → tcp4 93.184.216.34:443  sent 517 B, received 2.6 KB, open 0.22s
--
-- Options: to="*:443" only peers like that: "10.0.0.0/8", "[::1]:80", "unix:/run/**".

local to <const> = option("to", "", "only these peers")
local is_meant <const> = to ~= "" and address(to)

local open = {} -- by file description

local function track(e, arrow)
  local file, remote = e.file, e.remote
  if not file or not remote or is_meant and not is_meant(remote) then return end
  if e.error and not e.in_progress then
    say(e, "%s %s %s  ✗ %s", arrow, e.protocol or "?", remote, e.error)
    return
  end
  open[file] = {arrow = arrow, protocol = e.protocol or "?", remote = remote, since = e.time, sent = 0, received = 0}
end

on("connect", function(e) track(e, "→") end)
on("accept", function(e) track(e, "←") end)
on("send", function(e)
  if open[e.file] and not e.error then open[e.file].sent = open[e.file].sent + (e.bytes or 0) end
end)
on("recv", function(e)
  if open[e.file] and not e.error and not e.peek then open[e.file].received = open[e.file].received + (e.bytes or 0) end
end)

local function tell_of(e, c, now)
  say(e, "%s %s %s  sent %s, received %s, open %s", c.arrow, c.protocol, c.remote, size(c.sent), size(c.received),
    duration(now - c.since))
end

on("close", function(e)
  local c = e.file and open[e.file]
  if not c or not e.file.closed then return end
  open[e.file] = nil
  tell_of(e, c, e.time)
end)

on("finish", function(info)
  local left = {}
  for _, c in pairs(open) do left[#left + 1] = c end
  table.sort(left, function(a, b) return a.since < b.since end)
  for _, c in ipairs(left) do tell_of(nil, c, info.time) end
end)
