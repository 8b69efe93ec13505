-- SPDX-License-Identifier: MIT
--
-- What compendium.core tells of values, names and numbers.

local core = require "compendium.core"

describe("core.json", function()
  it("keeps integers exact", function()
    for _, n in ipairs {0, -1, 1 << 31, 99999999999999, (1 << 53) - 1, (1 << 53) + 1, math.maxinteger, math.mininteger} do
      assert.equals(("%d"):format(n), core.json(n))
    end
  end)

  it("keeps floats as they were", function()
    assert.equals("0.1", core.json(0.1))
    assert.equals(1 / 3, tonumber(core.json(1 / 3)))
    assert.equals("null", core.json(0 / 0))
    assert.equals("null", core.json(-math.huge))
  end)

  it("escapes strings", function()
    assert.equals([["\"\\\n\u0000\u001b]] .. 'é"', core.json('"\\\n\0\27é'))
  end)

  it("writes tables, their keys sorted", function()
    assert.equals('[1,[true,false],{}]', core.json {1, {true, false}, {}})
    assert.equals('{"2":0,"10":0,"a":{"x":1},"b":"c"}', core.json {b = "c", a = {x = 1}, [10] = 0, [2] = 0})
    local large = {}
    for i = 1, 3000 do large["key" .. i] = i end
    assert.equals(3000, select(2, core.json(large):gsub('"key%d+":%d+', "")))
  end)

  it("says what it cannot write", function()
    local circle = {}
    circle[1] = circle
    assert.has_error(function() core.json(circle) end, "nested too deep for JSON, or in itself")
    assert.has_error(function() core.json {print} end, "JSON has no word for a function")
    assert.has_error(function() core.json {[true] = 1} end, "JSON has no keys that are a boolean")
    assert.equals("[1]", core.json {1}) -- and is none the worse for it
  end)
end)

describe("core.finder", function()
  it("says whether one of its texts is in another", function()
    local find = core.finder {"abc", "x\0y", "/"}
    for text, is_found in pairs {[""] = false, ab = false, abc = true, xxabcd = true, ["x\0y"] = true, xy = false, ["/"] = true} do
      assert.equals(is_found, find(text), text)
    end
    assert.is_true(core.finder {""} "")
    assert.is_false(core.finder {} "abc")
    assert.has_error(function() core.finder {"a", 5} end, "text 2 is a number")
  end)
end)

describe("the table of calls", function()
  it("is told by name", function()
    local call = core.call "openat"
    assert.same({"openat", "file"}, {call.name, call.class})
    assert.same({"dirfd", "dirfd"}, {call.args[1].name, call.args[1].kind})
    assert.is_true(#call.arches >= 2)
    assert.is_nil(core.call "no_such_call")
  end)

  it("is listed by class, sorted and each once", function()
    local all, files = core.calls(), core.calls "file"
    assert.is_true(#all > 400 and #files < #all)
    for i = 2, #all do assert.is_true(all[i - 1] < all[i]) end
    assert.has_error(function() core.calls "nothing" end, "there is no class of system calls called 'nothing'")
  end)
end)

describe("names and numbers", function()
  it("are translated both ways", function()
    assert.same({2, "ENOENT", 15, "SIGTERM"},
      {core.errno "ENOENT", core.errno(2), core.signal "SIGTERM", core.signal(15)})
    assert.is_nil(core.errno "ENOTHING" or core.errno(60000) or core.errno(-1) or core.signal(math.mininteger))
  end)

  it("of addresses need their 4 or 16 bytes", function()
    assert.equals("127.0.0.1", core.inet_ntop "\127\0\0\1")
    assert.equals("::1", core.inet_ntop(("\0"):rep(15) .. "\1"))
    assert.is_nil(core.inet_ntop "short")
  end)

  it("of interfaces may be anything", function()
    assert.equals("lo", core.interface(1))
    assert.is_nil(core.interface(0) or core.interface(-1) or core.interface(1 << 40))
  end)
end)

describe("core.read", function()
  it("says why it does not", function()
    assert.same({nil, "No such file or directory"}, {core.read "/no/such/file"})
    assert.same({nil, "Is a directory"}, {core.read "/"})
    assert.same({nil, "File too large"}, {core.read "/dev/zero"})
  end)
end)
