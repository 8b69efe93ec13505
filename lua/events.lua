-- SPDX-License-Identifier: MIT
--
-- events: what can happen to a program, as tables. Each type has its class, what it means, which
-- fields it carries and which calls, kinds of record and models it takes to see it; hooks.lua binds
-- only those. The models attribute, the fields (fields.lua) are read on touch. The step between
-- the script host and the sinks.
--
-- A type is decided by fact: a read of a socket is a "recv", a fork that shares the thread group is
-- a "thread", whatever the call was named.

local calls = require "compendium.calls"
local faults = require "compendium.faults"
local fds = require "compendium.fds"
local fields = require "compendium.fields"

local CLONE_THREAD <const> = 0x10000
local CLOSE_RANGE_CLOEXEC <const> = 4
-- F_SETLK, F_SETLKW, i386's F_SETLK64, F_SETLKW64, and F_OFD_SETLK, F_OFD_SETLKW
local LOCK_COMMANDS <const> =
  {[6] = true, [7] = true, [13] = true, [14] = true, [37] = true, [38] = true}
local SPLICE_WRITABLE <const> = {write = true, read = false}

-- ---- the types. `class` "descriptor" means: the class of what the descriptor is (fields.class).
-- `needs`: the models; "processes" is always one of them, for comm and the tree. `asked`: to see it costs so much
-- that it takes more than an output that could show it: the `option`, or a script that names it. "live": but for a
-- recording's.

