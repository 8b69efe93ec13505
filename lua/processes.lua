-- SPDX-License-Identifier: MIT
--
-- processes: the tree of programs: who started whom, under which name, and how it ended. The first
-- of the models; what the tasks of a process share is in tasks.lua, which this drives.
--
-- A process is a table:
--   pid, ppid     numbers, as the tracer sees them      parent, children   process, array of them
--   comm, argv, exe   as of the last exec               start, finish      times; finish nil: it lives
--   threads       tasks that run now                    thread_count       how many it ever had
--   exit_status   wait status; exit_code or exit_signal (name), core: what is in it
--   peak_rss      bytes, when the source knows it
--   foreign       true: in a PID namespace of its own, the pids it passes to calls are not ours
--   tasks         its live tasks by tid, each {tid=, comm=, ...}
--
-- Dead processes stay for the summary's tree, up to `processes.keep` of them; `processes.dropped`
-- counts those that were forgotten.

local calls = require "compendium.calls"
local core = require "compendium.core"
local paths = require "compendium.paths"
local tasks = require "compendium.tasks"

local CLONE_PARENT <const>, CLONE_THREAD <const>, CLONE_NEWPID <const> = 0x8000, 0x10000, 0x20000000
local AT_EMPTY_PATH <const> = 0x1000
local PR_SET_NAME <const> = 15
local COMM_LENGTH <const> = 15
local SIGCHLD <const> = 17
-- Signals whose siginfo holds an address, when the kernel raised them.
local FAULT_SIGNALS <const> = {[4] = true, [5] = true, [7] = true, [8] = true, [11] = true}
local CLD_EXITED <const>, CLD_DUMPED <const> = 1, 3

local processes = {keep = 4096, dropped = 0}

local live <const> = tasks.by_pid
local dead = {}     -- by pid, the latest that had it
local dead_count = 0
local serial = 0

local function int(value)
  return (value & 0x7fffffff) - (value & 0x80000000)
end

-- The process with that number: the one that lives, or the last that had it and is remembered.
function processes.get(pid)
  return live[pid] or dead[pid]
end

-- How many tasks run now.
function processes.alive()
  return tasks.alive
end

-- Name of a task; its process' when the task is not known.
function processes.comm(tid, pid)
  local task = tasks.by_tid[tid]
  if task and task.comm then return task.comm end
  local process = live[pid] or dead[pid]
  return process and process.comm
end

-- Fills in what a process table from tasks.lua lacks. Returns it.
local function begin(process, parent, time)
  if process.serial then return process end
  serial = serial + 1
  process.serial, process.start, process.children, process.thread_count = serial, time, {}, 0
  if parent then
    begin(parent, nil, time)
    process.parent, process.ppid = parent, parent.pid
    process.comm, process.argv, process.exe = parent.comm, parent.argv, parent.exe
    table.insert(parent.children, process)
  end
  return process
end

