-- SPDX-License-Identifier: MIT
--
-- stats: what scripts count with: amounts by name, distributions, rates. All take bounded memory, however
-- long the program runs.

local errors <const> = require "compendium.api_errors"
local text <const> = require "compendium.text"
local top <const> = require "compendium.top"

local stats <const> = {}

--- # Counting

-- ---- counters

local Counter <const> = {}
Counter.__index = Counter

--- counter(limit?: integer): Counter
--- amounts by name; beyond `limit` names (10,000) the smallest are forgotten
function stats.counter(limit)
  local names = top.new(limit or 10000)
  return setmetatable({names = names}, Counter)
end

--- Counter:add(name: any, amount?: number)
--- one more, or that much more; a nil name counts as "-"
function Counter:add(name, amount) self.names:add(name == nil and "-" or name, amount or 1) end

--- Counter:get(name: any): number
--- how much there is of it: 0 when it is not known
function Counter:get(name) return self.names.amounts[name] or 0 end

--- Counter:sum(): number
--- of all names, also of forgotten ones
function Counter:sum() return self.names.sum end

--- Counter:count(): integer
--- how many names there were
function Counter:count() return (self.names:count()) end

--- Counter:top(n?: integer): any[][]
--- rows of name and amount, the largest first
function Counter:top(n)
  local list = self.names:largest()
  for i = #list, (n or #list) + 1, -1 do list[i] = nil end
  return list
end

-- ---- distributions

local FINE <const> = 4 -- bits: 16 buckets for each power of two, so a percentile is off by 6 % at most
local BAR <const> = 40

local Histogram <const> = {}
Histogram.__index = Histogram

--- histogram(step?: integer): Histogram
--- a distribution of integers from 0 on, by powers of two or in steps: `.count`, `.sum`, `.min`, `.max`
function stats.histogram(step)
  if step and (math.type(step) ~= "integer" or step < 1) then
    errors.blame("a histogram's step is an integer above 0")
  end
  return setmetatable({buckets = {}, step = step, count = 0, sum = 0}, Histogram)
end

local function bits(value)
  local n = 0
  for shift = 5, 0, -1 do
    if value >> (1 << shift) > 0 then
      n = n + (1 << shift)
      value = value >> (1 << shift)
    end
  end
  return n + 1
end

-- Bucket of a value, and the first value of a bucket.
local function bucket_of(value)
  if value < 1 << FINE then return value end
  local shift = bits(value) - FINE - 1
  return (shift << FINE) + (value >> shift)
end

local function first_of(bucket)
  local shift = (bucket >> FINE) - 1
  if shift < 0 then return bucket end
  return ((bucket & ((1 << FINE) - 1)) + (1 << FINE)) << shift
end

--- Histogram:add(value?: number)
--- nil is nothing, below 0 is 0
function Histogram:add(value)
  if not value then return end
  value = value < 0 and 0 or math.tointeger(value) or math.floor(value)
  local bucket = self.step and value // self.step or bucket_of(value)
  self.buckets[bucket] = (self.buckets[bucket] or 0) + 1
  self.count, self.sum = self.count + 1, self.sum + value
  self.min, self.max = math.min(self.min or value, value), math.max(self.max or value, value)
end

local function start_of(self, bucket) return self.step and bucket * self.step or first_of(bucket) end

local function sorted(self)
  local list = {}
  for bucket in pairs(self.buckets) do list[#list + 1] = bucket end
  table.sort(list)
  return list
end

--- Histogram:percentile(p: number): integer?
--- a value that p % (0 to 100) of all do not exceed; nil when there is none
function Histogram:percentile(p)
  local left = self.count * p / 100
  for _, bucket in ipairs(sorted(self)) do
    left = left - self.buckets[bucket]
    if left <= 0 then return math.min(self.max, math.max(self.min, start_of(self, bucket + 1) - 1)) end
  end
end

--- Histogram:mean(): number?
--- nil when there is none
function Histogram:mean() return self.count > 0 and self.sum / self.count or nil end

--- Histogram:lines(show?: fun(value: integer): string): string[]
--- bars, one for each power of two or step; `show` says how a value looks, such as `duration`
function Histogram:lines(show)
  local amounts, order, most = {}, {}, 0
  for _, bucket in ipairs(sorted(self)) do
    local start = start_of(self, bucket)
    if not self.step then start = start == 0 and 0 or 1 << (bits(start) - 1) end
    if not amounts[start] then order[#order + 1] = start end
    amounts[start] = (amounts[start] or 0) + self.buckets[bucket]
    most = math.max(most, amounts[start])
  end
  local lines = {}
  for i, start in ipairs(order) do
    local amount = amounts[start]
    local bar = ("#"):rep(math.max(1, math.floor(amount / most * BAR + 0.5)))
    lines[i] = ("%s %s %s"):format(text.pad((show or tostring)(start), 10, "right"), text.pad(tostring(amount), 8,
      "right"), bar)
  end
  return lines
end

-- ---- rates

local Rate <const> = {}
Rate.__index = Rate
local SLOTS <const> = 10

--- rate(window?: integer): Rate
--- how much per second, over the last `window` ns (a second)
function stats.rate(window)
  return setmetatable({window = window or 1000000000, slots = {}}, Rate)
end

--- Rate:add(time: integer, amount?: number)
--- time as in `e.time`
function Rate:add(time, amount)
  local slot = time * SLOTS // self.window
  local known = self.slots[slot % SLOTS]
  if known and known[1] == slot then
    known[2] = known[2] + (amount or 1)
  elseif not known or known[1] < slot then
    self.slots[slot % SLOTS] = {slot, amount or 1}
  end
end

--- Rate:per_second(time: integer): number
--- as of then
function Rate:per_second(time)
  local now, sum = time * SLOTS // self.window, 0
  for _, slot in pairs(self.slots) do
    if slot[1] > now - SLOTS and slot[1] <= now then sum = sum + slot[2] end
  end
  return sum * 1e9 / self.window
end

return stats
