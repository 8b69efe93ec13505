-- SPDX-License-Identifier: MIT
--
-- fake: feeds the models with events made of plain tables, so that what they conclude can be tested
-- call by call, in any order of returns, without a program, a kernel or the C host.
--
--   local world = fake.world()                 the library, loaded anew
--   world.call(tid, "openat", 3, {-100, "/etc/hosts", 0})
--   world.call(tid, "close", "EBADF", {9})     a failed call; ret "unfinished": the task died inside
--   world.fork(tid, child [, flags]), world.exec(tid, path), world.exit(tid, status), world.task(...)
--
-- Each returns the event, whose fields are those of compendium.fields. Arguments that are strings or
-- tables are what the pointer points to; a table with `family` is a sockaddr. A last argument
-- {time=, duration=} places the call in time; without it, calls follow each other.

local fake = {}

table.insert(package.searchers, 2, function(name)
  local module = name:match("^compendium%.([%w_]+)$")
  if module then return assert(loadfile("lua/" .. module .. ".lua")) end
end)

local ERRNO = {
  EPERM = 1, ENOENT = 2, EINTR = 4, EBADF = 9, EAGAIN = 11, ENOMEM = 12, EINVAL = 22, EISCONN = 106,
  ECONNREFUSED = 111, EALREADY = 114, EINPROGRESS = 115,
}
local SIGNALS = {[2] = "SIGINT", [9] = "SIGKILL", [11] = "SIGSEGV", [15] = "SIGTERM", [17] = "SIGCHLD"}

local real = require "compendium.core"

-- What the models and fields use of the C host.
local core = {
  pages = real.pages,
  spans = real.spans,
  gather = function() end,
  kept = function() return false end,
  new_parts = real.new_parts,
  fault_task = real.fault_task,
  add_faults = real.add_faults,
  part_place = real.part_place,
  part = real.part,
  signal = function(n) return SIGNALS[n] end,
  interface = function(index) return index == 2 and "eth0" or nil end,
  errno = function(number)
    for name, value in pairs(ERRNO) do if value == number then return name end end
  end,
  inet_ntop = function(bytes)
    if #bytes == 4 then return ("%d.%d.%d.%d"):format(bytes:byte(1, 4)) end
    if bytes == ("\0"):rep(15) .. "\1" then return "::1" end
    return (bytes:gsub("..", function(pair) return ("%02x%02x:"):format(pair:byte(1, 2)) end):sub(1, -2))
  end,
}

-- The text a sockaddr stands for, as its bytes would.
local function sockaddr_bytes(address)
  if type(address) ~= "table" or not address.family then return nil end
  return table.concat({address.family, address.address or "", address.port or "", address.path or "",
    address.scope or "", address.pid or ""}, "|")
end

local methods = {}

function methods:piece(arg, part, index)
  local value = self.pieces[arg .. " " .. part .. " " .. (index or 1)]
  if value == nil and part == "self" then value = self.args[arg] end
  return sockaddr_bytes(value) or (type(value) == "string" and value or nil)
end

function methods:sockaddr(arg, part, index)
  local value = self.pieces[arg .. " " .. (part or "self") .. " " .. (index or 1)]
  if value == nil then value = self.args[arg] end
  return type(value) == "table" and value.family and value or nil
end

function methods:strings(arg)
  return self.args[arg]
end

function methods:rights(index)
  return self.passed and self.passed[index or 1]
end

local function make_event(events, fields)
  return setmetatable(fields, {
    __index = function(e, name)
      if methods[name] then return methods[name] end
      local field = events.fields[name]
      local value = field and field.get and field.get(e)
      rawset(e, name, value)
      return value
    end,
  })
end

-- Splits what a test gives into registers and values.
local function arguments(list)
  local raw, args = {0, 0, 0, 0, 0, 0}, {}
  for i = 1, 6 do
    local value = list[i]
    args[i] = value
    if math.type(value) == "integer" then raw[i] = value elseif value ~= nil then raw[i] = 0x7ff000000000 + i end
  end
  return raw, args
end

local function apply_result(e, ret)
  if ret == "unfinished" then
    e.unfinished = true
  elseif type(ret) == "string" then
    e.error, e.ret = ret, -assert(ERRNO[ret], ret)
  else
    e.ret = ret or 0
  end
end

