-- SPDX-License-Identifier: MIT
--
-- The kernel's traps, 29 to 36: seccomp, and who may trace whom.

local h <const> = require "tests.live.harness"
local traps <const> = require "tests.live.traps"

local SIGKILL <const>, SIGSYS <const> = 9, 31
local EPERM <const>, ENOSYS <const> = 1, 38
-- Numbers of calls, x86-64.
local PTRACE <const>, PROCESS_VM_READV <const> = 101, 310

local function same(mode, expected, options)
  return traps.same(h.join(traps.command "trap_seccomp", type(mode) == "table" and mode or {mode}), expected, options)
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
      -- With a filter of ours, a call that stops for the program's and for ours is one.
      local result = traps.script([[
        on("syscall:openat", function(e) if e.args.pathname == "/etc/refused" then print("opened", e.error) end end)]],
        traps.command("trap_seccomp", "refused"), {user = user})
      assert.equal(3, traps.count(result.out, "opened\tENOENT\n"), result.out .. result.err)
      assert.equal(3, traps.count(result.out, "opened"), result.out)
    end)

    it("may answer EINTR itself, as " .. user, function()
      local text = same("answers_eintr", 0, {user = user})
      assert.equal(15, traps.count(text, "= %-1 EINTR"), text:sub(-3000))
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
    same({"strict", "probed"}, 3)
    same({"strict", "filtered"}, 0)
    for _, number in ipairs {"39", "-1", "9999"} do
      same({"strict", "forbidden", number}, -SIGKILL)
    end
  end)

  it("can forbid exec, and stays after it", function()
    local text = same "veto_exec"
    assert.truthy(text:find 'execve%(pathname: "/bin/true"[^\n]*= %-1 EACCES', text:sub(-3000))
    assert.truthy(text:find 'execve%(pathname: "/bin/true"[^\n]*= 0')
  end)
end)

