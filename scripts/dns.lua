-- SPDX-License-Identifier: MIT
--
-- dns: names that are asked for on port 53, what came back and how long that took.
--
--     compendium -s dns -- curl -s https://example.com
--
--     [+0.011s] dns A example.com → 93.184.216.34  (12.1ms, 10.0.0.2:53)
--     [+0.030s] dns AAAA nosuch.example → NXDOMAIN  (8.0ms, 10.0.0.2:53)

want("data", "4k")

local format <const> = require("compendium").format
local is_server <const> = address(option("server", "*:53", "which servers, as host:port"))
local TYPES <const> = {[1] = "A", [2] = "NS", [5] = "CNAME", [6] = "SOA", [12] = "PTR", [15] = "MX", [16] = "TXT",
  [28] = "AAAA", [33] = "SRV", [65] = "HTTPS"}
local RCODES <const> = {[0] = "no answer", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"}

local asked = {}

-- The name at a position and where it ends. Pointers of compressed names go backwards only.
local function name_at(data, at)
  local labels, next_at, jumps = {}, nil, 0
  while true do
    local length = data:byte(at)
    if not length or jumps > 20 then return nil end
    if length == 0 then return #labels > 0 and table.concat(labels, ".") or ".", next_at or at + 1 end
    if length >= 0xc0 then
      local low = data:byte(at + 1)
      if not low then return nil end
      next_at, jumps = next_at or at + 2, jumps + 1
      at = ((length & 0x3f) << 8 | low) + 1
    else
      labels[#labels + 1] = data:sub(at + 1, at + length)
      at = at + length + 1
    end
  end
end

local function question(data)
  if #data < 17 then return nil end
  local id, flags, questions, answers = (">I2I2I2I2"):unpack(data)
  local name, at = name_at(data, 13)
  if questions == 0 or not name or at + 3 > #data then return nil end
  return {id = id, flags = flags, answers = answers, name = name, type = (">I2"):unpack(data, at), at = at + 4}
end

local function address_of(type, bytes)
  if type == 1 and #bytes == 4 then return ("%d.%d.%d.%d"):format(bytes:byte(1, 4)) end
  if type == 28 and #bytes == 16 then return format.endpoint(bytes) or "an address" end
end

local function answers_of(data, q)
  local found, at = {}, q.at
  for _ = 1, math.min(q.answers, 50) do
    local _, next_at = name_at(data, at)
    if not next_at or next_at + 9 > #data then break end
    local type, _, _, length = (">I2I2I4I2"):unpack(data, next_at)
    local bytes = data:sub(next_at + 10, next_at + 9 + length)
    found[#found + 1] = address_of(type, bytes) or type == 5 and name_at(data, next_at + 10) or nil
    at = next_at + 10 + length
  end
  return found
end

on("send", function(e)
  local q = not e.error and is_server(e.remote) and e.data and question(e.data)
  if q then asked[q.id] = e.time end
end)

on("recv", function(e)
  local q = not e.error and not e.peek and is_server(e.remote) and e.data and question(e.data)
  if not q or q.flags & 0x8000 == 0 then return end
  local found = answers_of(e.data, q)
  say(e, "dns %s %s → %s  (%s, %s)", TYPES[q.type] or q.type, q.name,
    #found > 0 and table.concat(found, ", ") or RCODES[q.flags & 15] or "error " .. (q.flags & 15),
    asked[q.id] and duration(e.time - asked[q.id]) or "not asked", e.remote)
  asked[q.id] = nil
end)
