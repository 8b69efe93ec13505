-- SPDX-License-Identifier: MIT
--
-- The tables of events, fields and lines (lua/) -> a JSON Schema of what --json writes.
--     generate schema_generate.lua OUT
local out_name <const> = ...

dofile "src/library.lua"
local events <const> = require "compendium.events"
local rows <const> = require "compendium.json_rows"

local COLUMNS <const> = 100
local encode

-- The parts between brackets, on one line when there is room.
local function enclose(open, parts, close, indent)
  local flat = open .. table.concat(parts, ", ") .. close
  if #flat + #indent <= COLUMNS and not flat:find "\n" then return flat end
  local inner = indent .. "  "
  return open .. "\n" .. inner .. table.concat(parts, ",\n" .. inner) .. "\n" .. indent .. close
end

-- Text of a value: keys sorted; a table with values from 1 is an array.
function encode(value, indent)
  if type(value) == "string" then return '"' .. value:gsub('[\\"]', "\\%0"):gsub("\n", "\\n") .. '"' end
  if type(value) ~= "table" then return tostring(value) end
  local parts, inner = {}, indent .. "  "
  if #value > 0 then
    for i, item in ipairs(value) do parts[i] = encode(item, inner) end
    return enclose("[", parts, "]", indent)
  end
  local keys = {}
  for key in pairs(value) do keys[#keys + 1] = key end
  table.sort(keys)
  for i, key in ipairs(keys) do parts[i] = ('"%s": %s'):format(key, encode(value[key], inner)) end
  return enclose("{", parts, "}", indent)
end

local LARGEST <const> = (1 << 53) - 1

-- What stands in JSON for each type of field.
local types <const> = {
  integer = {
    description = "an integer of 64 bits; those that a double would round are strings",
    anyOf = {
      {type = "integer", minimum = -LARGEST, maximum = LARGEST}, {type = "string", pattern = "^-?[0-9]{16,19}$"},
    },
  },
  boolean = {type = "boolean"},
  string = {type = "string"},
  bytes = {type = "string"},
  list = {type = "array", items = {type = "string"}},
  integers = {type = "array", items = {type = "integer"}},
  ["bytes or integer"] = {type = {"integer", "string"}},
  file = {
    type = "object", additionalProperties = false, required = {"kind"},
    properties = {kind = {type = "string"}, name = {type = "string"}},
  },
}

local function id(type_name)
  return (type_name:gsub(" ", "_"))
end

local shared <const> = {} -- by name: the field as most lines have it

-- The schema of a field. What it means is written once for all types that have it.
local function field_schema(name, field)
  local own = {["$ref"] = "#/$defs/" .. id(field[2]), description = field[3]}
  shared[name] = shared[name] or own
  local is_shared = shared[name]["$ref"] == own["$ref"] and shared[name].description == own.description
  return is_shared and {["$ref"] = "#/$defs/field_" .. name} or own
end

-- A line that has these fields and no other; `kind` is what its "type" says.
local function line(kind, doc, ...)
  local properties, required = {}, {}
  for _, fields in ipairs {...} do
    for _, field in ipairs(fields) do
      local name, optional = field[1]:match "^([%w_]+)(%??)$"
      assert(types[field[2]], name)
      properties[name] = field_schema(name, field)
      if optional == "" then required[#required + 1] = name end
    end
  end
  properties.type = {const = kind}
  table.sort(required)
  return {
    type = "object", description = doc, properties = properties, required = required, additionalProperties = false,
  }
end

-- The fields of an event type are there when they are known.
local function optional(fields)
  local list = {}
  for i, field in ipairs(fields) do list[i] = {field[1] .. "?", field[2], field[3]} end
  return list
end

local function schema()
  local names, defs, branches = {}, {}, {}
  for name, definition in pairs(types) do defs[id(name)] = definition end
  local last <const> = {rows.escaped}
  for name, event in pairs(events.types) do
    names[#names + 1] = name
    defs["line_" .. name] =
      line(name, event.doc, {rows.time}, rows.common, optional(rows.of(name)), rows.flags, rows.run, last)
  end
  names = table.move({"start", "finish"}, 1, 2, #names + 1, names)
  defs.line_start = line("start", "the first line: what is traced", rows.start, rows.run, last)
  defs.line_finish = line("finish", "the last line: how it ended", rows.finish, rows.run, last)
  for name, definition in pairs(shared) do defs["field_" .. name] = definition end
  table.sort(names)
  for i, name in ipairs(names) do
    -- if and then, and not oneOf, so that a validator tells which field is wrong
    branches[i] = {
      ["if"] = {properties = {type = {const = name}}}, ["then"] = {["$ref"] = "#/$defs/line_" .. name},
    }
  end
  return {
    ["$schema"] = "https://json-schema.org/draft/2020-12/schema", title = "compendium --json",
    description = "One line of what `compendium --json` writes: an object for each event, a first line of type "
      .. "start and a last one of type finish.",
    type = "object", required = {"type"}, properties = {type = {enum = names}}, allOf = branches, ["$defs"] = defs,
  }
end

local out <close> = assert(io.open(out_name, "w"))
assert(out:write(encode(schema(), ""), "\n"))
