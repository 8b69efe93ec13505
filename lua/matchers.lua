-- SPDX-License-Identifier: MIT
--
-- matchers: is an address one of these? As users write addresses: "10.0.0.0/8", "[::1]:80", "*:443",
-- "192.168.1.7:5432", ":8000-8100", "unix:/run/**", "tcp6".

local core <const> = require "compendium.core"
local errors <const> = require "compendium.api_errors"
local globs <const> = require "compendium.globs"

local matchers <const> = {}

-- "host:port" of an event, in its two parts; the host without brackets.
local function split(endpoint)
  local host, port = endpoint:match "^%[(.*)%]:(%d+)$"
  if not host then host, port = endpoint:match "^([^:]*):(%d+)$" end
  return host or endpoint, math.tointeger(tonumber(port))
end

local function same_prefix(a, b, bits)
  local whole, rest = bits // 8, bits % 8
  if #a ~= #b or a:sub(1, whole) ~= b:sub(1, whole) then return false end
  return rest == 0 or (a:byte(whole + 1) ~ b:byte(whole + 1)) >> (8 - rest) == 0
end

local function network(pattern, whole)
  local address, length = pattern:match "^(.-)/(%d+)$"
  local raw = core.inet_pton(address or pattern)
  if not raw then
    errors.blame("'%s' is no address: \"10.0.0.0/8\", \"*:443\", \"[::1]:80\", \"unix:/run/**\"", whole)
  end
  local bits = tonumber(length) or #raw * 8
  if bits > #raw * 8 then errors.blame("'%s': an address of that family has %d bits", whole, #raw * 8) end
  return function(host)
    local other = core.inet_pton(host)
    return other ~= nil and same_prefix(raw, other, bits)
  end
end

local function ports(pattern, whole)
  local first, last = pattern:match "^(%d+)%-?(%d*)$"
  if not first then errors.blame("'%s' is no port, and no ports as 8000-8100", whole) end
  first, last = tonumber(first), tonumber(last) or tonumber(first)
  return function(port) return port ~= nil and port >= first and port <= last end
end

local function one(pattern)
  local path = pattern:match "^unix:(.*)$"
  if path then return globs.matcher(path == "" and "**" or path) end
  local host, port = pattern:match "^%[(.*)%]:([%d-]+)$"
  if not host then host, port = pattern:match "^([^:]*):([%d-]+)$" end
  host = (host or pattern):gsub("^%[(.*)%]$", "%1")
  local is_host = host ~= "" and host ~= "*" and network(host, pattern)
  local is_port = port and ports(port, pattern)
  return function(endpoint)
    local its_host, its_port = split(endpoint)
    return (not is_host or is_host(its_host)) and (not is_port or is_port(its_port))
  end
end

-- A function that says whether an endpoint, as e.remote and e["local"] are, is one of those; nil is none.
function matchers.address(list)
  local tests = {}
  for i, pattern in ipairs(type(list) == "table" and list or {list}) do
    tests[i] = one(errors.check(pattern, "string", "an address"))
  end
  return function(endpoint)
    for i = 1, endpoint and #tests or 0 do
      if tests[i](endpoint) then return true end
    end
    return false
  end
end

return matchers
