-- SPDX-License-Identifier: MIT
--
-- Little noise: the simplest programs have few lines, and what is hidden is nothing a person would miss:
-- each rule that hid something, and each file whose opening has no line, is listed here.

local h <const> = require "tests.live.harness"

-- Writes the rules that hid something and the names that were opened.
local WATCH <const> = [[
local file = assert(io.open(%q, "w"))
on("open", function(e) if not e.error then file:write("open ", e.path, "\n") end end)
on("finish", function()
  for _, row in ipairs((require "compendium.noise").hidden()) do file:write("rule ", row[1], "\n") end
  file:close()
end)]]

local CASES <const> = {
  {
    command = {"/bin/ls", "/"}, most = 8,
    shows = {"ls exec", "open +/ %(directory%)", "write .*/out","exit +0"},
    rules = {
      "mmap", "closes", "libraries", "locale", "/proc", "stat", "absent files", "search", "directories", "descriptors",
      "end of file", "tasks",
    },
    opens = {"%.so[%.%d]*$", "^/etc/ld%.so%.cache$", "/locale/", "/locale%.alias$", "/gconv", "^/proc/filesystems$"},
  },
  {
    command = {"/usr/bin/python3", "-c", "pass"}, most = 15,
    shows = {"python3[%.%d]* exec", "exit +0"},
    rules = {
      "mmap", "closes", "libraries", "locale", "/proc", "stat", "absent files", "search", "directories", "descriptors",
      "end of file", "python", "time zone", "devices", "tasks",
    },
    opens = {
      "%.so[%.%d]*$", "^/etc/ld%.so%.cache$", "/locale/", "/locale%.alias$", "/gconv", "^/proc/", "%.pyc$",
      "^/usr/lib/python3", "^/usr/local/lib/python3", "^/etc/localtime$",
    },
  },
}

local function any(patterns, text)
  for _, pattern in ipairs(patterns) do
    if text:find(pattern) then
      return true
    end
  end
  return false
end

local function contains(list, word)
  for _, each in ipairs(list) do
    if each == word then
      return true
    end
  end
  return false
end

describe("default.lua", function()
  after_each(h.clean)

  for _, case in ipairs(CASES) do
    local name <const> = table.concat(case.command, " ", 1, #case.command)
    it(("tells of '%s' in at most %d lines, and hides only what is listed"):format(name, case.most), function()
      local seen = h.folder(h.users[1]) .. "/seen"
      local result = h.trace({"-s", "default.lua", "-e", WATCH:format(seen)}, case.command)
      assert.equal(0, result.status, result.err)
      local live = assert(result.err:match "^(.-\n)━", result.err)
      local _, lines = live:gsub("\n", "")
      assert.is_true(lines <= case.most, ("%d lines:\n%s"):format(lines, live))
      for _, pattern in ipairs(case.shows) do
        assert.truthy(live:find(pattern), ("no '%s' in\n%s"):format(pattern, live))
      end

      local watched = h.read_file(seen)
      for rule in watched:gmatch "rule ([^\n]*)" do
        assert.is_true(contains(case.rules, rule), ("the rule '%s' hid something"):format(rule))
      end
      for path in watched:gmatch "open ([^\n]*)" do
        local shown = live:find("open +" .. h.literal(path) .. " ")
        assert.is_true(shown ~= nil or any(case.opens, path), path .. " was opened and is not shown")
      end
      assert.truthy(result.err:find "Hidden: %d+ events")
    end)
  end

  it("shows what failed because of what it was told", function()
    local result = h.trace({}, {"/bin/cat", "/no/such/file"})
    assert.truthy(result.err:find "open +/no/such/file [^\n]*ENOENT", result.err)
  end)

  it("shows everything when told to", function()
    local count = {}
    for _, code in ipairs {"", "noise.off()"} do
      local _, lines = h.trace({"-s", "default.lua", "-e", code}, {"/bin/ls", "/"}).err:gsub("\n", "")
      count[#count + 1] = lines
    end
    assert.is_true(count[2] > 3 * count[1], table.concat(count, " "))
  end)

  it("takes rules from a script, and counts what they hide", function()
    local rule = 'noise.add{name = "mine", why = "I know", match = function(e) return e.path == "/etc/hosts" end}'
    local count = 'on("finish", function() for _, row in ipairs(noise.hidden()) do print(row[1], row[2]) end end)'
    local result = h.trace({"-s", "default.lua", "-e", rule, "-e", count}, {"/usr/bin/wc", "/etc/hosts"})
    assert.falsy(result.err:match("^(.-\n)━"):find "open +/etc/hosts", result.err)
    assert.truthy(result.out:find "mine\t%d", result.out)
  end)

  it("counts the same when each event is looked at", function()
    local watch = 'noise.add{name = "nothing", why = "to look at all", match = function() return false end}'
    local counts = {}
    for i, code in ipairs {"", watch} do
      local count = 'on("finish", function() for _, row in ipairs(noise.hidden()) do print(row[1], row[2]) end end)'
      local options = {"-s", "default.lua", "-e", code, "-e", count}
      counts[i] = h.trace(options, {"/usr/bin/find", "/etc/init.d"}).out
    end
    assert.truthy(counts[1]:find "descriptors\t%d" and counts[1]:find "stat\t%d", counts[1])
    assert.equal(counts[1], counts[2])
  end)

  it("has one line for a copy in the kernel, and none for its end", function()
    local dir = h.folder(h.users[1])
    h.write_file(dir .. "/file", "text\n") -- in the same file system: the kernel copies within one
    local result = h.trace({}, {"/bin/cat", dir .. "/file"}, {out = dir .. "/copy"})
    local _, lines = result.err:gsub("copy +5 B [^\n]*/file", "")
    assert.equal(1, lines, result.err)
  end)

  it("merges reads in a row into one line", function()
    local dir = h.folder(h.users[1])
    h.write_file(dir .. "/file", ("x"):rep(10 * 4096))
    local result = h.trace({}, {"/bin/dd", "if=" .. dir .. "/file", "of=/dev/null", "bs=4096", "status=none"})
    local _, lines = result.err:match("^(.-\n)━"):gsub("read [^\n]*/file", "")
    assert.equal(1, lines, result.err)
    assert.truthy(result.err:find "read [^\n]*/file[^\n]*%(1[01] calls%)", result.err)
  end)
end)
