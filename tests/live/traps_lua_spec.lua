-- SPDX-License-Identifier: MIT
--
-- The traps of Lua, 51 to 55: what a script can do while a task is stopped, and values it may meet.

local h <const> = require "tests.live.harness"

local SIGKILL <const> = 9

local function trace(code, command, arguments)
  return h.trace(h.join(arguments or {}, {"-e", code}), command or {"/bin/cat", "/etc/hostname"})
end

describe("a hook", function()
  after_each(h.clean)

  it("that raises, at any phase, does not take the trace down", function()
    for _, code in ipairs {
      'on("open", function() error "boom" end)', 'on("open", function() error {} end)', 'on("open", function() error() end)',
      'on("enter:openat", function() error "boom" end)', 'on("exit", function() local x = nil; return x.y end)',
      'on("finish", function() error "boom" end)', 'on("start", function() error "boom" end)',
      'on("every:1ms", function() error "boom" end)', 'filter(function() error "boom" end)',
      'on("open", function() string.rep("x", -1):bad() end)', 'on("exec", function(e) e.nonsense = 1 end)',
    } do
      local result = trace(code, {"/bin/sh", "-c", "cat /etc/hostname; exit 3"}, {"-s", "default.lua"})
      assert.equal(3, result.status, code .. result.err)
      assert.equal(h.read_file "/etc/hostname", result.out, code)
      assert.truthy(result.err:find("FINAL", 1, true), code .. result.err)
      assert.truthy(result.err:find("-e", 1, true) or code:find "every", code .. result.err)
    end
  end)

  it("that yields is a hook that failed", function()
    local result = trace 'on("open", function() coroutine.yield() end)'
    assert.equal(0, result.status)
    assert.truthy(result.err:find("yield", 1, true), result.err)
  end)

  it("may use coroutines of its own", function()
    local result = trace [[
      local walk = coroutine.wrap(function() for i = 1, 1000 do coroutine.yield(i) end end)
      local last
      on("open", function() last = walk() end)
      on("finish", function() print(last > 1) end)]]
    assert.truthy(result.out:find("true\n", 1, true), result.err)
  end)

  it("that calls os.exit ends the trace in order", function()
    local dir = h.folder(h.users[1])
    for _, status in ipairs {0, 7} do
      local result = trace(('on("open", function(e) if e.path == "/etc/hostname" then os.exit(%d) end end)'):format(status),
        {"/bin/sh", "-c", "cat /etc/hostname; sleep 1000"}, {"-s", "default.lua", "-o", dir .. "/lines"})
      assert.truthy(result.err:find("FINAL", 1, true), result.err)
      assert.truthy(h.read_file(dir .. "/lines"):find("FINAL", 1, true))
    end
  end)

  it("that loops for ever or recurses for ever is ended", function()
    for _, code in ipairs {'on("open", function() while true do end end)',
      'local function f() return 1 + f() end on("exit", function() f() end)',
      'on("open", function() while true do pcall(error) end end)'} do
      local result = trace(code)
      assert.equal(0, result.status, result.err)
      assert.equal(h.read_file "/etc/hostname", result.out)
      assert.truthy(result.err:find(code:match "%((\"%a+\")", 1, true), result.err)
    end
  end)

  it("may kill its own task, or another, which stays a trace", function()
    -- By ptrace, as the program has to stand still to be met; by bpf it may have ended, which is no harm.
    local kill <const> = [[on("open", function(e)
      if e.path == "/etc/hostname" then os.execute("kill -9 " .. e.pid .. " 2>/dev/null") end end)]]
    local result = h.trace({"--backend", "ptrace", "-e", kill}, {"/bin/cat", "/etc/hostname"})
    assert.equal(SIGKILL, result.signal, result.err)
    result = trace(kill)
    assert.is_true(result.status == 0 or result.signal == SIGKILL, result.err)
    result = trace([[
      local other
      on("fork", function(e) other = other or e.child end)
      on("open", function(e) if e.path == "/etc/hostname" and other then os.execute("kill -9 " .. other); other = nil end end)]],
      {"/bin/sh", "-c", "sleep 1000 & cat /etc/hostname; wait $!; echo $?"})
    assert.equal(0, result.status, result.err)
    assert.equal(h.read_file "/etc/hostname" .. "137\n", result.out)
  end)

  it("that runs programs gets their results, and they are not traced", function()
    -- By ptrace, so that the program's own words come after those of the script.
    local result = h.trace({"--backend", "ptrace", "-e", [[
      on("open", function(e) if e.path == "/etc/hostname" then
        local pipe = io.popen "echo from a script; exit 3"
        print(pipe:read "a", select(3, pipe:close()))
        print(select(3, os.execute "exit 4"))
      end end)
      on("fork", function() print "a fork" end)]]}, {"/bin/cat", "/etc/hostname"})
    assert.equal("from a script\n\t3\n4\n" .. h.read_file "/etc/hostname", result.out, result.err)
  end)

  it("cannot use an event after its hook", function()
    local result = trace [[
      local kept, copy
      on("open", function(e) kept = kept or e; copy = copy or e:copy() end)
      on("finish", function() print(copy.path ~= nil, pcall(function() return kept.path end)) end)]]
    assert.truthy(result.out:find "true\tfalse\t[^\n]*event used after its hook", result.out)
  end)
end)

