-- SPDX-License-Identifier: MIT
--
-- What fuzz-json checks: a value made from the input's bytes, written by core.json and read by another
-- reader, is that value again; so is each field of an event's line.

package.path = "tests/lua/?.lua;" .. package.path
local core <const> = require "compendium.core"
local json <const> = require "compendium.json"
local reader <const> = require "json_reader"

-- Reads bytes from the front; 0 and "" when there are none left.
local function input_of(bytes)
  local position = 1
  local input = {}
  function input.byte()
    position = position + 1
    return bytes:byte(position - 1) or 0
  end
  function input.take(size)
    position = position + size
    return bytes:sub(position - size, position - 1)
  end
  function input.number(pattern)
    local packed = input.take(8)
    return #packed == 8 and pattern:unpack(packed) or 0
  end
  return input
end

local DEPTH <const> = 70 -- a little more than core.json allows
local value

local function array(input, depth)
  local list = {}
  for i = 1, input.byte() & 15 do list[i] = value(input, depth) end
  return list
end

-- Keys are told apart by what they are written as: numbers among them become strings.
local function object(input, depth)
  local map = {}
  for _ = 1, input.byte() & 15 do
    local kind = input.byte()
    local key = kind < 128 and "k" .. input.take(kind & 7) or kind < 192 and input.number "<i8" or kind / 3
    map[key] = value(input, depth)
  end
  return map
end

local KINDS <const> = {
  [0] = function() return true end,
  function() return false end,
  function(input) return input.byte() end,
  function(input) return input.number "<i8" end,
  function(input) return input.number "<d" end,
  function(input) return input.take(input.byte()) end,
  function(input, depth) return array(input, depth + 1) end,
  function(input, depth) return object(input, depth + 1) end,
}

-- A value, from a byte that says what it is and what follows.
function value(input, depth)
  local kind = input.byte()
  return depth < DEPTH and KINDS[kind & 7](input, depth) or kind
end

local function depth_of(v)
  local deepest = 0
  for _, item in pairs(type(v) == "table" and v or {}) do deepest = math.max(deepest, depth_of(item)) end
  return type(v) == "table" and deepest + 1 or 0
end

local function key_text(key)
  return type(key) == "number" and core.json(key) or key
end

-- Is `read` what `written` was? An empty table may be either kind; what is no finite number is null.
local function assert_same(written, read)
  if type(written) ~= "table" then
    if math.type(written) == "float" and (written ~= written or written - written ~= 0) then written = reader.null end
    assert(written == read, ("%s became %s"):format(written, read))
    assert(math.type(written) ~= "integer" or math.type(read) == "integer", "an integer became a float")
    return
  end
  local count, is_list = 0, #written > 0 and written[#written] ~= nil
  for _ in pairs(written) do count = count + 1 end
  is_list = is_list and count == #written
  for key, item in pairs(written) do assert_same(item, read[is_list and key or key_text(key)]) end
  for _ in pairs(read) do count = count - 1 end
  assert(count == 0, "a table has another number of members")
end

local function check_value(v)
  local ok, s = pcall(core.json, v)
  assert(ok or depth_of(v) >= 64 and s:find "nested too deep", s)
  if not ok then return end
  local read, position = reader.value(s)
  assert(position == #s + 1, "something after the value")
  assert_same(v, read)
  assert(core.json(v) == s, "another text for the same value")
end

local function field_of(event, name)
  local value_read = event[name]
  for _, escaped in ipairs(event.escaped or {}) do
    if escaped == name then return type(value_read) == "table" and reader.raw(value_read[1]) or reader.raw(value_read) end
  end
  return type(value_read) == "table" and value_read[1] or value_read
end

local function check_event(input)
  local path, comm, argument, offset = input.take(input.byte()), input.take(input.byte()), input.take(input.byte()),
    input.number "<i8"
  local event = reader.line(json.line {
    type = "exec", kind = "call", time = offset, pid = 1, tid = offset, comm = comm, path = path, argv = {argument}, ret = offset,
  })
  assert(field_of(event, "path") == path and field_of(event, "comm") == comm, "a string became another")
  assert(field_of(event, "argv") == argument, "an argument became another")
  assert(math.tointeger(event.ret) == offset and math.tointeger(event.time) == offset, "a number became another")
end

local function check(bytes)
  check_value(value(input_of(bytes), 0))
  check_event(input_of(bytes))
end

return {check = check}
