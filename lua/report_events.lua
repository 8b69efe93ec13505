-- SPDX-License-Identifier: MIT
--
-- report_events: the table "events" of the report: a row for each call, whether it is an event or not, and for each
-- record that is no call. What they are about are numbers of "tasks" and "objects".

local brief <const> = require "compendium.brief"
local calls <const> = require "compendium.calls"
local errors <const> = require "compendium.api_errors"
local format <const> = require "compendium.format"
local noise <const> = require "compendium.noise"
local objects <const> = require "compendium.report_objects"
local redact <const> = require "compendium.redact"
local tasks <const> = require "compendium.report_tasks"
local text <const> = require "compendium.text"
local types <const> = require("compendium.events").types
local kind_classes <const> = require("compendium.fields").kind_classes

local rows <const> = {calls = 0, failed = 0, events = 0, tampered = 0}

rows.columns = {
  {"time", "delta"}, {"duration", "number"}, {"task", "number"}, {"name", "string"}, {"type", "string"},
  {"class", "string"}, {"ret", "number"}, {"error", "string"}, {"bytes", "number"}, {"object", "number"},
  {"to", "number"}, {"path", "string"}, {"remote", "string"}, {"args", "text"}, {"flags", "number"},
  {"hidden", "string"}, {"note", "string"},
}

local UNFINISHED <const>, LATE <const>, TAMPERED <const>, FURTHER <const>, RECORD <const>, PEEK <const> =
  1, 2, 4, 8, 16, 32

-- Calls that are no event get no line either. As a rule of noise, for those who read the report.
rows.OTHER_CALLS = "other calls"
rows.why_other_calls = "calls that say little by themselves; -v shows them"

-- Which types have which of the columns.
local function having(field)
  local set = {}
  for name, row in pairs(types) do
    for _, each in ipairs(row.fields or {}) do
      if each == field then set[name] = true end
    end
  end
  return set
end

local HAS_FILE <const>, HAS_PATH <const>, HAS_BYTES <const> = having "file", having "path", having "bytes"
local HAS_REMOTE <const>, HAS_PEEK <const> = having "remote", having "peek"

local put, writer, number

-- Rows are written by write(writer, number, value...), of as many values as there are columns.
function rows.start(write, to, as)
  put, writer, number = write, to, as
end

local function clean(s)
  return s and redact.is_on and redact.apply(s) or s
end

-- ---- notes of scripts

local noted_time, noted_tid, noted_text

-- report.note(e, text): a note for the event that is told of now; several are put together.
function rows.note(e, words)
  errors.check(words, "string", "a note")
  local is_same = noted_text and noted_time == e.time and noted_tid == e.tid
  noted_time, noted_tid = e.time, e.tid
  noted_text = is_same and noted_text .. "; " .. words or words
end

local function note_of(e)
  local words = noted_time == e.time and noted_tid == e.tid and clean(noted_text) or nil
  noted_text = nil
  return words
end

-- ---- calls

local STATIC_CLASSES <const> = {} -- by type; false: it depends on the descriptor
for name, row in pairs(types) do STATIC_CLASSES[name] = row.class ~= "descriptor" and row.class end

local classes <const> = {} -- of calls that are no event

local function class_of_call(e, name)
  local class = classes[name]
  if class == nil then
    class = e.class or false
    classes[name] = class
  end
  return class or nil
end

-- What an event is about: the object's number, its class, and the path when that says something else.
local function subject(e, type, name, task)
  local file = HAS_FILE[type] and e.file or nil
  local class = STATIC_CLASSES[type] or file and (kind_classes[file.kind] or "file") or e.class
  if not file then return nil, class, HAS_PATH[type] and clean(e.path) or nil end
  local object, row = objects.id(file, task), calls[name]
  if type == "close" then objects.closed(file) end
  local path = row and row.path and e.path
  if path and path ~= file.path then return object, class, clean(path) end
  return object, class
end

local function copied_to(e, task)
  local file = e.to_file
  return file and objects.id(file, task) or nil
end

-- One completed call, or a further event of it. time: the event's. Returns its type.
function rows.call(e, time, is_further)
  local type, error, name, ret = e.type, e.error, e.syscall, e.ret
  local task, hidden, object, class, path = tasks.id(e), rows.OTHER_CALLS
  if type then
    hidden = e.noise
    object, class, path = subject(e, type, name, task)
  else
    class = class_of_call(e, name)
  end
  local flags = (ret == nil and UNFINISHED or 0) | (e.late and LATE or 0)
  if e.tampered then flags, rows.tampered = flags | TAMPERED, rows.tampered + 1 end
  if is_further then
    flags = flags | FURTHER
  else
    rows.calls = rows.calls + 1
    if error then rows.failed = rows.failed + 1 end
  end
  if HAS_PEEK[type] and e.peek then flags = flags | PEEK end
  rows.events = rows.events + 1
  put(writer, number, time, ret and e.duration, task, name, type, class, ret, error, HAS_BYTES[type] and e.bytes or nil,
    object, type == "copy" and copied_to(e, task) or nil, path, HAS_REMOTE[type] and clean(e.remote) or nil,
    brief.text(e), flags ~= 0 and flags or nil, hidden, noted_text and note_of(e))
  if name == "prctl" and not error then tasks.renamed(e) end
  return type
end

-- ---- what is no call

local WORDS <const> = {
  fork = function(e) return ("child: %d"):format(e.child) end,
  exec = function(e) return text.command(e.argv or {}) end,
  exit = function(e)
    return e.signal and ("signal: %s%s"):format(e.signal, e.core and " (core dumped)" or "")
      or e.code and ("code: %d"):format(e.code) or nil
  end,
  signal = function(e)
    return (e.signal or format.signal(e.number)) .. (e.sender and " from " .. e.sender or "")
  end,
  stop = function(e) return e.signal end,
  lost = function(e) return format.count(e.count or 1, e.what or "event") end,
  sched = function(e) return ("%s, cpu: %d"):format(e.what, e.cpu) end,
  block = function(e) return ("%s, device: %s, sector: %d"):format(e.what, e.device, e.sector) end,
}

function rows.record(e)
  local kind, type = e.kind, e.type
  local words = WORDS[kind]
  if not words then return end
  local task = kind == "exit" and tasks.ended(e) or tasks.id(e)
  rows.events = rows.events + 1
  put(writer, number, e.time, e.duration, task, kind, type, e.class, nil, e.error,
    HAS_BYTES[type] and e.bytes or nil, nil, nil,
    HAS_PATH[type] and clean(e.path) or nil, nil, words(e), RECORD, e.noise, noted_text and note_of(e))
end

-- The rules and their reasons, for the end of the report.
function rows.reasons()
  local list = {[rows.OTHER_CALLS] = rows.why_other_calls}
  for _, rule in ipairs(noise.rules()) do list[rule.name] = rule.why or "" end
  return list
end

return rows
