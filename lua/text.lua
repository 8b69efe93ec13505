-- SPDX-License-Identifier: MIT
--
-- text: bytes of unknown origin as one harmless line for a terminal or a file, how wide that line
-- is, and how it is cut. Names and arguments of traced programs may hold anything; they stay raw in
-- the library and pass through here when a sink writes them.
--
-- escape() is reversible (see unescape in the tests): a backslash is doubled, a byte that is
-- no valid UTF-8 is \xNN, a character that could hide or move text is \u{NNNN}, and what is printable
-- stays as it is.

local redact <const> = require "compendium.redact"

local text <const> = {}

-- Characters that show nothing or reorder what is shown: C1 controls, soft hyphen, fillers, zero-width
-- and bidi controls, line and paragraph separators, variation selectors, tags, noncharacters.
local HIDDEN <const> = {
  {0x80, 0x9F}, {0xAD, 0xAD}, {0x34F, 0x34F}, {0x61C, 0x61C}, {0x115F, 0x1160},
  {0x17B4, 0x17B5}, {0x180B, 0x180F}, {0x200B, 0x200F}, {0x2028, 0x202E}, {0x2060, 0x206F},
  {0x3164, 0x3164}, {0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF}, {0xFFA0, 0xFFA0}, {0xFFF0, 0xFFFB},
  {0xFFFE, 0xFFFF}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF},
}

-- Combining marks: drawn over the character before them.
local COMBINING <const> = {
  {0x300, 0x36F}, {0x483, 0x489}, {0x591, 0x5BD}, {0x5BF, 0x5C7}, {0x610, 0x61A}, {0x64B, 0x65F},
  {0x6D6, 0x6DC}, {0x6DF, 0x6E4}, {0x900, 0x902}, {0x93A, 0x93A}, {0x93C, 0x93C}, {0x941, 0x948},
  {0x94D, 0x94D}, {0xE31, 0xE31}, {0xE34, 0xE3A}, {0xE47, 0xE4E}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF},
  {0x20D0, 0x20FF}, {0x302A, 0x302D}, {0x3099, 0x309A}, {0xFE20, 0xFE2F},
}

-- East Asian wide characters and emoji: two columns.
local WIDE <const> = {
  {0x1100, 0x115F}, {0x231A, 0x231B}, {0x2329, 0x232A}, {0x23E9, 0x23EC}, {0x25FD, 0x25FE},
  {0x2614, 0x2615}, {0x2648, 0x2653}, {0x26A1, 0x26A1}, {0x26BD, 0x26BE}, {0x2705, 0x2705},
  {0x2728, 0x2728}, {0x274C, 0x274C}, {0x2753, 0x2755}, {0x2795, 0x2797}, {0x2B1B, 0x2B1C},
  {0x2B50, 0x2B50}, {0x2E80, 0x303E}, {0x3041, 0xA4CF}, {0xA960, 0xA97F}, {0xAC00, 0xD7A3},
  {0xF900, 0xFAFF}, {0xFE10, 0xFE19}, {0xFE30, 0xFE6F}, {0xFF00, 0xFF60}, {0xFFE0, 0xFFE6},
  {0x16FE0, 0x18DFF}, {0x1B000, 0x1B2FF}, {0x1F004, 0x1F004}, {0x1F0CF, 0x1F0CF}, {0x1F18E, 0x1F18E},
  {0x1F191, 0x1F19A}, {0x1F200, 0x1F320}, {0x1F32D, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F7E0, 0x1F7EB},
  {0x1F90C, 0x1F9FF}, {0x1FA70, 0x1FAFF}, {0x20000, 0x3FFFD},
}

local function within(ranges, code)
  local low, high = 1, #ranges
  while low <= high do
    local middle = (low + high) // 2
    local range = ranges[middle]
    if code < range[1] then
      high = middle - 1
    elseif code > range[2] then
      low = middle + 1
    else
      return true
    end
  end
  return false
end

local UNICODE_MARKS <const> = {
  out = "→", into = "←", both = "↔", failed = "✗", rule = "━", light = "─", ellipsis = "…", micro = "µ",
  branch = "├─ ", last = "└─ ", bar = "│  ", gap = "   ", times = "×",
}
local ASCII_MARKS <const> = {
  out = "->", into = "<-", both = "<->", failed = "x", rule = "=", light = "-", ellipsis = "...", micro = "u",
  branch = "|- ", last = "`- ", bar = "|  ", gap = "   ", times = "x",
}

local NAMES_KEPT <const> = 2000
local names, name_count = {}, 0 -- see text.name

-- Chooses what may be written: all of Unicode, or ASCII with everything else escaped.
function text.use_unicode(on)
  text.unicode = on
  names, name_count = {}, 0
  text.marks = on and UNICODE_MARKS or ASCII_MARKS
end

-- True when the locale in these variables (getenv-like function) is a UTF-8 one.
function text.locale_is_unicode(getenv)
  for _, name in ipairs {"LC_ALL", "LC_CTYPE", "LANG"} do
    local value = getenv(name)
    if value and value ~= "" then
      return value:find("[Uu][Tt][Ff]%-?8") ~= nil
    end
  end
  return false
end

text.use_unicode(text.locale_is_unicode(os.getenv))

