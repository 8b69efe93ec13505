-- SPDX-License-Identifier: MIT
--
-- The event object: what its fields are for each kind of record, that they are read when touched, and
-- that it is of no use after its hook.

local core = require "compendium.core"
require "compendium.api_event"

local OPEN = {
  call = "openat", pid = 10, tid = 11, time = 5, duration = 7, args = {-100, 0x1000, 0x241, 420}, ret = 3,
  pieces = {{arg = 2, bytes = "/etc/\255x"}},
}

local function with(changes, base)
  local spec = {}
  for key, value in pairs(base or OPEN) do spec[key] = value end
  for key, value in pairs(changes) do spec[key] = value end
  return spec
end

-- What a hook that returns these fields returns.
local function fields(spec, ...)
  local names = {...}
  return core.test_event(spec, function(e)
    local values = {}
    for i, name in ipairs(names) do values[i] = e[name] end
    return table.unpack(values, 1, #names)
  end)
end

local function failure(spec, fn)
  local ok, message = pcall(core.test_event, spec, fn)
  assert.is_false(ok)
  return message
end

describe("fields of a call", function()
  it("are those of the record", function()
    assert.same({5, 7, 10, 11, "call", "x86_64", "openat", 257, 3},
      {fields(OPEN, "time", "duration", "pid", "tid", "kind", "arch", "syscall", "nr", "ret")})
  end)

  it("that do not apply are nil", function()
    assert.same({n = 7}, table.pack(fields(OPEN, "error", "num", "status", "unfinished", "late", "tampered", "type")))
  end)

  it("name the error of a failed call", function()
    assert.same({-2, "ENOENT"}, {fields(with {ret = -2}, "ret", "error")})
    assert.equals("errno 4000", fields(with {ret = -4000}, "error"))
    assert.is_nil(fields(with {ret = -4096}, "error"))
  end)

  it("have no result when it never returned", function()
    assert.same({n = 3, [3] = true}, table.pack(fields(with {unfinished = true, ret = -2}, "ret", "error", "unfinished")))
  end)

  it("keep 64 bits", function()
    assert.equals(math.mininteger, fields(with {ret = math.mininteger}, "ret"))
    assert.equals(-1, fields(with {args = {-1}}, "raw")[1])
  end)

  it("of a number without a name", function()
    local spec = {nr = 1000, args = {1, 2, 3, 4, 5, -6}}
    assert.equals("syscall_1000", fields(spec, "syscall"))
    core.test_event(spec, function(e)
      assert.equals(6, #e.args)
      assert.equals(-6, e.args[6])
      assert.equals(2, e.args.arg2)
    end)
  end)

  it("say which architecture's call it is", function()
    assert.same({"i386", "openat", 295}, {fields(with {arch = "i386"}, "arch", "syscall", "nr")})
  end)
end)

describe("fields of other records", function()
  it("are num, raw and pieces counted from 1", function()
    local spec = {kind = "exec", nr = 4, args = {7, 8}, ret = 9,
      pieces = {{arg = 1, bytes = "/bin/x"}, {arg = 2, part = "string", bytes = "x"},
        {arg = 2, part = "string", index = 2, bytes = ""}}}
    core.test_event(spec, function(e)
      assert.same({4, 7, 8}, {e.num, e.raw[1], e.raw[2]})
      assert.is_nil(e.nr or e.args or e.syscall or e.arch or e.ret or e.duration)
      assert.equals("/bin/x", e:piece(1))
      assert.is_nil(e:piece(3))
      assert.same({"x", ""}, e:strings(2))
    end)
  end)

  it("have a wait status when a task ended", function()
    assert.equals(256, fields({kind = "exit", ret = 256}, "status"))
  end)
end)

describe("e.args", function()
  it("are decoded by name and by number", function()
    core.test_event(OPEN, function(e)
      assert.equals(-100, e.args.dirfd)
      assert.equals(-100, e.args[1])
      assert.equals("/etc/\255x", e.args[2])
      assert.equals(e.args[2], e.args[2])
    end)
  end)

  it("come in the order of the call", function()
    core.test_event(OPEN, function(e)
      local order = {}
      for name, value in pairs(e.args) do order[#order + 1] = ("%s=%s"):format(name, value) end
      assert.equals(#e.args, #order)
      for i, text in ipairs(order) do assert.matches("=" .. tostring(e.args[i]):gsub("%p", "%%%0") .. "$", text) end
    end)
  end)

  it("tell apart a NULL pointer, unreadable and cut memory", function()
    core.test_event(with {pieces = {{arg = 2, bytes = "", unreadable = true}}}, function(e)
      assert.is_nil(e.args[2])
      assert.is_true(e.args:unreadable(2))
      assert.equals(0x1000, e.args:pointer(2))
    end)
    core.test_event(with {pieces = {{arg = 2, bytes = "/very", whole = 9000, truncated = true}}}, function(e)
      assert.is_false(e.args:unreadable(2))
      assert.equals(9000, e.args:truncated(2))
      assert.is_nil(e.args:truncated(1))
    end)
  end)

  it("of another call are nil, of no call an error", function()
    core.test_event(OPEN, function(e) assert.is_nil(e.args.sockfd) end)
    assert.matches("no system call has an argument 'flgas'; did you mean 'flags'", failure(OPEN, function(e)
      return e.args.flgas
    end))
  end)

  it("are not another event's", function()
    local before
    core.test_event(OPEN, function(e) before = e.args[2] end)
    core.test_event(with {pieces = {{arg = 2, bytes = "/b"}}}, function(e)
      assert.equals("/b", e.args[2])
      assert.not_equals(before, e.args[2])
    end)
  end)
end)

describe("library fields", function()
  local calls

  setup(function()
    core.field("spec_lazy", function(e)
      calls = calls + 1
      return e.pid * 2
    end)
    core.field "spec_set"
  end)
  before_each(function() calls = 0 end)

  it("are computed once for each event, when touched", function()
    core.test_event(OPEN, function() end)
    assert.equals(0, calls)
    core.test_event(OPEN, function(e) return e.spec_lazy, e.spec_lazy end)
    assert.equals(1, calls)
    assert.equals(40, fields(with {pid = 20}, "spec_lazy"))
    assert.equals(2, calls)
  end)

  it("keep nil and false as values", function()
    core.field("spec_nil", function() calls = calls + 1 end)
    core.test_event(OPEN, function(e) return e.spec_nil, e.spec_nil end)
    assert.equals(1, calls)
  end)

  it("can be set by models, for one event", function()
    core.test_event(OPEN, function(e)
      e.spec_set = "x"
      assert.equals("x", e.spec_set)
    end)
    assert.is_nil(fields(OPEN, "spec_set"))
  end)

  it("may not be set by hooks, nor those of the record by anybody", function()
    local message
    core.bind("call:openat", {{role = "hook", label = "h", fn = function(e)
      message = select(2, pcall(function() e.spec_set = 1 end))
    end}})
    core.test_dispatch(OPEN)
    assert.matches("event_spec.lua:%d+: the fields of an event cannot be set", message)
    assert.matches("cannot be set", failure(OPEN, function(e) e.pid = 1 end))
  end)

  it("are not there in a bare chain, unless they last", function()
    local message, lasting
    core.field("spec_lasting", function() return "still" end, true)
    core.bind("call:openat", {{role = "hook", label = "h", fn = function(e)
      message = select(2, pcall(function() return e.spec_lazy end))
      lasting = e.spec_lasting
    end}}, nil, true)
    core.test_dispatch(OPEN)
    assert.matches('e.spec_lazy is not there in a "syscall:" hook alone', message)
    assert.equals("still", lasting)
  end)

  it("raise through the hook when they fail", function()
    core.field("spec_failing", function() error "from the getter" end)
    assert.matches("from the getter", failure(OPEN, function(e) return e.spec_failing end))
  end)
end)

describe("an unknown field", function()
  it("is an error with the line of the script and the nearest name", function()
    assert.matches("event_spec.lua:%d+: an event has no field 'pdi'; did you mean 'pid'%?",
      failure(OPEN, function(e) return e.pdi end))
    assert.matches("no field '1'", failure(OPEN, function(e) return e[1] end))
  end)
end)

describe("after its hook", function()
  setup(function()
    for _, name in ipairs {"comm", "process", "class"} do core.field(name, function() return name end) end
  end)

  it("an event cannot be used, nor its args", function()
    local kept, args
    core.test_event(OPEN, function(e) kept, args = e, e.args end)
    for _, use in ipairs {function() return kept.pid end, function() return kept:copy() end, function() return #args end,
      function() return args[1] end, function() kept.pid = 1 end, function() return pairs(args)(args) end} do
      local ok, message = pcall(use)
      assert.is_false(ok)
      assert.matches("event used after its hook; keep e:copy%(%)", message)
    end
    assert.equals("event (its hook is over)", tostring(kept))
  end)

  it("a copy stays", function()
    local copy = core.test_event(OPEN, function(e) return e:copy() end)
    assert.equals("openat", copy.syscall)
    assert.equals("/etc/\255x", copy.args[2])
    assert.equals(4, #copy.args)
    local names = {}
    for name in pairs(copy.args) do names[#names + 1] = name end
    assert.equals(copy.args[2], copy.args[names[2]])
    assert.is_nil(copy.args[5])
    assert.is_nil(copy.no_such_field)
  end)
end)

describe("pairs of an event", function()
  it("gives the fields that are there", function()
    local seen = core.test_event(OPEN, function(e)
      local names = {}
      for name, value in pairs(e) do
        assert.is_not_nil(value)
        names[name] = true
      end
      return names
    end)
    assert.is_true(seen.time and seen.syscall and seen.args)
    assert.is_nil(seen.error)
  end)
end)

describe("methods", function()
  it("are called with a colon", function()
    assert.matches("with a colon", failure(OPEN, function(e) return e.piece(2) end))
  end)

  it("give pieces raw", function()
    local spec = {call = "sendmsg", pieces = {{arg = 2, part = "data", bytes = "a\0b"},
      {arg = 2, part = "name", bytes = "\2\0\0\80\127\0\0\1\0\0\0\0\0\0\0\0"}}}
    core.test_event(spec, function(e)
      assert.equals("a\0b", e:piece(2, "data"))
      assert.equals("a\0b", e:piece("msg", "data"))
      assert.is_nil(e:piece(2, "data", 2))
      assert.is_nil(e:piece(9, "data"))
      local address = e:sockaddr(2, "name")
      assert.same({2, 80, "\127\0\0\1"}, {address.family, address.port, address.address})
      assert.is_nil(e:rights())
    end)
    assert.matches("invalid option 'dada'", failure(spec, function(e) return e:piece(2, "dada") end))
  end)

  it("list passed descriptors", function()
    -- struct cmsghdr: length 24, SOL_SOCKET, SCM_RIGHTS, then 5 and 6
    local control = string.pack("<I8i4i4i4i4", 24, 1, 1, 5, 6)
    core.test_event({call = "recvmsg", ret = 1, pieces = {{arg = 2, part = "control", bytes = control}}}, function(e)
      assert.same({5, 6}, e:rights())
    end)
  end)
end)

describe("e.data", function()
  it("has to be wanted", function()
    local write = {call = "write", ret = 5, pieces = {{arg = 2, bytes = "he\0lo", whole = 50, truncated = true}}}
    assert.matches('only there after want%("data"', failure(write, function(e) return e.data end))
    core.want_data(5)
    assert.same({"he\0lo", true}, {fields(write, "data", "data_truncated")})
    assert.is_nil(fields(OPEN, "data"))
    assert.is_nil(fields({call = "write", pieces = {{arg = 2, bytes = "", unreadable = true}}}, "data"))
  end)
end)
