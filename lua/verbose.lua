-- SPDX-License-Identifier: MIT
--
-- verbose: the sink of -v: every call with its arguments by name, decoded, its result, and how long it took,
-- before any filter. For who wants to see what the kernel saw:
--
--     openat(dirfd: AT_FDCWD, pathname: "/etc/passwd", flags: O_RDONLY|O_CLOEXEC) = 3 <12µs>
--
-- How a value looks follows from its kind in the system call table; descriptors are followed by what they are.

local core <const> = require "compendium.core"
local fds <const> = require "compendium.fds"
local format <const> = require "compendium.format"
local lines <const> = require "compendium.lines"
local terminal <const> = require "compendium.terminal"
local text <const> = require "compendium.text"

local verbose <const> = {}

local BUFFER_BYTES <const> = 32 -- of a buffer that are shown
local STRING_COLUMNS <const> = 240
local LIST_ITEMS <const> = 32
local AT_FDCWD <const> = -100
local OCTAL_FIELDS <const> = {st_mode = true, stx_mode = true, mode = true}
local FILE_TYPES <const> = {
  [0x1] = "S_IFIFO", [0x2] = "S_IFCHR", [0x4] = "S_IFDIR", [0x6] = "S_IFBLK", [0x8] = "S_IFREG", [0xa] = "S_IFLNK",
  [0xc] = "S_IFSOCK",
}
-- What people look for in a struct comes first; the rest by name.
local FIRST_FIELDS <const> = {
  "st_mode", "st_size", "stx_mode", "stx_size", "family", "fd", "events", "revents", "rlim_cur", "iov_len", "msg_name",
}
local O_CREAT <const>, O_TMPFILE <const> = 0x40, 0x400000
local HEX_FIELDS <const> =
  {flags = true, base = true, ptr = true, addr = true, address = true, restorer = true, handler = true}

-- "3</etc/passwd>"; what a close closed is no longer in the table.
local function descriptor(e, fd)
  if not fd then
    return "-"
  end
  local file = fd >= 0 and (fds.lookup(e.tid, e.pid, fd) or e.type == "close" and e.file)
  local name = file and (file.name or file.path or file.kind)
  return name and ("%d<%s>"):format(fd, lines.name(name)) or tostring(fd)
end

local function quoted(bytes, limit, whole)
  local shown = #bytes > limit and bytes:sub(1, limit) or bytes
  local more = #bytes > limit or whole and whole > #shown
  return text.quote(shown) .. (more and text.marks.ellipsis or "")
end

local value_text

local function list_text(list)
  local parts = {}
  for i, item in ipairs(list) do
    if i > LIST_ITEMS then
      parts[i] = text.marks.ellipsis
      break
    end
    parts[i] = value_text(item)
  end
  return "[" .. table.concat(parts, ", ") .. "]"
end

local rank <const> = {}
for i, name in ipairs(FIRST_FIELDS) do
  rank[name] = i
end

