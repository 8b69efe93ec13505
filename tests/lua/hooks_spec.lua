-- SPDX-License-Identifier: MIT
--
-- What scripts register becomes chains: which names there are, in which order things run, and what is
-- traced for whom.

package.path = "./tests/lua/?.lua;" .. package.path
local core = require "compendium.core"
local fresh = require "fresh"

local log, bound, hooks

-- Everything bound, and nothing of what earlier tests bound: core.bind is noted on its way.
local bind = core.bind

before_each(function()
  log, bound = {}, {}
  core.bind = function(key, entries, split, bare)
    bound[key] = bare and "bare" or "full"
    bind(key, entries, split, bare)
  end
  hooks = fresh.library(fresh.events(log)) "hooks"
end)
after_each(function()
  core.bind = bind
  for key in pairs(bound) do bind(key, {}) end -- C keeps what was bound
end)

local function note(name, result)
  return function()
    log[#log + 1] = name
    return result
  end
end

local function dispatch(call, spec)
  for i = #log, 1, -1 do log[i] = nil end
  spec = spec or {}
  spec.call = call
  core.test_dispatch(spec)
  return table.concat(log, " ")
end

local function keys(which)
  local names = {}
  for key, how in pairs(bound) do
    if key ~= "start" and key ~= "finish" and (not which or how == which) then names[#names + 1] = key end
  end
  table.sort(names)
  return table.concat(names, " ")
end

local function failure(fn, ...)
  local ok, message = pcall(fn, ...)
  assert.is_false(ok)
  return message
end

describe("a hook on an event", function()
  it("binds its calls and the models it needs, in their order, and nothing else", function()
    hooks.on("open", note "hook")
    hooks.build()
    assert.equals("call:close call:open call:openat call:prctl fork", keys())
    assert.equals("fds hook", dispatch "openat")
    assert.equals("fds", dispatch "close")
  end)

  it("needs what its models need", function()
    hooks.on("recv", note "hook")
    hooks.build()
    assert.equals("call:close call:open call:openat call:prctl call:read call:recvfrom call:socket fork", keys())
  end)

  it("runs only for its type, and for each event of a record", function()
    hooks.on("recv", note "recv")
    hooks.on("read", note "read")
    hooks.build()
    assert.equals("read", dispatch("read", {args = {3}}))
    assert.equals("recv", dispatch("read", {args = {4}}))
    assert.equals("sockets recv recv", dispatch "recvfrom")
  end)

  it("can be on a kind of record", function()
    hooks.on("fork", note "hook")
    hooks.build()
    for i = #log, 1, -1 do log[i] = nil end
    core.test_dispatch {kind = "fork"}
    assert.same({"processes", "hook"}, log)
  end)

  it("on faults asks for them, which a bundled sink does not: they cost too much", function()
    local events = fresh.events(log)
    events.types.fault =
      {class = "memory", fields = {}, calls = {}, records = {"fault"}, needs = {}, asked = true, option = "faults"}
    events.type_of.fault = "fault"
    hooks = fresh.library(events) "hooks"
    hooks.sink({name = "bundled", events = {"fault", "fork"}, event = note "sink"}, true)
    hooks.build()
    assert.equals("call:prctl fork", keys())
    hooks = fresh.library(events) "hooks"
    hooks.sink({name = "bundled", events = {"fault"}, event = note "sink"}, true)
    hooks.on("fault", note "hook")
    hooks.build()
    assert.equals("call:prctl fault fork", keys())
    for i = #log, 1, -1 do log[i] = nil end
    core.test_dispatch {kind = "fault"}
    assert.same({"hook", "sink"}, log)
    core.options.faults = true
    hooks = fresh.library(events) "hooks"
    hooks.sink({name = "bundled", events = {"fault"}, event = note "sink"}, true)
    hooks.build()
    core.options.faults = nil
    for i = #log, 1, -1 do log[i] = nil end
    core.test_dispatch {kind = "fault"}
    assert.same({"sink"}, log)
  end)

  it("takes a list of names, each once", function()
    hooks.on({"open", "open", "syscall:openat", "umask"}, note "hook")
    hooks.build()
    assert.equals("hook", dispatch "umask")
    assert.equals("fds hook", dispatch "open")
    assert.equals("fds hook hook", dispatch "openat") -- as an event, and as a call
  end)
end)

describe("a hook on calls", function()
  it("alone pays for them alone", function()
    hooks.on("syscall:openat", note "hook")
    hooks.build()
    assert.equals("call:openat", keys "bare")
    assert.equals("call:openat call:prctl fork", keys())
    assert.equals("hook", dispatch "openat")
  end)

  it("has the fields when an event hook on the same call brings the models", function()
    hooks.on("syscall:openat", note "call")
    hooks.on("open", note "event")
    hooks.build()
    assert.equals("", keys "bare")
    assert.equals("fds call event", dispatch "openat")
  end)

  it("has the fields when a filter looks at everything", function()
    hooks.on("syscall:openat", note "call")
    hooks.filter(note("filter", true))
    hooks.build()
    assert.equals("", keys "bare")
    assert.equals("fds call filter", dispatch "openat")
  end)

  it("has the class of the table when it is no event", function()
    local class
    hooks.on("syscall:openat", function(e) class = e.class end)
    hooks.build()
    dispatch "openat"
    assert.equals(core.call("openat").class, class)
  end)

  it("can be on a class, and on all", function()
    hooks.on("syscall:%network", note "network")
    hooks.on("syscall", note "all")
    hooks.build()
    assert.equals("network all", dispatch "connect")
    assert.equals("all", dispatch "getpid")
    assert.equals("full", bound["call:?"])
    for i = #log, 1, -1 do log[i] = nil end
    core.test_dispatch {nr = 1000}
    assert.same({"all"}, log)
  end)

  it("can be before they run", function()
    hooks.on("enter:openat", note "enter")
    hooks.build()
    assert.equals("enter", dispatch("openat", {kind = "enter"}))
    assert.equals("call:close call:open call:openat call:prctl enter:openat fork", keys()) -- with what its fields need
  end)
end)

describe("a filter", function()
  it("drops for all after it and for the sinks", function()
    hooks.on("open", note "before")
    hooks.filter(note("filter", false))
    hooks.on("open", note "after")
    hooks.sink {event = note "sink"}
    hooks.sink {event = note "early", before_filters = true}
    hooks.build()
    assert.equals("fds early before filter", dispatch "openat")
  end)

  it("with a name sees that event only", function()
    hooks.filter("read", note("filter", false))
    hooks.on({"read", "recv"}, note "hook")
    hooks.build()
    assert.equals("filter", dispatch("read", {args = {3}}))
    assert.equals("hook", dispatch("read", {args = {4}}))
  end)

  it("adds nothing to what is traced", function()
    hooks.filter(note "filter")
    hooks.filter("open", note "filter")
    hooks.build()
    assert.equals("call:prctl fork", keys())
    assert.equals("fork", keys():match "fork")
  end)
end)

describe("a sink", function()
  it("gets every event, after all hooks, or those it names", function()
    hooks.sink {event = note "all"}
    hooks.sink {event = note "opens", events = {"open"}}
    hooks.on("open", note "hook")
    hooks.build()
    assert.equals("fds hook all opens", dispatch "openat")
    assert.equals("all", dispatch "umask")
    assert.is_nil(bound["call:getpid"])
  end)

  it("starts before hooks and finishes after them", function()
    local start, finish
    core.bind = function(key, entries)
      if key == "start" then start = entries elseif key == "finish" then finish = entries end
    end
    hooks.on({"start", "finish"}, note "hook")
    hooks.sink({name = "s", start = note "sink", finish = note "sink"}, true)
    hooks.sink {name = "mine", start = note "sink", finish = note "sink"} -- a hook to C: what it keeps is limited
    hooks.build()
    local function roles(entries) return entries[1].role .. " " .. entries[2].role .. " " .. entries[3].role end
    assert.equals("sink hook hook", roles(start))
    assert.equals("hook sink hook", roles(finish))
    assert.equals("sink s, sink mine", start[1].label .. ", " .. start[2].label)
  end)
end)

describe("a name that is wrong", function()
  it("is an error with the script's line and the nearest name", function()
    for name, message in pairs {
      opne = "there is no event 'opne'; did you mean 'open'%?",
      openat = "there is no event 'openat'; the system call is \"syscall:openat\"",
      ["syscall:opnat"] = "there is no system call 'opnat'; did you mean 'openat'%?",
      ["syscall:%netwrk"] = "no class of system calls '%%netwrk'; did you mean 'network'%?",
      ["enter:x!"] = "there is no system call 'x!'",
      ["every:1x"] = "'1x' is no time",
      ["every:0s"] = "'0s' is no time",
      ["xyzzy plugh"] = "there is no event 'xyzzy plugh'$",
    } do
      assert.matches("hooks_spec.lua:%d+: .*" .. message, failure(hooks.on, name, print))
    end
    assert.matches("an event's name must be a string, not nil", failure(hooks.on, nil, print))
    assert.matches("no event is named", failure(hooks.on, {}, print))
    assert.matches("what on%(%) calls must be a function, not nil", failure(hooks.on, "open"))
    assert.matches("nothing a filter could drop", failure(hooks.filter, "finish", print))
  end)

  it("or a hook within a hook", function()
    hooks.build()
    assert.matches("before the trace starts", failure(hooks.on, "open", print))
  end)
end)
