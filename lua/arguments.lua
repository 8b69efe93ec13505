-- SPDX-License-Identifier: MIT
--
-- arguments: a call's arguments by name, decoded, as -v and the report show them:
--
--     dirfd: AT_FDCWD, pathname: "/etc/passwd", flags: O_RDONLY|O_CLOEXEC
--
-- brief.lua does the same for the report, faster.

local core <const> = require "compendium.core"
local values <const> = require "compendium.values"

local arguments <const> = {}

local O_CREAT <const>, O_TMPFILE <const> = 0x40, 0x400000

local UNKNOWN <const> = {args = {}, ret = "int"}
for i = 1, 6 do
  UNKNOWN.args[i] = {name = "arg" .. i, kind = "hex"}
end

local descriptions <const> = {}

-- What the arguments of this call are: of this very one, when the event can tell.
function arguments.description(e)
  local call = e.describe and e:describe()
  if call then
    return call
  end
  local name = e.syscall
  call = descriptions[name]
  if not call then
    call = core.call(name) or UNKNOWN
    descriptions[name] = call
  end
  return call
end

-- The mode of open means nothing, and is whatever was in the register, unless a file may be made.
function arguments.is_meaningless(e, argument)
  local flags = argument.kind == "mode" and e.type == "open" and e.flags
  return flags and flags & (O_CREAT | O_TMPFILE) == 0 and e.syscall ~= "creat"
end

-- The text; call: what arguments.description says.
function arguments.text(e, call)
  local parts, args = {}, e.args
  for i, argument in ipairs(call.args) do
    if not arguments.is_meaningless(e, argument) then
      parts[#parts + 1] = ("%s: %s"):format(argument.name, values.of(e, args, argument, i))
    end
  end
  return table.concat(parts, ", ")
end

return arguments
