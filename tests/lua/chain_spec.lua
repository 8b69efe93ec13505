-- SPDX-License-Identifier: MIT
--
-- Chains: who runs for a record, in which order, and what a filter's or a failing hook's result does.

local core = require "compendium.core"

local log

local function entry(role, name, type, result)
  return {role = role, type = type, label = name, fn = function(e)
    log[#log + 1] = name .. (e.index > 1 and e.index or "")
    return result
  end}
end

local function run(entries, split, spec)
  log = {}
  core.bind("call:close", entries, split)
  core.test_dispatch(spec or {call = "close", ret = 0})
  return table.concat(log, " ")
end

describe("a chain", function()
  setup(function() core.event_types {"open", "close", "read"} end)

  it("runs models first, then all others in order", function()
    assert.equals("m1 m2 h1 f h2 s", run {
      entry("hook", "h1"), entry("model", "m1"), entry("filter", "f"), entry("hook", "h2"), entry("model", "m2"),
      entry("sink", "s"),
    })
  end)

  it("runs entries of a type only for it", function()
    local entries = {
      {role = "type", fn = function(e) return e.ret == 0 and "close" or nil end},
      entry("hook", "any"), entry("hook", "close", "close"), entry("hook", "read", "read"), entry("sink", "all", "*"),
    }
    assert.equals("any close all", run(entries))
    assert.equals("any", run(entries, nil, {call = "close", ret = -9}))
  end)

  it("takes a type that is a name", function()
    assert.equals("r", run {{role = "type", fn = "read"}, entry("hook", "r", "read"), entry("hook", "c", "close")})
  end)

  it("tells hooks the type, also one that nobody hooks", function()
    local type
    run {{role = "type", fn = function() return "open" end}, {role = "hook", fn = function(e) type = e.type end}}
    assert.equals("open", type)
  end)

  it("ends where a filter says false, and nothing else does", function()
    assert.equals("m f", run {entry("filter", "f", nil, false), entry("hook", "h"), entry("model", "m"), entry("sink", "s")})
    assert.equals("f h", run {entry("filter", "f", nil, nil), entry("hook", "h")})
    assert.equals("h s", run {entry("hook", "h", nil, false), entry("sink", "s")})
  end)

  it("runs once for each event of a record", function()
    local entries = {{role = "type", fn = "read"}, entry("model", "m"), entry("hook", "bare"), entry("filter", "f"),
      entry("hook", "r", "read")}
    assert.equals("m bare f r f2 r2 f3 r3", run(entries, function() return 3 end))
    assert.equals("m bare f", run(entries, function() return 0 end))
    assert.equals("m bare f", run(entries, function() return -5 end))
  end)

  it("computes fields anew for each of them, but keeps what models set", function()
    core.field("spec_by_index", function(e) return e.index * 10 end)
    core.field "spec_by_model"
    local seen = {}
    run({
      {role = "model", fn = function(e)
        e.spec_by_model = "kept"
        return e.spec_by_index
      end},
      {role = "type", fn = "read"},
      {role = "hook", type = "read", fn = function(e) seen[e.index] = e.spec_by_index .. e.spec_by_model end},
    }, function() return 2 end)
    assert.same({"10kept", "20kept"}, seen)
  end)

  it("goes on after a hook, a filter or a model that failed", function()
    log = {}
    local function fail() error "on purpose" end
    core.bind("call:close", {
      {role = "model", fn = fail, label = "bad model"}, {role = "type", fn = fail, label = "bad type"},
      {role = "filter", fn = function() error {} end, label = "bad filter"}, {role = "hook", fn = fail, label = "bad hook"},
      entry("hook", "good"),
    })
    local before = core.errors()
    assert.is_false((pcall(core.test_dispatch, {call = "close"})))
    assert.same({"good"}, log)
    assert.equals(4, core.errors() - before)
  end)

  it("is bound to a call in every architecture, to a kind, or to what has no name", function()
    local seen = {}
    local function note(name) return {{role = "hook", fn = function(e) seen[#seen + 1] = name .. e.kind end}} end
    core.bind("call:close", note "c-")
    core.bind("enter:close", note "e-")
    core.bind("call:?", note "u-")
    core.bind("lost", note "l-")
    core.test_dispatch {call = "close"}
    core.test_dispatch {call = "close", arch = "i386"}
    core.test_dispatch {call = "close", kind = "enter"}
    core.test_dispatch {nr = 1000}
    core.test_dispatch {nr = 100000}
    core.test_dispatch {nr = -1}
    core.test_dispatch {kind = "lost"}
    core.test_dispatch {kind = "note"}
    assert.equals("c-call c-call e-enter u-call u-call u-call l-lost", table.concat(seen, " "))
  end)

  it("counts calm events in place of calling those who say so", function()
    local function calm(name, how)
      local made = entry("sink", name, "close")
      made.calm = how
      return made
    end
    local function happens(spec)
      spec.call = "close"
      return run({{role = "type", fn = "close"}, entry("model", "m"), entry("hook", "h", "close"), calm("s", "skip"),
        calm("c", "count")}, nil, spec)
    end
    assert.equals(0, core.calm("close", 1000))
    assert.equals("m h", happens {duration = 999})
    assert.equals("m h", happens {duration = 0, ret = 7})
    for _, loud in ipairs {{duration = 1000}, {ret = -9}, {unfinished = true}} do assert.equals("m h s c", happens(loud)) end
    assert.equals(2, core.calm("close", 1000, "EBADF"))
    assert.equals("m h", happens {ret = -9})
    assert.equals("m h s c", happens {ret = -5})
    assert.equals(1, core.calm("close"))
    assert.equals(0, core.calm("close", 0))
    assert.equals("m h s c", happens {duration = 0})
    assert.equals(0, core.calm("close"))
    core.calm("close", 1000)
    run {{role = "type", fn = "close"}, {role = "hook", type = "close", fn = function() core.calm("close", 0) end},
      calm("c", "count")}
    assert.equals("c", log[1]) -- the hook took it back
    assert.is_false((pcall(core.bind, "call:close", {calm("s", "sleep")})))
  end)

  describe("whose records may be told of together", function()
    local list

    local function fault(pid, page, major, pages)
      core.test_dispatch {kind = "fault", pid = pid, time = 7, args = {page * 4096 + 8, 1, major or 0, 0, pages or 1}}
    end

    local everywhere = core.spans()
    everywhere:put(1, 0, {{addr = 0, size = 1 << 40}})

    -- The parts that everything comes to with these regions, one after the other.
    local function add_all(spans, set)
      local i, count = 1
      repeat
        assert(core.fault_task(i))
        i, count = core.add_faults(i, spans, set)
      until not i
      return count
    end

    -- What a model gathers, as pid:first page+pages/records, "!" when they are major; "&" first when others were not told
    -- yet of what it gathered before.
    local function gathered(_, goes_on)
      if not goes_on then core.new_parts() end
      local parts = {}
      for i = 1, add_all(everywhere, core.pages()) do
        local pages, _, records, is_major, _, pid, _, addr = core.part(i)
        parts[i] = pid .. (is_major and "!" or ":") .. addr // 4096 .. "+" .. pages .. "/" .. records
      end
      list[#list + 1] = (goes_on and "&(" or "(") .. table.concat(parts, " ") .. ")"
    end

    local function say(what) return function() list[#list + 1] = what end end

    local function sink(fn) return {role = "sink", type = "fault", fn = fn or error, together = say "told"} end

    -- What happens when `before` runs. On close a script's hook runs, on read only a model and a sink.
    local function happens(before, entries)
      list = {}
      table.insert(entries, {role = "model", fn = gathered})
      table.insert(entries, {role = "type", fn = "fault"})
      core.bind("fault", entries)
      core.bind("call:close", {{role = "hook", fn = say "close"}})
      core.bind("call:read", {{role = "model", fn = say "read"}, {role = "sink", fn = say "sink"}})
      core.bind("exit", {{role = "model", fn = say "exit"}})
      before()
      core.test_flush()
      return table.concat(list, " ")
    end

    local function some()
      fault(2, 9)
      fault(1, 8)
      fault(1, 7)
      fault(1, 3, 1)
      core.test_dispatch {call = "close"}
      fault(1, 8)
    end

    it("are kept until a script's function runs, and are parts by task", function()
      assert.equals("(1:7+2/2 1!3+1/1 2:9+1/1) told told close (1:8+1/1) told told", happens(some, {sink(), sink()}))
    end)

    it("are kept while nobody notices, but not when tasks change", function()
      assert.equals("read sink (1:5+2/2) told exit read sink", happens(function()
        fault(1, 7)
        core.test_dispatch {call = "read"}
        fault(1, 5)
        core.test_dispatch {kind = "exit"}
        core.test_dispatch {call = "read"}
      end, {sink()}))
    end)

    it("are kept up to a number, and gathered up to another", function()
      assert.equals("(1:1+128/128) &(1:1+131/131) told",
        happens(function() for page = 1, 131 do fault(1, page) end end, {sink()}))
      local told = {}
      happens(function() for page = 1, 10000 do fault(1, page * 2) end end,
        {{role = "sink", type = "fault", fn = error, together = function() told[#told + 1] = core.part(1) end}})
      assert.equals(3, #told)
      assert.equals(10000, told[1] + told[2] + told[3])
    end)

    it("are gathered and told of when the library asks, also while it is called for another record", function()
      local function ask(what)
        return function(e)
          core[what]()
          core[what]()
          list[#list + 1] = e.kind .. " " .. e.ret
        end
      end
      core.bind("call:write", {{role = "model", fn = ask "gather"}, {role = "sink", fn = ask "tell"}})
      assert.equals("(1:3+5/2) call 77 told call 77 (1:9+1/1) told then", happens(function()
        fault(1, 3, 0, 4)
        fault(1, 7)
        core.test_dispatch {call = "write", ret = 77}
        fault(1, 9)
        core.tell()
        say "then"()
      end, {sink()}))
    end)

    -- What a model finds with these regions: place, address in pages, pages, those that were in the set before, records.
    local function finds(regions, set, before)
      local spans, found = core.spans(), {}
      for _, region in ipairs(regions) do
        region.addr, region.size = region.addr * 4096, region.size * 4096
      end
      spans:put(1, 0, regions)
      core.bind("fault", {{role = "type", fn = "fault"}, {role = "sink", type = "fault", fn = error, together = function() end},
        {role = "model", fn = function()
          core.new_parts()
          for i = 1, add_all(spans, set) do
            local place, addr = core.part_place(i)
            local pages, again, records = core.part(i)
            found[i] = table.concat({place, addr // 4096, pages, again, records}, " ")
          end
        end}})
      before()
      core.test_flush()
      return found
    end

    it("are parts by the regions they are in", function()
      local set = core.pages()
      local function twice()
        for _, each in ipairs {{1, 4}, {1, 7}, {1, 8}, {1, 8}, {1, 10, 0, 3}, {1, 30}, {1, 31}, {2, 1, 0, 2}} do
          fault(table.unpack(each))
        end
      end
      local function regions()
        return {{addr = 0, size = 6, counted = true}, {addr = 6, size = 5, counted = true}, {addr = 12, size = 2}}
      end
      assert.same({"1 4 1 0 1", "2 7 4 1 4", "0 11 1 0 1", "3 12 1 0 1", "0 30 1 0 1", "0 31 1 0 1", "1 1 2 0 1"},
        finds(regions(), set, twice))
      assert.equal(1 + 3 + 2, set:count())
      assert.same({"1 4 1 1 1", "2 7 4 4 4", "0 11 1 0 1", "3 12 1 0 1", "0 30 1 0 1", "0 31 1 0 1", "1 1 2 2 1"},
        finds(regions(), set, twice))
    end)

    it("are in what grows by them, down to where it may", function()
      assert.same({"0 6 1 0 1", "1 7 2 0 1", "2 12 1 0 1"}, (finds({{addr = 10, size = 2, grows = 3 * 4096}, {addr = 12,
        size = 1}}, core.pages(), function()
        fault(1, 12)
        fault(1, 6, 0, 3)
      end)))
    end)

    it("are gathered when what is asked about is where they are", function()
      local function keeps(low, high)
        core.gather(low * 4096, high * 4096)
        return core.kept()
      end
      assert.is_false(core.kept())
      finds({}, core.pages(), function()
        for _, each in ipairs {{1, 4}, {1, 7}, {1, 8}, {1, 8}, {2, 1, 0, 2}} do fault(table.unpack(each)) end
        for _, range in ipairs {{3, 4}, {9, 20}, {0, 1}, {5, 7}} do assert.is_true(keeps(table.unpack(range))) end
        assert.is_false(keeps(2, 3))
      end)
      assert.is_false(core.kept())
    end)

    it("that are of a broken trace are of one page", function()
      assert.equals("(1:3+4/4) told", happens(function()
        fault(1, 3, 0, 0)
        fault(1, 3)
        fault(1, 4, 0, -1)
        fault(1, 5)
      end, {sink()}))
    end)

    it("are told of one by one when anybody wants that", function()
      finally(core.test_together)
      local pages = {}
      local hook = {role = "hook", type = "fault", fn = function(e) pages[#pages + 1] = e.raw[1] // 4096 end}
      assert.equals("(2:9+1/1) sink (1:8+1/1) sink (1:7+1/1) sink (1!3+1/1) sink close (1:8+1/1) sink",
        happens(some, {sink(say "sink"), hook}))
      assert.same({9, 8, 7, 3, 8}, pages)
      assert.equals("(1:8+1/1 2:9+1/1) told (1:7+1/1) sink", happens(function()
        fault(2, 9)
        fault(1, 8)
        core.apart()
        fault(1, 7)
      end, {sink(say "sink")}))
    end)
  end)

  it("says what is wrong with what is bound", function()
    assert.has_error(function() core.bind("call:nope", {}) end, "nothing can be bound to 'call:nope'")
    assert.has_error(function() core.bind("opne", {}) end, "nothing can be bound to 'opne'")
    assert.is_false((pcall(core.bind, "call:close", {{role = "cook", fn = print}})))
    assert.is_false((pcall(core.bind, "call:close", {{role = "hook", fn = 5}})))
    assert.is_false((pcall(core.bind, "call:close", {5})))
  end)
end)
