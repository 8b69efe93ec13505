-- SPDX-License-Identifier: MIT
--
-- The library on real event objects: that calls.lua agrees with the system call table, and that hooks
-- see what the models know. Runs in the script host (build/testhost).

package.path = "./tests/lua/?.lua;" .. package.path
local fresh = require "fresh"
local has_core, core = pcall(require, "compendium.core")
if not has_core or not core.test_dispatch then
  describe("attribution", function() pending("needs build/testhost") end)
  return
end

-- Which kinds of argument can play a part.
local KINDS <const> = {
  fd = {fd = true}, from = {fd = true}, to_fd = {fd = true}, listener = {fd = true}, pidfd = {fd = true},
  path = {path = true}, to = {path = true}, target = {path = true}, dirfd = {dirfd = true},
  to_dirfd = {dirfd = true}, target_dirfd = {dirfd = true}, address = {sockaddr = true},
  peer_address = {sockaddr = true},
  message = {msghdr = true, mmsghdr = true}, argv = {strv = true}, ends = {ints = true}, how = {struct = true},
  info = {struct = true}, prot = {flags = true}, at_flags = {flags = true}, signal = {signal = true},
  mode = {mode = true, enum = true, flags = true}, flags = {flags = true, enum = true, hex = true},
}

describe("calls.lua", function()
  local calls = fresh.library() "calls"

  it("names calls that there are", function()
    for name in pairs(calls) do assert.is_truthy(core.call(name), name) end
  end)

  it("says of arguments what the table says", function()
    for name, row in pairs(calls) do
      for part, kinds in pairs(KINDS) do
        local i = row[part]
        local arg = i and core.call(name).args[i]
        if math.type(i) == "integer" and (arg or part ~= "mode") then -- which only some calls of open have
          assert.is_truthy(arg and kinds[arg.kind], ("%s: %s is argument %d, which is %s"):format(name, part, i,
            arg and arg.kind or "absent"))
        end
      end
    end
  end)
end)

describe("a hook", function()
  local library, seen

  before_each(function()
    library, seen = fresh.library(), {}
  end)

  -- Hooks `names` and keeps `fields` of each event.
  local function watch(names, ...)
    local hooks, fields = library "hooks", {...}
    hooks.on(names, function(e)
      local values = {}
      for i, field in ipairs(fields) do values[i] = e[field] or false end
      seen[#seen + 1] = values
    end)
    hooks.build()
  end

  local function call(name, ret, args, pieces)
    core.test_dispatch {call = name, ret = ret, args = args, pieces = pieces}
  end

  local function open(fd, path, flags)
    call("openat", fd, {-100, 0x1000, flags or 0}, {{arg = 2, bytes = path}})
  end

  it("on read alone has the file", function()
    watch("read", "path", "bytes", "fd", "class")
    open(3, "/etc/hosts")
    call("read", 5, {3, 0x1000, 10})
    assert.same({{"/etc/hosts", 5, 3, "file"}}, seen)
  end)

  it("on close still sees what was closed", function()
    watch("close", "path", "fd")
    open(3, "/a")
    call("close", 0, {3})
    call("close", -9, {3})
    assert.same({{"/a", 3}, {false, 3}}, seen)
  end)

  it("on recv gets what is read from a socket, on read it does not", function()
    watch({"recv", "read"}, "type", "remote", "protocol", "bytes")
    call("socket", 4, {2, 1, 0})
    local address = string.pack("<I2>I2", 2, 80) .. "\1\2\3\4" .. ("\0"):rep(8)
    call("connect", 0, {4, 0x1000, 16}, {{arg = 2, bytes = address}})
    call("read", 7, {4, 0x1000, 10})
    assert.same({{"recv", "1.2.3.4:80", "tcp4", 7}}, seen)
  end)

  it("on dup knows what was replaced", function()
    watch("dup", "fd", "from", "path", "replaced")
    open(3, "/a")
    open(4, "/b")
    call("dup2", 4, {3, 4})
    assert.same({4, 3, "/a"}, {table.unpack(seen[1], 1, 3)})
    assert.equal("/b", seen[1][4].path)
  end)

  it("on wait decodes the status", function()
    watch("wait", "child", "code", "signal")
    call("wait4", 50, {-1, 0x1000, 0, 0}, {{arg = 2, bytes = string.pack("<i4", 3 << 8)}})
    call("wait4", 51, {-1, 0x1000, 0, 0}, {{arg = 2, bytes = string.pack("<i4", 9)}})
    assert.same({{50, 3, false}, {51, false, "SIGKILL"}}, seen)
  end)

  it("on sendmmsg runs for each message", function()
    watch("send", "bytes")
    local header = string.pack("<I8I4xxxxI8I8I8I8i4xxxx", 0, 0, 0x2000, 1, 0, 0, 0)
    local vector = header .. string.pack("<I4xxxx", 10) .. header .. string.pack("<I4xxxx", 20)
    call("socket", 4, {2, 2, 0})
    call("sendmmsg", 2, {4, 0x1000, 2, 0}, {{arg = 2, bytes = vector}})
    assert.same({{10}, {20}}, seen)
  end)

  -- Nothing that a program can put into registers and memory makes the library fail.
  it("on everything survives whatever comes", function()
    local events, hooks = library "events", library "hooks"
    local names, all = {}, {}
    for name in pairs(events.types) do names[#names + 1] = name end
    for name in pairs(library "calls") do all[#all + 1] = name end
    for _, model in pairs(events.models) do
      for name in pairs(model.calls) do all[#all + 1] = name end
    end
    table.sort(all)
    local touched = 0
    hooks.on(names, function(e)
      for field in pairs(events.fields) do touched = touched + (e[field] ~= nil and 1 or 0) end
    end)
    hooks.build()
    math.randomseed(7)
    local random = math.random
    local odd = {-1, -100, 0, 1, 2, 3, 4, 5, 0x1000, 0x80000, 0xffffffff, 1 << 31, math.mininteger, math.maxinteger}
    local texts = {"", "/", "a", "../..", "/proc/self/fd/3", "\0\0\0", ("x"):rep(200), "\1\0/tmp/s", "\2\0\0P\1\2\3\4"}
    local function registers()
      local args = {}
      for i = 1, 6 do args[i] = random(3) == 1 and random(0) or odd[random(#odd)] end
      return args
    end
    local function pieces()
      local list = {}
      for arg = 1, 6 do
        local part = ({"self", "self", "name", "control", "iovec"})[random(5)]
        if random(2) == 1 then list[#list + 1] = {arg = arg, part = part, bytes = texts[random(#texts)]} end
      end
      return list
    end
    local kinds = {"fork", "exec", "exit", "signal", "stop", "task", "fault", "usage", "sched", "block", "lost", "note", "fd",
      "map"}
    for _ = 1, 6000 do
      local spec = {
        pid = random(1000, 1005), tid = random(1000, 1010), args = registers(), pieces = pieces(),
        ret = random(2) == 1 and random(-20, 20) or odd[random(#odd)], unfinished = random(20) == 1,
      }
      if random(8) == 1 then
        spec.kind = kinds[random(#kinds)]
      else
        spec.call = all[random(#all)]
        local arches = core.call(spec.call).arches
        spec.arch = arches[random(#arches)]
      end
      core.test_dispatch(spec)
    end
    assert.is_true(touched > 1000)
  end)
end)
