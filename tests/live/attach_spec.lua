-- SPDX-License-Identifier: MIT
--
-- Attaching with -p: every task is traced, what was open before has its name, and when we let go all of
-- them run on as if we had never been there.

local h <const> = require "tests.live.harness"
local account <const> = require "tests.live.account"
local services <const> = require "tests.live.services"

local SIGINT <const>, SIGTERM <const> = 2, 15
-- The states of a task that runs on: running, sleeping, in the disk's hands; not t or T.
local FREE <const> = "^[RSD]"

local function tasks_of(pids)
  local tasks = {}
  for _, pid in ipairs(pids) do
    for _, tid in ipairs(h.tasks(pid)) do
      tasks[#tasks + 1] = {pid = pid, tid = tid}
    end
  end
  return tasks
end

-- Is every task of the processes traced by `tracer`?
local function all_traced(pids, tracer)
  for _, task in ipairs(tasks_of(pids)) do
    local status = h.status(task.pid, task.tid)
    if not status or tonumber(status.TracerPid) ~= tracer then
      return false
    end
  end
  return true
end

local function attach(arguments, pids, user)
  local tracer = h.start_trace(h.join(arguments, {"-p", table.concat(pids, ",")}), nil, {user = user})
  h.eventually("all tasks are traced", function()
    if tracer:ended(0) then
      error(("the tracer ended with %s: %s"):format(tracer.status, tracer.err))
    end
    return all_traced(pids, tracer.pid)
  end)
  return tracer
end

local function check_free(pids)
  for _, task in ipairs(tasks_of(pids)) do
    local status = assert(h.status(task.pid, task.tid))
    assert.equal("0", status.TracerPid)
    assert.truthy(status.State:match(FREE), ("task %d is %s"):format(task.tid, status.State))
  end
end

-- Ctrl-C: we let go and end well.
local function let_go(tracer, pids)
  tracer:kill(SIGINT)
  tracer:wait()
  assert.equal(0, tracer.status, tracer.err)
  check_free(pids)
end

-- A target of tracees/target.c, ready. It ends when finish is called.
local function start_target(mode, threads, user, prefix)
  local dir = h.folder(user)
  local file = dir .. "/file"
  local input, writer = h.process.pipe()
  local target = h.start(h.join(prefix or {}, {h.tracee "target", mode, tostring(threads), file}),
    {user = user, cwd = dir, stdin_fd = input})
  h.process.close(input)
  h.eventually("the target is ready", function()
    return (h.read_file(target.out_path) or ""):match "ready"
  end)
  return target, file, function()
    h.process.close(writer)
    return target:wait()
  end
end

-- What the target itself says about its calls.
local function check_uninterrupted(target)
  assert.equal(0, target.status)
  assert.equal("0", target.out:match "interrupted (%d+)")
  assert.is_true(tonumber(target.out:match "rounds (%d+)") > 0)
end

-- mode, threads; 20 kinds of target, 10 trials each.
local TRIALS <const> = 10
local KINDS <const> = {
  {"busy", 1}, {"spin", 1}, {"nanosleep", 1}, {"futex", 1}, {"poll", 1}, {"ppoll", 1}, {"read", 1},
  {"select", 1}, {"epoll", 1}, {"recv", 1}, {"semop", 1},
  {"busy", 4}, {"spin", 4}, {"nanosleep", 8}, {"futex", 8}, {"poll", 8}, {"read", 8}, {"epoll", 8},
  {"recv", 8}, {"semop", 8},
}

describe("attaching and letting go", function()
  after_each(h.clean)

  for i, kind in ipairs(KINDS) do
    local mode, threads <const> = kind[1], kind[2]
    it(("leaves a target in %s with %d threads as it was, %d times"):format(mode, threads, TRIALS), function()
      local user = h.users[i % #h.users + 1]
      local target, _, finish = start_target(mode, threads, user)
      for trial = 1, TRIALS do
        -- Every second time all calls are stopped at, else only what default.lua asks for.
        local arguments = trial % 2 == 0 and {"-e", 'on("syscall", function() end)'} or {"-q"}
        let_go(attach(arguments, {target.pid}, user), {target.pid})
      end
      check_uninterrupted(finish())
    end)
  end

  -- Slow hooks make a queue of tasks that wait at the entry of their call.
  for mode, call in pairs {recv = "recvfrom", semop = "semtimedop", nanosleep = "clock_nanosleep"} do
    it(("goes well when tasks are at the entry of %s"):format(call), function()
      local code = ([[on('enter:%s', function()
        local stop = os.clock() + 0.006
        io.stderr:write 'entered'
        while os.clock() < stop do end
      end)]]):format(call)
      local target, _, finish = start_target(mode, 16, h.users[1])
      for _ = 1, TRIALS do
        local tracer = attach({"-e", code}, {target.pid}, h.users[1])
        h.eventually("a task is at the entry", function() return (h.read_file(tracer.err_path) or ""):find "entered" end)
        let_go(tracer, {target.pid})
      end
      check_uninterrupted(finish())
    end)
  end

  -- Tasks of the lowest rank on a CPU that others keep busy: to stop takes them long.
  it("waits for tasks that have no CPU", function()
    local cpu <const> = h.read_file("/proc/self/status"):match "Cpus_allowed_list:%s*(%d+)"
    local target, _, finish = start_target("epoll", 16, h.users[1], {"/usr/bin/taskset", "-c", cpu, "/usr/bin/chrt", "-i", "0"})
    local tracer = attach({"-e", 'on("start", function() io.stderr:write "begun" end)'}, {target.pid}, h.users[1])
    h.eventually("the trace has begun", function() return (h.read_file(tracer.err_path) or ""):find "begun" end)
    local busy = {}
    for i = 1, 10 do
      busy[i] = h.start {"/usr/bin/taskset", "-c", cpu, "/bin/sh", "-c", "echo busy; while :; do :; done"}
      h.eventually("the CPU is busy", function() return (h.read_file(busy[i].out_path) or ""):find "busy" end)
    end
    let_go(tracer, {target.pid})
    for _, other in ipairs(busy) do
      other:kill(9)
      other:wait()
    end
    check_uninterrupted(finish())
  end)

  it("is done by SIGTERM as well", function()
    local target, _, finish = start_target("nanosleep", 4, h.users[1])
    local tracer = attach({"-q"}, {target.pid}, h.users[1])
    tracer:kill(SIGTERM)
    tracer:wait()
    assert.truthy(tracer.err:find("FINAL", 1, true), tracer.err)
    check_free {target.pid}
    check_uninterrupted(finish())
  end)

  it("leaves what was stopped before stopped", function()
    local target, _, finish = start_target("nanosleep", 2, h.users[1])
    h.process.kill(target.pid, 19) -- SIGSTOP
    local function stopped()
      return (h.status(target.pid) or {State = ""}).State:match "^T"
    end
    h.eventually("the target is stopped", stopped)
    local tracer = attach({"-q"}, {target.pid}, h.users[1])
    tracer:kill(SIGINT)
    assert.equal(0, tracer:wait().status, tracer.err)
    h.eventually("the target is stopped again: it runs for the moment in which it is let go", stopped)
    assert.equal("0", h.status(target.pid).TracerPid)
    h.process.kill(target.pid, 18) -- SIGCONT
    check_uninterrupted(finish())
  end)
end)

describe("attached", function()
  after_each(h.clean)

  for _, user in ipairs(h.users) do
    it("to 16 busy threads, as " .. user .. ", all are traced and their file has its name", function()
      local target, file, finish = start_target("busy", 17, user)
      local code = ([[
        local writers, bytes = {}, 0
        on("write", function(e)
          if e.path == %q then writers[e.tid], bytes = true, bytes + e.bytes end
        end)
        local function count()
          local n = 0
          for _ in pairs(writers) do n = n + 1 end
          return n
        end
        on("finish", function() print(count(), bytes) end)
        on("every:20ms", function() print(count() == 16 and "all" or "tick") end)]]):format(file)
      local tracer = attach({"-e", code}, {target.pid}, user)
      local size = #h.read_file(file)
      h.eventually("the threads have written", function()
        return #h.read_file(file) > size + 1000 and (h.read_file(tracer.out_path) or ""):find "all"
      end)
      let_go(tracer, {target.pid})
      local writers, bytes = tracer.out:match "(%d+)\t(%d+)"
      assert.equal("16", writers, tracer.out .. tracer.err)
      assert.is_true(tonumber(bytes) >= 1000)
      check_uninterrupted(finish())
    end)

    it("to nginx under load, as " .. user .. ", everything has its name and nginx serves on", function()
      local nginx = services.nginx(user, 2)
      local dir = h.folder(user)
      local url = ("http://127.0.0.1:%d/large"):format(nginx.port)
      local load = h.start({"/bin/sh", "-c", 'while [ ! -e stop ]; do curl -sf -o got "$0" || exit 1; done', url},
        {user = user, cwd = dir})
      local pids = {nginx.process.pid, nginx.workers[1], nginx.workers[2]}

      local log = nginx.dir .. "/access.log"
      local output = dir .. "/account"
      local script = ("%s/witness.lua:out=%s"):format(h.scripts, output)
      local tracer = attach({"-s", "default.lua", "-s", script}, pids, user)
      local size = #(h.read_file(log) or "")
      h.eventually("nginx has served while traced", function() return #h.read_file(log) > size + 500 end)
      let_go(tracer, pids)
      local after = #h.read_file(log)
      h.eventually("nginx serves on", function() return #h.read_file(log) > after + 100 end)
      h.write_file(dir .. "/stop", "")
      assert.equal(0, load:wait().status, load.err)
      nginx:stop()

      local ours = account.read(output)
      assert.is_true(ours.files[log].written >= 500, "the log was open before")
      assert.is_true(ours.files[nginx.dir .. "/www/large"].read >= 300000)
      local accepted = 0
      for peer, count in pairs(ours.accepted[h.which.nginx]) do
        assert.truthy(peer:match "^tcp4 127%.0%.0%.1:%d+$", peer)
        accepted = accepted + count
      end
      assert.is_true(accepted >= 10)
      local name = h.literal(("127.0.0.1:%d"):format(nginx.port))
      assert.truthy(tracer.err:find("accept [^\n]*127%.0%.0%.1:%d+"), tracer.err)
      assert.truthy(tracer.err:find(name), "the listening socket has its address")
    end)
  end
end)
