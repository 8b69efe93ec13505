-- SPDX-License-Identifier: MIT
--
-- compare: what one run did that the other did not: two accounts of compendium.deeds as rows. What is the same by
-- name is looked at first; only what is left over is compared by likeness (compendium.likeness), so that a name that
-- happens to have a pid in it is not taken for another.
--
--   {mark = "-", "+" or "~", subject, left, right}: "-": the first run only; "+": the second one only; "~": both,
--   but not in the same way. left and right are texts.

local format <const> = require "compendium.format"
local likeness <const> = require "compendium.likeness"

local compare <const> = {}

local LEAST_SHARED <const> = 10 -- calls that both made, to tell how fast the machine was each time
-- A busy machine holds up any call for a while. Those that do not wait for somebody must be several to be believed,
-- or take as long as no machine is busy; and all must take twice as long as the longest of them, up to a limit.
local FEW <const>, LONE_NS <const>, STALL_MOST_NS <const> = 3, 1000000000, 500000000

-- ---- deeds

local function is_empty(set) return next(set) == nil end

local function mask_set(set, mask)
  local masked = {}
  for deed in pairs(set) do masked[mask(deed)] = true end
  return masked
end

local function equal(a, b)
  for key in pairs(a) do if not b[key] then return false end end
  for key in pairs(b) do if not a[key] then return false end end
  return true
end

-- Sorted: what a has and b has not. That something was found says nothing when more was done to it.
local function without(a, b)
  local list = {}
  for deed in pairs(a) do
    if not b[deed] then list[#list + 1] = deed end
  end
  table.sort(list)
  if #list > 1 then
    for i, deed in ipairs(list) do
      if deed == "found" then table.remove(list, i) break end
    end
  end
  return list
end

-- What stands in one run only, by its likeness: masked name -> {subject =, deeds =}.
local function left_over(rows, other, mask)
  local groups = {}
  for subject, set in pairs(rows) do
    if not other[subject] then
      local name = mask(subject)
      local group = groups[name]
      if not group then
        group = {subject = subject, deeds = {}}
        groups[name] = group
      end
      if subject < group.subject then group.subject = subject end
      for deed in pairs(mask_set(set, mask)) do group.deeds[deed] = true end
    end
  end
  return groups
end

local function row(subject, a, b)
  local left, right = without(a, b), without(b, a)
  return {
    mark = is_empty(a) and "+" or is_empty(b) and "-" or "~", subject = subject,
    left = table.concat(left, ", "), right = table.concat(right, ", "),
  }
end

local function by_subject(a, b)
  return a.subject < b.subject
end

-- The rows of one part of the accounts.
function compare.part(rows_a, rows_b, mask_a, mask_b)
  local found = {}
  for subject, a in pairs(rows_a) do
    local b = rows_b[subject]
    if b and not equal(a, b) then
      local masked_a, masked_b = mask_set(a, mask_a), mask_set(b, mask_b)
      if not equal(masked_a, masked_b) then found[#found + 1] = row(subject, a, b) end
    end
  end
  local groups_a, groups_b = left_over(rows_a, rows_b, mask_a), left_over(rows_b, rows_a, mask_b)
  for name, a in pairs(groups_a) do
    local b = groups_b[name]
    if not b then
      found[#found + 1] = row(a.subject, a.deeds, {})
    elseif not equal(a.deeds, b.deeds) then
      found[#found + 1] = row(name, a.deeds, b.deeds)
    end
  end
  for name, b in pairs(groups_b) do
    if not groups_a[name] then found[#found + 1] = row(b.subject, {}, b.deeds) end
  end
  table.sort(found, by_subject)
  return found
end

-- ---- times

local function median(sample)
  local sorted = table.move(sample, 1, #sample, 1, {})
  table.sort(sorted)
  return sorted[(#sorted + 1) // 2]
end

local function merge(into, time)
  into.count, into.waits = into.count + time.count, into.waits or time.waits
  table.move(time.sample, 1, #time.sample, #into.sample + 1, into.sample)
end

-- Times by name, those of one run only by their likeness.
local function times_of(account, other, mask)
  local times = {}
  for name, time in pairs(account.times) do
    local key = other.times[name] and name or mask(name)
    times[key] = times[key] or {count = 0, sample = {}}
    merge(times[key], time)
  end
  for _, time in pairs(times) do time.median = median(time.sample) end
  return times
end

-- How much slower all of the second run was that does not wait: what a busy machine does to every call is no news.
local function pace(times_a, times_b)
  local ratios = {}
  for name, a in pairs(times_a) do
    local b = times_b[name]
    if b and not a.waits and a.median > 0 and b.median > 0 then ratios[#ratios + 1] = b.median / a.median end
  end
  return #ratios >= LEAST_SHARED and median(ratios) or 1
end

-- The longest time that a call took which does not wait.
local function longest_stall(times)
  local longest = 0
  for _, time in pairs(times) do
    for _, duration in ipairs(not time.waits and time.sample or {}) do longest = math.max(longest, duration) end
  end
  return longest
end

-- Whether b is slower than a: its usual call, and so much in all that a stall of the machine does not do it.
local function is_slower(a, b, limits, speed)
  local factor = limits.factor * (a.waits and 1 or math.max(1, speed))
  local count = math.min(a.count, b.count)
  local floor = not a.waits and count < FEW and math.max(limits.floor, LONE_NS) or limits.floor
  return b.median >= a.median * factor and (b.median - a.median) * count >= floor
end

local function time_row(name, a, b)
  local is_up = b.median > a.median
  local ratio = is_up and b.median / math.max(1, a.median) or a.median / math.max(1, b.median)
  return {
    mark = "~", subject = name, ratio = ratio,
    left = format.duration(a.median),
    right = ("%s: %.0f times %s, %s"):format(format.duration(b.median), ratio, is_up and "slower" or "faster",
      format.count(b.count, "call")),
  }
end

-- limits: {factor =, floor = ns}. Calls of both runs whose usual time changed by the factor, the largest first.
function compare.times(a, b, mask_a, mask_b, limits)
  local times_a, times_b = times_of(a, b, mask_a), times_of(b, a, mask_b)
  local speed, found = pace(times_a, times_b), {}
  local stall = math.max(longest_stall(times_a), longest_stall(times_b))
  limits = {factor = limits.factor, floor = math.max(limits.floor, math.min(2 * stall, STALL_MOST_NS))}
  for name, time in pairs(times_a) do
    local other = times_b[name]
    if other and (is_slower(time, other, limits, speed) or is_slower(other, time, limits, 1 / speed)) then
      found[#found + 1] = time_row(name, time, other)
    end
  end
  table.sort(found, function(x, y)
    return x.ratio > y.ratio or x.ratio == y.ratio and x.subject < y.subject
  end)
  return found
end

-- ---- all of it

local PARTS <const> = {
  {"files", "Files"}, {"connections", "Connections"}, {"programs", "Programs"}, {"errors", "Other failures"},
}

-- Sections {heading, rows} with what differs; none when nothing does.
function compare.accounts(a, b, limits)
  local mask_a, mask_b = likeness.of(a, b)
  local sections = {}
  for _, part in ipairs(PARTS) do
    local rows = compare.part(a[part[1]], b[part[1]], mask_a, mask_b)
    if #rows > 0 then sections[#sections + 1] = {part[2], rows} end
  end
  local rows = compare.times(a, b, mask_a, mask_b, limits)
  if #rows > 0 then sections[#sections + 1] = {"Times", rows} end
  return sections
end

return compare
