-- SPDX-License-Identifier: MIT
--
-- The kernel's traps, 16 to 28: stops and signals.

local h <const> = require "tests.live.harness"
local terminal <const> = require "tests.live.terminal"
local traps <const> = require "tests.live.traps"

local SIGTRAP <const>, SIGCONT <const>, SIGSTOP <const>, SIGKILL <const> = 5, 18, 19, 9

local function same(mode, expected, options)
  return traps.same(traps.command("trap_signals", table.unpack(mode)), expected, options)
end

describe("SIGTRAP", function()
  after_each(h.clean)

  it("of the program's own is its own, and calls around it keep their two sides", function()
    local text = same {"traps"}
    assert.equal(4, traps.count(text, "%-%-%- SIGTRAP"), text:sub(-3000))
    assert.equal(2, traps.count(text, "getppid%(%) = %d+"))
  end)

  it("kills who does not handle it", function()
    same({"trap_dies"}, -SIGTRAP)
  end)
end)

describe("a stop", function()
  after_each(h.clean)

  for name, mode in pairs {
    ["is seen by the parent, once, with all threads"] = {"group_stop"},
    ["and its end come as fast as they can"] = {"herd", "40"},
    ["with a handler runs the handler first"] = {"tstp_handler"},
    ["is no shelter from being killed"] = {"killed_in_stop"},
  } do
    it(name, function()
      for _, user in ipairs(h.users) do
        same(mode, 0, {user = user})
      end
    end)
  end

  it("is one event for the process", function()
    local result = h.trace({"-e", 'on("stop", function(e) print("stop", e.signal) end)'},
      traps.command("trap_signals", "group_stop"))
    assert.equal("stop\tSIGSTOP\nstop\tSIGTSTP\nstop\tSIGTTIN\n", result.out)
  end)
end)

describe("job control from a shell", function()
  after_each(h.clean)

  local function shell(command)
    local tty = terminal.start({"/bin/bash", "--norc", "--noprofile", "-i"}, {env = {PS1 = "shell> ", HISTFILE = ""}})
    tty:expect "shell> "
    tty:type(command .. "\r")
    return tty
  end

  local function finish(tty)
    tty:type "exit\r"
    return tty:wait()
  end

  it("takes a pipeline through Ctrl-Z, bg, fg and Ctrl-C, threads and all", function()
    local tty = shell(h.compendium .. " -q -- " .. h.tracee "trap_signals" .. " counter | cat")
    tty:expect "count 2\r\n"
    tty:type "\26"
    tty:expect "Stopped"
    tty:type "bg\r"
    tty:expect "cat &"
    tty:expect "count %d+\r\n"
    tty:expect "count %d+\r\n"
    tty:type "fg\r"
    tty:expect "count %d+\r\n"
    tty:type "\3"
    tty:expect "FINAL"
    tty:type "echo status ${PIPESTATUS[0]}\r"
    tty:expect "status 130"
    finish(tty)
  end)

  it("leaves a job in the background alone when the terminal is only for those in front", function()
    local dir = h.folder(h.users[1])
    local tty = shell("stty tostop; " .. h.compendium .. " -o " .. dir .. "/lines -- /bin/sh -c 'echo x > "
      .. dir .. "/file' &")
    h.eventually("the job is done", function()
      tty:read()
      tty:type "jobs\r"
      h.process.sleep(0.05)
      return tty.shown:find "Done"
    end)
    assert.equal("x\n", h.read_file(dir .. "/file"))
    assert.truthy(h.read_file(dir .. "/lines"):find("Exit: 0", 1, true))
    finish(tty)
  end)

  it("stops one who reads in the background, as untraced", function()
    local tty = shell(h.compendium .. " -q -- /bin/cat &")
    h.eventually("it is stopped", function()
      tty:read()
      tty:type "jobs\r"
      h.process.sleep(0.05)
      return tty.shown:find "Stopped"
    end)
    tty:type "fg\r"
    tty:expect "/bin/cat\r\n"
    h.process.sleep(0.05)
    tty:type "line\r"
    tty:expect "line\r\nline\r\n"
    tty:type "\4"
    tty:expect "FINAL"
    finish(tty)
  end)
end)

describe("an interrupted call", function()
  after_each(h.clean)

  it("goes on after a stop, under its own name", function()
    local text = same {"restarts"}
    assert.truthy(text:find "clock_nanosleep%([^\n]*%) = 0", text:sub(-3000))
    assert.truthy(text:find "poll%([^\n]*timeout: 300%) = 0")
    assert.truthy(text:find "read%([^\n]*%) = 1")
    assert.falsy(text:find("restart_syscall", 1, true))
  end)

  it("goes on or fails after a handler, as the handler was made", function()
    local text = same {"handlers"}
    assert.equal(2, traps.count(text, "= %-1 EINTR %(Interrupted system call%) <%d[^\n]*\n") -
      traps.count(text, "rt_sigreturn%(%) = %-1 EINTR") - 1, text:sub(-3000))
  end)

  it("is not interrupted by what nobody handles", function()
    for _, user in ipairs(h.users) do
      local text = same({"ignored"}, 0, {user = user})
      assert.falsy(text:find("EINTR", 1, true), text:sub(-2000))
    end
  end)
end)

describe("a signal", function()
  after_each(h.clean)

  it("in real time comes in order, with its value", function()
    local text = same {"realtime"}
    assert.equal(3 * 31, traps.count(text, "%-%-%- SIGRT"), text:sub(-3000))
  end)

  it("of the C library's own arrives", function()
    same {"internal"}
  end)

  it("that is ignored or blocked is seen when it arrives", function()
    local text = same {"quiet"}
    assert.equal(1, traps.count(text, "%-%-%- SIGUSR1"), text:sub(-3000))
    assert.equal(1, traps.count(text, "%-%-%- SIGUSR2"))
  end)

  it("at the end of a child or a parent is the one that was asked for", function()
    same {"exit_signals"}
  end)
end)

