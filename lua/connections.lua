-- SPDX-License-Identifier: MIT
--
-- connections: who was talked to: the "Network connections" section of the summary, and that of local
-- (AF_UNIX) sockets. Each open socket counts for itself; what looks the same is one row, so a server
-- with a million clients needs no more memory than one with a thousand.

local format <const> = require "compendium.format"
local rows <const> = require "compendium.rows"
local tables <const> = require "compendium.tables"
local text <const> = require "compendium.text"

local connections <const> = {}

local MOST_GROUPS <const> = 1000
local MOST_SHOWN <const> = 20
local PEERS_PER_SOCKET <const> = 64 -- of one that sends datagrams to many
local NAME_COLUMNS <const> = 60

-- A group is one row: direction "out", "in", "none" (no peer known) or "listen".
local groups, group_count = {}, 0

-- By file description: {[remote] = talk}. A talk is one peer of one socket:
-- {group=, since=, ended=}; weak, so that a socket that is gone can go.
local talks <const> = setmetatable({}, {__mode = "k"})

local function new_group(protocol, direction, peer, own)
  return {
    protocol = protocol, direction = direction, peer = peer, own = own, count = 0, sent = 0, received = 0,
    open = 0, waiting = 0, failed = {},
  }
end

local function group_of(protocol, direction, peer, own)
  local key = table.concat({protocol, direction, peer or "", own or ""}, "\0")
  local group = groups[key]
  if group then
    return group
  elseif group_count >= MOST_GROUPS then
    key, peer, own = protocol .. "\0others", "others", nil
    group = groups[key]
  end
  if not group then
    group = new_group(protocol, direction, peer, own)
    groups[key], group_count = group, group_count + 1
  end
  return group
end

-- "10.0.0.1:80" without its port: clients come from a new one each time.
local function host(address)
  return address and (address:match("^(.*):%d+$") or address)
end

local function begin(file, remote, group, time)
  local known = talks[file]
  if not known then
    known = {count = 0, peers = {}}
    talks[file] = known
  end
  local talk = {group = group, since = time}
  group.count = group.count + 1
  known.peers[remote or ""], known.count = talk, known.count + 1
  return talk
end

local function talk_of(e, file)
  local remote = e.remote
  local known = talks[file]
  local talk = known and (known.peers[remote or ""] or known.peers[""])
  if talk then
    return talk
  elseif known and known.count >= PEERS_PER_SOCKET then
    remote = "others"
    talk = known.peers[remote]
    if talk then
      return talk
    end
  end
  local accepted = file.origin == "accept"
  local direction = accepted and "in" or remote and "out" or "none"
  local group = group_of(e.protocol or "other", direction, remote, (accepted or not remote) and e["local"] or nil)
  return begin(file, remote, group, e.time)
end

local function ignored(e)
  return e.protocol == "netlink" or not e.file
end

local function end_talk(talk, time)
  if not talk.ended then
    talk.ended = true
    talk.group.open = talk.group.open + math.max(0, time - talk.since)
  end
end

-- The last descriptor of a socket is gone.
table.insert(tables.on_last_close, function(file, e)
  local known = talks[file]
  if known then
    for _, talk in pairs(known.peers) do
      end_talk(talk, e.time)
    end
    talks[file] = nil
  end
end)

local function on_connect(e)
  if ignored(e) or not e.remote then
    return
  end
  local group = group_of(e.protocol or "other", "out", e.remote)
  if e.error and not e.in_progress and e.error ~= "EISCONN" and e.error ~= "EALREADY" then
    group.failed[e.error] = (group.failed[e.error] or 0) + 1
  elseif not e.error or e.in_progress then
    local known = talks[e.file]
    if not (known and known.peers[e.remote]) then
      begin(e.file, e.remote, group, e.time)
      group.waiting = group.waiting + (e.in_progress and 1 or 0)
    end
  end
end

local function on_accept(e)
  if ignored(e) or e.error then
    return
  end
  local time = e.time + (e.duration or 0) -- accept waits: the connection begins when it returns
  begin(e.file, e.remote, group_of(e.protocol or "other", "in", host(e.remote), e["local"]), time)
end

local function on_listen(e)
  if not ignored(e) and not e.error then
    group_of(e.protocol or "other", "listen", nil, e["local"]).count = 1
  end
end

local function on_send(e)
  if not ignored(e) and e.bytes then
    local group = talk_of(e, e.file).group
    group.sent = group.sent + e.bytes
  end
