-- SPDX-License-Identifier: MIT
--
-- Calls: syscalls.yaml -> rows, one for each ABI that has the call, with arguments and capture steps. The
-- syntax of a row is described at the top of syscalls.yaml.

local structs <const> = require "generate.structs"
local steps <const> = require "generate.steps"

local calls <const> = {}

-- ORDER enum record_arch
local X86_64 <const>, I386 <const>, X32 <const> = 1, 2, 3
local LONG_BYTES <const> = {8, 4, 4}

-- Words for scalars: what it is, and how wide: 4, 8 (two registers on i386) or "long". "pos" is the
-- kernel's pair (pos_l, pos_h), of which 64-bit kernels take all from the first.
local scalars <const> = {
  int = {"INT", 4}, uint = {"UINT", 4}, long = {"INT", "long"}, ulong = {"UINT", "long"},
  size = {"UINT", "long"}, off = {"INT", "long"}, loff = {"INT", 8}, u64 = {"UINT", 8}, pos = {"INT", "pair"},
  hex = {"HEX", 4}, ptr = {"HEX", "long"},
  fd = {"FD", 4}, dirfd = {"DIRFD", 4}, pid = {"PID", 4}, uid = {"UID", 4}, mode = {"MODE", 4}, dev = {"DEV", 4},
  signal = {"SIGNAL", 4}, void = {"INT", "long"},
}

-- Words for memory.
local memory <const> = {
  str = "STR", path = "PATH", strv = "STRV", buf = "BUF", bytes = "BYTES", iovec = "IOVEC", msghdr = "MSGHDR",
  mmsghdr = "MMSGHDR", sockaddr = "SOCKADDR", status = "STATUS", sigset = "SIGSET", fdset = "FDSET",
  ints = "INTS", longs = "LONGS", int64s = "INT64S",
}

local function fail(where, message, ...)
  error(where .. ": " .. message:format(...), 0)
end

