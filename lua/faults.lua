-- SPDX-License-Identifier: MIT
--
-- faults: which memory a page fault touched. A record is a run of pages touched one after the other;
-- it becomes one event for each region the run goes through, as the regions were at that time. The
-- step between memory (the regions) and the lines and the summary.
--
-- What a region is called (`what`): heap, stack, thread stack, malloc arena, anonymous memory, shared
-- memory, file, vdso, new program (what exec touches before the program runs), unknown memory.

local memory = require "compendium.memory"
local regions = require "compendium.regions"

local faults = {}

local touch <const> = memory.touch

local PAGE <const>, PAGE_SHIFT <const> = 4096, 12
local ARENA <const> = 64 << 20 -- glibc's malloc reserves so much for a thread's heap, and aligns it so
local PROT_READ_WRITE <const> = 3
local STACK_MOST <const> = 1 << 30 -- by which a stack may have grown since it was seen
local RUN_MOST <const> = 1 << 16 -- pages of a record; more can only come from a broken trace file

local UNKNOWN <const> = {list = regions.new()} -- of a process that is not known
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

-- The region that was touched at that address: the stack grows when it is touched below its end.
local function region_at(mm, addr)
  local region = regions.after(mm.list, addr)
  if region and (region.addr <= addr or region.path == "[stack]" and region.addr - addr <= STACK_MOST) then
    mm.last, mm.before = region, mm.last
    return region
  end
  for _, own in ipairs(mm.kernel or {}) do
    if own.addr <= addr and addr < own.addr + own.size then return own end
  end
end

-- How many of the pages from there on are in the region, at least one.
local function fit_in(region, addr, most)
  local fit = (region.addr + region.size - (addr & -PAGE)) // PAGE
  return fit < 1 and 1 or fit > most and most or fit
end

-- A page fault at that address, and of up to `most` pages from there on. Returns the region (nil: not known), how many
-- of the pages are in it, and how many of them had been touched before. Files are not counted as touched: many pages
-- of theirs come without a fault.
local function locate(mm, addr, most)
  local region = mm.last -- faults come by regions, of which two take turns
  if not region or addr < region.addr or addr >= region.addr + region.size then
    region = mm.before
    if not region or addr < region.addr or addr >= region.addr + region.size then
      region = region_at(mm, addr)
      if not region then return nil, most, 0 end
    end
  end
  local fit, kind = most == 1 and 1 or fit_in(region, addr, most), region.kind
  if kind == "file" or kind == "kernel" then return region, fit, 0 end
  return region, fit, touch(mm, addr >> PAGE_SHIFT, fit)
end

-- Of the record that is told of now: a part for each region.
local addrs, pages, places, agains, count, is_major, in_kernel = {}, {}, {}, {}, 0, false, false

-- The record's parts; their pages are touched from now on. There are many records, and most are one page.
local function on_fault(e)
  local raw, mm = e.raw, memory.space(e.pid) or UNKNOWN
  local addr, left, n = raw[1], raw[5], 0
  if left < 1 then left = 1 elseif left > RUN_MOST then left = RUN_MOST end
  repeat
    local region, fit, again = locate(mm, addr, left)
    n = n + 1
    addrs[n], pages[n], places[n], agains[n] = addr, fit, region or false, again
    addr, left = (addr & -PAGE) + fit * PAGE, left - fit
  until left <= 0
  count, is_major, in_kernel = n, raw[3] ~= 0, raw[4] ~= 0
end

-- How many events the record makes.
function faults.split()
  return count
end

-- Which of them the event is.
local function part_of(e)
  return e.index or 1
end

-- Address, number of pages, and region of the event; how many of the pages had been touched before; whether they came
-- from the disk, and whether the kernel touched them.
function faults.of(e)
  local i = count == 1 and 1 or part_of(e)
  return addrs[i], pages[i], places[i] or nil, agains[i], is_major, in_kernel
end

-- What the event's region is called.
function faults.what(e)
  local region = places[count == 1 and 1 or part_of(e)]
  return names[region] or faults.name(e.pid, region or nil, in_kernel)
end

memory.model.records.fault = on_fault

return faults
