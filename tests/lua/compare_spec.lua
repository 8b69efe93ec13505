-- SPDX-License-Identifier: MIT
--
-- Comparing runs: what is the same though its name is another, and what is not; times and their floor. Accounts are
-- written here as compendium.deeds would have them.

package.path = "tests/lua/?.lua;" .. package.path
local fake = require "fake_core"

local LIMITS <const> = {factor = 5, floor = 250000000}
local MS <const> = 1000000

local compare

-- An account with these parts; deeds are lists.
local function account(parts)
  local made = {
    files = {}, connections = {}, programs = {}, errors = {}, times = {}, temporary = parts.temporary or {},
    pids = {}, cwd = parts.cwd,
  }
  for _, pid in ipairs(parts.pids or {}) do made.pids[pid] = true end
  for _, part in ipairs {"files", "connections", "programs", "errors"} do
    for subject, list in pairs(parts[part] or {}) do
      made[part][subject] = {}
      for _, deed in ipairs(list) do made[part][subject][deed] = true end
    end
  end
  for name, sample in pairs(parts.times or {}) do
    made.times[name] = {count = #sample, sample = sample, waits = name:find "^wait" ~= nil}
  end
  return made
end

-- Differences as lines: "Files ~ /x: opened > not there".
local function differences(a, b)
  local lines = {}
  for _, section in ipairs(compare.accounts(account(a), account(b), LIMITS)) do
    for _, row in ipairs(section[2]) do
      lines[#lines + 1] = ("%s %s %s: %s > %s"):format(section[1], row.mark, row.subject, row.left, row.right)
    end
  end
  return lines
end

describe("compare", function()
  before_each(function() compare = fake.new().load "compare" end)

  it("tells what was done in one run only, and what was done otherwise", function()
    assert.same({
      "Files ~ /a: opened > not there", "Files - /b: opened > ", "Files + /c:  > opened, written",
      "Connections ~ tcp4 10.0.0.1:80: reached > refused", "Programs ~ make: exit 0 > exit 2",
      "Other failures + recv tcp4 10.0.0.1:80:  > ECONNRESET",
    }, differences({
      files = {["/a"] = {"opened", "found"}, ["/b"] = {"opened"}, ["/same"] = {"opened"}},
      connections = {["tcp4 10.0.0.1:80"] = {"reached"}}, programs = {make = {"began", "exit 0"}},
    }, {
      files = {["/a"] = {"not there"}, ["/c"] = {"written", "opened"}, ["/same"] = {"opened"}},
      connections = {["tcp4 10.0.0.1:80"] = {"refused"}}, programs = {make = {"began", "exit 2"}},
      errors = {["recv tcp4 10.0.0.1:80"] = {"ECONNRESET"}},
    }))
  end)

  it("knows temporary names, also in folders of their own and in command lines", function()
    local function run(s, o, d)
      return {
        temporary = {s, o, d, d .. "/" .. o:match "[^/]*$"},
        files = {
          [s] = {"opened to write", "removed"}, [o] = {"opened to write"}, [d] = {"removed"},
          [d .. "/fixed"] = {"opened"}, [d .. "/" .. o:match "[^/]*$"] = {"renamed to " .. d .. "/end"},
        },
        programs = {["as -o " .. o .. " " .. s] = {"exit 0"}},
      }
    end
    assert.same({}, differences(run("/tmp/ccAbCdE1.s", "/tmp/ccZ93kLm.o", "/tmp/tmp.wRd8fJ"),
      run("/tmp/ccX1yZ9w.s", "/tmp/ccabcdef.o", "/tmp/tmp.12AbZx")))
  end)

  it("knows one that is much like the other's by others of its form", function()
    local function run(s, o)
      return {temporary = {s, o}, files = {[s] = {"opened to write"}, [o] = {"opened to write"}}}
    end
    assert.same({}, differences(run("/t.1/ccAbCdE1.s", "/t.1/cc5kitJH.o"), run("/t.1/ccX1yZ9w.s", "/t.1/cc5ksUt3.o")))
    assert.same({}, differences(run("/t.1/ccAbCdE1.s", "/t.1/cc5kitJH.o"), run("/t.1/ccX1yZ9w.s", "/t.1/cc5kitJ3.o")))
    assert.are_not.same({}, differences(run("/t.1/ccAbCdE1.s", "/t.2/cc5kitJH.o"),
      run("/t.1/ccX1yZ9w.s", "/t.2/cc5ksUt3.o")))
  end)

  it("does not take other names for temporary ones", function()
    local function made(name)
      return {temporary = {name}, files = {[name] = {"opened to write"}}}
    end
    for a, b in pairs {
      ["/etc/one.conf"] = "/etc/two.conf", ["/out/part1"] = "/out/part2", ["/out/alpha"] = "/out/gamma",
      ["/tmp/x.AbCdEf"] = "/var/x.GhIjKl", ["/tmp/x.AbCdEf.a"] = "/tmp/x.GhIjKl.b", ["/t/log-2024"] = "/t/log-2025",
    } do
      assert.equal(2, #differences(made(a), made(b)), a)
    end
    -- nor names that the run did not make anew
    local a, b = made "/tmp/x.AbCdEf", made "/tmp/x.GhIjKl"
    a.temporary, b.temporary = {}, {}
    assert.equal(2, #differences(a, b))
  end)

  it("knows pids, /proc and ports that the kernel chose", function()
    assert.same({}, differences({
      pids = {4711}, files = {["/proc/4711/maps"] = {"opened"}, ["/run/x.4711"] = {"opened"}},
      connections = {["tcp4 127.0.0.1:40000"] = {"reached"}, ["unix @0001f"] = {"listening"}},
    }, {
      pids = {815}, files = {["/proc/815/maps"] = {"opened"}, ["/run/x.815"] = {"opened"}},
      connections = {["tcp4 127.0.0.1:50000"] = {"reached"}, ["unix @000a2"] = {"listening"}},
    }))
    assert.same({"Files - /run/x.47: opened > ", "Files + /run/x.48:  > opened"}, differences(
      {pids = {12}, files = {["/run/x.47"] = {"opened"}, ["/same12"] = {"opened"}}},
      {pids = {13}, files = {["/run/x.48"] = {"opened"}, ["/same12"] = {"opened"}}}))
    assert.equal(2, #differences({connections = {["tcp4 10.0.0.9:40000"] = {"reached"}}},
      {connections = {["tcp4 10.0.0.9:50000"] = {"reached"}}}))
    assert.equal(2, #differences({connections = {["tcp4 127.0.0.1:80"] = {"reached"}}},
      {connections = {["tcp4 127.0.0.1:81"] = {"reached"}}}))
  end)

  it("knows the folder in which each began", function()
    assert.same({}, differences({cwd = "/home/a", files = {["/home/a/x"] = {"opened"}}},
      {cwd = "/home/b", files = {["/home/b/x"] = {"opened"}}}))
    assert.equal(2, #differences({cwd = "/home/a", files = {["/home/ab/x"] = {"opened"}}},
      {cwd = "/home/b", files = {["/home/bb/x"] = {"opened"}}}))
  end)

  it("tells of calls that take longer, or no longer do", function()
    assert.same({"Times ~ wait /x: 0.20s > 2.00s: 10 times slower, 1 call"},
      differences({times = {["wait /x"] = {200 * MS}}}, {times = {["wait /x"] = {2000 * MS}}}))
    assert.same({"Times ~ wait /x: 2.00s > 0.20s: 10 times faster, 1 call"},
      differences({times = {["wait /x"] = {2000 * MS}}}, {times = {["wait /x"] = {200 * MS}}}))
    local many, slow = {}, {}
    for i = 1, 50 do many[i], slow[i] = MS, 11 * MS end
    assert.same({"Times ~ open /x: 1.0ms > 11.0ms: 11 times slower, 50 calls"},
      differences({times = {["open /x"] = many}}, {times = {["open /x"] = slow}}))
    assert.equal(1, #differences({times = {["open /x"] = {MS}}}, {times = {["open /x"] = {1200 * MS}}}))
  end)

  it("does not tell of what a busy machine does", function()
    local function same(a, b)
      assert.same({}, differences({times = a}, {times = b}))
      assert.same({}, differences({times = b}, {times = a}))
    end
    same({["wait /x"] = {MS, MS, MS}}, {["wait /x"] = {MS, MS, 900 * MS}}) -- a stall among many
    same({["wait /x"] = {MS}}, {["wait /x"] = {120 * MS}})
    same({["open /x"] = {MS}, ["open /y"] = {400 * MS}}, {["open /x"] = {400 * MS}, ["open /y"] = {MS}})
    -- a wait is not believed when others were held up as long
    same({["wait /x"] = {MS}, ["open /y"] = {MS}}, {["wait /x"] = {300 * MS}, ["open /y"] = {200 * MS}})
    local a, b = {}, {}
    for i = 1, 20 do a["open /" .. i], b["open /" .. i] = {2 * MS, 2 * MS, 2 * MS}, {180 * MS, 180 * MS, 180 * MS} end
    same(a, b)
    b["open /1"] = {1900 * MS, 1900 * MS, 1900 * MS}
    assert.equal(1, #differences({times = a}, {times = b}))
  end)
end)
