-- SPDX-License-Identifier: MIT
--
-- fake_core: the library without the C program: a compendium.core of plain Lua, outputs that keep what is
-- written, and events that are tables. For specs of what users read; each gets modules of its own.

local fake = {}

local ERRNOS <const> = {ENOENT = 2, EINTR = 4, EAGAIN = 11, EACCES = 13, EINPROGRESS = 115, ECONNREFUSED = 111}
local STRERRORS <const> = {[2] = "No such file or directory", [13] = "Permission denied"}
local SIGNALS <const> = {SIGINT = 2, SIGKILL = 9, SIGSEGV = 11, SIGTERM = 15, SIGCHLD = 17}
local FAMILIES <const> = {
  open_flags = {
    flags = true, {"O_RDONLY", 0, 3}, {"O_WRONLY", 1, 3}, {"O_RDWR", 2, 3}, {"O_CREAT", 0x40, 0x40},
    {"O_CLOEXEC", 0x80000, 0x80000}, {"O_DIRECTORY", 0x10000, 0x10000}, {"O_TMPFILE", 0x410000, 0x410000},
  },
  mmap_prot = {flags = true, {"PROT_READ", 1, 1}, {"PROT_WRITE", 2, 2}, {"PROT_EXEC", 4, 4}},
  whence = {flags = false, {"SEEK_SET", 0, -1}, {"SEEK_END", 2, -1}},
}
local CALLS <const> = {
  openat = {ret = "fd", args = {{name = "dirfd", kind = "dirfd"}, {name = "pathname", kind = "path"},
    {name = "flags", kind = "flags", family = "open_flags"}}},
  read = {ret = "int", args = {{name = "fd", kind = "fd"}, {name = "buf", kind = "buf"},
    {name = "count", kind = "uint"}}},
  mmap = {ret = "hex", args = {{name = "addr", kind = "hex"}, {name = "length", kind = "uint"}}},
  execve = {ret = "int", args = {{name = "filename", kind = "path"}, {name = "argv", kind = "strv"}}},
  sysinfo = {ret = "int", args = {{name = "info", kind = "struct"}}},
  exit_group = {ret = "int", args = {{name = "status", kind = "int"}}},
  lseek = {ret = "int", args = {{name = "fd", kind = "fd"}, {name = "offset", kind = "int"},
    {name = "whence", kind = "enum", family = "whence"}}},
  connect = {ret = "int", args = {{name = "fd", kind = "fd"}, {name = "addr", kind = "sockaddr"}}},
}

local function both_ways(by_name)
  local by_number = {}
  for name, number in pairs(by_name) do by_number[number] = name end
  return function(x) return by_name[x] or by_number[x] end
end

local function inet_ntop(bytes)
  if #bytes == 4 then return table.concat({bytes:byte(1, 4)}, ".") end
  return #bytes == 16 and "::1" or nil
end

-- A JSON text of a scalar, as the real one would give it.
local function json(value)
  if type(value) ~= "string" then return tostring(value) end
  return '"' .. value:gsub('[%c"\\\x7f]', function(char) return ("\\u%04x"):format(char:byte()) end) .. '"'
end

local function writer(path, tty, width)
  local output = {path = path, text = {}}
  function output.write(_, s)
    if output.failure then output.failed = output.failure else table.insert(output.text, s) end
  end
  function output.flush() end
  function output.close() end
  function output.is_tty() return tty end
  function output.width() return tty and width or nil end
  function output.error() return output.failed end
  return output
end

-- Loads the library anew. given: options, tty (stderr is one), width. Returns an object whose `core` is the
-- fake, with load(name), outputs and text().
function fake.new(given)
  given = given or {}
  local host = {outputs = {}, timers = {}, logged = {}, now = 0, calm = {}, calm_events = {}}
  host.core = {
    options = given.options or {command = {"prog"}, color = "auto"}, version = "0.1.0",
    run = given.run or {host = "here", boot = "b-1", run = "r-1"},
    errno = both_ways(ERRNOS), signal = both_ways(SIGNALS), inet_ntop = inet_ntop, json = json,
    strerror = function(number) return STRERRORS[number] end,
    interface = function(index) return index == 2 and "eth0" or nil end,
    constants = function(name) return FAMILIES[name] end,
    call = function(name) return CALLS[name] end,
    now = function() return host.now end,
    wallclock = function() return 1700000000123456789 end,
    timer = function(_, fn) table.insert(host.timers, fn) end,
    calm = function(type, below_ns)
      host.calm[type] = below_ns or host.calm[type]
      local count = host.calm_events[type] or 0
      host.calm_events[type] = nil
      return count
    end,
    apart = function() host.is_apart = true end,
    gather = function() end,
    pages = require("compendium.core").pages, -- the real ones
    spans = require("compendium.core").spans,
    part = function() end,
    kept = function() return false end,
    tell = function() end,
    finder = function(texts)
      return function(text)
        for _, each in ipairs(texts) do
          if text:find(each, 1, true) then return true end
        end
        return false
      end
    end,
    log = function(level, text) table.insert(host.logged, level .. ": " .. text) end,
    errors = function() return host.failed_hooks or 0, host.failed_hooks and "mine.lua:1 open" or nil end,
    want_data = function(bytes) host.wanted = bytes end,
    output = function(target)
      if given.unwritable == target then return nil, target .. ": Permission denied" end
      local output = writer(target, given.tty and target == 2, given.width)
      host.outputs[target] = output
      return output
    end,
  }
  for name in pairs(package.loaded) do
    if name:find("^compendium") then package.loaded[name] = nil end
  end
  package.loaded["compendium.core"] = host.core

  -- The library's module of that name.
  function host.load(name)
    return require("compendium." .. name)
  end
  -- What was written to stderr (or to another target) so far.
  function host.text(target)
    return table.concat(host.outputs[target or 2].text)
  end
  host.load("text").use_unicode(given.ascii ~= true)
  return host
end

-- An event with what every event has.
function fake.event(fields)
  local event = {
    time = 0, duration = 0, pid = 100, tid = 100, comm = "prog", kind = "call", class = "file", args = {},
  }
  for name, value in pairs(fields) do event[name] = value end
  return event
end

-- e.args of a call: values by position; pointers by position for those that are nil; truncated sizes.
function fake.args(values, pointers, truncated)
  local args = {
    pointer = function(_, i) return (pointers or {})[i] end,
    truncated = function(_, i) return (truncated or {})[i] end,
    unreadable = function(_, i) return (pointers or {})[i] ~= nil end,
  }
  for i, value in pairs(values) do args[i] = value end
  return args
end

table.insert(package.searchers, 2, function(name)
  local module = name:match("^compendium%.([%w_]+)$")
  local path = module and ("lua/%s.lua"):format(module)
  local loaded = path and loadfile(path)
  return loaded or nil, path
end)

return fake
