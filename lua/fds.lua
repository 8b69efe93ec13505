-- SPDX-License-Identifier: MIT
--
-- fds: what each descriptor is. The model turns calls into entries of the descriptor tables
-- (tables.lua); an entry is a *file description*, the kernel's open file, which dup and fork share:
--
--   kind      "file", "directory", "device", "tty", "fifo", "socket", "pipe", "anon" or "unknown"
--   path      absolute path it was opened by; nil when it has none
--   name      always something to call it by: the path, "pipe", "eventfd", "memfd:NAME" ...
--   flags     open flags as of now; writable, readable: what they allow
--   origin    how it came: "open", "socket", "accept", "pipe", "inherited", "passed" ...
--   opened    time; pid: of the process that opened it; closed: time when the last descriptor went
--   peer      the other end of a pipe or of a pair of sockets; pipe_end: "read" or "write"
--   what      "anon": eventfd, epoll, timerfd, memfd, pidfd ...; target: the pid a pidfd is for
--   protocol, remote, local   sockets: see sockets.lua;   object   its number in the report
--
-- A descriptor that cannot be known is nil, or "unknown" when it is known to be the same as another;
-- it never has a name that may be wrong. A path is the one at the time of opening: it does not follow
-- renames. /proc is never read.

local calls = require "compendium.calls"
local descriptions = require "compendium.descriptions"
local tables = require "compendium.tables"
local tasks = require "compendium.tasks"

local O_RDWR <const>, O_CLOEXEC <const> = 2, 0x80000
local SETTABLE <const> = 0x400 | 0x800 | 0x2000 | 0x4000 | 0x40000 -- APPEND NONBLOCK ASYNC DIRECT NOATIME
local F_DUPFD <const>, F_SETFD <const>, F_SETFL <const>, F_DUPFD_CLOEXEC <const> = 0, 2, 4, 1030
local FIONCLEX <const>, FIOCLEX <const> = 0x5450, 0x5451
local CLOSE_RANGE_UNSHARE <const>, CLOSE_RANGE_CLOEXEC <const> = 2, 4
local MSG_CMSG_CLOEXEC <const> = 0x40000000
local MESSAGES_MAX <const> = 1024 -- the kernel's limit for one call
local CLONE_FILES <const> = 0x400

local NONE <const> = {}

local fds = {}

local function int(value)
  return (value & 0x7fffffff) - (value & 0x80000000)
end

-- ---- what others ask

-- What descriptor fd of a process is, or nil.
function fds.file(pid, fd)
  local task = tasks.leader(pid)
  return task and tables.get(task, fd)
end

-- The same for a task, which may have a table of its own.
function fds.lookup(tid, pid, fd)
  return tables.get(tasks.of(tid, pid), fd)
end

-- All descriptors of a process: {[fd] = description}, not to be changed. Empty when it is not known.
function fds.list(pid)
  local task = tasks.leader(pid)
  return task and tables.entries(task) or {}
end

-- ---- calls that make descriptors

local STANDARD <const> = {["/dev/stdin"] = 0, ["/dev/stdout"] = 1, ["/dev/stderr"] = 2}

-- The description that a path like /dev/fd/3 or /proc/self/fd/3 opens anew, if it is one.
local function reopened(e, path)
  local fd = STANDARD[path] or path:match("^/dev/fd/(%d+)$")
  if fd then return fds.lookup(e.tid, e.pid, tonumber(fd)) end
  local who, number = path:match("^/proc/([%w-]+)/fd/(%d+)$")
  if not who then return nil end
  if who == "self" or who == "thread-self" then return fds.lookup(e.tid, e.pid, tonumber(number)) end
  return fds.file(tonumber(who) or 0, tonumber(number))
end

local function install(e, fd, description, cloexec)
  tables.install(tasks.of(e.tid, e.pid), fd, description, cloexec, e)
end

-- The new descriptor a call returned, or nil.
local function made(e)
  local ret = e.ret
  return ret and ret >= 0 and ret or nil
end

local function on_open(e)
  local fd = made(e)
  if not fd then return end
  local path, flags = e.path, e.flags or 0
  install(e, fd, descriptions.opened(e, path, flags, path and reopened(e, path)), flags & O_CLOEXEC ~= 0)
end

local function on_pipe(e)
  local ends = not e.error and e.args[1]
  if not ends or not ends[2] then return end
  local flags = e.syscall == "pipe2" and e.raw[2] or 0
  local read, write = descriptions.pipe(e, flags & SETTABLE)
  install(e, ends[1], read, flags & O_CLOEXEC ~= 0)
  install(e, ends[2], write, flags & O_CLOEXEC ~= 0)
