-- SPDX-License-Identifier: MIT
--
-- strace: the independent witness. Runs a program under Debian's strace and turns what that wrote
-- into an account of the same shape as witness.lua writes under compendium:
--     calls[program][call] = how many completed          program: path of the executable
--     opens[program][path .. " " .. (error or "ok")] = how many
--     files[path] = {read = bytes, written = bytes}      every program's together
--     peers[peer] = {sent = bytes, received = bytes}     "tcp4 127.0.0.1:80", "unix /run/socket"
--     pipes[program] = {read = bytes, written = bytes}

local h <const> = require "tests.live.harness"

local strace = {}

-- -xx: no byte of a name can be mistaken for syntax. -yy: names of descriptors, ends of sockets.
function strace.run(argv, options, output)
  local arguments = {h.which.strace, "-f", "-yy", "-xx", "-s", "0", "-o", output, "--"}
  return h.run(h.join(arguments, argv), options)
end

local function unhex(text)
  return (text:gsub("\\x(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

-- Lines -> calls {tid, name, args, result, rest}, by the time they were entered. A line that is neither
-- a call, a signal nor an exit is an error: nothing is skipped unseen.
function strace.parse(text)
  local calls, open = {}, {}
  for line in text:gmatch "[^\n]+" do
    local tid, body = line:match "^(%d+) +(.*)$"
    assert(tid, "strace wrote: " .. line)
    if body:match "^<%.%.%. " then
      local call = assert(open[tid], line)
      open[tid] = nil
      call.body = call.body .. body:match "^<%.%.%. [%w_]+ resumed>(.*)$"
    elseif body:match "^[%w_]+%(" then
      local call = {tid = tonumber(tid), body = body}
      calls[#calls + 1] = call
      if body:match " <unfinished %.%.%.>$" then
        call.body = body:match "^(.*) <unfinished %.%.%.>$"
        open[tid] = call
      end
    else
      assert(body:match "^%-%-%- " or body:match "^%+%+%+ ", "strace wrote: " .. line)
    end
  end
  for _, call in ipairs(calls) do
    call.name = call.body:match "^([%w_]+)%("
    local args, result, rest = call.body:match "^[%w_]+%((.*)%) += (%-?%w+)(.*)$"
    call.args, call.result, call.rest = args or call.body, tonumber(result), rest or ""
    call.error = call.result and call.result < 0 and rest:match "^ (E%u+%d*%u*)"
  end
  return calls
end

-- What stands in <> after a descriptor: {kind = "file"|"pipe"|"tcp4"..., path, remote, inode}.
local function descriptor(text)
  local protocol, ends = text:match "^(%u[%w%-]*):%[(.*)%]$"
  if protocol then
    local inode = ends:match "^%d+"
    local remote = ends:match "%->(.*)$"
    if protocol:match "^UNIX" then
      return {kind = "unix", inode = inode}
    end
    local kind = protocol:match "^TCP" and "tcp" or protocol:match "^UDP" and "udp" or "other"
    return {kind = kind .. (protocol:match "v6$" and "6" or "4"), remote = remote, inode = inode}
  end
  local path = unhex(text:match "^([^<]*)")
  if path:match "^pipe:" then
    return {kind = "pipe"}
  elseif path:match "^/" then
    return {kind = "file", path = path:gsub("%(deleted%)$", "")}
  end
  return {kind = "other"}
end

-- Calls that move bytes: which of their descriptors is read and which written.
local READS <const>, WRITES <const>, COPIES <const> = {}, {}, {}
for name in ("read pread64 readv preadv preadv2 recvfrom recvmsg recv"):gmatch "%S+" do
  READS[name] = true
end
for name in ("write pwrite64 writev pwritev pwritev2 sendto sendmsg send"):gmatch "%S+" do
  WRITES[name] = true
end
COPIES.sendfile, COPIES.sendfile64 = {from = 2, to = 1}, {from = 2, to = 1}
COPIES.copy_file_range, COPIES.splice = {from = 1, to = 2}, {from = 1, to = 2}

local function add(account, key, field, amount)
  local entry = account[key] or {}
  account[key] = entry
  entry[field] = (entry[field] or 0) + amount
end

local Reader = {}
Reader.__index = Reader

function Reader:moved(fd, program, direction, bytes)
  if fd.kind == "file" then
    add(self.account.files, fd.path, direction, bytes)
  elseif fd.kind == "pipe" then
    add(self.account.pipes, program, direction, bytes)
  elseif fd.kind:match "^tcp" or fd.kind:match "^udp" or fd.kind == "unix" then
    local remote = fd.kind == "unix" and self.unix[fd.inode] or fd.remote
    if remote then
      add(self.account.peers, fd.kind .. " " .. remote, direction == "read" and "received" or "sent", bytes)
    end
  end
end

-- The descriptors among a call's arguments. Names are all \x.., so that "->" is an arrow.
local function descriptors(args)
  local fds = {}
  for at in (", " .. args):gmatch ", %d+()<" do
    local rest = args:sub(at - 1)
    fds[#fds + 1] = descriptor(rest:match "^(%u[%w%-]*:%[.-%])>%f[,%z]" or rest:match "^([^<>]*)")
  end
  return fds
end

function Reader:bytes(call, program)
  local fds = descriptors(call.args)
  if not fds[1] or call.args:match "MSG_PEEK" then
    return
  end
  local copy <const> = COPIES[call.name]
  if READS[call.name] then
    self:moved(fds[1], program, "read", call.result)
  elseif WRITES[call.name] then
    self:moved(fds[1], program, "written", call.result)
  elseif copy then
    self:moved(fds[copy.from], program, "read", call.result)
    self:moved(fds[copy.to], program, "written", call.result)
  elseif call.name == "sendmmsg" or call.name == "recvmmsg" then
    for size in call.args:gmatch "msg_len=(%d+)" do
      self:moved(fds[1], program, call.name == "sendmmsg" and "written" or "read", tonumber(size))
    end
  end
end

local function absolute(folder, name)
  if name:sub(1, 1) == "/" then
    return name
  end
  return name == "" and folder or (folder == "/" and "" or folder) .. "/" .. name
end

function Reader:opened(call, process)
  local folder, name = call.args:match '^[%w_]+<([^<>]*)>, "([^"]*)"'
  if folder then
    folder = unhex(folder)
  else -- open has no descriptor whose name strace could tell
    folder, name = process.cwd, call.args:match '^"([^"]*)"'
  end
  if name then
    local path = absolute(folder, unhex(name))
    add(self.account.opens, process.program, path .. " " .. (call.error or "ok"), 1)
  end
end

function Reader:moved_to(call, process)
  local name = call.args:match '^"([^"]*)"'
  process.cwd = name and absolute(process.cwd, unhex(name)) or unhex(call.args:match "^%d+<([^<>]*)>")
end

function Reader:connected(call)
  local inode, path = call.args:match '^%d+<UNIX[^<>]-%[(%d+).-sun_path="([^"]*)"'
  if inode then
    self.unix[inode] = unhex(path)
  end
end

-- Who a new task is: a thread shares its creator's program, a process starts with a copy.
function Reader:created(call, process)
  if call.name:match "clone" and call.args:match "CLONE_THREAD" then
    self.processes[call.result] = process
  else
    self.processes[call.result] = {program = process.program, cwd = process.cwd}
  end
end

local OPENS <const> = {open = true, openat = true, openat2 = true, creat = true}
local FORKS <const> = {fork = true, vfork = true, clone = true, clone3 = true}

function Reader:call(call)
  local process = self.processes[call.tid] or {program = "?", cwd = self.cwd}
  self.processes[call.tid] = process
  if call.name == "execve" and call.result == 0 then
    local path = unhex(call.args:match '^"([^"]*)"')
    process.program = h.process.realpath(path) or path
  end
  if not call.result then
    return -- it never returned, or is restarted by the kernel and seen again
  end
  local program <const> = process.program
  add(self.account.calls, program, call.name, 1)
  if FORKS[call.name] and call.result > 0 then
    self:created(call, process)
  elseif OPENS[call.name] then
    self:opened(call, process)
  elseif (call.name == "chdir" or call.name == "fchdir") and call.result == 0 then
    self:moved_to(call, process)
  elseif call.name == "connect" then
    self:connected(call)
  end
  if call.result > 0 then
    self:bytes(call, program)
  end
end

-- `cwd`: the folder the program was started in.
function strace.account(text, cwd)
  local account = {calls = {}, opens = {}, files = {}, peers = {}, pipes = {}}
  local reader = setmetatable({account = account, processes = {}, unix = {}, cwd = cwd}, Reader)
  for _, call in ipairs(strace.parse(text)) do
    reader:call(call)
  end
  return account
end

return strace
