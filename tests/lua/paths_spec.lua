-- SPDX-License-Identifier: MIT
--
-- Paths: what they mean, from the working directory, a descriptor, or a changed root.

package.path = "tests/lua/?.lua;" .. package.path
local fake = require "fake"

local CLONE_FS = 0x200

describe("paths", function()
  local world

  before_each(function()
    world = fake.world()
    world.task(10, 10, 1, {1, 1, 1}, "prog", "/home/me")
  end)

  local function stat(tid, path)
    return world.call(tid, "stat", 0, {path, ""}).path
  end

  it("are tidied as text", function()
    local cases = {
      {"/", "/"}, {"/a", "/a"}, {"/a/", "/a"}, {"//a///b", "/a/b"}, {"/a/./b", "/a/b"}, {"/a/../b", "/b"},
      {"/../..", "/"}, {"/..", "/"}, {"/a/b/../../..", "/"}, {"/.hidden", "/.hidden"}, {"/a/...", "/a/..."},
      {"/a/..b", "/a/..b"}, {"/a/b..", "/a/b.."}, {"/.", "/"}, {"/a b\n\27[1m", "/a b\n\27[1m"},
      {"x", "/home/me/x"}, {".", "/home/me"}, {"..", "/home"}, {"./x", "/home/me/x"}, {"../../../x", "/x"},
      {"\xff\xfe", "/home/me/\xff\xfe"},
    }
    for _, case in ipairs(cases) do assert.equal(case[2], stat(10, case[1]), case[1]) end
  end)

  it("that are empty or could not be read are nil", function()
    assert.is_nil(stat(10, ""))
    assert.is_nil(world.call(10, "stat", "ENOENT", {nil, ""}).path)
  end)

  it("an empty one, or none since Linux 6.11, is the descriptor with AT_EMPTY_PATH", function()
    world.call(10, "open", 3, {"/etc/hosts", 0})
    assert.equal("/etc/hosts", world.call(10, "statx", 0, {3, "", 0x1000, 0, ""}).path)
    assert.equal("/etc/hosts", world.call(10, "statx", 0, {3, nil, 0x1000, 0, ""}).path)
    assert.equal("/etc/hosts", world.call(10, "fstat", 0, {3, ""}).path)
  end)

  it("chdir and fchdir are followed; a failed one is not", function()
    local e = world.call(10, "chdir", 0, {"sub"})
    assert.same({"chdir", "/home/me/sub"}, {e.type, e.path})
    assert.equal("/home/me/sub/x", stat(10, "x"))
    world.call(10, "chdir", "ENOENT", {"/no"})
    assert.equal("/home/me/sub/x", stat(10, "x"))
    world.call(10, "open", 3, {"/etc", 0x10000})
    assert.equal("/etc", world.call(10, "fchdir", 0, {3}).path)
    assert.equal("/etc/x", stat(10, "x"))
    assert.equal("/etc", world.paths.cwd(10, 10))
  end)

  it("stay as given when the directory is not known", function()
    world.call(10, "fchdir", 0, {99})
    assert.equal("x/../y", stat(10, "x/../y"))
    world.call(10, "chdir", 0, {"somewhere"})
    assert.equal("x", stat(10, "x"))
    world.call(10, "chdir", 0, {"/tmp"})
    assert.equal("/tmp/x", stat(10, "x"))
  end)

  it("threads share the directory, forks copy it, unshare parts", function()
    world.thread(10, 20)
    world.fork(10, 11)
    world.fork(10, 12, CLONE_FS)
    world.call(20, "chdir", 0, {"/a"})
    assert.equal("/a/x", stat(10, "x"))
    assert.equal("/home/me/x", stat(11, "x"))
    assert.equal("/a/x", stat(12, "x"))
    world.call(12, "unshare", 0, {CLONE_FS})
    world.call(12, "chdir", 0, {"/b"})
    assert.equal("/a/x", stat(10, "x"))
    world.exec(12, "/bin/x")
    assert.equal("/b/x", stat(12, "x"))
  end)

  it("dirfd leads, absolute paths do not need it", function()
    world.call(10, "openat", 3, {-100, "/usr/lib", 0x10000})
    assert.equal("/usr/lib/a", world.call(10, "unlinkat", 0, {3, "a", 0}).path)
    assert.equal("/usr/a", world.call(10, "unlinkat", 0, {3, "../a", 0}).path)
    assert.equal("/a", world.call(10, "unlinkat", 0, {99, "/a", 0}).path)
    assert.equal("/home/me/a", world.call(10, "unlinkat", 0, {-100, "a", 0}).path)
  end)

  it("events have both names", function()
    world.call(10, "openat", 3, {-100, "/d", 0x10000})
    local e = world.call(10, "renameat2", 0, {3, "a", -100, "b", 0})
    assert.same({"rename", "/d/a", "/home/me/b"}, {e.type, e.path, e.to})
    e = world.call(10, "link", 0, {"old", "new"})
    assert.same({"link", "/home/me/new", "/home/me/old", nil}, {e.type, e.path, e.target, e.symbolic})
    e = world.call(10, "symlinkat", 0, {"../old", 3, "new"})
    assert.same({"/d/new", "../old", true}, {e.path, e.target, e.symbolic})
    e = world.call(10, "readlink", 4, {"new", "../o", 100})
    assert.same({"stat", "readlink", "/home/me/new", "../o"}, {e.type, e.what, e.path, e.target})
    e = world.call(10, "unlinkat", 0, {-100, "dir", 0x200})
    assert.same({"remove", true}, {e.type, e.directory})
    assert.is_false(world.call(10, "unlink", 0, {"f"}).directory)
    assert.is_true(world.call(10, "rmdir", 0, {"f"}).directory)
    e = world.call(10, "mkdir", 0, {"d", 493})
    assert.same({"create", "directory", "/home/me/d", 493}, {e.type, e.what, e.path, e.mode})
    assert.equal("fifo", world.call(10, "mknodat", 0, {-100, "p", 0x11a4, 0}).what)
  end)

  it("after chroot are seen from outside, and stay inside", function()
    assert.equal("/jail", world.call(10, "chroot", 0, {"/jail"}).path)
    assert.equal("/jail/etc", stat(10, "/etc"))
    assert.equal("/jail/etc", stat(10, "/../../etc"))
    world.call(10, "chdir", 0, {"/"})
    assert.equal("/jail/x", stat(10, "../../x"))
    world.call(10, "chroot", 0, {"/inner"})
    assert.equal("/jail/inner/x", stat(10, "/x"))
  end)

  it("exec resolves its path before close-on-exec takes the directory", function()
    world.call(10, "openat", 3, {-100, "/opt/tool", 0x80000})
    local e = world.record("exec", 10, 10, {raw = {10, 3, 0x1000}, pieces = {"", {"tool"}, "tool", "/opt/tool"}})
    assert.same({"exec", "/opt/tool"}, {e.type, e.path})
  end)
end)