end

local function on_socketpair(e)
  local ends = not e.error and e.args[4]
  if not ends or not ends[2] then return end
  local type = e.raw[2]
  local one, other = descriptions.pair(e, int(e.raw[1]), type, int(e.raw[3]))
  install(e, ends[1], one, type & O_CLOEXEC ~= 0)
  install(e, ends[2], other, type & O_CLOEXEC ~= 0)
end

local function on_socket(e)
  local fd = made(e)
  if not fd then return end
  local type = e.raw[2]
  install(e, fd, descriptions.socket(e, int(e.raw[1]), type, int(e.raw[3]), "socket"), type & O_CLOEXEC ~= 0)
end

local function on_accept(e)
  local fd = made(e)
  if not fd then return end
  local flags = e.syscall == "accept4" and e.raw[4] or 0
  local listener = fds.lookup(e.tid, e.pid, int(e.raw[1]))
  local socket = listener and listener.family -- known to be a socket, and which
    and descriptions.socket(e, listener.family, listener.type, listener.number, "accept")
    or descriptions.make(e, {kind = "socket", name = "socket", protocol = "other", origin = "accept"})
  socket.listener = listener
  install(e, fd, socket, flags & O_CLOEXEC ~= 0)
end

-- Where a call that makes a special descriptor says close-on-exec: {argument, bit}, or always.
local SPECIAL_CLOEXEC <const> = {
  epoll_create1 = {1, O_CLOEXEC}, eventfd2 = {2, O_CLOEXEC}, timerfd_create = {2, O_CLOEXEC},
  signalfd4 = {4, O_CLOEXEC}, inotify_init1 = {1, O_CLOEXEC}, fanotify_init = {1, 1}, memfd_create = {2, 1},
  memfd_secret = {1, O_CLOEXEC}, userfaultfd = {1, O_CLOEXEC}, perf_event_open = {5, 8}, fsopen = {2, 1},
  fspick = {3, 1}, fsmount = {2, 1}, open_tree = {3, O_CLOEXEC}, pidfd_open = true, io_uring_setup = true,
  bpf = true, landlock_create_ruleset = true, mq_open = true,
}
-- The bpf commands that return a descriptor.
local BPF_MAKES_FD <const> = {
  [0] = true, [5] = true, [7] = true, [13] = true, [14] = true, [17] = true, [18] = true, [19] = true,
  [28] = true, [30] = true, [32] = true, [33] = true, [36] = true,
}

-- Whether a bpf call is one that makes a descriptor.
function fds.bpf_makes_fd(e)
  return BPF_MAKES_FD[int(e.raw[1])] or false
end

local function special_cloexec(e)
  local where = SPECIAL_CLOEXEC[e.syscall]
  if type(where) ~= "table" then return where or false end
  return e.raw[where[1]] & where[2] ~= 0
end

local function on_special(e)
  local fd = made(e)
  local call = e.syscall
  if not fd or (call == "bpf" and not fds.bpf_makes_fd(e)) then return end
  local known = fds.lookup(e.tid, e.pid, fd)
  if known and known.what == "signalfd" and int(e.raw[1]) == fd then return end -- only its mask changed
  local what = calls[call].what
  local description = descriptions.make(e, {kind = "anon", what = what, name = what, origin = call})
  if call == "memfd_create" then description.name = "memfd:" .. (e.args[1] or "") end
  if call == "pidfd_open" then description.target = int(e.raw[1]) end
  install(e, fd, description, special_cloexec(e))
end

-- ---- dup

-- The description to share; what is not known becomes "unknown" in both places.
local function shared(e, task, fd)
  local description = tables.get(task, fd)
  if description then return description end
  description = descriptions.unknown(e, "descriptor " .. fd)
  tables.adopt(task, fd, description, false)
  return description
end

local function on_dup(e)
  local fd = made(e)
  if not fd then return end
  local task = tasks.of(e.tid, e.pid)
  tables.install(task, fd, shared(e, task, int(e.raw[1])), false, e)
end

local function on_dup2(e)
  local fd, from = made(e), int(e.raw[1])
  if not fd or fd == from then return end
  local task = tasks.of(e.tid, e.pid)
  local cloexec = e.syscall == "dup3" and e.raw[3] & O_CLOEXEC ~= 0
  e.replaced = tables.replace(task, fd, shared(e, task, from), cloexec, e)
end

