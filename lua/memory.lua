-- SPDX-License-Identifier: MIT
--
-- memory: what every address space holds, as far as calls made it: heap (brk), mappings, shared
-- segments. What the kernel maps by itself at exec (the program, its stack) makes no call and is not
-- counted, unless it was there before the trace. Sizes are of address space, in whole pages. How much of
-- it is really used is told by page faults (`touched`, files left out) and by samples of what the kernel
-- says (`rss`, `pss`), where there are any. A fork's child has all that its parent has.
--
-- Totals are tables {bytes, regions, heap, anon, file, stack, shared, touched, rss, pss}, in bytes. They go
-- when the last task with that memory does; `memory.peak` is the moment at which the sum was largest,
-- `memory.most` holds the most there ever was of each of MEASURES.

local calls = require "compendium.calls"
local core = require "compendium.core"
local fds = require "compendium.fds"
local regions = require "compendium.regions"
local tasks = require "compendium.tasks"

local PAGE <const>, PAGE_SHIFT <const> = 4096, 12
local CLONE_VM <const> = 0x100
local MAP_TYPE <const>, MAP_SHARED <const>, MAP_SHARED_VALIDATE <const> = 0xf, 1, 3
local MAP_GROWSDOWN <const>, MAP_ANONYMOUS <const>, MAP_STACK <const> = 0x100, 0x20, 0x20000
local MAP_HUGETLB <const>, HUGE_SHIFT <const>, HUGE_MASK <const>, HUGE_DEFAULT <const> = 0x40000, 26, 0x3f, 21
-- What tells mappings apart; the rest says how they were made.
local KEPT_FLAGS <const> = MAP_TYPE | MAP_GROWSDOWN | MAP_ANONYMOUS | MAP_HUGETLB
local MREMAP_DONTUNMAP <const> = 4
local PROT_READ_WRITE <const> = 3
local KINDS <const> = {"heap", "anon", "file", "stack", "shared"}
local MEASURES <const> = {"touched", "rss", "pss"}
local SEGMENTS_KEPT <const> = 10000
local ENDED_KEPT <const> = 4096

local function new_totals()
  return {bytes = 0, regions = 0, heap = 0, anon = 0, file = 0, stack = 0, shared = 0, touched = 0, rss = 0, pss = 0}
end

local function new_most()
  return {touched = 0, rss = 0, pss = 0}
end

local memory = {
  total = new_totals(), -- of all address spaces now
  peak = new_totals(),  -- the same when `bytes` was largest; time: when that was
  most = new_most(),    -- of all address spaces together
}

local function page_up(size)
  return (size + PAGE - 1) & ~(PAGE - 1)
end

local function int(value)
  return (value & 0x7fffffff) - (value & 0x80000000)
end

-- ---- totals

local function add(totals, other, sign)
  totals.bytes = totals.bytes + sign * other.bytes
  totals.regions = totals.regions + sign * other.regions
  for _, kind in ipairs(KINDS) do totals[kind] = totals[kind] + sign * other[kind] end
  for _, name in ipairs(MEASURES) do totals[name] = totals[name] + sign * other[name] end
end

-- What was measured of an address space is now that much.
local function measure(mm, name, bytes)
  local total, most = memory.total, memory.most
  total[name] = total[name] + bytes - mm.totals[name]
  mm.totals[name] = bytes
  if bytes > mm.most[name] then mm.most[name] = bytes end
  if total[name] > most[name] then most[name] = total[name] end
end

local function assign(totals, other)
  for key, value in pairs(other) do totals[key] = value end
end

local function note_peak(time)
  if memory.total.bytes <= memory.peak.bytes then return end
  assign(memory.peak, memory.total)
  memory.peak.time = time
end

-- ---- address spaces

local function make()
  return {
    list = regions.new(), pages = {owners = 1, pages = core.pages()}, totals = new_totals(), peak = new_totals(),
    most = new_most(),
  }
end

