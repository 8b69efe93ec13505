-- SPDX-License-Identifier: MIT
--
-- The kernel's traps, 1 to 8: exec and threads.

local h <const> = require "tests.live.harness"
local traps <const> = require "tests.live.traps"

-- Lines of -v that say how a call execve ended: how many succeeded, and how many never came back.
local function execs(text)
  return traps.count(text, "execve%([^\n]*%) = 0"), traps.count(text, "execve%([^\n]*%) = %?")
end

describe("exec", function()
  after_each(h.clean)

  for _, leader in ipairs {"spinning", "sleeping", "gone"} do
    it("from a thread, with the leader " .. leader .. ", leaves one task with the leader's id", function()
      local text = traps.same(traps.command("trap_exec", "from_thread", leader), 3)
      local made, unfinished = execs(text)
      assert.equal(2, made, text:sub(-3000))
      assert.equal(0, unfinished)
      -- Everything after it is the leader's: its lines bear one id, as those of a single task.
      assert.truthy(text:find("write(fd: 1", 1, true), text:sub(-3000))
      -- The tree has one process.
      assert.falsy(text:find "\n   [├└]", text:sub(-2000))
    end)
  end

  it("from a thread ends each of its siblings once, and the leader only if it was not gone", function()
    for leader, ends in pairs {spinning = 4, sleeping = 4, gone = 4} do
      local result = h.trace({"-e", [[
        local threads, exits, whole = 0, 0, 0
        on("thread", function() threads = threads + 1 end)
        on("exit", function(e) if e.whole then whole = whole + 1 else exits = exits + 1 end end)
        on("exec", function(e) if e.pid ~= e.tid then print "exec by a thread" end end)
        on("finish", function() print(threads, exits, whole) end)]]},
        traps.command("trap_exec", "from_thread", leader))
      assert.equal(3, result.status, result.err)
      assert.truthy(result.out:find(("3\t%d\t1\n"):format(ends - 1), 1, true), leader .. ": " .. result.out)
      assert.falsy(result.out:find "by a thread")
    end
  end)

  it("by all threads at once is won by one, and the others never come back", function()
    for _ = 1, 10 do
      local result = h.trace({"-v"}, traps.command("trap_exec", "race"))
      assert.equal(3, result.status, result.err)
      assert.equal("one task, 0 descriptors\n", result.out)
      local made = execs(result.err)
      assert.equal(2, made, result.err)
      assert.equal(1, traps.count(result.err, "%+%+%+ exited with 3 %+%+%+"), result.err:sub(-3000))
    end
    local losers = 0
    for _ = 1, 10 do
      local result = h.trace({"-e", [[
        local entered, won, lost = 0, 0, 0
        on("enter:execve", function() entered = entered + 1 end)
        on("syscall:execve", function(e) if e.unfinished then lost = lost + 1 else won = won + 1 end end)
        on("finish", function() print(entered - won, lost) end)]]}, traps.command("trap_exec", "race"))
      local open, lost = result.out:match "(%d+)\t(%d+)\n$"
      assert.equal(open, lost, result.out .. result.err)
      losers = losers + tonumber(lost)
    end
    assert.is_true(losers > 0)
  end)

  it("from a thread, again and again, never stops the trace", function()
    local text = traps.same(traps.command("trap_exec", "storm", "60"), 3)
    assert.equal(61, (execs(text)))
  end)

  it("that fails changes nothing", function()
    local dir = h.folder(h.users[1])
    h.write_file(dir .. "/garbage", "\127ELF\0\0\0", 493)
    h.write_file(dir .. "/interpreter_is_gone", "#!/no/such/interpreter\n", 493)
    h.write_file(dir .. "/loop", "#!" .. dir .. "/loop\n", 493)
    h.write_file(dir .. "/second", "#!/bin/sh\nexit 5\n", 493)
    h.write_file(dir .. "/chain", "#!" .. dir .. "/second\n", 493)
    local text = traps.same(traps.command("trap_exec", "fails", dir), 5)
    for name, error in pairs {none = "ENOENT", garbage = "ENOEXEC", interpreter_is_gone = "ENOENT", loop = "ELOOP",
      ["/bin/true"] = "E2BIG"} do
      assert.truthy(text:find(('execve%%(pathname: "%s"[^\n]*%%) = %%-1 %s'):format(h.literal(name), error)), name)
    end
    -- The descriptor that closes at exec was open all the time, and is closed by the one that succeeds.
    assert.truthy(text:find "read%(fd: 3</etc/hostname>")
    local result = h.trace({"-e", [[on("exec", function(e) print("EXEC", e.path, e.error) end)]]},
      traps.command("trap_exec", "fails", dir))
    assert.equal(2 + 5, traps.count(result.out, "EXEC\t"), result.out)
    assert.equal(2, traps.count(result.out, "\tnil\n"), result.out)
  end)

  it("by words that were in no page of the program's yet is told in full", function()
    local dir = h.folder(h.users[1])
    local text = traps.same(traps.command("trap_exec", "unseen", dir), 3)
    local call <const> = 'execve(pathname: "%s", argv: ["unseen", "report"], envp: '
    for _, path in ipairs {"/none", "/proc/thread-self/exe"} do
      assert.truthy(text:find(call:format(path), 1, true), text:sub(-4000))
    end
    local result = h.trace({"-e", [[on("exec", function(e) print("EXEC", e.path, e.error, table.concat(e.argv, " ")) end)]]},
      traps.command("trap_exec", "unseen", dir))
    assert.truthy(result.out:find("EXEC\t/none\tENOENT\tunseen report\n", 1, true), result.out .. result.err)
    assert.truthy(result.out:find("EXEC\t[^\n]*\tnil\tunseen report\n"), result.out)
  end)

  it("takes memory and descriptors away, and leaves the others", function()
    local dir = h.folder(h.users[1])
    traps.same(traps.command("trap_exec", "resets", dir .. "/file"))
    local result = h.trace({"-e", [[
      local memory, fds = require "compendium.memory", require "compendium.fds"
      on({"mmap", "brk", "open", "close"}, function() end)
      on("syscall:getppid", function(e)
        local kept, closed = fds.file(e.pid, 3), fds.file(e.pid, 70)
        print(memory.find(e.pid, 0x100000000000) ~= nil, memory.of(e.pid).heap >= 32 << 20,
          kept and kept.path:match "[^/]*$", closed and closed.path)
      end)]]}, traps.command("trap_exec", "resets", dir .. "/file"))
    assert.equal("true\ttrue\tfile\t/etc/hostname\nfalse\tfalse\tfile\tnil\n", result.out, result.err)
  end)

  it("of a 32-bit program reads no result with the other table", function()
    if h.no_32bit then
      pending(h.no_32bit)
    end
    local dir = h.folder(h.users[1])
    local text = traps.same(traps.command("trap_exec", "to_32", h.tracee "static32", dir .. "/file"), 0)
    assert.equal(2, (execs(text)))
    assert.falsy(text:find("olduname", 1, true)) -- what execve's number is in the i386 table
    assert.truthy(text:find("open%a*%([^\n]*/file\"[^\n]*%) = 3"), text:sub(-3000))
    local result = h.trace({"-e", 'on("write", function(e) print(e.arch, e.path, e.bytes) end)'},
      traps.command("trap_exec", "to_32", h.tracee "static32", dir .. "/file"))
    assert.truthy(result.out:find(("i386\t%s/file\t5"):format(dir), 1, true), result.out)
  end)
end)

