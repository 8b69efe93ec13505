-- SPDX-License-Identifier: MIT
--
-- addresses: socket addresses and protocols as values with a text. An address is a table that is
-- never changed: {text=, family=, host=, port=, path=}. The same bytes give the same table, so that
-- it can be a key and costs nothing the second time.

local core = require "compendium.core"

local AF_UNIX <const>, AF_INET <const>, AF_INET6 <const>, AF_NETLINK <const> = 1, 2, 10, 16
local CACHE_LIMIT <const> = 4096

local addresses = {}

local TRANSPORTS <const> = { -- [type][protocol], 0 is the type's own
  [1] = {[0] = "tcp", [6] = "tcp"},
  [2] = {[0] = "udp", [17] = "udp", [136] = "udp"},
}
local VERSIONS <const> = {[AF_INET] = "4", [AF_INET6] = "6"}
local NAMES <const> = {[AF_UNIX] = "unix", [AF_NETLINK] = "netlink"}

-- "tcp4", "udp6", "unix", "netlink" or "other" for the arguments of socket().
function addresses.protocol(family, type, protocol)
  local version = VERSIONS[family]
  if not version then return NAMES[family] or "other" end
  local transport = TRANSPORTS[type & 0xf]
  transport = transport and transport[protocol]
  return transport and transport .. version or "other"
end

local function inet(address)
  local host = address.address and core.inet_ntop(address.address)
  if not host then return nil end
  return {family = address.family, host = host, port = address.port, text = host .. ":" .. address.port}
end

local function inet6(address)
  local host = address.address and core.inet_ntop(address.address)
  if not host then return nil end
  local scope = address.scope
  if scope and scope ~= 0 then host = host .. "%" .. (core.interface(scope) or scope) end
  return {family = address.family, host = host, port = address.port, text = "[" .. host .. "]:" .. address.port}
end

-- A socket without a name has no address.
local function unix(address, resolve)
  local path = address.path
  if not path or path == "" then return nil end
  if path:byte(1) == 0 then
    local name = path:sub(2):gsub("\0+$", "")
    return {family = address.family, text = "@" .. name}
  end
  path = resolve and resolve(path) or path
  return {family = address.family, path = path, text = path}
end

local function netlink(address)
  local pid = address.pid or 0
  return {family = address.family, text = pid == 0 and "kernel" or "port " .. pid}
end

local MAKERS <const> = {[AF_UNIX] = unix, [AF_INET] = inet, [AF_INET6] = inet6, [AF_NETLINK] = netlink}

-- An address for a decoded sockaddr (nil for none). resolve(path) makes a unix path absolute.
function addresses.make(address, resolve)
  if not address or not address.family or address.family == 0 then return nil end
  local maker = MAKERS[address.family]
  if maker then return maker(address, resolve) end
  return {family = address.family, text = "family " .. address.family}
end

local cache, cached = {}, 0

-- The address in a piece of the event's record: part "self", or "name" of message `index`. nil when
-- there is none, it could not be read, or it has no name.
function addresses.of(e, arg, part, index, resolve)
  local bytes = e:piece(arg, part, index)
  if not bytes then return nil end
  local known = cache[bytes]
  if known then return known end
  local address = addresses.make(e:sockaddr(arg, part, index), resolve)
  -- a relative unix path means another file from elsewhere
  if address and not (address.path and resolve) then
    if cached >= CACHE_LIMIT then cache, cached = {}, 0 end
    cache[bytes], cached = address, cached + 1
  end
  return address
end

return addresses