describe("death", function()
  after_each(h.clean)

  it("at any moment leaves a trace to the end", function()
    same {"victims", "60"}
    local result = h.trace({"-e", [[
      local forks, ends = 1, 0
      on("fork", function(e) forks = forks + (e.child and 1 or 0) end) -- EINTR for one that is killed in it
      on("exit", function(e) if e.whole then ends = ends + 1 end end)
      on("finish", function() print(forks - ends) end)]]}, traps.command("trap_signals", "victims", "60"))
    assert.equal("0\n", result.out, result.err)
  end)

  it("of the program itself, killed by another, is ours as well", function()
    for _ = 1, 5 do
      local tracer = h.start_trace({}, traps.command("trap_signals", "victim"))
      local pid = h.eventually("it runs", function()
        local child = (h.read_file(("/proc/%d/task/%d/children"):format(tracer.pid, tracer.pid)) or ""):match "%d+"
        return child and #h.tasks(tonumber(child)) > 1 and tonumber(child)
      end)
      h.process.kill(pid, SIGKILL)
      assert.equal(SIGKILL, tracer:wait().signal, tracer.err)
      assert.truthy(tracer.err:find("Exit: killed by SIGKILL", 1, true), tracer.err:sub(-1000))
    end
  end)

  it("of a process leaves the calls of its threads unfinished", function()
    local text = same({"ends_in_calls"}, 6)
    assert.truthy(text:find "read%(fd: %d+[^\n]*%) = %?", text:sub(-4000))
    assert.truthy(text:find "pause%([^\n]*%) = %?")
    assert.equal(1, traps.count(text, "%+%+%+ exited with 6 %+%+%+"))
  end)
end)

describe("a process that forbids to look into it", function()
  after_each(h.clean)

  for _, user in ipairs(h.users) do
    it("is traced all the same, as " .. user .. ", and read by root alone", function()
      local text = same({"undumpable"}, 0, {user = user})
      local name = user == "root" and '"/etc/undumpable"' or "0x%x+"
      assert.truthy(text:find("pathname: " .. name .. ", flags: O_RDONLY%) = %-1 ENOENT"), text:sub(-3000))
    end)
  end
end)

describe("attaching", function()
  after_each(h.clean)

  it("finds threads that are born meanwhile, and programs that become others", function()
    for _, mode in ipairs {"breeder", "changer"} do
      local target = h.start(traps.command("trap_signals", mode))
      h.eventually("it runs", function() return (h.read_file(target.out_path) or ""):find "ready" end)
      for _ = 1, 10 do
        local tracer = h.start_trace({"-e", 'on("open", function(e) print(e.path) end)', "-p", tostring(target.pid)})
        h.eventually("its calls are seen", function()
          return (h.read_file(tracer.out_path) or ""):find("/etc/hostname", 1, true)
        end)
        for _, tid in ipairs(h.tasks(target.pid)) do
          local status = h.status(target.pid, tid)
          assert.equal(tracer.pid, status and tonumber(status.TracerPid) or tracer.pid, mode)
        end
        tracer:kill(2)
        assert.equal(0, tracer:wait().status, tracer.err)
        for _, tid in ipairs(h.tasks(target.pid)) do
          local status = h.status(target.pid, tid)
          assert.falsy(status and status.State:match "^[Tt]", mode)
        end
      end
      target:kill(SIGKILL)
      target:wait()
    end
  end)

  it("to one that is dead says so", function()
    local parent = h.start({"/usr/bin/python3", "-c", "import os, time\npid = os.fork()\nif pid == 0: os._exit(0)\n"
      .. "print(pid, flush=True)\ntime.sleep(1000)"})
    local dead = h.eventually("a zombie", function()
      local pid = tonumber((h.read_file(parent.out_path) or ""):match "%d+")
      return pid and (h.status(pid) or {State = ""}).State:match "^Z" and pid
    end)
    local result = h.trace({"-p", tostring(dead)})
    assert.equal(125, result.status)
    assert.truthy(result.err:find("already exited", 1, true), result.err)
    parent:kill(SIGKILL)
    parent:wait()
  end)

  it("sees the first exec of a command", function()
    local text = h.trace({"-v"}, {"/bin/true"}).err
    assert.truthy(text:match "\n%[%+[%d.]+s%] ([^\n]*)":find('execve(pathname: "/bin/true"', 1, true), text:sub(1, 500))
  end)

  it("to one that stops and continues all the time leaves it as it is", function()
    local target = h.start(traps.command("trap_signals", "counter"))
    h.eventually("it counts", function() return (h.read_file(target.out_path) or ""):find "count 2" end)
    for _ = 1, 15 do
      local tracer = h.start_trace({"-q", "-p", tostring(target.pid)})
      h.process.kill(target.pid, SIGSTOP)
      h.process.sleep(0.01)
      tracer:kill(2)
      assert.equal(2, tracer:wait().signal or 2, tracer.err)
      h.eventually("it is stopped", function() return h.status(target.pid).State:match "^T" end)
      h.process.kill(target.pid, SIGCONT)
      local size = #h.read_file(target.out_path)
      h.eventually("it counts on", function() return #h.read_file(target.out_path) > size end)
    end
    target:kill(SIGKILL)
    target:wait()
  end)
end)
