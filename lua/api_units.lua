-- SPDX-License-Identifier: MIT
--
-- api_units: "10ms" and "4k" to nanoseconds and bytes, as scripts and options write them.

local units <const> = {}

local DURATIONS <const> = {
  ns = 1, us = 1000, ["µs"] = 1000, ms = 1000000, s = 1000000000, min = 60 * 1000000000, h = 3600 * 1000000000,
}
local SIZES <const> = {b = 1, k = 1 << 10, m = 1 << 20, g = 1 << 30}

local function scaled(number, factor)
  number = tonumber(number)
  return number and factor and math.tointeger(math.floor(number * factor + 0.5))
end

-- Nanoseconds, or nil when the text is no duration.
function units.duration(text)
  local number, unit = text:match "^(%d+%.?%d*)%s*([%aµ]+)$"
  return scaled(number, DURATIONS[unit])
end

-- Bytes, or nil when the text is no size. A number alone counts bytes only when `bare`.
function units.size(text, bare)
  local number, unit = text:lower():match "^(%d+%.?%d*)%s*([bkmg])i?b?$"
  if not number and bare then number, unit = text:match "^%d+$", "b" end
  return scaled(number, SIZES[unit])
end

return units
