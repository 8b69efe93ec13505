-- SPDX-License-Identifier: MIT
--
-- pages: a set of pages of an address space: those that were touched. 64 pages are the bits of one integer, so a
-- page that follows others costs no memory, and gigabytes are a few thousand integers. A set may have several
-- owners (after fork); it is copied when one of them changes it. Beside regions, under memory.

local pages = {}

local function popcount(x)
  x = x - (x >> 1 & 0x5555555555555555)
  x = (x & 0x3333333333333333) + (x >> 2 & 0x3333333333333333)
  x = x + (x >> 4) & 0x0f0f0f0f0f0f0f0f
  return x * 0x0101010101010101 >> 56
end

-- An empty set; `count` pages are in it, in `words` integers.
function pages.new()
  return {owners = 1, count = 0, words = 0, bits = {}}
end

-- The set to be changed by one of its owners: itself, or a copy.
function pages.own(set)
  if set.owners == 1 then return set end
  set.owners = set.owners - 1
  local bits = {}
  for word, value in pairs(set.bits) do bits[word] = value end
  return {owners = 1, count = set.count, words = set.words, bits = bits}
end

-- The bits of pages at .. at + n - 1 of a word.
local function mask_of(at, n)
  return (n >= 64 and -1 or (1 << n) - 1) << at
end

local function add_many(set, first, n)
  local bits, already = set.bits, 0
  local stop = first + n
  while first < stop do
    local word, at = first >> 6, first & 63
    local fit = math.min(64 - at, stop - first)
    local mask, old = mask_of(at, fit), bits[word]
    if not old then
      bits[word], set.words = mask, set.words + 1
    elseif old & mask == 0 then
      bits[word] = old | mask
    else
      already = already + popcount(old & mask)
      bits[word] = old | mask
    end
    first = first + fit
  end
  set.count = set.count + n - already
  return already
end

-- Adds pages of one word (address / page size / 64), given as its bits. Returns how many were in the set before.
function pages.add_word(set, word, mask)
  local bits <const> = set.bits
  local old <const> = bits[word]
  if not old then
    bits[word], set.words, set.count = mask, set.words + 1, set.count + popcount(mask)
    return 0
  end
  local already <const> = old & mask ~= 0 and popcount(old & mask) or 0
  bits[word], set.count = old | mask, set.count + popcount(mask) - already
  return already
end

-- Adds n pages from `first` (address / page size) on. Returns how many of them were in the set before.
function pages.add(set, first, n)
  if n > 1 then return add_many(set, first, n) end
  if n < 1 then return 0 end
  local bits, word, mask = set.bits, first >> 6, 1 << (first & 63)
  local old = bits[word]
  if not old then
    bits[word], set.words = mask, set.words + 1
  elseif old & mask ~= 0 then
    return 1
  else
    bits[word] = old | mask
  end
  set.count = set.count + 1
  return 0
end

local function clear(set, word, mask)
  local old = set.bits[word]
  if not old or old & mask == 0 then return end
  set.count = set.count - popcount(old & mask)
  local left = old & ~mask
  set.bits[word] = left ~= 0 and left or nil
  if left == 0 then set.words = set.words - 1 end
end

-- Calls visit(word, mask) for each word of the set that may have pages among n from `first` on.
local function each_word(set, first, n, visit)
  local stop = first + n
  local low, high = first >> 6, stop - 1 >> 6
  local function mask(word)
    local from, to = math.max(first, word << 6), math.min(stop, word + 1 << 6)
    return mask_of(from & 63, to - from)
  end
  if high - low > set.words then -- reservations are larger than what is used of them
    for word in pairs(set.bits) do
      if word >= low and word <= high then visit(word, mask(word)) end
    end
  else
    for word = low, high do visit(word, mask(word)) end
  end
end

-- Takes n pages from `first` on out of the set.
function pages.remove(set, first, n)
  if n > 0 and set.count > 0 then
    each_word(set, first, n, function(word, mask) clear(set, word, mask) end)
  end
end

-- Those of n pages from `from` on that are in the set are at `to` instead, and nothing else is there.
function pages.move(set, from, to, n)
  local found = {}
  if n <= 0 then return end
  each_word(set, from, n, function(word, mask)
    local value = (set.bits[word] or 0) & mask
    for at = 0, 63 do
      if value >> at & 1 ~= 0 then found[#found + 1] = (word << 6) + at end
    end
  end)
  pages.remove(set, from, n)
  pages.remove(set, to, n)
  for _, page in ipairs(found) do pages.add(set, page - from + to, 1) end
end

return pages
