-- SPDX-License-Identifier: MIT
--
-- format: values as text for people. Sizes are bytes, times nanoseconds, as everywhere in the library;
-- nil is "-". What the program itself wrote (names, arguments) goes through compendium.text.

local core <const> = require "compendium.core"
local text <const> = require "compendium.text"

local format <const> = {escape = text.escape, quote = text.quote, shell = text.shell, command = text.command}

local UNITS <const> = {"KB", "MB", "GB", "TB", "PB", "EB"}

-- "29 B", "2.6 KB", "8.5 MB". A KB is 1024 bytes.
function format.bytes(n)
  if not n then
    return "-"
  end
  if n > -1024 and n < 1024 then
    return ("%d B"):format(n)
  end
  local sign <const> = n < 0 and "-" or ""
  local value, unit = math.abs(n / 1024), 1 -- divided first: the least integer has no positive
  while value >= 1023.95 and unit < #UNITS do
    value, unit = value / 1024, unit + 1
  end
  return ("%s%.1f %s"):format(sign, value, UNITS[unit])
end

-- "1 call", "2 calls", "4 processes".
function format.count(n, noun)
  if not n then
    return "-"
  end
  local plural = noun:find("[sx]$") and noun .. "es" or noun:gsub("y$", "ie") .. "s"
  return ("%d %s"):format(n, n == 1 and noun or plural)
end

-- "740ns", "12µs", "3.4ms", "0.34s", "2m05s", "1h02m".
function format.duration(ns)
  if not ns then
    return "-"
  elseif ns < 1000 then
    return ("%dns"):format(ns)
  elseif ns < 999500 then
    return ("%.0f%ss"):format(ns / 1000, text.marks.micro)
  elseif ns < 99950000 then
    return ("%.1fms"):format(ns / 1000000)
  elseif ns < 59995000000 then
    return ("%.2fs"):format(ns / 1000000000)
  end
  local seconds = (ns + 500000000) // 1000000000
  if seconds < 3600 then
    return ("%dm%02ds"):format(seconds // 60, seconds % 60)
  end
  return ("%dh%02dm"):format(seconds // 3600, seconds % 3600 // 60)
end

-- How long the whole trace took: seconds with two digits, whatever it was. "0.34s"
function format.seconds(ns)
  if ns >= 59995000000 then
    return format.duration(ns)
  end
  return ("%.2fs"):format(ns / 1000000000)
end

-- A moment of the trace: "+0.003s".
function format.clock(ns)
  return ("+%d.%03ds"):format(ns // 1000000000, ns // 1000000 % 1000)
end

function format.hex(n)
  return n and ("0x%x"):format(n) or "-"
end

-- Permission bits: "0644".
function format.mode(bits)
  return bits and (bits == 0 and "0" or ("0%o"):format(bits)) or "-"
end

function format.signal(number)
  return number and (core.signal(number) or ("signal %d"):format(number)) or "-"
end

-- "ENOENT (No such file or directory)", from the name an event has or a number.
function format.error(name)
  local number = name
  if type(name) == "string" then
    number = core.errno(name)
  else
    name = core.errno(name) or tostring(name)
  end
  local explained = number and core.strerror(number)
  return explained and ("%s (%s)"):format(name, explained) or name
end

local families <const> = {}

local function family_of(name)
  local family = families[name]
  if family == nil then
    family = core.constants(name) or false
    families[name] = family
  end
  return family
end

local REMEMBERED <const> = 1000 -- texts of a family

-- compute(name, value), but for values that were asked for before: programs use the same few over and over.
local function remembered(compute)
  local known, counts = {}, setmetatable({}, {__mode = "k"})
  return function(name, value)
    local texts = known[name or ""]
    local shown = texts and texts[value]
    if shown then
      return shown
    elseif not value then
      return "-"
    elseif not texts or counts[texts] >= REMEMBERED then
      texts = {}
      known[name or ""] = texts
      counts[texts] = 0
    end
    shown = compute(name, value)
    texts[value], counts[texts] = shown, counts[texts] + 1
    return shown
  end
end

-- Bits as names of their family, what no name covers in hex: "O_WRONLY|O_CREAT|0x40000000".
format.flags = remembered(function(family_name, value)
  local family = family_of(family_name)
  if not family then
    return format.hex(value)
  end
  local names, left = {}, value
  for _, constant in ipairs(family) do
    local name, bits, mask = constant[1], constant[2], constant[3] or constant[2]
    local zero_of_field = bits == 0 and mask ~= 0
    if value & mask == bits and (left & bits ~= 0 or zero_of_field) and left & mask == value & mask then
      names[#names + 1] = name
      left = left & ~mask
    end
  end
  if left ~= 0 then
    names[#names + 1] = format.hex(left)
  end
  return #names > 0 and table.concat(names, "|") or "0"
end)

-- One value of its family: "SEEK_SET"; unknown ones as numbers.
format.enum = remembered(function(family_name, value)
  for _, constant in ipairs(family_of(family_name) or {}) do
    if constant[2] == value then
      return constant[1]
    end
  end
  return (value < 0 or value > 0xFFFF) and format.hex(value) or ("%d"):format(value)
end)

-- An address and port: "10.0.0.2:53", "[::1]:80", "[fe80::1%eth0]:80" with the index of an interface.
function format.endpoint(address, port, scope)
  local host = core.inet_ntop(address) or text.escape(address)
  if scope and scope ~= 0 then
    host = host .. "%" .. text.escape(core.interface(scope) or tostring(scope))
  end
  if host:find(":", 1, true) then
    host = "[" .. host .. "]"
  end
  return port and ("%s:%d"):format(host, port) or host
end

local AF_UNIX <const>, AF_NETLINK <const>, AF_PACKET <const> = 1, 16, 17

-- A sockaddr as the event's arguments give it: "10.0.0.2:53", "/run/dbus.sock", "@abstract", "netlink".
function format.sockaddr(address)
  if not address then
    return "-"
  elseif address.family == AF_UNIX then
    local path = address.path
    if not path or path == "" then
      return "unnamed"
    end
    return (text.escape(path):gsub("^\\x00", "@"))
  elseif address.address then
    return format.endpoint(address.address, address.port, address.scope)
  elseif address.family == AF_NETLINK then
    return "netlink"
  elseif address.family == AF_PACKET then
    return "packet"
  end
  return "family " .. tostring(address.family)
end

-- A frame of e.stack: its function, or its offset; and where that is: "main.c:12" or its module.
function format.frame(frame)
  local where = frame.file and frame.line and ("%s:%d"):format(frame.file, frame.line) or frame.module or "?"
  return frame.name or ("+0x%x"):format(frame.offset or frame.address), where:match "[^/]*$"
end

return format