local function ordered_keys(struct)
  local keys = {}
  for key in pairs(struct) do
    keys[#keys + 1] = tostring(key)
  end
  table.sort(keys, function(a, b)
    local rank_a, rank_b = rank[a] or math.huge, rank[b] or math.huge
    return rank_a < rank_b or rank_a == rank_b and a < b
  end)
  return keys
end

-- S_IFREG|0644
local function mode_text(mode)
  local kind = FILE_TYPES[mode >> 12]
  return kind and kind .. "|" .. format.mode(mode & 0xFFF) or format.mode(mode)
end

local function field_text(key, value)
  if OCTAL_FIELDS[key] and math.type(value) == "integer" then
    return mode_text(value)
  elseif HEX_FIELDS[key] and math.type(value) == "integer" then
    return format.hex(value)
  elseif key:find("^rlim_") and value == -1 then
    return "RLIM_INFINITY"
  end
  return value_text(value)
end

local function struct_text(struct)
  if struct.tv_sec and struct.tv_nsec then
    return ("%d.%09d"):format(struct.tv_sec, struct.tv_nsec)
  end
  local parts = {}
  for i, key in ipairs(ordered_keys(struct)) do
    parts[i] = key .. ": " .. field_text(key, struct[key])
  end
  return "{" .. table.concat(parts, ", ") .. "}"
end

-- A value whose kind says no more than its Lua type.
function value_text(value)
  local kind = type(value)
  if kind == "string" then
    return quoted(value, BUFFER_BYTES)
  elseif kind ~= "table" then
    return tostring(value)
  elseif value.family and (value.address or value.path or value.port) then
    return format.sockaddr(value)
  elseif #value > 0 or next(value) == nil then
    return list_text(value)
  end
  return struct_text(value)
end

local function string_list(list)
  local parts = {}
  for i, item in ipairs(list) do
    if i > LIST_ITEMS then
      parts[i] = text.marks.ellipsis
      break
    end
    parts[i] = quoted(item, STRING_COLUMNS)
  end
  return "[" .. table.concat(parts, ", ") .. "]"
end

local function signal_set(value)
  if type(value) ~= "table" then
    return value_text(value)
  end
  local names = {}
  for i, number in ipairs(value) do
    names[i] = format.signal(number):gsub("^SIG", "")
  end
  return "[" .. table.concat(names, " ") .. "]"
end

-- How a value of each kind looks: fn(value, argument, e, i).
local KINDS <const> = {
  hex = function(value) return format.hex(value) end,
  uint = function(value) return value < 0 and format.hex(value) or tostring(value) end,
  fd = function(value, _, e) return descriptor(e, value) end,
  dirfd = function(value, _, e) return value == AT_FDCWD and "AT_FDCWD" or descriptor(e, value) end,
  mode = function(value) return format.mode(value) end,
  signal = function(value) return value == 0 and "0" or format.signal(value) end,
  flags = function(value, argument) return format.flags(argument.family, value) end,
  enum = function(value, argument) return format.enum(argument.family, value) end,
  dev = function(value) return format.hex(value) end,
  str = function(value) return text.cut(text.quote(value), STRING_COLUMNS) end,
  strv = string_list,
  sockaddr = function(value) return format.sockaddr(value) end,
  sigset = signal_set,
}
KINDS.path = KINDS.str
for _, kind in ipairs {"buf", "bytes"} do
  KINDS[kind] = function(value, _, e, i) return quoted(value, BUFFER_BYTES, e.args:truncated(i)) end
end

-- Options of sockets are ints, nearly all of them.
function KINDS.bytes(value, argument, e, i)
  if argument.name == "optval" and #value == 4 then
    return tostring((("<i4"):unpack(value)))
  end
  return KINDS.buf(value, argument, e, i)
end

-- Those whose values look the same in a struct.
local FIELD_KINDS <const> = {}
for _, kind in ipairs {"hex", "fd", "dirfd", "signal", "flags", "enum", "dev", "str", "bytes", "sigset"} do
  FIELD_KINDS[kind] = KINDS[kind]
end

-- A struct, or an array of them, in the order and with the kinds of its fields.
function KINDS.struct(value, argument, e, i)
  local parts, fields = {}, argument.fields
  if not fields then
    return value_text(value)
  elseif argument.list then
    local one = {kind = "struct", fields = fields}
    for n, item in ipairs(value) do
      parts[n] = n <= LIST_ITEMS and KINDS.struct(item, one, e, i) or text.marks.ellipsis
      if n > LIST_ITEMS then break end
    end
    return "[" .. table.concat(parts, ", ") .. "]"
  end
  if value.tv_sec and value.tv_nsec then
    return value_text(value)
  end
  for _, field in ipairs(fields) do
    local part = value[field.name]
    if part ~= nil then
      local show = not (field.list and field.kind ~= "struct") and FIELD_KINDS[field.kind]
      parts[#parts + 1] = field.name .. ": " .. (show and show(part, field, e, i) or field_text(field.name, part))
    end
  end
  return "{" .. table.concat(parts, ", ") .. "}"
end
FIELD_KINDS.struct = KINDS.struct

-- One argument: its value, or where it pointed when that could not be read or was not asked for.
local function argument_text(e, argument, i)
  local value = e.args[i]
  if value ~= nil then
    return (KINDS[argument.kind] or value_text)(value, argument, e, i)
  end
  local pointer = e.args:pointer(i)
  return (not pointer or pointer == 0) and "NULL" or format.hex(pointer)
end

local UNKNOWN <const> = {args = {}, ret = "int"}
for i = 1, 6 do
  UNKNOWN.args[i] = {name = "arg" .. i, kind = "hex"}
end

local descriptions <const> = {}

-- What the arguments of this call are: of this very one, when the event can tell.
local function description(e)
  local call = e.describe and e:describe()
  if call then
    return call
  end
  local name = e.syscall
  call = descriptions[name]
  if not call then
    call = core.call(name) or UNKNOWN
    descriptions[name] = call
  end
  return call
end

-- Kinds whose results do not look like plain numbers.
local RESULTS <const> = {
  fd = KINDS.fd, hex = KINDS.hex, flags = KINDS.flags, enum = KINDS.enum, mode = KINDS.mode, signal = KINDS.signal,
}

local function result_text(e, call)
  local ret = e.ret
  if e.unfinished or ret == nil then
    return "?"
  elseif e.error then
    return "-1 " .. format.error(e.error)
  end
  local show = RESULTS[call.ret]
  return show and show(ret, {family = call.ret_family}, e) or tostring(ret)
end

-- The mode of open means nothing, and is whatever was in the register, unless a file may be made.
local function is_meaningless(e, argument)
  local flags = argument.kind == "mode" and e.type == "open" and e.flags
  return flags and flags & (O_CREAT | O_TMPFILE) == 0 and e.syscall ~= "creat"
end

-- The line of a call.
function verbose.call(e)
  local call, parts = description(e), {}
  for i, argument in ipairs(call.args) do
    if not is_meaningless(e, argument) then
      parts[#parts + 1] = ("%s: %s"):format(argument.name, argument_text(e, argument, i))
    end
  end
  local ends = e.syscall == "exit" or e.syscall == "exit_group"
  local marks = (e.unfinished and not ends and " (unfinished)" or "") .. (e.late and " (began before the trace)" or "")
    .. (e.tampered and " (tampered)" or "")
  local took = not e.unfinished and e.duration and (" <%s>"):format(format.duration(e.duration)) or ""
  return ("%s(%s) = %s%s%s"):format(e.syscall, table.concat(parts, ", "), result_text(e, call), marks, took)
end

local OTHERS <const> = {
  signal = function(e)
    return ("--- %s%s ---"):format(e.signal or format.signal(e.number), e.sender and " from " .. e.sender or "")
  end,
  stop = function(e) return ("--- stopped by %s ---"):format(e.signal or "?") end,
  exit = function(e)
    local what = e.whole == false and "thread " or ""
    return e.signal and ("+++ %skilled by %s%s +++"):format(what, e.signal, e.core and " (core dumped)" or "")
      or ("+++ %sexited with %s +++"):format(what, e.code or "?")
  end,
  lost = function(e) return ("--- lost %s ---"):format(format.count(e.count or 1, "event")) end,
}

local function event(e)
  local other = OTHERS[e.kind]
  local line = other and other(e) or e.kind == "call" and verbose.call(e)
  if line then
    terminal.add {
      time = e.time + (e.duration or 0), label = terminal.label(e), class = e.class or "descriptor", text = line,
      error = e.error,
    }
  end
end

-- The sink. Asks for the first bytes of buffers.
function verbose.open()
  core.want_data(BUFFER_BYTES)
  return {
    name = "verbose", before_filters = true, events = {"syscall", "signal", "stop", "exit", "lost"},
    start = terminal.banner, event = event, finish = function() terminal.release(true) end,
  }
end

return verbose
