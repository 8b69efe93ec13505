-- SPDX-License-Identifier: MIT
--
-- transfers: how many bytes went where: the "I/O" section of the summary. Counts every event it gets,
-- those without a line as well; in lists, files that noise knows come last.

local format <const> = require "compendium.format"
local noise <const> = require "compendium.noise"
local rows <const> = require "compendium.rows"
local text <const> = require "compendium.text"
local top <const> = require "compendium.top"

local transfers <const> = {}

local NAMES <const> = 20000 -- distinct files kept per direction
local LABEL_COLUMNS <const> = 15
local LISTED <const> = 50 -- names that are tried to fit

-- The rows, in order: sums by what the descriptor is. `both`: a direction that is 0 is said as well, once
-- the program (or what filters left of it) had to do with such things at all.
local KINDS <const> = {
  {"files", "Files read", "Files written", both = true, named = true},
  {"net", "Net received", "Net sent", both = true, swapped = true},
  {"unix", "Local received", "Local sent", swapped = true},
  {"pipe", "Pipes read", "Pipes written"},
  {"tty", "Terminal in", "Terminal out"},
  {"device", "Devices in", "Devices out"},
  {"other", "Other in", "Other out"},
}

local FILE_KINDS <const> =
  {file = "files", directory = "files", pipe = "pipe", fifo = "pipe", tty = "tty", device = "device"}
local PROTOCOL_KINDS <const> = {unix = "unix", netlink = "other"}

local sums, touched = {}, {}

for _, kind in ipairs(KINDS) do
  sums[kind[1]] = {read = top.new(NAMES), written = top.new(NAMES)}
end

local function kind_of(file, protocol)
  local kind = file and file.kind
  if kind == "socket" or protocol then
    return PROTOCOL_KINDS[protocol or "other"] or "net"
  elseif kind == "anon" and file.path and file.path:find("^/memfd:") then
    return "files"
  end
  return FILE_KINDS[kind] or "other"
end

local function count(direction, file, protocol, path, bytes)
  local kind = kind_of(file, protocol)
  touched[kind] = true
  if bytes and bytes > 0 then
    sums[kind][direction]:add(path or "?", bytes)
  end
end

local function touch(e)
  touched[kind_of(e.file, e.protocol)] = true
end

local function received(e)
  if not e.peek then
    count("read", e.file, e.protocol or "other", e.remote, e.bytes)
  end
end

local function copied(e)
  local bytes = e.bytes
  local from, to = e.file, e.to_file
  if e.syscall ~= "tee" then
    count("read", from, from and from.protocol, e.path or e.remote, bytes)
  end
  count("written", to, to and to.protocol, e.to, bytes)
end

transfers.events = {
  read = function(e) count("read", e.file, nil, e.path, e.bytes) end,
  write = function(e) count("written", e.file, nil, e.path, e.bytes) end,
  recv = received,
  send = function(e) count("written", e.file, e.protocol or "other", e.remote, e.bytes) end,
  copy = copied,
  open = function() touched.files = true end,
  connect = touch, accept = touch, listen = touch,
}

-- "in 3 files: a 11.9 KB, b 300 B, ..."; those that are noise are among the three, but not named.
local function names(amounts, line, width)
  local number, exact = amounts:count()
  local items = {}
  for i, entry in ipairs(amounts:largest(noise.knows_path)) do
    if i > LISTED or noise.knows_path(entry[1]) then
      break
    end
    items[i] = {text.escape(entry[1]), " " .. format.bytes(entry[2])}
  end
  local prefix = ("%s   in %s%s"):format(line, exact and "" or "about ", format.count(number, "file"))
  return rows.list(prefix, items, width, number)
end

local function row(kind, direction, width)
  local amounts = sums[kind[1]][direction]
  local line = rows.amount(kind[direction == "read" and 2 or 3], amounts.sum, LABEL_COLUMNS)
  return kind.named and amounts.sum > 0 and names(amounts, line, width) or line
end

-- The section's lines, or nil when nothing was moved.
function transfers.rows(_, width)
  local lines, any = {}, false
  for _, kind in ipairs(KINDS) do
    for _, direction in ipairs(kind.swapped and {"written", "read"} or {"read", "written"}) do
      local moved = sums[kind[1]][direction].sum > 0
      any = any or moved
      if moved or kind.both and touched[kind[1]] then
        lines[#lines + 1] = row(kind, direction, width)
      end
    end
  end
  return any and lines or nil
end

-- The sums, by what they are of.
function transfers.totals()
  return {
    read = sums.files.read.sum, written = sums.files.written.sum, received = sums.net.read.sum,
    sent = sums.net.written.sum, local_received = sums.unix.read.sum, local_sent = sums.unix.written.sum,
    pipes_read = sums.pipe.read.sum, pipes_written = sums.pipe.written.sum, terminal_in = sums.tty.read.sum,
    terminal_out = sums.tty.written.sum, devices_in = sums.device.read.sum, devices_out = sums.device.written.sum,
    other_in = sums.other.read.sum, other_out = sums.other.written.sum,
  }
end

transfers.heading = "I/O:"

return transfers
