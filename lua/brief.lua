-- SPDX-License-Identifier: MIT
--
-- brief: the arguments of a call as text for the report, which has all calls there are: as arguments.lua shows them,
-- but of what a call tells of a file only mode and size, and fast: what is known of a call's arguments is looked up
-- once, and texts of values that come again are remembered.

local arguments <const> = require "compendium.arguments"
local calls <const> = require "compendium.calls"
local fds <const> = require "compendium.fds"
local redact <const> = require "compendium.redact"
local text <const> = require "compendium.text"
local values <const> = require "compendium.values"

local brief <const> = {}

local AT_FDCWD <const> = -100
local REMEMBERED <const> = 1000 -- texts of an argument
local STRING_BYTES <const> = 200 -- longer ones may have to be cut

-- ---- showers: fn(e, args, argument, i) -> text of argument number i

local general <const> = values.of

local function number(e, args, argument, i)
  return args[i] or general(e, args, argument, i)
end

local function hex(e, args, argument, i)
  local value = args[i]
  return value and ("0x%x"):format(value) or general(e, args, argument, i)
end

local function unsigned(e, args, argument, i)
  local value = args[i]
  return value and value >= 0 and value or general(e, args, argument, i)
end

-- A buffer whose bytes were not asked for.
local function buffer(e, args, argument, i)
  local pointer = args[i] == nil and args:pointer(i)
  return pointer and pointer ~= 0 and ("0x%x"):format(pointer) or general(e, args, argument, i)
end

-- Texts of values that come again.
local function remembered()
  local known, count = {}, 0
  return function(e, args, argument, i)
    local value = args[i]
    local shown = known[value]
    if shown then return shown end
    shown = general(e, args, argument, i)
    if value == nil then return shown end
    if count >= REMEMBERED then known, count = {}, 0 end
    known[value], count = shown, count + 1
    return shown
  end
end

local function quoted(e, args, argument, i)
  local value = args[i]
  if value and #value < STRING_BYTES and not redact.is_on and not value:find '[%c\\"\x80-\xFF]'
    and not args:unreadable(i) then
    return '"' .. value .. '"'
  end
  return general(e, args, argument, i)
end

local function descriptor(e, args, _, i)
  local value = args[i]
  local file = value >= 0 and fds.lookup(e.tid, e.pid, value)
  return file and value .. values.shown_name(file.name) or value
end

local function directory(e, args, argument, i)
  return args[i] == AT_FDCWD and "AT_FDCWD" or descriptor(e, args, argument, i)
end

-- The descriptor that the call is about, which others ask for as well.
local function subject(e, args, argument, i)
  local file = e.type and e.file
  return file and args[i] .. values.shown_name(file.name) or descriptor(e, args, argument, i)
end

-- Of an argument of that kind.
local BY_KIND <const> = {
  int = number, pid = number, uid = number, uint = unsigned, hex = hex, path = quoted, str = quoted, fd = descriptor,
  dirfd = directory, buf = buffer,
}
local REMEMBERED_KINDS <const> = {flags = true, enum = true, mode = true, signal = true}

-- ---- structs

-- Structs of which only these fields are shown.
local FIELDS <const> = {{"st_mode", "st_size"}, {"stx_mode", "stx_size"}}

local function field_of(argument, name)
  for _, field in ipairs(argument.fields) do
    if field.name == name then return field end
  end
end

-- {st_mode: S_IFREG|0644, st_size: 47427, ...}, from its bytes; nil: it is no such struct.
local function of_file(argument)
  local mode, size
  for _, names in ipairs(FIELDS) do
    mode, size = field_of(argument, names[1]), field_of(argument, names[2])
    if mode and size then break end
  end
  if not mode or not size or argument.list then return nil end
  local mode_form <const>, size_form <const> = ("<I%d"):format(mode.size), ("<I%d"):format(size.size)
  local least <const> = math.max(mode.offset + mode.size, size.offset + size.size)
  local first <const>, second <const> = "{" .. mode.name .. ": ", ", " .. size.name .. ": "
  local last <const> = ", " .. text.marks.ellipsis .. "}"
  return function(bytes)
    if #bytes < least then return nil end
    return first .. values.mode((mode_form:unpack(bytes, mode.offset + 1))) .. second
      .. (size_form:unpack(bytes, size.offset + 1)) .. last
  end
end

