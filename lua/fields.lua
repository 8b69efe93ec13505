-- SPDX-License-Identifier: MIT
--
-- fields: what an event can be asked, and how the answer is found: from the call's arguments by the
-- roles in calls.lua, from the models, or from the record. Each is read when first touched, so a
-- field nobody asks for costs nothing. An absent value is nil. Names are the same in Lua, in JSON
-- lines and in every output.

local calls = require "compendium.calls"
local core = require "compendium.core"
local faults = require "compendium.faults"
local fds = require "compendium.fds"
local noise = require "compendium.noise"
local paths = require "compendium.paths"
local processes = require "compendium.processes"
local samples = require "compendium.samples"
local sockets = require "compendium.sockets"
local waits = require "compendium.waits"

local AT_REMOVEDIR <const>, AT_EMPTY_PATH <const> = 0x200, 0x1000
local O_ACCMODE <const>, O_WRONLY <const>, O_RDWR <const>, O_CREAT <const> = 3, 1, 2, 0x40
local CREAT_FLAGS <const> = 0x241 -- O_CREAT | O_WRONLY | O_TRUNC
local NOT_TAKEN <const> = 2 | 0x2000 -- MSG_PEEK, MSG_ERRQUEUE
local PAGE <const> = 4096
local NODE_KINDS <const> = {
  [0] = "file", [0x1000] = "fifo", [0x2000] = "device", [0x6000] = "device", [0x8000] = "file",
  [0xc000] = "socket",
}
local SHUTDOWNS <const> = {[0] = "read", "write", "both"}
-- What an event on such a descriptor is about; anything else with a path is a file.
local KIND_CLASSES <const> =
  {socket = "network", pipe = "descriptor", tty = "descriptor", anon = "descriptor", unknown = "descriptor"}

-- By name. Types: integer, boolean, string (text), bytes (any), list (of bytes), file (a description, see
-- compendium.fds; JSON has its kind and name), table (in Lua only).
local all = {}
local NO_ROW <const> = {}

local function field(name, type, doc, get)
  all[name] = {type = type, doc = doc, get = get}
end

local LOST_KINDS <const> = -- ORDER enum record_kind
  {[1] = "call", [11] = "fault", [15] = "wait for a CPU", [16] = "block request"}

local function row_of(e)
  return calls[e.syscall] or NO_ROW
end

-- A register as the kernel reads an int.
local function int(value)
  return (value & 0x7fffffff) - (value & 0x80000000)
end

local function argument(role)
  return function(e)
    local i = row_of(e)[role]
    return i and e.args[i]
  end
end

-- ---- who and what

local types -- of events.lua, which needs this module first

field("class", "string", "file, descriptor, network, memory, process, signal or trace", function(e)
  types = types or require("compendium.events").types
  local row = types[e.type]
  local class = row and row.class
  if class ~= "descriptor" then return class end
  local file = e.file or e.to_file
  if not file then return class end
  return KIND_CLASSES[file.kind] or "file"
end)
field("noise", "string", "name of the noise rule that hides the event's line", noise.name)
field("process", "table", "the process: see compendium.processes", processes.of)
field("comm", "bytes", "name of the task, as ps shows it", function(e) return processes.comm(e.tid, e.pid) end)

-- ---- descriptors

local function first_argument(e) return int(e.raw[1]) end

-- Where the descriptor is when the row says more than true.
local NEW_FDS <const> = {
  ["if F_DUPFD"] = function(e) return fds.fcntl_dups(e) and e.ret or first_argument(e) end,
  ["if made"] = function(e) return fds.bpf_makes_fd(e) and e.ret or -1 end,
}

