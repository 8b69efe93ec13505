-- SPDX-License-Identifier: MIT
--
-- How the program ends is how we end; and when.

local h <const> = require "tests.live.harness"

local SIGINT <const>, SIGSEGV <const> = 2, 11

local function sh(code, arguments, options)
  return h.trace(arguments or {}, {"/bin/sh", "-c", code}, options)
end

describe("the exit status", function()
  after_each(h.clean)

  for _, status in ipairs {0, 3, 255} do
    it("is the program's " .. status, function()
      local result = sh("exit " .. status)
      assert.equal(status, result.status, result.err)
      assert.truthy(result.err:find("Exit: " .. status, 1, true), result.err)
    end)
  end

  for name, number in pairs {TERM = 15, KILL = 9, INT = 2, HUP = 1, ABRT = 6, SEGV = SIGSEGV, USR1 = 10, ["64"] = 64} do
    it("is death by the same signal, " .. name, function()
      local result = sh(("kill -%s $$"):format(name))
      assert.equal(number, result.signal, result.err)
      assert.truthy(result.err:find("FINAL", 1, true), result.err)
    end)
  end

  it("of a program that dumps its core comes with one core, not two", function()
    local dir = h.folder(h.users[1])
    local function cores()
      local count = 0
      for _, name in ipairs(h.list(dir)) do
        count = count + (name:match "^core" and 1 or 0)
      end
      return count
    end
    local command = {"/bin/sh", "-c", "kill -SEGV $$"}
    local untraced = h.run(command, {cwd = dir, core = true})
    assert.equal(SIGSEGV, untraced.signal)
    local expected = cores() -- 1, or 0 where the system keeps cores elsewhere
    for _, name in ipairs(h.list(dir)) do
      h.remove(dir .. "/" .. name)
    end
    local result = h.trace({}, command, {cwd = dir, core = true})
    assert.equal(SIGSEGV, result.signal, result.err)
    assert.is_false(result.dumped)
    assert.equal(expected, cores())
  end)

  it("is 127 when the command is not found", function()
    for _, name in ipairs {"no-such-command-at-all", "/no/such/command"} do
      local result = h.trace({}, {name})
      assert.equal(127, result.status)
      assert.truthy(result.err:find(name, 1, true), result.err)
    end
  end)

  it("is 126 when it cannot be executed", function()
    local dir = h.folder(h.users[1])
    local file = h.write_file(dir .. "/data", "no program\n", 420)
    local garbage = h.write_file(dir .. "/garbage", "\127ELF\0\0\0", 493)
    for _, name in ipairs {file, dir, garbage} do
      local result = h.trace({}, {name})
      assert.equal(126, result.status, result.err)
      assert.truthy(result.err:find(name, 1, true), result.err)
    end
  end)

  it("is 125 when we fail", function()
    assert.equal(125, h.trace({"--no-such-option"}, {"/bin/true"}).status)
    assert.equal(125, h.trace({}).status)
    assert.equal(125, h.trace({"-e", "no lua at all"}, {"/bin/true"}).status)
  end)
end)

describe("a process left in the background", function()
  after_each(h.clean)

  it("is traced to its end, and the status is still the command's", function()
    local dir = h.folder(h.users[1])
    local result = sh("(while [ ! -e go ]; do sleep 0.01; done; echo late > late) & : > go; exit 5", {}, {cwd = dir})
    assert.equal(5, result.status, result.err)
    assert.equal("late\n", h.read_file(dir .. "/late"))
    assert.truthy(result.err:find("open [^\n]*/late"), result.err)
  end)

  it("in a session of its own as well", function()
    local dir = h.folder(h.users[1])
    local result = sh("setsid sh -c 'while [ ! -e go ]; do sleep 0.01; done; echo late > late' & : > go; exit 5", {},
      {cwd = dir})
    assert.equal(5, result.status, result.err)
    assert.truthy(result.err:find("open [^\n]*/late"), result.err)
  end)

  it("is let go by Ctrl-C, and runs on", function()
    local dir = h.folder(h.users[1])
    local tracer = h.start_trace({}, {"/bin/sh", "-c", "sleep 1000 & echo $! > pid; exit 4"}, {cwd = dir})
    local pid = h.eventually("the command has ended", function()
      return #h.children(tracer.pid) == 0 and tonumber((h.read_file(dir .. "/pid") or ""):match "%d+")
    end)
    h.eventually("the background process sleeps", function()
      return (h.read_file(("/proc/%d/comm"):format(pid)) or ""):match "^sleep"
    end)
    assert.is_false(tracer:ended(0.05))
    tracer:kill(SIGINT)
    assert.equal(4, tracer:wait().status, tracer.err)
    assert.truthy(tracer.err:find("FINAL", 1, true), tracer.err)
    local status = assert(h.status(pid), "the background process is gone")
    assert.equal("0", status.TracerPid)
    assert.truthy(status.State:match "^[RS]", status.State)
    h.process.kill(pid, 9)
    h.eventually("it is gone", function() return h.process.reap() > 0 or not h.status(pid) end)
  end)
end)
