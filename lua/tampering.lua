-- SPDX-License-Identifier: MIT
--
-- tampering: what a script can do to a call in an "enter:" hook, before the kernel runs it. Each is a
-- method of the event; several may be used on one call, also by several hooks. Of two results, or two values
-- for one argument, the later one counts; delays add up. The call is marked as tampered with.

local core <const> = require "compendium.core"
local errors <const> = require "compendium.api_errors"
local sandbox <const> = require "compendium.sandbox"
local units <const> = require "compendium.api_units"

local EINTR <const> = core.errno("EINTR")
local PORT <const>, FAMILIES <const> = 3, {[2] = {address = 5, size = 4}, [10] = {address = 9, size = 16}}
local TEXT <const> = {path = true, str = true} -- kinds of arguments that end with a NUL

-- Raises where there is nothing to act on: with the line of the script.
local function check(e, verb)
  if e.kind ~= "enter" then
    errors.blame("e:%s() acts on a call before it runs: it needs an \"enter:\" hook, such as on(\"enter:openat\", ...)",
      verb)
  end
end

--- # Acting on a call, in "enter:" hooks

--- Event:deny(error: string)
--- the call does not run; the program sees that error: `e:deny "ENOENT"`
local function deny(e, name)
  check(e, "deny")
  local number = type(name) == "string" and core.errno(name)
  if not number then
    errors.blame("e:deny() takes the name of an error such as \"ENOENT\"%s",
      type(name) == "string" and (", not '%s'"):format(name) or "")
  end
  core.act_skip(-number)
end

--- Event:fake(result: integer)
--- the call does not run; the program sees that result
local function fake(e, result)
  check(e, "fake")
  sandbox.refuse "e:fake()"
  core.act_skip(errors.check(result, "integer", "the result that e:fake() gives"))
end

--- Event:delay(time: string|integer)
--- the call runs that much later: `e:delay "10ms"`; a number counts nanoseconds. Other tasks go on
local function delay(e, time)
  check(e, "delay")
  local ns = math.type(time) == "integer" and time >= 0 and time or type(time) == "string" and units.duration(time)
  if not ns then errors.blame("e:delay() takes a time such as \"10ms\"") end
  core.act_delay(ns)
end

--- Event:kill(signal: string)
--- the task gets the signal in place of the call, which fails with EINTR if it lives on: `e:kill "SIGTERM"`
local function kill(e, name)
  check(e, "kill")
  sandbox.refuse "e:kill()"
  local number = type(name) == "string" and core.signal(name)
  if not number then errors.blame("e:kill() takes the name of a signal such as \"SIGTERM\"") end
  core.act_skip(-EINTR)
  core.act_signal(number)
end

-- The bytes of the call's own address with another port or address.
local function socket_address(e, arg, value)
  local bytes, now = e:piece(arg), e:sockaddr(arg)
  local family = now and FAMILIES[now.family]
  if not family then errors.blame("'%s' is no internet address: e:set() can give it other bytes only", arg) end
  for key in pairs(value) do
    if key ~= "port" and key ~= "address" then errors.blame("an address has no '%s': port, address", tostring(key)) end
  end
  if value.port then
    bytes = bytes:sub(1, PORT - 1) .. (">I2"):pack(errors.check(value.port, "integer", "a port") & 0xffff)
      .. bytes:sub(PORT + 2)
  end
  if value.address then
    local raw = core.inet_pton(value.address)
    if not raw or #raw ~= family.size then
      errors.blame("'%s' is no address of that family", tostring(value.address))
    end
    bytes = bytes:sub(1, family.address - 1) .. raw .. bytes:sub(family.address + family.size)
  end
  return bytes
end

local function description(e, arg)
  local call = e:describe()
  for i, row in ipairs(call and call.args or {}) do
    if row.name == arg or i == arg then return row end
  end
end

--- Event:set(argument: string|integer, value: integer|string|table)
--- the kernel gets another argument, by name or number: an integer is the value itself, a string what it points to,
--- `{port=, address=}` a changed internet address
local function set(e, arg, value)
  check(e, "set")
  sandbox.refuse "e:set()"
  local row = description(e, arg)
  if not row and (math.type(arg) ~= "integer" or e:describe()) then
    local names = {}
    for i, known in ipairs((e:describe() or {args = {}}).args) do names[i] = known.name end
    errors.blame("%s has no argument '%s'; it has %s", e.syscall or "this call", tostring(arg),
      table.concat(names, ", "))
  end
  if type(value) == "table" then
    value = socket_address(e, arg, value)
  elseif type(value) == "string" and row and TEXT[row.kind] then
    value = value .. "\0"
  elseif math.type(value) ~= "integer" and type(value) ~= "string" then
    errors.blame("e:set() takes an integer, a string or {port=, address=}, not %s", math.type(value) or type(value))
  end
  core.act_set(arg, value)
end

--- Event:write(where: string|integer, bytes: string)
--- changes the program's memory, for good, at an address or where that argument points
local function write(e, where, bytes)
  check(e, "write")
  sandbox.refuse "e:write()"
  local address = where
  if type(where) == "string" then address = description(e, where) and e.args:pointer(where) end
  if math.type(address) ~= "integer" then
    errors.blame("e:write() takes an address or an argument's name, not %s", tostring(where))
  end
  core.act_write(address, errors.check(bytes, "string", "what e:write() writes"))
end

for name, fn in pairs {deny = deny, fake = fake, delay = delay, kill = kill, set = set, write = write} do
  core.method(name, fn)
end