describe("a traced program", function()
  after_each(h.clean)

  local SHOW <const> = {"/bin/sh", "-c", "grep -E 'Seccomp|NoNewPrivs' /proc/self/status"}
  local FEW <const> = 'on("syscall:getppid", function() end)'
  -- bpf needs no filter.
  local function trace(arguments, ...) return h.trace(h.join({"--backend", "ptrace"}, arguments), ...) end
  local function start_trace(arguments, ...) return h.start_trace(h.join({"--backend", "ptrace"}, arguments), ...) end

  it("has no filter of ours where many calls are hooked, or by --no-seccomp", function()
    assert.equal(h.run(SHOW).out, trace({"-q"}, SHOW).out)
    assert.equal(h.run(SHOW).out, trace({"-v"}, SHOW).out)
    assert.equal(h.run(SHOW).out, trace({"--no-seccomp", "-e", FEW}, SHOW).out)
    local result = trace({"-v"}, {"/bin/true"})
    assert.truthy(result.err:find("no seccomp filter: many calls are hooked", 1, true), result.err)
  end)

  for _, user in ipairs(h.users) do
    it("has one where few are, with NO_NEW_PRIVS only when that cannot be helped, as " .. user, function()
      local out = trace({"-e", FEW}, SHOW, {user = user}).out
      assert.truthy(out:find("Seccomp:\t2", 1, true), out)
      assert.truthy(out:find(user == "root" and "NoNewPrivs:\t0" or "NoNewPrivs:\t1", 1, true), out)
    end)
  end

  -- Counts calls, with hooks that take these parameters.
  local function counts(parameters, calls, command)
    local result = trace({"--backend", "ptrace", "-e", ([[
      local n = {}
      for call in ("%s"):gmatch "%%S+" do
        n[call] = 0
        on("syscall:" .. call, function(%s) n[call] = n[call] + 1 end)
      end
      on("finish", function() for call in ("%s"):gmatch "%%S+" do print("made", call, n[call]) end end)]]):format(
      calls, parameters, calls)}, command)
    return result.out:gsub("[^\n]*\n", function(line) return not line:find "^made\t" and "" or nil end)
  end

  it("counts calls of which hooks see nothing once, also those that are made again", function()
    for mode, calls in pairs {
      restarts = "poll wait4 write", handlers = "clock_nanosleep poll read write",
      ignored = "clock_nanosleep epoll_wait poll", quiet = "rt_sigtimedwait read",
    } do
      local command = {h.tracee "trap_signals", mode}
      local seen = counts("e", calls, command)
      assert.truthy(seen:find "\t[1-9]", seen)
      assert.equal(seen, counts("", calls, command), mode)
    end
  end)

  if h.is_root then
    -- How often we ask ptrace for something: seen by a source that does without.
    local function requests(parameters)
      local inner = {h.compendium, "--backend", "ptrace", "-q", "-e",
        ('on("syscall:getppid", function(%s) end)'):format(parameters), "--", h.tracee "waits", "calls", "1000"}
      local result = trace({"--backend", "bpf-only", "-e", [[
        local n = 0
        on("syscall:ptrace", function() n = n + 1 end)
        on("finish", function() print("requests", n) end)]]}, inner)
      return tonumber(result.out:match "requests\t(%d+)")
    end

    it("stops once for a call of which hooks see nothing, twice for others", function()
      local once, twice = requests "", requests "e"
      assert.is_true(once > 2000 and once < 2400, "requests: " .. once)
      assert.is_true(twice > 4000, "requests: " .. twice)
    end)

    it("of another user (-u) has one without NO_NEW_PRIVS", function()
      local out = trace({"-u", "nobody", "-e", FEW}, SHOW, {cwd = "/"}).out
      assert.truthy(out:find("Seccomp:\t2", 1, true), out)
      assert.truthy(out:find("NoNewPrivs:\t0", 1, true), out)
    end)
  end

  it("is not let go with a filter: its calls would fail", function()
    local dir = h.folder(h.users[1])
    local code = "(while [ ! -e go ]; do sleep 0.01; done; sh -c 'echo $PPID > late') & : > up; exit 4"
    local tracer = start_trace({"-e", FEW, "-e", 'on("finish", function() print "over" end)'},
      {"/bin/sh", "-c", code}, {cwd = dir})
    h.eventually("the command has ended", function()
      return h.exists(dir .. "/up") and #h.children(tracer.pid) == 0
    end)
    tracer:kill(2)
    h.eventually("the trace is over", function() return (h.read_file(tracer.out_path) or ""):find "over" end)
    assert.is_false(tracer:ended(0.1))
    h.write_file(dir .. "/go", "")
    assert.equal(4, tracer:wait().status, tracer.err)
    assert.truthy(tracer.err:find("stays until they end", 1, true), tracer.err)
    assert.truthy((h.read_file(dir .. "/late") or ""):match "^%d+\n$")
  end)

  it("that is left with a filter is ended by a second Ctrl-C", function()
    local dir = h.folder(h.users[1])
    local tracer = start_trace({"-e", FEW}, {"/bin/sh", "-c", "sleep 1000 & echo $! > pid; exit 4"}, {cwd = dir})
    local pid = h.eventually("the command has ended", function()
      return #h.children(tracer.pid) == 0 and tonumber((h.read_file(dir .. "/pid") or ""):match "%d+")
    end)
    tracer:kill(2)
    h.eventually("it stays", function() return (h.read_file(tracer.err_path) or ""):find "stays until" end)
    tracer:kill(2)
    assert.equal(4, tracer:wait().status, tracer.err)
    h.eventually("it is gone", function() return h.process.reap() > 0 or not h.status(pid) end)
  end)

  it("sees the CPUs it may use, not the one it shares with us", function()
    local code = "import os\nfor i in range(500): os.getppid()\nprint(sorted(os.sched_getaffinity(0)))\n"
      .. "for i in range(500): os.getppid()\nos.sched_setaffinity(0, {0})\nfor i in range(500): os.getppid()\n"
      .. "print(os.sched_getaffinity(0))\nos.sched_setaffinity(0, range(4096 // 8))\n"
      .. "for i in range(500): os.getppid()\npid = os.fork()\n"
      .. "if pid == 0: print(sorted(os.sched_getaffinity(0)), flush=True); os._exit(0)\nos.wait()\n"
    local command = {"/usr/bin/python3", "-c", code}
    local alone = h.run(command)
    assert.equal(0, alone.status, alone.err)
    for _, way in ipairs {{"-e", FEW}, {"-q"}, {"-v"}} do
      local result = trace(way, command)
      assert.equal(alone.out, result.out, result.err:sub(-2000))
    end
  end)
end)

describe("in a container", function()
  before_each(h.no_leak_check)
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
  before_each(h.no_leak_check)
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
