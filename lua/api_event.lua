-- SPDX-License-Identifier: MIT
--
-- api_event: the parts of the event object that need no C: e:copy(), pairs(e), and what is said when
-- a field is asked for that no event has.

local core <const> = require "compendium.core"
local errors <const> = require "compendium.api_errors"
local events <const> = require "compendium.events"

local event <const> = {}

--- # Events

--- Event.pid: integer
--- the process; and `tid`, `comm`, `type`, `class`, `syscall`, `duration`, `ret`, `error`, `unfinished`, `late`,
--- `tampered` as in lines of `--json`, and the fields of its type (below). `pairs(e)` goes through them

--- Event.time: integer
--- when it began, in ns since the trace began

--- Event.kind: string
--- what it was made of: call, enter, fork, exec, exit, signal ...

--- Event.process: table?
--- the process: `require("compendium").processes`

--- Event.args: table<string|integer, any>
--- a call's arguments by name or number, decoded; `pairs(e.args)` goes through them

--- Event.arch: string?
--- of a call: x86_64, i386 or x32

--- Event.nr: integer?
--- the call's number

--- Event.raw: integer[]
--- the call's registers

--- Event.index: integer
--- which one of the call's events, from 1: sendmmsg makes several

--- Event.data: string?
--- what was read or written, after `want("data", ...)`

--- Event.data_truncated: boolean?
--- there was more

---@class Frame
---@field address integer
---@field offset? integer in the module
---@field module? string
---@field name? string of the function
---@field file? string
---@field line? integer

--- Event.stack: Frame[]?
--- where in its code the program was, after `want("stack", ...)`: the innermost first, each with `name`, `file`,
--- `line`, `module`, `offset`, `address`, as far as they are known

-- What every event may have, in the order in which pairs gives it.
event.common = {
  "time", "duration", "pid", "tid", "comm", "process", "kind", "type", "class", "arch", "syscall", "ret", "error",
  "status", "unfinished", "late", "tampered", "index",
}

-- A field that is there only when somebody wants it.
function event.add_common(name)
  for _, known in ipairs(event.common) do
    if known == name then return end
  end
  event.common[#event.common + 1] = name
end

-- A copy's args: names to values, with [i], # and the order of the call as e.args has them.
local function copy_args(args)
  local values, names = {}, {}
  for name, value in pairs(args) do
    names[#names + 1] = name
    values[name] = value
  end
  local function next_arg(_, name)
    local i = 1
    while name and names[i] ~= name do i = i + 1 end
    local following = names[name and i + 1 or 1]
    return following, values[following]
  end
  return setmetatable(values, {
    __index = function(_, i) return names[i] and rawget(values, names[i]) end,
    __len = function() return #names end,
    __pairs = function() return next_arg, values, nil end,
  })
end

-- The names of the fields an event of this type may have.
local function names_of(e)
  local names = table.move(event.common, 1, #event.common, 1, {})
  local row = events.types[e.type]
  return row and table.move(row.fields, 1, #row.fields, #names + 1, names) or names
end

--- Event:copy(): Event
--- a table with what the event has, that stays valid beyond the hook
local function copy(e)
  local copied = {}
  for _, name in ipairs(names_of(e)) do copied[name] = e[name] end
  copied.args = e.args and copy_args(e.args)
  return copied
end

-- for name, value in pairs(e): common fields first; those that are nil are left out.
local function pairs_of(e)
  local names, i = names_of(e), 0
  names[#names + 1] = "args"
  return function()
    local value
    repeat
      i = i + 1
      value = names[i] and e[names[i]]
    until value ~= nil or not names[i]
    return names[i], value
  end
end

core.method("copy", copy)
core.method("__pairs", pairs_of)

setmetatable(core.event_names, {
  __index = function(_, name)
    errors.blame("an event has no field '%s'%s", tostring(name),
      errors.hint(tostring(name), errors.names(core.event_names)))
  end,
})

setmetatable(core.arg_names, {
  __index = function(_, name)
    errors.blame("no system call has an argument '%s'%s", name, errors.hint(name, errors.names(core.arg_names)))
  end,
})

return event
