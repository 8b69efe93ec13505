-- SPDX-License-Identifier: MIT
--
-- faultall: makes each call of a program fail once, in a run of its own, and tells what the program did not survive:
-- where it crashed, hung, or ended as if a failed write had worked.
--
--     compendium -s faultall -- ./prog
--
--     faultall: 14 calls of ./prog failed, each in a run of its own
--       mmap #3 ENOMEM                  killed by SIGSEGV
--       write #1 ENOSPC /tmp/out        ended with 0, as if it had worked
--     survived: 12
--
-- Options: most=100 runs; timeout=10s for each; calls=read,write only these. What the program prints in those runs
-- is not shown.

local most <const> = option("most", 100, "how many runs at most")
local timeout <const> = option("timeout", "10s", "after which a run counts as hung")
local calls <const> = option("calls", {}, "only these calls")
local at <const> = option("at", 0, "for its own runs: which call fails")
local with <const> = option("with", "", "for its own runs: the error")

local ERRORS <const> = {
  read = {"EINTR", "EIO"}, write = {"EINTR", "ENOSPC"}, pread64 = {"EIO"}, pwrite64 = {"ENOSPC"}, fstat = {"EIO"},
  openat = {"EMFILE"}, open = {"EMFILE"}, mmap = {"ENOMEM"}, brk = {"ENOMEM"}, close = {"EIO"}, fsync = {"EIO"},
  rename = {"ENOSPC"}, mkdir = {"ENOSPC"}, unlink = {"EACCES"}, ftruncate = {"ENOSPC"}, getdents64 = {"EIO"},
  socket = {"EMFILE"}, connect = {"ECONNREFUSED"}, sendto = {"ECONNRESET"}, recvfrom = {"ECONNRESET"},
  pipe2 = {"EMFILE"}, clone = {"EAGAIN"}, clone3 = {"EAGAIN"}, execve = {"ENOENT"},
}
local MEMORY <const> = {mmap = true, brk = true} -- one helps out for the other, so both fail from there on
local LOSES <const> = {write = true, pwrite64 = true, fsync = true, rename = true, ftruncate = true, close = true}

local again <const> = require("compendium").again
local names <const> = {}
for _, name in ipairs(calls) do names[#names + 1] = ERRORS[name] and "enter:" .. name end
for name in pairs(#calls == 0 and ERRORS or {}) do names[#names + 1] = "enter:" .. name end
table.sort(names)

-- Of the first process, once the dynamic linker is through: what that does is not the program's.
local is_linking, main, counted = true, nil, {}
local is_library <const> = glob {"**.so", "**.so.*", "/etc/ld.so.*"}
local sites = {} -- all, in order: {call, number of its kind, what}

on("start", function(info) main = info.pid end)
on({"syscall:prlimit64", "syscall:getrandom"}, function(e) if e.pid == main then is_linking = false end end)

local function site(e)
  if e.pid ~= main or is_linking or is_library(e.path or "") then return nil end
  counted[e.syscall] = (counted[e.syscall] or 0) + 1
  local what = e.path or e.remote or e.file and e.file.name or ""
  local each = {call = e.syscall, number = counted[e.syscall], what = what, fd = e.fd}
  sites[#sites + 1] = each
  return each
end

-- ---- one of the runs

local hit, is_tried_again, has_complained, ending

local function fail_one(e)
  local each = site(e)
  if not each then return end
  if hit and MEMORY[hit.call] and MEMORY[each.call] and not e.path then e:deny(with) end
  if #sites == at then
    hit = each
    e:deny(with)
  elseif hit and each.call == hit.call and each.fd == hit.fd then
    is_tried_again = true
  end
end

local function verdict()
  if not hit then return "not reached" end
  if not ending then return ("hung for %s"):format(duration(timeout)) end
  if ending.signal then return "killed by " .. ending.signal end
  local is_lost = ending.code == 0 and LOSES[hit.call] and not is_tried_again and not has_complained
  return is_lost and "ended with 0, as if it had worked" or "survived"
end

local function run_one()
  on(names, fail_one)
  on("write", function(e) has_complained = has_complained or hit and e.fd == 2 end)
  on("exit", function(e) if e.pid == main and e.whole then ending = {code = e.code, signal = e.signal} end end)
  on("every:" .. timeout // 1000000 .. "ms", function() if not ending then os.exit(1) end end)
  on("finish", function() again.leave(verdict()) end)
end

-- ---- all of them

local function run_all()
  local t, runs, survived = columns {}, 0, 0
  local settings <const> = {timeout = timeout // 1000000 .. "ms", calls = table.concat(calls, ",")}
  for number, each in ipairs(sites) do
    for _, error_name in ipairs(ERRORS[each.call]) do
      if runs == most then break end
      runs, settings.at, settings.with = runs + 1, number, error_name
      local text = again.run("faultall", settings) or "not reached"
      if text == "survived" or text == "not reached" then
        survived = survived + 1
      else
        t:row(("  %s #%d %s"):format(each.call, each.number, error_name), each.what, text)
      end
    end
  end
  tell("faultall: %d calls of %s failed, each in a run of its own%s", runs, run.command[1],
    runs == most and " (there are more: most=)" or "")
  t:tell()
  tell("survived: %d", survived)
end

if again.is_inner then
  run_one()
else
  on(names, site)
  on("finish", run_all)
end
