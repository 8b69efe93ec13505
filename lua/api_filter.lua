-- SPDX-License-Identifier: MIT
--
-- api_filter: -f EXPR. The expression becomes a function of the event in which each name that is a field
-- of events is a local variable, so `type == "write" and bytes > 4096` means what it says; other
-- names are those of scripts.

local core <const> = require "compendium.core"
local errors <const> = require "compendium.api_errors"
local events <const> = require "compendium.events"

local KEYWORDS <const> = {}
for word in ("and break do else elseif end false for function goto if in local nil not or repeat return then true "
  .. "until while"):gmatch "%a+" do
  KEYWORDS[word] = true
end

local function is_field(name)
  return events.fields[name] ~= nil or type(rawget(core.event_names, name)) == "number"
end

-- The names an expression uses as variables: not in strings and comments, not after a dot or a colon.
local function variables(expression)
  local code = expression:gsub("\\.", "  "):gsub('"[^"\n]*"', '""'):gsub("'[^'\n]*'", "''"):gsub("%.%.+", " ")
  code = code:gsub("%-%-[^\n]*", " ")
  local names = {}
  for before, name in (" " .. code):gmatch "([^%w_])%s*%f[%w_]([%a_][%w_]*)" do
    if before ~= "." and before ~= ":" and not KEYWORDS[name] and not names[name] then
      names[name] = true
      names[#names + 1] = name
    end
  end
  return names, code:find "%f[%w_]function%f[^%w_]" ~= nil
end

-- A filter function of the expression. `env` is what its other names mean. Raises one line.
local function compile(expression, env)
  local origin = ("-f '%s'"):format(expression)
  local names, has_functions = variables(expression)
  local fields = {}
  for _, name in ipairs(names) do
    if is_field(name) then
      fields[#fields + 1] = name
    elseif rawget(env, name) == nil and not has_functions then -- a function's parameters are names too
      error(("%s: an event has no field '%s'%s"):format(origin, name,
        errors.hint(name, errors.names(events.fields, core.event_names))), 0)
    end
  end
  local locals = ""
  if #fields > 0 then
    locals = ("local %s = e.%s "):format(table.concat(fields, ", "), table.concat(fields, ", e."))
  end
  -- Alone first, so that "1) or (2" is no expression and the message has no parentheses of ours.
  local made, problem = load("return " .. expression, "=-f", "t", env)
  if made then
    made, problem = load(("return function(e) %sreturn (%s\n) end"):format(locals, expression), "=-f", "t", env)
  end
  if not made then error(("%s: %s"):format(origin, problem:gsub("^%-f:%d+: ", "")), 0) end
  local test = made()
  return function(e) return test(e) and true or false end
end

return {compile = compile}
