-- SPDX-License-Identifier: MIT
--
-- api_options: option(name, default, help) of scripts, and the values given for them on the command
-- line: `-s f.lua:name=value`, `--set name=value`, `--set f.name=value`.

local errors <const> = require "compendium.api_errors"
local units <const> = require "compendium.api_units"

local options <const> = {}

local given <const> = {}    -- {name=, value=, script= or nil, origin=, used=}
local declared <const> = {} -- {name=, script=, default=, help=, value=}

local BOOLEANS <const> = {
  ["true"] = true, yes = true, on = true, ["1"] = true, [""] = true,
  ["false"] = false, no = false, off = false, ["0"] = false,
}

-- Remembers `name=value`; `script` is the short name of the one script it is for, or nil. Later ones win.
function options.give(text, script, origin)
  local name, value = text:match "^([^=]*)=(.*)$"
  if not name then name, value = text, "" end -- a switch
  local owner, rest = name:match "^(.+)%.([%w_]+)$"
  if owner and not script then script, name = owner, rest end
  if not name:find "^[%a_][%w_-]*$" then
    error(("%s: name=value expected, not '%s'"):format(origin, text), 0)
  end
  given[#given + 1] = {name = name, value = value, script = script, origin = origin}
end

-- "a, b" as {"a", "b"}
local function read_list(text)
  local list = {}
  for word in text:gmatch "[^,]+" do
    word = word:match "^%s*(.-)%s*$"
    if word ~= "" then list[#list + 1] = word end
  end
  return list
end

local function show(value)
  return type(value) == "table" and table.concat(value, ",") or tostring(value)
end

-- How a value given as text is read, by what the default is.
local function reader(default)
  local type = math.type(default) or type(default)
  if type == "table" then return read_list end
  if type == "integer" or type == "float" then return tonumber, "a number" end
  if type == "boolean" then
    return function(text) return BOOLEANS[text:lower()] end, "yes or no"
  end
  if units.duration(default) then return units.duration, "a time such as " .. default end
  if units.size(default) then
    return function(text) return units.size(text, true) end, "a size such as " .. default
  end
  return function(text) return text end
end

local function given_for(script, name)
  local found
  for _, item in ipairs(given) do
    if item.name == name and (not item.script or item.script == script) then
      item.used = true
      found = item
    end
  end
  return found
end

-- A list is one of texts.
local function check_list(name, default)
  for _, word in pairs(default) do
    if type(word) ~= "string" then
      errors.blame("the default of option '%s' is a list of texts, not of a %s", name, type(word))
    end
  end
end

-- The value of an option of a script; a duration is in ns, a size in bytes, a list a table of its own.
function options.declare(script, name, default, help)
  errors.check(name, "string", "an option's name")
  if not name:find "^[%a_][%w_-]*$" then errors.blame("'%s' cannot be an option's name", name) end
  local kind = type(default)
  if kind == "table" then
    check_list(name, default)
  elseif kind ~= "string" and kind ~= "number" and kind ~= "boolean" then
    errors.blame("the default of option '%s' gives its type: a number, text, a list, true or false, not %s", name, kind)
  end
  local read, expected = reader(default)
  local item = given_for(script, name)
  local value
  if item then
    value = read(item.value)
    if value == nil then
      error(("%s: '%s' is not a value for option '%s' of %s, which is %s"):format(item.origin, item.value, name,
        script, expected), 0)
    end
  elseif kind == "string" then
    value = read(default)
  elseif kind == "table" then
    value = table.move(default, 1, #default, 1, {})
  else
    value = default
  end
  declared[#declared + 1] = {script = script, name = name, default = default, help = help, value = value}
  return value
end

-- Raises when something was set that no script asked for.
function options.check()
  local names = {}
  for i, option in ipairs(declared) do names[i] = option.name end
  for _, item in ipairs(given) do
    if not item.used then
      local all = {}
      for i, option in ipairs(declared) do
        all[i] = ("%s.%s=%s"):format(option.script, option.name, show(option.default))
      end
      local list = #all > 0 and "there are " .. table.concat(all, ", ") or "the scripts have none"
      error(("%s: there is no option '%s'%s (%s)"):format(item.origin, item.name, errors.hint(item.name, names),
        list), 0)
    end
  end
end

return options
