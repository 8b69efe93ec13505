-- SPDX-License-Identifier: MIT
--
-- live: the sink of live lines. An event that noise does not hide becomes a line; reads, writes, sends
-- and receives of one descriptor in a row by one task become one line, which grows until the task does
-- something else that is shown, or a person would have waited too long for it.
--
-- A growing line holds its place in the terminal's queue, so lines stay in the order in which things
-- began. A task may have two of them, since copying is read, write, read, write ...

local core <const> = require "compendium.core"
local faults <const> = require "compendium.faults"
local lines <const> = require "compendium.lines"
local noise <const> = require "compendium.noise"
local terminal <const> = require "compendium.terminal"

local MERGED <const> = {read = true, write = true, send = true, recv = true}
local GROWING_PER_TASK <const> = 2
local TICK <const> = 50 * 1000000 -- how often waiting lines are looked at
local FIRST_WAIT <const> = 150 * 1000000 -- how long the first line of a run waits for more
local LONGEST_WAIT <const> = 1200 * 1000000 -- and later ones of a long run: each waits twice as long as the one before

local TOUCHED_PER_TASK <const> = 16 -- regions whose faults have a growing line, or may get one

local growing <const> = {} -- tid -> array of entries that may still grow
local touching <const> = {} -- the same of page faults

local function finish_entry(entry)
  entry.text = lines.transfer(entry.type, entry.bytes, entry.what, entry.calls)
end

local function settle(entries)
  for _, entry in ipairs(entries) do
    entry.open = nil
  end
end

local function settle_task(tid)
  local entries = growing[tid]
  if entries then
    settle(entries)
    growing[tid] = nil
  end
end

-- Duplicates of a descriptor are the same; of an unknown one only its number says so.
local function is_same(entry, e)
  local file = e.file
  return entry.file == file and (file ~= nil or entry.fd == e.fd)
end

-- The entry of that kind and descriptor; an ended one (written already, or waited long enough) too, since it
-- tells how long its successor may wait.
local function find(entries, e)
  for i, entry in ipairs(entries) do
    if entry.type == e.type and is_same(entry, e) then
      return entry, i
    end
  end
end

local function plain_entry(e, line)
  return {
    time = e.time + (e.duration or 0), label = terminal.label(e), class = e.class, text = line,
    failed = not e.in_progress and e.error or nil, written = false,
  }
end

local function grow(entry, e)
  entry.bytes = entry.bytes + (e.bytes or 0)
  entry.calls = entry.calls + 1
end

-- A plain entry that may grow. All at once: a table that grows field by field costs several times as much.
local function begin(e, wait)
  return {
    time = e.time + (e.duration or 0), label = terminal.label(e), class = e.class, open = true, finish = finish_entry,
    type = e.type, fd = e.fd, file = e.file, what = lines.transfer_target(e), remote = e.remote, bytes = e.bytes or 0,
    calls = 1, wait = wait, text = false, written = false,
  }
end

-- Another direction on the same descriptor is a conversation, unless it is a file that is updated: the order
-- is worth more than the sum.
local function answers(entries, e)
  for _, entry in ipairs(entries) do
    local updates = e.file and e.file.kind == "file"
    if entry.type ~= e.type and is_same(entry, e) and not updates then
      return true
    end
  end
  return #entries >= GROWING_PER_TASK
end

