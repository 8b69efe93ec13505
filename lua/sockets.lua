-- SPDX-License-Identifier: MIT
--
-- sockets: who talks to whom. The model gives sockets (descriptions of kind "socket", see fds.lua)
-- their addresses, and keeps a table per connection:
--
--   protocol   tcp4, tcp6, udp4, udp6, unix, netlink, other
--   remote, local   texts, or nil;   direction   "out" (connect, sendto), "in" (accept, recvfrom)
--              or nil for one that was there before
--   sent, received   bytes; what was only peeked at is not in them
--   opened, closed   times;   pid   who made it;   connecting   true while nobody knows yet
--   failed     "ECONNREFUSED" ... when it never came to be
--   count      how many it stands for: beyond `sockets.keep`, those that ended are added up by
--              peer, remote is then the host without port
--
-- A datagram socket without a peer has one for each address it exchanges with. A local address that
-- the kernel chose is known when the program asks for it (getsockname), else it is nil.

local addresses = require "compendium.addresses"
local calls = require "compendium.calls"
local fds = require "compendium.fds"
local paths = require "compendium.paths"
local tables = require "compendium.tables"

local MSG_PEEK <const> = 2
local SOL_SOCKET <const>, SO_ERROR <const> = 1, 4
local IN_PROGRESS <const> = {EINPROGRESS = true, EINTR = true, EALREADY = true}
local PEERS_KEPT <const> = 256 -- of one socket

local sockets = {
  connections = {}, -- array, oldest first
  keep = 2000,
}

local function int(value)
  return (value & 0x7fffffff) - (value & 0x80000000)
end

local function lookup(e, fd)
  local file = fds.lookup(e.tid, e.pid, fd)
  return file and file.kind == "socket" and file or nil
end

-- The address in a piece; a relative unix path is seen from the working directory.
local function address_of(e, arg, part, index)
  return addresses.of(e, arg, part, index, function(path) return paths.resolve(e.tid, e.pid, nil, path) end)
end

local function set_here(file, address)
  file.here, file["local"] = address, address and address.text
  if file.connection then file.connection["local"] = file["local"] end
end

local function set_there(file, address)
  file.there, file.remote = address, address and address.text
end

-- ---- connections

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
  if not aggregates[key] and #aggregate_list >= sockets.keep then key = "rest " .. connection.protocol end
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

local compact_at -- how many connections make the next time to do so; nil: sockets.keep