-- All that are known, dead or alive, in the order they were seen.
function processes.list()
  local list = {}
  for _, process in pairs(live) do list[#list + 1] = begin(process, nil, 0) end
  for _, process in pairs(dead) do
    repeat -- those that had the same number before
      list[#list + 1] = process
      process = process.namesake
    until not process
  end
  table.sort(list, function(a, b) return a.serial < b.serial end)
  return list
end

-- ---- lifecycle

-- Cuts a dead process out of the tree; its children become roots.
local function forget(process)
  processes.dropped = processes.dropped + 1
  for _, child in ipairs(process.children) do child.parent = nil end
  local parent = process.parent
  if not parent then return end
  for i = #parent.children, 1, -1 do -- from the end: those that die young are there
    if parent.children[i] == process then
      table.remove(parent.children, i)
      break
    end
  end
end

-- Once: records that contradict each other, as after a loss, may end a process twice.
local function bury(process)
  if process.is_buried then return end
  process.is_buried = true
  if dead_count >= processes.keep then return forget(process) end
  dead_count = dead_count + 1
  process.namesake = dead[process.pid]
  dead[process.pid] = process
end

-- The process of an event, known or not.
function processes.of(e)
  return begin(tasks.of(e.tid, e.pid).process, nil, e.time)
end

local function on_task(e)
  local task = tasks.appear(e)
  local process = begin(task.process, live[e.raw[1]], e.time)
  process.ppid = e.raw[1]
  process.thread_count = process.thread_count + 1
  task.comm = e:piece(1, "self")
  if e.tid == e.pid or not process.comm then
    process.comm, process.argv, process.exe = task.comm, e:strings(2), e:piece(3, "self")
  end
end

local function on_fork(e)
  local creator = processes.of(e)
  local stale = e.raw[3] & CLONE_THREAD == 0 and live[e.raw[2]]
  local task, parent, flags = tasks.fork(e)
  if stale and stale.serial then bury(stale) end
  local foreign = creator.foreign or creator.children_foreign or flags & CLONE_NEWPID ~= 0
  if flags & CLONE_PARENT ~= 0 then creator = creator.parent end
  local process = begin(task.process, creator, e.time)
  if process ~= creator then process.foreign = foreign or nil end
  process.thread_count = process.thread_count + 1
  task.comm = parent.comm
end

-- The path is resolved before the descriptors to be closed are: fexecve's is often one of them.
local function on_exec(e)
  local process = processes.of(e)
  e.path = paths.resolve(e.tid, e.pid, int(e.raw[2]), e:piece(1, "self"),
    e.raw[3] & AT_EMPTY_PATH ~= 0)
  local task = tasks.exec(e)
  task.comm = e:piece(3, "self") or task.comm
  process.comm, process.argv = task.comm, e:strings(2)
  process.exe = e:piece(4, "self") or e.path
  process.thread_count = 1
end

local function on_exit(e)
  local process = processes.of(e)
  e.process, e.comm = process, processes.comm(e.tid, e.pid)
  if e.raw[2] ~= 0 then process.peak_rss = math.max(process.peak_rss or 0, e.raw[2]) end
  tasks.exit(e)
  if e.raw[1] == 0 then return end
  local status = e.status
  process.finish, process.exit_status = e.time, status
  process.exit_code = processes.exit_code(status)
  local number = processes.exit_signal(status)
  process.exit_signal = number and (core.signal(number) or tostring(number))
  process.core = number and status & 0x80 ~= 0 or nil
  process.tasks = {}
  bury(process)
end

local function on_prctl(e)
  if e.error or int(e.raw[1]) ~= PR_SET_NAME then return end
  local name = e.args[2]
  if type(name) ~= "string" then return end
  local task = tasks.of(e.tid, e.pid)
  task.comm = name:sub(1, COMM_LENGTH)
  if e.tid == e.pid then processes.of(e).comm = task.comm end
end

local function on_unshare(e)
  if not e.error and e.raw[1] & CLONE_NEWPID ~= 0 then processes.of(e).children_foreign = true end
end

processes.model = {
  calls = {prctl = on_prctl, unshare = on_unshare},
  records = {task = on_task, fork = on_fork, exec = on_exec, exit = on_exit},
  needs = {},
}

-- ---- what the fields ask

-- What a wait status says: the exit code, or nil; the signal's number, or nil.
function processes.exit_code(status)
  if status & 0x7f == 0 then return status >> 8 & 0xff end
end

function processes.exit_signal(status)
  local number = status & 0x7f
  if number ~= 0 and number ~= 0x7f then return number end
end

-- wait4: a status word; waitid: a siginfo. Fills `out` with child, code, number and core.
local function waited_status(e, row, out)
  out.child = e.ret
  local status = e.args[row.status]
  if not status then return out end
  out.code, out.number = processes.exit_code(status), processes.exit_signal(status)
  out.core = out.number and status & 0x80 ~= 0 or nil
  return out
end

local function waited_info(e, row, out)
  local info = e.args[row.info]
  if type(info) ~= "table" or not info.si_pid or info.si_pid == 0 then return out end
  out.child = info.si_pid
  if info.si_code == CLD_EXITED then
    out.code = info.si_status
  elseif info.si_code and info.si_code <= CLD_DUMPED then
    out.number, out.core = info.si_status, info.si_code == CLD_DUMPED or nil
  end
  return out
end

-- One part of what a wait call told: "child", "code", "number" or "core".
function processes.waited(e, part)
  local row = calls[e.syscall]
  if not row or row[1] ~= "wait" or e.error or not e.ret then return nil end
  if row.info then return waited_info(e, row, {})[part] end
  return e.ret > 0 and waited_status(e, row, {})[part] or nil
end

-- RECORD_SIGNAL: the pid that sent it, when a process did (kill, sigqueue, tgkill: codes <= 0).
function processes.signal_sender(e)
  if int(e.raw[1]) <= 0 and e.raw[2] > 0 then return e.raw[2] end
end

-- RECORD_SIGNAL: the child a SIGCHLD is about.
function processes.signal_child(e)
  if e.num == SIGCHLD and int(e.raw[1]) > 0 then return e.raw[2] end
end

-- RECORD_SIGNAL: the address whose access raised it.
function processes.signal_address(e)
  if FAULT_SIGNALS[e.num] and int(e.raw[1]) > 0 then return e.raw[4] end
end

return processes