local function transfer(e)
  local tid = e.tid
  local entries = growing[tid]
  local entry, at
  if entries then
    entry, at = find(entries, e)
    if entry and entry.open and entry.remote == e.remote then
      return grow(entry, e)
    elseif not entry and answers(entries, e) then
      settle(entries)
      entries = nil
    end
  end
  entries = entries or {}
  growing[tid] = entries
  local continues = entry and not entry.open and entry.remote == e.remote
  local successor = begin(e, continues and math.min(entry.wait * 2, LONGEST_WAIT) or FIRST_WAIT)
  if entry then
    entry.open = nil
  end
  entries[at or #entries + 1] = successor
  terminal.add(successor)
end

-- ---- page faults of one task in one region

local function finish_faults(entry)
  entry.text = lines.faults(entry.pages, entry.what, entry.base, entry.prot, entry.major)
end

local function touch(entry, pages, events, is_major)
  entry.pages, entry.events = entry.pages + pages, entry.events + events
  if is_major then entry.major = entry.major + pages end
end

-- From now on the entry has a line.
local function show(entry, time, pid, tid, region)
  entry.time, entry.label, entry.class = time, terminal.label {pid = pid, tid = tid}, "memory"
  entry.open, entry.shown, entry.prot = true, true, region and region.prot
  terminal.add(entry)
end

local function begin_faults(time, what, base, wait)
  return {
    what = what, base = base, wait = wait, pages = 0, events = 0, major = 0, time = time, finish = finish_faults,
  }
end

-- Entries that are given up: those that had no line are hidden.
local function give_up(entries, i, j)
  for at = i, j do
    local entry = entries[at]
    entry.open = nil
    if not entry.shown then noise.hid_pages(entry.events) end
  end
end

-- A task touches nothing more.
local function end_touching(tid)
  local entries = touching[tid]
  if entries then
    give_up(entries, 1, #entries)
    touching[tid] = nil
  end
end

local function place_of(entries, entry)
  for i = #entries, 1, -1 do
    if entries[i] == entry then return i end
  end
end

-- The oldest one makes room for others.
local function give_up_oldest(entries)
  local oldest = entries[1]
  give_up(entries, 1, 1)
  table.remove(entries, 1)
  if entries.latest[oldest.base] == oldest then entries.latest[oldest.base] = nil end
end

-- The entry that grows by what a task touched there.
local function entry_for(entries, what, base, time)
  local entry, place, wait = entries.latest[base], #entries + 1, FIRST_WAIT
  if entry and entry.what == what then
    if entry.open or not entry.shown then return entry end
    place, wait = place_of(entries, entry), math.min(entry.wait * 2, LONGEST_WAIT) -- its line is written: another one
  elseif #entries >= TOUCHED_PER_TASK then
    give_up_oldest(entries)
    place = #entries + 1
  end
  entry = begin_faults(time, what, base, wait)
  entries[place], entries.latest[base] = entry, entry
  return entry
end

-- A part of what is told of now, see faults.
local function faulted(called, region, pages, _, events, is_major, _, pid, tid, addr, time)
  local entries = touching[tid]
  if not entries then
    entries = {latest = {}} -- by base
    touching[tid] = entries
  end
  local what, base = lines.fault_target(region, called, addr)
  local entry = entry_for(entries, what, base, time)
  touch(entry, pages, events, is_major)
  if not entry.shown and entry.pages >= noise.least_pages() then show(entry, time, pid, tid, region) end
end

local function hide_or_show(what, region, pages, again, events, ...)
  if not noise.hides_memory(what, events) then faulted(what, region, pages, again, events, ...) end
end

-- All that is told of together.
local function all_faulted()
  for i = 1, faults.split() do
    hide_or_show(faults.part(i))
  end
end

local function event(e)
  local type = e.type
  local is_fault <const> = type == "fault"
  local rule = is_fault and noise.name(e) or not is_fault and e.noise -- nobody else asks for that of a fault
  if rule then
    return noise.count(rule)
  end
  if is_fault and not lines.overridden(type) then
    return faulted(faults.part(e.index))
  end
  if MERGED[type] and not e.error and not e.unfinished and not e.tampered and not lines.overridden(type) then
    return transfer(e)
  end
  settle_task(e.tid)
  if type == "exit" then
    end_touching(e.tid)
  end
  local line = lines.text(e)
  if line then
    terminal.add(plain_entry(e, line))
  end
end

local function settle_old(all, now)
  for tid, entries in pairs(all) do
    local oldest = math.huge
    for _, entry in ipairs(entries) do
      if entry.open and now - entry.time >= entry.wait then
        entry.open = nil
      end
      oldest = math.min(oldest, now - entry.time)
    end
    if oldest > 4 * LONGEST_WAIT then
      if all == touching then end_touching(tid) else all[tid] = nil end
    end
  end
end

-- Ends the waiting of lines that waited long enough.
local function tick()
  local now = core.now()
  settle_old(growing, now)
  settle_old(touching, now)
  terminal.release()
  terminal.flush()
end

return {
  name = "terminal",
  events = lines.types(),
  calm = function() return "count" end,
  together = {fault = all_faulted},
  start = function()
    noise.tell_calm()
    terminal.banner()
    core.timer(TICK, tick)
  end,
  event = event,
  finish = function()
    for tid in pairs(growing) do
      settle_task(tid)
    end
    for tid in pairs(touching) do
      end_touching(tid)
    end
    terminal.release(true)
  end,
}
