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
    assert.same({3, 1, 4, 0}, {forks, threads, ends, strangers})
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
    traps.same(traps.command("trap_creation", "fair", "300"))
  end)
end)

describe("vfork", function()
  after_each(h.clean)

  it("is as untraced", function()
    traps.same(traps.command("trap_creation", "vfork"))
  end)

  it("holds nobody up when we let go", function()
    for _, user in ipairs(h.users) do
      local target = h.start(traps.command("trap_creation", "vfork", "1"), {user = user})
      local child = h.eventually("the child's pid", function()
        return tonumber((h.read_file(target.out_path) or ""):match "(%d+)\n")
      end)
      h.eventually("the parent waits in the kernel", function() return h.status(target.pid).State:match "^D" end)
      local tracer = h.start_trace({"-q", "-p", ("%d,%d"):format(child, target.pid)}, nil, {user = user})
      h.eventually("the child is traced", function()
        return tonumber((h.status(child) or {}).TracerPid) == tracer.pid
      end)
      tracer:kill(2)
      assert.equal(0, tracer:wait().status, tracer.err)
      for _, pid in ipairs {child, target.pid} do
        local status = h.status(pid)
        assert.truthy(status and status.TracerPid == "0" and not status.State:match "^[Tt]", status and status.State)
      end
      assert.equal(0, target:wait().status, target.err)
    end
  end)
end)
