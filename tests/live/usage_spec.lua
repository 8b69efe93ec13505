-- SPDX-License-Identifier: MIT
--
-- Memory over time: samples of what processes really have, which nobody makes who does not want them.

local h <const> = require "tests.live.harness"

local MB <const> = 1 << 20

-- 32 MB touched, kept until it was seen, given back, and that seen too; a child does the same with 16 MB and ends.
local PROGRAM <const> = [[
import mmap, os, sys, time
def wait_for(name):
    while not os.path.exists(name): time.sleep(0.01)
def touch(size):
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    for at in range(0, size, 4096): memory[at] = 1
    return memory
memory = touch(32 << 20)
if os.fork() == 0:
    more = touch(16 << 20)
    wait_for("child"); os._exit(0)
os.wait()
wait_for("parent")
memory.close()
wait_for("after")
]]

-- A script that writes the files the program waits for when samples say so, and what it saw to `seen`.
local SCRIPT <const> = [[
want("usage", "20ms")
local command, at_start, steps = nil, nil, {}
local memory = require("compendium").memory
local kept = require("compendium").history.keep()
local function step(name)
  if steps[name] then return end
  steps[name] = true
  io.open(name, "w"):close()
end
on("start", function(info) command = info.pid end)
on("usage", function(e)
  if e.pid ~= command then
    if e.anonymous > 48 << 20 then step "child" end
    return
  end
  if e.rss > 32 << 20 and #e.process.children > 0 and e.process.children[1].finish then step "parent" end
  if steps.parent and e.rss < 32 << 20 then step "after" end
end)
on("finish", function()
  local out = io.open("seen", "w")
  local function most(list)
    local value = 0
    for _, each in ipairs(list) do value = math.max(value, each) end
    return value
  end
  for _, one in ipairs(kept.processes) do
    out:write(("%s %d %d %d %d %d %s\n"):format(one.pid == command and "parent" or "child", most(one.series.rss),
      one.series.rss[#one.series.rss], most(one.series.mapped), one.most.touched, one.most.rss, one.finish and 1 or 0))
  end
  out:write(("total %d %d %d %d\n"):format(most(kept.total.rss), kept.total.rss[#kept.total.rss], memory.total.rss, memory.most.rss))
  out:close()
end)]]

describe("memory over time", function()
  after_each(h.clean)

  for _, user in ipairs(h.users) do
    it("is sampled, falls when memory is given back, and keeps who ended, as " .. user, function()
      local dir = h.folder(user)
      local result = h.trace({"--faults", "-q", "-s", "default.lua", "-e", SCRIPT}, {h.which.python3, "-c", PROGRAM},
        {cwd = dir, user = user})
      assert.equal(0, result.status, result.err)
      local seen = {}
      for who, numbers in h.read_file(dir .. "/seen"):gmatch "(%l+) ([%d ]+)\n" do
        local list = {}
        for number in numbers:gmatch "%d+" do list[#list + 1] = tonumber(number) end
        seen[who] = list
      end
      local most, last, mapped, touched, peak, ended = table.unpack(seen.parent)
      assert.is_true(most >= 32 * MB and most < 80 * MB, most)
      assert.is_true(last < most - 30 * MB, last)
      assert.is_true(mapped >= 32 * MB)
      assert.is_true(touched >= 32 * MB and touched <= most + MB, ("%d of %d"):format(touched, most))
      assert.equal(most, peak)
      assert.equal(1, ended)
      most, last, mapped, touched, peak, ended = table.unpack(seen.child)
      assert.is_true(most >= 48 * MB and most < 96 * MB, most)
      assert.is_true(last >= 48 * MB)
      assert.is_true(mapped >= 48 * MB)
      assert.is_true(touched >= 48 * MB and touched <= most + MB, ("%d of %d"):format(touched, most))
      assert.equal(most, peak)
      assert.equal(1, ended)
      local total_most, total_last, now, total_peak = table.unpack(seen.total)
      assert.is_true(total_most >= 80 * MB and total_most == total_peak)
      assert.same({0, 0}, {total_last, now})
      local samples = tonumber(result.err:match "\n   Touched: +%d+%.%d MB   peak PSS %d+%.%d MB %((%d+) samples%)\n")
      assert.is_true(samples and samples > 3, result.err)
    end)
  end


  -- How many timers that go off once a tracer with these arguments has: samples take one.
  local function timers(arguments)
    local tracer = h.start_trace(arguments, {h.which.sleep, "0.5"}, {cwd = h.folder(h.users[1])})
    local path <const>, most = ("/proc/%d/fdinfo"):format(tracer.pid), 0
    repeat
      local found, ok, list = 0, pcall(h.list, path)
      for _, fd in ipairs(ok and list or {}) do
        local text = h.read_file(path .. "/" .. fd) or ""
        found = found + (text:find("it_interval: (0, 0)", 1, true) and 1 or 0)
      end
      most = math.max(most, found)
    until tracer:ended(0.02)
    assert.equal(0, tracer.status, tracer.err)
    return most
  end

  it("is asked for by nobody who does not want it", function()
    local plain = timers {}
    for _, arguments in ipairs {{"--json"}, {"-v"}, {"--record", "r.cpd"}, {"-e", "sink{event = function() end}"}} do
      assert.equal(plain, timers(arguments), table.concat(arguments, " "))
    end
    local hooks = timers {"-e", "on('exec', function() end)"}
    assert.equal(hooks + 1, timers {"-e", "on('usage', function() end)"})
    local by_ptrace = timers {"--backend", "ptrace"} -- where page faults have one, too
    assert.equal(by_ptrace + 2, timers {"--backend", "ptrace", "--faults"})
    assert.equal(by_ptrace + 2, timers {"--backend", "ptrace", "--faults", "--json"})
    if h.is_root then assert.equal(plain + 1, timers {"--backend", "bpf", "--faults"}) end
  end)

  it("is JSON with --faults, and what a script keeps of a replay is the same", function()
    local dir = h.folder(h.users[1])
    local live = h.trace({"--faults", "--json", "--record", dir .. "/r.cpd"}, {h.which.sleep, "0.5"}, {cwd = dir})
    assert.equal(0, live.status, live.err)
    local function samples(text)
      local list = {}
      for line in text:gmatch '[^\n]*"type":"usage"[^\n]*' do list[#list + 1] = line end
      return list
    end
    local list = samples(live.out)
    assert.is_true(#list >= 1, live.out)
    for _, line in ipairs(list) do
      assert.matches('"rss":%d+,"pss":%d+,"anonymous":%d+,"swap":%d+,"huge":%d+,"heap":%d+,"mapped":%d+,"touched":%d+', line)
    end
    local replay = h.run({h.compendium, "--faults", "--json", "--replay", dir .. "/r.cpd"})
    assert.same(list, samples(replay.out))
  end)
end)
