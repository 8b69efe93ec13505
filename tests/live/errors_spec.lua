-- SPDX-License-Identifier: MIT
--
-- What goes wrong around us: wrong arguments, missing rights, outputs that cannot be written. An error
-- names its cause and what to do; what is wrong with our output never hurts the program.

local h <const> = require "tests.live.harness"
local lfs <const> = require "lfs"

local function contains(text, ...)
  for _, part in ipairs {...} do
    assert.truthy(text:find(part), ("no '%s' in: %s"):format(part, text))
  end
end

-- It failed before anything was started: one line that says why.
local function check_refused(result, ...)
  assert.equal(125, result.status, result.err)
  contains(result.err, "^compendium: ", ...)
end

-- A program that leaves a mark, does a little and ends with 3.
local function marker(dir)
  return {"/bin/sh", "-c", "echo here > mark; cat /etc/hosts > copy; exit 3"}, dir .. "/mark"
end

local function sleeper(user)
  return h.start({"/bin/sleep", "1000"}, {user = user})
end

local function attach(pid, user)
  return h.trace({"-p", tostring(pid)}, nil, {user = user})
end

describe("a wrong command line", function()
  after_each(h.clean)

  it("with an unknown option names the nearest one", function()
    check_refused(h.trace({"--verbos"}, {"/bin/true"}), "%-%-verbos'?%f[^%w]", "%-%-verbose")
    check_refused(h.trace({"--scirpt", "x.lua"}, {"/bin/true"}), "%-%-script")
    check_refused(h.trace({"-z"}, {"/bin/true"}), "%-z")
  end)

  it("does not start the program", function()
    local dir = h.folder(h.users[1])
    local command, mark = marker(dir)
    check_refused(h.trace({"--verbos"}, command, {cwd = dir}))
    assert.is_false(h.exists(mark))
  end)

  it("with nothing to trace says what is missing", function()
    check_refused(h.trace {}, "command", "%-p")
    check_refused(h.trace {"-p", "twelve"}, "twelve")
    check_refused(h.trace {"-p"}, "%-p")
  end)
end)

describe("attaching that is not possible", function()
  after_each(h.clean)

  it("to a process that does not exist says so", function()
    check_refused(attach(4194303), "4194303", "[Nn]o such process")
  end)

  it("to a process with another tracer names that", function()
    local target = sleeper(h.users[1])
    local strace = h.start({h.which.strace, "-o", "/dev/null", "-p", tostring(target.pid)})
    h.eventually("strace has attached", function()
      return h.status(target.pid).TracerPid == tostring(strace.pid)
    end)
    check_refused(attach(target.pid), tostring(target.pid), "traced", "strace", tostring(strace.pid))
    h.stop(strace)
    h.eventually("the target sleeps on", function() return h.status(target.pid).State:match "^S" end)
    h.stop(target)
  end)

  it("to another user's process says whose it is and what to do", function()
    if not h.is_root then
      pending("needs root, to have a process of another user")
      return
    end
    local target = sleeper "root"
    check_refused(attach(target.pid, "user"), tostring(target.pid), "root", "sudo")
    h.stop(target)
  end)

  it("because of Yama names Yama and what to do", function()
    local scope = h.read_file "/proc/sys/kernel/yama/ptrace_scope"
    if not scope then
      pending("this kernel is built without Yama")
      return
    elseif not h.is_root then
      pending("needs root, to set Yama's scope")
      return
    end
    h.write_file("/proc/sys/kernel/yama/ptrace_scope", "1\n")
    local target = sleeper "user"
    local result = attach(target.pid, "user")
    h.write_file("/proc/sys/kernel/yama/ptrace_scope", scope)
    h.stop(target)
    check_refused(result, "ptrace_scope", "sudo")
  end)
end)

-- Numbers of system calls that sandboxes refuse.
local PTRACE <const>, PROCESS_VM_READV <const>, PIDFD_OPEN <const>, PIDFD_GETFD <const> = 101, 310, 434, 438
local EPERM <const>, ENOSYS <const> = 1, 38

describe("being traced ourselves", function()
  before_each(h.no_leak_check)
  after_each(h.clean)

  it("we say by whom, and start nothing", function()
    local dir = h.folder(h.users[1])
    local command, mark = marker(dir)
    local result = h.run(h.join({h.which.strace, "-f", "-o", "/dev/null", h.compendium, "--"}, command), {cwd = dir})
    check_refused(result, "strace %(process %d+%)")
    assert.is_false(h.exists(mark))
  end)
end)

