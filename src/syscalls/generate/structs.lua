-- SPDX-License-Identifier: MIT
--
-- Structs: structs.yaml -> for each ABI the offsets and sizes its compiler would give.

local structs <const> = {}

-- The three ways the kernel lays out memory. "compat" is how x32 passes structs that hold pointers to
-- the calls it does not share with x86_64: pointers as on i386, everything else as on x86_64.
structs.abis = {"x86_64", "i386", "x32"}

-- size, alignment (default: the size) and what it means by default; one number stands for all ABIs.
local types <const> = {
  char = {1, kind = "INT"}, s8 = {1, kind = "INT"}, u8 = {1, kind = "UINT"},
  s16 = {2, kind = "INT"}, u16 = {2, kind = "UINT"}, short = {2, kind = "INT"}, ushort = {2, kind = "UINT"},
  s32 = {4, kind = "INT"}, u32 = {4, kind = "UINT"}, int = {4, kind = "INT"}, uint = {4, kind = "UINT"},
  s64 = {8, align = {8, 4, 8}, kind = "INT"}, u64 = {8, align = {8, 4, 8}, kind = "UINT"},
  long = {{8, 4, 4}, kind = "INT"}, ulong = {{8, 4, 4}, kind = "UINT"},
  klong = {{8, 4, 8}, kind = "INT"}, kulong = {{8, 4, 8}, kind = "UINT"}, -- the kernel's __kernel_long_t
  ptr = {{8, 4, 4}, kind = "HEX"},
  aligned64 = {8, kind = "HEX"}, -- __aligned_u64: mostly a pointer
  sigset = {8, align = {8, 4, 4}, kind = "SIGSET"},
}

-- What a field can be said to be, besides a family's member.
local meanings <const> = {
  hex = "HEX", fd = "FD", dirfd = "DIRFD", pid = "PID", uid = "UID", mode = "MODE", dev = "DEV", signal = "SIGNAL",
  int = "INT",
}

local function fail(where, message, ...)
  error(where .. ": " .. message:format(...), 0)
end

local function per_abi(value, abi)
  return type(value) == "table" and value[abi] or value
end

local function round_up(offset, align)
  return (offset + align - 1) // align * align
end

-- "u32:open_flags flags[4]" -> {type =, meaning =, name =, count =}
local function parse_field(text, where)
  local type_name, rest = text:match "^struct%s+([%w_]+)%s+(.*)$"
  local is_struct <const> = type_name ~= nil
  local meaning
  if not is_struct then
    type_name, meaning, rest = text:match "^([%w_]+):?([%w_]*)%s+(.*)$"
  end
  local name <const>, count <const> = (rest or ""):match "^([%a_][%w_]*)%[?(%d*)%]?$"
  if not name then
    fail(where, "'%s' is not a field like 'u32:open_flags flags[4]'", text)
  end
  return {type = type_name, is_struct = is_struct, meaning = meaning ~= "" and meaning or nil, name = name,
          count = count ~= "" and math.tointeger(count) or nil}
end

local function scalar_kind(field, type_, families, where)
  if field.count and (field.type == "char" or field.type == "u8") then
    return field.type == "char" and "STR" or "BYTES"
  elseif not field.meaning then
    return type_.kind
  elseif meanings[field.meaning] then
    return meanings[field.meaning]
  end
  local family <const> = families[field.meaning] or fail(where, "'%s' is neither a meaning nor a family", field.meaning)
  family.used = true
  return family.is_flags and "FLAGS" or "ENUM", family
end

-- Size, alignment and C fields of one struct in one ABI.
local function lay_out(struct, abi, layouts, families)
  local offset, align_of_all = 0, 1
  local fields <const> = {}
  for _, field in ipairs(struct.fields) do
    local size, align, kind, family, layout
    if field.is_struct then
      layout = layouts.get(field.type, abi, struct.where)
      size, align, kind = layout.size, layout.align, "STRUCT"
    else
      local type_ <const> = types[field.type] or fail(struct.where, "'%s' is not a type", field.type)
      size = per_abi(type_[1], abi)
      align = per_abi(type_.align or type_[1], abi)
      kind, family = scalar_kind(field, type_, families, struct.where)
    end
    align = struct.packed and 1 or align
    offset = round_up(offset, align)
    align_of_all = math.max(align_of_all, align)
    local total <const> = size * (field.count or 1)
    if field.name:sub(1, 1) ~= "_" then
      local list <const> = field.count ~= nil and kind ~= "STR" and kind ~= "BYTES"
      fields[#fields + 1] = {name = field.name, kind = kind, bytes = size <= 8 and size or 0, list = list,
                             offset = offset, size = total, family = family, layout = layout}
    end
    offset = offset + total
  end
  return {name = struct.name, abi = structs.abis[abi], size = round_up(offset, align_of_all), align = align_of_all,
          fields = fields}
end

local function read_struct(key, text, where)
  local name <const>, abi <const> = key:match "^([%w_]+)@?([%w_]*)$"
  if not name or type(text) ~= "string" then
    fail(where, "'%s' is not NAME or NAME@ABI with its fields", key)
  end
  local struct <const> = {name = name, only = abi ~= "" and abi or nil, fields = {}, where = where}
  local body <const> = text:gsub("^packed%s+", function() struct.packed = true return "" end)
  for part in body:gmatch "[^,]+" do
    struct.fields[#struct.fields + 1] = parse_field(part:match "^%s*(.-)%s*$", where)
  end
  return struct
end

-- Returns {get = function(name, abi number, where) -> layout}; layouts.all is in order of dependency.
function structs.read(families, map, path)
  local layouts <const> = {all = {}, sources = {}, done = {{}, {}, {}}}
  for _, key in ipairs(map[0]) do
    local struct <const> = read_struct(key, map[key], path .. ":" .. map[-1][key])
    layouts.sources[key] = struct
    layouts.sources[#layouts.sources + 1] = struct
  end

  function layouts.get(name, abi, where)
    local struct <const> = layouts.sources[name .. "@" .. structs.abis[abi]] or layouts.sources[name]
    if not struct then
      fail(where, "struct '%s' is not in structs.yaml", name)
    end
    local done <const> = layouts.done[abi]
    if done[name] == "open" then
      fail(struct.where, "struct '%s' contains itself", name)
    elseif not done[name] then
      done[name] = "open"
      done[name] = lay_out(struct, abi, layouts, families)
      struct.used = true
      layouts.all[#layouts.all + 1] = done[name]
    end
    return done[name]
  end
  return layouts
end

function structs.check_used(layouts)
  for _, struct in ipairs(layouts.sources) do
    if not struct.used then
      fail(struct.where, "struct '%s' is used by no call", struct.name)
    end
  end
end

return structs
