-- SPDX-License-Identifier: MIT
--
-- The kernel's traps, 43 to 50 and 61: how traces end, whose rights count, whose ids and times.

local h <const> = require "tests.live.harness"
local traps <const> = require "tests.live.traps"

local SIGHUP <const>, SIGQUIT <const>, SIGKILL <const>, SIGTERM <const> = 1, 3, 9, 15
local SETUID <const>, SETGID <const> = 2541, 1517 -- 04755, 02755
local NOBODY <const> = 65534

local function running(pid)
  local status = h.status(pid)
  return status and not status.State:match "^[ZX]"
end

-- Starts a trace of a program that sleeps; returns the tracer and the program's pid, when it has begun to.
local function sleeping(arguments, options, command)
  local tracer = h.start_trace(arguments, command or {"/bin/sleep", "1000"}, options)
  local pid = h.eventually("it sleeps", function()
    local child = (h.read_file(("/proc/%d/task/%d/children"):format(tracer.pid, tracer.pid)) or ""):match "%d+"
    local name = command and "sh" or "sleep"
    return child and h.read_file(("/proc/%s/comm"):format(child)) == name .. "\n"
      and (h.status(child) or {State = ""}).State:match "^S" and tonumber(child)
  end)
  return tracer, pid
end

describe("a tracer killed with -9", function()
  after_each(h.clean)

  for _, user in ipairs(h.users) do
    it("takes what it started with it, as " .. user, function()
      local tracer, pid = sleeping({"-q"}, {user = user}, {"/bin/sh", "-c", "sleep 1000 & sleep 1000; :"})
      local children = h.eventually("two children", function()
        local list = {}
        for child in (h.read_file(("/proc/%d/task/%d/children"):format(pid, pid)) or ""):gmatch "%d+" do
          list[#list + 1] = tonumber(child)
        end
        return #list == 2 and list
      end)
      tracer:kill(SIGKILL)
      assert.equal(SIGKILL, tracer:wait().signal)
      h.eventually("all are gone", function()
        h.process.reap()
        return not (running(pid) or running(children[1]) or running(children[2]))
      end)
    end)

    it("lets what it attached to run on, as " .. user, function()
      local dir = h.folder(user)
      local input, writer = h.process.pipe()
      local target = h.start({h.tracee "target", "busy", "4", dir .. "/file"},
        {user = user, cwd = dir, stdin_fd = input})
      h.process.close(input)
      h.eventually("it is ready", function() return (h.read_file(target.out_path) or ""):match "ready" end)
      for _ = 1, 5 do
        local tracer = h.start_trace({"-e", 'on("syscall", function() end)', "-p", tostring(target.pid)}, nil,
          {user = user})
        h.eventually("all are traced", function()
          for _, tid in ipairs(h.tasks(target.pid)) do
            if tonumber((h.status(target.pid, tid) or {}).TracerPid) ~= tracer.pid then return false end
          end
          return true
        end)
        tracer:kill(SIGKILL)
        tracer:wait()
        local size = #h.read_file(dir .. "/file")
        h.eventually("it writes on", function() return #h.read_file(dir .. "/file") > size + 1000 end)
        for _, tid in ipairs(h.tasks(target.pid)) do
          assert.truthy(h.status(target.pid, tid).State:match "^[RSD]")
        end
      end
      h.process.close(writer)
      assert.equal(0, target:wait().status, target.err)
    end)
  end
end)

describe("a tracer that is told to end", function()
  after_each(h.clean)

  for name, number in pairs {TERM = SIGTERM, HUP = SIGHUP, QUIT = SIGQUIT} do
    it("by SIG" .. name .. " writes all it has, and dies of it", function()
      local dir = h.folder(h.users[1])
      local tracer = sleeping {"-o", dir .. "/lines"}
      tracer:kill(number)
      tracer:wait()
      for _, text in ipairs {tracer.err, h.read_file(dir .. "/lines")} do
        assert.truthy(text:find("FINAL", 1, true), text)
        assert.truthy(text:find("Exit: killed by SIG" .. name, 1, true), text)
      end
      assert.equal(number, tracer.signal)
    end)

    it("by SIG" .. name .. " while attached writes all it has, and the process runs on", function()
      local dir = h.folder(h.users[1])
      local target = h.start {"/bin/sleep", "1000"}
      local tracer = h.start_trace {"-o", dir .. "/lines", "-p", tostring(target.pid)}
      h.eventually("it is traced", function() return tonumber(h.status(target.pid).TracerPid) == tracer.pid end)
      tracer:kill(number)
      tracer:wait()
      for _, text in ipairs {tracer.err, h.read_file(dir .. "/lines")} do
        assert.truthy(text:find("FINAL", 1, true), text)
        assert.truthy(text:find("trace ended by SIG" .. name, 1, true), text)
      end
      assert.equal(number, tracer.signal)
      assert.equal("0", h.status(target.pid).TracerPid)
      target:kill(SIGKILL)
      target:wait()
    end)
  end

  it("kills a program that does not heed SIGTERM", function()
    local dir = h.folder(h.users[1])
    local tracer, pid = sleeping({"-o", dir .. "/lines"}, {cwd = dir},
      {"/bin/sh", "-c", "trap '' TERM HUP; : > ready; while :; do sleep 0.05; done"})
    h.eventually("its trap is set", function() return h.exists(dir .. "/ready") end)
    tracer:kill(SIGTERM)
    assert.equal(SIGTERM, tracer:wait().signal, tracer.err)
    assert.truthy(h.read_file(dir .. "/lines"):find("FINAL", 1, true))
    assert.falsy(running(pid))
  end)

  it("dies of the program's signal also when that is blocked", function()
    local code = "import os, signal, sys\nsignal.pthread_sigmask(signal.SIG_BLOCK, [15, 10, 34])\n"
      .. "os.execv(sys.argv[1], sys.argv[1:])"
    for _, number in ipairs {SIGTERM, 10, 34} do
      local unblock = ("import os, signal\nsignal.pthread_sigmask(signal.SIG_SETMASK, [])\nos.kill(os.getpid(), %d)")
        :format(number)
      local result = h.run {"/usr/bin/python3", "-c", code, h.compendium, "-q", "--", "/usr/bin/python3", "-c", unblock}
      assert.equal(number, result.signal, result.err)
    end
  end)
end)

describe("a setuid program", function()
  after_each(h.clean)

  local function program(mode)
    local dir = h.folder "root"
    local path = h.write_file(dir .. "/rights", h.read_file(h.tracee "trap_rights"), 493)
    assert(h.process.chmod(path, mode))
    return path
  end

  if not h.is_root then
    return
  end

  it("traced by root for somebody has its privileges", function()
    for _, mode in ipairs {SETUID, SETGID} do
      local path = program(mode)
      local alone = h.run({path}, {user = "user"})
      assert.truthy(alone.out:find("effective 0", 1, true), alone.out)
      local traced = h.trace({"-q", "-u", "nobody"}, {path})
      assert.equal(alone.out, traced.out, traced.err)
      assert.falsy(traced.err:find("privileges", 1, true), traced.err)
    end
  end)

  it("traced by somebody has not, and a warning names it, once", function()
    for _, mode in ipairs {SETUID, SETGID} do
      local path = program(mode)
      for _, way in ipairs {{}, {"-q"}, {"-e", 'on("open", function() end)'}} do
        local traced = h.trace(way, {"/bin/sh", "-c", "$0; $0; :", path}, {user = "user"})
        assert.equal(0, traced.status, traced.err)
        assert.equal(("uid %d effective %d, gid %d effective %d\n"):format(NOBODY, NOBODY, NOBODY, NOBODY):rep(2),
          traced.out)
        assert.equal(1, traps.count(traced.err, "compendium: [^\n]*/rights %(process %d+%) runs without the privileges"),
          traced.err)
      end
    end
    local traced = h.trace({}, {program(SETUID)}, {user = "user"})
    assert.truthy(traced.err:find("\n Without the privileges of its file (setuid), as traced: rights", 1, true), traced.err)
    assert.falsy(h.trace({}, {program(493)}, {user = "user"}).err:find("privileges", 1, true))
  end)
end)

describe("a PID namespace", function()
  after_each(h.clean)

  it("has other numbers inside, and ours in the trace", function()
    local command = {"/usr/bin/unshare", "--fork", "--pid", "--mount-proc", "/bin/sh", "-c",
      "echo inside $$; sh -c 'exit 3'; echo $?; cat /etc/hostname > /dev/null; exit 4"}
    local options = {}
    if not h.is_root then
      table.insert(command, 2, "--map-root-user")
    end
    local alone = h.run(command, options)
    if alone.status ~= 4 then
      pending "namespaces are forbidden here"
    end
    local code = [[
      local born, ended = {}, 0
      on("fork", function(e) born[e.child] = true end)
      on("open", function(e) if e.path == "/etc/hostname" then io.stderr:write("known ", tostring(born[e.pid]), "\n") end end)
      on("exit", function(e) if e.whole and born[e.pid] then ended = ended + 1; born[e.pid] = nil end end)
      on("finish", function() io.stderr:write("ended ", ended, " left ", next(born) or "none", "\n") end)]]
    local traced = h.trace({"-e", code}, command, options)
    assert.equal(4, traced.status, traced.err)
    assert.equal(alone.out, traced.out)
    assert.truthy(traced.out:find("inside 1\n3\n", 1, true))
    assert.truthy(traced.err:find("known true\n", 1, true), traced.err)
    assert.truthy(traced.err:find "ended %d+ left none\n", traced.err)
    local text = h.trace({"-v"}, command, options).err
    assert.truthy(text:find("exited with 4", 1, true), text:sub(-2000))
  end)

  it("may hold the tracer as well", function()
    local command = {"/usr/bin/unshare", "--fork", "--pid", "--mount-proc", h.compendium, "--", "/bin/sh", "-c",
      "cat /etc/hostname; kill -TERM $$"}
    if not h.is_root then
      table.insert(command, 2, "--map-root-user")
    end
    local result = h.run(command)
    if result.err:find "^unshare: " then
      pending "namespaces are forbidden here"
    end
    assert.truthy(result.err:find("/etc/hostname", 1, true), result.err)
    assert.truthy(result.err:find("Exit: killed by SIGTERM", 1, true), result.err)
  end)
end)

describe("time", function()
  after_each(h.clean)

  it("begins with the trace and only grows, and what the tracer takes is not the program's", function()
    local code = [[
      local last, backward, shortest = 0, 0, math.maxinteger
      local function take_20_ms()
        local stop = os.clock() + 0.02
        while os.clock() < stop do end
      end
      on("enter:getppid", take_20_ms)
      on("syscall:getppid", function(e)
        if e.time < last then backward = backward + 1 end
        last = e.time
        shortest = math.min(shortest, e.duration)
        take_20_ms()
      end)
      on("syscall:select", function(e) print("slept", e.duration // 1000000 >= 30) end)
      on("syscall:pselect6", function(e) print("slept", e.duration // 1000000 >= 30) end)
      on("finish", function(f)
        print(backward, shortest < 20000000, last < f.time, f.time > 400000000)
        print(f.time)
      end)]]
    local began <const> = h.process.now()
    local result = h.trace({"-e", code}, {"/usr/bin/python3", "-c",
      "import os, select\nfor i in range(10): os.getppid()\nselect.select([], [], [], 0.03)"})
    local took <const> = h.process.now() - began
    local said, time = result.out:match "^(.*\n)(%d+)\n$"
    assert.equal("slept\ttrue\n0\ttrue\ttrue\ttrue\n", said, result.out .. result.err)
    assert.is_true(time / 1e9 <= took, ("%s ns in %s s"):format(time, took))
  end)
end)
