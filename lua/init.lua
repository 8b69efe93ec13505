-- SPDX-License-Identifier: MIT
--
-- init: the first Lua that runs. Puts the library in order, runs the scripts that the options name, and
-- hands the chains to C. After it nothing is loaded any more; what runs is hooks.

local core <const> = require "compendium.core"

-- A module is never taken from the folder we happen to be in.
local function absolute(path)
  local kept = {}
  for entry in path:gmatch "[^;]+" do
    if entry:sub(1, 1) == "/" then kept[#kept + 1] = entry end
  end
  return table.concat(kept, ";")
end

package.path, package.cpath = absolute(package.path), absolute(package.cpath)
rawset(os, "exit", core.exit)

local scripts <const> = require "compendium.scripts"
scripts.shadow_library()
if core.options.list_scripts then
  scripts.list()
  return
elseif core.options.help_script then
  scripts.help(core.options.help_script)
  return
end

package.loaded.compendium = require "compendium.api"
require "compendium.api_event"
require "compendium.tampering"
local config <const> = require "compendium.config"
config.apply()
scripts.run_all(core.options.scripts, config.scripts)

local hooks <const> = require "compendium.hooks"
for _, sink in ipairs(require("compendium.output").chosen(core.options)) do hooks.sink(sink, true) end
hooks.build()