field("fd", "integer", "the descriptor acted on, or made", function(e)
  local row = row_of(e)
  local i = row.fd or row.first
  local fd
  if i then
    fd = int(e.raw[i])
  elseif row.new_fd then
    local find = NEW_FDS[row.new_fd]
    fd = find and find(e) or e.ret
  end
  return fd and fd >= 0 and fd or nil
end)
field("file", "file", "what `fd` is: see compendium.fds", function(e)
  if row_of(e)[1] == "close" and e.kind == "call" and not e.unfinished then return nil end -- the model assigned it
  local fd = e.fd
  return fd and fds.lookup(e.tid, e.pid, fd)
end)
field("from", "integer", "the descriptor that was duplicated", function(e)
  local i = e.type == "dup" and row_of(e).from
  return i and int(e.raw[i]) or nil
end)
field("listener", "integer", "the descriptor a connection was accepted from", function(e)
  local i = row_of(e).listener
  return i and int(e.raw[i])
end)
field("to_fd", "integer", "the descriptor copied to", function(e)
  local i = row_of(e).to_fd
  return i and int(e.raw[i])
end)
field("to_file", "file", "what `to_fd` is", function(e)
  local fd = e.to_fd
  return fd and fds.lookup(e.tid, e.pid, fd)
end)
field("last", "integer", "close_range: the last descriptor of the range", function(e)
  local i = row_of(e).last
  return i and e.raw[i] & 0xffffffff
end)
field("closed", "table", "close_range: the files that were closed, by descriptor", nil)
field("replaced", "file", "dup: the file that the descriptor was before", nil)
field("read_fd", "integer", "the end of a pipe to read from, or the first socket of a pair", function(e)
  local i = row_of(e).ends
  local ends = i and not e.error and e.args[i]
  return ends and ends[1]
end)
field("write_fd", "integer", "the end of a pipe to write to, or the second socket of a pair", function(e)
  local i = row_of(e).ends
  local ends = i and not e.error and e.args[i]
  return ends and ends[2]
end)

-- ---- paths

local function path_argument(e, row, path, dirfd)
  local text = e.args[row[path]]
  local from = row[dirfd] and e.args[row[dirfd]]
  local empty = row.at_flags and e.raw[row.at_flags] & AT_EMPTY_PATH ~= 0
  if empty and not text and e.raw[row[path]] == 0 then text = "" end -- allowed since Linux 6.11
  return paths.resolve(e.tid, e.pid, from, text, empty)
end

field("path", "bytes", "absolute path; of what the descriptor is when the call has none", function(e)
  local row = row_of(e)
  if row.path then return path_argument(e, row, "path", "dirfd") end
  if e.kind == "fault" then
    local region = e.region
    return region and region.kind == "file" and region.path or nil
  end
  local file = e.file
  return file and file.path
end)
field("to", "bytes", "the new name; where a copy went", function(e)
  local row = row_of(e)
  if row.to then return path_argument(e, row, "to", "to_dirfd") end
  local file = e.to_file
  return file and file.name
end)
field("target", "bytes or integer", "what a link points to; kill: the pid", function(e)
  local row = row_of(e)
  if row.raw then return e.args[row.target] end
  if row.target then return path_argument(e, row, "target", "target_dirfd") end
  if row.pid and row.signal then return int(e.raw[row.pid]) end
  if row.pidfd then
    local file = fds.lookup(e.tid, e.pid, int(e.raw[row.pidfd]))
    return file and file.target
  end
  if row.result and not e.error then return e.args[row.result] end
end)
field("directory", "boolean", "the name removed is a directory's", function(e)
  local row = row_of(e)
  if row[1] ~= "remove" then return nil end
  return row.what == "directory" or (row.flags and e.raw[row.flags] & AT_REMOVEDIR ~= 0) or false
end)
field("symbolic", "boolean", "the link is a symbolic one", function(e)
  local row = row_of(e)
  return row.target and row.raw == true or nil
end)
field("source", "bytes", "mount: what is mounted", argument("source"))
field("filesystem", "bytes", "mount: which kind of file system", argument("filesystem"))

-- ---- arguments

local function open_how(e, key)
  local row = row_of(e)
  local how = row.how and e.args[row.how]
  return how and how[key]
end

