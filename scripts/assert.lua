-- SPDX-License-Identifier: MIT
--
-- assert: budgets for CI: what a program may do at most. The exit status is 125 when it did more.
--
--     compendium -s assert:opens=40,connects=0,errors=10 -- ./prog
--     compendium -s assert:writes-outside="/tmp/**" -- ./prog
--
--     assert: connects: 2, at most 0 allowed: 10.0.0.1:80, 10.0.0.2:80
--
-- Options: calls, opens, connects, execs, forks, errors, files-written, seconds: at most so many; bytes-written=1m,
-- peak-rss=64m; writes-outside=GLOB: files may only be written there.

local LIMITS <const> = {}
local function limit(name, what) LIMITS[#LIMITS + 1] = {name = name, most = option(name, -1, what), n = 0,
  names = {}} end
for _, name in ipairs {"calls", "opens", "connects", "execs", "forks", "errors", "files-written"} do
  limit(name, "at most so many " .. name)
end
local seconds <const> = option("seconds", -1.0, "how long it may take")
local bytes_written <const> = option("bytes-written", "0b", "how much it may write to files; 0: any")
local peak_rss <const> = option("peak-rss", "0b", "how much memory any process may have; 0: any")
local outside <const> = option("writes-outside", "", "where files may be written")

local by_name, seen, failures = {}, {}, {}
for _, each in ipairs(LIMITS) do by_name[each.name] = each end

local function add(name, what)
  local each = by_name[name]
  each.n = each.n + 1
  if #each.names < 5 then each.names[#each.names + 1] = what end
end

local function is_wanted(name) return by_name[name].most >= 0 end
local function fail(format, ...) failures[#failures + 1] = format:format(...) end

if is_wanted "calls" or is_wanted "errors" then
  on("syscall", function(e)
    add("calls", e.syscall)
    if e.error then add("errors", e.syscall .. " " .. e.error) end
  end)
end
if is_wanted "opens" then on("open", function(e) if not e.error then add("opens", e.path or "?") end end) end
if is_wanted "connects" then on("connect", function(e) add("connects", e.remote or "?") end) end
if is_wanted "execs" then on("exec", function(e) if not e.error then add("execs", e.path or "?") end end) end
if is_wanted "forks" then on("fork", function(e) if not e.error then add("forks", e.comm or "?") end end) end

local written, allowed = 0, outside ~= "" and glob(outside)
if is_wanted "files-written" or bytes_written > 0 or allowed then
  on({"write", "copy"}, function(e)
    local file, path = e.type == "copy" and e.to_file or e.file, e.type == "copy" and e.to or e.path
    if e.error or not file or file.kind ~= "file" then return end
    written = written + (e.bytes or 0)
    if not path or seen[path] then return end
    seen[path] = true
    add("files-written", path)
    if allowed and not allowed(path) then fail("a file was written outside of %s: %s", outside, path) end
  end)
end
if peak_rss > 0 then
  on("exit", function(e)
    if e.peak_rss and e.peak_rss > peak_rss then
      fail("%s had %s of memory, at most %s allowed", e.comm, size(e.peak_rss), size(peak_rss))
    end
  end)
end

on("finish", function(info)
  for _, each in ipairs(LIMITS) do
    if each.most >= 0 and each.n > each.most then
      fail("%s: %d, at most %d allowed: %s", each.name, each.n, each.most, table.concat(each.names, ", "))
    end
  end
  if seconds >= 0 and info.time > seconds * 1e9 then
    fail("it took %s, at most %gs allowed", duration(info.time), seconds)
  end
  if bytes_written > 0 and written > bytes_written then
    fail("%s written, at most %s allowed", size(written), size(bytes_written))
  end
  for _, text in ipairs(failures) do tell("assert: %s", text) end
  if #failures > 0 then os.exit(1) end
end)
