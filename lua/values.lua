-- SPDX-License-Identifier: MIT
--
-- values: arguments and results of calls as text, for -v. How a value looks follows from its kind in the
-- system call table: descriptors are followed by what they are, flags are names, structs have their fields in
-- order. A value that is not what its kind promises (a call may mean several things) looks as it is.

local fds <const> = require "compendium.fds"
local format <const> = require "compendium.format"
local lines <const> = require "compendium.lines"
local text <const> = require "compendium.text"

local values <const> = {buffer_bytes = 32} -- how much of a buffer is shown

local STRING_COLUMNS <const> = 240
local LIST_ITEMS <const> = 32
local REMEMBERED <const> = 10000 -- names
local AT_FDCWD <const> = -100
local FILE_TYPES <const> = {
  [0x1] = "S_IFIFO", [0x2] = "S_IFCHR", [0x4] = "S_IFDIR", [0x6] = "S_IFBLK", [0x8] = "S_IFREG", [0xa] = "S_IFLNK",
  [0xc] = "S_IFSOCK",
}

local show

local known_names, known_count = {}, 0 -- as they are shown, of those that come again

-- "</etc/passwd>"
local function shown_name(name)
  local shown = known_names[name]
  if not shown then
    if known_count >= REMEMBERED then known_names, known_count = {}, 0 end
    shown = "<" .. lines.name(name) .. ">"
    known_names[name], known_count = shown, known_count + 1
  end
  return shown
end

values.shown_name = shown_name

-- "3</etc/passwd>"; what a close closed is no longer in the table.
local function descriptor(fd, _, e)
  local file = fd >= 0 and (fds.lookup(e.tid, e.pid, fd) or e.type == "close" and e.file)
  local name = file and (file.name or file.path or file.kind)
  return name and fd .. shown_name(name) or tostring(fd)
end

-- The start of some bytes; whole: how many there were, when not all are here.
local function quoted(bytes, limit, whole)
  local shown = #bytes > limit and bytes:sub(1, limit) or bytes
  local more = #bytes > limit or whole and whole > #shown
  return text.quote(shown) .. (more and text.marks.ellipsis or "")
end

local function buffer(bytes, _, e, i)
  return quoted(bytes, values.buffer_bytes, i and e.args:truncated(i))
end

local modes <const> = {}

-- S_IFREG|0644
local function mode(bits)
  local shown = modes[bits]
  if shown then return shown end
  local kind = FILE_TYPES[bits >> 12]
  shown = kind and kind .. "|" .. format.mode(bits & 0xFFF) or format.mode(bits)
  if bits <= 0xFFFF then modes[bits] = shown end
  return shown
end
values.mode = mode

-- "[a, b, ...]", each item by what(item).
local function list(items, what)
  local parts = {}
  for i, item in ipairs(items) do
    if i > LIST_ITEMS then
      parts[i] = text.marks.ellipsis
      break
    end
    parts[i] = what(item)
  end
  return "[" .. table.concat(parts, ", ") .. "]"
end

local function signal_set(numbers)
  local names = {}
  for i, number in ipairs(numbers) do
    names[i] = format.signal(number):gsub("^SIG", "")
  end
  return "[" .. table.concat(names, " ") .. "]"
end

-- ---- structs

local MODES <const> = {st_mode = true, stx_mode = true}

local function field(name, value, what, e)
  if MODES[name] and math.type(value) == "integer" then
    return mode(value)
  elseif value == -1 and name:find("^rlim_") then
    return "RLIM_INFINITY"
  end
  return show(value, what, e)
end

-- Fields that nobody described, by name.
local function undescribed(struct)
  local names, fields = {}, {}
  for name in pairs(struct) do
    names[#names + 1] = tostring(name)
  end
  table.sort(names)
  for i, name in ipairs(names) do
    fields[i] = {name = name}
  end
  return fields
end

local function struct(value, what, e)
  if value.tv_sec and value.tv_nsec then
    return ("%d.%09d"):format(value.tv_sec, value.tv_nsec)
  end
  local parts = {}
  for _, each in ipairs(what.fields or undescribed(value)) do
    local part = value[each.name]
    if part ~= nil then
      parts[#parts + 1] = each.name .. ": " .. field(each.name, part, each, e)
    end
  end
  return "{" .. table.concat(parts, ", ") .. "}"
end

local function is_list(value)
  return #value > 0 or next(value) == nil
end

-- ---- by Lua type and kind: fn(value, what, e, i). what: {kind=, family=, fields=}; i: the argument's number

local INTEGERS <const> = {
  hex = function(value) return format.hex(value) end,
  dev = function(value) return format.hex(value) end,
  uint = function(value) return value < 0 and format.hex(value) or tostring(value) end,
  fd = descriptor,
  dirfd = function(value, what, e) return value == AT_FDCWD and "AT_FDCWD" or descriptor(value, what, e) end,
  mode = function(value) return format.mode(value) end,
  signal = function(value) return value == 0 and "0" or format.signal(value) end,
  flags = function(value, what) return format.flags(what.family, value) end,
  enum = function(value, what) return format.enum(what.family, value) end,
}
-- Options of sockets are ints, nearly all of them.
local function option(value, what, e, i)
  if what.name == "optval" and #value == 4 then
    return tostring((("<i4"):unpack(value)))
  end
  return buffer(value, what, e, i)
end

-- Of a string whose memory ends before it does there is only the start.
local function string(value, _, e, i)
  local open = i and e.args:unreadable(i)
  return text.cut(text.quote(value), STRING_COLUMNS) .. (open and text.marks.ellipsis or "")
end

local STRINGS <const> = {
  bytes = option,
  str = string,
  path = string,
}
local TABLES <const> = {
  strv = function(value) return list(value, function(word) return quoted(word, STRING_COLUMNS) end) end,
  sockaddr = function(value) return format.sockaddr(value) end,
  sigset = signal_set,
}

local function show_table(value, what, e, i)
  local by_kind = TABLES[what.kind]
  if by_kind then
    return by_kind(value, what, e, i)
  elseif value.family and (value.address or value.path or value.port) then
    return format.sockaddr(value)
  elseif is_list(value) then
    local one = {kind = what.kind, family = what.family, fields = what.fields}
    return list(value, function(item) return show(item, one, e) end)
  end
  return struct(value, what, e)
end

function show(value, what, e, i)
  if type(value) == "table" then
    return show_table(value, what, e, i)
  elseif type(value) == "string" then
    return (STRINGS[what.kind] or buffer)(value, what, e, i)
  end
  local by_kind = math.type(value) == "integer" and INTEGERS[what.kind]
  return by_kind and by_kind(value, what, e, i) or tostring(value)
end

-- Argument number i of a call: its value, or where it pointed when that could not be read or was not
-- asked for. args: e.args; what: as core.call describes it.
function values.of(e, args, what, i)
  local value = args[i]
  if value ~= nil then
    return show(value, what, e, i)
  end
  local pointer = args:pointer(i)
  return (not pointer or pointer == 0) and "NULL" or format.hex(pointer)
end

-- The same for who has no e.args at hand.
function values.argument(e, what, i)
  return values.of(e, e.args, what, i)
end

-- What a call returned: "3</etc/passwd>", "-1 ENOENT (No such file or directory)", "?" when it did not.
function values.result(e, call)
  local ret = e.ret
  if e.unfinished or ret == nil then
    return "?"
  elseif e.error then
    return "-1 " .. format.error(e.error)
  end
  return show(ret, {kind = call.ret, family = call.ret_family}, e)
end

return values