local types = {
  open = {class = "file", needs = {"fds"}, fields = {"path", "fd", "file", "flags", "mode", "writable", "created"},
    doc = "a file was opened; `created` when it was asked to be made if absent"},
  close = {class = "descriptor", needs = {"fds"}, fields = {"fd", "path", "file", "last", "closed"},
    doc = "a descriptor was closed; `file` is what it was. close_range: `fd` to `last`, `closed` lists them"},
  read = {class = "descriptor", needs = {"fds"}, fields = {"fd", "path", "file", "bytes", "offset"},
    doc = "bytes were read from anything but a socket; 0 bytes is the end"},
  write = {class = "descriptor", needs = {"fds"}, fields = {"fd", "path", "file", "bytes", "offset"},
    doc = "bytes were written to anything but a socket"},
  send = {class = "network", needs = {"fds", "sockets"},
    fields = {"fd", "file", "bytes", "protocol", "local", "remote", "flags"},
    doc = "bytes were sent through a socket, by any call; one event per message"},
  recv = {class = "network", needs = {"fds", "sockets"},
    fields = {"fd", "file", "bytes", "protocol", "local", "remote", "flags", "peek"},
    doc = "bytes were received from a socket, by any call. `peek`: they stay queued and come again, "
      .. "so do not add them up"},
  copy = {class = "descriptor", needs = {"fds"},
    fields = {"fd", "to_fd", "file", "to_file", "path", "to", "bytes"},
    doc = "the kernel moved bytes from one descriptor to another: sendfile, splice, tee, copy_file_range"},
  list = {class = "file", needs = {"fds"}, fields = {"fd", "path", "file", "bytes"},
    doc = "names were read from a directory"},
  sync = {class = "file", needs = {"fds"}, fields = {"fd", "path", "file"},
    doc = "a file's content was forced to the disk; without fd: of everything"},
  lock = {class = "file", needs = {"fds"}, fields = {"fd", "path", "file"},
    doc = "a file was locked or unlocked: flock, fcntl"},

  socket = {class = "network", needs = {"fds", "sockets"}, fields = {"fd", "file", "protocol"},
    doc = "a socket was made"},
  connect = {class = "network", needs = {"fds", "sockets"},
    fields = {"fd", "file", "protocol", "remote", "local", "in_progress"},
    doc = "a connection was asked for; `in_progress`: it is not made yet"},
  bind = {class = "network", needs = {"fds", "sockets"}, fields = {"fd", "file", "protocol", "local"},
    doc = "a socket was given its own address"},
  listen = {class = "network", needs = {"fds", "sockets"}, fields = {"fd", "file", "protocol", "local"},
    doc = "a socket waits for connections"},
  accept = {class = "network", needs = {"fds", "sockets"},
    fields = {"fd", "file", "listener", "protocol", "remote", "local"},
    doc = "a connection came in as descriptor `fd`"},
  shutdown = {class = "network", needs = {"fds", "sockets"},
    fields = {"fd", "file", "protocol", "remote", "local", "what"},
    doc = "one or both directions of a connection were ended; `what`: read, write or both"},

  pipe = {class = "descriptor", needs = {"fds"}, fields = {"read_fd", "write_fd", "protocol", "what"},
    doc = "a pipe was made, or a pair of sockets: then both ends do both. `what`: pipe or socketpair"},
  dup = {class = "descriptor", needs = {"fds"}, fields = {"fd", "from", "path", "file", "replaced"},
    doc = "descriptor `fd` now is the same as `from`; `replaced` is the file that `fd` was before"},
  special = {class = "descriptor", needs = {"fds"}, fields = {"fd", "what", "file"},
    doc = "a descriptor of something that is no file: eventfd, epoll, timerfd, memfd, pidfd ... (`what`)"},

  rename = {class = "file", needs = {"paths"}, fields = {"path", "to"}, doc = "a name was changed"},
  remove = {class = "file", needs = {"paths"}, fields = {"path", "directory"},
    doc = "a name was removed; `directory`: a directory's"},
  create = {class = "file", needs = {"paths"}, fields = {"path", "what", "mode"},
    doc = "something that is opened by name was made: directory, fifo, socket, device, file (`what`)"},
  link = {class = "file", needs = {"paths"}, fields = {"path", "target", "symbolic"},
    doc = "`path` is a new name for `target`; a symbolic link's target is the text it holds"},
  chdir = {class = "file", needs = {"paths"}, fields = {"path"}, doc = "the working directory was changed"},
  chroot = {class = "file", needs = {"paths"}, fields = {"path"}, doc = "the root directory was changed"},
  mount = {class = "file", needs = {"paths"}, fields = {"path", "source", "filesystem", "flags"},
    doc = "a file system was mounted"},
  unmount = {class = "file", needs = {"paths"}, fields = {"path", "flags"}, doc = "a file system was unmounted"},
  stat = {class = "file", needs = {"fds"}, fields = {"path", "fd", "what", "target"},
    doc = "something about a file was asked: `what` is stat, access, readlink (its `target`) or statfs"},
  truncate = {class = "file", needs = {"fds"}, fields = {"path", "fd", "size"},
    doc = "a file was cut or grown to `size`"},
  allocate = {class = "file", needs = {"fds"}, fields = {"path", "fd", "offset", "size", "flags"},
    doc = "room was made in a file, or holes: fallocate"},
  chmod = {class = "file", needs = {"fds"}, fields = {"path", "fd", "mode"}, doc = "permissions were changed"},
  chown = {class = "file", needs = {"fds"}, fields = {"path", "fd", "uid", "gid"},
    doc = "the owner was changed; an absent uid or gid is kept"},
  utime = {class = "file", needs = {"fds"}, fields = {"path", "fd"}, doc = "a file's times were set"},
  watch = {class = "file", needs = {"paths"}, fields = {"path", "flags"},
    doc = "changes of a file are to be told: inotify, fanotify"},

  mmap = {class = "memory", needs = {"fds", "memory"},
    fields = {"addr", "size", "prot", "flags", "fd", "path", "offset", "file"},
    doc = "memory was mapped; with `path`, from that file"},
  munmap = {class = "memory", needs = {"memory"}, fields = {"addr", "size"}, doc = "memory was unmapped"},
  mprotect = {class = "memory", needs = {"memory"}, fields = {"addr", "size", "prot"},
    doc = "what may be done with memory was changed"},
  brk = {class = "memory", needs = {"memory"}, fields = {"addr", "size"},
    doc = "the heap's end is `addr`; `size` is by how much it moved: 0 when only asked or refused"},
  mremap = {class = "memory", needs = {"memory"}, fields = {"addr", "size", "old_addr", "old_size"},
    doc = "a mapping was moved, grown or shrunk"},

  fork = {class = "process", records = {"fork"}, fields = {"child", "flags"},
    doc = "a process was made, by whichever call"},
  thread = {class = "process", records = {"fork"}, fields = {"child", "flags"}, doc = "a thread was made"},
  exec = {class = "process", records = {"exec"}, needs = {"paths"}, fields = {"path", "argv", "exe"},
    doc = "a program was started in place of the old one, or failed to be"},
  exit = {class = "process", records = {"exit"}, fields = {"code", "signal", "core", "peak_rss", "whole"},
    doc = "a task ended with `code`, or by `signal`; `whole`: it was the last of its process"},
  task = {class = "process", records = {"task"}, fields = {"argv", "exe"},
    doc = "a task that was there when the trace began"},
  wait = {class = "process", fields = {"child", "code", "signal", "core"},
    doc = "a parent learned how its child ended; no `child`: nothing to tell yet"},
  stop = {class = "process", records = {"stop"}, fields = {"signal", "number"},
    doc = "the process was stopped by a signal"},

  signal = {class = "signal", records = {"signal"}, fields = {"signal", "number", "sender", "code", "addr"},
    doc = "a signal arrived; `sender` when a process sent it, `addr` when a memory access caused it"},
  kill = {class = "signal", fields = {"target", "signal", "number"},
    doc = "a signal was sent; no `signal`: only asked whether it could be"},

  fault = {class = "memory", records = {"fault"}, needs = {"memory"}, asked = true, option = "faults",
    fields = {"addr", "pages", "size", "what", "prot", "path", "offset", "major", "again", "in_kernel", "ip"},
    doc = "memory was touched that was not there: `pages` of the region `what`, from `addr` on; `major`: they "
      .. "came from the disk. Only with --faults, or a script that hooks them"},
  usage = {class = "memory", records = {"usage"}, needs = {"memory"}, asked = "live", option = "faults",
    fields = {"rss", "pss", "anonymous", "swap", "huge", "heap", "mapped", "touched"},
    doc = "how much memory the process has now, asked of the kernel every 100 ms, or as want(\"usage\", \"1s\") says. "
      .. "Only when this event is hooked by name, or with --faults"},
  sched = {class = "process", records = {"sched"}, asked = true, option = "sched", fields = {"cpu", "what"},
    doc = "a task waited for a CPU, for `duration` from `time` on; `what`: woken, or preempted: it had to leave one to "
      .. "another task. Only with --sched, or a script that hooks them"},
  block = {class = "file", records = {"block"}, asked = true, option = "block_io",
    fields = {"what", "bytes", "device", "sector"},
    doc = "a task asked something of a block device, which took `duration`, waited for or not. `what`: read, write, "
      .. "flush, discard ... Only with --block-io, or a script that hooks them"},
  lost = {class = "trace", records = {"lost"}, fields = {"count", "what", "during", "total"},
    doc = "events are missing here: the program was faster than what looks at it. `during`: in that time"},
  note = {class = "trace", records = {"note"}, fields = {"number"}, doc = "the tracer has something to tell once"},
}

