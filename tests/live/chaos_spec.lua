-- SPDX-License-Identifier: MIT
--
-- Chaos: trees of processes drawn from a seed (tracees/chaos.c) end as they do untraced: the same statuses at
-- the same places, no hang, nothing left behind. `make chaos RUNS=1000` runs many, beginning at seed FIRST.

local h <const> = require "tests.live.harness"

local RUNS <const> = tonumber(os.getenv "RUNS") or 60
local FIRST <const> = tonumber(os.getenv "FIRST") or 1
local BATCH <const> = 20
-- From the least that is asked for to all of it.
local WAYS <const> = {{"-q"}, {"-e", 'on("syscall", function() end)'}, {"-v"}, {}}

local function sorted(text)
  local lines = {}
  for line in text:gmatch "[^\n]+" do
    lines[#lines + 1] = line
  end
  table.sort(lines)
  return table.concat(lines, "\n")
end

local function tree(file)
  return sorted(h.read_file(file) or "")
end

-- How many processes there were and how many of them ended, as the trace has it. Who is killed in fork has no child.
local COUNT <const> = [[
  local alive, most = 1, 0
  on("fork", function(e) if e.child then alive = alive + 1 end end)
  on("exit", function(e) if e.whole then alive = alive - 1 end end)
  on("finish", function() io.stderr:write("alive " .. alive .. "\n") end)]]

local function check(seed)
  local user = h.users[seed % #h.users + 1]
  local dir = h.folder(user)
  local alone = h.run({h.tracee "chaos", tostring(seed), dir .. "/alone"}, {user = user, cwd = dir})
  local way = WAYS[seed // 2 % #WAYS + 1]
  local traced = h.trace(h.join(way, {"-e", COUNT}, #way == 2 and {} or {"-s", "default.lua"}),
    {h.tracee "chaos", tostring(seed), dir .. "/traced"}, {user = user, cwd = dir})
  local name = ("seed %d, %s, %s: "):format(seed, user, table.concat(way, " "))
  assert.equal(alone.status, traced.status, name .. traced.err:sub(-2000))
  assert.equal(tree(dir .. "/alone"), tree(dir .. "/traced"), name .. traced.err:sub(-2000))
  assert.equal(alone.out, traced.out, name)
  assert.truthy(traced.err:find("alive 0\n", 1, true), name .. traced.err:sub(-2000))
  assert.falsy(traced.err:find("Lost:", 1, true), name)
  h.clean()
end

describe("chaos", function()
  after_each(h.clean)

  for from = FIRST, FIRST + RUNS - 1, BATCH do
    local to = math.min(from + BATCH, FIRST + RUNS) - 1
    it(("of seeds %d to %d ends as it does untraced"):format(from, to), function()
      for seed = from, to do
        check(seed)
      end
    end)
  end
end)
