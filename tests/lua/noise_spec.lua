-- SPDX-License-Identifier: MIT
--
-- What is hidden, what never is, and the ways to change it.

package.path = "tests/lua/?.lua;" .. package.path
local fake = require "fake_core"

local host, noise

local function rule(fields)
  local hit = noise.rule(fake.event(fields))
  if not hit then return nil end
  noise.count(hit.name)
  return hit.name
end

local function hidden()
  local counts = {}
  for _, entry in ipairs((noise.hidden())) do counts[entry[1]] = entry[2] end
  return counts
end

describe("noise", function()
  before_each(function()
    host = fake.new()
    noise = host.load("noise")
  end)

  it("hides what only shows that the machine works", function()
    local cases = {
      {"libraries", {type = "open", path = "/lib/x86_64-linux-gnu/libc.so.6"}},
      {"libraries", {type = "open", path = "/opt/lib/libfoo.so.1.2", error = "ENOENT"}},
      {"libraries", {type = "open", path = "/etc/ld.so.cache"}},
      {"libraries", {type = "read", path = "/lib/libc.so.6", bytes = 832}},
      {"locale", {type = "open", path = "/usr/lib/locale/locale-archive"}},
      {"locale", {type = "open", path = "/usr/lib/x86_64-linux-gnu/gconv/gconv-modules.cache"}},
      {"/proc", {type = "open", path = "/proc/self/maps"}},
      {"devices", {type = "open", path = "/dev/null", writable = true}},
      {"devices", {type = "write", path = "/dev/null", bytes = 5}},
      {"mmap", {type = "mmap", size = 4096}},
      {"mmap", {type = "brk", size = 0}},
      {"closes", {type = "close", fd = 3}},
      {"closes", {type = "close", fd = 77, error = "EBADF"}},
      {"would block", {type = "recv", error = "EAGAIN"}},
      {"end of file", {type = "read", path = "/etc/hosts", bytes = 0}},
      {"python", {type = "open", path = "/usr/lib/python3.11/os.py"}},
      {"python", {type = "open", path = "/home/me/__pycache__/x.cpython-311.pyc"}},
      {"headers", {type = "open", path = "/usr/include/stdio.h"}},
      {"stat", {type = "stat", path = "/etc", what = "stat"}},
      {"stat", {type = "stat", path = "/etc", what = "readlink", error = "EINVAL"}},
      {"netlink", {type = "send", protocol = "netlink", bytes = 20}},
      {"name service cache", {type = "connect", protocol = "unix", remote = "/var/run/nscd/socket", error = "ENOENT"}},
      {"disconnects", {type = "connect", protocol = "udp6"}},
      {"descriptors", {type = "dup", fd = 1, from = 3}},
      {"descriptors", {type = "pipe", read_fd = 3, write_fd = 4}},
      {"waits", {type = "wait", child = 7, code = 0}},
      {"SIGCHLD", {type = "signal", signal = "SIGCHLD"}},
      {"thread ends", {type = "exit", whole = false, code = 0}},
    }
    for _, case in ipairs(cases) do assert.equal(case[1], rule(case[2])) end
  end)

  it("shows what a person would miss", function()
    for _, fields in ipairs {
      {type = "open", path = "/etc/resolv.conf"}, {type = "open", path = "/etc/passwd"},
      {type = "open", path = "/home/me/script.py"}, {type = "open", path = "/etc/shadow", error = "EACCES"},
      {type = "open", path = "/usr/lib/libnew.so", writable = true, flags = 1},
      {type = "open", path = "/home/me/file.so.txt"}, {type = "write", path = "/usr/lib/libnew.so", bytes = 100},
      {type = "read", path = "/etc/hosts", bytes = 10}, {type = "mmap", error = "ENOMEM", size = 1 << 40},
      {type = "close", fd = 3, error = "EIO"}, {type = "connect", protocol = "tcp4", remote = "1.2.3.4:80"},
      {type = "connect", protocol = "tcp4", remote = "1.2.3.4:80", error = "EINPROGRESS", in_progress = true},
      {type = "connect", protocol = "tcp4", remote = "1.2.3.4:80", error = "ECONNREFUSED"},
      {type = "connect", protocol = "other"}, {type = "connect", protocol = "udp4", error = "EFAULT"},
      {type = "fork", child = 5}, {type = "thread", child = 6}, {type = "exec", path = "/bin/ls"},
      {type = "exit", whole = true, code = 0}, {type = "signal", signal = "SIGTERM"}, {type = "remove", path = "/x"},
      {type = "rename", path = "/x", to = "/y"}, {type = "sync", path = "/x"}, {type = "lost", count = 3},
      {type = "wait", error = "EFAULT"}, {type = "dup", error = "EMFILE"},
      {type = "lock", error = "EACCES", path = "/x"},
    } do
      assert.is_nil(rule(fields))
    end
  end)

  -- Paths are searched for what a pattern has in plain before the pattern is tried.
  it("names the same paths as the patterns of its rules do", function()
    local patterns <const> = {
      "%.so$", "/haswell/?", "ab?c", "xa+bc", "a-bc", "[]x]bc", "[^]x]bc", "%f[%w]foo", "(foo)bar", "foo.bar", "%bxyz", "^/a",
      "foo%d*bar", "foo%%bar", "[%]a]+foo", "/LC_%u+", "c$d", "()foo",
    }
    local paths <const> = {
      "/libx.so", "/so", "/haswell", "/haswell/", "/hasw", "/ac", "/abc", "/xaabc", "/xbc", "/bc", "/]bc", "/foo", "/xfoo",
      "/foobar", "/foo.bar", "/foo1bar", "/foo12bar", "/foo%bar", "/xay", "/xyyz", "/x1yz", "/a", "/]afoo", "/LC_ALL", "/LC_",
      "/c$d", "/cd",
    }
    for _, pattern in ipairs(patterns) do
      noise.add {name = "mine", why = "", types = {"open"}, paths = {pattern}}
      for _, path in ipairs(paths) do
        local is_hidden = rule {type = "open", path = path} == "mine"
        assert.equal(path:find(pattern) ~= nil, is_hidden, pattern .. " in " .. path)
      end
    end
  end)

  it("shows the absence of a file the program was told to use", function()
    local process = {argv = {"/home/me/other.txt", "/home/me/missing.txt"}}
    assert.is_nil(rule {type = "stat", path = "/home/me/missing.txt", error = "ENOENT", process = process})
    assert.equal("absent files", rule {type = "stat", path = "/home/me/other.txt", error = "ENOENT", process = process})
  end)

  it("shows a name that is tried in many directories once", function()
    assert.is_nil(rule {type = "open", path = "/a/x.conf", error = "ENOENT"})
    assert.equal("search", rule {type = "open", path = "/b/x.conf", error = "ENOENT"})
    assert.equal("search", rule {type = "open", path = "/c/x.conf", error = "ENOENT"})
    assert.is_nil(rule {type = "open", path = "/c/y.conf", error = "ENOENT"})
    assert.is_nil(rule {type = "open", path = "/b/y.conf", error = "EACCES"})
    assert.is_nil(rule {type = "open", path = "/c/y.conf", error = "ENOENT", pid = 200})
  end)

  it("shows the last try of a command that a shell looks for only when it was named with its path", function()
    assert.equal("program search", rule {type = "exec", path = "/usr/local/bin/ls", argv = {"ls"}, error = "ENOENT"})
    assert.is_nil(rule {type = "exec", path = "/opt/tool", argv = {"/opt/tool"}, error = "ENOENT"})
    assert.is_nil(rule {type = "exec", path = "/usr/bin/ls", argv = {"ls"}, error = "EACCES"})
  end)

  it("takes no failure for a call that waits, of those that do not", function()
    assert.equal("would block", rule {type = "read", error = "EAGAIN"})
    assert.is_nil(rule {type = "fork", error = "EAGAIN"}) -- there may be no more processes
    assert.is_nil(rule {type = "mmap", error = "EAGAIN"})
  end)

  it("counts what it hides", function()
    rule {type = "mmap"}
    rule {type = "mmap"}
    rule {type = "close"}
    rule {type = "fork"}
    assert.same({mmap = 2, closes = 1}, hidden())
    local list, sum = noise.hidden()
    assert.equal(3, sum)
    assert.equal("mmap", list[1][1])
  end)

  it("is changed by scripts: add, replace, remove, off", function()
    noise.add {name = "mine", why = "a test", types = {"open"}, match = function(e) return e.path == "/etc/passwd" end}
    assert.equal("mine", rule {type = "open", path = "/etc/passwd"})
    assert.is_nil(rule {type = "remove", path = "/etc/passwd"})
    noise.add {name = "mine", paths = {"%.log$"}}
    assert.is_nil(rule {type = "open", path = "/etc/passwd"})
    assert.equal("mine", rule {type = "open", path = "/var/x.log"})
    assert.is_nil(rule {type = "open", path = "/var/x.log", writable = true})
    noise.remove "mmap"
    assert.is_nil(rule {type = "mmap", size = 1})
    noise.off()
    assert.is_nil(rule {type = "close", fd = 1})
    noise.add {name = "again", match = function() return true end}
    assert.equal("again", rule {type = "close", fd = 1})
  end)

  it("leaves it to the core to count what always is hidden, and takes it back when the rules change", function()
    noise.tell_calm()
    assert.same({noise.SLOW, noise.SLOW, 0, 0}, {host.calm.mmap, host.calm.stat, host.calm.open, host.calm.fault})
    assert.is_true(noise.is_answer(fake.event {type = "close", error = "EBADF"}))
    assert.is_false(noise.is_answer(fake.event {type = "close", error = "EIO"}))
    assert.is_false(noise.is_answer(fake.event {type = "open", error = "EBADF"}))
    host.calm_events = {mmap = 5, brk = 2, stat = 3}
    assert.same({mmap = 7, stat = 3}, hidden())
    host.calm_events = {stat = 4}
    noise.add {name = "mine", types = {"stat"}, paths = {"^/x"}} -- is asked first
    assert.same({0, noise.SLOW}, {host.calm.stat, host.calm.mmap})
    assert.same({mmap = 7, stat = 7}, hidden())
    noise.add {name = "none", worked = true, types = {"open"}}
    assert.equal(noise.SLOW, host.calm.open)
    host.calm_events = {open = 2}
    assert.same({mmap = 7, stat = 7, none = 2}, hidden())
    noise.off()
    assert.same({0, 0}, {host.calm.open, host.calm.mmap})
  end)

  it("says what is wrong with a rule, and knows the names there are", function()
    assert.error_matches(function() noise.add {why = "no name"} end, "noise.add wants")
    assert.error_matches(function() noise.add {name = "x"} end, "has no match .*, paths .*, worked, memory or pages")
    assert.error_matches(function() noise.remove "mmapp" end, 'no noise rule "mmapp".*"mmap"')
  end)

  it("shows the event and drops the rule when a script's rule fails", function()
    noise.add {name = "bad", match = function(e) return e.path.x.y end}
    assert.is_nil(rule {type = "open", path = "/x"})
    assert.is_nil(rule {type = "open", path = "/x"})
    assert.equal(1, #host.logged)
    assert.equal(1, noise.failures())
  end)

  it("has a reason for every rule, and rules about types that exist", function()
    local types = host.load("events").types
    for _, each in ipairs(noise.rules()) do
      assert.truthy(each.why and #each.why > 0)
      for _, type in ipairs(each.types or {}) do assert.truthy(types[type], type) end
    end
  end)

  it("keeps bounded memory for a hundred thousand paths", function()
    collectgarbage()
    local before = collectgarbage("count")
    for i = 1, 100000 do noise.rule(fake.event {type = "open", path = "/some/where/file" .. i, pid = i}) end
    collectgarbage()
    assert.truthy(collectgarbage("count") - before < 8000)
  end)
end)
