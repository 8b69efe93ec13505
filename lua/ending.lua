-- SPDX-License-Identifier: MIT
--
-- ending: how the traced program ended and what went wrong with the trace, for sinks that say it at the end.

local core <const> = require "compendium.core"
local format <const> = require "compendium.format"
local lines <const> = require "compendium.lines"
local noise <const> = require "compendium.noise"
local processes <const> = require "compendium.processes"

local ending <const> = {}

-- How many times a function of a script failed, and the label of the first hook that did.
function ending.failed_hooks()
  local count, first = core.errors()
  return (count or 0) + lines.failures() + noise.failures(), first
end

-- Exit status, and name of the signal, of a "finish" table's status; nil where there is none.
function ending.of(info)
  local status = info.status
  if not status or status < 0 then return nil, nil end
  local signal = processes.exit_signal(status)
  return processes.exit_code(status), signal and format.signal(signal)
end

return ending
