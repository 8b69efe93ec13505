-- SPDX-License-Identifier: MIT
--
-- The kernel's traps, 29 to 36: seccomp, and who may trace whom.

local h <const> = require "tests.live.harness"
local traps <const> = require "tests.live.traps"

local SIGSYS <const> = 31
local EPERM <const>, ENOSYS <const> = 1, 38
-- Numbers of calls, x86-64.
local PTRACE <const>, PROCESS_VM_READV <const> = 101, 310

local function same(mode, expected, options)
  return traps.same(traps.command("trap_seccomp", mode), expected, options)
end

describe("a program's own filter", function()
  after_each(h.clean)

  for _, user in ipairs(h.users) do
    it("rules as it does untraced, as " .. user, function()
      local text = same("refused", 0, {user = user})
      -- Refused with an error is a result; refused with a signal is none; the stops keep their sides.
      assert.equal(3, traps.count(text, "getppid%(%) = %-1 EBADFD"), text:sub(-3000))
      assert.equal(3, traps.count(text, "getuid%(%) = %?"))
      assert.equal(0, traps.count(text, "getuid%(%) = 102"))
      assert.equal(3, traps.count(text, "%-%-%- SIGSYS"))
      assert.equal(3, traps.count(text, "getgid%(%) = %-1 ENOSYS"))
      assert.equal(6, traps.count(text, "[^p]getpid%(%) = %d+"))
    end)

    it("may be as long and as many as untraced, as " .. user, function()
      same("longest", 0, {user = user})
    end)
  end

  it("kills a process or a thread", function()
    local text = same("kill_process", -SIGSYS)
    assert.truthy(text:find("getppid() = ?", 1, true), text:sub(-2000))
    text = same "kill_thread"
    assert.truthy(text:find("thread killed by SIGSYS", 1, true), text:sub(-2000))
  end)

  it("comes over all threads at once", function()
    same "tsync"
  end)

  it("of the strict kind leaves four calls", function()
    local text = same("strict", 3)
    assert.truthy(text:find("exit(status: 3)", 1, true))
  end)

  it("can forbid exec, and stays after it", function()
    local text = same "veto_exec"
    assert.truthy(text:find 'execve%(pathname: "/bin/true"[^\n]*= %-1 EACCES', text:sub(-3000))
    assert.truthy(text:find 'execve%(pathname: "/bin/true"[^\n]*= 0')
  end)
end)

describe("a traced program", function()
  after_each(h.clean)

  it("has no filter of ours, and none is left to it when we are gone", function()
    local command = {"/bin/sh", "-c", "grep -E 'Seccomp|NoNewPrivs' /proc/self/status"}
    assert.equal(h.run(command).out, h.trace({"-q"}, command).out)
    assert.equal(h.run(command).out, h.trace({"-e", 'on("open", function() end)'}, command).out)
  end)
end)

describe("in a container", function()
  after_each(h.clean)

  local function without(call, error, arguments, command)
    return h.run(h.join(traps.command("trap_seccomp", "without", tostring(call), tostring(error)),
      {h.compendium}, arguments, {"--"}, command))
  end

  for _, error in ipairs {EPERM, ENOSYS} do
    it("that forbids to read memory at once, names are there all the same, " .. error, function()
      local result = without(PROCESS_VM_READV, error, {"-v"}, {"/bin/cat", "/etc/hostname"})
      assert.equal(0, result.status, result.err)
      assert.truthy(result.err:find('openat(dirfd: AT_FDCWD, pathname: "/etc/hostname"', 1, true), result.err:sub(-3000))
    end)

    it("that forbids ptrace, the message says so, " .. error, function()
      local result = without(PTRACE, error, {}, {"/bin/true"})
      assert.equal(125, result.status)
      assert.truthy(result.err:find("cannot trace a command: [^\n]*container"), result.err)
    end)
  end
end)

describe("a tracer that is traced", function()
  after_each(h.clean)

  for _, user in ipairs(h.users) do
    it("says who traces it and what to do, as " .. user, function()
      local result = h.trace({"-q"}, {h.compendium, "--", "/bin/ls"}, {user = user})
      assert.equal(125, result.status)
      assert.truthy(result.err:find("cannot trace a command: compendium %(process %d+%) traces this tracer"),
        result.err)
    end)
  end

  it("by strace, too, and strace in us", function()
    local result = h.run {"/usr/bin/strace", "-f", "-o", "/dev/null", h.compendium, "--", "/bin/ls"}
    assert.equal(125, result.status)
    assert.truthy(result.err:find("strace %(process %d+%) traces this tracer"), result.err)
    result = h.trace({"-q"}, {"/usr/bin/strace", "-o", "/dev/null", "/bin/true"})
    assert.equal(1, result.status)
    assert.truthy(result.err:find("strace: [^\n]*Operation not permitted"), result.err)
  end)

  it("may look at a process that the other does not trace", function()
    local target = h.start {"/bin/sleep", "1000"}
    local outer = h.start_trace({"-q"}, {h.compendium, "-p", tostring(target.pid)})
    h.eventually("the inner one traces", function() return h.status(target.pid).TracerPid ~= "0" end)
    local inner = tonumber(h.status(target.pid).TracerPid)
    h.process.kill(inner, 2)
    assert.equal(0, outer:wait().status, outer.err)
    assert.equal("0", h.status(target.pid).TracerPid)
    target:kill(9)
    target:wait()
  end)

  it("is not one that could never be ended: two that trace each other", function()
    local code = ("echo $PPID; exec %s -p $PPID"):format(h.compendium)
    local result = h.trace({"-q"}, {"/bin/sh", "-c", code})
    assert.equal(125, result.status)
    assert.truthy(result.err:find("trace each other", 1, true), result.err)
  end)
end)
