-- SPDX-License-Identifier: MIT
--
-- descriptions: making file descriptions, the kernel's open files, which descriptors that were
-- duplicated or inherited share. fds.lua says which fields one has; which numbers it has is in
-- tables.lua.

local addresses = require "compendium.addresses"

local O_ACCMODE <const>, O_WRONLY <const>, O_RDWR <const> = 3, 1, 2
local O_DIRECTORY <const>, O_TMPFILE <const> = 0x10000, 0x410000
local S_IFMT <const>, S_IFSOCK <const> = 0xf000, 0xc000
local MODE_KINDS <const> = {
  [0x1000] = "fifo", [0x2000] = "device", [0x4000] = "directory", [0x6000] = "device", [0x8000] = "file",
  [S_IFSOCK] = "socket",
}

local descriptions = {}

local function int(value)
  return (value & 0x7fffffff) - (value & 0x80000000)
end

-- A new description from the fields given.
function descriptions.make(e, description)
  local access = (description.flags or O_RDWR) & O_ACCMODE
  description.writable = access ~= 0
  description.readable = access ~= O_WRONLY
  description.refs, description.opened, description.pid = 0, e.time, e.pid
  return description
end
local make <const> = descriptions.make

local function is_tty(path)
  return path:find("^/dev/pts/%d") or path:find("^/dev/tty") or path == "/dev/console" or path == "/dev/ptmx"
end

local function kind_of_path(path, flags)
  if flags & O_DIRECTORY ~= 0 then return "directory" end
  if path and path:sub(1, 5) == "/dev/" and not path:find("^/dev/shm/") and not path:find("^/dev/mqueue/") then
    return is_tty(path) and "tty" or "device"
  end
  return "file"
end

-- What open(path, flags) made. same: the description that the path opens anew (/dev/fd/3), or nil.
function descriptions.opened(e, path, flags, same)
  if same then
    return make(e, {
      kind = same.kind, path = same.path, name = same.name, what = same.what, flags = flags, origin = "open",
      pipe = same.pipe, peer = same.peer, pipe_end = same.pipe_end,
    })
  end
  if flags & O_TMPFILE == O_TMPFILE then
    return make(e, {kind = "file", name = (path or "") .. " (unnamed file)", flags = flags, origin = "open"})
  end
  return make(e, {
    kind = path and kind_of_path(path, flags) or "unknown", path = path, name = path or "file", flags = flags,
    origin = "open",
  })
end

-- Something that is open and of which no more is known.
function descriptions.unknown(e, name, origin)
  return make(e, {kind = "unknown", name = name, origin = origin or "unknown"})
end

-- A socket of that family, type and protocol, as socket() takes them.
function descriptions.socket(e, family, type, protocol, origin)
  local name = addresses.protocol(family, type, protocol)
  return make(e, {
    kind = "socket", name = name, protocol = name, family = family, type = type & 0xf, number = protocol,
    origin = origin,
  })
end

local function pipe_end(e, pipe, which, flags)
  local description = make(e, {
    kind = "pipe", name = pipe.name, pipe = pipe, pipe_end = which, flags = flags, origin = "pipe",
  })
  pipe[which] = description
  local other = pipe[which == "read" and "write" or "read"]
  if other then description.peer, other.peer = other, description end
  return description
end

local pipes_made = 0

-- The two ends of a new pipe: the one to read from, the one to write to.
function descriptions.pipe(e, flags)
  pipes_made = pipes_made + 1
  local pipe = {id = pipes_made, name = "pipe"}
  return pipe_end(e, pipe, "read", flags), pipe_end(e, pipe, "write", flags | O_WRONLY)
end

-- Two sockets that are connected to each other.
function descriptions.pair(e, family, type, protocol)
  local one = descriptions.socket(e, family, type, protocol, "pair")
  local other = descriptions.socket(e, family, type, protocol, "pair")
  one.peer, other.peer = other, one
  return one, other
end

-- ---- what was open before the trace

-- Ends of pipes and sockets are the same wherever their inode is.
local by_inode = setmetatable({}, {__mode = "v"})

local function inherited_pipe(e, inode, flags)
  local key = "pipe " .. inode
  local pipe = by_inode[key] or {id = inode, name = "pipe"}
  by_inode[key] = pipe
  local which = flags & O_ACCMODE == O_WRONLY and "write" or "read"
  local known = pipe[which]
  if known and known.refs > 0 then return known end
  return pipe_end(e, pipe, which, flags)
end

local function inherited_socket(e, inode)
  local key = "socket " .. inode
  local known = by_inode[key]
  if known and known.refs > 0 then return known end
  local socket = descriptions.socket(e, int(e.raw[4]), e.raw[5], int(e.raw[6]), "inherited")
  by_inode[key] = socket
  return socket
end

local function inherited_anon(e, link, flags)
  local what = link:match("^anon_inode:%[?([^%]]*)%]?$")
  if what then what = what:gsub("^eventpoll$", "epoll") end
  local memfd = not what and link:match("^/(memfd:.*)")
  if memfd then what, link = "memfd", memfd:gsub(" %(deleted%)$", "") else link = what end
  return make(e, {kind = "anon", what = what, name = link, flags = flags, origin = "inherited"})
end

local function inherited_file(e, link, flags, mode)
  local kind = MODE_KINDS[mode & S_IFMT] or "unknown"
  if kind == "device" and is_tty(link) then kind = "tty" end
  local path = link:byte(1) == 0x2f and link:gsub(" %(deleted%)$", "") or nil
  return make(e, {kind = kind, path = path, name = path or link, flags = flags, origin = "inherited"})
end

-- RECORD_FD: what was open before the trace.
function descriptions.inherited(e)
  local flags, mode, link = e.raw[1], e.raw[3], e:piece(1, "self") or ""
  if link:find("^pipe:") then return inherited_pipe(e, e.ret, flags) end
  if mode & S_IFMT == S_IFSOCK then return inherited_socket(e, e.ret) end
  if link:find("^anon_inode:") or link:find("^/memfd:") then return inherited_anon(e, link, flags) end
  return inherited_file(e, link, flags, mode)
end

return descriptions
