-- SPDX-License-Identifier: MIT
--
-- The kernel's traps, 9 to 15: how tasks are made.

local h <const> = require "tests.live.harness"
local traps <const> = require "tests.live.traps"

-- Counts forks, threads, and ends of processes; and tasks that did something before they were told of.
local COUNT <const> = [[
  local known, forks, threads, ends, strangers = {}, 0, 0, 0, 0
  on({"fork", "thread"}, function(e)
    known[e.child] = true
    if e.type == "fork" then forks = forks + 1 else threads = threads + 1 end
  end)
  on("syscall", function(e) if e.pid ~= first and not known[e.tid] then strangers = strangers + 1 end end)
  on("exit", function(e) if e.whole then ends = ends + 1 end end)
  on("finish", function() print(forks, threads, ends, strangers) end)]]

local function counted(command, options)
  local code = COUNT:gsub("e%.pid ~= first", "known.first and known.first ~= e.pid")
    :gsub("local known, (.-)\n", "local known, %1\n  on('task', function(e) known.first = e.pid end)\n", 1)
  local result = h.trace({"-e", code}, command, options)
  assert.equal(0, result.status, result.err)
  local numbers = {result.out:match "(%d+)\t(%d+)\t(%d+)\t(%d+)\n$"}
  for i, number in ipairs(numbers) do
    numbers[i] = tonumber(number)
  end
  assert.equal(4, #numbers, result.out .. result.err)
  return table.unpack(numbers)
end

describe("children", function()
  after_each(h.clean)

  it("that end or are killed at once are told of before all they do", function()
    traps.same(traps.command("trap_creation", "newborns", "100"))
    local forks, threads, ends, strangers = counted(traps.command("trap_creation", "newborns", "200"))
    assert.same({400, 0, 401, 0}, {forks, threads, ends, strangers})
  end)

  it("are processes or threads by their flags, not by the call's name", function()
    traps.same(traps.command("trap_creation", "kinds"))
    local forks, threads, ends, strangers = counted(traps.command("trap_creation", "kinds"))
    assert.same({4, 1, 5, 0}, {forks, threads, ends, strangers})
  end)

  it("made by clone3 find in memory what it writes there", function()
    for _, user in ipairs(h.users) do
      local text = traps.same(traps.command("trap_creation", "clone3"), 0, {user = user})
      assert.truthy(text:find "clone3%([^\n]*CLONE_PIDFD", text:sub(-3000))
    end
  end)

  it("that ask not to be traced are, which is said once", function()
    for _, way in ipairs {{}, {"-e", 'on("open", function() end)'}} do
      local result = h.trace(way, traps.command("trap_creation", "untraced"))
      assert.equal(0, result.status, result.err)
      assert.equal(1, traps.count(result.err, "compendium: [^\n]*/trap_creation %(process %d+%) asked that its children"),
        result.err)
    end
    local text = traps.same(traps.command("trap_creation", "untraced"))
    assert.equal(2, traps.count(text, "openat%([^\n]*/etc/untraced"), text)
    assert.equal(1, traps.count(text, "\n Traced against its wish %(CLONE_UNTRACED%): children of trap_creation"), text)
    assert.equal(2, traps.count(text, "clone3%([^\n]*CLONE_UNTRACED"), text)
    local forks = counted(traps.command("trap_creation", "untraced"))
    assert.equal(3, forks)
  end)

  -- CLONE_UNTRACED, and CLONE_PTRACE.
  for _, case in ipairs {{"800000", "private", true}, {"800000", "shared", false}, {"802000", "shared", true}} do
    local flags, where, is_traced = table.unpack(case)
    it(("that ask so in %s memory that is read only, with flags %s, are %s"):format(where, flags,
      is_traced and "traced" or "not, which is said"), function()
      local dir = h.folder(h.users[1])
      local command = traps.command("trap_creation", "untraced_constant", dir .. "/flags", flags, where)
      assert.equal(0, h.run(command).status)
      local result = h.trace({}, command)
      assert.equal(0, result.status, result.err)
      assert.equal(is_traced, not result.err:find("TracerPid:\t0\n", 1, true), result.err)
      assert.equal(is_traced and 0 or 1, traps.count(result.err, "made a task that is not traced"), result.err)
      assert.equal(is_traced and 0 or 1, traps.count(result.err, "\n Not traced, as it wished"), result.err)
      if is_traced then
        assert.same({1, 0, 2, 0}, {counted(command)})
      end
    end)
  end

  it("of our parent, or traced by the wish of theirs, are ours as well", function()
    traps.same(traps.command("trap_creation", "clone_parent"))
    assert.same({2, 0, 3, 0}, {counted(traps.command("trap_creation", "clone_parent"))})
    traps.same(traps.command("trap_creation", "clone_ptrace"))
    assert.same({1, 0, 2, 0}, {counted(traps.command("trap_creation", "clone_ptrace"))})
  end)

  it("of the command's parent, which is us, are waited for", function()
    local result = h.trace({"-v"}, {"/usr/bin/python3", "-c", [[
import ctypes, os, time
libc = ctypes.CDLL(None, use_errno=True)
pid = libc.syscall(56, 0x8000, 0, 0, 0, 0) # clone, CLONE_PARENT
if pid == 0:
    time.sleep(0.05)
    os._exit(6)
os._exit(5)]]})
    assert.equal(5, result.status, result.err:sub(-2000))
    assert.truthy(result.err:find("exited with 6", 1, true))
  end)

  it("that ask to be traced by their parent are told that they are traced", function()
    local result = h.trace({"-q"}, traps.command("trap_creation", "traceme"))
    assert.equal(0, result.status)
    assert.truthy(result.err:find("TRACEME 2", 1, true), result.err)
  end)

  it("are 5,000, and none is missed", function()
    local count = 3750 -- and a third of them has one
    traps.same(traps.command("trap_creation", "many", "100"))
    assert.same({5000, 0, 5001, 0}, {counted(traps.command("trap_creation", "many", tostring(count)))})
  end)
end)

describe("threads", function()
  after_each(h.clean)

  it("are 1,000 at a time, and none is missed", function()
    traps.same(traps.command("trap_creation", "threads", "100"))
    assert.same({0, 1000, 1, 0}, {counted(traps.command("trap_creation", "threads", "1000"))})
  end)
end)

describe("a process", function()
  after_each(h.clean)

  it("that spins does not starve others", function()
    traps.same(traps.command("trap_creation", "fair", "50"))
  end)

  it("that makes many calls has its turn as often as others when scripts are slow", function()
    local result = h.trace({"--backend", "ptrace", "-e", [[
      local mine, others = 0, 0
      on("syscall:getuid", function() mine = mine + 1 end)
      on("syscall:getppid", function()
        if mine > 0 and mine < 100 then others = others + 1 end
        local stop = os.clock() + 0.0002
        while os.clock() < stop do end
      end)
      on("finish", function() print(mine, others) end)]]}, traps.command("trap_creation", "fair", "100"))
    assert.equal(0, result.status, result.err)
    local mine, others = result.out:match "(%d+)\t(%d+)"
    assert.equal("100", mine)
    assert.is_true(tonumber(others) < 100 * 12 * 4, others)
  end)
end)

describe("vfork", function()
  after_each(h.clean)

  local SIGINT <const>, SIGKILL <const> = 2, 9

  -- A process that waits for the child it made with vfork, which sleeps for so many seconds.
  local function sleeping_child(command, seconds, options)
    local parent = h.start(h.join(command, traps.command("trap_creation", "vfork", seconds)), options)
    local child = h.eventually("the child's pid", function()
      return tonumber((h.read_file(parent.out_path) or ""):match "(%d+)\n")
    end)
    return parent, child, tonumber(h.status(child).PPid)
  end

  local function waits(pid)
    h.eventually("the parent waits in the kernel", function() return h.status(pid).State:match "^D" end)
  end

  local function check_free(pid)
    local status = h.status(pid)
    assert.truthy(status and status.TracerPid == "0" and not status.State:match "^[Tt]", status and status.State)
  end

  it("is as untraced", function()
    traps.same(traps.command("trap_creation", "vfork"))
    traps.same(traps.command("trap_creation", "vfork_killed"))
  end)

  for _, which in ipairs {"both", "the parent", "the child"} do
    it("holds nobody up when we let go, with " .. which .. " traced", function()
      for _, user in ipairs(h.users) do
        local target, child = sleeping_child({}, "1", {user = user})
        waits(target.pid)
        local pids = {both = ("%d,%d"):format(child, target.pid), ["the parent"] = target.pid, ["the child"] = child}
        local watched = which == "the parent" and target.pid or child
        local tracer = h.start_trace({"-q", "-p", tostring(pids[which])}, nil, {user = user})
        h.eventually("it is traced", function()
          return tonumber((h.status(watched) or {}).TracerPid) == tracer.pid
        end)
        tracer:kill(SIGINT)
        assert.equal(0, tracer:wait().status, tracer.err)
        check_free(child)
        check_free(target.pid)
        assert.equal(0, target:wait().status, target.err)
      end
    end)
  end

  -- What we started would die with us, so the parent is waited for.
  it("of a process in the background that is let go is waited for, which is said", function()
    local dir = h.folder(h.users[1])
    local code = '("$@"; echo $? > status) & exit 4'
    local tracer, child, parent = sleeping_child({h.compendium, "-q", "--", "/bin/sh", "-c", code, "sh"}, "1", {cwd = dir})
    local shell = tonumber(h.status(parent).PPid)
    waits(parent)
    tracer:kill(SIGINT)
    h.eventually("the child is let go", function() return h.status(child).TracerPid == "0" end)
    assert.equal(4, tracer:wait().status, tracer.err)
    assert.equal(1, traps.count(tracer.err, "/trap_creation %(process %d+%) cannot be let go yet"), tracer.err)
    assert.truthy(tracer.err:find("\n Could not be let go at once, as it waited in the kernel: trap_creation", 1, true))
    h.eventually("it ends well", function()
      h.process.reap()
      return h.read_file(dir .. "/status") == "0\n" and not h.status(shell)
    end)
  end)

  it("of a process in the background does not keep us for ever: a second Ctrl-C ends it", function()
    local code = '"$@" & exit 4'
    local tracer, child, parent = sleeping_child({h.compendium, "-q", "--", "/bin/sh", "-c", code, "sh"}, "1000")
    waits(parent)
    tracer:kill(SIGINT)
    h.eventually("it is said", function() return h.read_file(tracer.err_path):find("let go yet", 1, true) end)
    tracer:kill(SIGINT)
    assert.equal(4, tracer:wait().status, tracer.err)
    assert.truthy(tracer.err:find("FINAL", 1, true), tracer.err)
    h.process.kill(child, SIGKILL)
    h.eventually("all are gone", function()
      h.process.reap()
      return not h.status(child) and not h.status(parent)
    end)
  end)

  for _, threads in ipairs {1, 4} do
    it(("whose child executes, ends or is killed goes well while we come and go, with %d threads"):format(threads), function()
      for _, user in ipairs(h.users) do
        local input, writer = h.process.pipe()
        local target = h.start(traps.command("trap_creation", "vforks", tostring(threads)), {user = user, stdin_fd = input})
        h.process.close(input)
        h.eventually("it is ready", function() return (h.read_file(target.out_path) or ""):find "ready" end)
        for trial = 1, 15 do
          local arguments = trial % 2 == 0 and {"-e", 'on("syscall", function() end)'} or {"-q"}
          local tracer = h.start_trace(h.join(arguments, {"-p", tostring(target.pid)}), nil, {user = user})
          h.eventually("it is traced", function() return h.status(target.pid).TracerPid == tostring(tracer.pid) end)
          h.process.sleep(trial * 0.002)
          tracer:kill(SIGINT)
          assert.equal(0, tracer:wait().status, tracer.err)
          for _, tid in ipairs(h.tasks(target.pid)) do
            local status = h.status(target.pid, tid)
            assert.truthy(status.TracerPid == "0" and not status.State:match "^[Tt]", status.State)
          end
        end
        h.process.close(writer)
        assert.equal(0, target:wait().status, target.err)
        assert.is_true(tonumber(target.out:match "\n(%d+)\n$") > 0, target.out)
      end
    end)
  end
end)
