-- SPDX-License-Identifier: MIT
--
-- Without ptrace (--backend bpf-only, -a): nothing is ever stopped, what is lost is counted to the last call, and what is seen is
-- what the other backends see.

local h <const> = require "tests.live.harness"

local SIGINT <const>, SIGKILL <const>, SIGTERM <const> = 2, 9, 15

local function impossible()
  local result = h.trace({"--backend", "bpf-only", "-e", ""}, {"/bin/true"})
  h.clean()
  return result.status ~= 0 and (result.err:match "[^\n]+" or "it failed") or nil
end

local reason <const> = not h.is_root and "needs root" or impossible()
local function it_if_possible(what, fn)
  it(what, reason and function() pending(reason) end or fn)
end

local function lossy(arguments, command, options)
  return h.trace(h.join({"--backend", "bpf-only"}, arguments), command, options)
end

local function lines(text)
  local list = {}
  for line in text:gmatch "[^\n]+" do
    list[#list + 1] = line
  end
  return list
end

-- Waits until the program says in its file `name` that the trace has begun.
local function await(path)
  return h.eventually("word from the script", function() return h.read_file(path) end)
end

describe("a trace that may lose", function()
  after_each(h.clean)

  it_if_possible("counts what it lost to the last call", function()
    local script = h.folder "root" .. "/stalls.lua"
    h.write_file(script, [[local n, lost, told = 0, 0, 0
      on("syscall:getppid", function()
        n = n + 1
        if n % 10000 == 1 then local t = os.clock() + 0.2 while os.clock() < t do end end
      end)
      on("lost", function(e)
        lost = lost + e.count
        told = told + 1
        assert(e.what == "call" and e.during > 0 and e.total == lost, "what is told of losses contradicts itself")
      end)
      on("finish", function() print(n, lost, told) end)]])
    local result = lossy({"--strict", "-s", script}, {h.tracee "flood", "2", "4", "100000"})
    assert.equal(0, result.status, result.err)
    local told, lost, times = result.out:match "^(%d+)\t(%d+)\t(%d+)\n$"
    assert.equal(800000, told + lost)
    assert.is_true(tonumber(lost) > 0, "nothing was lost: the test does not test")
    assert.is_true(tonumber(times) > 0)
  end)

  it_if_possible("says so while it happens, and in the summary", function()
    local script = h.folder "root" .. "/stalls.lua"
    h.write_file(script, [[use "default"
      local n, sum = 0, 0
      on("syscall:getppid", function()
        n = n + 1
        if n % 5000 == 1 then local t = os.clock() + 0.2 while os.clock() < t do end end
      end)
      on("lost", function(e) sum = sum + e.count end)
      on("finish", function() print(sum) end)]])
    local result = lossy({"-s", script}, {h.tracee "flood", "1", "2", "200000"})
    assert.equal(0, result.status, result.err)
    local sum = tonumber(result.out)
    assert.is_true(sum > 0)
    local live = 0
    for count in result.err:gmatch "lost +(%d+) calls? in [%d.]+m?s" do
      live = live + tonumber(count)
    end
    for count in result.err:gmatch "lost +(%d+) events?" do
      live = live + tonumber(count)
    end
    assert.equal(sum, live, result.err)
    assert.truthy(result.err:find(("Lost: %d events?, at most %%d+ a second"):format(sum)), result.err)
  end)

  it_if_possible("does not stop the program, nor trace it", function()
    local result = lossy({"-q"}, {"/bin/grep", "TracerPid", "/proc/self/status"})
    assert.equal("TracerPid:\t0\n", result.out)
  end)
end)

describe("without ptrace", function()
  after_each(h.clean)

  local sequence <const> = h.scripts .. "/sequence_script.lua"
  local function told(backend, argv)
    local dir = h.folder("root", "sequence")
    local out = h.folder "root" .. "/told"
    local result = h.trace({"--backend", backend, "-s", sequence .. ":out=" .. out}, argv,
      {cwd = dir, same_addresses = true})
    return lines(h.read_file(out)), result
  end

  it_if_possible("calls, tasks and their ends are told of as by ptrace", function()
    local argv <const> = {"/usr/bin/python3", h.program "calls.py"}
    local theirs, by_ptrace = told("ptrace", argv)
    local ours, by_bpf = told("bpf-only", argv)
    assert.equal(by_ptrace.status, by_bpf.status, by_bpf.err)
    assert.equal(by_ptrace.out, by_bpf.out)
    assert.is_true(#theirs > 50)
    for i = 1, math.max(#theirs, #ours) do
      assert.equal(theirs[i], ours[i])
    end
  end)

  it_if_possible("a program's name, arguments and end are known, also of one that a thread executes", function()
    local result = lossy({"-e", [[
      on("exec", function(e) print("exec", e.path, e.exe, e.comm, table.concat(e.argv, " ")) end)
      on("exit", function(e) if e.whole then print("exit", e.code, e.signal, e.peak_rss > 100000) end end)]]},
      {"/bin/sh", "-c", "/bin/echo a b; exec /usr/bin/env -i /bin/kill -TERM $$"})
    local list = lines(result.out)
    assert.equal("exec\t/bin/sh\t" .. h.process.realpath "/bin/sh"
      .. "\tsh\t/bin/sh -c /bin/echo a b; exec /usr/bin/env -i /bin/kill -TERM $$", list[1])
    assert.truthy(result.out:find("exec\t/bin/echo\t[^\t]*/echo\techo\t/bin/echo a b\n"), result.out)
    assert.truthy(result.out:find("exit\t0\tnil\ttrue\n", 1, true), result.out)
    assert.truthy(result.out:find("exit\tnil\tSIGTERM\ttrue\n", 1, true), result.out)
    local race = lossy({"-e", [[on("exec", function(e) print(e.error, e.argv[2]) end)]]},
      {h.tracee "trap_exec", "from_thread", "sleeping"})
    assert.equal(2, select(2, race.out:gsub("nil\t", "")), race.out)
  end)

  it_if_possible("signals have their sender, also those that end the process", function()
    local result = lossy({"-e", [[on("signal", function(e) print(e.signal, e.sender == e.pid) end)]]},
      {"/bin/sh", "-c", "trap : USR1; kill -USR1 $$; kill -TERM $$"})
    assert.equal("SIGUSR1\ttrue\nSIGTERM\ttrue\n", result.out)
    assert.equal(SIGTERM, result.signal)
  end)

  it_if_possible("running processes are seen with all threads and what they had open, and run on", function()
    local dir = h.folder "root"
    local input, writer = h.process.pipe()
    local target = h.start({h.tracee "target", "busy", "3", dir .. "/file"}, {stdin_fd = input})
    h.process.close(input)
    h.eventually("threads", function() return #h.tasks(target.pid) >= 3 end)
    local tracer = h.start_trace({"--backend", "bpf-only", "-e", ([[
      local seen, count = {}, 0
      on("write", function(e)
        if e.path == %q and not seen[e.tid] then seen[e.tid], count = true, count + 1 end
        if count == 2 then
          count = 0
          local file = io.open(%q, "w") file:write "all" file:close()
        end
      end)]]):format(dir .. "/file", dir .. "/seen"), "-p", tostring(target.pid)})
    await(dir .. "/seen")
    assert.equal("0", h.status(target.pid).TracerPid)
    tracer:kill(SIGINT)
    tracer:wait()
    assert.equal(0, tracer.status, tracer.err)
    assert.is_falsy(target:ended(0))
    h.process.close(writer)
    assert.equal(0, target:wait().status)
  end)

  it_if_possible("-p says when there is no such process", function()
    local result = h.trace({"--backend", "bpf-only", "-p", "999999999"})
    assert.equal(125, result.status)
    assert.truthy(result.err:find("there is none with that number", 1, true), result.err)
  end)

  for name, signal in pairs {["SIGTERM"] = SIGTERM, ["kill -9"] = SIGKILL} do
    it_if_possible("nothing is left in the kernel after " .. name, function()
      local proc = h.start_trace({"--backend", "bpf-only", "-e", 'on("syscall", function() end)'}, {"/bin/sleep", "100"})
      local ids = h.eventually("programs in the kernel", function()
        local found = h.bpf_programs(proc.pid)
        return #found >= 7 and found
      end)
      local child = h.eventually("the command", function() return h.children(proc.pid)[1] end)
      h.eventually("the command's exec", function() return h.status(child).Name == "sleep" end)
      proc:kill(signal)
      proc:wait()
      h.await_no_bpf_programs(ids)
      if signal == SIGKILL then -- the command runs on, as if nothing had been
        assert.truthy(h.status(child).State:match "^S")
        h.process.kill(child, SIGKILL)
        h.eventually("the command's end", function() -- whoever got the orphan may leave it a zombie
          local status = h.status(child)
          return not status or status.State:match "^[ZX]"
        end)
      end
    end)
  end
end)

describe("the whole system", function()
  after_each(h.clean)

  it_if_possible("is seen: what ran before, what is started, and nothing of our own", function()
    local dir = h.folder "root"
    local input, writer = h.process.pipe()
    local target = h.start({h.tracee "target", "busy", "2", dir .. "/before"}, {stdin_fd = input})
    h.process.close(input)
    h.eventually("a target that writes", function() return (h.read_file(dir .. "/before") or "") ~= "" end)
    local tracer = h.start_trace({"-a", "-e", ([[
      local found, ours = {}, 0
      local own = tonumber(io.open("/proc/self/stat"):read "n")
      local function tell(what)
        if found[what] then return end
        found[what] = true
        local file = io.open(%q .. what, "w") file:write(what) file:close()
      end
      on("start", function() tell "started" end)
      on("write", function(e) if e.path == %q then tell "old" end end)
      on("open", function(e) if e.path == %q then tell("new") end end)
      on("syscall", function(e) if e.pid == own then ours = ours + 1 end end)
      on("finish", function() print(ours) end)]]):format(dir .. "/", dir .. "/before", dir .. "/after")})
    await(dir .. "/old")
    h.write_file(dir .. "/after", "x")
    h.eventually("the new program is seen", function()
      h.run({"/bin/cat", dir .. "/after"})
      return h.read_file(dir .. "/new")
    end)
    tracer:kill(SIGINT)
    tracer:wait()
    assert.equal(0, tracer.status, tracer.err)
    assert.equal("0\n", tracer.out)
    h.process.close(writer)
    target:wait()
  end)

  it("is for root", function()
    local result = h.run({h.compendium, "-a"}, {user = "user"})
    assert.equal(125, result.status)
    assert.truthy(result.err:find("-a is for root", 1, true), result.err)
  end)

  for what, case in pairs {
    ["a command"] = {{"-a", "--", "/bin/true"}, "-a is everything that runs"},
    ["-p"] = {{"-a", "-p", "1"}, "-a is everything that runs"},
    ["ptrace"] = {{"-a", "--backend", "ptrace"}, "-a cannot stop all that runs"},
  } do
    it("is not traced together with " .. what, function()
      local result = h.run(h.join({h.compendium}, case[1]))
      assert.equal(125, result.status)
      assert.truthy(result.err:find(case[2], 1, true), result.err)
    end)
  end

  it_if_possible("and scripts that act before calls do not go together", function()
    local result = h.run {h.compendium, "-a", "-e", 'on("enter:openat", function() end)'}
    assert.equal(125, result.status)
    assert.truthy(result.err:find("for which programs must be stopped", 1, true), result.err)
  end)
end)