local function copy(mm)
  mm.list.owners, mm.pages.owners = mm.list.owners + 1, mm.pages.owners + 1
  local child = {
    kernel = mm.kernel, list = mm.list, pages = mm.pages, totals = new_totals(), peak = new_totals(), most = new_most(),
    brk_start = mm.brk_start, brk = mm.brk,
  }
  assign(child.totals, mm.totals)
  child.totals.rss, child.totals.pss = 0, 0 -- until it is asked about
  assign(child.peak, child.totals)
  child.most.touched = child.totals.touched
  add(memory.total, child.totals, 1)
  return child
end

local ended, ended_count = {}, 0 -- pid -> {peak, most} of memory that is gone, of several the largest

-- What goes with exec or at the end of a process stays known by its number.
local function bury(mm, pid)
  local known = ended[pid]
  if known and known[1].bytes > mm.peak.bytes then return end
  if not known and ended_count >= ENDED_KEPT then return end
  ended[pid], ended_count = {mm.peak, mm.most}, ended_count + (known and 0 or 1)
end

local function drop(mm, e)
  if e and (e.kind == "exit" or e.kind == "exec") then bury(mm, e.pid) end
  mm.list.owners, mm.pages.owners = mm.list.owners - 1, mm.pages.owners - 1
  if mm.pages.owners == 0 then mm.pages.pages:free() end
  add(memory.total, mm.totals, -1)
end

tasks.resource {
  key = "mm", id = 4, flag = CLONE_VM, make = make, copy = copy, drop = drop, exec = function() return make() end,
}

local function mm_of(e)
  return tasks.of(e.tid, e.pid).mm
end

-- Puts regions in place of whatever was in a range, and keeps the totals.
local function replace(mm, start, stop, new, time)
  if stop <= start then return end
  -- what was touched there is looked up in what is there now
  if core.kept() then core.gather(start, regions.reach(mm.list, stop, new)) end
  mm.list = regions.own(mm.list)
  local totals, total = mm.totals, memory.total
  regions.replace(mm.list, start, stop, new, function(region, sign)
    local kind, size = region.kind, sign * region.size
    totals.bytes, totals.regions, totals[kind] = totals.bytes + size, totals.regions + sign, totals[kind] + size
    total.bytes, total.regions, total[kind] = total.bytes + size, total.regions + sign, total[kind] + size
  end)
  if totals.bytes > mm.peak.bytes then assign(mm.peak, totals) end
  note_peak(time)
end

-- ---- pages that were touched

-- The set of pages (see core.pages) that were touched of an address space, to be changed. Whoever adds to it says so by
-- memory.touched.
function memory.pages(mm)
  local set = mm.pages
  if set.owners > 1 then
    set.owners = set.owners - 1
    set = {owners = 1, pages = set.pages:copy()}
    mm.pages = set
  end
  return set.pages
end

-- Pages of it were touched.
function memory.touched(mm)
  measure(mm, "touched", mm.pages.pages:count() * PAGE)
end

-- Nothing is there any more: the next touch is a first one. Before there is less, all that was touched is counted, so
-- that the most there was is known.
local function forget_pages(mm, start, stop)
  if stop <= start then return end
  if core.kept() then core.gather(start, stop) end
  local first <const>, n <const> = start >> PAGE_SHIFT, stop - start >> PAGE_SHIFT
  if mm.totals.touched == 0 or mm.pages.pages:count(first, n) == 0 then return end
  core.gather()
  memory.pages(mm):remove(first, n)
  memory.touched(mm)
end

local function move_pages(mm, from, to, size)
  if core.kept() then core.gather(from, from + size) end
  if mm.totals.touched == 0 then return end
  memory.pages(mm):move(from >> PAGE_SHIFT, to >> PAGE_SHIFT, size >> PAGE_SHIFT)
end

-- ---- what others ask

-- The region an address of a process is in, or nil.
function memory.find(pid, addr)
  local task = tasks.leader(pid)
  return task and regions.find(task.mm.list, addr)
end

-- The address space of a process: {list=, pages=, kernel=...}, or nil.
function memory.space(pid)
  local task = tasks.leader(pid)
  return task and task.mm
