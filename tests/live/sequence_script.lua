-- SPDX-License-Identifier: MIT
--
-- sequence: what each task did, in its order, as text that is the same for each run: calls with names, bytes and
-- descriptors; without times, addresses and process ids. Tasks are numbered by their birth in their parent.

-- luacheck: globals on option want sink

local out = option("out", "sequence", "file to write to")
local contents = option("contents", true, "with what was read and written")
local events = option("events", false, "with the events that are made of the calls")
if contents then
  want("data", "4k")
end

local tasks, order = {}, {}

local function task(tid, parent)
  local found = tasks[tid]
  if not found then
    found = {lines = {}, children = 0, name = "1"}
    if parent then
      parent.children = parent.children + 1
      found.name = parent.name .. "." .. parent.children
    end
    tasks[tid] = found
    order[#order + 1] = found
  end
  return found
end

local steady = {fd = true, dirfd = true, flags = true, enum = true, mode = true, signal = true}

local function shape(value)
  if type(value) == "string" then
    return ("%q"):format(value)
  elseif type(value) ~= "table" then
    return type(value)
  end
  local keys = {}
  for key, inner in pairs(value) do
    keys[#keys + 1] = tostring(key) .. "=" .. shape(inner)
  end
  table.sort(keys)
  return "{" .. table.concat(keys, " ") .. "}"
end

local function argument(e, i, about)
  local value = e.args[i]
  local text = about and steady[about.kind] and tostring(value) or shape(value)
  return text .. (e.args:unreadable(i) and "!" or "") .. (e.args:truncated(i) and "+" or "")
end

-- Random bytes; bytes with a pid in them; the offset of a stream that others write to as well.
local secret = {getrandom = true, getsockopt = true, lseek = true}
local varies = {brk = true, mmap = true, getpid = true, gettid = true, getppid = true}

on("syscall", function(e)
  local words = {e.syscall}
  local about = e:describe()
  for i = 1, secret[e.syscall] and 0 or #e.args do
    words[#words + 1] = argument(e, i, about and about.args[i])
  end
  words[#words + 1] = e.unfinished and "unfinished" or e.error or math.type(e.ret) and e.ret >= 0 and
    not varies[e.syscall] and not secret[e.syscall] and e.ret < 100000 and #e.args > 0 and about.ret ~= "pid" and tostring(e.ret) or "ok"
  local ok, data = pcall(function() return contents and e.data end)
  words[#words + 1] = ok and data and not secret[e.syscall] and ("%q"):format(data) or nil
  local lines = task(e.tid).lines
  lines[#lines + 1] = table.concat(words, " ")
end)

on({"fork", "thread"}, function(e)
  local parent = task(e.tid)
  parent.lines[#parent.lines + 1] = "+ fork"
  task(e.raw[1], parent)
end)
on("exec", function(e)
  local lines = task(e.tid).lines
  lines[#lines + 1] = ("+ exec %s %s"):format(e.path, shape(e.argv))
end)
on("exit", function(e)
  local lines = task(e.tid).lines
  lines[#lines + 1] = "+ exit " .. tostring(e.code) .. " " .. tostring(e.signal)
end)
on("signal", function(e)
  if e.signal == "SIGCHLD" then return end -- when it comes, and when its reason is waited for, is a matter of chance
  local lines = task(e.tid).lines
  lines[#lines + 1] = "+ signal " .. tostring(e.signal)
end)

local FIELDS <const> = {"syscall", "path", "to", "fd", "writable", "protocol", "remote", "error"}

if events then
  sink {event = function(e)
    if e.type == "signal" or e.type == "wait" then return end
    local words = {"=", e.type}
    for _, name in ipairs(FIELDS) do
      local value = e[name]
      words[#words + 1] = value ~= nil and name .. "=" .. tostring(value) or nil
    end
    local lines = task(e.tid).lines
    lines[#lines + 1] = table.concat(words, " ")
  end}
end

on("finish", function()
  local file = assert(io.open(out, "w"))
  table.sort(order, function(a, b) return a.name < b.name end)
  for _, t in ipairs(order) do
    for _, line in ipairs(t.lines) do
      file:write(t.name, " ", line, "\n")
    end
  end
  file:close()
end)