describe("the leader", function()
  after_each(h.clean)

  it("may end first; the process ends with its last thread", function()
    local text = traps.same(traps.command("trap_exec", "leader_first"))
    assert.truthy(text:find("exit 7", 1, true), text:sub(-2000))
  end)

  for _, user in ipairs(h.users) do
    it("that has ended does not keep us from its process, nor from what another thread executes, as " .. user, function()
      local input, writer = h.process.pipe()
      local target = h.start(traps.command("trap_exec", "leader_gone"), {user = user, stdin_fd = input})
      h.process.close(input)
      h.eventually("the leader is gone", function()
        return #h.tasks(target.pid) == 2 and h.status(target.pid).State:match "^Z"
      end)
      local tracer = h.start_trace({"-v", "-p", tostring(target.pid)}, nil, {user = user})
      h.eventually("the other is traced", function()
        for _, tid in ipairs(h.tasks(target.pid)) do
          if tid ~= target.pid and tonumber(h.status(target.pid, tid).TracerPid) == tracer.pid then return true end
        end
      end)
      h.process.close(writer)
      assert.equal(0, target:wait().status, target.err)
      assert.equal(h.read_file "/etc/hostname", target.out)
      assert.equal(0, tracer:wait().status, tracer.err)
      assert.truthy(tracer.err:find('execve%(pathname: "/bin/cat"[^\n]*%) = 0'), tracer.err:sub(-3000))
      assert.truthy(tracer.err:find('openat%([^\n]*pathname: "/etc/hostname"[^\n]*%) = 3'), tracer.err:sub(-3000))
      assert.equal(1, traps.count(tracer.err, "%+%+%+ exited with 0 %+%+%+"), tracer.err:sub(-1000))
    end)
  end
end)

describe("descriptors", function()
  after_each(h.clean)

  it("belong to the table they are in: shared, copied, unshared, kept by exec", function()
    local dir = h.folder(h.users[1])
    traps.same(traps.command("trap_exec", "tables", dir))
    for _, name in ipairs(h.list(dir)) do
      h.remove(dir .. "/" .. name)
    end
    local result = h.trace({"-e", [[
      local bytes = {}
      on("write", function(e) if e.fd == 9 then bytes[e.path or "?"] = (bytes[e.path or "?"] or 0) + e.bytes end end)
      on("finish", function() for path, sum in pairs(bytes) do print(path:match "[^/]*$" .. "=" .. sum) end end)]]},
      traps.command("trap_exec", "tables", dir))
    assert.equal(0, result.status, result.err)
    local lines = {}
    for line in result.out:gmatch "[^\n]+" do
      lines[#lines + 1] = line
    end
    table.sort(lines)
    assert.same({"first=4", "forked=4", "range=3", "shared=15", "thread=2"}, lines)
    for name, size in pairs {first = 4, forked = 4, range = 3, shared = 15, thread = 2} do
      assert.equal(size, #h.read_file(dir .. "/" .. name), name)
    end
  end)
end)
