-- SPDX-License-Identifier: MIT
--
-- top: amounts by name in bounded memory: which files, how many bytes. When there are more names
-- than the limit, those with the smallest amounts are forgotten and only counted, so the largest
-- and the sum stay right. Used by the sections of the summary.

local Top <const> = {}
Top.__index = Top

local top <const> = {}

-- limit: names to keep at most.
function top.new(limit)
  return setmetatable({amounts = {}, kept = 0, dropped = 0, sum = 0, limit = limit}, Top)
end

local function by_amount(a, b)
  if a[2] ~= b[2] then
    return a[2] > b[2]
  end
  return tostring(a[1]) < tostring(b[1])
end

local function sorted(amounts, before)
  local list = {}
  for name, amount in pairs(amounts) do
    list[#list + 1] = {name, amount}
  end
  table.sort(list, before)
  return list
end

local function forget_smaller_half(self)
  local list = sorted(self.amounts, by_amount)
  for i = #list // 2 + 1, #list do
    self.amounts[list[i][1]] = nil
    self.kept, self.dropped = self.kept - 1, self.dropped + 1
  end
end

function Top:add(name, amount)
  self.sum = self.sum + amount
  local known = self.amounts[name]
  if not known then
    if self.kept >= self.limit then
      forget_smaller_half(self)
    end
    self.kept = self.kept + 1
  end
  self.amounts[name] = (known or 0) + amount
end

-- How many names there were. Not exact when some were forgotten, since one may have come back.
function Top:count()
  return self.kept + self.dropped, self.dropped == 0
end

-- Array of {name, amount}, largest first; names for which last(name) is true come after all others.
function Top:largest(last)
  if not last then
    return sorted(self.amounts, by_amount)
  end
  local behind = {}
  for name in pairs(self.amounts) do
    behind[name] = last(name) or nil
  end
  return sorted(self.amounts, function(a, b)
    if behind[a[1]] ~= behind[b[1]] then
      return behind[b[1]] == true
    end
    return by_amount(a, b)
  end)
end

return top
