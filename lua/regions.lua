-- SPDX-License-Identifier: MIT
--
-- regions: the mappings of an address space, as a sorted list. A region is a table that is never
-- changed: {addr=, size=, prot=, flags=, kind=, path=, offset=, shm=}; whoever held one keeps what it was. (What faults
-- found out about it they keep in it: name, part.)
-- Neighbours that differ in nothing are one, as in /proc/PID/maps. A list may have several owners (after
-- fork); it is copied when one of them changes it.

local regions = {}

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
  local low, high = 1, #list + 1
  while low < high do
    local middle = (low + high) // 2
    local region = list[middle]
    if region.addr + region.size > addr then high = middle else low = middle + 1 end
  end
  return low
end

-- The first region that ends after addr, or nil, and its place in the list. `hint` (may be nil): the place of one that
-- it may be, or come after.
function regions.after(list, addr, hint)
  local near <const> = list[hint]
  if near and near.addr <= addr then
    if near.addr + near.size > addr then return near, hint end
    local after <const> = list[hint + 1]
    if after and after.addr + after.size > addr then return after, hint + 1 end
  end
  local i <const> = first_after(list, addr)
  return list[i], i
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
  return {
    addr = from + move, size = to - from, prot = prot, flags = region.flags, kind = region.kind,
    path = region.path, shm = region.shm, offset = region.offset and region.offset + (from - region.addr),
  }
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

local function append(pieces, region)
  local last = pieces[#pieces]
  if last and is_one(last, region) then
    pieces[#pieces] = {
      addr = last.addr, size = last.size + region.size, prot = last.prot, flags = last.flags,
      kind = last.kind, path = last.path, offset = last.offset,
    }
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