-- ---- which type a record is. Keys are those of core.bind: "call:NAME" or a kind of record.

local type_of = {
  fork = function(e) return e.raw[3] & CLONE_THREAD ~= 0 and "thread" or "fork" end,
  exec = "exec", exit = "exit", task = "task", stop = "stop", signal = "signal", fault = "fault",
  usage = "usage", sched = "sched", block = "block", lost = "lost", note = "note",
}

-- A row whose type depends on the descriptor.
local function by_socket(plain, socket)
  return function(e)
    local file = fds.lookup(e.tid, e.pid, e.raw[1] & 0x7fffffff)
    if not file then return plain end
    e.file = file -- somebody will ask
    return file.kind == "socket" and socket or plain
  end
end

-- Flags of a clone call that made no task: clone3 has them in memory.
local function clone_flags(e)
  if e.syscall == "clone" then return e.raw[1] end
  local args = e.syscall == "clone3" and e.args[1]
  return type(args) == "table" and args.flags or nil
end

-- fork and exec that worked are told by their records.
local function failed_fork(e)
  if not e.error then return nil end
  local flags = clone_flags(e)
  return flags and flags & CLONE_THREAD ~= 0 and "thread" or "fork"
end

local function fcntl_type(e)
  return fds.fcntl_dups(e) and "dup" or LOCK_COMMANDS[e.raw[2] & 0xffffffff] and "lock" or nil
end

local special = {
  fork = failed_fork, vfork = failed_fork, clone = failed_fork, clone3 = failed_fork,
  execve = function(e) return (e.error or e.unfinished) and "exec" or nil end,
  fcntl = fcntl_type, fcntl64 = fcntl_type,
  bpf = function(e) return fds.bpf_makes_fd(e) and "special" or nil end,
  close_range = function(e) return e.raw[3] & CLOSE_RANGE_CLOEXEC == 0 and "close" or nil end,
  vmsplice = function(e)
    local file = e.file
    return file and SPLICE_WRITABLE[file.pipe_end] == false and "read" or "write"
  end,
}
special.execveat = special.execve

-- What else the functions above can answer, so that a hook on that type binds the call.
local also = {
  fork = {"thread"}, vfork = {"thread"}, clone = {"thread"}, clone3 = {"thread"},
  fcntl = {"lock"}, fcntl64 = {"lock"}, vmsplice = {"read"},
}

local function add_call(name, type)
  local list = types[type].calls or {}
  types[type].calls = list
  list[#list + 1] = name
end

for name, row in pairs(calls) do
  type_of["call:" .. name] = special[name] or row.socket and by_socket(row[1], row.socket) or row[1]
  add_call(name, row[1])
  if row.socket then add_call(name, row.socket) end
  for _, type in ipairs(also[name] or {}) do add_call(name, type) end
end
for _, row in pairs(types) do
  row.calls, row.records, row.needs = row.calls or {}, row.records or {}, row.needs or {}
  table.sort(row.calls)
end

-- ---- calls that make several events

local MESSAGES_MAX <const> = 1024 -- the kernel's limit for one call

local function messages(e) return e.error and 1 or math.min(math.max(e.ret or 1, 1), MESSAGES_MAX) end

local split = {
  ["call:sendmmsg"] = messages, ["call:recvmmsg"] = messages, ["call:recvmmsg_time64"] = messages,
  fault = faults.split,
}

return {
  types = types,
  type_of = type_of,
  split = split,
  fields = fields.all,
  -- The models a type's `needs` names, and the order in which they see a record.
  models = {
    processes = require("compendium.processes").model,
    paths = require("compendium.paths").model,
    fds = fds.model,
    sockets = require("compendium.sockets").model,
    memory = require("compendium.memory").model,
  },
  order = {"processes", "paths", "fds", "sockets", "memory"},
}
