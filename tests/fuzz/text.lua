-- SPDX-License-Identifier: MIT
--
-- What fuzz-text checks: text made of any bytes is harmless, means the same bytes, and has the width it was
-- given; no number makes a formatter fail. The input: a byte of choices, a width, eight bytes of a number, the bytes.

local core <const> = require "compendium.core"
local format <const> = require "compendium.format"
local terminal <const> = require "compendium.terminal"
local text <const> = require "compendium.text"

-- Families of constants, each at a place of its own.
local FAMILIES <const> = {"open_flags", "mmap_prot", "mmap_flags", "whence", "msg_flags", "clone_flags"}
local CONSTANTS <const> = {}
for _, family in ipairs(FAMILIES) do CONSTANTS[family] = core.constants(family) or {} end

local function assert_harmless(s)
  assert(utf8.len(s), "not UTF-8")
  assert(not s:find "[%c]", "a control character")
  for _, code in utf8.codes(s) do
    assert(code < 0x80 or text.unicode, "not ASCII")
    assert(code < 0x80 or code > 0x9f and (code < 0x202a or code > 0x202e), "a hidden character")
  end
end

-- What a shell makes of one word.
local function unshell(word)
  if word:sub(1, 2) == "$'" then
    local body = word:sub(3, -2):gsub("\\(.)(%x*)", function(kind, hex)
      return kind == "U" and ("\\u{%s}%s"):format(hex:sub(1, 8), hex:sub(9)) or nil
    end)
    return assert(load("return '" .. body .. "'"))()
  elseif word:sub(1, 1) == "'" then
    return (word:sub(2, -2):gsub("'\\''", "'"))
  end
  return word
end

local function check_text(s, width)
  local escaped = text.escape(s)
  assert_harmless(escaped)
  assert_harmless(text.tame(s))
  assert(load("return " .. text.quote(s))() == s, "quoted is something else")
  assert(unshell(text.shell(s)) == s, "as a shell's word it is something else")
  assert_harmless(text.command {s, s})
  for _, tail in ipairs {true, false} do
    local cut = text.cut(escaped, width, tail)
    assert_harmless(cut)
    assert(text.width(cut) <= math.max(width, text.width(text.marks.ellipsis)), "too wide")
  end
  for _, align in ipairs {"left", "right"} do
    assert(text.width(text.pad(escaped, width, align)) == math.max(width, text.width(escaped)), "badly padded")
  end
end

-- The number that names of flags stand for.
local function value_of(family, names)
  local value = 0
  for name in names:gmatch "[^|]+" do
    local found = math.tointeger(tonumber(name))
    for _, constant in ipairs(CONSTANTS[family]) do
      if constant[1] == name then found = constant[2] end
    end
    value = value | assert(found, name)
  end
  return value
end

local function check_number(n, family)
  assert(format.bytes(n):find "^%-?%d+%.?%d* [KMGTPE]?B$", "no size")
  for _, name in ipairs {"duration", "clock", "seconds", "hex", "mode", "signal", "error"} do
    assert_harmless(format[name](n))
  end
  assert_harmless(format.count(n, "process"))
  assert_harmless(format.enum(family, n))
  if CONSTANTS[family].flags then
    assert(value_of(family, format.flags(family, n)) == n, "flags stand for something else")
  end
end

local function check_address(s, n)
  assert_harmless(format.sockaddr {family = n & 31, path = s, address = s, port = n, scope = n >> 8 & 0xffff})
  assert_harmless(format.sockaddr {family = 1, path = s})
  assert_harmless(format.sockaddr {family = n & 31})
end

-- What scripts give to say().
local function check_say(s, n)
  assert_harmless(terminal.compose(s, n, s, nil, n / 3))
  assert_harmless(terminal.compose(s))
  assert_harmless(terminal.compose(s, s, {}, true, n))
end

local function check(bytes)
  if #bytes < 10 then return end
  local choices, width, n = ("<BBi8"):unpack(bytes)
  local s = bytes:sub(11)
  text.use_unicode(choices & 1 == 0)
  check_text(s, width)
  check_number(n, FAMILIES[1 + (choices >> 1) % #FAMILIES])
  check_address(s, n)
  check_say(s, n)
end

return {check = check}