field("flags", "integer", "the call's flags, or a new task's clone flags", function(e)
  local row = row_of(e)
  if row.flags then return e.args[row.flags] end
  if row.how then return open_how(e, "flags") end
  if row.creates then return CREAT_FLAGS end
  if e.kind == "fork" then return e.raw[3] end
end)
field("mode", "integer", "permission bits given", function(e)
  local row = row_of(e)
  if row.how then return open_how(e, "mode") end
  return row.mode and e.args[row.mode]
end)
field("writable", "boolean", "opened to write", function(e)
  local flags = row_of(e)[1] == "open" and e.flags
  if not flags then return nil end
  local access = flags & O_ACCMODE
  return access == O_WRONLY or access == O_RDWR
end)
field("created", "boolean", "was to be created if it did not exist (O_CREAT)", function(e)
  local flags = row_of(e)[1] == "open" and e.flags
  return flags and flags & O_CREAT ~= 0 or nil
end)
field("size", "integer", "bytes asked for; brk: how much the heap grew; fault: of the pages touched", function(e)
  if e.kind == "fault" then return e.pages * PAGE end
  return argument("size")(e)
end)
field("offset", "integer", "position in the file, in bytes", function(e)
  if e.kind == "fault" then
    local region = e.region
    return region and region.offset and region.offset + ((e.addr & ~(PAGE - 1)) - region.addr)
  end
  local row = row_of(e)
  local offset = row.offset and e.args[row.offset]
  return offset and row.pages and offset * PAGE or offset
end)
field("prot", "integer", "PROT_ bits", function(e)
  if e.kind == "fault" then return e.region and e.region.prot end
  return argument("prot")(e)
end)
field("uid", "integer", "new owner", argument("uid"))
field("gid", "integer", "new group", argument("gid"))
field("argv", "list", "the program's arguments", function(e)
  if e.kind == "exec" or e.kind == "task" then return e:strings(2) end
  local i = row_of(e).argv
  return i and e.args[i]
end)
field("addr", "integer", "address of memory: mapped, faulted, or where a signal came from", function(e)
  if e.kind == "fault" then return (faults.of(e)) end
  if e.kind == "signal" then return processes.signal_address(e) end
  local row = row_of(e)
  if row[1] == "mmap" then return not e.error and e.ret or nil end
  return argument("addr")(e)
end)
field("old_addr", "integer", "mremap: address before", nil)
field("old_size", "integer", "mremap: size before", argument("old_size"))

-- ---- transfers

field("bytes", "integer", "how many were moved; block: asked for", function(e)
  if e.kind == "block" then return e.raw[1] end
  local ret = e.ret
  if not ret or ret < 0 then return nil end
  local row = row_of(e)
  if row.many then return sockets.message_bytes(e, row) end
  return row.bytes and ret or nil
end)
field("peek", "boolean", "the bytes stay queued (MSG_PEEK), or are a report (MSG_ERRQUEUE)", function(e)
  local row = row_of(e)
  if e.type ~= "recv" or not row.flags then return nil end
  return e.raw[row.flags] & NOT_TAKEN ~= 0
end)
-- One part of the address that `side` finds.
local function part_of(side, part)
  return function(e)
    local address = sockets[side](e)
    return address and address[part]
  end
end

field("protocol", "string", "tcp4, tcp6, udp4, udp6, unix, netlink or other", function(e)
  return sockets.protocol(e)
end)
field("local", "bytes", "own address: 10.0.0.1:80, [::1]:80, a unix path or @abstract name", part_of("here", "text"))
field("local_address", "bytes", "the same as local, which is a keyword in Lua", part_of("here", "text"))
field("local_host", "string", "own address without the port", part_of("here", "host"))
field("local_port", "integer", "own port", part_of("here", "port"))
field("remote", "bytes", "the peer's address; of this datagram when it has its own", part_of("there", "text"))
field("remote_address", "bytes", "the same as remote", part_of("there", "text"))
field("remote_host", "string", "the peer's address without the port", part_of("there", "host"))
field("remote_port", "integer", "the peer's port", part_of("there", "port"))
field("in_progress", "boolean", "connect: it goes on in the background", function(e)
  return e.syscall == "connect" and e.error == "EINPROGRESS" or nil
end)

-- ---- processes and signals

