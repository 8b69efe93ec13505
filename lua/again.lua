-- SPDX-License-Identifier: MIT
--
-- again: the same command once more, traced by a script of its own choice, for scripts that try something many times.
-- The script of such a run leaves a text, which the one that asked for it gets. Its input is empty, and what it writes
-- to stdout and stderr is not shown.
--
--   again.run("faultall", {at = 3})    the text that the script left, or nil
--   again.leave(text)                  in that run; again.is_inner: is this one?

local core <const> = require "compendium.core"
local format <const> = require "compendium.format"
local options <const> = require "compendium.api_options"

local again <const> = {}

local to <const> = options.declare("again", "to", "", "the file for what such a run leaves")
again.is_inner = to ~= ""

local function own_program()
  local file <close> = assert(io.open "/proc/self/stat")
  return ("/proc/%d/exe"):format(file:read "n")
end

function again.run(script, settings)
  local file <const> = os.tmpname()
  local words = {own_program(), "--no-config", "--set", "again.to=" .. file, "-s", script}
  for name, value in pairs(settings) do
    table.move({"--set", ("%s.%s=%s"):format(script, name, value)}, 1, 2, #words + 1, words)
  end
  words[#words + 1] = "--"
  table.move(core.options.command, 1, #core.options.command, #words + 1, words)
  for i, word in ipairs(words) do words[i] = format.shell(word) end
  os.execute(table.concat(words, " ") .. " </dev/null >/dev/null 2>&1")
  local result <close> = io.open(file)
  local text = result and result:read "a" or ""
  os.remove(file)
  return text ~= "" and text or nil
end

function again.leave(text)
  local file <close> = assert(io.open(to, "w"))
  file:write(text)
end

return again
