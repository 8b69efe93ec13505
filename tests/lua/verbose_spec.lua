-- SPDX-License-Identifier: MIT
--
-- The lines of -v: values by their kind, results, what did not end, and what could not be read.

package.path = "tests/lua/?.lua;" .. package.path
local fake = require "fake_core"

local host, verbose, open_files

local function call(fields)
  return (verbose.call(fake.event(fields)):gsub(" <%d+%a+>$", ""))
end

describe("verbose", function()
  before_each(function()
    host = fake.new()
    open_files = {[3] = {kind = "file", name = "/etc/passwd"}, [1] = {kind = "pipe", name = "pipe"}}
    package.loaded["compendium.fds"] = {lookup = function(_, _, fd) return open_files[fd] end}
    package.loaded["compendium.processes"] = {alive = function() return 1 end}
    verbose = host.load("verbose")
  end)

  it("shows arguments by name, descriptors by what they are, flags by their names", function()
    assert.equal('openat(dirfd: AT_FDCWD, pathname: "/etc/passwd", flags: O_RDONLY|O_CLOEXEC) = 3</etc/passwd>', call {
      syscall = "openat", ret = 3, args = fake.args {-100, "/etc/passwd", 0x80000},
    })
    assert.equal('lseek(fd: 3</etc/passwd>, offset: -5, whence: SEEK_END) = 7',
      call {syscall = "lseek", ret = 7, args = fake.args {3, -5, 2}})
    assert.equal("mmap(addr: 0x0, length: 4096) = 0x7f0000001000",
      call {syscall = "mmap", ret = 0x7f0000001000, args = fake.args {0, 4096}})
    assert.equal('execve(filename: "/bin/ls", argv: ["ls", "a\\nb"]) = 0',
      call {syscall = "execve", ret = 0, args = fake.args {"/bin/ls", {"ls", "a\nb"}}})
  end)

  it("explains errors", function()
    assert.equal('openat(dirfd: AT_FDCWD, pathname: "/no", flags: O_RDONLY) = -1 ENOENT (No such file or directory)',
      call {syscall = "openat", ret = -2, error = "ENOENT", args = fake.args {-100, "/no", 0}})
  end)

  it("quotes the start of buffers", function()
    assert.equal('read(fd: 3</etc/passwd>, buf: "abc\\n\\x00", count: 100) = 5',
      call {syscall = "read", ret = 5, args = fake.args {3, "abc\n\0", 100}})
    assert.equal(('read(fd: 3</etc/passwd>, buf: "%s"…, count: 100) = 100'):format(("x"):rep(32)),
      call {syscall = "read", ret = 100, args = fake.args({3, ("x"):rep(32), 100}, nil, {[2] = 100})})
    assert.equal(32, (function()
      verbose.open()
      return host.wanted
    end)())
  end)

  it("says NULL, and where a pointer led that could not be read", function()
    assert.equal("read(fd: 9, buf: NULL, count: 1) = -1 EAGAIN",
      call {syscall = "read", ret = -11, error = "EAGAIN", args = fake.args({9, nil, 1}, {[2] = 0})})
    assert.equal("read(fd: 9, buf: 0xdead, count: 0xffffffffffffffff) = -1 EAGAIN",
      call {syscall = "read", ret = -11, error = "EAGAIN", args = fake.args({9, nil, -1}, {[2] = 0xdead})})
  end)

  it("shows addresses as people write them", function()
    local address = {family = 2, port = 443, address = "\93\184\216\34"}
    assert.equal("connect(fd: 5, addr: 93.184.216.34:443) = 0",
      call {syscall = "connect", ret = 0, args = fake.args {5, address}})
  end)

  it("marks what did not end, began before, was tampered with", function()
    assert.equal("exit_group(status: 3) = ?", call {syscall = "exit_group", unfinished = true, args = fake.args {3}})
    assert.equal("read(fd: 9, buf: NULL, count: 1) = ? (unfinished)",
      call {syscall = "read", unfinished = true, args = fake.args({9, nil, 1}, {[2] = 0})})
    assert.equal("mmap(addr: 0x0, length: 1) = 0x0 (began before the trace) (tampered)",
      call {syscall = "mmap", ret = 0, late = true, tampered = true, args = fake.args {0, 1}})
  end)

  it("shows a call it does not know by its registers", function()
    assert.equal("syscall_999(arg1: 0x1, arg2: 0x2, arg3: 0x3, arg4: 0x4, arg5: 0x5, arg6: 0xffffffffffffffff) = 0",
      call {syscall = "syscall_999", ret = 0, args = fake.args {1, 2, 3, 4, 5, -1}})
  end)

  it("stays one harmless line whatever the program passes", function()
    math.randomseed(9)
    for _ = 1, 300 do
      local bytes = {}
      for i = 1, math.random(0, 60) do bytes[i] = string.char(math.random(0, 255)) end
      local s = table.concat(bytes)
      local line = call {syscall = "sysinfo", ret = 0, args = fake.args {{s, {s = s}, 5, {{s}, s}}}}
      assert.falsy(line:find("%c"))
      assert.truthy(utf8.len(line))
    end
  end)

  it("writes signals, ends and losses between the calls", function()
    package.loaded["compendium.processes"].alive = function() return 0 end
    local terminal = host.load("terminal")
    terminal.open({color = "never"})
    local sink = verbose.open()
    sink.event(fake.event {kind = "signal", type = "signal", signal = "SIGTERM", number = 15, sender = 123})
    sink.event(fake.event {kind = "exit", type = "exit", code = 3, whole = true})
    sink.event(fake.event {kind = "exit", type = "exit", signal = "SIGSEGV", core = true, whole = true})
    sink.event(fake.event {kind = "lost", type = "lost", count = 2})
    assert.equal([[
[+0.000s] --- SIGTERM from 123 ---
[+0.000s] +++ exited with 3 +++
[+0.000s] +++ killed by SIGSEGV (core dumped) +++
[+0.000s] --- lost 2 events ---
]], host.text())
    assert.truthy(sink.before_filters)
  end)
end)
