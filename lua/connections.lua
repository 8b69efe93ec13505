-- SPDX-License-Identifier: MIT
--
-- connections: who was talked to: the "Network connections" section of the summary, and that of local
-- (AF_UNIX) sockets. compendium.traffic keeps the connections; here those that the sink's events were about are
-- put together to rows: all to one address are one row, all clients from one host are one.

local format <const> = require "compendium.format"
local rows <const> = require "compendium.rows"
local traffic <const> = require "compendium.traffic"
local text <const> = require "compendium.text"

local connections <const> = {}

local MOST_SHOWN <const> = 20
local MOST_LISTENING <const> = 1000
local NAME_COLUMNS <const> = 60

local seen <const> = setmetatable({}, {__mode = "k"})
local any_seen = false
local listening, listening_count = {}, 0 -- "tcp4 0.0.0.0:80" -> {protocol, address}

local function note_file(file, remote)
  local connection = file and (file.peers and remote and file.peers[remote] or file.connection)
  if connection then
    seen[connection], any_seen = true, true
  end
end

local function note(e)
  note_file(e.file, e.remote)
end

local function note_connect(e)
  if e.error and e.noise then
    return
  end
  note(e)
  local latest = traffic.connections[#traffic.connections]
  if e.error and latest and latest.remote == e.remote then
    seen[latest] = true -- a connection that was refused is no longer its socket's
  end
end

local function note_listening(e)
  local address = e["local"] or "?"
  local key = (e.protocol or "socket") .. " " .. address
  if not e.error and not listening[key] and listening_count < MOST_LISTENING then
    listening[key], listening_count = {e.protocol or "socket", address}, listening_count + 1
  end
end

connections.events = {
  connect = note_connect, accept = note, send = note, recv = note, listen = note_listening,
  copy = function(e)
    note_file(e.file)
    note_file(e.to_file)
  end,
}

-- ---- putting together

local function group_for(groups, connection)
  local remote, own, direction = connection.remote, connection["local"], connection.direction or "none"
  if direction == "in" then
    remote = connection.host or remote -- clients come from a new port each time
  else
    own = not remote and own or nil
  end
  local key = table.concat({connection.protocol or "socket", direction, remote or "", own or ""}, "\0")
  local group = groups[key]
  if not group then
    group = {
      protocol = connection.protocol or "socket", direction = direction, peer = remote, own = own,
      first = connection, count = 0, sent = 0, received = 0, open = 0, unanswered = 0, failed = {},
    }
    groups[key] = group
    groups[#groups + 1] = group
  end
  return group
end

local function add_failures(group, error, times)
  group.failed[error] = (group.failed[error] or 0) + times
end

local function add(group, connection, now)
  group.sent, group.received = group.sent + connection.sent, group.received + connection.received
  if connection.count then -- several that ended long ago
    group.count, group.summed = group.count + connection.count - connection.failures, true
    if connection.failures > 0 then
      add_failures(group, "failed", connection.failures)
    end
  elseif connection.failed then
    add_failures(group, connection.failed, 1)
  elseif connection.connecting then
    group.unanswered = group.unanswered + 1
  else
    group.count = group.count + 1
    group.open = group.open + math.max(0, (connection.closed or now) - connection.opened)
  end
end

local function collect(now, wanted)
  local groups = {}
  for _, connection in ipairs(traffic.connections) do
    if (seen[connection] or connection.count and any_seen) and wanted(connection.protocol) then
      add(group_for(groups, connection), connection, now)
    end
  end
  return groups
end

-- ---- rows

local ARROWS <const> = {out = "out", ["in"] = "into", none = "both"}

local function shown(address)
  return text.cut(text.escape(address), NAME_COLUMNS)
end

local function name(group)
  local peer = group.peer
  if group.count == 1 and not group.summed and next(group.failed) == nil then
    peer = group.first.remote or peer
  end
  local name_of_peer = peer and (" %s %s"):format(text.marks[ARROWS[group.direction]], shown(peer)) or ""
  local own = group.own and (peer and " on " or " ") .. shown(group.own) or ""
  return group.protocol .. name_of_peer .. own
end

local function failures(group, parts)
  local names = {}
  for error in pairs(group.failed) do
    names[#names + 1] = error
  end
  table.sort(names)
  for _, error in ipairs(names) do
    local times = group.failed[error] > 1 and (" %s%d"):format(text.marks.times, group.failed[error]) or ""
    parts[#parts + 1] = (error == "ECONNREFUSED" and "refused" or error) .. times
  end
end

local function detail(group)
  local parts = {}
  if group.count > 1 then
    parts[1] = text.marks.times .. group.count
  end
  failures(group, parts)
  if group.unanswered > 0 then
    parts[#parts + 1] = "no answer seen" .. (group.unanswered > 1 and text.marks.times .. group.unanswered or "")
  end
  if group.count > 0 then
    parts[#parts + 1] = "sent " .. format.bytes(group.sent)
    parts[#parts + 1] = "received " .. format.bytes(group.received)
  end
  if group.count == 1 and not group.summed then
    parts[#parts + 1] = "open " .. format.seconds(group.open)
  end
  return table.concat(parts, ", ")
end

local LEAST_NAME <const> = 42

local function is_loopback(group)
  local address = group.peer or group.own or ""
  return address:find("^127%.") ~= nil or address:find("^%[?::1") ~= nil
end

-- Elsewhere before this machine, then by what was moved.
local function before(a, b)
  local la, lb = is_loopback(a), is_loopback(b)
  if la ~= lb then
    return lb
  elseif a.sent + a.received ~= b.sent + b.received then
    return a.sent + a.received > b.sent + b.received
  end
  return a.protocol .. (a.peer or a.own or "") < b.protocol .. (b.peer or b.own or "")
end

local function add_listening(cells, wanted)
  local keys = {}
  for key, each in pairs(listening) do
    keys[#keys + 1] = wanted(each[1]) and key or nil
  end
  table.sort(keys)
  for _, key in ipairs(keys) do
    cells[#cells + 1] = {("%s listening on %s"):format(listening[key][1], shown(listening[key][2])), ""}
  end
end

local function rows_of(info, width, wanted)
  local groups, cells = collect(info.time, wanted), {}
  table.sort(groups, before)
  for i = 1, math.min(#groups, MOST_SHOWN) do
    cells[i] = {name(groups[i]), detail(groups[i])}
  end
  add_listening(cells, wanted)
  for _, cell in ipairs(cells) do -- rather a part of the name than of the numbers
    cell[1] = text.cut(cell[1], math.max(LEAST_NAME, width - #"  " - #"   " - text.width(cell[2])))
  end
  if #groups > MOST_SHOWN then
    cells[#cells + 1] = {("and %d more"):format(#groups - MOST_SHOWN), ""}
  end
  return #cells > 0 and rows.align(cells, width // 2) or nil
end

connections.heading = "Network connections:"

function connections.rows(info, width)
  return rows_of(info, width, function(protocol) return protocol ~= "unix" and protocol ~= "netlink" end)
end

connections.local_sockets = {
  heading = "Local sockets:",
  rows = function(info, width)
    return rows_of(info, width, function(protocol) return protocol == "unix" end)
  end,
}

return connections
