-- SPDX-License-Identifier: MIT
--
-- api_errors: what is said when a script asks for something that is not there: where in the script,
-- and what it may have meant.

local errors <const> = {}

-- Set by scripts.lua: the name of the script being loaded, for errors with no place in a script.
errors.script = nil

-- Library chunks are named lua/NAME.lua; everything else in Lua is the user's.
local function place()
  for level = 3, math.huge do
    local info = debug.getinfo(level, "Sl")
    if not info then return nil end
    if info.what ~= "C" and info.source:sub(1, 5) ~= "@lua/" and info.currentline > 0 then
      return ("%s:%d"):format(info.source:gsub("^[@=]", ""), info.currentline)
    end
  end
end

-- Where in the user's scripts we are: "x.lua:12".
function errors.place()
  return place() or errors.script or "?"
end

-- Raises an error that names the line of the script which led here.
function errors.blame(format, ...)
  local where = place() or errors.script
  error((where and where .. ": " or "") .. format:format(...), 0)
end

-- How many letters to change, add, leave out or swap with the next to make one word of the other, up to
-- a limit.
local function distance(a, b, limit)
  if math.abs(#a - #b) > limit then return limit + 1 end
  local before, row = {}, {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do
    local new = {[0] = i}
    for j = 1, #b do
      new[j] = math.min(row[j - 1] + (a:byte(i) == b:byte(j) and 0 or 1), row[j] + 1, new[j - 1] + 1)
      if i > 1 and j > 1 and a:byte(i) == b:byte(j - 1) and a:byte(i - 1) == b:byte(j) then
        new[j] = math.min(new[j], before[j - 2] + 1)
      end
    end
    before, row = row, new
  end
  return row[#b]
end

-- The name that is most like the one given, or nil when none is near. `names` is an array.
function errors.nearest(name, names)
  name = name:lower()
  local best, least = nil, #name // 3 + 2 -- a third of the letters, and one more, may be wrong
  for _, known in ipairs(names) do
    local d = known:lower() == name and 0 or distance(name, known:lower(), least)
    if d < least then best, least = known, d end
  end
  return best
end

-- "; did you mean 'open'?", or "".
function errors.hint(name, names)
  local near = errors.nearest(name, names)
  return near and ("; did you mean '%s'?"):format(near) or ""
end

-- The keys of tables that are strings, sorted.
function errors.names(...)
  local names = {}
  for _, t in ipairs {...} do
    for name in pairs(t) do
      if type(name) == "string" then names[#names + 1] = name end
    end
  end
  table.sort(names)
  return names
end

-- Raises when an argument of a public function is of another type.
function errors.check(value, expected, what)
  local found = math.type(value) == "integer" and expected == "integer" and "integer" or type(value)
  if found ~= expected then
    errors.blame("%s must be a %s, not %s", what, expected, value == nil and "nil" or found)
  end
  return value
end

return errors
