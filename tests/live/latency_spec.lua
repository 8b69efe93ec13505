-- SPDX-License-Identifier: MIT
--
-- Waits for CPUs and disks: what --sched says is what the kernel itself counts (schedstat of the same tasks, which
-- `waits` prints), and what --block-io says is what dd asked for.

local h <const> = require "tests.live.harness"
local lfs <const> = require "lfs"

local SIGINT <const>, SIGKILL <const> = 2, 9
local MS <const> = 1000000

-- Why there can be none here, or nil.
local function impossible()
  if not h.is_root then return "needs root" end
  local result = h.trace({"--ebpf", "-q"}, {"/bin/true"})
  h.clean()
  return result.err:match "waits for CPUs and disks cannot be seen[^\n]*"
end

local reason <const> = impossible()
local function it_if_possible(what, fn)
  it(what, reason and function() pending(reason) end or fn)
end

-- Prints, for each task, how long and how often it waited, and how often it had been preempted.
local SUMS <const> = [[
local sums = {}
on("sched", function(e)
  local sum = sums[e.tid] or {0, 0, 0}
  sums[e.tid] = sum
  assert(e.duration > 0 and e.cpu >= 0 and e.time > 0 and e.comm, "a field is missing")
  sum[1], sum[2] = sum[1] + e.duration, sum[2] + 1
  sum[3] = sum[3] + (e.what == "preempted" and 1 or 0)
end)
local done = {}
on("syscall:umask", function(e) done[e.tid], sums[e.tid] = sums[e.tid], nil end) -- before what is compared, and after it
local lost = 0
on("lost", function(e)
  lost = lost + (e.what == "wait for a CPU" and e.count or 0)
  assert(e.what ~= "wait for a CPU" or e.total == lost, "the sum of losses is wrong")
end)
on("finish", function()
  for tid, sum in pairs(done) do print("sum", tid, sum[1], sum[2], sum[3]) end
  for tid in pairs(sums) do print("seen", tid) end
  print("lost", lost)
end)]]

