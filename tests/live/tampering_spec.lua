-- SPDX-License-Identifier: MIT
--
-- What "enter:" hooks do to calls, as the program sees it. Each is tried with a seccomp filter of ours and
-- without, where every call stops.

local h <const> = require "tests.live.harness"

-- Runs the tracee under a script; returns the two results, which must print the same.
local function both(code, mode, ...)
  local results = {}
  for i, way in ipairs {{}, {"--no-seccomp"}} do
    local options = h.join(way, {"-e", 'use "default"; output.summary(true)\n' .. code})
    results[i] = h.trace(options, {h.tracee "tampered", mode, ...})
    assert.falsy(results[i].err:find "[Hh]ooks? that failed", results[i].err)
  end
  assert.equal(results[1].out, results[2].out, results[2].err)
  return results[1], results[2]
end

local function prints(expected, code, mode, ...)
  for _, result in ipairs {both(code, mode, ...)} do
    assert.equal(expected, result.out, result.err)
    assert.equal(0, result.status, result.err)
  end
  return both(code, mode, ...)
end

describe("a call", function()
  local dir, one, two

  before_each(function()
    dir = h.folder(h.users[1])
    one, two = dir .. "/one.conf", dir .. "/two"
    h.write_file(one, "one")
    h.write_file(two, "two")
  end)
  after_each(h.clean)

  it("is refused with the error that was chosen, and is marked so", function()
    for _, result in ipairs {prints("ENOENT: \ndone: two\n",
      [[on("enter:openat", function(e) if e.path:match "%.conf$" then e:deny "ENOENT" end end)]], "open", one, two)} do
      assert.truthy(result.err:find "open +[^\n]*one%.conf %(read%) %(tampered%) [^\n]*ENOENT", result.err)
      assert.truthy(result.err:find "Tampered with: openat\n", result.err)
      assert.falsy(result.err:find "two %(read%) %(tampered%)", result.err)
    end
  end)

  it("is refused in the thread that made it, among many", function()
    prints("200 of 200, 0 of 200\n",
      [[on("enter:openat", function(e) if e.path:match "%.conf$" then e:deny "ENOENT" end end)]], "threads", one, two)
  end)

  it("is answered without the kernel", function()
    prints("4242\n", [[on("enter:getppid", function(e) e:fake(4242) end)]], "ppid")
  end)

  it("of an i386 program is denied, faked, changed, delayed and killed as others are", function()
    if h.no_32bit then pending(h.no_32bit) end
    local code <const> = [[
      want("data", "1k")
      local port
      on("write", function(e) port = port or math.tointeger((e.data or ""):match "port (%%d+)") end)
      on("enter:openat", function(e) if e.path:match "%%.conf$" then %s end end)
      on("enter:getppid", function(e) e:fake(4242) end)
      on("enter:connect", function(e) e:set(2, {port = port}) end)
      on("enter:getuid", function(e) e:delay "100ms" end)
      on("enter:getuid32", function(e) e:delay "100ms" end)
      on("enter:getgid", function(e) e:kill "SIGTERM" end)
      on("enter:getgid32", function(e) e:kill "SIGTERM" end)]]
    for action, expected in pairs {['e:deny "ENOENT"'] = "ENOENT", [("e:set('pathname', %q)"):format(two)] = "two"} do
      for _, way in ipairs {{}, {"--no-seccomp"}} do
        local result = h.trace(h.join(way, {"-e", code:format(action)}), {h.tracee "tampered32", one})
        assert.equal(expected .. "\n4242\nport N\nconnected 1\n1\n", (result.out:gsub("port %d+", "port N")), result.err)
        assert.equal(15, result.signal, result.err)
      end
    end
  end)

  it("is marked also when it is no event", function()
    local result = both([[on("enter:getppid", function(e) e:fake(4242) end)]], "ppid")
    assert.truthy(result.err:find "Tampered with: getppid\n", result.err)
  end)

  it("is held back, while other threads go on", function()
    prints("late, others go on\n", [[on("enter:access", function(e) e:delay "120ms" end)]], "delay", "120")
  end)

  it("is held back by several rules, one after the other", function()
    prints("late, others go on\n", [[for _ = 1, 3 do on("enter:access", function(e) e:delay "60ms" end) end]],
      "delay", "180")
  end)

  it("gets another path, and no register or memory of the program changes", function()
    for _, result in ipairs {prints("done: two\ndone: two\n", ([[on("enter:openat", function(e)
        if e.path:match "%%.conf$" then e:set("pathname", %q) end end)]]):format(two), "open", one, two)} do
      assert.truthy(result.err:find "read +3 B [^\n]*/two", result.err) -- put down to what was really opened
      assert.falsy(result.err:find("one.conf (read)", 1, true), result.err)
    end
  end)

  it("gets another path in every thread", function()
    prints("0 of 200, 0 of 200\n", ([[on("enter:openat", function(e)
      if e.path:match "%%.none$" then e:set("pathname", %q) end end)]]):format(two), "threads", one, dir .. "/x.none")
  end)

  it("gets another port", function()
    prints("the other\n", [[want("data", "1k")
      local port
      on("write", function(e) port = port or math.tointeger((e.data or ""):match "^port (%d+)") end)
      on("enter:connect", function(e) e:set(2, {port = port}) end)]], "connect")
  end)

  it("keeps what was changed when handlers interrupt it and it starts again", function()
    prints("5 other, 3 signals\n", [[local ends = {}
      on("syscall:pipe2", function(e) ends[#ends + 1] = e.args[1][1] end)
      on("syscall:pipe", function(e) ends[#ends + 1] = e.args[1][1] end)
      on("enter:read", function(e) if #ends == 2 and e.raw[1] == ends[1] then e:set("fd", ends[2]) end end)]], "restart")
  end)

  it("is a signal in its place", function()
    for _, result in ipairs {both([[on("enter:access", function(e)
        if e.path == "/usr1" then e:kill "SIGUSR1" elseif e.path == "/term" then e:kill "SIGTERM" end
      end)]], "kill")} do
      assert.equal("-1 EINTR, 1 signals\n", result.out, result.err)
      assert.equal(15, result.signal, result.err)
    end
  end)

  it("that is refused is no unknown one to a filter of the program's own", function()
    local result = both([[on("enter:openat", function(e) if e.path:match "%.conf$" then e:deny "EPERM" end end)]],
      "open", one)
    assert.equal("EPERM: \n", result.out)
    result = h.trace({"-e", [[on("enter:openat", function(e) if e.path:match "%.conf$" then e:deny "EPERM" end end)]]},
      {h.tracee "tampered", "filtered", one, two})
    assert.equal("EPERM: \ndone: two\n", result.out, result.err)
  end)

  it("runs another program", function()
    prints("", [[on("enter:execve", function(e)
      if e.path:match "/none$" then e:set("pathname", "/bin/true") end end)]], "exec", "/none")
    prints("EACCES\n", [[on("enter:execve", function(e) if e.path:match "/true$" then e:deny "EACCES" end end)]],
      "exec", "/bin/true")
  end)

  it("gets other bytes in its buffer, for good", function()
    prints("", [[want("data", "1k") on("enter:openat", function(e)
      if e.path:match "%.conf$" then e:write("pathname", "/dev/null\0") end end)]], "exec", "/bin/true")
    local result = both([[on("enter:openat", function(e)
      if e.path:match "%.conf$" then e:write("pathname", "/dev/null\0") end end)]], "open", one)
    assert.equal("done: \n", result.out, result.err)
  end)

  it("is as it was when nothing could be written", function()
    local result = h.trace({"-q", "-e", [[use "default"; on("enter:openat", function(e)
      if e.path:match "%.conf$" then e:write(16, "x") end end)]]}, {h.tracee "tampered", "open", one})
    assert.equal("done: one\n", result.out)
    assert.truthy(result.err:find "was not done: the program has no memory there", result.err)
    assert.truthy(result.err:find "Hooks that failed: 1", result.err)
  end)

  it("of a process that was there before can be acted on as well", function()
    local target = h.start({h.tracee "tampered", "await"})
    h.eventually("it is ready", function() return (h.read_file(target.out_path) or ""):match "ready" end)
    local result = h.trace({"-p", tostring(target.pid), "-e", [[
      on("enter:getppid", function(e) e:fake(4242) end)
      on("syscall:getppid", function(e) print(e.ret, e.tampered) end)]]})
    assert.equal("4242\ttrue\n", result.out, result.err)
    assert.equal("ready\n4242\n", target:wait().out)
  end)

  it("can only be acted on where it can be, which an error says", function()
    for code, expected in pairs {
      [ [[on("open", function(e) e:deny "ENOENT" end)]] ] = 'e:deny%(%) acts on a call before it runs',
      [ [[on("enter:openat", function(e) e:deny "ENOFILE" end)]] ] = "not 'ENOFILE'",
      [ [[on("enter:openat", function(e) e:fake "x" end)]] ] = "must be a integer, not string",
      [ [[on("enter:openat", function(e) e:delay(-1) end)]] ] = "takes a time such as",
      [ [[on("enter:openat", function(e) e:set("path", "x") end)]] ] = "openat has no argument 'path'; it has dirfd, pathname,",
      [ [[on("enter:openat", function(e) e:kill "TERM" end)]] ] = "takes the name of a signal",
    } do
      local result = h.trace({"-e", code}, {h.tracee "tampered", "open", one})
      assert.equal("done: one\n", result.out, result.err)
      assert.truthy(result.err:find(expected), code .. "\n" .. result.err)
    end
  end)
end)
