-- SPDX-License-Identifier: MIT
--
-- Values as text.

package.path = "tests/lua/?.lua;" .. package.path
local fake = require "fake_core"

local format

describe("format", function()
  before_each(function() format = fake.new().load("format") end)

  it("writes sizes with one digit, never as 1024.0 of a unit", function()
    local cases = {
      [0] = "0 B", [29] = "29 B", [1023] = "1023 B", [1024] = "1.0 KB", [2650] = "2.6 KB", [135168] = "132.0 KB",
      [1048575] = "1.0 MB", [8912896] = "8.5 MB", [1 << 40] = "1.0 TB", [math.maxinteger] = "8.0 EB", [-5] = "-5 B",
    }
    for n, text in pairs(cases) do assert.equal(text, format.bytes(n)) end
    assert.equal("-", format.bytes(nil))
  end)

  it("never needs more than eight columns for a size", function()
    math.randomseed(7)
    for _ = 1, 2000 do
      local n = math.random(0) >> math.random(1, 62)
      assert.truthy(#format.bytes(n) <= 9 and #format.bytes(n & 0xffffffffff) <= 9)
    end
  end)

  it("writes durations in the unit a person would", function()
    local cases = {
      [0] = "0ns", [740] = "740ns", [12345] = "12µs", [999499] = "999µs", [999500] = "1.0ms", [3400000] = "3.4ms",
      [99950000] = "0.10s", [340000000] = "0.34s", [59994999999] = "59.99s", [60000000000] = "1m00s",
      [125000000000] = "2m05s", [3720000000000] = "1h02m",
    }
    for ns, text in pairs(cases) do assert.equal(text, format.duration(ns)) end
    assert.equal("+0.003s", format.clock(3999999))
    assert.equal("+61.000s", format.clock(61000000000))
    assert.equal("0.00s", format.seconds(1))
  end)

  it("writes counts with the right number", function()
    assert.equal("1 call", format.count(1, "call"))
    assert.equal("2 processes", format.count(2, "process"))
    assert.equal("0 entries", format.count(0, "entry"))
  end)

  it("names flags and keeps unknown bits in hex", function()
    assert.equal("O_RDONLY|O_CLOEXEC", format.flags("open_flags", 0x80000))
    assert.equal("O_WRONLY|O_CREAT|0x40000000", format.flags("open_flags", 0x40000041))
    assert.equal("0x7", format.flags("no such family", 7))
    assert.equal("PROT_READ|PROT_WRITE", format.flags("mmap_prot", 3))
    assert.equal("0", format.flags("mmap_prot", 0))
    assert.equal("SEEK_END", format.enum("whence", 2))
    assert.equal("9", format.enum("whence", 9))
  end)

  it("says no bit twice and forgets none", function()
    local family = fake.new().core.constants("open_flags")
    math.randomseed(11)
    for _ = 1, 500 do
      local value = math.random(0) & 0xffffff
      local sum = 0
      for word in format.flags("open_flags", value):gmatch("[^|]+") do
        local bits = tonumber(word)
        for _, constant in ipairs(family) do bits = constant[1] == word and constant[2] or bits end
        assert.equal(0, sum & bits & ~3)
        sum = sum | bits
      end
      assert.equal(value, sum)
    end
  end)

  it("explains errors, signals, modes and addresses", function()
    assert.equal("ENOENT (No such file or directory)", format.error("ENOENT"))
    assert.equal("ENOENT (No such file or directory)", format.error(2))
    assert.equal("errno 999", format.error("errno 999"))
    assert.equal("SIGTERM", format.signal(15))
    assert.equal("signal 99", format.signal(99))
    assert.equal("0644", format.mode(420))
    assert.equal("10.0.0.2:53", format.sockaddr {family = 2, address = "\10\0\0\2", port = 53})
    local linked = {family = 10, address = ("\0"):rep(15) .. "\1", port = 80, scope = 2}
    assert.equal("[::1%eth0]:80", format.sockaddr(linked))
    assert.equal("/run/a\\n", format.sockaddr {family = 1, path = "/run/a\n"})
    assert.equal("@hidden", format.sockaddr {family = 1, path = "\0hidden"})
    assert.equal("unnamed", format.sockaddr {family = 1})
    assert.equal("-", format.sockaddr(nil))
  end)

  it("says where a frame of a stack is", function()
    local function frame(f) return table.concat({format.frame(f)}, " in ") end
    assert.equal("main in a.c:7", frame {address = 1, offset = 1, name = "main", file = "/src/a.c", line = 7, module = "/a"})
    assert.equal("f in libc.so", frame {address = 1, offset = 1, name = "f", module = "/lib/libc.so"})
    assert.equal("+0x1f in libc.so", frame {address = 0x71f, offset = 0x1f, module = "/lib/libc.so"})
    assert.equal("+0x71f in ?", frame {address = 0x71f})
  end)
end)