end

-- Totals of a process now, when they were largest, and the most there was of each of MEASURES. Of one that has
-- ended the first is nil; of one that is not known, all.
function memory.of(pid)
  local task = tasks.leader(pid)
  if task then return task.mm.totals, task.mm.peak, task.mm.most end
  local known = ended[pid]
  if known then return nil, known[1], known[2] end
end

-- ---- mmap and its like

local function mapping_size(size, flags)
  if flags & MAP_HUGETLB == 0 then return page_up(size) end
  local shift = flags >> HUGE_SHIFT & HUGE_MASK
  local page = 1 << (shift ~= 0 and shift or HUGE_DEFAULT)
  return (size + page - 1) & ~(page - 1)
end

local function kind_of(flags, file)
  local shared = flags & MAP_TYPE == MAP_SHARED or flags & MAP_TYPE == MAP_SHARED_VALIDATE
  if flags & MAP_ANONYMOUS == 0 and not (file and file.kind == "anon") then return "file" end
  if flags & (MAP_STACK | MAP_GROWSDOWN) ~= 0 then return "stack" end
  return shared and "shared" or "anon"
end

local function on_mmap(e)
  local ret = e.ret
  if e.error or not ret then return end
  local row = calls[e.syscall]
  local flags = e.raw[4]
  local backed = flags & MAP_ANONYMOUS == 0
  local file = backed and fds.lookup(e.tid, e.pid, int(e.raw[5])) or nil
  local size = mapping_size(e.raw[2], flags)
  local offset, mm = backed and e.args[6] or nil, mm_of(e)
  forget_pages(mm, ret, ret + size)
  replace(mm, ret, ret + size, {regions.make(ret, size, e.raw[3], flags & KEPT_FLAGS, kind_of(flags, file),
    file and file.name, offset and row.pages and offset * PAGE or offset)}, e.time)
end

local function on_munmap(e)
  if e.error or not e.ret then return end
  local mm, start = mm_of(e), e.raw[1]
  forget_pages(mm, start, start + page_up(e.raw[2]))
  replace(mm, start, start + page_up(e.raw[2]), {}, e.time)
end

local function on_mprotect(e)
  if e.error or not e.ret then return end
  local mm, start = mm_of(e), e.raw[1]
  local stop = start + page_up(e.raw[2])
  local parts = regions.parts(mm.list, start, stop, 0, e.raw[3])
  -- gaps stay gaps, so each part is put in place by itself
  for _, part in ipairs(parts) do replace(mm, part.addr, part.addr + part.size, {part}, e.time) end
end

local DROPS <const> = {[4] = true, [9] = true, [24] = true} -- MADV_DONTNEED, _REMOVE, _DONTNEED_LOCKED

local function on_madvise(e)
  if e.error or not e.ret or not DROPS[e.raw[3] & 0xffffffff] then return end
  forget_pages(mm_of(e), e.raw[1], e.raw[1] + page_up(e.raw[2]))
end

