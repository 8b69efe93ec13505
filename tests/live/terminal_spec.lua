-- SPDX-License-Identifier: MIT
--
-- At a terminal: Ctrl-C is the program's first and ends the trace second, Ctrl-Z and fg work from a real
-- shell, and the program still has its terminal.

local h <const> = require "tests.live.harness"
local terminal <const> = require "tests.live.terminal"

local CTRL_C <const>, CTRL_D <const>, CTRL_Z <const> = "\3", "\4", "\26"
local SIGINT <const> = 2

local function trace(code, arguments, columns)
  return terminal.start(h.join({h.compendium}, arguments or {}, {"--", "/bin/sh", "-c", code}), nil, columns)
end

describe("Ctrl-C", function()
  after_each(h.clean)

  it("is the program's, which may go on", function()
    local tty = trace 'trap "echo caught" INT; echo ready; read line; echo "read $line"; exit 9'
    tty:expect "ready\r\n"
    tty:type(CTRL_C)
    tty:expect "caught"
    tty:type "more\r"
    tty:expect "read "
    assert.equal(9, tty:wait().status, tty.shown)
    assert.truthy(tty.shown:find("FINAL", 1, true), tty.shown)
  end)

  it("ends a program that does not care as it would untraced", function()
    local tty = terminal.start {h.compendium, "--", "/bin/sleep", "1000"}
    h.eventually("it sleeps", function()
      tty:read()
      local pid = h.children(tty.process.pid)[1]
      return pid and h.read_file(("/proc/%d/comm"):format(pid)) == "sleep\n" and h.status(pid).State:match "^S"
    end)
    tty:type(CTRL_C)
    assert.equal(SIGINT, tty:wait().signal, tty.shown)
    assert.truthy(tty.shown:find("FINAL", 1, true), tty.shown)
  end)

  it("comes once to the program, though the terminal sends it to us as well", function()
    local tty = terminal.start {h.compendium, "-q", "--", "/usr/bin/python3", "-c", [[
import signal, time
count = 0
def handler(*_):
    global count
    count += 1
signal.signal(signal.SIGINT, handler)
print("ready", flush=True)
while not count:
    signal.pause()
time.sleep(0.3)
print("count", count, flush=True)]]}
    tty:expect "ready\r\n"
    tty:type(CTRL_C)
    tty:expect "count 1"
    assert.equal(0, tty:wait().status, tty.shown)
  end)

  it("kills the second time, and there is a summary", function()
    local tty = trace 'trap "echo ignored" INT; echo ready; while :; do sleep 0.01; done'
    tty:expect "ready\r\n"
    tty:type(CTRL_C)
    tty:expect "ignored"
    h.eventually("another Ctrl-C is another one", function()
      tty:type(CTRL_C)
      h.process.sleep(0.15)
      tty:read()
      return tty.shown:find("FINAL", 1, true)
    end)
    assert.equal(SIGINT, tty:wait().signal, tty.shown)
  end)
end)

describe("Ctrl-C while attached", function()
  after_each(h.clean)

  it("ends the trace and nothing else", function()
    local target = h.start {"/bin/sleep", "1000"}
    local tty = terminal.start {h.compendium, "-p", tostring(target.pid)}
    h.eventually("it is attached", function()
      tty:read()
      return h.status(target.pid).TracerPid == tostring(tty.process.pid)
    end)
    tty:expect "Ctrl%-C" -- it is said what Ctrl-C does
    tty:type(CTRL_C)
    assert.equal(0, tty:wait().status, tty.shown)
    assert.truthy(tty.shown:find("FINAL", 1, true), tty.shown)
    local status = h.status(target.pid)
    assert.equal("0", status.TracerPid)
    assert.truthy(status.State:match "^S", status.State)
    h.stop(target)
  end)
end)

describe("the terminal", function()
  after_each(h.clean)

  it("is the program's stdin, stdout and stderr", function()
    local tty = trace('[ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo all; tty; stty size', {"-q"})
    tty:expect "all"
    tty:expect "/dev/pts/"
    tty:expect "24 80"
    assert.equal(0, tty:wait().status, tty.shown)
  end)

  it("gets colours unless it does not want them, and none goes to a file", function()
    local plain = h.folder(h.users[1]) .. "/plain"
    local tty = trace("cat /etc/hosts > /dev/null", {"-o", plain})
    tty:wait()
    assert.truthy(tty.shown:find "\27%[[%d;]*m")
    assert.falsy(h.read_file(plain):find "\27")
    for _, without in ipairs {{"--color", "never"}, {}} do
      tty = terminal.start(h.join({h.compendium}, without, {"--", "/bin/cat", "/etc/hostname"}),
        {env = #without == 0 and {NO_COLOR = "1"} or nil})
      tty:wait()
      assert.falsy(tty.shown:find "\27", tty.shown)
    end
  end)

  it("that is narrow gets a summary that fits", function()
    local tty = trace("cat /etc/hosts > /dev/null", {"--color", "never"}, 50)
    tty:wait()
    local summary = assert(tty.shown:match "━.*", tty.shown)
    assert.truthy(summary:find("FINAL", 1, true))
    for line in summary:gmatch "[^\r\n]+" do
      assert.is_true(utf8.len(line) <= 50, line)
    end
  end)
end)

describe("job control", function()
  after_each(h.clean)

  it("stops and continues the program and us from a shell", function()
    local tty = terminal.start({"/bin/bash", "--norc", "--noprofile", "-i"}, {env = {PS1 = "shell> ", HISTFILE = ""}})
    tty:expect "shell> "
    tty:type(h.compendium .. " -q -- sh -c \"echo be''gun; exec cat\"\r")
    tty:expect "begun\r\n"
    tty:type "one\r"
    tty:expect "one\r\none\r\n"
    tty:type(CTRL_Z)
    tty:expect "Stopped"
    tty:expect "shell> "
    local tracer = h.children(tty.process.pid)[1]
    local cat = h.children(tracer)[1]
    assert.truthy(h.status(tracer).State:match "^[Tt]")
    assert.truthy(h.status(cat).State:match "^[Tt]")
    tty:type "fg\r"
    -- Typed earlier, it would be the shell's, which has other ideas of what Enter sends.
    h.eventually("cat runs", function() return h.status(cat).State:match "^S" end)
    tty:type "two\r"
    tty:expect "two\r\ntwo\r\n"
    tty:type(CTRL_D)
    tty:expect "shell> "
    tty:type "echo status $?\r"
    tty:expect "status 0"
    tty:type "exit\r"
    assert.equal(0, tty:wait().status, tty.shown)
  end)

  it("stops a program that stops itself, until it is continued", function()
    local dir = h.folder(h.users[1])
    local code = "echo $$ > pid.new; mv pid.new pid; kill -STOP $$; echo on; exit 6"
    local tracer = h.start_trace({"-q"}, {"/bin/sh", "-c", code}, {cwd = dir})
    local pid = h.eventually("the program has a pid", function()
      return tonumber((h.read_file(dir .. "/pid") or ""):match "%d+")
    end)
    h.eventually("it is stopped", function()
      return h.status(pid).State:match "^[Tt]"
    end)
    assert.is_false(tracer:ended(0.1))
    h.process.kill(pid, 18) -- SIGCONT
    assert.equal(6, tracer:wait().status, tracer.err)
    assert.equal("on\n", tracer.out)
  end)
end)