-- Whether a fcntl is one that duplicates.
function fds.fcntl_dups(e)
  local command = int(e.raw[2])
  return command == F_DUPFD or command == F_DUPFD_CLOEXEC
end

local function set_status_flags(description, flags)
  description.flags = (description.flags or O_RDWR) & ~SETTABLE | flags & SETTABLE
end

local function on_fcntl(e)
  if e.error or not e.ret then return end
  local fd, command = int(e.raw[1]), int(e.raw[2])
  local task = tasks.of(e.tid, e.pid)
  if fds.fcntl_dups(e) then
    tables.install(task, e.ret, shared(e, task, fd), command == F_DUPFD_CLOEXEC, e)
  elseif command == F_SETFD then
    tables.set_cloexec(task, fd, e.raw[3] & 1 ~= 0)
  elseif command == F_SETFL then
    local description = tables.get(task, fd)
    if description then set_status_flags(description, e.raw[3]) end
  end
end

local function on_ioctl(e)
  local request = e.raw[2] & 0xffffffff
  if (request ~= FIOCLEX and request ~= FIONCLEX) or e.error then return end
  tables.set_cloexec(tasks.of(e.tid, e.pid), int(e.raw[1]), request == FIOCLEX)
end

-- The pid in a pidfd is ours unless the process lives in a PID namespace of its own.
local function on_pidfd_getfd(e)
  local fd = made(e)
  if not fd then return end
  local task = tasks.of(e.tid, e.pid)
  local pidfd = tables.get(task, int(e.raw[1]))
  local other = pidfd and pidfd.target and not task.process.foreign and tasks.leader(pidfd.target)
  local description = other and tables.get(other, int(e.raw[2]))
    or descriptions.unknown(e, "descriptor of another process", "pidfd_getfd")
  tables.install(task, fd, description, true, e)
end

-- Descriptors that came in a message. rights.lua may know whose they were.
local function on_receive(e)
  local n = e.ret
  if not n or n < 0 then return end
  local row = calls[e.syscall]
  for index = 1, row.many and math.min(n, MESSAGES_MAX) or 1 do
    for _, fd in ipairs(e:rights(index) or NONE) do
      local description = descriptions.unknown(e, "descriptor from a message", "passed")
      install(e, fd, description, e.raw[row.flags] & MSG_CMSG_CLOEXEC ~= 0)
    end
  end
end

-- ---- close

-- Any error but EBADF means that the descriptor is closed all the same.
local function on_close(e)
  if e.unfinished or e.error == "EBADF" then return end
  e.file = tables.remove(tasks.of(e.tid, e.pid), int(e.raw[1]), e)
end

local function on_close_range(e)
  if e.error or not e.ret then return end
  local task = tasks.of(e.tid, e.pid)
  local first, last, flags = e.raw[1] & 0xffffffff, e.raw[2] & 0xffffffff, e.raw[3]
  if flags & CLOSE_RANGE_UNSHARE ~= 0 then tables.unshare(task) end
  if flags & CLOSE_RANGE_CLOEXEC ~= 0 then
    tables.set_cloexec_range(task, first, last)
  else
    e.closed = tables.remove_range(task, first, last, e)
  end
end

local function on_unshare(e)
  if not e.error and e.raw[1] & CLONE_FILES ~= 0 then tables.unshare(tasks.of(e.tid, e.pid)) end
end

table.insert(tables.on_last_close, function(description, e) description.closed = e.time end)

-- What was open before the trace.
local function on_fd(e)
  local task = tasks.of(e.tid, e.pid)
  if tables.get(task, e.num) then return end
  tables.adopt(task, e.num, descriptions.inherited(e), e.raw[1] & O_CLOEXEC ~= 0)
end

-- ---- the model

local handlers = {
  pipe = on_pipe, pipe2 = on_pipe, socketpair = on_socketpair, socket = on_socket, accept = on_accept,
  accept4 = on_accept, dup = on_dup, dup2 = on_dup2, dup3 = on_dup2, fcntl = on_fcntl, fcntl64 = on_fcntl,
  ioctl = on_ioctl, pidfd_getfd = on_pidfd_getfd, close = on_close, close_range = on_close_range,
  unshare = on_unshare, recvmsg = on_receive, recvmmsg = on_receive, recvmmsg_time64 = on_receive,
}
for name, row in pairs(calls) do
  if row[1] == "open" then handlers[name] = on_open end
  if row[1] == "special" then handlers[name] = on_special end
end

fds.model = {calls = handlers, records = {fd = on_fd}, needs = {"paths"}}

return fds