local function split(text, pattern)
  local parts <const> = {}
  for part in text:gmatch(pattern) do
    parts[#parts + 1] = part
  end
  return parts
end

local function find_family(context, name, where)
  local family <const> = context.families[name]
  if family then
    family.used = true
    return family, family.is_flags and "FLAGS" or "ENUM"
  end
  return fail(where, "'%s' is no kind of argument and no family of constants", name)
end

-- What a word like "fd", "open_flags" or "long:mmap_prot" means as a scalar.
local function scalar_of(context, word, where)
  local width <const>, name = word:match "^(%w+):([%w_]+)$"
  name = name or word
  if scalars[name] and not width then
    return {kind = scalars[name][1], width = scalars[name][2]}
  end
  if width and not scalars[width] then
    fail(where, "'%s' is not a width", width)
  end
  local family <const>, kind <const> = find_family(context, name, where)
  return {kind = kind, width = width and scalars[width][2] or 4, family = family}
end

-- "count", "*addrlen", "ret count", "2": what is in a pair of brackets.
local function parse_length(text, is_bytes)
  if not text then
    return nil
  end
  local length <const> = {is_bytes = is_bytes, fixed = math.tointeger(tonumber(text))}
  if text == "if ret" then
    length.from = "if_ret"
  elseif not length.fixed then
    length.from, length.arg = text:match "^(ret) (%S+)$"
    length.arg = length.arg or text:match "^%*?(.*)$"
    length.from = length.from or (text:sub(1, 1) == "*" and "pointed" or "count")
  end
  return length
end

-- One argument: "out struct stat statbuf", "fd fd", "inout struct pollfd fds[nfds]".
local function parse_arg(context, text, where)
  local rest <const> = text:gsub("^%s+", ""):gsub("%s+$", "")
  local direction, after = rest:match "^(i?n?out)%s+(.*)$"
  after = after or rest
  local word, name_part = after:match "^(%S+)%s+(.*)$"
  local struct
  if word == "struct" then
    struct, name_part = name_part:match "^(%S+)%s+(.*)$"
  end
  local name <const>, brackets <const> = (name_part or ""):match "^([%a_][%w_]*)(.*)$"
  if not name then
    fail(where, "'%s' is not an argument like 'fd fd' or 'out struct stat statbuf'", text)
  end
  local count <const>, size <const> = brackets:match "^%[(.+)%]$", brackets:match "^%((.+)%)$"
  local arg <const> = {name = name, struct = struct, length = parse_length(count or size, size ~= nil)}
  if brackets ~= "" and not arg.length then
    fail(where, "'%s' is not a length", brackets)
  elseif struct then
    arg.kind = "STRUCT"
  elseif memory[word] then
    arg.kind = memory[word]
  else
    arg.scalar = scalar_of(context, word, where)
    arg.kind = arg.scalar.kind
    if direction or arg.length then
      fail(where, "argument '%s' is in a register: it has no direction and no length", name)
    end
    return arg
  end
  arg.is_memory = true
  arg.out, arg.inn = direction ~= nil, direction ~= "out"
  return arg
end

-- "a b, c d" or "" or "void"
local function parse_args(context, text, where)
  local args <const> = {}
  for _, part in ipairs(split(text, "[^,]+")) do
    args[#args + 1] = parse_arg(context, part, where)
  end
  return args
end

local function parse_ret(context, word, where)
  return scalar_of(context, word == "" and "int" or word, where)
end

-- Where each argument is in the registers of an ABI.
local function assign_slots(args, abi, where)
  local slot = 0
  for index, arg in ipairs(args) do
    local width <const> = arg.scalar and arg.scalar.width or "long"
    arg.index, arg.slot = index - 1, slot
    arg.bytes = width == "long" and LONG_BYTES[abi] or width == "pair" and 8 or width
    arg.pair = abi == I386 and arg.bytes == 8
    slot = slot + ((arg.pair or (width == "pair" and abi == X86_64)) and 2 or 1)
  end
  if slot > 6 then
    fail(where, "%d registers are too many in ABI %s", slot, structs.abis[abi])
  end
end

local function resolve(context, args, abi, where)
  local by_name <const> = {}
  for _, arg in ipairs(args) do
    if by_name[arg.name] then
      fail(where, "argument '%s' is there twice", arg.name)
    end
    by_name[arg.name] = arg
    if arg.struct then
      arg.layout = context.layouts.get(arg.struct, abi, where)
    end
  end
  for _, arg in ipairs(args) do
    local length <const> = arg.length
    if length and length.arg then
      length.target = by_name[length.arg] or
        fail(where, "the length of '%s' is '%s', which is no argument", arg.name, length.arg)
      if (length.from == "pointed") ~= (length.target.kind == "INTS") or
         (length.from ~= "pointed" and length.target.is_memory) then
        fail(where, "'%s' cannot be the length of '%s'", length.arg, arg.name)
      end
    elseif not length and steps.needs_length[arg.kind] then
      fail(where, "argument '%s' needs a length in brackets", arg.name)
    end
  end
end

-- Fresh copies: each ABI has its own slots, widths and layouts.
local function copy_args(args)
  local result <const> = {}
  for i, arg in ipairs(args) do
    local copy <const> = {}
    for key, value in pairs(arg) do
      copy[key] = value
    end
    if arg.length then
      copy.length = {}
      for key, value in pairs(arg.length) do
        copy.length[key] = value
      end
    end
    result[i] = copy
  end
  return result
end

local function build_row(context, call, args, ret, abi, where)
  args = copy_args(args)
  assign_slots(args, abi, where)
  resolve(context, args, abi, where)
  return {name = call.name, classes = call.classes, class = call.class, args = args, ret = ret, abi = abi,
          long_bytes = LONG_BYTES[abi], steps = steps.of(args, LONG_BYTES[abi])}
end

-- The values a variant is for: "F_DUPFD F_DUPFD_CLOEXEC", each with the mask it is compared under.
local function variant_values(arg, text, where)
  local values <const> = {}
  for _, word in ipairs(split(tostring(text), "%S+")) do
    local family <const> = arg.scalar and arg.scalar.family
    local constant = family and family.by_name[word]
    if not constant and math.tointeger(tonumber(word)) then
      constant = {value = math.tointeger(tonumber(word)), mask = -1}
    end
    values[#values + 1] = constant or
      fail(where, "'%s' is not a constant of argument '%s'", word, arg.name)
  end
  return values
end

-- The base arguments with those of the same name replaced; "none NAME" drops NAME and what follows, "and ARGUMENT"
-- adds one at the end.
local function replace_args(context, base, text, where)
  local args <const> = copy_args(base)
  local index_of <const> = {}
  for i, arg in ipairs(args) do
    index_of[arg.name] = i
  end
  for _, part in ipairs(split(text, "[^,]+")) do
    local dropped <const>, added <const> = part:match "^%s*none%s+([%w_]+)%s*$", part:match "^%s*and%s+(.*)$"
    local new <const> = not dropped and parse_arg(context, added or part, where)
    local index <const> = added and #args + 1 or index_of[dropped or new.name] or
      fail(where, "a variant has no argument '%s' to replace", dropped or new.name)
    if dropped then
      table.move(args, #args + 1, #args + #args - index + 1, index)
    else
      args[index] = new
    end
  end
  return args
end

local function read_variants(context, call, map, path)
  local chooser
  for _, key in ipairs(map[0]) do
    local name <const> = key:match "^when (%S+)$"
    if name then
      chooser = name
      call.chooser_map = map[key]
      call.where = path .. ":" .. map[-1][key]
    elseif key ~= "call" then
      fail(path .. ":" .. map[-1][key], "'%s' is neither 'call' nor 'when ARGUMENT'", key)
    end
  end
  for i, arg in ipairs(call.args) do
    if arg.name == chooser then
      call.chooser = i
    end
  end
  if not call.chooser or type(call.chooser_map) ~= "table" then
    fail(call.where, "a call with variants needs 'when ARGUMENT:' and rows below")
  end
  call.variants = {}
  for _, key in ipairs(call.chooser_map[0]) do
    local where <const> = path .. ":" .. call.chooser_map[-1][key]
    local text <const> = call.chooser_map[key] or ""
    local body <const>, ret <const> = text:match "^(.-)%s*%->%s*(%S+)$"
    local args <const> = replace_args(context, call.args, body or text, where)
    call.variants[#call.variants + 1] = {
      values = variant_values(call.args[call.chooser], key, where), args = args, where = where,
      ret = ret and parse_ret(context, ret, where) or call.ret,
    }
  end
end

local function read_classes(context, text, where)
  local bits, first = 0, nil
  for class in text:gmatch "[^,]+" do
    local number <const> = context.class_number[class] or fail(where, "'%s' is not a class", class)
    first = first or number
    bits = bits | 1 << number
  end
  return bits, first
end

local function read_numbers(text, where)
  local numbers <const> = split(text, "[^/]+")
  for i = 1, #numbers do
    numbers[i] = numbers[i] == "-" and -1 or math.tointeger(tonumber(numbers[i])) or
      fail(where, "'%s' is not like 257/295 or -/102", text)
  end
  if #numbers < 2 or #numbers > 3 then
    fail(where, "'%s' is not like 257/295 or -/102", text)
  end
  numbers[X32] = numbers[X32] or numbers[X86_64]
  if numbers[1] < 0 and numbers[2] < 0 and numbers[3] < 0 then
    fail(where, "a call needs a number")
  end
  return numbers
end

-- NAME or NAME@i386: the same call with other arguments there.
local function read_call(context, key, value, path, line)
  local where <const> = path .. ":" .. line
  local text <const> = type(value) == "table" and value.call or value
  local numbers <const>, classes <const>, args <const>, ret <const> =
    tostring(text):match "^(%S+)%s+(%S+)%s+(%b())%s*(%S*)$"
  if not numbers then
    fail(where, "'%s' is not 'NAME: NUMBERS CLASSES (ARGUMENTS) RESULT'", key)
  end
  local name <const> = key:match "^([%w_]+)@?%w*$" or fail(where, "'%s' is not a name", key)
  local call <const> = {name = name, where = where, numbers = read_numbers(numbers, where)}
  call.classes, call.class = read_classes(context, classes, where)
  call.args = parse_args(context, args:sub(2, -2), where)
  call.ret = parse_ret(context, ret, where)
  if type(value) == "table" then
    read_variants(context, call, value, path)
  end
  return call
end

-- x32 shares rows with x86_64 up to 511; its own numbers are those of compat layouts.
local function abi_of(arch, nr)
  return arch == X32 and nr < 512 and X86_64 or arch
end

local function add_rows(context, call, rows, by_number)
  local made <const> = {}
  for arch = 1, 3 do
    local nr <const> = call.numbers[arch]
    local abi <const> = abi_of(arch, nr)
    if nr >= 0 then
      local other <const> = by_number[arch][nr]
      if other then
        fail(call.where, "number %d of %s is that of %s", nr, structs.abis[arch], other.name)
      end
      if not made[abi] then
        made[abi] = build_row(context, call, call.args, call.ret, abi, call.where)
        made[abi].chooser, made[abi].variants = (call.chooser or 1) - 1, {}
        for _, variant in ipairs(call.variants or {}) do
          local row <const> = build_row(context, call, variant.args, variant.ret, abi, variant.where)
          for _, value in ipairs(variant.values) do
            table.insert(made[abi].variants, {value = value.value, mask = value.mask, row = row})
          end
        end
        rows[#rows + 1] = made[abi]
      end
      by_number[arch][nr] = made[abi]
    end
  end
end

-- Returns {rows =, by_number = {[arch] = {[nr] = row}}, classes = {name ...}}.
function calls.read(families, layouts, document, path)
  local context <const> = {families = families, layouts = layouts, class_number = {}}
  local class_names <const> = {}
  for _, name in ipairs(document.classes[0]) do
    class_names[#class_names + 1] = name
    context.class_number[name] = #class_names - 1
  end
  local rows <const>, by_number <const> = {}, {{}, {}, {}}
  local map <const> = document.calls
  for _, key in ipairs(map[0]) do
    add_rows(context, read_call(context, key, map[key], path, map[-1][key]), rows, by_number)
  end
  return {rows = rows, by_number = by_number, classes = class_names, layouts = layouts}
end

return calls