describe("a value", function()
  after_each(h.clean)

  it("of 64 bits stays what it is", function()
    local result = trace([[
      on("syscall:lseek", function(e)
        print(math.type(e.args.offset), e.args.offset, ("%d"):format(e.args.offset), math.type(e.ret), e.ret, e.error)
      end)
      on("syscall:getppid", function(e) print(math.type(e.time), math.type(e.duration), e.error) end)]],
      {"/usr/bin/python3", "-c", [[
import os
fd = os.open("/dev/zero", os.O_RDONLY)
for offset in (-1, 2**62 + 1, 2**63 - 1, -2**63):
    try:
        os.lseek(fd, offset, 0)
    except OSError:
        pass
os.getppid()]]})
    local lines = table.concat({"%-1\t%-1\tinteger\t[^\n]*", "4611686018427387905\t4611686018427387905\tinteger\t[^\n]*",
      "9223372036854775807\t9223372036854775807\tinteger\t[^\n]*",
      "%-9223372036854775808\t%-9223372036854775808\tinteger\t[^\n]*"}, "\ninteger\t")
    assert.truthy(result.out:find(lines), result.out .. result.err)
    assert.truthy(result.out:find("integer\tinteger\tnil\n", 1, true), result.out)
  end)

  it("that is absent is nil in every event", function()
    local result = trace([[
      local empty = 0
      on({"open", "read", "write", "close", "exec", "fork", "exit", "signal", "mmap", "stat"}, function(e)
        for name, value in pairs(e:copy()) do
          if value == "" or value == -1 and name ~= "ret" and name ~= "fd" then empty = empty + 1; print(e.type, name) end
        end
      end)
      on("finish", function() print("empty", empty) end)]], {"/bin/sh", "-c", "cat /etc/hostname /nonexistent; kill -0 $$ & wait"})
    assert.truthy(result.out:find("empty\t0\n", 1, true), result.out .. result.err)
  end)

  it("with NUL, newline or no UTF-8 reaches JSON as one line that a parser reads", function()
    local dir = h.folder(h.users[1])
    local name = dir .. "/a\n<script>\255\27\u{202e}"
    h.write_file(name, "x")
    local result = h.trace({"--json", "-o", dir .. "/json"}, {"/bin/cat", name, "\1\2\n"})
    local check = h.run {"/usr/bin/python3", "-c", [[
import json, sys
names = set()
for line in open(sys.argv[1], encoding="utf-8", errors="strict", newline="\n"):
    event = json.loads(line)
    if event.get("type") == "open":
        names.add(event.get("path"))
print(any(n and "<script>" in n and "\\xff" in n and "\n" in n for n in names))]], dir .. "/json"}
    assert.equal("True\n", check.out, check.err .. result.err)
  end)
end)

describe("a script's tables", function()
  after_each(h.clean)

  it("may be large; the trace goes on when there is no memory for more", function()
    if h.is_sanitized then
      pending("built with AddressSanitizer, which needs terabytes of address space")
    end
    local result = h.run {"/bin/sh", "-c", ("ulimit -v 300000; exec %s -e '%s' -- /bin/sh -c 'cat /etc/hostname; exit 3'")
      :format(h.compendium, 'on("exit", function() local t = {} for i = 1, 1e9 do t[i] = ("x"):rep(100000) .. i end end)')}
    assert.equal(3, result.status, result.err:sub(-2000))
    assert.equal(h.read_file "/etc/hostname", result.out)
    assert.truthy(result.err:find("memory", 1, true), result.err:sub(-2000))
  end)
end)
