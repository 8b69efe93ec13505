-- SPDX-License-Identifier: MIT
--
-- redact: what must not be shown, wherever a name or text of the program is written: lines, summary, JSON.
-- Scripts still see it. A pattern of Lua's; where it has captures, those are taken out, else all that matches.

local find_problem <const> = require("compendium.patterns").problem

local redact <const> = {}

local MARK <const> = "[redacted]"
local patterns <const> = {}

redact.is_on = false

-- Adds a pattern. Raises when it is none.
function redact.add(pattern)
  if type(pattern) ~= "string" or pattern == "" then error("what is to be redacted is a pattern", 0) end
  local problem = find_problem(pattern)
  if problem then error("malformed pattern: " .. problem, 0) end
  patterns[#patterns + 1] = pattern
  redact.is_on = true
end

-- What a match leaves: its captures are taken out, or, without any, all of it.
local function without(whole, ...)
  if select("#", ...) == 0 then return MARK end
  for _, part in ipairs {...} do
    local first, last = whole:find(part, 1, true)
    if first and part ~= "" then whole = whole:sub(1, first - 1) .. MARK .. whole:sub(last + 1) end
  end
  return whole
end

local function apply(s, pattern)
  local parts, start = {}, 1
  while start <= #s do
    local found = table.pack(s:find(pattern, start))
    local first, last = found[1], found[2]
    if not first or last < first then break end
    parts[#parts + 1] = s:sub(start, first - 1)
    parts[#parts + 1] = without(s:sub(first, last), table.unpack(found, 3, found.n))
    start = last + 1
  end
  return table.concat(parts) .. s:sub(start)
end

-- The text without what must not be shown.
function redact.apply(s)
  for _, pattern in ipairs(patterns) do s = apply(s, pattern) end
  return s
end

return redact