describe("in a sandbox", function()
  before_each(h.no_leak_check)
  after_each(h.clean)

  local function sandboxed(call, error_number, arguments, options)
    return h.run(h.join({h.tracee "deny", tostring(call), tostring(error_number), h.compendium}, arguments), options)
  end

  it("that forbids ptrace it says so and what to do, and starts nothing", function()
    local dir = h.folder(h.users[1])
    local command, mark = marker(dir)
    check_refused(sandboxed(PTRACE, EPERM, h.join({"--"}, command), {cwd = dir}), "container", "SYS_PTRACE")
    assert.is_false(h.exists(mark))
    local target = sleeper(h.users[1])
    check_refused(sandboxed(PTRACE, EPERM, {"-p", tostring(target.pid)}), tostring(target.pid), "container")
    h.stop(target)
  end)

  it("that forbids fast ways it takes others", function()
    for _, call in ipairs {PROCESS_VM_READV, PIDFD_OPEN, PIDFD_GETFD} do
      for _, error_number in ipairs {EPERM, ENOSYS} do
        local dir = h.folder(h.users[1])
        local result = sandboxed(call, error_number, h.join({"--"}, (marker(dir))), {cwd = dir})
        assert.equal(3, result.status, result.err)
        contains(result.err, "open [^\n]*/copy", "cat exec [^\n]*cat /etc/hosts", "FINAL")
      end
    end
  end)
end)

describe("output that cannot be written", function()
  after_each(h.clean)

  it("as -o is an error before the program starts", function()
    local dir = h.folder(h.users[1])
    local command, mark = marker(dir)
    for _, path in ipairs {dir .. "/no/such/folder", dir} do
      check_refused(h.trace({"-o", path}, command, {cwd = dir}), h.literal(path))
      assert.is_false(h.exists(mark))
    end
    if h.is_root then
      local secret = h.folder "root"
      h.process.chmod(secret, 448) -- 0700
      check_refused(h.trace({"-o", secret .. "/out"}, command, {cwd = dir, user = "user"}),
        "[Pp]ermission denied")
      assert.is_false(h.exists(mark))
    end
  end)

  -- The program runs to its end, its status is ours, and the -o file is complete.
  local function check_survived(result, dir)
    assert.equal(3, result.status, result.err)
    assert.equal(h.read_file "/etc/hosts", h.read_file(dir .. "/copy"))
    contains(h.read_file(dir .. "/lines"), "open [^\n]*/copy", "FINAL", "Exit: 3")
  end

  it("as a closed stderr leaves the program, its status and -o alone", function()
    local dir = h.folder(h.users[1])
    check_survived(h.trace({"-o", dir .. "/lines"}, (marker(dir)), {cwd = dir, err = false}), dir)
  end)

  it("as a closed stderr is closed for the program too", function()
    local command = {"/bin/ls", "-l", "/proc/self/fd"}
    local function names(text) return text:gsub("[^\n]* (%d+ %->)", "%1"):gsub("/proc/%d+", "/proc/PID") end
    local alone = h.run(command, {err = false})
    local traced = h.trace({}, command, {err = false})
    alone, traced = alone.out:gsub("/t%d+/out", "/out"), traced.out:gsub("/t%d+/out", "/out")
    assert.equal(names(alone), names(traced))
  end)

  it("as a full disk behind stderr leaves the program, its status and -o alone", function()
    local dir = h.folder(h.users[1])
    check_survived(h.trace({"-o", dir .. "/lines"}, (marker(dir)), {cwd = dir, err = "/dev/full"}), dir)
  end)

  it("as a full disk behind -o leaves the program and stderr alone, and is said", function()
    local dir = h.folder(h.users[1])
    local result = h.trace({"-o", "/dev/full"}, (marker(dir)), {cwd = dir})
    assert.equal(3, result.status, result.err)
    contains(result.err, "FINAL", "Exit: 3", "Output to /dev/full is incomplete: No space left")
    assert.equal(1, select(2, result.err:gsub("incomplete", "")), result.err)
    -- Nothing but the summary is written, and it cannot know how that went.
    contains(h.trace({"-q", "-o", "/dev/full"}, {"/bin/true"}).err, "FINAL", "Exit: 0",
      "Output to /dev/full is incomplete: No space left")
  end)

  it("as a reader that goes away (2>&1 | head -1) leaves the program, its status and -o alone", function()
    local dir = h.folder(h.users[1])
    local code = [[
{
  "$0" -o lines -- sh -c 'for i in 1 2 3 4 5 6 7 8 9; do cat /etc/hosts > copy; done; exit 3'
  echo $? > status
} 2>&1 | head -n 1 > first]]
    local result = h.run({"/bin/sh", "-c", code, h.compendium}, {cwd = dir})
    assert.equal(0, result.status, result.err)
    assert.equal("3\n", h.read_file(dir .. "/status"))
    assert.truthy(#h.read_file(dir .. "/first") > 0)
    check_survived({status = 3}, dir)
  end)

  it("as stdout behind --json leaves the program alone, and is said", function()
    local dir = h.folder(h.users[1])
    local result = h.trace({"--json"}, (marker(dir)), {cwd = dir, out = "/dev/full"})
    assert.equal(3, result.status, result.err)
    assert.equal(h.read_file "/etc/hosts", h.read_file(dir .. "/copy"))
    contains(result.err, "JSON lines on stdout are incomplete: No space left")
  end)

  it("leaves no file behind that -o did not ask for", function()
    local dir = h.folder(h.users[1])
    h.trace({}, {"/bin/true"}, {cwd = dir})
    assert.same({}, h.list(dir))
    assert.equal("directory", lfs.attributes(dir, "mode"))
  end)
end)