-- Kinds whose text follows from their bytes alone, also as fields of a struct: no descriptor, nothing pointed to.
local PLAIN <const> = {
  int = true, uint = true, hex = true, pid = true, uid = true, mode = true, dev = true, signal = true, flags = true,
  enum = true, sigset = true, status = true, fdset = true, ints = true, longs = true, int64s = true, str = true,
}

local function is_plain(argument)
  if not argument.fields then return PLAIN[argument.kind] or false end
  for _, field in ipairs(argument.fields) do
    if not is_plain(field) then return false end
  end
  return true
end

-- Of an argument in memory: by its bytes where they say it all. It need not be decoded then.
local function in_memory(argument)
  local from_bytes = argument.fields and of_file(argument)
  local known, count = {}, 0
  return function(e, args, _, i)
    local bytes = e:piece(i, "self")
    if not bytes then return general(e, args, argument, i) end
    local shown = known[bytes] or from_bytes and from_bytes(bytes)
    if shown then return shown end
    shown = general(e, args, argument, i)
    if count >= REMEMBERED then known, count = {}, 0 end
    known[bytes], count = shown, count + 1
    return shown
  end
end

local IN_MEMORY <const> = {struct = true, sigset = true}

-- ---- calls

local function shower(argument, is_subject)
  local kind = argument.kind
  if IN_MEMORY[kind] and not argument.both_ways and is_plain(argument) then return in_memory(argument) end
  if REMEMBERED_KINDS[kind] then return remembered() end
  return is_subject and subject or BY_KIND[kind] or general
end

-- By the number of arguments, as one concatenation makes one string: p1 is "fd: ", p2 ", buf: " ...
local COMPOSERS <const> = {
  [0] = function() return function() return "" end end,
  function(a, p1, f1) return function(e, args) return p1 .. f1(e, args, a[1], 1) end end,
  function(a, p1, f1, p2, f2)
    return function(e, args) return p1 .. f1(e, args, a[1], 1) .. p2 .. f2(e, args, a[2], 2) end
  end,
  function(a, p1, f1, p2, f2, p3, f3)
    return function(e, args)
      return p1 .. f1(e, args, a[1], 1) .. p2 .. f2(e, args, a[2], 2) .. p3 .. f3(e, args, a[3], 3)
    end
  end,
  function(a, p1, f1, p2, f2, p3, f3, p4, f4)
    return function(e, args)
      return p1 .. f1(e, args, a[1], 1) .. p2 .. f2(e, args, a[2], 2) .. p3 .. f3(e, args, a[3], 3) .. p4
        .. f4(e, args, a[4], 4)
    end
  end,
  function(a, p1, f1, p2, f2, p3, f3, p4, f4, p5, f5)
    return function(e, args)
      return p1 .. f1(e, args, a[1], 1) .. p2 .. f2(e, args, a[2], 2) .. p3 .. f3(e, args, a[3], 3) .. p4
        .. f4(e, args, a[4], 4) .. p5 .. f5(e, args, a[5], 5)
    end
  end,
  function(a, p1, f1, p2, f2, p3, f3, p4, f4, p5, f5, p6, f6)
    return function(e, args)
      return p1 .. f1(e, args, a[1], 1) .. p2 .. f2(e, args, a[2], 2) .. p3 .. f3(e, args, a[3], 3) .. p4
        .. f4(e, args, a[4], 4) .. p5 .. f5(e, args, a[5], 5) .. p6 .. f6(e, args, a[6], 6)
    end
  end,
}

local function composer(call)
  local row, pieces, may_be_meaningless = calls[call.name] or {}, {}, false
  for i, argument in ipairs(call.args) do
    pieces[#pieces + 1] = (i > 1 and ", " or "") .. argument.name .. ": "
    pieces[#pieces + 1] = shower(argument, row.fd == i and argument.kind == "fd")
    may_be_meaningless = may_be_meaningless or argument.kind == "mode" and row[1] == "open"
  end
  local make = not may_be_meaningless and COMPOSERS[#call.args]
  return make and make(call.args, table.unpack(pieces)) or function(e) return arguments.text(e, call) end
end

local composers <const> = {} -- by description, of which core gives the same each time

-- The text of the event's arguments.
function brief.text(e)
  local call = arguments.description(e)
  local compose = composers[call]
  if not compose then
    compose = composer(call)
    composers[call] = compose
  end
  return compose(e, e.args)
end

return brief
