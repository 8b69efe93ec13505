-- SPDX-License-Identifier: MIT
--
-- Page faults: what --faults says was touched is what the kernel's own counts (getrusage of the same task) and the
-- program say. `touch` prints a line for each thing it does: name, pid, tid, address, pages, minor, major faults.

local h <const> = require "tests.live.harness"

-- Writes all faults, one a line, to a file: tid, address, pages, major, in_kernel, again, offset, what, path.
local LIST <const> = [[
local out = assert(io.open(%q, "w"))
on("fault", function(e)
  out:write(("%%d %%d %%d %%s %%s %%d %%d %%s|%%s\n"):format(e.tid, e.addr, e.pages, e.major and 1 or 0, e.in_kernel and 1 or 0,
    e.again, e.offset or -1, e.what, e.path or ""))
end)
on("lost", function(e) out:write(("lost %%d\n"):format(e.count)) end)
on("finish", function() out:close() end)]]

local FULL <const> = os.getenv "FULL" ~= nil

-- What the rights of this user go to: faults in the kernel are shown up to level 1 only, and the kernels of Debian
-- show no faults at all from 3 on, which is their default.
local level <const> = tonumber(h.read_file "/proc/sys/kernel/perf_event_paranoid") or 0
local sees_kernel <const> = h.is_root or level <= 1
local reason <const> = not h.is_root and level > 2
  and ("needs root, or kernel.perf_event_paranoid=2: it is %d"):format(level) or nil
local function it_if_seen(what, fn)
  it(what, reason and function() pending(reason) end or fn)
end

local backend -- of the traces of the tests that run; nil: the best there is
local function chosen(arguments)
  return h.join(backend and {"--backend", backend} or {}, arguments)
end
local function trace(arguments, command, options)
  return h.trace(arguments[1] == "--replay" and arguments or chosen(arguments), command, options)
end
local function start_trace(arguments, command, options)
  return h.start_trace(chosen(arguments), command, options)
end

-- What `touch` said it did, the faults that LIST wrote, and the number lost.
local function read(out, path)
  local done, faults, lost = {}, {}, 0
  for name, pid, tid, addr, pages, minor, major in out:gmatch "(%l+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+)\n" do
    done[#done + 1] = {
      name = name, pid = tonumber(pid), tid = tonumber(tid), addr = tonumber(addr), pages = tonumber(pages),
      minor = tonumber(minor), major = tonumber(major),
    }
  end
  for line in io.lines(path) do
    local tid, addr, pages, major, kernel, again, offset, what, name =
      line:match "^(%d+) (%d+) (%d+) ([01]) ([01]) (%d+) (%-?%d+) ([%l ]+)|(.*)$"
    lost = lost + (tonumber(line:match "^lost (%d+)$") or 0)
    if tid then
      faults[#faults + 1] = {
        tid = tonumber(tid), addr = tonumber(addr), pages = tonumber(pages), major = major == "1",
        kernel = kernel == "1", again = tonumber(again), offset = tonumber(offset), what = what, path = name,
      }
    end
  end
  return done, faults, lost
end

-- Runs `touch ...`, or a command, with --faults; returns the same, and the result.
local function touch(arguments)
  local dir = arguments.dir or h.folder "root"
  local command = arguments.command or h.join({h.tracee "touch"}, arguments)
  local result = trace({"--faults", "-e", LIST:format(dir .. "/faults")}, command, {cwd = dir})
  assert.equal(0, result.status, result.err)
  local done, faults, lost = read(result.out, dir .. "/faults")
  return done, faults, lost, result
end

-- How many pages in the memory that `deed` touched had a fault, by what, of those that `wanted` says yes to, and how
-- many of them had been touched before.
local function pages_of(deed, faults, wanted)
  local first, sum, whats, again = deed.addr // 4096, 0, {}, 0
  for _, fault in ipairs(faults) do
    local page = fault.addr // 4096
    local pages = math.min(page + fault.pages, first + deed.pages) - math.max(page, first)
    if fault.tid == deed.tid and pages > 0 and (not wanted or wanted(fault)) then
      sum, again = sum + pages, again + fault.again
      whats[fault.what] = (whats[fault.what] or 0) + pages
    end
  end
  return sum, whats, again
