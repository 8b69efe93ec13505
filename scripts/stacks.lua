-- SPDX-License-Identifier: MIT
--
-- stacks: where in its code a program makes a call: its stacks, the most frequent ones first, or those that took the
-- most time. With to=, all of them as tools that draw flame graphs read them, a line for each.
--
--     compendium -s stacks:calls=openat,depth=3 -- ./prog
--     compendium -s stacks:calls=write,of=time,to=prog.folded -p 4711
--
--     12 calls in 2 stacks
--     8  openat
--        __open       libc.so.6
--        load_config  config.c:41
--        main         main.c:12
--
-- Options: calls=open,connect,exec which calls, or events such as read; of=calls or time; lines=10 stacks;
-- depth=16 frames of each; to=FILE for a flame graph.

local calls <const> = option("calls", {"open", "connect", "exec"}, "which calls, or events")
local of <const> = option("of", "calls", "calls or time")
local lines <const> = option("lines", 10, "how many stacks")
local depth <const> = option("depth", 16, "how many frames of each")
local to <const> = option("to", "", "the file for a flame graph")

if of ~= "calls" and of ~= "time" then error("of is calls or time, not " .. of, 0) end

local format <const> = require("compendium").format
local counts <const>, folded <const> = counter(), counter()
local names <const> = {}
for i, name in ipairs(calls) do names[i] = require("compendium").events.types[name] and name or "syscall:" .. name end

want("stack", names)
on(names, function(e)
  local amount = of == "time" and e.duration or 1
  if not e.stack or amount == 0 then return end
  local rows, words = {e.syscall or e.type}, {e.syscall or e.type}
  for i, frame in ipairs(e.stack) do
    local name, where = format.frame(frame)
    rows[#rows + 1] = i <= depth and name .. "\t" .. where or nil
    table.insert(words, 1, (name:gsub("[;%s]", "_")))
  end
  counts:add(table.concat(rows, "\n"), amount)
  folded:add((e.comm or "?"):gsub("[;%s]", "_") .. ";" .. table.concat(words, ";"), amount)
end)

local function show_stacks()
  local t = columns {}
  for _, row in ipairs(counts:top(lines)) do
    local amount = of == "time" and duration(row[2]) or row[2]
    for line in row[1]:gmatch "[^\n]+" do
      t:row(amount, line:match "^([^\t]*)\t?(.*)")
      amount = ""
    end
  end
  local sum = of == "time" and duration(counts:sum()) or counts:sum() .. " calls"
  t:tell(("%s in %d stacks"):format(sum, counts:count()))
end

local function write_folded()
  local rows = {}
  for i, row in ipairs(folded:top()) do rows[i] = ("%s %d\n"):format(row[1], row[2]) end
  save(to, table.concat(rows))
  tell("stacks: %d of them, in %s", folded:count(), to)
end

on("finish", to == "" and show_stacks or write_folded)