local CONTROL <const> = { ["\\"] = "\\\\", ["\n"] = "\\n", ["\t"] = "\\t", ["\r"] = "\\r" }
for byte = 0, 127 do
  local char = string.char(byte)
  if (byte < 32 or byte == 127) and not CONTROL[char] then
    CONTROL[char] = ("\\x%02x"):format(byte)
  end
end

local function visible(char)
  local code = utf8.codepoint(char)
  if not text.unicode or within(HIDDEN, code) then
    return ("\\u{%x}"):format(code)
  end
end

local function escape_valid(s)
  return (s:gsub("[%c\\]", CONTROL):gsub("[\xC2-\xF4][\x80-\xBF]+", visible))
end

-- Any bytes as printable text on one line.
function text.escape(s)
  if redact.is_on then
    s = redact.apply(s)
  end
  if not s:find("[%c\\\x80-\xFF]") then
    return s
  end
  local parts, start = {}, 1
  while start <= #s do
    local whole, bad = utf8.len(s, start)
    if whole then
      break
    end
    parts[#parts + 1] = escape_valid(s:sub(start, bad - 1))
    parts[#parts + 1] = ("\\x%02x"):format(s:byte(bad))
    start = bad + 1
  end
  parts[#parts + 1] = escape_valid(s:sub(start))
  return table.concat(parts)
end

-- Text that a script composed: its backslashes and line are its own, but nothing in it reaches the terminal as
-- a control.
function text.tame(s)
  return (text.escape(s):gsub("\\\\", "\\"))
end

-- Escaped bytes in double quotes, as C and Lua would write them.
function text.quote(s)
  if not redact.is_on and not s:find('[%c\\"\x80-\xFF]') then
    return '"' .. s .. '"'
  end
  return '"' .. text.escape(s):gsub('"', '\\"') .. '"'
end

-- An argument as a shell would need it: bare when harmless, else in single quotes; with control
-- characters or broken UTF-8 as $'...'.
function text.shell(s)
  if redact.is_on then
    s = redact.apply(s)
  end
  if s ~= "" and not s:find("[^%w%-_./:=@%%+,]") then
    return s
  end
  local escaped = text.escape(s)
  if escaped == s or escaped == s:gsub("\\", "\\\\") then
    return "'" .. s:gsub("'", "'\\''") .. "'"
  end
  return "$'" .. escaped:gsub("'", "\\'"):gsub("\\(.){?(%x*)}?", function(kind, hex) -- one escape after the other
    return kind == "u" and ("\\U%08x"):format(tonumber(hex, 16)) or nil
  end) .. "'"
end

-- A whole command line.
function text.command(argv)
  local words = {}
  for i, word in ipairs(argv) do
    words[i] = text.shell(word)
  end
  return table.concat(words, " ")
end

local function char_width(code)
  if code < 0x300 then
    return 1
  elseif within(COMBINING, code) then
    return 0
  end
  return within(WIDE, code) and 2 or 1
end

-- Columns a terminal needs for s, which is escaped text (valid UTF-8, nothing hidden).
function text.width(s)
  if not s:find("[\x80-\xFF]") then
    return #s
  end
  local width = 0
  for _, code in utf8.codes(s) do
    width = width + char_width(code)
  end
  return width
end

-- Escaped text as an array of what must not be torn apart: an escape, or a character.
local function units(s)
  local list, position = {}, 1
  while position <= #s do
    local unit = s:match("^\\x%x%x", position) or s:match("^\\u{%x+}", position) or s:match("^\\.", position)
      or s:match("^" .. utf8.charpattern, position)
    list[#list + 1] = unit
    position = position + #unit
  end
  return list
end

local function fill(list, from, to, step, room)
  local taken, used = {}, 0
  for i = from, to, step do
    local width = text.width(list[i])
    if used + width > room then
      break
    end
    used = used + width
    taken[#taken + 1] = list[i]
  end
  return taken
end

local function reversed(list)
  local result = {}
  for i = #list, 1, -1 do
    result[#result + 1] = list[i]
  end
  return result
end

-- Escaped text in at most `width` columns. What is left out is in the middle, because a path is known by its
-- start and its end; with tail = false it is at the end.
function text.cut(s, width, tail)
  if #s <= width or text.width(s) <= width then
    return s
  end
  local room = math.max(0, width - text.width(text.marks.ellipsis))
  local list = units(s)
  local tail_room = tail == false and 0 or (room * 2) // 3
  local head = fill(list, 1, #list, 1, room - tail_room)
  local rest = reversed(fill(list, #list, #head + 1, -1, tail_room))
  return table.concat(head) .. text.marks.ellipsis .. table.concat(rest)
end

-- Any bytes escaped and cut to `width` columns, always the same: remembered, as programs use the same names again.
function text.name(bytes, width)
  local known = names[bytes]
  if known and not redact.is_on then
    return known
  elseif name_count >= NAMES_KEPT then
    names, name_count = {}, 0
  end
  known = text.cut(text.escape(bytes), width)
  names[bytes], name_count = known, name_count + 1
  return known
end

-- Pads with spaces to `width` columns; align "right" puts them in front.
function text.pad(s, width, align)
  local missing = width - text.width(s)
  if missing <= 0 then
    return s
  elseif align == "right" then
    return (" "):rep(missing) .. s
  end
  return s .. (" "):rep(missing)
end

return text
