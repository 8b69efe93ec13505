-- SPDX-License-Identifier: MIT
--
-- report_limit: --max-report-events: of more rows than that, the first half is kept, a quarter of those that failed
-- after it, and the last quarter, in a ring. Further events of a call go the way of the first.

local limit <const> = {left_out = 0}

local COLUMNS <const> = 17
local ERROR <const> = 8 -- the column
local FLAGS <const> = 15
local FURTHER <const> = 8 -- the flag
local TOLD_EVERY <const> = 1 << 16 -- rows

local ring <const>, size, used, next_row = {}, 0, 0, 0
local first_left, failed_left, put, writer, number

-- most: how many rows; write(to, as, value...) writes one.
function limit.start(most, write, to, as)
  first_left, failed_left = most // 2, most // 4
  size, put, writer, number = most - first_left - failed_left, write, to, as
end

local function keep(...)
  if used == size then limit.left_out = limit.left_out + 1 else used = used + 1 end
  local at = next_row * COLUMNS
  ring[at + 1], ring[at + 2], ring[at + 3], ring[at + 4], ring[at + 5], ring[at + 6], ring[at + 7], ring[at + 8],
    ring[at + 9], ring[at + 10], ring[at + 11], ring[at + 12], ring[at + 13], ring[at + 14], ring[at + 15],
    ring[at + 16], ring[at + 17] = ...
  next_row = (next_row + 1) % size
end

local was_written = false -- the row before

local function goes_through(error, flags)
  if flags and flags & FURTHER ~= 0 then return was_written end
  if first_left > 0 then
    first_left = first_left - 1
    return true
  elseif error and failed_left > 0 then
    failed_left = failed_left - 1
    return true
  end
  return false
end

-- One row, as `write` takes it.
function limit.put(_, _, ...)
  was_written = goes_through(select(ERROR, ...), (select(FLAGS, ...)))
  if was_written then return put(writer, number, ...) end
  keep(...)
end

-- Writes the last ones. tell(done, all): now and then, as they may be many.
function limit.finish(tell)
  if used == 0 then return end
  local from = used < size and 0 or next_row
  for i = 0, used - 1 do
    local at = (from + i) % size * COLUMNS
    put(writer, number, table.unpack(ring, at + 1, at + COLUMNS))
    if i % TOLD_EVERY == 0 and i > 0 then tell(i, used) end
  end
end

return limit
