-- SPDX-License-Identifier: MIT
--
-- sockets: who talks to whom. The model gives sockets (descriptions of kind "socket", see fds.lua)
-- their addresses, and counts what goes through them, per connection (traffic.lua).
--
-- A description of kind "socket" has
--   protocol          tcp4, tcp6, udp4, udp6, unix, netlink or other
--   local, remote     its addresses as text, or nil; here, there: the same as values (addresses.lua)
--   sent, received    bytes; what was only peeked at is not in them
--   connection        the connection it is an end of, or nil
--
-- A local address that the kernel chose is known when the program asks for it (getsockname), else
-- it is nil; a listener's wildcard address is what its connections have until then.

local addresses = require "compendium.addresses"
local calls = require "compendium.calls"
local fds = require "compendium.fds"
local paths = require "compendium.paths"
local rights = require "compendium.rights"
local traffic = require "compendium.traffic"

local NOT_TAKEN <const> = 2 | 0x2000 -- MSG_PEEK, MSG_ERRQUEUE
local SOL_SOCKET <const>, SO_ERROR <const> = 1, 4
local MESSAGES_MAX <const> = 1024 -- the kernel's limit for one call
local IN_PROGRESS <const> = {EINPROGRESS = true, EINTR = true, EALREADY = true}

local sockets = {
  connections = traffic.connections, -- those that are known, oldest first: see traffic.lua
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

-- ---- calls that give addresses

-- A repeated connect tells how the first one went.
local function on_connect_again(connection, error)
  if not error or error == "EISCONN" then
    traffic.made(connection)
  elseif not IN_PROGRESS[error] then
    traffic.failed(connection, error)
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
  traffic.close(file, e)
  file.connection = nil
  set_there(file, nil)
  if not address then return end -- AF_UNSPEC: disconnected
  local connection = traffic.add(e, file, address, "out")
  if e.error and not IN_PROGRESS[e.error] then
    connection.closed = e.time
    return traffic.failed(connection, e.error)
  end
  connection.connecting = e.error and true or nil
  file.connection = connection
  set_there(file, address)
  if not e.error then rights.connected(e, file, address) end
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
  file.connection = traffic.add(e, file, file.there, "in")
  rights.accepted(e, file, file.here)
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
  traffic.made(connection)
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
    traffic.made(connection)
  else
    traffic.failed(connection, require("compendium.core").errno(number) or "errno " .. number)
  end
end

-- A socket that was there before: its connection counts from now on.
local function on_fd(e)
  local file = lookup(e, e.num)
  if not file or file.origin ~= "inherited" or file.here or file.there then return end
  set_here(file, address_of(e, 2, "self", 1))
  set_there(file, address_of(e, 3, "self", 1))
  if file.there then file.connection = traffic.add(e, file, file.there, nil) end
end

-- ---- transfers

local COUNTED <const> = {send = "sent", recv = "received"}
local MESSAGES <const> = {sent = "sent_messages", received = "received_messages"}

local function count(file, connection, way, bytes)
  file[way] = (file[way] or 0) + bytes
  local messages = MESSAGES[way]
  file[messages] = (file[messages] or 0) + 1
  if not connection then return end
  connection[way] = connection[way] + bytes
  connection.connecting = nil
end

-- Transfers on a connection that never was tell so.
local function on_failed_transfer(e, file)
  local connection = file.connection
  if connection and connection.connecting and e.error ~= "EAGAIN" and e.error ~= "EINTR" then
    traffic.failed(connection, e.error)
  end
end

-- read, write and their like: the socket's own peer.
local function plain(way)
  return function(e)
    local bytes = e.ret
    local file = bytes and lookup(e, int(e.raw[1]))
    if not file then return end
    if bytes < 0 then return on_failed_transfer(e, file) end
    count(file, file.connection, way, bytes)
  end
end

-- The connection a message belongs to: of its own address, else of the socket.
local function connection_of(e, file, address, way)
  if not address or file.there then return file.connection end
  return traffic.of_peer(e, file, address, way == "sent" and "out" or "in")
end

local function is_peek(e, row, way)
  return way == "received" and row.flags and e.raw[row.flags] & NOT_TAKEN ~= 0
end

-- The address a datagram was sent to or came from, when the call says.
local function message_address(e, row, index)
  if row.address then return address_of(e, row.address, "self", 1) end
  if row.peer_address then return address_of(e, row.peer_address, "self", 1) end
  if row.message then return address_of(e, row.message, "name", index) end
end

-- Descriptors that go with a message.
local function pass(e, file, row, index, way, bytes, peek)
  local numbers = file.protocol == "unix" and row.message and e:rights(index)
  if not numbers or #numbers == 0 then return end
  if way == "sent" then
    rights.send(e, file, numbers, bytes)
  else
    rights.receive(e, file, numbers, bytes, peek)
  end
end

local function addressed(row, way)
  return function(e)
    local bytes = e.ret
    local file = bytes and lookup(e, int(e.raw[1]))
    if not file then return end
    if bytes < 0 then return on_failed_transfer(e, file) end
    local peek = is_peek(e, row, way)
    pass(e, file, row, 1, way, bytes, peek)
    if peek then return end
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
    if not file then return end
    local peek = is_peek(e, row, way)
    for i = 1, math.min(n, MESSAGES_MAX) do
      local bytes = sockets.message_bytes(e, row, i) or 0
      pass(e, file, row, i, way, bytes, peek)
      if not peek then
        local address = not file.there and message_address(e, row, i)
        count(file, connection_of(e, file, address, way), way, bytes)
      end
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
  if row.address or row.peer_address or row.message then return addressed(row, way) end
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
