-- SPDX-License-Identifier: MIT
--
-- Scripts as a user writes them: the commands of the introduction, rules of one's own on top of the default,
-- and what is said when a script is wrong.

local h <const> = require "tests.live.harness"
local lfs <const> = require "lfs"

local SIGINT <const> = 2

-- Writes a script into a folder of its own and returns its path.
local function script(text, name)
  return h.write_file(h.folder(h.users[1]) .. "/" .. (name or "mine.lua"), text)
end

local function head_hosts(arguments, options)
  return h.trace(arguments, {"/usr/bin/head", "-c", "100000", "/etc/hosts"}, options)
end

local function shows(result, pattern)
  assert.truthy(result.err:find(pattern), ("no '%s' in\n%s"):format(pattern, result.err))
end

local function hides(result, pattern)
  assert.falsy(result.err:find(pattern), ("'%s' in\n%s"):format(pattern, result.err))
end

describe("the introduction's", function()
  after_each(h.clean)

  it("-s default.lua is what runs without it", function()
    for _, arguments in ipairs {{}, {"-s", "default.lua"}, {"-s", "default"}} do
      local result = head_hosts(arguments)
      shows(result, "head exec")
      shows(result, "open +/etc/hosts %(read%)")
      shows(result, "FINAL: [^\n]*head %-c 100000 /etc/hosts")
      shows(result, "Exit: 0")
      assert.equal(h.read_file "/etc/hosts", result.out)
    end
  end)

  it("-s only-network.lua -p PID shows the network and nothing else", function()
    local dir = h.folder(h.users[1])
    local server = h.start({h.tracee "tcp", "threads", dir .. "/port", "1"}, {cwd = dir})
    local port = h.eventually("the server listens", function() return h.read_file(dir .. "/port") end)
    local tracer = h.start_trace {"-s", "only-network.lua", "-p", tostring(server.pid)}
    h.eventually("it is attached", function()
      assert(not tracer:ended(0), tracer.err)
      return (h.status(server.pid) or {}).TracerPid == tostring(tracer.pid)
    end)
    local from = tostring(h.process.free_port())
    assert.equal(0, h.run({h.tracee "tcp", "client", port:match "%d+", "100", from}).status)
    assert.equal(0, server:wait().status)
    assert.equal(0, tracer:wait().status, tracer.err) -- all have ended, so do we
    shows(tracer, "accept [^\n]*127%.0%.0%.1:" .. from)
    shows(tracer, "recv +100 B")
    shows(tracer, "send +200 B")
    hides(tracer, "open +/")
    hides(tracer, "exit ")
  end)

  it("-s default.lua -s mine.lua: mine is on top", function()
    local mine = script 'filter(function(e) return e.type ~= "open" end)'
    local result = head_hosts {"-s", "default.lua", "-s", mine}
    hides(result, "open +/etc/hosts")
    shows(result, "read [^\n]*/etc/hosts")
    shows(result, "FINAL")
  end)

  it("-e prints to stdout, and nothing else is said", function()
    local result = head_hosts {"-e", 'on("open", function(e) print(e.path) end)'}
    assert.truthy(result.out:find("\n/etc/hosts\n", 1, true), result.out)
    assert.equal("", result.err)
  end)
end)

