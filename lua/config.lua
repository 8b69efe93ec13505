-- SPDX-License-Identifier: MIT
--
-- config: what configuration files say besides their options, which were taken with the command line: which
-- scripts run when none is named, noise rules, colours, what is redacted. The project's file comes after the
-- user's and so has the last word. Errors name file, line and what may have been meant.

local core <const> = require "compendium.core"
local errors <const> = require "compendium.api_errors"
local globs <const> = require "compendium.globs"
local noise <const> = require "compendium.noise"
local redact <const> = require "compendium.redact"
local terminal <const> = require "compendium.terminal"

-- `scripts`: names of those that run when no -s and no -e is given, or nil.
local config <const> = {scripts = nil}

-- An error at the line of a key of a mapping.
local function blame(file, mapping, key, format, ...)
  local line = type(mapping) == "table" and type(mapping[-1]) == "table" and mapping[-1][key]
  error(("%s:%s: "):format(file.path, line or "?") .. format:format(...), 0)
end

local function check_keys(file, mapping, known, what)
  for _, key in ipairs(mapping[0] or {}) do
    if not known[key] then
      local hint = errors.hint(tostring(key), errors.names(known))
      blame(file, mapping, key, "%s has no key '%s'%s", what, tostring(key), hint)
    end
  end
end

-- A list of texts; one alone will do.
local function texts(file, mapping, key)
  local value = mapping[key]
  local list = type(value) == "table" and value or {value}
  if list[0] then blame(file, mapping, key, "'%s' is a list", key) end
  for _, item in ipairs(list) do
    if type(item) ~= "string" then blame(file, mapping, key, "'%s' is a list of words", key) end
  end
  return list
end

-- ---- noise

local RULE_KEYS <const> = {name = true, why = true, types = true, paths = true, writes = true, off = true}

local function add_rule(file, rule)
  local named = rule[0] and rule[0][1]
  check_keys(file, rule, RULE_KEYS, "a noise rule")
  if rule.off then
    for _, name in ipairs(texts(file, rule, "off")) do
      local ok, problem = pcall(noise.remove, name)
      if not ok then blame(file, rule, "off", "%s", (tostring(problem):gsub("^lua/[%w_]+%.lua:%d+: ", ""))) end
    end
    return
  end
  if type(rule.name) ~= "string" then blame(file, rule, named, "a noise rule needs a name") end
  if not rule.paths then
    blame(file, rule, named, "the noise rule '%s' needs paths: which names it is about", rule.name)
  end
  local patterns = {}
  for i, glob in ipairs(texts(file, rule, "paths")) do patterns[i] = globs.pattern(glob) end
  local types = rule.types and texts(file, rule, "types")
  local known = require("compendium.events").types
  for _, type in ipairs(types or {}) do
    if not known[type] then
      blame(file, rule, "types", "there is no event '%s'%s", type, errors.hint(type, errors.names(known)))
    end
  end
  noise.add {name = rule.name, why = rule.why or file.path, types = types, paths = patterns, writes = rule.writes}
end

-- ---- the keys of a file

local keys <const> = {}

function keys.options() end -- src/config.c

function keys.scripts(file, top) config.scripts = texts(file, top, "scripts") end

function keys.noise(file, top)
  if type(top.noise) ~= "table" or top.noise[0] then blame(file, top, "noise", "'noise' is a list of rules") end
  for _, rule in ipairs(top.noise) do
    if type(rule) ~= "table" then blame(file, top, "noise", "a noise rule has keys: name, why, types, paths") end
    add_rule(file, rule)
  end
end

function keys.colours(file, top)
  local colours = top.colours
  if type(colours) ~= "table" or not colours[0] then blame(file, top, "colours", "'colours' has a colour by kind") end
  for _, kind in ipairs(colours[0]) do
    local ok, problem = pcall(terminal.colour, kind, colours[kind])
    if not ok then blame(file, colours, kind, "%s", problem) end
  end
end

function keys.redact(file, top)
  for _, pattern in ipairs(texts(file, top, "redact")) do
    local ok, problem = pcall(redact.add, pattern)
    if not ok then blame(file, top, "redact", "'%s': %s", pattern, problem) end
  end
end

-- Does what the files say. Called once, before scripts are loaded.
function config.apply()
  for _, file in ipairs(core.config) do
    local top = core.yaml.load(file.text, file.path)
    if type(top) == "table" then
      check_keys(file, top, keys, "a configuration")
      for _, key in ipairs(top[0] or {}) do keys[key](file, top) end
    end
  end
end

return config
