-- SPDX-License-Identifier: MIT
--
-- strace: every call in the form of strace(1), for eyes and tools that know it.
--
--     compendium -s strace -- cat /etc/hosts
--
--     openat(AT_FDCWD, "/etc/hosts", O_RDONLY) = 3
--     read(3, "127.0.0.1 localhost"..., 131072) = 49
--     [pid  4712] close(3) = 0
--
-- Options: names=yes shows what descriptors are (strace -y); times=yes how long calls took (-T); clock=yes when
-- (-r); size=32 bytes of each buffer (-s).

local names <const> = option("names", false, "what descriptors are, as strace -y")
local times <const> = option("times", false, "how long calls took, as strace -T")
local clock <const> = option("clock", false, "when they ended, from the start on")
local bytes <const> = option("size", 32, "how many bytes of a buffer, as strace -s")

want("data", bytes)

local compendium <const> = require "compendium"
local values <const> = compendium.values
local DESCRIPTORS <const> = {fd = true, dirfd = true}

local function argument(e, what, i)
  local value = e.args[i]
  if not names and DESCRIPTORS[what.kind] and math.type(value) == "integer" and value >= 0 then
    return tostring(value)
  end
  local text = values.argument(e, what, i)
  return text == "0x0" and "NULL" or (text:gsub('"…$', '"...'))
end

-- What is escaped already.
local function line(text) tell((text:gsub("%%", "%%%%"))) end

local function result(e, call)
  local text = values.result(e, call)
  return names and text or (text:gsub("^(%d+)<.*>$", "%1"))
end

local function prefix(e)
  local pid = compendium.processes.alive() > 1 and ("[pid %5d] "):format(e.tid) or ""
  return (clock and ("%9.6f "):format((e.time + (e.duration or 0)) / 1e9) or "") .. pid
end

on("syscall", function(e)
  local call, parts = e:describe() or {args = {}}, {}
  for i, what in ipairs(call.args) do parts[i] = argument(e, what, i) end
  local ended = e.unfinished and "?" or result(e, call)
  local took = times and not e.unfinished and (" <%.6f>"):format(e.duration / 1e9) or ""
  line(("%s%s(%s) = %s%s"):format(prefix(e), e.syscall or "syscall_" .. e.nr, table.concat(parts, ", "), ended, took))
end)
on("signal", function(e) tell("%s--- %s ---", prefix(e), e.signal or e.number) end)
on("stop", function(e) tell("%s--- stopped by %s ---", prefix(e), e.signal) end)
on("exit", function(e)
  tell("%s+++ %s%s +++", prefix(e), e.signal and "killed by " .. e.signal or "exited with " .. tostring(e.code),
    e.core and " (core dumped)" or "")
end)
if names then on({"open", "read", "write", "send", "recv"}, function() end) end -- so that descriptors are known
