-- SPDX-License-Identifier: MIT
--
-- chaos: a machine that is not kind: calls fail, are interrupted, or give less than was asked for, now and then. The
-- same seed does the same again.
--
--     compendium -s chaos:seed=42,percent=2 -- ./prog
--
--     [+0.010s] write fails with ENOSPC (1 of 120)
--     chaos: seed 42, 5 of 1204 calls were tampered with; prog ended with 1
--
-- Options: seed=1; percent=1 of calls; below="**" only files like that; errors=yes, short=yes, interrupts=yes what
-- is done.

local seed <const> = option("seed", 1, "the same seed does the same again")
local percent <const> = option("percent", 1, "how many calls of a hundred")
local below <const> = option("below", {"**"}, "only files whose names are like that")
local with_errors <const> = option("errors", true, "calls that fail")
local with_short <const> = option("short", true, "reads and writes of less than was asked for")
local with_interrupts <const> = option("interrupts", true, "calls that are interrupted by a signal (EINTR)")

local ERRORS <const> = {
  openat = {"EMFILE", "ENFILE", "EACCES", "EIO"}, open = {"EMFILE", "EACCES", "EIO"}, read = {"EIO"},
    write = {"ENOSPC", "EIO"},
  pwrite64 = {"ENOSPC", "EIO"}, pread64 = {"EIO"}, fsync = {"EIO"}, rename = {"ENOSPC"}, connect = {"ECONNREFUSED",
    "ETIMEDOUT"},
  sendto = {"ECONNRESET"}, recvfrom = {"ECONNRESET"}, socket = {"EMFILE"}, accept4 = {"EMFILE"},
}
local INTERRUPTED <const> = {read = true, write = true, recvfrom = true, sendto = true, poll = true, select = true,
  accept4 = true}
local SHORT <const> = {read = "count", write = "count", pread64 = "count", pwrite64 = "count"}

local is_meant <const> = glob(below)
local dice <const> = random(seed)
local calls, hits = 0, 0
local is_library <const> = glob {"**.so", "**.so.*", "/etc/ld.so.*"}

local function actions(e)
  local list = {}
  if with_errors then table.move(ERRORS[e.syscall], 1, #ERRORS[e.syscall], 1, list) end
  if with_interrupts and INTERRUPTED[e.syscall] then list[#list + 1] = "EINTR" end
  if with_short and SHORT[e.syscall] and (e.args.count or 0) > 1 then list[#list + 1] = "short" end
  return list
end

local names <const> = {}
for name in pairs(ERRORS) do names[#names + 1] = "enter:" .. name end
table.sort(names)

on(names, function(e)
  local path = e.path
  if path and (is_library(path) or not is_meant(path)) or not path and below ~= "**" then return end
  calls = calls + 1
  if dice() * 100 >= percent then return end
  local list = actions(e)
  if #list == 0 then return end
  local what = list[dice(#list)]
  hits = hits + 1
  if what == "short" then
    local count = dice(e.args.count - 1)
    say(e, "%s gets %d in place of %d bytes (%d of %d)", e.syscall, count, e.args.count, hits, calls)
    e:set("count", count)
  else
    say(e, "%s fails with %s (%d of %d)%s", e.syscall, what, hits, calls, path and ": " .. path or "")
    e:deny(what)
  end
end)

on("finish", function() tell("chaos: seed %d, %d of %d calls were tampered with", seed, hits, calls) end)