end

local function on_recv(e)
  if not ignored(e) and e.bytes and not e.peek then
    local group = talk_of(e, e.file).group
    group.received = group.received + e.bytes
  end
end

-- sendfile and splice move bytes to and from sockets too.
local function on_copy(e)
  local from, to, bytes = e.file, e.to_file, e.bytes
  if not bytes or bytes <= 0 then
    return
  end
  for side, file in pairs {received = from, sent = to} do
    local known = file and file.kind == "socket" and talks[file]
    local _, talk = next(known and known.peers or {})
    if talk then
      talk.group[side] = talk.group[side] + bytes
    end
  end
end

local events <const> = {
  connect = on_connect, accept = on_accept, listen = on_listen, send = on_send, recv = on_recv, copy = on_copy,
}

-- ---- rows

local ARROWS <const> = {out = "out", ["in"] = "into", none = "both"}

local function name(group)
  local function cut(address)
    return text.cut(text.escape(address), NAME_COLUMNS)
  end
  if group.direction == "listen" then
    return ("%s listening on %s"):format(group.protocol, cut(group.own or "?"))
  end
  local own = group.own and (group.direction == "in" and " on " or " ") .. cut(group.own) or ""
  local peer = group.peer and (" %s %s"):format(text.marks[ARROWS[group.direction]], cut(group.peer)) or ""
  return group.protocol .. peer .. own
end

local function failures(group, parts)
  local names = {}
  for error in pairs(group.failed) do
    names[#names + 1] = error
  end
  table.sort(names)
  for _, error in ipairs(names) do
    local times = group.failed[error] > 1 and (" %s%d"):format(text.marks.times, group.failed[error]) or ""
    parts[#parts + 1] = (error == "ECONNREFUSED" and "refused" or "failed: " .. error) .. times
  end
end

local function moved(group)
  return group.sent > 0 or group.received > 0
end

local function detail(group)
  local parts = {}
  if group.direction == "listen" then
    return ""
  elseif group.count > 1 then
    parts[1] = format.count(group.count, group.protocol:find("^tcp") and "connection" or "socket")
  end
  failures(group, parts)
  if group.count > 0 and not moved(group) and group.waiting == group.count then
    parts[#parts + 1] = "no answer seen"
  elseif group.count > 0 then
    parts[#parts + 1] = "sent " .. format.bytes(group.sent)
    parts[#parts + 1] = "received " .. format.bytes(group.received)
    parts[#parts + 1] = "open " .. format.seconds(group.open) .. (group.count > 1 and " in all" or "")
  end
  return table.concat(parts, ", ")
end

local function is_loopback(group)
  local address = group.peer or group.own or ""
  return address:find("^127%.") ~= nil or address:find("^%[::1%]") ~= nil
end

-- Elsewhere before this machine, then by what was moved.
local function before(a, b)
  local la, lb = is_loopback(a), is_loopback(b)
  if la ~= lb then
    return lb
  elseif a.sent + a.received ~= b.sent + b.received then
    return a.sent + a.received > b.sent + b.received
  end
  return name(a) < name(b)
end

local function end_all(time)
  for _, known in pairs(talks) do
    for _, talk in pairs(known.peers) do
      end_talk(talk, time)
    end
  end
end

local function rows_of(info, width, wanted)
  end_all(info.time)
  local list = {}
  for _, group in pairs(groups) do
    if wanted(group) then
      list[#list + 1] = group
    end
  end
  if #list == 0 then
    return nil
  end
  table.sort(list, before)
  local cells = {}
  for i = 1, math.min(#list, MOST_SHOWN) do
    cells[i] = {name(list[i]), detail(list[i])}
  end
  if #list > MOST_SHOWN then
    cells[#cells + 1] = {("and %d more"):format(#list - MOST_SHOWN), ""}
  end
  return rows.align(cells, width // 2)
end

local function is_local(group)
  return group.protocol == "unix"
end

-- Sockets without a name are how a program talks to its own children: the totals are enough.
local function is_named(group)
  return (group.peer or group.own) ~= nil
end

connections.events = events
connections.heading = "Network connections:"

function connections.rows(info, width)
  return rows_of(info, width, function(group) return not is_local(group) end)
end

connections.local_sockets = {
  heading = "Local sockets:",
  rows = function(info, width)
    return rows_of(info, width, function(group) return is_local(group) and is_named(group) end)
  end,
}

return connections
