-- SPDX-License-Identifier: MIT
--
-- sandbox: what --sandbox takes from scripts that come from elsewhere: files, processes, code, the debug
-- library, the insides of this one, and whatever could make the traced program do another's will. They still see all
-- that the program does, and may refuse or delay its calls.

local errors <const> = require "compendium.api_errors"

local sandbox <const> = {is_on = false}

local TAKEN <const> = {
  "io", "load", "loadfile", "dofile", "debug", "package", "getmetatable", "setmetatable", "rawset", "warn",
  "save",
}
local CLOCKS <const> = {"time", "date", "clock", "difftime", "exit"} -- what is left of os
local COPIED <const> = {"string", "table", "math", "utf8", "coroutine"} -- the library has the originals
local PARTS <const> = {output = {"terminal", "summary", "verbose", "json"}, noise = {"add", "remove", "off"}}
local SAFE_MODULES <const> = {compendium = true}
local SAFE_PARTS <const> = {compare = true, deeds = true, format = true, globs = true}

local function copy(from, names)
  local to = {}
  for _, name in ipairs(names or errors.names(from)) do to[name] = from[name] end
  return to
end

-- Takes it from the globals of scripts. `api` is what require "compendium" gives.
function sandbox.close(env, api)
  sandbox.is_on = true
  local taken = {}
  for _, name in ipairs(TAKEN) do
    taken[name] = true
    env[name] = nil
  end
  env.os = copy(os, CLOCKS)
  for _, name in ipairs(COPIED) do env[name] = copy(env[name]) end
  for name, parts in pairs(PARTS) do env[name] = copy(require("compendium." .. name), parts) end
  env.json = function(value) return require "compendium.json"(value) end
  env.collectgarbage = function(what)
    if what ~= nil and what ~= "count" then errors.blame("with --sandbox, collectgarbage only counts") end
    return collectgarbage "count"
  end
  getmetatable("").__metatable = "strings"
  local public = setmetatable({}, {
    __index = function(_, name)
      if rawget(api, name) ~= nil and rawget(env, name) ~= nil or SAFE_PARTS[name] then return api[name] end
      errors.blame("compendium.%s is not there with --sandbox", tostring(name))
    end,
    __newindex = function() errors.blame("the API cannot be changed with --sandbox") end,
    __metatable = "compendium",
  })
  env.require = function(name)
    if SAFE_MODULES[name] then return public end
    errors.blame("require \"%s\" is not there with --sandbox", tostring(name))
  end
  return taken
end

-- For what would act on the program beyond refusing or delaying a call.
function sandbox.refuse(what)
  if sandbox.is_on then errors.blame("%s is not there with --sandbox", what) end
end

return sandbox
