-- SPDX-License-Identifier: MIT
--
-- traffic: who talked to whom, how much, and how it ended. One table for each connection a program
-- made, took or tried, for the summary and for scripts:
--
--   protocol   tcp4, tcp6, udp4, udp6, unix, netlink, other
--   remote, local   texts, or nil;   host   remote without the port
--   direction  "out" (connect, sendto), "in" (accept, recvfrom), nil for one that was there before
--   sent, received   bytes;   opened, closed   times;   pid   who made it
--   connecting true while nobody knows yet;   failed   "ECONNREFUSED" ... when it never came to be
--   count, failures   a sum of several: beyond `traffic.keep`, those that ended are added up by
--              peer, and remote is then the host alone
--
-- A datagram socket without a peer has one for each address it exchanges with.

local tables = require "compendium.tables"

local PEERS_KEPT <const> = 256 -- of one socket

local traffic = {
  connections = {}, -- array, oldest first; sums before all others
  keep = 2000,
}

local function has_ended(connection)
  return connection.closed or connection.failed
end

local function aggregate_key(connection)
  local peer = connection.host or connection.remote or ""
  return table.concat({connection.protocol, connection.direction or "", peer}, " ")
end

local aggregates, aggregate_list = {}, {}

-- Where connections like this one are added up. Hosts without end are added up as one.
local function aggregate_for(connection)
  local key = aggregate_key(connection)
  if not aggregates[key] and #aggregate_list >= traffic.keep then key = "rest " .. connection.protocol end
  local sum = aggregates[key]
  if not sum then
    sum = {
      protocol = connection.protocol, direction = connection.direction, opened = connection.opened, sent = 0,
      received = 0, count = 0, failures = 0,
      remote = key:sub(1, 5) ~= "rest " and (connection.host or connection.remote) or nil,
    }
    aggregates[key] = sum
    aggregate_list[#aggregate_list + 1] = sum
  end
  return sum
end

local function add_up(connection)
  local sum = aggregate_for(connection)
  sum.sent, sum.received = sum.sent + connection.sent, sum.received + connection.received
  sum.count = sum.count + 1
  sum.failures = sum.failures + (connection.failed and 1 or 0)
  sum.closed = connection.closed or sum.closed
end

local compact_at -- how many connections make the next time to do so; nil: traffic.keep

-- Adds up the older half of those that ended. What is left is aggregates, then the rest in order.
local function compact()
  local old = traffic.connections
  local ended = 0
  for _, connection in ipairs(old) do
    if has_ended(connection) and not connection.count then ended = ended + 1 end
  end
  local excess = ended // 2 + 1
  local kept = {}
  for _, connection in ipairs(old) do
    if has_ended(connection) and not connection.count and excess > 0 then
      excess = excess - 1
      add_up(connection)
    elseif not connection.count then
      kept[#kept + 1] = connection
    end
  end
  local all = table.move(aggregate_list, 1, #aggregate_list, 1, {})
  table.move(kept, 1, #kept, #all + 1, all)
  for i = math.max(#old, #all), 1, -1 do old[i] = all[i] end -- the same array, as others hold it
  compact_at = #all + traffic.keep
end

function traffic.add(e, file, address, direction)
  local connection = {
    protocol = file.protocol, remote = address and address.text, host = address and address.host,
    ["local"] = file["local"], direction = direction, sent = 0, received = 0, opened = e.time, pid = e.pid,
  }
  local list = traffic.connections
  list[#list + 1] = connection
  if #list > (compact_at or traffic.keep) then compact() end
  return connection
end

-- The connection of a datagram's address.
function traffic.of_peer(e, file, address, direction)
  local peers = file.peers
  if not peers or file.peer_count >= PEERS_KEPT then
    for _, connection in pairs(peers or {}) do connection.closed = e.time end
    peers, file.peer_count = {}, 0
    file.peers = peers
  end
  local connection = peers[address.text]
  if not connection then
    connection = traffic.add(e, file, address, direction)
    peers[address.text], file.peer_count = connection, file.peer_count + 1
  end
  return connection
end

function traffic.close(file, e)
  local connection = file.connection
  if connection then connection.closed = connection.closed or e.time end
  for _, peer in pairs(file.peers or {}) do peer.closed = e.time end
  file.peers = nil
end

table.insert(tables.on_last_close, function(description, e)
  if description.kind == "socket" then traffic.close(description, e) end
end)

function traffic.made(connection)
  if connection then connection.connecting = nil end
end

function traffic.failed(connection, error)
  connection.connecting, connection.failed = nil, error
end

return traffic
