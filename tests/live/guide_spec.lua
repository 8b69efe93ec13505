-- SPDX-License-Identifier: MIT
--
-- The guide (scripts/README.md): each command in its cookbook does what it says without a word of complaint, its script runs, and
-- its list of the API is complete.

local h <const> = require "tests.live.harness"

local guide <const> = h.read_file "scripts/README.md"

local function run(command, dir, user)
  local result = h.run({"/bin/sh", "-c", (command:gsub("^compendium", h.compendium))}, {cwd = dir, user = user})
  for _, complaint in ipairs {"failed in", "did you mean", "there is no", "was not done", "Hooks that failed"} do
    assert.falsy(result.err:find(complaint, 1, true), command .. "\n" .. result.err)
  end
  assert.falsy(result.err:find "stack traceback", command .. "\n" .. result.err)
  assert.not_equal(125, result.status, command .. "\n" .. result.err)
  return result
end

-- Scripts that act on calls, or run the command again: a recording is no place for them.
local ACTING <const> = {"redirect", "enospc", "slowdisk", "slownet", "chaos", "faultall", "eintr", "jail", "readonly"}

describe("the guide", function()
  after_each(h.clean)

  local recipes <const> = guide:match "## Cookbook\n(.-)\n## "
  local n = 0
  for wanted, command in recipes:gmatch "\n| ([^|\n]+) | `([^\n]+)` |" do
    n = n + 1
    local options, program = command:match "^compendium (.-) ?%-%- (.*)$"
    local acts = not options or options:find "enter:" or options:find "%-%-record"
    for _, script in ipairs(ACTING) do acts = acts or options:find("-s " .. script, 1, true) end
    if not acts then
      it(("tells on a replay: %s"):format(wanted), function()
        local dir = h.folder(h.users[1])
        run("compendium -q --record run.cpd --record-env --faults --ebpf -- " .. program, dir)
        run(("compendium %s --replay run.cpd"):format(options), dir)
      end)
    end
    for _, user in ipairs(h.users) do -- root's calls are seen by bpf, a user's by ptrace
      it(("tells: %s, as %s"):format(wanted, user), function() run(command, h.folder(user), user) end)
    end
  end

  it("has at least thirty recipes", function() assert.is_true(n >= 30) end)

  it("has five minutes that work", function()
    for command in guide:match("## Five minutes\n(.-)\n## "):gmatch "\n    (compendium %-[es][^\n]*)" do
      run(command, h.folder(h.users[1]))
    end
    local dir = h.folder(h.users[1])
    h.write_file(dir .. "/mine.lua", guide:match "```lua\n(%-%- mine.lua.-)```")
    h.write_file(dir .. "/words", ("word\n"):rep(2500))
    local result = run("compendium -s mine.lua:least=1k -- tr a b < words", dir)
    assert.truthy(result.err:find "file +read\n.*/words +12.2 KB", result.err)
  end)

  it("lists the whole API", function()
    local code = [[local names = {} for name in pairs(require "compendium") do names[#names + 1] = name end
      for _, name in ipairs {"say", "tell", "output", "noise"} do names[#names + 1] = name end print(table.concat(names, " "))]]
    local result = h.trace({"-q", "-e", code}, {"/bin/true"})
    local api <const> = guide:match "## The API\n(.-)\n## "
    for name in result.out:gmatch "%S+" do
      assert.truthy(name == "version" or api:find("`" .. name .. "[%(%.{ `]") or api:find("[ `]" .. name .. "%("),
        name .. " is not in the guide")
    end
  end)
end)
