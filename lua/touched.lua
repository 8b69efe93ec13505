-- SPDX-License-Identifier: MIT
--
-- touched: the "Page faults" section of the summary: which memory was really used, in which regions, in
-- which files and by whom. Each fault stands for a page; one that is touched again after it went away
-- (swapping, MADV_DONTNEED) or must be copied (fork) has another fault and is counted again.

local faults <const> = require "compendium.faults"
local format <const> = require "compendium.format"
local processes <const> = require "compendium.processes"
local rows <const> = require "compendium.rows"
local text <const> = require "compendium.text"
local top <const> = require "compendium.top"

local PAGE <const> = 4096
local NAMES <const> = 2000
local LABEL_COLUMNS <const> = 17

local kinds <const>, files <const>, tasks <const> = top.new(NAMES), top.new(NAMES), top.new(NAMES)
local major, in_kernel, again = 0, 0, 0

-- There are very many faults, so what is known of each task and of each file is added up when its name may change, or
-- when there is more than that of them.
local KEPT <const> = 1000
local touching, touching_count = {}, 0 -- tid -> {label, pages}
local by_path, path_count = {}, 0 -- path -> pages
local by_what <const> = {} -- what a region is called -> pages

local function label_of(pid, tid)
  return (processes.comm(tid, pid) or "?") .. " " .. (tid == pid and tid or pid .. "/" .. tid)
end

local function add_up_tasks()
  for _, entry in pairs(touching) do
    tasks:add(entry[1], entry[2])
  end
  touching, touching_count = {}, 0
end

local function count_task(pid, tid, pages)
  local entry = touching[tid]
  if entry then
    entry[2] = entry[2] + pages
    return
  end
  if touching_count == KEPT then add_up_tasks() end
  touching[tid], touching_count = {label_of(pid, tid), pages}, touching_count + 1
end

local function add_up_files()
  for path, pages in pairs(by_path) do
    files:add(path, pages)
  end
  by_path, path_count = {}, 0
end

local function count_file(path, pages)
  local before = by_path[path]
  if not before then
    if path_count == KEPT then add_up_files() end
    path_count = path_count + 1
  end
  by_path[path] = (before or 0) + pages
end

-- A part of what is told of now, see faults.
local function add_part(i)
  local what, region, pages, before, _, is_major, is_in_kernel, pid, tid = faults.part(i)
  by_what[what] = (by_what[what] or 0) + pages
  if what == "file" then count_file(region.path or "?", pages) end
  count_task(pid, tid, pages)
  again = again + before
  if is_major then major = major + pages end
  if is_in_kernel then in_kernel = in_kernel + pages end
end

local function add(e)
  add_part(e.index)
end

-- The name is another one from here on, or the number another task's.
local function renamed(e)
  local entry = touching[e.tid]
  if entry then
    tasks:add(entry[1], entry[2])
    touching[e.tid], touching_count = nil, touching_count - 1
  end
end

local function amounts(names)
  local items = {}
  for _, entry in ipairs(names:largest()) do
    items[#items + 1] = {text.escape(entry[1]), " " .. format.bytes(entry[2] * PAGE)}
  end
  return items
end

local function kind_row(what, pages, width)
  local label = what == "file" and "files" or what
  local row = rows.amount(label:sub(1, 1):upper() .. label:sub(2), pages * PAGE, LABEL_COLUMNS)
    .. (" (%s)"):format(format.count(pages, "fault"))
  return what == "file" and rows.list(row, amounts(files), width, (files:count())) or row
end

local touched <const> = {events = {fault = add, exec = renamed, exit = renamed}, heading = "Page faults:"}

-- Adds all that is told of together.
function touched.add_all()
  for i = 1, faults.split() do add_part(i) end
end

-- The section's lines; nil without any fault.
function touched.rows(_, width)
  for what, pages in pairs(by_what) do
    kinds:add(what, pages)
    by_what[what] = nil
  end
  add_up_files()
  add_up_tasks()
  if kinds.sum == 0 then
    return nil
  end
  local list = {}
  for _, entry in ipairs(kinds:largest()) do
    list[#list + 1] = kind_row(entry[1], entry[2], width)
  end
  local before = again > 0 and (", %d of pages touched before"):format(again) or ""
  list[#list + 1] = ("%s (%s, %d from disk, %d in the kernel%s)"):format(
    rows.amount("Total", kinds.sum * PAGE, LABEL_COLUMNS), format.count(kinds.sum, "fault"), major, in_kernel, before)
  if tasks:count() > 1 then
    list[#list + 1] = rows.list("  By " .. format.count(tasks:count(), "task"), amounts(tasks), width, (tasks:count()))
  end
  return list
end

return touched
