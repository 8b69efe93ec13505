-- SPDX-License-Identifier: MIT
--
-- faults: which memory a page fault touched. A record is a run of pages touched one after the other;
-- it becomes one event for each region the run goes through, as the regions were at that time. Where only
-- the lines and the summary listen, records that follow each other are told of together (see core.fault), by
-- what each task did in a region. The step between memory (the regions) and the lines and the summary.
--
-- What a region is called (`what`): heap, stack, thread stack, malloc arena, anonymous memory, shared
-- memory, file, vdso, new program (what exec touches before the program runs), unknown memory.

local core = require "compendium.core"
local memory = require "compendium.memory"
local regions = require "compendium.regions"

local faults = {}

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

-- The region that was touched at that address: the stack grows when it is touched below its end. Faults come by
-- addresses, so most are in the region of the one before, or in the next.
local function find(mm, addr)
  local region <const>, place <const> = regions.after(mm.list, addr, mm.place)
  mm.place = place
  if region and (region.addr <= addr or region.path == "[stack]" and region.addr - addr <= STACK_MOST) then
    return region
  end
  for _, own in ipairs(mm.kernel or {}) do
    if own.addr <= addr and addr < own.addr + own.size then return own end
  end
end

-- What is told of now: the records' faults of one task in one region are a part.
local times, tids, pids, majors, kernels = {}, {}, {}, {}, {} -- when one of them was; whose they are, and how
local addrs, pages, places, agains, counts, whats = {}, {}, {}, {}, {}, {}
local count = 0

-- Of the records that are being looked at: they are alike in all this.
local mm, time, pid, tid, is_major, in_kernel = UNKNOWN, 0, 0, 0, false, false
local has_touched = false -- pages of mm, which memory was not told yet

local function settle()
  if has_touched then memory.touched(mm) end
  has_touched = false
end

local function change_task(i)
  settle()
  time, pid, tid, is_major, in_kernel = core.faulter(i)
  mm = memory.space(pid) or UNKNOWN
end

-- The part of their fault there; with nothing in it yet when it is new.
local function part_for(addr, region)
  local part = region and region.part -- the latest one, maybe of other records
  if part and part <= count and places[part] == region and tids[part] == tid and majors[part] == is_major
    and kernels[part] == in_kernel then
    return part
  end
  part = count + 1
  count, times[part], tids[part], pids[part], majors[part], kernels[part] = part, time, tid, pid, is_major, in_kernel
  addrs[part], pages[part], places[part], agains[part], counts[part] = addr, 0, region or false, 0, 0
  whats[part] = faults.name(pid, region, in_kernel)
  if region then region.part = part end
  return part
end

-- Files are not counted as touched: many pages of theirs come without a fault.
local function is_counted(region)
  return region and region.kind ~= "file" and region.kind ~= "kernel"
end

-- A record whose pages are in several regions, or in none that is known.
local function add_record(addr, left)
  if left < 1 then left = 1 elseif left > RUN_MOST then left = RUN_MOST end
  repeat
    local region = find(mm, addr)
    local part, fit = part_for(addr, region), left
    if region then
      fit = (region.addr + region.size - (addr & -PAGE)) // PAGE
      if fit < 1 then fit = 1 elseif fit > left then fit = left end
    end
    if is_counted(region) then
      agains[part] = agains[part] + memory.pages(mm):add(addr >> PAGE_SHIFT, fit)
      has_touched = true
    end
    pages[part], counts[part] = pages[part] + fit, counts[part] + 1
    addr, left = (addr & -PAGE) + fit * PAGE, left - fit
  until left <= 0
end

-- Runs of one task from the i-th on that are in one region. Returns the number of the first that is not.
local function add_runs(i, addr, region)
  local counted <const> = is_counted(region)
  local stop, n, records, again = core.touch(i, region.addr, region.addr + region.size, counted and memory.pages(mm))
  if records > 0 then
    local part <const> = part_for(addr, region)
    pages[part], counts[part], agains[part] = pages[part] + n, counts[part] + records, agains[part] + again
    has_touched = has_touched or counted and again < n
  end
  return stop
end

-- Of each run, a part for each region that its pages are in, beside those that were not told of yet. There are very
-- many, and most are in the region of the one before.
local function on_fault(_, goes_on)
  local fault <const> = core.fault
  local i, addr, is_same, records = 1, fault(1)
  if not goes_on then count = 0 end
  while addr do
    if not is_same then change_task(i) end
    local region <const> = find(mm, addr)
    local stop <const> = region and add_runs(i, addr, region) or i
    if stop == i then
      for k = 1, records do add_record(core.fault_record(i, k)) end
      i = i + 1
    else
      i = stop
    end
    addr, is_same, records = fault(i)
  end
  settle()
end

-- How many parts there are: events, when one record is told of.
function faults.split()
  return count
end

-- A part: region or nil, number of pages, how many of them had been touched before, whether they came from the disk,
-- whether the kernel touched them; pid and tid; how many events it would be if each record was told of by itself.
function faults.part(i)
  return places[i] or nil, pages[i], agains[i], majors[i], kernels[i], pids[i], tids[i], counts[i]
end

-- What a part's region is called, and the part's number of events.
function faults.what_of(i)
  return whats[i], counts[i]
end

-- A part's address and time.
function faults.start_of(i)
  return addrs[i], times[i]
end

-- Which of them the event is.
local function part_of(e)
  return count == 1 and 1 or e.index or 1
end

-- Address, number of pages, and region of the event; how many of the pages had been touched before; whether they came
-- from the disk, and whether the kernel touched them.
function faults.of(e)
  local i = part_of(e)
  local region, n, again, from_disk, by_kernel = faults.part(i)
  return addrs[i], n, region, again, from_disk, by_kernel
end

-- What the event's region is called.
function faults.what(e)
  return (faults.what_of(part_of(e)))
end

memory.model.records.fault = on_fault

return faults
