-- SPDX-License-Identifier: MIT
--
-- waits: what the kernel says of waits for a CPU ("sched") and of what disks were asked for ("block"), as fields of
-- events. The step between fields and the records, which have numbers only.

local waits <const> = {}

-- By REQ_OP_ number. ORDER the kernel's enum req_op
local OPERATIONS <const> = {
  [0] = "read", [1] = "write", [2] = "flush", [3] = "discard", [5] = "secure erase", [7] = "append",
  [9] = "write zeroes", [13] = "append",
}

-- A write of nothing is there to flush the disk's own cache.
local function operation(e)
  local bytes, number = e.raw[1], e.raw[2]
  if number == 1 and bytes == 0 then return "flush" end
  return OPERATIONS[number] or "other"
end

-- What such an event is about: its field `what`.
function waits.what(e)
  if e.kind == "sched" then return e.raw[2] ~= 0 and "preempted" or "woken" end
  return operation(e)
end

local function of(kind, get)
  return function(e)
    if e.kind == kind then return get(e.raw) end
  end
end

-- The fields that no other event has: {type=, doc=, get=} by name.
waits.fields = {
  cpu = {type = "integer", doc = "sched: number of the CPU that the task got",
    get = of("sched", function(raw) return raw[1] end)},
  device = {type = "string", doc = "block: major and minor number of the device, as in 254:0",
    get = of("block", function(raw) return ("%d:%d"):format(raw[3], raw[4]) end)},
  sector = {type = "integer", doc = "block: where it begins on the disk, in sectors of 512 bytes",
    get = of("block", function(raw) return raw[5] end)},
}

return waits
