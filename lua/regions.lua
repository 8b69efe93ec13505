-- SPDX-License-Identifier: MIT
--
-- regions: the mappings of an address space, as a sorted list. A region is a table that is never
-- changed, see regions.make; whoever held one keeps what it was. (What faults call it they keep in it: name.)
-- Neighbours that differ in nothing are one, as in /proc/PID/maps. A list may have several owners (after
-- fork); it is copied when one of them changes it.

local core = require "compendium.core"

local regions = {}

local STACK_MOST <const> = 1 << 30 -- by which a stack may have grown since it was seen

-- A region: where it is, how it is protected and mapped (mmap's prot and flags), what it is (kind: heap, anon, file,
-- stack, shared), the file it is of and where in that it begins, or its System V segment. Of itself it says whether
-- its pages are `counted` as touched (files' are not: many of their pages come without a fault), and how far it
-- `grows` down when it is touched there.
function regions.make(addr, size, prot, flags, kind, path, offset, shm)
  return {
    addr = addr, size = size, prot = prot, flags = flags, kind = kind, path = path, offset = offset, shm = shm,
    counted = kind ~= "file", grows = path == "[stack]" and STACK_MOST or nil,
  }
end

-- An empty list.
function regions.new()
  return {owners = 1}
end

-- The list to be changed by one of its owners: itself, or a copy.
function regions.own(list)
  if list.owners == 1 then return list end
  list.owners = list.owners - 1
  local copy = table.move(list, 1, #list, 1, {})
  copy.owners = 1
  return copy
end

-- Index of the first region that ends after addr; #list + 1 when there is none.
local function first_after(list, addr)
  if list.spans then return list.spans:first_after(addr) end
  local low, high = 1, #list + 1
  while low < high do
    local middle = (low + high) // 2
    local region = list[middle]
    if region.addr + region.size > addr then high = middle else low = middle + 1 end
  end
  return low
end

-- Where they are, see core.spans: for faults, and made when the first one is looked up.
function regions.spans(list)
  local spans = list.spans
  if not spans then
    spans = core.spans()
    spans:put(1, 0, list)
    list.spans = spans
  end
  return spans
end

-- The region that addr is in, or nil.
function regions.find(list, addr)
  local region = list[first_after(list, addr)]
  return region and region.addr <= addr and region or nil
end

-- The part of a region in start .. stop - 1, which must overlap; elsewhere when shifted by `move`,
-- with other protection when `prot` is given.
local function part(region, start, stop, move, prot)
  local from = math.max(region.addr, start)
  local to = math.min(region.addr + region.size, stop)
  move, prot = move or 0, prot or region.prot
  if from == region.addr and to == region.addr + region.size and move == 0 and prot == region.prot then
    return region
  end
  local offset = region.offset and region.offset + (from - region.addr)
  return regions.make(from + move, to - from, prot, region.flags, region.kind, region.path, offset, region.shm)
end

-- The parts of regions in a range, moved and protected as said, in order.
function regions.parts(list, start, stop, move, prot)
  local found = {}
  local i = first_after(list, start)
  while list[i] and list[i].addr < stop do
    found[#found + 1] = part(list[i], start, stop, move, prot)
    i = i + 1
  end
  return found
end

local function is_one(a, b)
  return a.addr + a.size == b.addr and a.prot == b.prot and a.flags == b.flags and a.kind == b.kind
    and a.path == b.path and not a.shm and not b.shm
    and (not a.offset or not b.offset or a.offset + a.size == b.offset)
end

-- Where what changes ends when a range up to stop - 1 is to hold the regions of `new`: the region of which a part goes
-- there, and one that comes after and becomes one with what comes, are others then. One before the range only ends
-- elsewhere.
function regions.reach(list, stop, new)
  local i, reach, last = first_after(list, stop - 1), stop, new[#new]
  local region = list[i]
  if region and region.addr < stop then
    reach, region = region.addr + region.size, list[i + 1]
  end
  if region and last and region.addr == reach and is_one(last, region) then return region.addr + region.size end
  return reach
end

-- A region that is larger by so many bytes at its end.
function regions.grown(region, size)
  return regions.make(region.addr, region.size + size, region.prot, region.flags, region.kind, region.path,
    region.offset, region.shm)
end

local function append(pieces, region)
  local last = pieces[#pieces]
  if last and is_one(last, region) then
    pieces[#pieces] = regions.grown(last, region.size)
  else
    pieces[#pieces + 1] = region
  end
end

-- ---- changes

-- Puts pieces in place of list[i..j].
local function splice(list, i, j, pieces)
  local old, n = #list, #pieces
  local shift = n - (j - i + 1)
  if shift ~= 0 then table.move(list, j + 1, old, j + 1 + shift) end
  for k = old, old + shift + 1, -1 do list[k] = nil end
  table.move(pieces, 1, n, i, list)
  if list.spans then list.spans:put(i, j, pieces) end
end

-- Makes start .. stop - 1 hold exactly the regions of `new` (in order, inside the range), whatever was
-- there. change(region, sign) is told of each region that goes (-1) and comes (1).
function regions.replace(list, start, stop, new, change)
  local i = first_after(list, start)
  local j = i - 1
  while list[j + 1] and list[j + 1].addr < stop do j = j + 1 end
  local pieces = {}
  -- the neighbours take part, as they may be one with what comes
  local before = list[i - 1]
  if before and before.addr + before.size == start then
    i = i - 1
    append(pieces, before)
  end
  local first, last = list[i], list[j]
  if first and first ~= before and i <= j and first.addr < start then
    append(pieces, part(first, first.addr, start))
  end
  for _, region in ipairs(new) do append(pieces, region) end
  if last and j >= i and last.addr + last.size > stop then
    append(pieces, part(last, stop, last.addr + last.size))
  end
  local after = list[j + 1]
  if after and after.addr == stop then
    j = j + 1
    append(pieces, after)
  end
  for k = i, j do change(list[k], -1) end
  for _, piece in ipairs(pieces) do change(piece, 1) end
  splice(list, i, j, pieces)
end

return regions
