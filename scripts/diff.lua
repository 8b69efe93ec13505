-- SPDX-License-Identifier: MIT
--
-- diff: what the second of two recordings did that the first did not, and the other way round.
-- Files, connections, programs, failures, and calls that take longer than they did. Names that are new in each run
-- (temporary files, pids, ports of clients) and the order in which things happen are no difference.
--
--     compendium --record good.cpd -- ./prog
--     compendium --record bad.cpd -- ./prog
--     compendium --replay good.cpd --replay bad.cpd -s diff.lua
--
--     --- good.cpd  ./prog (0.03s, exit 0)
--     +++ bad.cpd   ./prog (0.33s, exit 1)
--     Files:
--       ~ /etc/prog.conf                 opened → not there
--       + /etc/prog.conf.default         opened
--     Connections:
--       ~ tcp4 127.0.0.1:5432            reached → refused
--     Times:
--       ~ clock_nanosleep                0.20s → 2.00s: 10 times slower, 1 call
--
-- "-" is in the first only, "+" in the second only, "~" in both, but not in the same way.
-- Options: slower=5 tells of calls that take five times as long as in the other run, if that makes 250 ms
-- or more in all (floor=250ms): a busy machine holds up any call for some 100 ms. lines=40: of each section.

local compendium <const> = require "compendium"
local compare <const>, deeds <const>, format <const> = compendium.compare, compendium.deeds, compendium.format

local factor <const> = option("slower", 5, "how many times longer a call takes to be told of")
local floor <const> = option("floor", "250ms", "how much longer its calls take in all to be told of")
local most <const> = option("lines", 40, "lines of each section")

if run.count ~= 2 then error("diff compares two recordings: --replay A --replay B", 0) end

local account <const> = deeds.new()
local types <const> = {}
for name, row in pairs(compendium.events.types) do
  if not row.asked then types[#types + 1] = name end
end

on(types, function(e)
  deeds.note(account, e)
  deeds.time(account, e)
end)
-- Calls that are no events, but wait.
on({
  "syscall:nanosleep", "syscall:clock_nanosleep", "syscall:poll", "syscall:ppoll", "syscall:select",
  "syscall:pselect6", "syscall:epoll_wait", "syscall:epoll_pwait", "syscall:epoll_pwait2",
}, function(e) deeds.time(account, e) end)

local function header(mark, each)
  print(("%s %s  %s"):format(mark, format.escape(each.file), each.title))
  if each.lost > 0 then
    print(("    %s missing in it, so what follows may be wrong"):format(format.count(each.lost, "event")))
  end
  if each.forgotten > 0 then
    print(("    %s not compared: too many"):format(format.count(each.forgotten, "name")))
  end
end

local function show(section)
  print(section[1] .. ":")
  for i, row in ipairs(section[2]) do
    if i > most then
      print(("  and %d more"):format(#section[2] - most))
      break
    end
    local change = row.mark == "~" and ("%s → %s"):format(row.left ~= "" and row.left or "-",
      row.right ~= "" and row.right or "-") or row.left .. row.right
    print(("  %s %-30s %s"):format(row.mark, format.escape(row.subject), format.escape(change)))
  end
end

on("finish", function(info)
  account.file = run.file
  local own <const> = deeds.finish(account, info)
  if run.number == 1 then
    run.result(own)
    return
  end
  local other <const> = run.results[1]
  header("---", other)
  header("+++", own)
  local sections <const> = compare.accounts(other, own, {factor = factor, floor = floor})
  for _, section in ipairs(sections) do show(section) end
  if #sections == 0 then print("no differences") end
end)
