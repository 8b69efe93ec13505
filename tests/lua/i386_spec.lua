-- SPDX-License-Identifier: MIT
--
-- The library on the calls of i386 programs, as records: numbers, widths, 64-bit values in two registers, and
-- results, as the ptrace source has them of such a program. Runs in the script host (build/testhost).

package.path = "./tests/lua/?.lua;" .. package.path
local fresh = require "fresh"
local has_core, core = pcall(require, "compendium.core")
if not has_core or not core.test_dispatch then
  describe("i386", function() pending("needs build/testhost") end)
  return
end

local NO_FD <const>, AT_FDCWD <const> = 0xffffffff, 0xffffff9c -- registers have 32 bits
local PORT_1 <const> = string.pack("<I2>I2", 2, 1) .. "\127\0\0\1" .. ("\0"):rep(8)

-- What tests/live/tracees/static32.c does: call, number, result, registers, memory; then the line of -v.
local CALLS <const> = {
  {"openat", 295, 3, {AT_FDCWD, 0x1000, 0x8242, 420}, {{arg = 2, bytes = "/tmp/five"}},
    'openat(dirfd: AT_FDCWD, pathname: "/tmp/five", flags: O_RDWR|O_CREAT|O_TRUNC|O_LARGEFILE, mode: 0644) = 3</tmp/five>'},
  {"write", 4, 5, {3, 0x1000, 5}, {}, "write(fd: 3</tmp/five>, buf: 0x1000, count: 5) = 5"},
  {"pwrite64", 181, 7, {3, 0x1000, 7, 0x40000000, 1}, {},
    "pwrite64(fd: 3</tmp/five>, buf: 0x1000, count: 7, offset: 5368709120) = 7"},
  {"pread64", 180, 7, {3, 0x1000, 7, 0x40000000, 1}, {},
    "pread64(fd: 3</tmp/five>, buf: 0x1000, count: 7, offset: 5368709120) = 7"},
  {"_llseek", 140, 0, {3, 1, 0x40000000, 0x1000, 0}, {{arg = 4, bytes = string.pack("<i8", 5 << 30)}},
    "_llseek(fd: 3</tmp/five>, offset_high: 1, offset_low: 1073741824, result: 5368709120, whence: SEEK_SET) = 0"},
  {"ftruncate64", 194, 0, {3, 5, 0}, {}, "ftruncate64(fd: 3</tmp/five>, length: 5) = 0"},
  {"close", 6, 0, {3}, {}, "close(fd: 3</tmp/five>) = 0"},
  {"socket", 359, 3, {2, 1, 0}, {}, "socket(domain: AF_INET, type: SOCK_STREAM, protocol: IPPROTO_IP) = 3<tcp4>"},
  {"connect", 362, -111, {3, 0x1000, 16}, {{arg = 2, bytes = PORT_1}},
    "connect(sockfd: 3<tcp4>, addr: 127.0.0.1:1, addrlen: 16) = -1 ECONNREFUSED (Connection refused)"},
  {"mmap2", 192, 0xf7f00000, {0, 4096, 1, 0x22, NO_FD, 0}, {},
    "mmap2(addr: 0x0, length: 4096, prot: PROT_READ, flags: MAP_PRIVATE|MAP_ANONYMOUS, fd: -1, pgoffset: 0) = 0xf7f00000"},
  {"mmap", 90, 0xf7e00000, {0, 8192, 3, 0x22, NO_FD, 0}, {},
    "mmap(addr: 0x0, length: 8192, prot: PROT_READ|PROT_WRITE, flags: MAP_PRIVATE|MAP_ANONYMOUS, fd: -1, offset: 0) = 0xf7e00000"},
  {"openat", 295, -2, {AT_FDCWD, 0x1000, 0x8000}, {{arg = 2, bytes = "/nowhere/else"}},
    'openat(dirfd: AT_FDCWD, pathname: "/nowhere/else", flags: O_RDONLY|O_LARGEFILE) = -1 ENOENT (No such file or directory)'},
  {"getpid", 20, 1000, {}, {}, "getpid() = 1000"},
}

local function run()
  for _, call in ipairs(CALLS) do
    core.test_dispatch {nr = call[2], arch = "i386", ret = call[3], args = call[4], pieces = call[5]}
  end
end

describe("i386 calls", function()
  local library

  before_each(function() library = fresh.library() end)

  local function watch(names, fn)
    local hooks = library "hooks"
    hooks.on(names, fn)
    hooks.build()
  end

  it("are the events that others are", function()
    local seen = {}
    watch({"open", "write", "read", "connect", "mmap"}, function(e)
      seen[#seen + 1] = ("%s %s %s %s %s"):format(e.arch, e.type, e.path or e.remote, e.bytes or e.size, e.error)
    end)
    run()
    assert.same({
      "i386 open /tmp/five nil nil", "i386 write /tmp/five 5 nil", "i386 write /tmp/five 7 nil",
      "i386 read /tmp/five 7 nil", "i386 connect 127.0.0.1:1 nil ECONNREFUSED", "i386 mmap nil 4096 nil",
      "i386 mmap nil 8192 nil", "i386 open /nowhere/else nil ENOENT",
    }, seen)
    assert.equal(3 * 4096, library "memory".total.anon)
  end)

  it("are shown by their names and with their own arguments", function()
    local verbose, lines = library "verbose", {}
    library "hooks".on({"open", "connect"}, function() end) -- descriptors are followed for these
    watch("syscall", function(e) lines[#lines + 1] = (verbose.call(e):gsub(" <%S+>$", "")) end)
    run()
    local expected = {}
    for i, call in ipairs(CALLS) do expected[i] = call[6] end
    assert.same(expected, lines)
  end)
end)
