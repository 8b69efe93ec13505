-- SPDX-License-Identifier: MIT
--
-- tables: descriptor tables, as the kernel has them: numbers to file descriptions, each number with
-- its own close-on-exec flag. Tasks with CLONE_FILES share one; a fork gets a copy. What the entries
-- are is the concern of fds.lua.
--
-- Copies are not made until one side writes: table.map may belong to several tables (map.owners),
-- so that a storm of forks that only exec costs nothing per descriptor.
--
-- Threads race. Records come in the order in which calls were seen to return, and the kernel may
-- have run them in another:
--
--     thread A   close(5) ────────────────────────────────┐ seen second
--     thread B         open() = 5 ──────────┐ seen first
--
-- A number the kernel gives out was free, so when it is taken here, a close of it is on its way: the
-- old entry is set aside (`displaced`) for that close, which is known by having begun before the new
-- entry was seen (`since`). The other way round, a close of a number that is free here and was
-- begun while an open was under way ends what that open will bring (`early`). Where two orders
-- are possible, the one is taken that forgets an entry rather than gives a wrong name.

local tasks = require "compendium.tasks"

local CLONE_FILES <const> = 0x400

local tables = {
  -- Called when the last entry for a description is gone; sockets.lua and fds.lua add to it.
  on_last_close = {},
}

local function returned_at(e)
  return e.time + (e.duration or 0)
end

-- Counts one more user of a description: an entry, or a message that carries it.
local function hold(description)
  description.refs = description.refs + 1
end

local function let_go(description, e)
  description.refs = description.refs - 1
  if description.refs > 0 then return end
  for _, tell in ipairs(tables.on_last_close) do tell(description, e) end
end

tables.hold, tables.let_go = hold, let_go

-- The map of a table that may be written: its own.
local function own_map(files)
  local map = files.map
  if map.owners == 1 then return map end
  local copy = {owners = 1, entries = {}, cloexec = {}}
  for fd, description in pairs(map.entries) do
    copy.entries[fd] = description
    hold(description)
  end
  for fd in pairs(map.cloexec) do copy.cloexec[fd] = true end
  map.owners = map.owners - 1
  files.map = copy
  return copy
end

local function drop_map(map, e)
  map.owners = map.owners - 1
  if map.owners > 0 then return end
  for _, description in pairs(map.entries) do let_go(description, e) end
end

local function drop(files, e)
  drop_map(files.map, e)
  for _, queue in pairs(files.displaced or {}) do
    for _, description in ipairs(queue) do let_go(description, e) end
  end
end

-- complete: everything that is open in it is or will be known.
local function make(complete)
  return {map = {owners = 1, entries = {}, cloexec = {}}, complete = complete}
end

local function copy(files)
  files.map.owners = files.map.owners + 1
  return {map = files.map, complete = files.complete}
end

local function remove_entry(files, fd, e)
  local map = own_map(files)
  local description = map.entries[fd]
  map.entries[fd], map.cloexec[fd] = nil, nil
  let_go(description, e)
  return description
end

