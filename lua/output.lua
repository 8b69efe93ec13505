-- SPDX-License-Identifier: MIT
--
-- output: which of the bundled sinks run. Scripts ask for them by name (output.terminal(true)); the
-- options have the last word. Read by hooks.lua once all scripts are loaded.

local output <const> = {}
local wanted <const> = {}

--- # Bundled outputs

---@class output

--- output.terminal(on?: boolean)
--- switches the live lines on, or off with false

--- output.summary(on?: boolean)
--- the same for the summary

--- output.verbose(on?: boolean)
--- the same for `-v`

--- output.json(on?: boolean)
--- the same for `--json`

for _, name in ipairs {"terminal", "summary", "verbose", "json"} do
  output[name] = function(on)
    wanted[name] = on ~= false
  end
end

local function apply(options)
  if options.verbose then
    output.verbose(true)
  end
  if options.json then
    output.json(true)
    output.terminal(false)
    output.summary(false)
  end
  if options.quiet then
    output.terminal(false)
    output.verbose(false)
  end
  if wanted.verbose then
    output.terminal(false)
  end
end

-- The sinks that run, in the order in which they are to see events and to finish. Opens the outputs,
-- so it raises when -o cannot be written.
function output.chosen(options)
  apply(options)
  local terminal = require "compendium.terminal"
  terminal.open(options, not wanted.json and options.output or nil)
  local sinks = {}
  if wanted.json then
    sinks[#sinks + 1] = require("compendium.json").open(options)
  end
  if wanted.verbose then
    sinks[#sinks + 1] = require("compendium.verbose").open()
  end
  if wanted.terminal then
    sinks[#sinks + 1] = require "compendium.live"
  end
  if options.report then
    for _, sink in ipairs(require("compendium.report").open(options)) do sinks[#sinks + 1] = sink end
  end
  if wanted.summary or options.report then -- the report has it as well
    local summary = require "compendium.summary"
    sinks[#sinks + 1] = summary.losses
    local entered = require("compendium.hooks").entered()
    sinks[#sinks + 1] = #entered > 0 and summary.tampering(entered) or nil
    sinks[#sinks + 1] = wanted.summary and summary or summary.silent
  end
  sinks[#sinks + 1] = terminal.sink
  return sinks
end

return output
