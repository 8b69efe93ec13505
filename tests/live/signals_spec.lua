-- SPDX-License-Identifier: MIT
--
-- Signals sent to the tracer, and whom they are for.

local h <const> = require "tests.live.harness"

local SIGHUP <const>, SIGINT <const>, SIGQUIT <const>, SIGKILL <const>, SIGTERM <const> = 1, 2, 3, 9, 15
local SIGUSR1 <const>, SIGUSR2 <const> = 10, 12

-- Starts a shell with these traps, which creates "ready" and then waits; returns its tracer.
local function start(traps, arguments)
  local dir = h.folder(h.users[1])
  local code = traps .. "; : > ready; while :; do sleep 0.02; done"
  local tracer = h.start_trace(arguments or {"-q"}, {"/bin/sh", "-c", code}, {cwd = dir})
  h.eventually("the traps are set", function() return h.exists(dir .. "/ready") end)
  return tracer, dir
end

local function ended_with_summary(tracer)
  tracer:wait()
  assert.truthy(tracer.err:find(" Exit: ", 1, true), tracer.err)
  return tracer
end

describe("a signal sent to the tracer alone", function()
  after_each(h.clean)

  for name, signal in pairs {HUP = SIGHUP, INT = SIGINT, QUIT = SIGQUIT, TERM = SIGTERM, USR1 = SIGUSR1, USR2 = SIGUSR2} do
    it("is the program's to handle: " .. name, function()
      local tracer = start(("trap 'exit 7' %s"):format(name))
      tracer:kill(signal)
      assert.equal(7, ended_with_summary(tracer).status)
    end)
  end

  for name, signal in pairs {HUP = SIGHUP, INT = SIGINT, TERM = SIGTERM} do
    it("ends the program, and us in the same way: " .. name, function()
      local tracer = start ":"
      tracer:kill(signal)
      assert.equal(signal, ended_with_summary(tracer).signal)
    end)
  end

  it("ends a program that ignores SIGTERM after a while, and us by SIGTERM", function()
    local tracer = start "trap '' TERM"
    tracer:kill(SIGTERM)
    assert.equal(SIGTERM, ended_with_summary(tracer).signal)
    assert.truthy(tracer.err:find("killed by SIGKILL", 1, true), tracer.err)
  end)

  it("leaves a program alone that ignores SIGINT", function()
    local tracer, dir = start "trap '' INT; trap ': > asked' USR1"
    tracer:kill(SIGINT)
    h.process.sleep(0.2)
    tracer:kill(SIGUSR1)
    h.eventually("it lives and answers", function() return h.exists(dir .. "/asked") end)
    assert.is_false(tracer:ended(0))
    tracer:kill(SIGTERM)
    assert.equal(SIGTERM, ended_with_summary(tracer).signal)
  end)
end)

describe("a signal sent to the whole group", function()
  after_each(h.clean)

  it("reaches the program once", function()
    local tracer = h.start_trace({"-q"}, {h.tracee "counter"})
    local function lines() return h.read_file(tracer.out_path) end
    h.eventually("it is ready", function() return lines() == "r\n" end)
    local expected = "r\n"
    for _ = 1, 10 do
      expected = expected .. "u\n"
      h.process.kill(-tracer.pid, SIGUSR1)
      h.eventually("it was told", function() return #lines() >= #expected end)
      h.process.sleep(0.1) -- one that is passed on comes a little later
      assert.equal(expected, lines())
    end
    h.process.kill(-tracer.pid, SIGTERM)
    assert.equal(SIGTERM, ended_with_summary(tracer).signal)
  end)
end)

describe("a tracer that is killed", function()
  after_each(h.clean)

  it("takes what it started with it", function()
    local tracer = start ":"
    local pid = tonumber(h.read_file(("/proc/%d/task/%d/children"):format(tracer.pid, tracer.pid)):match "%d+")
    tracer:kill(SIGKILL)
    assert.equal(SIGKILL, tracer:wait().signal)
    h.eventually("the program is gone, and what it started", function()
      h.process.reap()
      return not h.status(pid) and #h.children((h.process.id())) == 0
    end)
  end)
end)
