-- SPDX-License-Identifier: MIT
--
-- report_objects: the table "objects" of the report: each file description (see fds.lua) that an event is about,
-- by number. A row is written when it is closed, so that most have only one; of those that are open, when the report
-- is written out.

local redact <const> = require "compendium.redact"

local objects <const> = {}

objects.columns = {
  {"id", "number"}, {"kind", "string"}, {"name", "string"}, {"protocol", "string"}, {"local", "string"},
  {"remote", "string"}, {"opened", "delta"}, {"closed", "number"}, {"task", "number"},
}

local SWEEP_LEAST <const> = 1024

-- Those that are open, by number. A description's number is its field `object`: a table by descriptions would be
-- walked by each search for garbage.
local open <const> = {}
local order <const>, openers <const> = {}, {} -- numbers in order; by number, the task that opened it
local told <const> = {} -- by number, what the last row of an open one said: its addresses
local last, sweep_at = 0, SWEEP_LEAST
local put -- put(id, kind, ...)

-- write: writes a row.
function objects.start(write)
  put = write
end

local function clean(s)
  return s and redact.is_on and redact.apply(s) or s
end

-- Both ends of a pipe have one name.
local function name_of(file)
  return file.pipe and ("%s %d"):format(file.name, file.pipe.id) or clean(file.name)
end

local function write(id, file)
  put(id, file.kind, name_of(file), file.protocol, clean(file["local"]), clean(file.remote), file.opened, file.closed,
    openers[id])
  if file.closed then open[id], openers[id], told[id] = nil, nil, nil end
end

-- Writes those that went without an event of their own, with their process, and forgets all that went.
local function sweep()
  local kept = 0
  for i = 1, #order do
    local id = order[i]
    local file = open[id]
    order[i] = nil
    if file and file.closed then
      write(id, file)
    elseif file then
      kept = kept + 1
      order[kept] = id
    end
  end
  sweep_at = math.max(SWEEP_LEAST, 2 * kept)
end

-- The number of a description; task: that of who opened it.
function objects.id(file, task)
  local id = file.object
  if id then return id end
  last = last + 1
  id = last
  file.object, open[id], order[#order + 1], openers[id] = id, file, id, task
  if #order >= sweep_at then sweep() end
  return id
end

-- It was closed, by the event that is told of now.
function objects.closed(file)
  local id = file.object
  if file.closed and open[id] then write(id, file) end
end

-- Writes what is new of those that are open.
function objects.flush()
  sweep()
  for _, id in ipairs(order) do
    local file = open[id]
    local addresses = (file["local"] or "") .. " " .. (file.remote or "")
    if told[id] ~= addresses then
      write(id, file)
      told[id] = addresses
    end
  end
end

return objects
