-- SPDX-License-Identifier: MIT
--
-- faults: which memory a page fault touched. A record is a run of pages touched one after the other;
-- it becomes one event for each region the run goes through, as the regions were at that time. Where only
-- the lines and the summary listen, records that follow each other are told of together (see core.fault_task), by
-- what each task did in a region. The step between memory (the regions) and the lines and the summary.
--
-- What a region is called (`what`): heap, stack, thread stack, malloc arena, anonymous memory, shared
-- memory, file, vdso, new program (what exec touches before the program runs), unknown memory.

local core = require "compendium.core"
local memory = require "compendium.memory"
local regions = require "compendium.regions"

local faults = {}

local ARENA <const> = 64 << 20 -- glibc's malloc reserves so much for a thread's heap, and aligns it so
local PROT_READ_WRITE <const> = 3
-- Of a process that is not known.
local UNKNOWN <const> = {list = regions.new(), pages = {owners = 1, pages = core.pages()}}
local WORDS <const> = {heap = "heap", shared = "shared memory", file = "file", kernel = "vdso"}

-- An anonymous region with which a reservation of malloc's begins, whose end nothing may touch.
local function is_arena(pid, region)
  local base = region.addr & ~(ARENA - 1)
  if region.addr ~= base or region.prot ~= PROT_READ_WRITE then return false end
  local last = memory.find(pid, base + ARENA - 1)
  return last ~= nil and (last == region or last.prot == 0 and last.kind == "anon" and last.addr > base)
end

local function name_of(pid, region)
  if region.kind == "stack" then return region.path == "[stack]" and "stack" or "thread stack" end
  if region.kind == "anon" then return is_arena(pid, region) and "malloc arena" or "anonymous memory" end
  return WORDS[region.kind] or "unknown memory"
end

-- The region's name as people know it; nil: where nothing is known to be. exec fills in the new program's
-- memory before it can be told of.
function faults.name(pid, region, in_kernel)
  if not region then return in_kernel and "new program" or "unknown memory" end
  local name = region.name
  if not name then
    name = name_of(pid, region)
    region.name = name
  end
  return name
end

-- The kernel's own region that an address is in.
local function kernel_region(mm, addr)
  for _, own in ipairs(mm.kernel or {}) do
    if own.addr <= addr and addr < own.addr + own.size then return own end
  end
end

-- What is told of now: the records' faults of one task in one region, alike in how they were, are a part. See
-- core.add_faults.
local places, whats = {}, {} -- region or false; what it is called
local count = 0

-- The parts from that number on are new, and in the regions that there are now.
local function name_parts(first, mm, pid, in_kernel)
  for i = first, count do
    local place <const>, addr <const> = core.part_place(i)
    local region <const> = mm.list[place] or kernel_region(mm, addr)
    places[i], whats[i] = region or false, region and region.name or faults.name(pid, region, in_kernel)
  end
end

-- Beside the parts that were not told of yet, when it goes on with these. There are very many faults, so here is
-- only what is to be done for each task.
local function on_fault(_, goes_on)
  if not goes_on then
    core.new_parts()
    count = 0
  end
  local i = 1
  repeat
    local pid <const>, in_kernel <const> = core.fault_task(i)
    local mm <const>, first <const> = memory.space(pid) or UNKNOWN, count + 1
    local has_new
    i, count, has_new = core.add_faults(i, regions.spans(mm.list), memory.pages(mm))
    name_parts(first, mm, pid, in_kernel)
    if has_new then memory.touched(mm) end
  until not i
end

-- How many parts there are: events, when one record is told of.
function faults.split()
  return count
end

-- A part: what its region is called, the region or nil; number of pages, how many of them had been touched before, how
-- many events it would be if each record was told of by itself; whether the pages came from the disk, whether the
-- kernel touched them; pid, tid; address, time.
function faults.part(i)
  return whats[i], places[i] or nil, core.part(i)
end

-- Which of them the event is.
local function part_of(e)
  return count == 1 and 1 or e.index or 1
end

-- Address, number of pages, and region of the event; how many of the pages had been touched before; whether they came
-- from the disk, and whether the kernel touched them.
function faults.of(e)
  local _, region, pages, again, _, is_major, in_kernel, _, _, addr = faults.part(part_of(e))
  return addr, pages, region, again, is_major, in_kernel
end

-- What the event's region is called.
function faults.what(e)
  return whats[part_of(e)]
end

memory.model.records.fault = on_fault

return faults