describe("a script", function()
  after_each(h.clean)

  it("replaces a line's form", function()
    local mine = script 'line("open", function(e) if e.path == "/etc/hosts" then return "OPENED " .. e.path end end)'
    local result = head_hosts {"-s", "default.lua", "-s", mine}
    shows(result, "OPENED /etc/hosts\n")
    hides(result, "open +/etc/hosts")
    shows(result, "read +") -- others keep theirs
  end)

  it("of 15 lines counts bytes per file", function()
    local mine = script [[
local files = {}

local function count(path, field, bytes)
  if path and bytes then
    files[path] = files[path] or {read = 0, write = 0}
    files[path][field] = files[path][field] + bytes
  end
end

on({"read", "copy"}, function(e) count(e.path, "read", e.bytes) end)
on("write", function(e) count(e.path, "write", e.bytes) end)
on("copy", function(e) count(e.to, "write", e.bytes) end)
on("finish", function()
  for path, f in pairs(files) do print(path, f.read, f.write) end
end)
]]
    local dir = h.folder(h.users[1])
    local result = h.trace({"-s", mine}, {"/bin/sh", "-c", "cat /etc/hosts /etc/hosts > twice"}, {cwd = dir})
    local size = #h.read_file "/etc/hosts"
    assert.truthy(result.out:find(("/etc/hosts\t%d\t0\n"):format(2 * size)), result.out)
    assert.truthy(result.out:find(("%s/twice\t0\t%d\n"):format(dir, 2 * size), 1, true), result.out)
  end)

  it("takes options, from -s and from --set", function()
    local mine = script 'local n = option("count", 1, "how many")\non("finish", function() print("count", n + 1) end)'
    assert.equal("count\t2\n", h.trace({"-s", mine}, {"/bin/true"}).out)
    assert.equal("count\t42\n", h.trace({"-s", mine .. ":count=41"}, {"/bin/true"}).out)
    assert.equal("count\t8\n", h.trace({"-s", mine, "--set", "count=7"}, {"/bin/true"}).out)
    local wrong = h.trace({"-s", mine .. ":cuont=1"}, {"/bin/true"})
    assert.equal(125, wrong.status)
    shows(wrong, "cuont")
  end)

  it("sees start, finish, timers, calls by name and by class", function()
    local mine = script [[
local seen = {}
for _, name in ipairs {"start", "finish", "every:10ms", "syscall:openat", "syscall:%file", "enter:openat"} do
  on(name, function() seen[name] = (seen[name] or 0) + 1 end)
end
on("finish", function()
  for name, count in pairs(seen) do print(name, count) end
end)
]]
    local out = h.trace({"-s", mine}, {"/bin/sh", "-c", "cat /etc/hosts > /dev/null; sleep 0.1"}).out
    assert.truthy(out:find("start\t1\n", 1, true), out)
    assert.truthy(out:find("finish\t1\n", 1, true), out)
    local function number(name) return tonumber(out:match(h.literal(name) .. "\t(%d+)") or 0) end
    assert.is_true(number "every:10ms" >= 2, out)
    assert.is_true(number "syscall:openat" > 3)
    assert.equal(number "syscall:openat", number "enter:openat")
    assert.is_true(number "syscall:%file" > number "syscall:openat")
  end)

  it("that hooks one type of event alone sees that type", function()
    local dir = h.folder(h.users[1])
    local program = {"/bin/sh", "-c", "head -n 1 /etc/hosts > one; mv one two; rm two; mkdir d; cd d"}
    for _, name in ipairs {"open", "close", "read", "write", "rename", "remove", "create", "chdir", "mmap", "fork",
      "exec", "exit", "signal", "wait", "dup"} do
      local code = ("local n = 0 on(%q, function() n = n + 1 end) on('finish', function() print(n) end)"):format(name)
      local result = h.trace({"-e", code}, program, {cwd = dir})
      assert.truthy(result.out:find "^[1-9]%d*\n$", name .. ": " .. result.out .. result.err)
      h.remove(dir .. "/d")
    end
  end)

  it("keeps an event with e:copy() and not without", function()
    local kept = head_hosts {"-e", [[
      local kept
      on("open", function(e) if e.path == "/etc/hosts" then kept = e:copy() end end)
      on("finish", function() print(kept.path, kept.type) end)]]}
    assert.truthy(kept.out:find("/etc/hosts\topen\n", 1, true), kept.out .. kept.err)
    local stale = head_hosts {"-e", [[
      local kept
      on("open", function(e) kept = e end)
      on("finish", function() print(kept.path) end)]]}
    shows(stale, "event used after its hook; keep e:copy%(%)")
    assert.equal(0, stale.status)
  end)

  it("filters with -f", function()
    local result = head_hosts {"-f", 'type == "open" and path == "/etc/hosts"'}
    shows(result, "open +/etc/hosts")
    hides(result, "read ")
    local wrong = head_hosts {"-f", "type =="}
    assert.equal(125, wrong.status)
    shows(wrong, "type ==")
  end)

  it("says something where the trace goes, escaped", function()
    local result = head_hosts {"-s", "default.lua", "-e",
      'on("open", function(e) if e.path == "/etc/hosts" then say(e, "it is %s", "\\27[1m" .. e.path) end end)'}
    shows(result, "%[%+[%d.]+s%] [^\n]*it is [^\n\27]*/etc/hosts")
  end)
end)