-- exec has a table of its own, without what was marked close-on-exec.
local function exec(files, e)
  if files.refs > 1 then files = copy(files) end
  files.since, files.early, files.replaced = nil, nil, nil
  if not next(files.map.cloexec) then return files end
  local marked = {}
  for fd in pairs(files.map.cloexec) do marked[#marked + 1] = fd end
  for _, fd in ipairs(marked) do remove_entry(files, fd, e) end
  return files
end

tasks.resource {key = "files", id = 2, flag = CLONE_FILES, make = make, copy = copy, drop = drop, exec = exec}

-- ---- looking

-- What descriptor fd of that task is, or nil.
function tables.get(task, fd)
  return task.files.map.entries[fd]
end

-- Whether it will be closed by exec.
function tables.cloexec(task, fd)
  return task.files.map.cloexec[fd] or false
end

-- The descriptors of a task and what they are: {[fd] = description}. Not to be changed.
function tables.entries(task)
  return task.files.map.entries
end

-- ---- races; only tables that several tasks have can see them

local function set_aside(files, fd, description)
  files.displaced = files.displaced or {}
  local queue = files.displaced[fd] or {}
  files.displaced[fd] = queue
  queue[#queue + 1] = description
end

local function take_displaced(files, fd, e)
  local queue = files.displaced and files.displaced[fd]
  if not queue then return nil end
  local description = table.remove(queue, 1)
  if #queue == 0 then files.displaced[fd] = nil end
  let_go(description, e)
  return description
end

local function note(files, key, fd, time)
  local times = files[key] or {}
  files[key] = times
  times[fd] = time
end

-- True when a close or dup2 that was seen before took what this call brings.
local function came_too_late(files, fd, e)
  local closed = files.early and files.early[fd]
  if closed then
    files.early[fd] = nil
    if e.time < closed then return true end
  end
  local replaced = files.replaced and files.replaced[fd]
  return replaced and files.map.entries[fd] and e.time < replaced or false
end

-- ---- changing

-- A call returned the new descriptor fd. Returns false when it is known to be gone already.
function tables.install(task, fd, description, cloexec, e)
  local files = task.files
  local shared = files.refs > 1
  if shared and came_too_late(files, fd, e) then
    hold(description)
    let_go(description, e)
    return false
  end
  local map = own_map(files)
  local old = map.entries[fd]
  hold(description)
  map.entries[fd], map.cloexec[fd] = description, cloexec or nil
  if shared then
    note(files, "since", fd, returned_at(e))
    if old then set_aside(files, fd, old) end
  elseif old then
    let_go(old, e) -- it was closed in a way nobody told
  end
  return true
end

-- fd has been that description all along, unknown to us.
function tables.adopt(task, fd, description, cloexec)
  local map = own_map(task.files)
  if map.entries[fd] then return end
  hold(description)
  map.entries[fd], map.cloexec[fd] = description, cloexec or nil
end

-- fd, so far "unknown", turns out to be that description.
function tables.become(task, fd, description, e)
  local map = own_map(task.files)
  local unknown = map.entries[fd]
  if not unknown or unknown.kind ~= "unknown" then return end
  hold(description)
  description.closed = nil -- it may have been on its way, open nowhere
  map.entries[fd] = description
  let_go(unknown, e)
end

-- dup2 and dup3: fd becomes the description at once, whatever it was. Returns that.
function tables.replace(task, fd, description, cloexec, e)
  local files = task.files
  local map = own_map(files)
  local old = map.entries[fd]
  hold(description)
  map.entries[fd], map.cloexec[fd] = description, cloexec or nil
  if old then let_go(old, e) end
  if files.refs > 1 then
    note(files, "since", fd, returned_at(e))
    note(files, "replaced", fd, returned_at(e))
  end
  return old
end

-- A close that began before the entry was seen to be made is one of what was there before.
local function is_of_predecessor(files, fd, e)
  local since = files.since and files.since[fd]
  return since and e.time < since
end

-- fd was closed. Returns what it was, or nil when that is not known.
function tables.remove(task, fd, e)
  local files = task.files
  if is_of_predecessor(files, fd, e) then return take_displaced(files, fd, e) end
  if files.map.entries[fd] then
    if files.since then files.since[fd] = nil end
    return remove_entry(files, fd, e)
  end
  local displaced = take_displaced(files, fd, e)
  if not displaced and files.refs > 1 and files.complete then
    note(files, "early", fd, returned_at(e))
  end
  return displaced
end

local function in_range(files, first, last)
  local found = {}
  for fd, description in pairs(files.map.entries) do
    if fd >= first and fd <= last then found[#found + 1] = {fd = fd, file = description} end
  end
  table.sort(found, function(a, b) return a.fd < b.fd end)
  return found
end

-- close_range: closes first..last. Returns an array of {fd=, file=} in order.
function tables.remove_range(task, first, last, e)
  local files = task.files
  local closed = {}
  for _, entry in ipairs(in_range(files, first, last)) do
    if not is_of_predecessor(files, entry.fd, e) then
      remove_entry(files, entry.fd, e)
      closed[#closed + 1] = entry
    end
  end
  return closed
end

-- Marks fd to be closed, or kept, by exec.
function tables.set_cloexec(task, fd, on)
  local files = task.files
  if not files.map.entries[fd] or (files.map.cloexec[fd] or false) == on then return end
  own_map(files).cloexec[fd] = on or nil
end

-- close_range with CLOSE_RANGE_CLOEXEC.
function tables.set_cloexec_range(task, first, last)
  for _, entry in ipairs(in_range(task.files, first, last)) do
    tables.set_cloexec(task, entry.fd, true)
  end
end

-- unshare(CLONE_FILES), close_range with CLOSE_RANGE_UNSHARE.
function tables.unshare(task)
  tasks.unshare(task, "files")
end

return tables
