-- SPDX-License-Identifier: MIT
--
-- patterns: what is wrong with a pattern of Lua's. string.find itself finds that out only when a match gets so far,
-- which may be in the middle of a trace.

local patterns <const> = {}

-- Lua's limits (lstrlib.c): captures, and how deep matching nests.
local CAPTURES_MAX <const>, NESTING_MAX <const> = 32, 190

-- Where the set that begins at i ends, or nil when it does not. Its first character is part of it, even "]".
local function set_end(s, i)
  i = s:sub(i + 1, i + 1) == "^" and i + 2 or i + 1
  repeat
    if i > #s then return nil end
    i = s:sub(i, i) == "%" and i + 2 or i + 1
  until s:sub(i, i) == "]"
  return i
end

local function capture_problem(state, digit)
  local number = tonumber(digit)
  if number == 0 or number > state.count or state.is_open[number] then return "invalid capture index %" .. digit end
end

-- What follows "%" at i: how far it goes, or nil and what is wrong.
local function escape(s, i, state)
  local c = s:sub(i + 1, i + 1)
  if c == "" then return nil, "ends with '%'" end
  if c == "b" then
    if i + 3 > #s then return nil, "missing arguments to '%b'" end
    return i + 3
  elseif c == "f" then
    if s:sub(i + 2, i + 2) ~= "[" then return nil, "missing '[' after '%f'" end
  elseif c:find "%d" then
    local problem = capture_problem(state, c)
    if problem then return nil, problem end
  end
  return i + 1
end

local step <const> = {}

step["%"] = escape

step["["] = function(s, i)
  local last = set_end(s, i)
  return last, not last and "missing ']'" or nil
end

step["("] = function(_, i, state)
  state.count = state.count + 1
  state.open[#state.open + 1] = state.count
  state.is_open[state.count] = true
  return i, state.count > CAPTURES_MAX and "too many captures" or nil
end

step[")"] = function(_, i, state)
  local last = table.remove(state.open)
  if not last then return nil, "')' without '('" end
  state.is_open[last] = nil
  return i
end

-- What is wrong with it, or nil.
function patterns.problem(s)
  local state = {count = 0, open = {}, is_open = {}}
  local i = s:sub(1, 1) == "^" and 2 or 1
  local _, nesting = s:gsub("[()*+?-]", "")
  while i <= #s do
    local take = step[s:sub(i, i)]
    local last, problem = i, nil
    if take then last, problem = take(s, i, state) end
    if problem then return problem end
    i = last + 1
  end
  if state.open[1] then return "'(' without ')'" end
  return nesting > NESTING_MAX and "too complex" or nil
end

-- The item of a pattern at a position: where it ends, and the byte it stands for when it is a plain one.
local function item_at(pattern, at)
  local char = pattern:sub(at, at)
  if char == "%" then
    local escaped = pattern:sub(at + 1, at + 1)
    if escaped == "b" then return at + 4 end
    if escaped == "f" then return item_at(pattern, at + 2) end
    return at + 2, not escaped:find "%w" and escaped or nil
  elseif char == "[" then
    local stop = at + (pattern:sub(at + 1, at + 1) == "^" and 2 or 1)
    repeat -- the first byte of a set may be its end
      stop = stop + (pattern:sub(stop, stop) == "%" and 2 or 1)
    until stop > #pattern or pattern:sub(stop, stop) == "]"
    return stop + 1
  end
  return at + 1, not char:find "[.()$]" and char or nil
end

-- What must be in a text, byte for byte, for the pattern to match, as looking for that is faster by far; or nil.
function patterns.literal(pattern)
  local longest, run, at = "", "", pattern:sub(1, 1) == "^" and 2 or 1
  while at <= #pattern do
    local stop, plain = item_at(pattern, at)
    local quantifier = pattern:match("^[*?+-]", stop)
    if plain and (not quantifier or quantifier == "+") then run = run .. plain end
    if #run > #longest then longest = run end
    if not plain or quantifier then run = "" end
    at = stop + (quantifier and 1 or 0)
  end
  return #longest > 1 and longest or nil
end

return patterns