describe("an error at load", function()
  after_each(h.clean)

  -- Refused before the program starts, with the file, the line and what is wrong.
  local function check(text, ...)
    local dir = h.folder(h.users[1])
    local mine = h.write_file(dir .. "/mine.lua", text)
    local result = h.trace({"-s", mine}, {"/bin/sh", "-c", "echo > " .. dir .. "/ran"})
    assert.equal(125, result.status, result.err)
    for _, pattern in ipairs {...} do
      shows(result, pattern)
    end
    assert.is_false(h.exists(dir .. "/ran"))
  end

  it("of syntax names file and line", function()
    check("\n\non('open', function(e) print(e.path end)\n", "mine%.lua:3:")
  end)

  it("of an unknown global names file, line and the global", function()
    check("\nprnt('x')\n", "mine%.lua:2:", "prnt")
    check("on('open', function(e) end)\ncount = 1\n", "mine%.lua:2:", "count")
  end)

  it("of an unknown event names file, line and the nearest one", function()
    check("\non('opne', function(e) end)\n", "mine%.lua:2:", "opne", "open%f[^%w]")
    check("on('syscall:opnat', function(e) end)\n", "mine%.lua:1:", "opnat", "openat")
  end)

  it("of a missing use names what was looked for", function()
    check('\nuse "nothing-of-that-name"\n', "mine%.lua:2:", "nothing%-of%-that%-name")
  end)

  it("of a missing file names it", function()
    local result = h.trace({"-s", "/no/such/script.lua"}, {"/bin/true"})
    assert.equal(125, result.status)
    shows(result, "/no/such/script%.lua")
  end)
end)

describe("an error in a hook", function()
  after_each(h.clean)

  local BROKEN <const> = [[
local function deeper(e)
  return e.path.nothing.there
end
on("open", function(e)
  deeper(e)
end)
]]

  it("is shown once with a traceback, the trace goes on, and the summary counts it", function()
    local mine = script(BROKEN)
    local result = head_hosts {"-s", "default.lua", "-s", mine}
    assert.equal(0, result.status, result.err)
    local _, tracebacks = result.err:gsub("stack traceback", "")
    assert.equal(1, tracebacks, result.err)
    shows(result, "mine%.lua:2:")
    shows(result, "mine%.lua:5:")
    shows(result, "open +/etc/hosts") -- other hooks go on
    local opens = tonumber(head_hosts({"-e", 'local n = 0 on("open", function() n = n + 1 end) '
      .. 'on("finish", function() print(n) end)'}).out:match "(%d+)\n$")
    assert.is_true(opens > 1)
    local summary = result.err:match "FINAL.*"
    assert.truthy(summary:find(("%%f[%%d]%d%%f[%%D]"):format(opens)), "no " .. opens .. " in " .. summary)
  end)

  it("ends the trace with --strict", function()
    local mine = script(BROKEN)
    local result = head_hosts {"--strict", "-s", "default.lua", "-s", mine}
    assert.equal(125, result.status, result.err)
    shows(result, "FINAL")
  end)

  it("that loops for ever is interrupted, and not called again", function()
    local result = head_hosts {"-e", 'on("open", function(e) print "in" while true do end end)'}
    assert.equal(0, result.status, result.err)
    assert.equal(1, select(2, result.out:gsub("in\n", "")))
    assert.truthy(result.out:find(h.read_file "/etc/hosts", 1, true))
    shows(result, "%-e[^\n]*:1:")
  end)

  it("in a filter, a line or a sink does not end the trace either", function()
    for _, code in ipairs {"filter(function(e) error 'boom' end)", "line('open', function(e) error 'boom' end)",
      "sink{event = function(e) error 'boom' end, finish = function() error 'boom' end}",
      "on('finish', function() error 'boom' end)", "on('start', function() error 'boom' end)",
      "on('open', function() error() end)", "on('open', function() error({}) end)"} do
      local result = head_hosts {"-s", "default.lua", "-e", code}
      assert.equal(0, result.status, code .. "\n" .. result.err)
      assert.equal(h.read_file "/etc/hosts", result.out)
      shows(result, "FINAL")
      shows(result, "stack traceback")
    end
  end)
end)