-- What the tasks said of themselves and what SUMS printed of them: {name, tid, delay, times, seen delay, seen times,
-- seen preempted}, and how many were lost.
local function compared(text)
  local list, by_tid = {}, {}
  for name, tid, delay, times in text:gmatch "(%l+) (%d+) (%d+) (%d+)\n" do
    local task = {name = name, tid = tonumber(tid), delay = tonumber(delay), times = tonumber(times),
      seen = {delay = 0, times = 0, preempted = 0}}
    list[#list + 1], by_tid[tid] = task, task
  end
  for tid, delay, times, preempted in text:gmatch "sum\t(%d+)\t(%d+)\t(%d+)\t(%d+)\n" do
    if by_tid[tid] then
      by_tid[tid].seen =
        {delay = tonumber(delay), times = tonumber(times), preempted = tonumber(preempted)}
    end
  end
  return list, tonumber(text:match "lost\t(%d+)")
end

local function assert_near(expected, got, part, slack, what)
  assert.is_true(math.abs(got - expected) <= math.max(expected * part, slack),
    ("%s: %d, should be %d"):format(what, got, expected))
end

local function waits(backend, arguments, script)
  local result = h.trace({"--backend", backend, "--strict", "-e", (script or "") .. SUMS}, h.join({h.tracee "waits"}, arguments))
  assert.equal(0, result.status, result.err)
  return compared(result.out)
end

-- Whether two have to wait for each other is up to the kernel, when there are others as well.
local function crowded(backend, arguments)
  local tasks, lost
  for _ = 1, 5 do
    tasks, lost = waits(backend, arguments)
    local least = math.huge
    for _, task in ipairs(tasks) do least = math.min(least, task.delay) end
    if least > 100 * MS then break end
  end
  return tasks, lost
end

describe("waits for a CPU", function()
  after_each(h.clean)

  for _, backend in ipairs {"ptrace", "bpf", "bpf-only"} do
    it_if_possible("of two that compute on one are as the kernel counts them, by " .. backend, function()
      local tasks, lost = crowded(backend, {"busy", "300"})
      assert.equal(2, #tasks)
      for _, task in ipairs(tasks) do
        assert.is_true(task.delay > 100 * MS, "there was nothing to wait for: the test does not test")
        assert_near(task.delay, task.seen.delay, 0.1, 10 * MS, "how long")
        assert_near(task.times, task.seen.times, 0.1, 10, "how often")
        assert.is_true(task.seen.preempted > task.seen.times // 2)
      end
      assert.equal(0, lost)
    end)

    it_if_possible("of two that take turns are as many, by " .. backend, function()
      local tasks, lost = waits(backend, {"turns", "5000"})
      assert.equal(2, #tasks)
      for _, task in ipairs(tasks) do
        assert_near(5000, task.seen.times, 0.05, 0, "how often")
        assert_near(task.delay, task.seen.delay, 0.2, 10 * MS, "how long")
      end
      assert.equal(0, lost)
    end)

    it_if_possible("of one that sleeps are a few, by " .. backend, function()
      local tasks = waits(backend, {"sleep", "20"})
      local seen = tasks[1].seen
      assert_near(20, seen.times - seen.preempted, 0, 15, "how often it was woken")
      assert_near(tasks[1].delay, tasks[1].seen.delay, 0.2, 10 * MS, "how long")
    end)

    it_if_possible("of a process that runs already are seen, by " .. backend, function()
      local folder = h.folder "root"
      local target = h.start({h.tracee "waits", "busy", "300", folder .. "/go"})
      h.eventually("both threads", function() return #h.tasks(target.pid) == 2 end)
      local tracer = h.start_trace({"--backend", backend, "--strict", "-p", tostring(target.pid), "-e",
        ('on("start", function() assert(io.open(%q, "w")):close() end) '):format(folder .. "/attached") .. SUMS})
      h.eventually("the trace", function() return h.exists(folder .. "/attached") end)
      h.write_file(folder .. "/go", "")
      assert.equal(0, target:wait().status)
      assert.equal(0, tracer:wait().status, tracer.err)
      local tasks = compared(target.out .. tracer.out)
      assert.equal(2, #tasks)
      for _, task in ipairs(tasks) do
        assert_near(task.delay, task.seen.delay, 0.1, 10 * MS, "how long")
      end
    end)
  end

  it_if_possible("do not count the stops that we make", function()
    local calls = 'local n = 0 on("syscall:getppid", function() n = n + 1 end) on("finish", function() print("calls", n) end) '
    local result = h.trace({"--backend", "ptrace", "-v", "-e", calls .. SUMS}, {h.tracee "waits", "calls", "20000"})
    local tasks = compared(result.out)
    assert.equal("20000", result.out:match "calls\t(%d+)")
    assert.is_true(tasks[1].times > 20000, "the kernel counts no stops here: the test does not test")
    assert.is_true(tasks[1].seen.times < 1000, "waits: " .. tasks[1].seen.times)
    local left_out = tonumber(result.err:match "wake%-ups after stops of ours, which count as no waits: (%d+)\n")
    assert.is_true(left_out > 20000, result.err)
  end)

  it_if_possible("are told of all that runs with -a, but not of us", function()
    local folder = h.folder "root"
    local target = h.start({h.tracee "waits", "busy", "200", folder .. "/go"})
    local tracer = h.start_trace({"-a", "-e",
      ('on("start", function() assert(io.open(%q, "w")):close() end) '):format(folder .. "/attached") .. SUMS})
    h.eventually("the trace", function() return h.exists(folder .. "/attached") end)
    h.write_file(folder .. "/go", "")
    target:wait()
    tracer:kill(SIGINT)
    tracer:wait()
    local tasks = compared(target.out .. tracer.out)
    assert.equal(2, #tasks)
    for _, task in ipairs(tasks) do
      assert_near(task.delay, task.seen.delay, 0.1, 10 * MS, "how long")
    end
    assert.truthy(tracer.out:find "seen\t%d")
    assert.is_nil(tracer.out:find(("seen\t%d\n"):format(tracer.pid), 1, true))
  end)

  it_if_possible("are counted when there is no room for them", function()
    local stalls = [[local n = 0 on("sched", function() n = n + 1 if n == 100 then local t = os.clock() + 2
      while os.clock() < t do end end end) ]]
    local tasks, lost = waits("bpf-only", {"turns", "60000"}, stalls)
    assert.is_true(lost > 1000, "nothing was lost: the test does not test")
    assert_near(tasks[1].times + tasks[2].times, tasks[1].seen.times + tasks[2].seen.times + lost, 0.02, 0, "in all")
  end)
end)

-- The device that a folder's files are on, as events name it, or nil and why there is none.
local function device_of(folder)
  local dev = lfs.attributes(folder, "dev")
  local major, minor = dev >> 8 & 0xfff, dev & 0xff | dev >> 12 & 0xfff00
  if major == 0 then return nil, folder .. " is on no block device" end
  return ("%d:%d"):format(major, minor)
end

local LIST <const> = [[
on("block", function(e)
  print("block", e.comm, e.what, e.bytes, e.device, e.sector, e.duration, e.error)
end)
on("lost", function(e) print("lost", e.what, e.count) end) ]]

-- Runs dd with arguments and returns its requests by what they were: {count, bytes}, and all that was told; or nil,
-- why not.
local function dd(folder, arguments)
  local result = h.trace({"-e", LIST}, h.join({"/bin/dd", "status=none"}, arguments), {cwd = folder})
  if result.status ~= 0 then return nil, "dd cannot: " .. result.err end
  local device, kinds = device_of(folder), {}
  for what, bytes, on, sector, duration in
    result.out:gmatch "block\tdd\t([%l ]+)\t(%d+)\t([%d:]+)\t(%d+)\t(%d+)\tnil\n" do
    local kind = kinds[what] or {count = 0, bytes = 0}
    kinds[what] = kind
    kind.count, kind.bytes = kind.count + 1, kind.bytes + tonumber(bytes)
    assert.equal(device, on)
    assert.is_true(tonumber(duration) > 0 and (tonumber(sector) > 0 or what == "flush"))
  end
  return kinds, result.out
end

describe("block I/O", function()
  after_each(h.clean)

  -- A folder on a disk, or the test is left out with the reason.
  local function folder_on_disk()
    local folder = h.folder "root"
    local device, why = device_of(folder)
    if device then return folder end
    pending(why)
  end

  it_if_possible("is what dd writes and reads past the cache, to the byte", function()
    local folder = folder_on_disk()
    if not folder then return end
    local written, why = dd(folder, {"if=/dev/zero", "of=f", "bs=4096", "count=50", "oflag=direct"})
    if not written then return pending(why) end
    assert.equal(50, written.write.count, why) -- `why`: what was told
    assert.equal(50 * 4096, written.write.bytes)
    local read = dd(folder, {"if=f", "of=/dev/null", "bs=8192", "iflag=direct"})
    assert.equal(50 * 4096, read.read.bytes)
    assert.is_true(read.read.count >= 25)
  end)

  it_if_possible("of large requests, which are cut, is told once and whole", function()
    local folder = folder_on_disk()
    if not folder then return end
    local written, why = dd(folder, {"if=/dev/zero", "of=f", "bs=8M", "count=2", "oflag=direct"})
    if not written then return pending(why) end
    assert.equal(16 << 20, written.write.bytes)
    assert.is_true(written.write.count < 200)
  end)

  it_if_possible("is the program's when it syncs what it wrote into the cache", function()
    local folder = folder_on_disk()
    if not folder then return end
    local written = assert(dd(folder, {"if=/dev/zero", "of=f", "bs=64k", "count=16", "conv=fsync"}))
    assert.is_true(written.write.bytes >= 16 * 65536)
  end)

  it_if_possible("is added up in the summary, with the waits", function()
    local folder = folder_on_disk()
    if not folder then return end
    local result = h.trace({"-q", "--ebpf"}, {"/bin/dd", "status=none", "if=/dev/zero", "of=f", "bs=4096", "count=50", "conv=fsync"},
      {cwd = folder})
    assert.truthy(result.err:find(" Block I/O:\n", 1, true), result.err)
    assert.truthy(result.err:find("By device: " .. device_of(folder), 1, true), result.err)
    assert.truthy(result.err:find(" Scheduler:\n", 1, true), result.err)
  end)
end)

describe("waits", function()
  after_each(h.clean)

  it("of a user without rights are not there: it is said how to have them, and the trace goes on", function()
    local user = h.users[#h.users]
    if user ~= "user" then return pending "needs a user without rights" end
    local folder = h.folder "user"
    local result = h.trace({"--ebpf", "--record", folder .. "/trace"}, {"/bin/sh", "-c", "exit 7"}, {user = "user"})
    assert.equal(7, result.status)
    local warning <const> = "compendium: waits for CPUs and disks cannot be seen: it needs root, or CAP_BPF and "
      .. "CAP_PERFMON: sudo compendium -u \"$USER\" ...; the trace goes on without them\n"
    assert.truthy(result.err:find(warning, 1, true), result.err)
    assert.equal(result.err, h.run({h.compendium, "--replay", folder .. "/trace"}, {user = "user"}).err)
    local _, count = result.err:gsub("cannot be seen", "")
    assert.equal(1, count)
    assert.is_nil(result.err:find("Scheduler:", 1, true))
    assert.truthy(result.err:find("─── sh exec ───", 1, true))
  end)

  it("are not there unless somebody asks", function()
    local result = h.trace({"--json"}, {h.tracee "waits", "sleep", "5"})
    assert.is_nil(result.out:find '"type":"sched"')
  end)

  it_if_possible("of a recording are replayed as they were", function()
    local folder = h.folder "root"
    local function lines_of(text)
      local list = {}
      for line in text:gmatch '[^\n]*"type":"[sb][cl][ho][ec][dk]"[^\n]*' do list[#list + 1] = line end
      return list
    end
    local live = h.trace({"--json", "--ebpf", "-o", folder .. "/live", "--record", folder .. "/trace"},
      {"/bin/dd", "status=none", "if=/dev/zero", "of=f", "bs=4096", "count=20", "conv=fsync"}, {cwd = folder})
    assert.equal(0, live.status, live.err)
    local replayed = h.run({h.compendium, "--json", "--replay", folder .. "/trace"})
    local expected = lines_of(h.read_file(folder .. "/live"))
    assert.is_true(#expected > 0)
    assert.same(expected, lines_of(replayed.out))
    local summary = h.run({h.compendium, "-q", "--replay", folder .. "/trace"}).err
    assert.truthy(summary:find(" Scheduler:\n", 1, true), summary)
    local other = h.trace({"--record", folder .. "/other"}, {"/bin/true"})
    assert.equal(0, other.status)
    local missing = h.run({h.compendium, "--ebpf", "--replay", folder .. "/other"}).err
    assert.truthy(missing:find("not shown: waits for a CPU (--sched)", 1, true), missing)
    assert.truthy(missing:find("not shown: block I/O (--block-io)", 1, true), missing)
  end)

  for name, signal in pairs {SIGKILL = SIGKILL, SIGINT = SIGINT} do
    it_if_possible("leave nothing in the kernel after " .. name, function()
      local target = h.start({"/bin/sleep", "100"})
      local proc = h.start_trace({"--backend", "ptrace", "--ebpf", "-p", tostring(target.pid)})
      local ids = h.eventually("programs in the kernel", function()
        local found = h.bpf_programs(proc.pid)
        return #found >= 6 and found
      end)
      proc:kill(signal)
      proc:wait()
      h.await_no_bpf_programs(ids)
      h.stop(target)
    end)
  end
end)
