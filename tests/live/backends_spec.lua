-- SPDX-License-Identifier: MIT
--
-- Whoever sees the calls, the events are the same, with their fields and in the order of their task: by ptrace, by bpf, and
-- by a replay of either, for all programs.

local h <const> = require "tests.live.harness"
local account <const> = require "tests.live.account"
local programs <const> = require "tests.live.programs"

local sequence <const> = h.scripts .. "/sequence_script.lua:contents=false,events=true,out="

-- What differs between any two runs, beside what account.lua knows.
local VARIES <const> = {
  {"(remote=%S+):%d+", "%1:PORT"}, -- of the test's server, or of a client
  {"fetch%-pack %d+ on", "fetch-pack PID on"}, -- git's, in an argument
}

local function normal(line)
  line = account.undrawn(line)
  for _, row in ipairs(VARIES) do
    line = line:gsub(row[1], row[2])
  end
  return line
end

-- The lines about calls whose number is the same in all runs. In any order, by any task and without
-- numbers, as a descriptor has the next that is free, where that is chance.
local function steady(text, program)
  local vary = program.vary
  local lines = {}
  for line in text:gmatch "[^\n]+" do
    local call = line:match "^%S+ = %S+ syscall=(%S+)" or line:match "^%S+ (%S+)"
    if not (vary and vary[call]) then
      line = normal(line)
      lines[#lines + 1] = program.chance and line:match "^%S+ (.*)":gsub("%f[%w]%d+%f[%W]", "N") or line
    end
  end
  if program.chance then
    table.sort(lines)
  end
  return lines
end

local function told(program, backend)
  local file, again = h.folder "root" .. "/run.cpd", h.folder "root" .. "/again"
  local out = h.folder "root" .. "/told"
  local live = programs.with(program, "root", function(argv, options)
    return h.trace({"--backend", backend, "-o", "/dev/null", "--record", file, "-s", sequence .. out}, argv, options)
  end)
  assert.equal(0, live.status, live.err)
  local replayed = h.trace({"--replay", file, "-o", "/dev/null", "-s", sequence .. again})
  assert.equal(0, replayed.status, replayed.err)
  local text = h.read_file(out)
  assert.equal(text, h.read_file(again), "what a replay tells of " .. backend)
  return text
end

describe("the same events are told", function()
  after_each(h.clean)

  for _, program in ipairs(programs) do
    it("of " .. program.name .. " by ptrace, bpf, and a replay of either", function()
      if program.cannot or not h.is_root then
        pending(program.cannot or "needs root")
      end
      local theirs = steady(told(program, "ptrace"), program)
      local ours = steady(told(program, "bpf"), program)
      assert.is_true(#theirs > 20, #theirs .. " lines")
      for i = 1, math.max(#theirs, #ours) do
        assert.equal(theirs[i], ours[i], ("line %d, after %s"):format(i, theirs[i - 1]))
      end
    end)
  end
end)
