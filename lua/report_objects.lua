-- SPDX-License-Identifier: MIT
--
-- report_objects: the table "objects" of the report: each file description (see fds.lua) that an event is about,
-- by number. A row is written when it is first seen, when a socket gets its addresses, and when it is closed.

local redact <const> = require "compendium.redact"

local objects <const> = {}

objects.columns = {
  {"id", "number"}, {"kind", "string"}, {"name", "string"}, {"protocol", "string"}, {"local", "string"},
  {"remote", "string"}, {"opened", "number"}, {"closed", "number"}, {"task", "number"},
}

local SWEEP_LEAST <const> = 1024

-- A description's number is its field `object`: a table by descriptions would be walked by each search for garbage.
local open <const>, order <const> = {}, {} -- those whose end is not written, by number; and their numbers
local last, sweep_at = 0, SWEEP_LEAST
local put -- put(id, kind, ...)

-- put: writes a row.
function objects.start(write)
  put = write
end

local function clean(s)
  return s and redact.is_on and redact.apply(s) or s
end

-- What is known by now.
local function update(id, file)
  put(id, nil, nil, file.protocol, clean(file["local"]), clean(file.remote), nil, file.closed, nil)
end

-- Ends those that went without an event of their own: with their process.
local function sweep()
  local kept = {}
  for _, id in ipairs(order) do
    local file = open[id]
    if file and file.closed then
      update(id, file)
      open[id] = nil
    elseif file then
      kept[#kept + 1] = id
    end
  end
  for i = #order, 1, -1 do order[i] = kept[i] end
  sweep_at = math.max(SWEEP_LEAST, 2 * #order)
end

-- Both ends of a pipe have one name.
local function name_of(file)
  return file.pipe and ("%s %d"):format(file.name, file.pipe.id) or clean(file.name)
end

local function add(file, task)
  last = last + 1
  file.object, open[last], order[#order + 1] = last, file, last
  put(last, file.kind, name_of(file), file.protocol, clean(file["local"]), clean(file.remote), file.opened, nil,
    task)
  if #order >= sweep_at then sweep() end
  return last
end

-- The number of a description; task: that of who opened it.
function objects.id(file, task)
  return file.object or add(file, task)
end

-- An event that changes it: a socket's addresses, or its end.
function objects.changed(file)
  local id = file.object
  if not id or not (file.closed or file.kind == "socket") then return end
  update(id, file)
  if file.closed then open[id] = nil end
end

-- Writes what is known of those that are open.
function objects.finish()
  sweep()
  for _, id in ipairs(order) do
    if open[id].kind == "socket" then update(id, open[id]) end
  end
end

return objects
