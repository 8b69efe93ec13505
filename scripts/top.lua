-- SPDX-License-Identifier: MIT
--
-- top: what is done most, again and again while the program runs, and once at the end.
--
--     compendium -s top -p 4711
--     compendium -s top:by=path,of=bytes,every=5s -- make
--
--     [+2.000s] calls by call, 84120 in the last second
--     futex   40210
--     read    20044
--
-- Options: by=call, path, comm, pid or error; of=calls, time, bytes or errors; every=1s; lines=10.

local by <const> = option("by", "call", "call, path, comm, pid or error")
local of <const> = option("of", "calls", "calls, time, bytes or errors")
local lines <const> = option("lines", 10, "how many rows")
local every <const> = option("every", "1s", "how often")

local KEYS <const> = {
  call = function(e) return e.syscall end,
  path = function(e) return e.path or e.remote end,
  comm = function(e) return e.comm end,
  pid = function(e) return e.pid end,
  error = function(e) return e.error end,
}
local AMOUNTS <const> = {
  calls = function() return 1 end,
  time = function(e) return e.duration end,
  bytes = function(e) return e.bytes end,
  errors = function(e) return e.error and 1 end,
}
local key = KEYS[by] or error("by is call, path, comm, pid or error, not " .. by, 0)
local amount = AMOUNTS[of] or error("of is calls, time, bytes or errors, not " .. of, 0)
local show <const> = of == "time" and duration or of == "bytes" and size or tostring

local total, recent = counter(), counter()

local function add(e)
  local name, n = key(e), amount(e)
  if not name or not n or n == 0 then return end
  total:add(name, n)
  recent:add(name, n)
end

on(by == "path" and {"open", "read", "write", "send", "recv", "stat", "connect"} or "syscall", add)
if of == "bytes" then on({"read", "write", "send", "recv", "copy"}, by == "path" and function() end or add) end

local function print_table(title, counts)
  local t = columns {}
  for _, row in ipairs(counts:top(lines)) do t:row(row[1], show(row[2])) end
  t:tell(title)
end

on("every:" .. every // 1000000 .. "ms", function()
  print_table(("%s by %s, %s in the last %s"):format(of, by, show(recent:sum()), duration(every)), recent)
  recent = counter()
end)
on("finish", function() print_table(("%s by %s, %s in all"):format(of, by, show(total:sum())), total) end)