describe("a script of one's own", function()
  after_each(h.clean)

  -- A home folder with that script in .config/compendium.
  local function home(name, text)
    local dir = h.folder(h.users[1])
    for _, part in ipairs {"/.config", "/.config/compendium"} do
      assert(lfs.mkdir(dir .. part))
    end
    return dir, h.write_file(dir .. "/.config/compendium/" .. name, text)
  end

  it("in ~/.config/compendium takes the place of the bundled one of that name", function()
    local dir = home("default.lua", 'on("finish", function() print "mine" end)')
    local result = h.trace({}, {"/bin/true"}, {home = dir})
    assert.equal("mine\n", result.out)
    assert.equal("", result.err)
  end)

  it("is named by its path in a traceback", function()
    local dir, path = home("default.lua", '\non("start", function() error "boom" end)')
    local result = h.trace({}, {"/bin/true"}, {home = dir})
    shows(result, h.literal(path:match "/%.config.*") .. ":2:")
  end)

  it("that belongs to somebody else is not run", function()
    if not h.is_root then
      pending("needs root, to give a file away")
      return
    end
    local dir, path = home("default.lua", 'on("finish", function() print "not mine" end)')
    assert(h.process.chown(path, 65534))
    local result = h.trace({}, {"/bin/true"}, {home = dir, user = "root"})
    assert.equal("", result.out)
    shows(result, "FINAL")
    shows(result, h.literal(path:match "/%.config.*"))
  end)

  it("beside the script that uses it is found first", function()
    local mine = script 'use "only-network"\n'
    h.write_file(mine:match "^(.*)/" .. "/only-network.lua", 'on("finish", function() print "beside" end)')
    assert.equal("beside\n", h.trace({"-s", mine}, {"/bin/true"}).out)
  end)

  it("can start from the bundled one of its own name", function()
    local dir = home("mine.lua", 'use "default"\non("finish", function() print "and mine" end)')
    local result = h.trace({"-s", "mine.lua"}, {"/bin/true"}, {home = dir})
    assert.equal("and mine\n", result.out)
    shows(result, "FINAL")
  end)
end)

describe("the library", function()
  after_each(h.clean)

  it("quotes words for a shell, and writes files", function()
    local path = h.folder(h.users[1]) .. "/out"
    local result = h.trace({"-e", ('print(shell "a b", shell {"ls", "it\'s", "-l"}) save(%q, "text\\n")'):format(path)},
      {"/bin/true"})
    local first, all = result.out:match "^([^\t]*)\t([^\n]*)\n"
    assert.equal("a b|ls it's -l", h.run({"/bin/sh", "-c", ("printf '%%s|' %s; echo %s"):format(first, all)}).out:gsub("\n", ""))
    assert.equal("text\n", h.read_file(path))
    for target, reason in pairs {["/nothere/x"] = "No such file", ["/dev/full"] = "No space left"} do
      result = h.trace({"-e", ("save(%q, 'x')"):format(target)}, {"/bin/true"})
      assert.truthy(result.err:find("-e:1: cannot write it: [^\n]*" .. reason), result.err)
    end
  end)

  it("knows what each program of a run read and left", function()
    local dir = h.folder(h.users[1])
    h.write_file(dir .. "/in", "x")
    local code = [[local list = require("compendium").jobs.collect(function(job) return job.argv[1] == "sh" end)
      on("finish", function()
        for _, job in ipairs(list) do
          local function own(names)
            local short = {}
            for _, name in ipairs(names) do
              short[#short + 1] = name:sub(1, #job.dir) == job.dir and name:sub(#job.dir + 2) or nil
            end
            return table.concat(short, ",")
          end
          print(job.argv[#job.argv], own(job:inputs()), own(job:outputs()))
        end
      end)]]
    local work = "cat in > tmp; cat tmp in > out; mv out done; rm tmp"
    local result = h.trace({"-e", code}, {"/usr/bin/env", "sh", "-c", work}, {cwd = dir})
    assert.truthy(result.out:find("\n" .. h.literal(work) .. "\tin\tdone\n"), result.out)
    result = h.trace({"-e", code}, {"/usr/bin/env", "bash", "-c", work}, {cwd = dir})
    assert.truthy(result.out:find "\nin\tin\t\n", result.out) -- cat is one of its own
  end)
end)

describe("attached with a script", function()
  after_each(h.clean)

  it("finish comes when we let go", function()
    local target = h.start {"/bin/sleep", "1000"}
    local tracer = h.start_trace {"-e", 'on("start", function() io.stdout:write "started\\n" io.stdout:flush() end) '
      .. 'on("finish", function() print "finished" end)', "-p", tostring(target.pid)}
    h.eventually("start", function() return h.read_file(tracer.out_path) == "started\n" end)
    tracer:kill(SIGINT)
    assert.equal(0, tracer:wait().status, tracer.err)
    assert.equal("started\nfinished\n", tracer.out)
    h.stop(target)
  end)
end)