field("child", "integer", "pid (thread: tid) of the new task, or of the child that ended (wait, SIGCHLD)", function(e)
  if e.kind == "fork" then return e.raw[1] end
  if e.kind == "signal" then return processes.signal_child(e) end
  return processes.waited(e, "child")
end)
field("exe", "bytes", "path of the program that runs now", function(e)
  if e.kind == "exec" or e.kind == "task" then
    local process = e.process
    return process and process.exe
  end
end)
field("code", "integer", "exit status; signal: si_code", function(e)
  if e.kind == "exit" then return processes.exit_code(e.status) end
  if e.kind == "signal" then return int(e.raw[1]) end
  return processes.waited(e, "code")
end)
field("signal", "string", "SIGTERM ...", function(e)
  local number = e.number
  return number and number > 0 and core.signal(number) or nil
end)
field("number", "integer", "the signal's number", function(e)
  local kind = e.kind
  if kind == "signal" or kind == "stop" or kind == "note" then return e.num end
  if kind == "exit" then return processes.exit_signal(e.status) end
  local i = row_of(e).signal
  if i then return int(e.raw[i]) end
  return processes.waited(e, "number")
end)
field("core", "boolean", "the memory was dumped to a file", function(e)
  if e.kind == "exit" then return processes.exit_signal(e.status) and e.status & 0x80 ~= 0 or nil end
  return processes.waited(e, "core")
end)
field("whole", "boolean", "the last task of its process ended", function(e)
  if e.kind == "exit" then return e.raw[1] ~= 0 end
end)
field("peak_rss", "integer", "most memory the process had at a time, in bytes", function(e)
  if e.kind == "exit" and e.raw[2] ~= 0 then return e.raw[2] end
end)
field("sender", "integer", "pid of the process that sent the signal", function(e)
  if e.kind == "signal" then return processes.signal_sender(e) end
end)

-- ---- the trace itself

field("count", "integer", "how many events are missing", function(e)
  if e.kind == "lost" then return e.raw[1] end
end)
field("during", "integer", "in how many ns the events were lost, where losses are told of once a second", function(e)
  if e.kind == "lost" and e.raw[3] ~= 0 then return e.raw[3] end
end)
field("total", "integer", "how many events of that kind are missing up to now, where losses are told of once a second",
  function(e)
    if e.kind == "lost" and e.raw[4] ~= 0 then return e.raw[4] end
  end)
field("ip", "integer", "address of the instruction", function(e)
  if e.kind == "fault" then return e.raw[2] end
end)
field("major", "boolean", "the page came from the disk", function(e)
  if e.kind == "fault" then return e.raw[3] ~= 0 end
end)
field("in_kernel", "boolean", "fault: in the kernel on behalf of the program, as in a read into new memory", function(e)
  if e.kind == "fault" then return e.raw[4] ~= 0 end
end)
field("pages", "integer", "fault: how many pages were touched, each after the one before", function(e)
  if e.kind == "fault" then return (select(2, faults.of(e))) end
end)
field("again", "integer", "fault: how many of the pages had been touched before: copied when written after fork, or "
  .. "read first and then written, or back from swap", function(e)
  if e.kind == "fault" then return (select(4, faults.of(e))) end
end)
field("region", "table", "fault: the region touched, see compendium.memory", function(e)
  if e.kind == "fault" then return (select(3, faults.of(e))) end
end)
field("what", "string", "which of the things that an event of this type can be", function(e)
  if e.kind == "fault" then return faults.what(e) end
  if e.kind == "lost" then return LOST_KINDS[e.raw[2]] end
  if e.kind == "sched" or e.kind == "block" then return waits.what(e) end
  local row = row_of(e)
  if row.what then return row.what end
  if row[1] == "create" then return NODE_KINDS[(e.mode or 0) & 0xf000] end
  if row[1] == "shutdown" then return SHUTDOWNS[int(e.raw[2])] end
end)

-- ---- what only one kind of event has

for _, module in ipairs {waits, samples} do
  for name, row in pairs(module.fields) do field(name, row.type, row.doc, row.get) end
end

return {all = all, kind_classes = KIND_CLASSES}
