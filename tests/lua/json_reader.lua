-- SPDX-License-Identifier: MIT
--
-- json_reader: a reader of JSON that is not the writer: strict, keeps integers, and knows when a string was
-- one. What is not JSON raises.

local reader = {null = setmetatable({}, {__tostring = function() return "null" end})}

local WORDS = {["true"] = true, ["false"] = false, null = reader.null}
local NAMED = {n = "\n", t = "\t", r = "\r", b = "\b", f = "\f", ['"'] = '"', ["\\"] = "\\", ["/"] = "/"}

local function unescape(text)
  return (text:gsub("\\(.)(%x?%x?%x?%x?)", function(kind, hex)
    if kind == "u" then
      assert(#hex == 4, "\\u without four digits")
      return utf8.char(tonumber(hex, 16))
    end
    return assert(NAMED[kind], kind) .. hex
  end))
end

-- The value at the start of s, and where it ends. Strings need not be UTF-8.
function reader.value(s)
  local position = 1
  local value

  local function expect(pattern)
    local from, to, capture = s:find("^" .. pattern, position)
    assert(from, ("no %s at %d of %s"):format(pattern, position, s))
    position = to + 1
    return capture
  end

  local function string_value()
    expect '"'
    local from = position
    while s:sub(position, position) ~= '"' do
      position = position + (s:sub(position, position) == "\\" and 2 or 1)
      assert(position <= #s, "a string without an end")
    end
    position = position + 1
    local body = s:sub(from, position - 2)
    assert(not body:find("%c"), "a control character in a string")
    return unescape(body)
  end

  local function members(close, read)
    position = position + 1
    local result = {}
    while s:sub(position, position) ~= close do
      read(result)
      if s:sub(position, position) ~= close then expect "," end
    end
    position = position + 1
    return result
  end

  function value()
    local first = s:sub(position, position)
    if first == '"' then return string_value() end
    if first == "[" then return members("]", function(list) list[#list + 1] = value() end) end
    if first == "{" then
      return members("}", function(object)
        local name = string_value()
        assert(object[name] == nil, "a name that is there twice")
        expect ":"
        object[name] = value()
      end)
    end
    local word = s:match("^%a+", position)
    if word then
      position = position + #word
      assert(WORDS[word] ~= nil, word)
      return WORDS[word]
    end
    local number = expect "(%-?%d+%.?%d*[eE]?[-+]?%d*)"
    return math.tointeger(number) or assert(tonumber(number), number)
  end

  return value(), position
end

-- The value of a line of JSON, which is text.
function reader.line(s)
  assert(utf8.len(s), "not UTF-8")
  local result, position = reader.value(s)
  assert(s:sub(position) == "\n", s:sub(position))
  return result
end

-- The bytes of a string that is named in "escaped".
function reader.raw(s)
  return (s:gsub("\\(.)(%x?%x?)", function(kind, hex)
    return kind == "x" and string.char(tonumber(hex, 16)) or "\\" .. hex
  end))
end

return reader