-- Adds up the older half of those that ended. What is left is aggregates, then the rest in order.
local function compact()
  local old = sockets.connections
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
  sockets.connections = table.move(kept, 1, #kept, #all + 1, all)
  compact_at = #all + sockets.keep
end

local function connection_with(e, file, address, direction)
  local connection = {
    protocol = file.protocol, remote = address and address.text, host = address and address.host,
    ["local"] = file["local"], direction = direction, sent = 0, received = 0, opened = e.time, pid = e.pid,
  }
  local list = sockets.connections
  list[#list + 1] = connection
  if #list > (compact_at or sockets.keep) then compact() end
  return connection
end

-- The connection of a datagram's address.
local function peer_connection(e, file, address, direction)
  local peers = file.peers
  if not peers or file.peer_count >= PEERS_KEPT then
    for _, connection in pairs(peers or {}) do connection.closed = e.time end
    peers, file.peer_count = {}, 0
    file.peers = peers
  end
  local connection = peers[address.text]
  if not connection then
    connection = connection_with(e, file, address, direction)
    peers[address.text], file.peer_count = connection, file.peer_count + 1
  end
  return connection
end

local function close_connection(file, e)
  local connection = file.connection
  if connection then connection.closed = connection.closed or e.time end
  for _, peer in pairs(file.peers or {}) do peer.closed = e.time end
  file.peers = nil
end

table.insert(tables.on_last_close, function(description, e)
  if description.kind == "socket" then close_connection(description, e) end
end)

local function is_made(connection)
  if connection then connection.connecting = nil end
end

local function has_failed(connection, error)
  connection.connecting, connection.failed = nil, error
end

-- ---- calls that give addresses

-- A repeated connect tells how the first one went.
local function on_connect_again(connection, error)
  if not error or error == "EISCONN" then
    is_made(connection)
  elseif not IN_PROGRESS[error] then
    has_failed(connection, error)
  end
end

local function on_connect(e)
  local file = lookup(e, int(e.raw[1]))
  if not file or e.unfinished or e.error == "EBADF" or e.error == "EISCONN" and not file.connection then return end
  local address = address_of(e, 2, "self", 1)
  local current = file.connection
  if current and current.connecting and address and address.text == file.remote then
    return on_connect_again(current, e.error)
  end
  if e.error == "EISCONN" then return end
  close_connection(file, e)
  file.connection = nil
  set_there(file, nil)
  if not address then return end -- AF_UNSPEC: disconnected
  local connection = connection_with(e, file, address, "out")
  if e.error and not IN_PROGRESS[e.error] then
    connection.closed = e.time
    return has_failed(connection, e.error)
  end
  connection.connecting = e.error and true or nil
  file.connection = connection
  set_there(file, address)
end

local function on_bind(e)
  local file = not e.error and lookup(e, int(e.raw[1]))
  if file then set_here(file, address_of(e, 2, "self", 1)) end
end

local function on_listen(e)
  local file = not e.error and lookup(e, int(e.raw[1]))
  if file then file.listening = true end
end

local function on_accept(e)
  local file = e.ret and e.ret >= 0 and lookup(e, e.ret)
  if not file then return end
  local listener = file.listener
  set_here(file, listener and listener.here)
  set_there(file, address_of(e, 2, "self", 1))
  file.connection = connection_with(e, file, file.there, "in")
end

local function on_getsockname(e)
  local file = not e.error and lookup(e, int(e.raw[1]))
  if file then set_here(file, address_of(e, 2, "self", 1) or file.here) end
end

local function on_getpeername(e)
  local file = not e.error and lookup(e, int(e.raw[1]))
  local address = file and address_of(e, 2, "self", 1)
  if not address then return end
  set_there(file, address)
  local connection = file.connection
  if not connection then return end
  is_made(connection)
  connection.remote, connection.host = address.text, address.host
end

-- Asking for the pending error is how programs learn what became of a connect in progress.
local function on_getsockopt(e)
  if e.error or int(e.raw[2]) ~= SOL_SOCKET or int(e.raw[3]) ~= SO_ERROR then return end
  local file = lookup(e, int(e.raw[1]))
  local connection = file and file.connection
  local value = connection and connection.connecting and e:piece(4, "self")
  if not value or #value < 4 then return end
  local number = string.unpack("<i4", value)
  if number == 0 then
    is_made(connection)
  else
    has_failed(connection, require("compendium.core").errno(number) or "errno " .. number)
  end
end

-- A socket that was there before: its connection counts from now on.
local function on_fd(e)
  local file = lookup(e, e.num)
  if not file or file.origin ~= "inherited" or file.here or file.there then return end
  set_here(file, address_of(e, 2, "self", 1))
  set_there(file, address_of(e, 3, "self", 1))
  if file.there then file.connection = connection_with(e, file, file.there, nil) end
end

-- ---- transfers

local COUNTED <const> = {send = "sent", recv = "received"}

local function count(file, connection, way, bytes)
  file[way] = (file[way] or 0) + bytes
  if not connection then return end
  connection[way] = connection[way] + bytes
  connection.connecting = nil
end

-- Transfers on a connection that never was tell so.
local function on_failed_transfer(e, file)
  local connection = file.connection
  if connection and connection.connecting and e.error ~= "EAGAIN" and e.error ~= "EINTR" then
    has_failed(connection, e.error)
  end
end

-- read, write and their like: the socket's own peer.
local function plain(way)
  return function(e)
    local bytes = e.ret
    if not bytes or bytes == 0 then return end
    local file = lookup(e, int(e.raw[1]))
    if not file then return end
    if bytes < 0 then return on_failed_transfer(e, file) end
    count(file, file.connection, way, bytes)
  end
end

-- The connection a message belongs to: of its own address, else of the socket.
local function connection_of(e, file, address, way)
  if not address or file.there then return file.connection end
  return peer_connection(e, file, address, way == "sent" and "out" or "in")
end

local function is_peek(e, row, way)
  return way == "received" and row.flags and e.raw[row.flags] & MSG_PEEK ~= 0
end

-- The address a datagram was sent to or came from, when the call says.
local function message_address(e, row, index)
  if row.address then return address_of(e, row.address, "self", 1) end
  if row.from then return address_of(e, row.from, "self", 1) end
  if row.message then return address_of(e, row.message, "name", index) end
end

local function addressed(row, way)
  return function(e)
    local bytes = e.ret
    local file = bytes and lookup(e, int(e.raw[1]))
    if not file or is_peek(e, row, way) then return end
    if bytes < 0 then return on_failed_transfer(e, file) end
    local address = not file.there and message_address(e, row, 1)
    count(file, connection_of(e, file, address, way), way, bytes)
  end
end

-- Bytes of message e.index of sendmmsg or recvmmsg.
function sockets.message_bytes(e, row, index)
  local list = e.args[row.message]
  local message = list and list[index or e.index]
  return message and message.msg_len
end

local function many(row, way)
  return function(e)
    local n = e.ret
    local file = n and n > 0 and lookup(e, int(e.raw[1]))
    if not file or is_peek(e, row, way) then return end
    for i = 1, n do
      local address = not file.there and message_address(e, row, i)
      count(file, connection_of(e, file, address, way), way, sockets.message_bytes(e, row, i) or 0)
    end
  end
end

local function on_copy(row)
  return function(e)
    local bytes = e.ret
    if not bytes or bytes <= 0 or e.syscall == "tee" then return end
    local from, to = lookup(e, int(e.raw[row.fd])), lookup(e, int(e.raw[row.to_fd]))
    if from then count(from, from.connection, "received", bytes) end
    if to then count(to, to.connection, "sent", bytes) end
  end
end

-- ---- what the fields ask

local function file_of(e)
  local file = e.file
  return file and file.kind == "socket" and file or nil
end

-- "tcp4" ... of the event's socket, or of the one that could not be made.
function sockets.protocol(e)
  local call = e.syscall
  if call == "socket" or call == "socketpair" then
    return addresses.protocol(int(e.raw[1]), e.raw[2], int(e.raw[3]))
  end
  local file = file_of(e)
  if not file and calls[call] and calls[call].listener then file = lookup(e, int(e.raw[1])) end
  return file and file.protocol
end

-- Own address of the event's socket: see addresses.lua, or nil.
function sockets.here(e)
  if e.syscall == "bind" then return address_of(e, 2, "self", 1) end
  local file = file_of(e)
  return file and file.here
end

-- The peer's address: of the message when it has one.
function sockets.there(e)
  local row = calls[e.syscall]
  local address = row and row[1] ~= "bind" and message_address(e, row, e.index)
  if address then return address end
  local file = file_of(e)
  return file and file.there
end

-- ---- the model

local handlers = {
  connect = on_connect, bind = on_bind, listen = on_listen, accept = on_accept, accept4 = on_accept,
  getsockname = on_getsockname, getpeername = on_getpeername, getsockopt = on_getsockopt,
}

local function transfer(row, way)
  if row.many then return many(row, way) end
  if row.address or row.from or row.message then return addressed(row, way) end
  return plain(way)
end

for name, row in pairs(calls) do
  local way = COUNTED[row.socket] or COUNTED[row[1]]
  if way then
    handlers[name] = transfer(row, way)
  elseif row[1] == "copy" then
    handlers[name] = on_copy(row)
  end
end

sockets.model = {calls = handlers, records = {fd = on_fd}, needs = {"fds"}}

return sockets
