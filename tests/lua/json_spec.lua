-- SPDX-License-Identifier: MIT
--
-- JSON lines: every line is JSON, nothing is lost or rounded, and bytes come back as they were.

package.path = "tests/lua/?.lua;" .. package.path
local fake = require "fake_core"
local reader = require "json_reader"

local host, json, sink

local function line(fields)
  return reader.line(json.line(fake.event(fields)))
end

describe("json", function()
  before_each(function()
    host = fake.new {options = {command = {"prog", "a b"}}}
    json = host.load("json")
    sink = json.open(host.core.options)
  end)

  it("writes common fields, the type's own, and nothing for nil", function()
    local event = line {
      type = "open", time = 5, duration = 7, syscall = "openat", ret = 3, path = "/etc/hosts", fd = 3,
      writable = false,
      file = {kind = "file", name = "/etc/hosts", peer = {}}, created = nil, flags = 0x80000,
    }
    assert.same({
      time = 5, pid = 100, tid = 100, comm = "prog", type = "open", class = "file", syscall = "openat", duration = 7,
      ret = 3, path = "/etc/hosts", fd = 3, file = {kind = "file", name = "/etc/hosts"}, flags = 0x80000,
      writable = false, host = "here", boot = "b-1", run = "r-1",
    }, event)
  end)

  it("says of which machine and trace each line is, whatever the machine is called", function()
    host = fake.new {options = {command = {"p"}}, run = {host = "n\xff\\", boot = "b-2", run = "r-2"}}
    json = host.load("json")
    local event = line {type = "open", path = "/x"}
    assert.same({"host"}, event.escaped)
    assert.equal("n\xff\\", reader.raw(event.host))
    assert.same({"path", "host"}, line({type = "open", path = "\xfe"}).escaped)
    assert.same({"b-2", "r-2"}, {event.boot, event.run})
  end)

  it("writes fields of every type by the one table of events", function()
    local events = host.load("events")
    for name, row in pairs(events.types) do
      local fields = {type = name}
      for _, field in ipairs(row.fields) do
        local kind = events.fields[field].type
        fields[field] = kind == "integer" and 1 or kind == "boolean" and true or kind == "list" and {"x"}
          or kind == "file" and {kind = "file", name = "x"} or "text"
      end
      local event = line(fields)
      for _, field in ipairs(row.fields) do
        if field ~= "closed" then assert.is_not_nil(event[field], name .. "." .. field) end
      end
    end
  end)

  it("keeps integers exact: those that others would round are strings", function()
    local edge = 1 << 53
    assert.equal(edge - 1, line({type = "mmap", addr = edge - 1}).addr)
    assert.equal("9007199254740992", line({type = "mmap", addr = edge}).addr)
    assert.equal("-9223372036854775808", line({type = "mmap", addr = math.mininteger}).addr)
    assert.equal(-2, line({type = "open", ret = -2}).ret)
  end)

  it("gives any bytes back, and leaves valid text alone", function()
    local valid = {
      "/a/b", "", "back\\slash", "\\x41", "quote\"", "\27[0m", "new\nline", "\0nul", "grün 漢", "\u{202e}", "\x7f",
    }
    for _, s in ipairs(valid) do
      local event = line {type = "open", path = s}
      assert.equal(s, event.path)
      assert.is_nil(event.escaped)
    end
    math.randomseed(5)
    for _ = 1, 500 do
      local parts = {}
      for i = 1, math.random(0, 10) do
        parts[i] = math.random(3) == 1 and valid[math.random(#valid)] or string.char(math.random(0, 255))
      end
      local s = table.concat(parts)
      local event = line {type = "exec", path = s, argv = {"plain\\", s}}
      local is_text = utf8.len(s) ~= nil
      assert.same(not is_text and {"path", "argv"} or nil, event.escaped)
      assert.equal(s, is_text and event.path or reader.raw(event.path))
      assert.equal(s, is_text and event.argv[2] or reader.raw(event.argv[2]))
      assert.equal("plain\\", is_text and event.argv[1] or reader.raw(event.argv[1]))
    end
  end)

  it("begins with what is traced and ends with how it ended and what was lost", function()
    sink.start {pid = 100}
    sink.event(fake.event {type = "lost", count = 12})
    sink.event(fake.event {type = "open", path = "/x", tampered = true})
    sink.finish {time = 99, status = 11 | 0x80}
    local lines = {}
    for each in host.text(1):gmatch("[^\n]+\n") do lines[#lines + 1] = reader.line(each) end
    assert.same({time = 0, type = "start", version = "0.1.0", started = "2023-11-14T22:13:20.123456789Z",
      command = {"prog", "a b"}, pid = 100, host = "here", boot = "b-1", run = "r-1"}, lines[1])
    assert.equal("lost", lines[2].type)
    assert.truthy(lines[3].tampered)
    assert.same({time = 99, type = "finish", signal = "SIGSEGV", lost = 12, tampered = 1, failed_hooks = 0,
      host = "here", boot = "b-1", run = "r-1"}, lines[4])
  end)

  it("goes to -o when that is given, and says when it cannot", function()
    host = fake.new {options = {command = {"p"}, output = "/tmp/o"}}
    sink = host.load("json").open(host.core.options)
    sink.event(fake.event {type = "open", path = "/x"})
    assert.truthy(host.text("/tmp/o"):find('"path":"/x"', 1, true))
    host = fake.new {options = {output = "/no"}, unwritable = "/no"}
    assert.error_matches(function() host.load("json").open(host.core.options) end, "^cannot write /no")
  end)
end)

describe("output", function()
  local function chosen(options, script)
    options.color = "auto"
    host = fake.new {options = options}
    local output = host.load("output")
    if script then script(output) end
    local names = {}
    for i, each in ipairs(output.chosen(options)) do names[i] = each.name end
    return table.concat(names, " ")
  end

  local function default(output)
    output.terminal(true)
    output.summary(true)
  end

  it("runs what scripts ask for, with the last word to the options", function()
    assert.equal("output", chosen {})
    assert.equal("terminal losses summary output", chosen({}, default))
    assert.equal("losses summary output", chosen({quiet = true}, default))
    assert.equal("verbose losses summary output", chosen({verbose = true}, default))
    assert.equal("verbose output", chosen({verbose = true}))
    assert.equal("json output", chosen({json = true}, default))
    assert.equal("terminal output", chosen({}, function(output)
      default(output)
      output.summary(false)
    end))
  end)

  it("sends lines to -o unless JSON goes there", function()
    chosen({output = "/tmp/o"}, default)
    assert.truthy(host.outputs["/tmp/o"])
    host = fake.new {options = {json = true, verbose = true, output = "/tmp/o", command = {"p"}}}
    local sinks = host.load("output").chosen(host.core.options)
    for _, each in ipairs(sinks) do
      if each.start then each.start {pid = 1} end
    end
    assert.truthy(host.text("/tmp/o"):find("^{"))
    assert.truthy(host.text(2):find("^compendium: tracing"))
    assert.falsy(host.text("/tmp/o"):find("tracing", 1, true))
  end)
end)
