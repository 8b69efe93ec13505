-- SPDX-License-Identifier: MIT
--
-- Families of constants: constants.yaml -> {name =, is_flags =, headers =, list = {{name =, value =, mask =}}}.

local constants <const> = {}

local function fail(where, message, ...)
  error(where .. ": " .. message:format(...), 0)
end

-- "12", "0x10", "0o644", "1<<4", "-1"
local function number(text, where)
  local base <const>, shift <const> = text:match "^(%w+)<<(%d+)$"
  if base then
    return number(base, where) << math.tointeger(shift)
  end
  local octal <const> = text:match "^0o([0-7]+)$"
  local value <const> = octal and tonumber(octal, 8) or math.tointeger(tonumber(text))
  return value or fail(where, "'%s' is not a number", text)
end

-- The value of a constant that has none of its own: the next number, or the next bit.
local function following(previous, is_flags)
  if not previous then
    return is_flags and 1 or 0
  end
  return is_flags and previous << 1 or previous + 1
end

local function read_constant(token, family, previous, where)
  local name <const>, rest <const> = token:match "^([%a_][%w_]*)(.*)$"
  if not name then
    fail(where, "'%s' is not NAME, NAME=VALUE or NAME=VALUE/MASK", token)
  end
  local body <const>, mark <const> = rest:match "^(.-)([?!]?)$"
  local value_text <const>, mask_text <const> = body:match "^=([^/]+)/?(.*)$"
  if body ~= "" and not value_text then
    fail(where, "'%s' is not NAME, NAME=VALUE or NAME=VALUE/MASK", token)
  end
  local value <const> = value_text and number(value_text, where) or following(previous, family.is_flags)
  local mask = family.is_flags and value or -1
  if mask_text and mask_text ~= "" then
    mask = number(mask_text, where)
  elseif mask == 0 then
    mask = -1 -- no bit at all: the name of nothing else
  end
  if value & mask ~= value then
    fail(where, "%s has bits outside of its mask", name)
  end
  return {name = name, value = value, mask = mask, mark = mark}
end

local function read_family(name, text, where)
  local kind <const>, rest <const> = tostring(text):match "^(%a+)%s+(.*)$"
  if kind ~= "flags" and kind ~= "enum" then
    fail(where, "family '%s' must start with 'flags' or 'enum'", name)
  end
  local family <const> = {
    name = name, is_flags = kind == "flags", headers = "libc", list = {}, by_name = {}, where = where,
  }
  local previous
  for token in rest:gmatch "%S+" do
    if token == "kernel" then
      family.headers = "kernel"
    else
      local constant <const> = read_constant(token, family, previous, where)
      if family.by_name[constant.name] then
        fail(where, "%s is there twice", constant.name)
      end
      family.by_name[constant.name] = constant
      family.list[#family.list + 1] = constant
      previous = constant.value
    end
  end
  return family
end

-- Families by name, and in alphabetical order.
function constants.read(map, path)
  local families <const> = {}
  for _, name in ipairs(map[0]) do
    local family <const> = read_family(name, map[name], path .. ":" .. map[-1][name])
    families[#families + 1] = family
    families[name] = family
  end
  table.sort(families, function(a, b) return a.name < b.name end)
  for index, family in ipairs(families) do
    family.index = index - 1
  end
  for _, name in ipairs {"errno", "signal"} do -- looked up by name in C
    if not families[name] then
      fail(path .. ":1", "family '%s' is missing", name)
    end
    families[name].used = true
  end
  return families
end

function constants.check_used(families)
  for _, family in ipairs(families) do
    if not family.used then
      fail(family.where, "family '%s' is used by no call and no struct", family.name)
    end
  end
end

return constants
