-- SPDX-License-Identifier: MIT
--
-- json: the sink of --json: one object per event and line, on stdout or in the file of -o. Which fields a line
-- has is told by compendium.json_rows; what is nil is left out.
--
-- Nothing is lost: integers beyond 2^53, which other readers would round, are strings; a string that is not
-- UTF-8 is written with each backslash doubled and each other byte of no character as \xNN, and its field is
-- named in "escaped", so that a reader can undo it. The first line has type "start", the last "finish". Each
-- line says of which machine, boot and trace it is, so that files of many can be put together.

local core <const> = require "compendium.core"
local ending <const> = require "compendium.ending"
local events <const> = require "compendium.events"
local rows <const> = require "compendium.json_rows"
local redact <const> = require "compendium.redact"

local json <const> = {}

local EXACT <const> = 1 << 53
local EPIPE <const> = 32
local FILE_PARTS <const> = {"kind", "name"} -- of a file description

-- Bytes that are not UTF-8, reversibly as text.
function json.escape_bytes(s)
  local parts, start = {}, 1
  s = s:gsub("\\", "\\\\")
  while true do
    local whole, bad = utf8.len(s, start)
    if whole then
      parts[#parts + 1] = s:sub(start)
      return table.concat(parts)
    end
    parts[#parts + 1] = s:sub(start, bad - 1) .. ("\\x%02x"):format(s:byte(bad))
    start = bad + 1
  end
end

local escape_bytes <const> = json.escape_bytes
local encode

-- The strings of a value are escaped all or none; `mark` is set when they are.
local function has_bytes(value)
  if type(value) == "string" then
    return not utf8.len(value)
  elseif type(value) == "table" then
    for _, item in pairs(value) do
      if has_bytes(item) then
        return true
      end
    end
  end
  return false
end

local function encode_array(list, escaped)
  local parts = {}
  for i, item in ipairs(list) do
    parts[i] = encode(item, escaped)
  end
  return "[" .. table.concat(parts, ",") .. "]"
end

-- What is written of a file description.
local function encode_file(file, escaped)
  local parts = {}
  for _, part in ipairs(FILE_PARTS) do
    if file[part] ~= nil then
      parts[#parts + 1] = ('"%s":%s'):format(part, encode(file[part], escaped))
    end
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

function encode(value, escaped)
  if type(value) == "table" then
    return (value.kind and encode_file or encode_array)(value, escaped)
  elseif type(value) == "string" then
    if redact.is_on then
      value = redact.apply(value)
    end
    -- lua-cjson writes each / as \/, which is right, but no one can search for it
    return (core.json(escaped and escape_bytes(value) or value):gsub("\\/", "/"))
  elseif math.type(value) == "integer" and (value >= EXACT or value <= -EXACT) then
    return '"' .. value .. '"'
  end
  return core.json(value)
end

-- The names of fields as they are written.
local function names_of(fields)
  local names = {}
  for i, field in ipairs(fields) do
    names[i] = field[1]:gsub("%?$", "")
  end
  return names
end

local COMMON <const>, FLAGS <const> = names_of(rows.common), names_of(rows.flags)

-- Collects "name":value pairs; see finish_line.
local function put(parts, escaped_names, name, value)
  if value == nil then
    return
  elseif type(value) == "table" and value.kind then
    value = {kind = value.kind, name = value.name}
  end
  local escaped = has_bytes(value)
  if escaped then
    escaped_names[#escaped_names + 1] = name
  end
  parts[#parts + 1] = ('"%s":%s'):format(name, encode(value, escaped))
end

local run_parts, run_escaped = {}, {} -- the same in every line
for _, name in ipairs(names_of(rows.run)) do
  put(run_parts, run_escaped, name, core.run[name])
end
local run_text <const> = table.concat(run_parts, ",")

local function finish_line(parts, escaped_names)
  parts[#parts + 1] = run_text
  table.move(run_escaped, 1, #run_escaped, #escaped_names + 1, escaped_names)
  if #escaped_names > 0 then
    parts[#parts + 1] = '"escaped":' .. encode_array(escaped_names)
  end
  return "{" .. table.concat(parts, ",") .. "}\n"
end

local written <const> = {} -- by type

local function fields_of(type)
  written[type] = written[type] or names_of(rows.of(type))
  return written[type]
end

-- One event as a line of JSON.
function json.line(e)
  local parts, escaped_names = {'"time":' .. encode(e.time)}, {}
  for _, name in ipairs(COMMON) do
    put(parts, escaped_names, name, e[name])
  end
  for _, name in ipairs(fields_of(e.type)) do
    put(parts, escaped_names, name, e[name])
  end
  for _, name in ipairs(FLAGS) do
    if e[name] then
      put(parts, escaped_names, name, true)
    end
  end
  return finish_line(parts, escaped_names)
end

-- A line that is no event: its fields, and values by name.
local function line_of(fields, values)
  local parts, escaped_names = {}, {}
  for _, name in ipairs(names_of(fields)) do
    put(parts, escaped_names, name, values[name])
  end
  return finish_line(parts, escaped_names)
end

local function date(ns)
  return os.date("!%Y-%m-%dT%H:%M:%S", ns // 1000000000) .. (".%09dZ"):format(ns % 1000000000)
end

-- For other formats of JSON (scripts/perfetto.lua): any text as a JSON string, escaped where it is no UTF-8.
function json.text(s)
  return encode(s, not utf8.len(s))
end

local OUTCOME <const> = {"ret", "error"}

-- What an event's own fields are, or the decoded arguments that are numbers or text of a call that is no event,
-- and its outcome, as an object.
function json.args(e)
  local parts, escaped_names = {}, {}
  if e.type then
    for _, name in ipairs(fields_of(e.type)) do put(parts, escaped_names, name, e[name]) end
  else
    for name, value in pairs(e.args) do
      if type(value) ~= "table" then put(parts, escaped_names, name, value) end
    end
  end
  for _, list in ipairs {OUTCOME, FLAGS} do
    for _, name in ipairs(list) do put(parts, escaped_names, name, e[name] or nil) end
  end
  if #escaped_names > 0 then parts[#parts + 1] = '"escaped":' .. encode_array(escaped_names) end
  return "{" .. table.concat(parts, ",") .. "}"
end

local writer
local lost, tampered = 0, 0

local function start(info)
  local options = core.options
  local command = options.command and #options.command > 0 and options.command or nil
  writer:write(line_of(rows.start, {
    time = 0, type = "start", version = core.version, started = date(core.wallclock()),
    command = command, pids = not command and options.pids or nil, pid = info.pid,
  }))
end

local function event(e)
  if e.type == "lost" then
    lost = lost + (e.count or 1)
  end
  tampered = tampered + (e.tampered and 1 or 0)
  writer:write(json.line(e))
end

local function finish(info)
  local code, signal = ending.of(info)
  writer:write(line_of(rows.finish, {
    time = info.time, type = "finish", code = code, signal = signal, lost = lost, tampered = tampered,
    failed_hooks = (ending.failed_hooks()),
  }))
  writer:flush()
  local problem = writer:error()
  if problem and problem ~= core.strerror(EPIPE) then -- a reader that has seen enough is ordinary
    core.log("error", ("the JSON lines on %s are incomplete: %s"):format(core.options.output or "stdout", problem))
  end
end

-- The sink, writing to options.output or stdout. Raises when that cannot be written.
function json.open(options)
  local problem
  writer, problem = core.output(options.output or 1)
  if not writer then
    error("cannot write " .. problem, 0)
  end
  local names = {}
  for name, row in pairs(events.types) do
    if not row.asked or options[row.option] then
      names[#names + 1] = name
    end
  end
  table.sort(names)
  return {name = "json", events = names, start = start, event = event, finish = finish}
end

-- json(value): its JSON text, integers exact.
return setmetatable(json, {__call = function(_, value) return (core.json(value):gsub("\\/", "/")) end})
