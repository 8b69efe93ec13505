-- SPDX-License-Identifier: MIT
--
-- The doc comments of what scripts see (three dashes, see lua/api.lua) and the tables of events and fields -> what
-- editors complete by (LuaLS), or the reference in scripts/README.md.
--     generate api_generate.lua types OUT
--     generate api_generate.lua reference OUT     OUT is a file with the two marks, between which it is written
local form <const>, out_name <const> = ...

dofile "src/library.lua"

local SOURCES <const> = {"api", "stats", "columns", "api_event", "tampering", "output", "noise", "report_panels"}
local BEGIN <const>, END <const> = "<!-- API: by `make api`, from lua/ -->\n", "<!-- end of API -->\n"

local function read(name)
  local file <close> = assert(io.open(name))
  return file:read "a"
end

-- ---- the comments

-- "name: type, other?: type" -> {{name=, optional=, type=}...}. Types may have commas in brackets.
local function arguments_of(text)
  local list = {}
  local rest = text
  while rest:find "%S" do
    local name, optional, after = rest:match "^%s*([%w_.]+)(%??):%s*(.*)$"
    assert(name, "an argument without a type: " .. text)
    local type, depth, i = "", 0, 1
    while i <= #after do
      local c = after:sub(i, i)
      depth = depth + (c:find "[%(%[{<]" and 1 or c:find "[%)%]}>]" and -1 or 0)
      if c == "," and depth == 0 then break end
      type, i = type .. c, i + 1
    end
    list[#list + 1] = {name = name, optional = optional == "?", type = type}
    rest = after:sub(i + 1)
  end
  return list
end

-- "Counter:add(name: any): T" -> {name=, arguments= or nil, returns=}
local function signature(line)
  local name, arguments, rest = line:match "^([%a_][%w_.:]*)(%b())(.*)$"
  if not name then
    name, rest = line:match "^([%a_][%w_.]*)(:.*)$"
  end
  if not name then return nil end
  return {name = name, arguments = arguments and arguments_of(arguments:sub(2, -2)), returns = rest:match "^:%s*(.+)$"}
end

-- Rows of a file: {title=}, {annotations=} or a signature with its text.
local function rows_of(source)
  local rows, open = {}, nil
  for line in read(("lua/%s.lua"):format(source)):gmatch "([^\n]*)\n" do
    local doc = line:match "^%s*%-%-%- ?(.*)$"
    local title = doc and doc:match "^# (.*)$"
    if title then
      rows[#rows + 1] = {title = title}
    elseif doc and doc:sub(1, 1) == "@" then
      open = open or {annotations = {}}
      if #open.annotations == 0 then rows[#rows + 1] = open end
      table.insert(open.annotations, "---" .. doc)
    elseif doc and open then
      open.text[#open.text + 1] = doc
    elseif doc then
      open = assert(signature(doc), ("lua/%s.lua: no signature: %s"):format(source, doc))
      open.text = {}
      rows[#rows + 1] = open
    else
      open = nil
    end
  end
  return rows
end

local function all_rows()
  local rows = {}
  for _, source in ipairs(SOURCES) do
    local own = rows_of(source)
    table.move(own, 1, #own, #rows + 1, rows)
  end
  return rows
end

-- ---- for editors

local TYPES <const> = {
  integer = "integer", boolean = "boolean", string = "string", bytes = "string", list = "string[]",
  integers = "integer[]", file = "table", table = "table", ["bytes or integer"] = "string|integer",
}

local function plain(text) return (table.concat(text, " "):gsub("`", "")) end

local function field(out, name, type, doc, optional)
  local shown = name:find "^[%a_][%w_]*$" and name ~= "local" and name or ('["%s"]'):format(name)
  out[#out + 1] = ("---@field %s%s %s %s"):format(shown, optional and "?" or "", TYPES[type] or type, doc)
end

local function sorted(map)
  local names = {}
  for name in pairs(map) do names[#names + 1] = name end
  table.sort(names)
  return names
end

-- The class of all events, and one for each type.
local function event_classes(out, rows)
  local events <const>, json <const> = require "compendium.events", require "compendium.json_rows"
  local known = {comm = true, class = true}
  out[#out + 1] = "---@class Event"
  for _, list in ipairs {json.common, json.flags} do
    for _, row in ipairs(list) do
      local name, optional = row[1]:match "^([%w_]+)(%??)$"
      field(out, name, row[2], row[3], optional == "?")
      known[name] = true
    end
  end
  for _, row in ipairs(rows) do
    local name = not row.arguments and (row.name or ""):match "^Event%.(.*)$"
    if name and not known[name] then
      field(out, name, row.returns:gsub("%?$", ""), plain(row.text), row.returns:find "%?$")
      known[name] = true
    end
  end
  for _, name in ipairs(sorted(events.fields)) do
    if not known[name] then
      field(out, name, events.fields[name].type, events.fields[name].doc, true)
    end
  end
  out[#out + 1] = "local Event = {}"
  for _, name in ipairs(sorted(events.types)) do
    out[#out + 1] = ("\n--- %s\n---@class Event.%s: Event"):format(events.types[name].doc, name)
    for _, own in ipairs(events.types[name].fields) do
      field(out, own, events.fields[own].type, events.fields[own].doc, true)
    end
  end
  local names = {}
  for i, name in ipairs(sorted(events.types)) do names[i] = ('"%s"'):format(name) end
  out[#out + 1] = ('\n---@alias EventName %s|"syscall"|"start"|"finish"|string\n'):format(table.concat(names, "|"))
end

local function function_row(out, row)
  local names = {}
  out[#out + 1] = "--- " .. plain(row.text)
  if row.returns == "T" then out[#out + 1] = "---@generic T" end
  for i, argument in ipairs(row.arguments) do
    names[i] = argument.name
    out[#out + 1] = ("---@param %s%s %s"):format(argument.name, argument.optional and "?" or "", argument.type)
  end
  if row.returns then out[#out + 1] = "---@return " .. row.returns end
  if row.name == "on" then
    for _, name in ipairs(sorted(require("compendium.events").types)) do
      out[#out + 1] = ('---@overload fun(name: "%s", fn: fun(e: Event.%s))'):format(name, name)
    end
  end
  out[#out + 1] = ("function %s(%s) end\n"):format(row.name, table.concat(names, ", "))
end

-- Globals, and the same as fields of the module.
local function types()
  local rows, out, module = all_rows(), {"---@meta compendium", ""}, {}
  event_classes(out, rows)
  local known = {Event = true}
  for _, row in ipairs(rows) do
    local owner = (row.name or ""):match "^([%a_]+)[.:]"
    if row.annotations then
      out[#out + 1] = table.concat(row.annotations, "\n") .. "\n"
    elseif row.arguments then
      if owner and not known[owner] then
        local is_class <const> = owner:find "^%u"
        out[#out + 1] = (is_class and "---@class %s\nlocal %s = {}\n" or "%s = {}\n"):format(owner, owner)
        known[owner] = true
        if not is_class then module[#module + 1] = owner end
      end
      function_row(out, row)
      if not owner then module[#module + 1] = row.name end
    elseif row.name and not owner then
      out[#out + 1] = ("---@type %s\n%s = nil\n"):format(row.returns, row.name)
      module[#module + 1] = row.name
    end
  end
  table.sort(module)
  out[#out + 1] = "local compendium = {}"
  for _, name in ipairs(module) do out[#out + 1] = ("compendium.%s = %s"):format(name, name) end
  out[#out + 1] = "compendium.version = \"\"\nreturn compendium\n"
  return table.concat(out, "\n")
end

-- ---- for people

local function shown(row)
  local name = row.name:gsub("^Event([.:])", "e%1"):gsub("^%u%l+:", ":")
  if not row.arguments then return name end
  local parts = {}
  for i, argument in ipairs(row.arguments) do
    parts[i] = argument.optional and ("[%s]"):format(argument.name) or argument.name
  end
  return ("%s(%s)"):format(name, table.concat(parts, ", "))
end

local function cell(text) return (text:gsub("|", "\\|")) end

-- The types of events and what their fields mean.
local function event_tables(out)
  local events <const> = require "compendium.events"
  out[#out + 1] = "\n### Which events there are\n\n| | | fields |\n|---|---|---|"
  for _, name in ipairs(sorted(events.types)) do
    local row = events.types[name]
    out[#out + 1] = ("| `%s` | %s | %s |"):format(name, cell(row.doc), table.concat(row.fields, ", "))
  end
  out[#out + 1] = "\n### What their fields are\n\n| | | |\n|---|---|---|"
  for _, name in ipairs(sorted(events.fields)) do
    out[#out + 1] = ("| `%s` | %s | %s |"):format(name, events.fields[name].type, cell(events.fields[name].doc))
  end
end

local function reference()
  local out = {}
  for _, row in ipairs(all_rows()) do
    if row.title then
      out[#out + 1] = ("\n### %s\n\n| | |\n|---|---|"):format(row.title)
    elseif row.name then
      out[#out + 1] = ("| `%s` | %s |"):format(shown(row), cell(table.concat(row.text, " ")))
    end
  end
  event_tables(out)
  local text <const> = read(out_name)
  local _, first = text:find(BEGIN, 1, true)
  local last = text:find(END, 1, true)
  return text:sub(1, assert(first, "no mark")) .. table.concat(out, "\n"):gsub("^\n", "") .. "\n\n" .. text:sub(last)
end

local made <const> = form == "types" and types() or reference()
local out <close> = assert(io.open(out_name, "w"))
assert(out:write(made))