-- The last of the moved parts takes what a mapping grows by.
local function grown(parts, stop)
  local last = parts[#parts]
  parts[#parts] = regions.grown(last, stop - last.addr - last.size)
  return parts
end

local function on_mremap(e)
  local to = e.ret
  e.old_addr, e.addr = e.raw[1], to and to >= 0 and to or nil
  if e.error or not to then return end
  local mm, from, flags = mm_of(e), e.raw[1], e.raw[4]
  local old_size, new_size = page_up(e.raw[2]), page_up(e.raw[3])
  -- a size of 0 makes a second mapping of what a shared one maps
  local seen = old_size == 0 and new_size or math.min(old_size, new_size)
  local parts = regions.parts(mm.list, from, from + seen, to - from)
  if #parts == 0 then
    parts[1] = regions.make(to, new_size, PROT_READ_WRITE, MAP_ANONYMOUS, "anon")
  end
  if to == from then
    forget_pages(mm, to + new_size, from + old_size)
  elseif old_size ~= 0 then
    forget_pages(mm, to, to + new_size)
    move_pages(mm, from, to, seen)
    forget_pages(mm, from, from + old_size)
  end
  if old_size ~= 0 and flags & MREMAP_DONTUNMAP == 0 then replace(mm, from, from + old_size, {}, e.time) end
  replace(mm, to, to + new_size, grown(parts, to + new_size), e.time)
end

-- brk returns where the heap ends, also when it refuses.
local function on_brk(e)
  local new = e.ret
  if not new or e.error then return end
  local mm = mm_of(e)
  local old = mm.brk or new
  mm.brk_start, mm.brk = mm.brk_start or new, new
  e.addr, e.size = new, new - old
  local from, to = page_up(old), page_up(new)
  if to > from then
    replace(mm, from, to, {regions.make(from, to - from, PROT_READ_WRITE, MAP_ANONYMOUS, "heap")}, e.time)
  else
    forget_pages(mm, to, from)
    replace(mm, to, from, {}, e.time)
  end
end

-- ---- System V segments

local segments, segment_count = {}, 0 -- size by id

local function on_shmget(e)
  local id, size = e.ret, e.raw[2]
  if not id or id < 0 or size == 0 then return end -- 0: it exists already
  if segment_count >= SEGMENTS_KEPT then segments, segment_count = {}, 0 end
  if not segments[id] then segment_count = segment_count + 1 end
  segments[id] = page_up(size)
end

local function on_shmat(e)
  local addr, id = e.ret, int(e.raw[1])
  if e.error or not addr then return end
  local size = segments[id]
  e.addr, e.size = addr, size
  if not size then return end
  replace(mm_of(e), addr, addr + size,
    {regions.make(addr, size, PROT_READ_WRITE, MAP_SHARED, "shared", "shm:" .. id, nil, id)}, e.time)
end

local function on_shmdt(e)
  local mm, addr = mm_of(e), e.raw[1]
  if e.error or not e.ret then return end
  local region = regions.find(mm.list, addr)
  if not region or not region.shm then return end
  e.size = region.size
  forget_pages(mm, region.addr, region.addr + region.size)
  replace(mm, region.addr, region.addr + region.size, {}, e.time)
end

-- ---- what was there before

local function on_map(e)
  local path = e:piece(1, "self")
  local start, size, mm = e.raw[1], e.raw[2], mm_of(e)
  if path and path:sub(1, 2) == "[v" then -- vdso, vvar, vsyscall: the kernel's, and not counted
    mm.kernel = mm.kernel or {}
    table.insert(mm.kernel, {addr = start, size = size, prot = e.raw[3], kind = "kernel", path = path})
    return
  end
  local kind
  if path == "[heap]" then
    kind, mm.brk_start, mm.brk = "heap", start, start + size
  elseif path and path:find("^%[stack") then
    kind = "stack"
  elseif path and path:byte(1) == 0x2f then
    kind = "file"
  else
    kind = e.raw[4] & MAP_TYPE == MAP_SHARED and "shared" or "anon"
  end
  replace(mm, start, start + size, {regions.make(start, size, e.raw[3], e.raw[4] & KEPT_FLAGS, kind, path,
    kind == "file" and e.raw[5] or nil)}, e.time)
end

-- What the kernel said of a process at that moment. After its end nobody is to be told.
local function on_usage(e)
  local task = tasks.leader(e.pid)
  if not task then return end
  measure(task.mm, "rss", e.raw[1])
  measure(task.mm, "pss", e.raw[2])
end

memory.model = {
  calls = {
    mmap = on_mmap, mmap2 = on_mmap, munmap = on_munmap, mprotect = on_mprotect, pkey_mprotect = on_mprotect,
    mremap = on_mremap, brk = on_brk, shmget = on_shmget, shmat = on_shmat, shmdt = on_shmdt,
  },
  records = {map = on_map, usage = on_usage},
  with_faults = {madvise = on_madvise}, -- calls that are of interest only where faults are told
  needs = {"fds"},
}

return memory
