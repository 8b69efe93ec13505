-- SPDX-License-Identifier: MIT
--
-- The bpf source: it tells what the ptrace source tells, loses nothing, leaves nothing in the kernel, and where it cannot be,
-- the user learns why. All other live tests of root are run with it as well, but those that say they are about ptrace.

local lfs <const> = require "lfs"

local h <const> = require "tests.live.harness"

local COUNT <const> = [[local n, lost = 0, 0
  on("syscall:getppid", function() n = n + 1; %s end)
  on("lost", function(e) lost = lost + e.count end)
  on("finish", function() print(n, lost) end)]]

-- Why a command cannot be traced by bpf on this machine, or nil.
local function impossible()
  local result = h.trace({"--backend", "bpf", "-e", ""}, {"/bin/true"})
  h.clean()
  return result.status ~= 0 and result.err:match "%-%-backend bpf is not possible[^\n]*" or nil
end

local reason <const> = not h.is_root and "needs root" or impossible()
local function it_if_possible(what, fn)
  it(what, reason and function() pending(reason) end or fn)
end

local function lines(text)
  local list = {}
  for line in text:gmatch "[^\n]+" do
    list[#list + 1] = line
  end
  return list
end

describe("by bpf", function()
  after_each(h.clean)

  it_if_possible("2,000,000 calls of 8 threads in 2 processes are all told of", function()
    local result = h.trace({"--backend", "bpf", "-e", COUNT:format ""}, {h.tracee "flood", "2", "4", "250000"})
    assert.equal(0, result.status, result.err)
    assert.equal("2000000\t0\n", result.out)
  end)

  it_if_possible("a hook that takes its time slows the program and loses nothing", function()
    local stall = "if n % 50000 == 1 then local t = os.clock() + 0.2 while os.clock() < t do end end"
    local result = h.trace({"--backend", "bpf", "-e", COUNT:format(stall)}, {h.tracee "flood", "2", "4", "50000"})
    assert.equal(0, result.status, result.err)
    assert.equal("400000\t0\n", result.out)
  end)

  it_if_possible("makes no task wait with its children until all that was before is told of", function()
    local slow = [[local n = 0
      on("open", function(e)
        if e.path ~= "/etc/hosts" then return end
        n = n + 1
        local t = os.clock() + 0.02 while os.clock() < t do end
      end)
      on("finish", function() print(n) end)]]
    local program = [[if True:
      import os, time
      for i in range(20): os.close(os.open("/etc/hosts", os.O_RDONLY))
      start = time.monotonic()
      os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)
      print("%.3f" % (time.monotonic() - start))]]
    local result = h.trace({"--backend", "bpf", "-q", "-e", slow}, {"/usr/bin/python3", "-c", program})
    local waited, seen = result.out:match "^(%d+%.%d+)\n(%d+)\n$"
    assert.equal("20", seen, result.out .. result.err)
    assert.is_true(tonumber(waited) < 0.25, waited .. " s, of 0.4 s that the hooks took")
  end)

  local sequence <const> = h.scripts .. "/sequence_script.lua"
  local function told(backend, argv)
    local dir = h.folder("root", "sequence")
    local out = h.folder "root" .. "/told"
    local result = h.trace({"--backend", backend, "-s", sequence .. ":out=" .. out}, argv,
      {cwd = dir, same_addresses = true})
    return lines(h.read_file(out)), result
  end
  for what, argv in pairs {
    ["calls with memory of all kinds"] = {"/usr/bin/python3", h.program "calls.py"},
    ["calls that signals interrupt"] = {"/usr/bin/python3", "-c", [[if True:
      import os, signal, time
      signal.signal(signal.SIGALRM, lambda *_: None)
      r, w = os.pipe()
      for wait in (lambda: time.sleep(0.3), lambda: os.write(w, b"x"), lambda: signal.sigtimedwait([10], 0.3)):
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        wait()]]},
  } do
    it_if_possible(what .. " are told of as by ptrace", function()
      local theirs, by_ptrace = told("ptrace", argv)
      local ours, by_bpf = told("bpf", argv)
      assert.equal(by_ptrace.status, by_bpf.status, by_bpf.err)
      assert.equal(by_ptrace.out, by_bpf.out)
      assert.is_true(#theirs > 50)
      for i = 1, math.max(#theirs, #ours) do
        assert.equal(theirs[i], ours[i])
      end
    end)
  end

  -- The hook is slow, so that the threads wait for it all the time: in stops that are ours.
  it_if_possible("what we attached to runs on when we are killed, 20 times", function()
    local input, writer = h.process.pipe()
    local file = h.folder "root" .. "/file"
    local target = h.start({h.tracee "target", "busy", "4", file}, {stdin_fd = input})
    h.process.close(input)
    h.eventually("the target is ready", function() return (h.read_file(target.out_path) or ""):match "ready" end)
    for _ = 1, 20 do
      local before = lfs.attributes(file, "size")
      local tracer = h.start_trace({"--backend", "bpf", "-p", tostring(target.pid), "-e",
        'on("syscall:write", function() local t = os.clock() + 2e-5 while os.clock() < t do end end)'})
      h.eventually("the threads are waited for", function() return lfs.attributes(file, "size") > before + 20000 end)
      tracer:kill(9)
      tracer:wait()
      before = lfs.attributes(file, "size")
      h.eventually("the target writes on", function() return lfs.attributes(file, "size") > before + 1000 end)
    end
    h.process.close(writer)
    assert.equal(0, target:wait().status)
    assert.equal("0", target.out:match "interrupted (%d+)")
  end)

  it_if_possible("is what is taken where it can be", function()
    assert.truthy(h.trace({"--backend", "auto", "-v"}, {"/bin/true"}).err:find("events come from bpf,", 1, true))
  end)

  -- The tasks are told to the programs some at a time.
  it_if_possible("of 2,500 threads that ran before, each is seen", function()
    local input, writer = h.process.pipe()
    local crowd = h.start({h.tracee "crowd", "2500"}, {stdin_fd = input})
    h.process.close(input)
    h.eventually("all threads", function() return h.read_file(crowd.out_path) == "ready\n" end)
    local tracer = h.start_trace({"--backend", "bpf", "-p", tostring(crowd.pid), "-e", COUNT:format "",
      "-e", 'on("start", function() print "started" io.stdout:flush() end)'})
    h.eventually("the trace", function() return h.read_file(tracer.out_path) == "started\n" end)
    h.process.close(writer)
    assert.equal(0, crowd:wait().status, crowd.err)
    assert.equal("started\n2500\t0\n", tracer:wait().out, tracer.err)
  end)

  for name, signal in pairs {["SIGTERM"] = 15, ["kill -9"] = 9} do
    it_if_possible("nothing is left in the kernel after " .. name, function()
      local proc = h.start_trace({"--backend", "bpf", "-e", 'on("syscall", function() end)'}, {"/bin/sleep", "100"})
      local ids = h.eventually("programs in the kernel", function()
        local found = h.bpf_programs(proc.pid)
        return #found >= 4 and found
      end)
      proc:kill(signal)
      proc:wait()
      h.await_no_bpf_programs(ids)
    end)
  end
end)

describe("where bpf cannot be", function()
  after_each(h.clean)

  local cases <const> = {
    {"without privileges", {}, "it needs root, or CAP_BPF and CAP_PERFMON", user = "user"},
    {"without the capabilities", {"/usr/bin/setpriv", "--bounding-set", "-all", "--inh-caps", "-all"},
      "it needs root, or CAP_BPF and CAP_PERFMON", root = true},
    {"without BTF", {"/usr/bin/unshare", "-m", "/bin/sh", "-c", 'mount -t tmpfs none /sys/kernel/btf && exec "$@"', "sh"},
      "this kernel does not describe itself", root = true},
    {"where bpf(2) is refused", {h.tracee "deny", "321", "1"}, "the kernel does not let us load bpf programs", root = true},
  }
  for _, case in ipairs(cases) do
    local what <const>, before <const>, cause <const> = table.unpack(case, 1, 3)
    local options <const> = {user = case.user}
    if not case.root or h.is_root then
      it(what .. ", --backend bpf says why", function()
        local result = h.run(h.join(before, {h.compendium, "--backend", "bpf", "--", "/bin/echo", "ran"}), options)
        assert.equal(125, result.status)
        assert.equal("", result.out)
        assert.truthy(result.err:find(cause, 1, true), result.err)
        assert.truthy(result.err:find("--backend ptrace", 1, true), result.err)
      end)

      it(what .. ", ptrace does the job, which is a line under -v", function()
        local command = h.join(before, {h.compendium})
        local verbose = h.run(h.join(command, {"-v", "--", "/bin/echo", "ran"}), options)
        assert.equal("ran\n", verbose.out, verbose.err)
        local line = "compendium: events come from ptrace, as bpf is not possible: " .. cause
        assert.equal(1, select(2, verbose.err:gsub(h.literal(line), "")), verbose.err)
        local quiet = h.run(h.join(command, {"-q", "--", "/bin/echo", "ran"}), options)
        assert.equal("ran\n", quiet.out, quiet.err)
        assert.falsy(quiet.err:find("bpf", 1, true), quiet.err)
      end)
    end
  end

  it("as a script acts before calls, it is said as well", function()
    local code <const> = 'on("enter:openat", function() end)'
    local result = h.trace({"--backend", "bpf", "-e", code}, {"/bin/echo", "ran"})
    assert.equal(125, result.status)
    assert.truthy(result.err:find('hooks calls before they run ("enter:")', 1, true), result.err)
    result = h.trace({"--backend", "auto", "-v", "-e", code}, {"/bin/echo", "ran"})
    assert.equal("ran\n", result.out)
    assert.truthy(result.err:find('from ptrace, as bpf is not possible: a script hooks calls before they run', 1, true), result.err)
  end)
end)