end

local function assert_near(expected, got, part, what)
  assert.is_true(math.abs(got - expected) <= expected * part,
    ("%s: %d, should be %d"):format(what, got, expected))
end

local function named(done)
  local by_name = {}
  for _, deed in ipairs(done) do by_name[deed.name] = deed end
  return by_name
end

-- What the kernel tells is the same whoever asks it: bpf, or perf beside ptrace.
local function of_each_backend()
  for _, count in ipairs(FULL and {256, 16384, 65536} or {256, 16384}) do
    it_if_seen(("are counted in every thread and child, and in the kernel: %d pages each"):format(count), function()
      local done, faults, lost = touch {"all", tostring(count)}
      local names = {}
      for _, deed in ipairs(done) do
        local seen = pages_of(deed, faults)
        names[#names + 1] = deed.name
        assert.equal(count, deed.pages)
        if deed.name ~= "read" or sees_kernel then
          assert_near(count, seen + lost, 0.01, deed.name)
          assert_near(deed.minor + deed.major, seen + lost, 0.01, deed.name .. " by getrusage")
        end
        local in_kernel = pages_of(deed, faults, function(fault) return fault.kernel end)
        assert_near(deed.name == "read" and sees_kernel and count or 0, in_kernel, 0.01, deed.name .. " in the kernel")
        local _, _, again = pages_of(deed, faults)
        assert_near(deed.name == "child" and count or 0, again, 0.01, deed.name .. " copied")
      end
      table.sort(names)
      assert.equal("child main read thread thread thread thread", table.concat(names, " "))
    end)
  end

  it_if_seen("are attributed to heap, stack, shared memory and malloc's arenas", function()
    local done, faults = touch {"regions", "300"}
    local words <const> = {heap = "heap", stack = "stack", shared = "shared memory", arena = "malloc arena"}
    for _, deed in ipairs(done) do
      local sum, whats = pages_of(deed, faults)
      assert_near(300, sum, 0.01, deed.name)
      assert.same({[words[deed.name]] = sum}, whats)
      words[deed.name] = nil
    end
    assert.same({}, words)
  end)

  it_if_seen("of a mapped file have its path and offsets, and tell the disk from the cache", function()
    local dir = h.folder "root"
    if h.run({"/usr/bin/stat", "-f", "-c", "%T", dir}).out == "tmpfs\n" then
      pending "the folder of the test is in memory: nothing comes from a disk"
    end
    h.write_file(dir .. "/data", ("0123456789abcdef"):rep(1024 * 256))
    local done, faults = touch {"file", dir .. "/data", dir = dir}
    for _, deed in ipairs(done) do
      local all, whats = pages_of(deed, faults)
      local major = pages_of(deed, faults, function(fault) return fault.major end)
      assert.same({file = all}, whats)
      assert.equal(deed.minor + deed.major, all)
      assert.equal(deed.major, major)
      local own = pages_of(deed, faults, function(fault)
        return fault.path == dir .. "/data" and fault.offset == (fault.addr - deed.addr) // 4096 * 4096
      end)
      assert.equal(all, own)
    end
    local by_name = named(done)
    assert.is_true(by_name.cold.major > 0)
    assert.equal(0, by_name.warm.major)
  end)

  it_if_seen("are looked up in the mappings as they were then", function()
    local dir = h.folder "root"
    h.write_file(dir .. "/data", ("x"):rep(4096))
    local done, faults = touch {"remap", dir .. "/data", "300", dir = dir}
    local _, whats = pages_of(done[1], faults)
    assert.same({["anonymous memory"] = 300, file = 300}, whats)
  end)

  it_if_seen("are lost by none, or by an exact number, however fast they come", function()
    local done, faults, lost = touch {"again", FULL and "2000000" or "40000"}
    local expected, seen = 0, 0
    for _, deed in ipairs(done) do
      expected, seen = expected + deed.minor, seen + pages_of(deed, faults)
    end
    assert.equal(2, #done)
    -- getrusage itself, and what else those threads do meanwhile
    assert.is_true(math.abs(expected - seen - lost) <= 20, ("%d faults, %d seen, %d lost"):format(expected, seen, lost))
  end)

  it_if_seen("come before the calls that ended later, also those of other threads", function()
    -- bpf's order is that in which two CPUs write, which may be behind their clocks; of one task it is exact
    local apart <const> = backend == "bpf" and 20 * 1000000 or 0
    local result = trace({"--faults", "-e", ("local APART <const> = %d"):format(apart) .. [[

local last, own, calls, early = 0, {}, 0, 0
on("fault", function(e)
  local finish = e.time + (e.duration or 0)
  last, own[e.tid] = math.max(last, finish), finish
end)
on("syscall:madvise", function(e)
  local finish = e.time + e.duration
  calls = calls + 1
  early = early + ((last > finish + APART or (own[e.tid] or 0) > finish) and 1 or 0)
end)
on("finish", function() io.stderr:write(("%d calls, %d early\n"):format(calls, early)) end)]]},
      {h.tracee "touch", "again", "40000"})
    assert.equal(0, result.status, result.err)
    local calls, early = result.err:match "(%d+) calls, (%d+) early"
    assert.is_true(tonumber(calls) >= 39, result.err)
    assert.falsy(result.err:find("failed", 1, true), result.err)
    assert.equal("0", early)
  end)

  it_if_seen("say what a big array takes", function()
    local function touched(code)
      local _, faults, lost, result = touch {command = {h.tracee "touch", "run", h.which.python3, "-c", code}}
      local sum = 0
      for _, fault in ipairs(faults) do
        sum = sum + (fault.what ~= "file" and fault.what ~= "vdso" and fault.pages * 4096 or 0)
      end
      assert.equal(0, lost)
      return sum, result.out
    end
    local OWN <const> = ";print(open('/proc/self/status').read())"
    local little, own = touched("x = 0" .. OWN)
    local much = touched("x = bytearray(64 << 20)" .. OWN)
    assert_near(64 << 20, much - little, 0.02, "the array")
    local anonymous = tonumber(own:match "RssAnon:%s*(%d+)") * 1024
    assert_near((64 << 20) + anonymous, much, 0.02, "with the interpreter")
  end)

  it_if_seen("of a command are there every time, however short it is", function()
    for _ = 1, 30 do
      local result = trace({"--faults"}, {"/bin/true"})
      assert.matches("Page faults:\n.*  Files: ", result.err)
    end
  end)

  it_if_seen("of pages that come in other ways are counted as what they are", function()
    local done, faults, lost = touch {"kinds", "300"}
    assert.equal(0, lost)
    local by_name, by_memory = named(done), {}
    for _, deed in ipairs(done) do
      by_memory[deed.addr] = (by_memory[deed.addr] or 0) + deed.minor + deed.major
    end
    for _, deed in ipairs(done) do
      assert_near(by_memory[deed.addr], pages_of(deed, faults), 0.01, deed.name)
    end
    local _, _, copied = pages_of(by_name.copied, faults)
    assert_near(by_name.copied.minor, copied, 0.01, "written after they were read")
    assert.equal(0, by_name.populated.minor, "MAP_POPULATE has no faults")
    assert_near(300, by_name.zeros.minor, 0.01, "read")
    local _, whats, again = pages_of(by_name.back, faults)
    assert.same({["anonymous memory"] = 600}, whats) -- given is the same memory
    assert.equal(0, again, "MADV_DONTNEED makes them new")
    assert.is_true(by_name.huge.minor <= 3 * 512)
    if by_name.served then assert.equal(300, by_name.served.minor + by_name.served.major) end
  end)

  -- The tracer's CPU time in 3 s, in hundredths of a second.
  local function ticks_in_3_s(pid)
    local function ticks()
      local text = h.read_file(("/proc/%d/stat"):format(pid)):match "%) (.*)$"
      local user, system = text:match("^" .. ("%S+ "):rep(11) .. "(%d+) (%d+)")
      return user + system
    end
    local before = ticks()
    h.process.sleep(3)
    return ticks() - before
  end

  it_if_seen("keep an idle tracer idle after the first task ended", function()
    local dir = h.folder "root"
    local proc = start_trace({"--faults", "-q", "-s", "default.lua",
      "-e", ("on('exit', function() io.open(%q, 'w'):close() end)"):format(dir .. "/ended")}, {h.tracee "touch", "outlived"})
    h.eventually("the command's end", function() return h.read_file(dir .. "/ended") end)
    h.process.sleep(1.5)
    local ticks = ticks_in_3_s(proc.pid)
    assert.is_true(ticks <= 3, "hundredths of a second in 3 s: " .. ticks)
    assert.equal(0, proc:wait().status)
  end)

  it_if_seen("keep an idle tracer idle after threads ended that it was attached to", function()
    local dir = h.folder "root"
    local target = h.start({h.tracee "touch", "left", dir .. "/go"}, {cwd = dir})
    h.eventually("three threads", function() return #h.tasks(target.pid) == 3 end)
    local tracer = start_trace({"--faults", "-q", "-s", "default.lua", "-p", tostring(target.pid),
      "-e", ("on('start', function() io.open(%q, 'w'):close() end)"):format(dir .. "/go")})
    h.eventually("two threads' end", function() -- the first one stays as a zombie
      return #h.tasks(target.pid) == 2
    end)
    h.process.sleep(0.5)
    local ticks = ticks_in_3_s(tracer.pid)
    assert.is_true(ticks <= 3, "hundredths of a second in 3 s: " .. ticks)
    assert.equal(0, target:wait().status)
    assert.equal(0, tracer:wait().status)
  end)

  it_if_seen("of threads that were there before are seen with -p", function()
    local dir = h.folder "root"
    local target = h.start({h.tracee "touch", "waiting", "300", dir .. "/go"}, {cwd = dir})
    h.eventually("five threads", function() return #h.tasks(target.pid) == 5 end)
    local tracer = start_trace({"--faults", "-p", tostring(target.pid), "-e", LIST:format(dir .. "/faults"),
      "-e", ("on('start', function() io.open(%q, 'w'):close() end)"):format(dir .. "/go")}, nil, {cwd = dir})
    assert.equal(0, target:wait().status, target.err)
    assert.equal(0, tracer:wait().status, tracer.err)
    local done, faults, lost = read(target.out, dir .. "/faults")
    assert.equal(5, #done)
    assert.equal(0, lost)
    for _, deed in ipairs(done) do
      assert_near(deed.minor, pages_of(deed, faults), 0.01, deed.name)
    end
  end)

  it_if_seen("add up to the same, whether each is looked at or many are told of together", function()
    local dir = h.folder "root"
    local recorded = trace({"--faults", "--record", dir .. "/trace.ct", "-s", "default.lua"},
      {"sh", "-c", h.tracee "touch" .. " all 64; ls /usr/lib >/dev/null; " .. h.tracee "touch" .. " regions 40"}, {cwd = dir})
    assert.equal(0, recorded.status, recorded.err)
    local function replay(...)
      local result = trace {"--replay", dir .. "/trace.ct", ...}
      assert.equal(0, result.status, result.err)
      return result.err
    end
    local together = replay("-s", "default.lua")
    assert.matches("Page faults:", together)
    local each <const> = 'noise.add {name = "none", types = {"fault"}, match = function() return false end}'
    local function summary(text) return text:match "━.*" end
    assert.equal(summary(together), summary(replay("-s", "default.lua", "-e", each)))
    assert.equal(summary(together), summary(recorded.err))
  end)
end

-- Arguments of a trace whose script looks away, when it has seen something, until the program has had nearly `pages`
-- faults.
local function lossy(dir, json, pages, work)
  local SLOW <const> = [[
local seen = 0
on("fault", function(e)
  seen = seen + e.pages
  while seen > 300 and seen - e.pages <= 300 do
    local file = io.open(("/proc/%%d/stat"):format(e.pid))
    local faults = tonumber(file:read("a"):match("%%) %%S %%S+ %%S+ %%S+ %%S+ %%S+ %%S+ (%%d+)"))
    file:close()
    if faults > %d then return end
  end
end)]]
  return h.join({"--faults", "-e", LIST:format(dir .. "/faults"), "-e", SLOW:format(pages * 9 // 10)},
    json and {"--json", "-o", dir .. "/json"} or {"-s", "default.lua"}, {"--", h.tracee "touch"}, work)
end

-- Each of the faults was seen, or is among the lost, and their number is what line, summary or JSON say.
local function assert_lost(result, dir, json, pages)
  assert.equal(0, result.status, result.err)
  local done, faults, lost = read(result.out, dir .. "/faults")
  local seen = pages_of(done[1], faults)
  assert.equal(pages, done[1].minor)
  assert.is_true(lost > 0 and seen > 0, ("%d seen, %d lost"):format(seen, lost))
  -- what else was touched meanwhile may be among the lost
  assert.is_true(lost >= pages - seen and lost <= pages - seen + 100, ("%d seen, %d lost"):format(seen, lost))
  local told = 0
  if json then
    local text = h.read_file(dir .. "/json")
    for count in text:gmatch '"type":"lost"[^\n]*"count":(%d+)' do told = told + count end
    assert.equal(lost, tonumber(text:match '"type":"finish"[^\n]*"lost":(%d+)'))
  else
    for count in result.err:gmatch "%] [^\n]-lost +(%d+) [^\n]*" do told = told + count end
    assert.matches((" Lost: %d events[^\n]*; the numbers above are too small\n"):format(lost), result.err)
  end
  assert.equal(lost, told)
end

describe("page faults", function()
  after_each(h.clean)

  it("are seen when a script hooks them, and not because an output could show them", function()
    local hooked = trace({"-e", 'local n = 0 on("fault", function(e) n = n + e.pages end) '
      .. 'on("finish", function() print(n) end)'}, {"/bin/true"})
    assert.truthy(tonumber(hooked.out) > 10, hooked.out .. hooked.err)
    local sink = trace({"-e", 'local n = 0 sink{events = {"fault"}, event = function(e) n = n + e.pages end} '
      .. 'on("finish", function() print(n) end)'}, {"/bin/true"})
    assert.truthy(tonumber(sink.out) > 10, sink.out .. sink.err)
    assert.is_nil(trace({}, {"/bin/true"}).err:find("Page faults", 1, true))
  end)

  it_if_seen("are lines by region, without those of files, and a section of the summary", function()
    local result = trace({"--faults"}, {h.tracee "touch", "regions", "200"})
    assert.equal(0, result.status, result.err)
    -- a line may be written before all is touched, when the machine is slow
    for what, lines in pairs {heap = "%] ", stack = "%] ", ["malloc arena"] = "%[%d+/%d+%] "} do
      local sum = 0
      for pages, size in result.err:gmatch(lines .. "(%d+) faults? in " .. what .. " @ %x+ %(rw%-%) (%d+%.%d) KB\n") do
        assert.equal(("%.1f"):format(pages * 4), size)
        sum = sum + pages
      end
      -- what came after the line was written has none when it is little
      assert.is_true(sum <= 208 and sum > 200 - 16, ("%s: %d"):format(what, sum))
    end
    local lines, summary = result.err:match "^(.-)\n(━.*)$"
    assert.falsy(lines:find("faults? in /"))
    assert.matches("Page faults:\n", summary)
    assert.matches("  Shared memory: +800%.0 KB %(200 faults%)\n", summary)
    assert.matches("  Files: [^\n]*/libc%.so%.6 %d", summary)
    assert.matches("  Total: [^\n]*%d+ faults, %d+ from disk, %d+ in the kernel[^\n]*%)\n", summary)
    assert.matches("By 2 tasks: touch %d+ ", summary)
  end)

  it_if_seen("have no line while they are few, unless all lines are wanted", function()
    local few = trace({"--faults"}, {h.tracee "touch", "regions", "10"})
    assert.falsy(few.err:find("] %d+ faults? in "), few.err)
    assert.matches("Hidden: [^\n]*little memory %d+", few.err)
    local all = trace({"--faults", "-s", "default.lua", "-e", "noise.off()"}, {h.tracee "touch", "regions", "10"})
    for _, what in ipairs {"heap", "stack", "malloc arena"} do
      assert.matches("%] %d+ faults? in " .. what .. " @ %x+", all.err)
    end
  end)

  it_if_seen("have no line in memory that a rule of noise names, and do not vanish from the summary", function()
    local rule = 'noise.add {name = "not the heap", why = "it is known", types = {"fault"}, memory = {heap = true}}'
    local result = trace({"--faults", "-s", "default.lua", "-e", rule}, {h.tracee "touch", "regions", "200"})
    assert.falsy(result.err:find("] %d+ faults? in heap"), result.err)
    assert.matches("%] %d+ faults? in stack @ %x+", result.err)
    assert.matches("  Heap: +8%d%d%.0 KB %(2%d%d faults%)\n", result.err)
  end)

  -- Runs a program as a user who may lock no memory but what perf gives everybody. That is by user, so it must be one
  -- who has nothing else running: root makes itself one.
  local UID <const> = tostring(60000 + h.process.id() % 5000)
  local function start_limited(arguments, dir)
    local become = h.is_root
      and {h.which.setpriv, "--reuid=" .. UID, "--regid=" .. UID, "--clear-groups", "--inh-caps=-all"} or {}
    h.process.chmod(dir, 511) -- 0777
    return h.start(h.join(become, {h.which.prlimit, "--memlock=0", h.compendium}, arguments), {cwd = dir})
  end

  it_if_seen("that are lost are shown exactly: in line, event, summary and JSON", function()
    -- the rings of a user who may lock nothing are small
    for _, json in ipairs {false, true} do
      local dir = h.folder(h.users[1])
      local result = start_limited(lossy(dir, json, 50000, {"scattered", "50000"}), dir):wait()
      assert_lost(result, dir, json, 50000)
    end
  end)

  it_if_seen("are JSON as well", function()
    local result = trace({"--faults", "--json"}, {h.tracee "touch", "regions", "200"})
    assert.matches('"type":"fault"[^\n]*"pages":%d+[^\n]*"what":"heap"', result.out)
  end)

  it("cost nothing when nobody asks for them", function()
    local code <const> = 'use "default" sink{event = function(e) if e.type == "fault" then print "fault" end end}'
    local result = trace({"-v", "--json", "-e", code}, {h.tracee "touch", "regions", "10"})
    assert.equal(0, result.status, result.err)
    assert.truthy(result.err:find("not in this trace: page faults", 1, true), result.err)
    assert.is_nil(result.out:find("fault\n", 1, true))
    assert.is_nil(result.out:find('"type":"fault"', 1, true))
  end)

  it("that we may not see are said once, with the remedy, and the trace goes on", function()
    local PERF_EVENT_OPEN <const>, EPERM <const>, EACCES <const>, ENOSYS <const> = "298", 1, 13, 38
    local remedies <const> = {
      [EPERM] = "Operation not permitted [^\n]*docker run %-%-cap%-add=PERFMON %-%-security%-opt seccomp=unconfined",
      [EACCES] = "Permission denied [^\n]*docker run %-%-cap%-add=PERFMON %-%-security%-opt seccomp=unconfined",
      [ENOSYS] = "this kernel has no perf events",
    }
    for _, user in ipairs(h.users) do
      for number, remedy in pairs(remedies) do
        local result = h.run({h.tracee "deny", PERF_EVENT_OPEN, tostring(number), h.compendium, "--faults", "--",
          h.tracee "touch", "regions", "20"}, {user = user})
        assert.equal(0, result.status, result.err)
        local _, warnings = result.err:gsub("page faults", "")
        assert.equal(1, warnings, result.err)
        assert.matches("compendium: page faults cannot be seen: [^\n]*" .. remedy .. "[^\n]*; the trace goes on without them\n",
          result.err)
        assert.matches("touch exec", result.err)
        assert.matches("\n Exit: 0\n", result.err)
        assert.falsy(result.err:find("Page faults:", 1, true))
      end
    end
  end)

  it_if_seen("have rings on every CPU for a user who may lock little, and it is said when nothing is left", function()
    local quiet <const> = {"--faults", "-q", "-s", "default.lua", "--", h.tracee "touch"}
    local dir = h.folder(h.users[1])
    local first = start_limited(h.join(quiet, {"waiting", "300", dir .. "/go"}), dir)
    h.eventually("the first one's threads", function()
      local children = h.children(first.pid)
      return #children > 0 and #h.tasks(children[1]) == 5
    end)
    local second = start_limited(h.join(quiet, {"regions", "20"}), dir):wait()
    h.write_file(dir .. "/go", "")
    assert.equal(0, first:wait().status, first.err)
    assert.matches("Page faults:", first.err)
    assert.equal(0, second.status, second.err)
    assert.matches("compendium: page faults cannot be seen: no more memory may be locked for them; "
      .. "sudo sysctl kernel%.perf_event_mlock_kb=%d+, or ulimit %-l unlimited; the trace goes on without them\n", second.err)
  end)

  it("of a user are seen as far as the rights go, and said", function()
    local result = trace({"--faults"}, {h.tracee "touch", "all", "256"}, {user = "user"})
    assert.equal(0, result.status, result.err)
    local _, warnings = ("\n" .. result.err):gsub("\ncompendium: page faults[^\n]*sudo sysctl kernel%.perf_event_paranoid=1", "")
    assert.equal(level > 1 and 1 or 0, warnings, result.err)
    assert.equal(level <= 2, result.err:find("Page faults:", 1, true) ~= nil)
  end)end)

if h.is_root then
  describe("page faults by bpf", function()
    after_each(h.clean)

    it("wait for a script that is slow: none is lost", function()
      -- more than there is room for, of which the program may have had no more than a part while the script sleeps
      local PAGES <const> = 200003
      local dir = h.folder "root"
      local result = trace({"--backend", "bpf", "--faults", "-e", LIST:format(dir .. "/faults"), "-e", [[
local n = 0
on("fault", function()
  n = n + 1
  local wake = n == 300 and os.clock() + 1
  while wake and os.clock() < wake do end
end)]]}, {h.tracee "touch", "scattered", tostring(PAGES)}, {cwd = dir})
      assert.equal(0, result.status, result.err)
      local done, faults, lost = read(result.out, dir .. "/faults")
      assert.equal(0, lost)
      assert.equal(PAGES, done[1].minor)
      assert.equal(PAGES, (pages_of(done[1], faults)))
    end)

    it("in a call, which cannot wait, are lost by an exact number, and no call is", function()
      for _, json in ipairs {false, true} do
        local dir = h.folder "root"
        local result = trace(lossy(dir, json, 250000, {"read", "250000"}), nil, {cwd = dir})
        assert_lost(result, dir, json, 250000)
      end
    end)
  end)
end

for _, from in ipairs(h.is_root and {"bpf", "ptrace"} or {"auto"}) do
  describe("page faults, with " .. from .. ",", function()
    setup(function() backend = from end)
    teardown(function() backend = nil end)
    after_each(h.clean)
    of_each_backend()
  end)
end
