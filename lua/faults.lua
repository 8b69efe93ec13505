-- SPDX-License-Identifier: MIT
--
-- faults: which memory a page fault touched. A record is a run of pages touched one after the other;
-- it becomes one event for each region the run goes through, as the regions were at that time. The
-- step between memory (the regions) and the lines and the summary.
--
-- What a region is called (`what`): heap, stack, thread stack, malloc arena, anonymous memory, shared
-- memory, file, vdso, new program (what exec touches before the program runs), unknown memory.

local memory = require "compendium.memory"

local faults = {}

local touch <const>, touched <const> = memory.touch, memory.touched

local PAGE <const> = 4096
local ARENA <const> = 64 << 20 -- glibc's malloc reserves so much for a thread's heap, and aligns it so
local PROT_READ_WRITE <const> = 3
local RUN_MOST <const> = 1 << 16 -- pages of a record; more can only come from a broken trace file

local WORDS <const> = {heap = "heap", shared = "shared memory", file = "file", kernel = "vdso"}

-- An anonymous region with which a reservation of malloc's begins, whose end nothing may touch.
local function is_arena(pid, region)
  local base = region.addr & ~(ARENA - 1)
  if region.addr ~= base or region.prot ~= PROT_READ_WRITE then return false end
  local last = memory.find(pid, base + ARENA - 1)
  return last ~= nil and (last == region or last.prot == 0 and last.kind == "anon" and last.addr > base)
end

local names = setmetatable({}, {__mode = "k"}) -- of regions, which never change

local function name_of(pid, region)
  if region.kind == "stack" then return region.path == "[stack]" and "stack" or "thread stack" end
  if region.kind == "anon" then return is_arena(pid, region) and "malloc arena" or "anonymous memory" end
  return WORDS[region.kind] or "unknown memory"
end

-- The region's name as people know it; nil: where nothing is known to be. exec fills in the new program's
-- memory before it can be told of.
function faults.name(pid, region, in_kernel)
  if not region then return in_kernel and "new program" or "unknown memory" end
  local name = names[region]
  if not name then
    name = name_of(pid, region)
    names[region] = name
  end
  return name
end

-- Of the record that is told of now: a part for each region.
local addrs, pages, regions, agains, whats, count, is_major, in_kernel = {}, {}, {}, {}, {}, 0, false, false

-- Files are counted by their own: many pages of theirs come without a fault.
local function is_counted(region)
  return region and region.kind ~= "file" and region.kind ~= "kernel"
end

-- How many of the pages from there on are in the region, at least one.
local function fit_in(region, page, most)
  local fit = (region.addr + region.size - page) // PAGE
  return fit < 1 and 1 or fit > most and most or fit
end

-- The record's parts; their pages are touched from now on. There are many records, and most are one page.
local function on_fault(e)
  local raw, pid = e.raw, e.pid
  local addr, left, n = raw[1], raw[5], 0
  if left < 1 then left = 1 elseif left > RUN_MOST then left = RUN_MOST end
  repeat
    local region = touched(pid, addr)
    local page = addr & ~(PAGE - 1)
    local fit = region and left > 1 and fit_in(region, page, left) or left
    n = n + 1
    addrs[n], pages[n], regions[n], whats[n] = addr, fit, region or false, false
    agains[n] = is_counted(region) and touch(pid, page, fit) or 0
    addr, left = page + fit * PAGE, left - fit
  until left <= 0
  count, is_major, in_kernel = n, raw[3] ~= 0, raw[4] ~= 0
end

-- How many events the record makes.
function faults.split()
  return count
end

local function part_of(e)
  return count == 1 and 1 or e.index or 1
end

-- Address, number of pages, and region of the event; how many of the pages had been touched before; whether they came
-- from the disk, and whether the kernel touched them.
function faults.of(e)
  local i = part_of(e)
  return addrs[i], pages[i], regions[i] or nil, agains[i], is_major, in_kernel
end

-- What the event's region is called.
function faults.what(e)
  local i = part_of(e)
  local what = whats[i]
  if not what then
    what = faults.name(e.pid, regions[i] or nil, in_kernel)
    whats[i] = what
  end
  return what
end

memory.model.records.fault = on_fault

return faults