-- The library, loaded anew and knowing nothing, with functions that feed it.
function fake.world()
  for name in pairs(package.loaded) do
    if name:match("^compendium%.") then package.loaded[name] = nil end
  end
  package.loaded["compendium.core"] = core
  local events = require "compendium.events"
  local world = {events = events, now = 0, pid_of = {}}
  for name in pairs(events.models) do world[name] = require("compendium." .. name) end

  local function place(e, where)
    e.time = where and where.time or world.now + 10
    if e.kind == "call" then e.duration = where and where.duration or 5 end
    world.now = math.max(world.now, e.time + (e.duration or 0))
  end

  local function feed(e, key, group, ...)
    for _, name in ipairs(events.order) do
      local model = events.models[name]
      local handler = model[group][key] or group == "calls" and model.with_faults and model.with_faults[key]
      if handler then handler(e, ...) end
    end
    local kind = events.type_of[group == "calls" and "call:" .. key or key]
    e.type = type(kind) == "function" and kind(e) or type(kind) == "string" and kind or nil
    return e
  end

  function world.call(tid, name, ret, list, where)
    local raw, args = arguments(list or {})
    where = where or {}
    local e = make_event(events, {
      kind = "call", syscall = name, pid = world.pid_of[tid] or tid, tid = tid, raw = raw, args = args, index = 1,
      pieces = where.pieces or {}, passed = where.passed, arch = where.arch or "x86_64",
      -- absent values must not be looked up as fields
      error = false, unfinished = false, type = false,
    })
    apply_result(e, ret)
    place(e, where)
    return feed(e, name, "calls")
  end

  local function record(kind, pid, tid, fields)
    local raw = arguments(fields.raw or {})
    local e = make_event(events, {
      kind = kind, pid = pid, tid = tid, raw = raw, args = fields.pieces or {}, pieces = {}, num = fields.num,
      ret = fields.ret, status = fields.status, error = false, unfinished = false, syscall = false, type = false,
    })
    place(e, fields)
    return feed(e, kind, "records")
  end
  world.record = record

  local function bind_faults()
    real.bind("fault", {{role = "model", fn = world.memory.model.records.fault}, {role = "type", fn = "fault"},
      {role = "sink", type = "fault", fn = error, together = function() end}})
    world.is_bound = true
  end

  -- Faults are kept and gathered by the real host, which calls the library for them. fields.is_more: others follow, to
  -- be gathered together; goes_on: they are told of together with those before.
  function world.fault(pid, tid, fields)
    if not world.is_bound then bind_faults() end
    if not fields.goes_on and not world.is_more then real.tell() end
    world.is_more = fields.is_more
    real.test_dispatch {kind = "fault", pid = pid, tid = tid, args = fields.raw, time = fields.time}
    if not fields.is_more then real.gather() end
    return make_event(events, {kind = "fault", pid = pid, tid = tid, raw = fields.raw, type = "fault", index = 1})
  end

  -- flags with CLONE_THREAD: a thread of the same process
  function world.fork(tid, child, flags)
    flags = flags or 17
    local pid = world.pid_of[tid] or tid
    world.pid_of[child] = flags & 0x10000 ~= 0 and pid or child
    return record("fork", pid, tid, {raw = {child, world.pid_of[child], flags}})
  end

  function world.thread(tid, child)
    return world.fork(tid, child, 0x10f00) -- VM, FS, FILES, SIGHAND, THREAD
  end

  function world.exec(tid, path, argv)
    local pid = world.pid_of[tid] or tid
    return record("exec", pid, pid, {raw = {tid, -100, 0}, pieces = {path, argv or {path}, path:match("[^/]*$"), path}})
  end

  function world.exit(tid, status, whole, rss)
    local pid = world.pid_of[tid] or tid
    if whole == nil then whole = tid == pid end
    return record("exit", pid, tid, {raw = {whole and 1 or 0, rss or 0}, status = status or 0})
  end

  -- A task that was there before: ids say what it shares.
  function world.task(pid, tid, parent, ids, comm, cwd)
    world.pid_of[tid] = pid
    return record("task", pid, tid, {raw = {parent, ids[1], ids[2], ids[3]},
      pieces = {comm or "prog", {comm or "prog"}, "/bin/" .. (comm or "prog"), cwd or "/"}})
  end

  -- A descriptor that was open before.
  function world.fd(pid, fd, link, flags, mode, inode, socket)
    socket = socket or {}
    return record("fd", pid, pid, {num = fd, ret = inode or 0,
      raw = {flags or 0, 0, mode or 0x8000, socket.family or 0, socket.type or 0, socket.protocol or 0},
      pieces = {link, socket["local"], socket.remote}})
  end

  return world
end

-- Sockaddrs for tests.
function fake.inet(a, b, c, d, port)
  return {family = 2, address = string.char(a, b, c, d), port = port}
end

function fake.unix(path)
  return {family = 1, path = path}
end

return fake
