-- SPDX-License-Identifier: MIT
--
-- harness: how live tests run programs, alone, under compendium and under strace: with an argument
-- vector and never a shell line, as root or as somebody without privileges, with a limit after
-- which everything is killed and the test fails. What a test starts it cannot leave behind.

-- busted loads every spec with a fresh package.loaded; the folder and the children are one.
local registry <const> = debug.getregistry()
if registry.harness then
  return registry.harness
end

local lfs <const> = require "lfs"

local harness = {}
registry.harness = harness

local SIGKILL <const>, SIGTERM <const> = 9, 15
local NOBODY <const> = 65534

-- Slow builds (sanitizers, valgrind) get more time: SLOW=10 busted tests/live.
local slow <const> = tonumber(os.getenv "SLOW") or 1
local limit <const> = 60 * slow
-- Whom root's traces are to come from: BACKEND=bpf busted tests/live. A test's own --backend wins.
local backend <const> = os.getenv "BACKEND"

local build <const> = os.getenv "LIVE_BUILD" or "build/live"
local process <const> = assert(package.loadlib(build .. "/process.so", "luaopen_process"),
  build .. "/process.so is missing: run `make live`")()
harness.process = process
process.subreaper()

local self_pid <const>, self_uid <const> = process.id()

------------------------------------------------------------------------------------------------------
-- Files

-- The bytes of a file, or nil. A device has none: /dev/full would never end.
function harness.read_file(path)
  local file = lfs.attributes(path, "mode") == "file" and io.open(path, "rb")
  if not file then
    return nil
  end
  local bytes = file:read "a"
  file:close()
  return bytes
end

function harness.write_file(path, bytes, mode)
  local file = assert(io.open(path, "wb"))
  assert(file:write(bytes))
  assert(file:close())
  if mode then
    assert(process.chmod(path, mode))
  end
  return path
end

-- A pattern that matches just this text.
function harness.literal(text)
  return (text:gsub("%W", "%%%0"))
end

function harness.exists(path)
  return lfs.symlinkattributes(path, "mode") ~= nil
end

-- Names in a folder, sorted.
function harness.list(path)
  local names = {}
  for name in lfs.dir(path) do
    if name ~= "." and name ~= ".." then
      names[#names + 1] = name
    end
  end
  table.sort(names)
  return names
end

function harness.remove(path)
  local mode = lfs.symlinkattributes(path, "mode")
  if mode == "directory" then
    for _, name in ipairs(harness.list(path)) do
      harness.remove(path .. "/" .. name)
    end
    lfs.rmdir(path)
  elseif mode then
    os.remove(path)
  end
end

local function copy_tree(from, to)
  if lfs.attributes(from, "mode") == "directory" then
    lfs.mkdir(to)
    for _, name in ipairs(harness.list(from)) do
      copy_tree(from .. "/" .. name, to .. "/" .. name)
    end
  else
    harness.write_file(to, assert(harness.read_file(from)), 493) -- 0755
  end
end

-- Everything is below one folder that others may read: a checkout in a home folder may be closed
-- to them, so the program and the tracees are copied there, which they must survive anyway.
local base <const> = assert(process.mkdtemp((os.getenv "TMPDIR" or "/tmp") .. "/compendium-live.XXXXXX"))
local here <const> = debug.getinfo(1, "S").source:match "^@(.*)/[^/]*$"
copy_tree(build, base .. "/bin")
copy_tree(here .. "/programs", base .. "/programs")
copy_tree(os.getenv "COMPENDIUM" or "./compendium", base .. "/bin/compendium")
harness.compendium = base .. "/bin/compendium"
-- Where tests keep scripts for compendium: a place others can read too.
harness.scripts = base .. "/scripts"
lfs.mkdir(harness.scripts)
for name in lfs.dir(here) do
  if name == "witness.lua" or name:match "_script%.lua$" then
    copy_tree(here .. "/" .. name, harness.scripts .. "/" .. name)
  end
end

-- The path of a tracee written in C, or of a program of tests/live/programs.
function harness.tracee(name)
  return base .. "/bin/" .. name
end

function harness.program(name)
  return base .. "/programs/" .. name
end

-- Makes a folder and all in it belong to `user`.
function harness.give(path, user)
  if user ~= "user" or self_uid ~= 0 then
    return
  end
  assert(process.chown(path, NOBODY))
  if lfs.symlinkattributes(path, "mode") == "directory" then
    for _, name in ipairs(harness.list(path)) do
      harness.give(path .. "/" .. name, user)
    end
  end
end

local folders = {}

-- An empty folder that belongs to `user`; gone after the test. With a name it has the same path each
-- time, and what was there is removed.
function harness.folder(user, name)
  local path = base .. "/" .. (name or ("t" .. #folders + 1))
  harness.remove(path)
  assert(lfs.mkdir(path))
  harness.give(path, user)
  folders[#folders + 1] = path
  return path
end

------------------------------------------------------------------------------------------------------
-- Processes

-- Who can be tested: root, and somebody without privileges.
harness.users = self_uid == 0 and {"root", "user"} or {"user"}
harness.is_root = self_uid == 0

-- AddressSanitizer would take away the right to dump cores, for the program too.
local sanitizing <const> = os.getenv "ASAN_OPTIONS" or "disable_coredump=0"
local leak_check = ""

-- For before_each: our program is traced or may not trace, and so LeakSanitizer, a tracer itself, cannot work.
function harness.no_leak_check()
  leak_check = ":detect_leaks=0"
end

local function environment(options, home)
  local env = {
    PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    HOME = home, TMPDIR = home, LANG = "C.UTF-8", TERM = "xterm", PYTHONHASHSEED = "0",
    ASAN_OPTIONS = sanitizing .. leak_check, UBSAN_OPTIONS = os.getenv "UBSAN_OPTIONS", LSAN_OPTIONS = os.getenv "LSAN_OPTIONS",
  }
  for name, value in pairs(options.env or {}) do
    env[name] = value or nil -- false: unset
  end
  local list = {}
  for name, value in pairs(env) do
    list[#list + 1] = name .. "=" .. value
  end
  table.sort(list)
  return list
end

local Process = {}
Process.__index = Process

-- Starts a program. options: user ("root", "user"), cwd (default: a folder of its own), env (on top
-- of a small fixed one), stdin (bytes), stdin_fd, out, err (a path, or false: closed; default:
-- captured), terminal (path), same_addresses, core.
function harness.start(argv, options)
  options = options or {}
  local user = options.user or harness.users[1]
  local cwd = options.cwd or harness.folder(user)
  local capture = harness.folder("root")
  local proc = setmetatable({argv = argv, out_path = options.out or capture .. "/out",
    err_path = options.err or capture .. "/err"}, Process)
  local function stream(given, default)
    if given == nil then
      return default
    end
    return given
  end
  local stdin = options.stdin_fd or "/dev/null"
  if options.stdin then
    stdin = harness.write_file(capture .. "/in", options.stdin)
  end
  local spawn = {
    argv = argv, env = environment(options, options.home or cwd), cwd = cwd,
    stdin = stdin, stdout = stream(options.out, proc.out_path),
    stderr = stream(options.err, proc.err_path),
    terminal = options.terminal, same_addresses = options.same_addresses, core = options.core,
    uid = user == "user" and self_uid == 0 and NOBODY or nil,
  }
  if options.terminal then
    spawn.stdin, spawn.stdout, spawn.stderr = 0, 1, 2
  end
  if spawn.uid then -- opened by the child, who is that user by then
    process.chown(capture, NOBODY)
    if options.stdin then
      process.chown(capture .. "/in", NOBODY)
    end
  end
  proc.pid = assert(process.spawn(spawn))
  return proc
end

function Process:kill(signal)
  return process.kill(self.pid, signal)
end

-- Waits at most `seconds`; true when it ended. Then status or signal, dumped, out and err are set.
function Process:ended(seconds)
  if self.how then
    return true
  end
  local how, number, dumped = process.wait(self.pid, seconds or 0)
  if not how then
    return false
  end
  self.how = how
  self.status = how == "exit" and number or nil
  self.signal = how == "signal" and number or nil
  self.dumped = dumped
  self.out = harness.read_file(self.out_path) or ""
  self.err = harness.read_file(self.err_path) or ""
  return true
end

-- What a process that is killed for taking too long had to say, for the failure's message.
local function too_long(proc)
  return ("%s: still running after %d s\nstdout: %s\nstderr: %s"):format(
    table.concat(proc.argv, " "), limit, (harness.read_file(proc.out_path) or ""):sub(-2000),
    (harness.read_file(proc.err_path) or ""):sub(-2000))
end

function Process:wait()
  if not self:ended(limit) then
    local message = too_long(self)
    harness.kill_all()
    error(message, 2)
  end
  return self
end

-- Runs a program to its end; fails when that takes too long. The result has status (or signal, dumped), out and err.
function harness.run(argv, options)
  return harness.start(argv, options):wait()
end

local function join(...)
  local list = {}
  for _, part in ipairs {...} do
    table.move(part, 1, #part, #list + 1, list)
  end
  return list
end
harness.join = join

-- Runs `compendium ARGUMENTS -- COMMAND`; without a command just its arguments.
function harness.trace(arguments, command, options)
  return harness.start_trace(arguments, command, options):wait()
end

function harness.start_trace(arguments, command, options)
  local user = options and options.user or harness.users[1]
  local chosen = backend and user == "root" and {"--backend", backend} or {}
  return harness.start(join({harness.compendium}, chosen, arguments, command and {"--"} or {}, command or {}),
    options)
end

-- Waits until fn() is true and returns that; fails after the limit, with `what` in the message.
function harness.eventually(what, fn)
  local give_up = process.now() + limit
  while process.now() < give_up do
    local result = fn()
    if result then
      return result
    end
    process.sleep(0.005)
  end
  error("this never came: " .. what, 2)
end

-- Fields of /proc/PID/status as strings, or nil when it is gone.
function harness.status(pid, tid)
  local text = harness.read_file(tid and ("/proc/%d/task/%d/status"):format(pid, tid)
    or ("/proc/%d/status"):format(pid))
  if not text or text == "" then
    return nil
  end
  local fields = {}
  for name, value in text:gmatch "(%w+):\t([^\n]*)" do
    fields[name] = value
  end
  return fields
end

function harness.tasks(pid)
  local tasks = {}
  local ok, iterate, state = pcall(lfs.dir, ("/proc/%d/task"):format(pid))
  if ok then
    for name in iterate, state do
      if name:match "^%d+$" then
        tasks[#tasks + 1] = tonumber(name)
      end
    end
  end
  return tasks
end

-- The pids of a process's children.
function harness.children(pid)
  local found = {}
  for _, tid in ipairs(harness.tasks(pid)) do
    local text = harness.read_file(("/proc/%d/task/%d/children"):format(pid, tid)) or ""
    for child in text:gmatch "%d+" do
      found[#found + 1] = tonumber(child)
    end
  end
  return found
end

local function descendants(pid, found)
  for _, child in ipairs(harness.children(pid)) do
    descendants(child, found)
    found[#found + 1] = child
  end
  return found
end

-- Kills all that tests started and collects it. Returns descriptions of what was still running.
function harness.kill_all()
  local left = {}
  process.reap()
  local found = descendants(self_pid, {})
  while #found > 0 do
    for _, pid in ipairs(found) do
      local status = harness.status(pid)
      if status and not status.State:match "^Z" then
        left[pid] = ("%s (%s)"):format(status.Name, status.State)
        process.kill(pid, SIGKILL)
      end
    end
    process.sleep(0.002)
    process.reap()
    found = descendants(self_pid, {})
  end
  local list = {}
  for pid, name in pairs(left) do
    list[#list + 1] = ("%d %s"):format(pid, name)
  end
  return list
end

-- For after_each: no process may be left, and no file.
function harness.clean()
  local left = harness.kill_all()
  for _, path in ipairs(folders) do
    harness.remove(path)
  end
  leak_check = ""
  if #left > 0 then
    error("the test left processes behind: " .. table.concat(left, ", "), 0)
  end
end

-- Ends a service the test started.
function harness.stop(proc, signal)
  proc:kill(signal or SIGTERM)
  return proc:wait()
end

-- The path of a program of the system, or nil.
function harness.installed(name)
  for folder in ("/usr/sbin:/usr/bin:/sbin:/bin"):gmatch "[^:]+" do
    if lfs.attributes(folder .. "/" .. name, "mode") == "file" then
      return folder .. "/" .. name
    end
  end
end

-- The same for a program that vendor/packages lists for tests.
harness.which = setmetatable({}, {__index = function(cache, name)
  cache[name] = harness.installed(name) or error(name .. " is not installed: run `make test`, which installs it")
  return cache[name]
end})

-- Whether the program under test has AddressSanitizer or UndefinedBehaviorSanitizer in it.
harness.is_sanitized = (harness.run({"/usr/bin/ldd", harness.compendium}).out):find "lib[au][sb]san" ~= nil

-- Why tests of 32-bit code cannot run here, or nil when they can: Linux can be built and booted without it
-- (ia32_emulation=off), and int 0x80 is a fault then.
local SIGSEGV <const> = 11
harness.no_32bit = harness.run({harness.tracee "int80"}).signal == SIGSEGV and "this kernel runs no 32-bit code" or nil
harness.clean()

-- Numbers of the bpf programs in the kernel that a process holds.
function harness.bpf_programs(pid)
  local found = {}
  for _, name in ipairs(harness.list(("/proc/%d/fdinfo"):format(pid))) do
    local text = harness.read_file(("/proc/%d/fdinfo/%s"):format(pid, name)) or ""
    found[#found + 1] = text:match "link_type:.-prog_id:%s*(%d+)"
  end
  return found
end

-- Waits until the kernel has none of those any more.
function harness.await_no_bpf_programs(ids)
  harness.eventually("programs that are gone", function()
    local list = "\n" .. harness.run({harness.which.bpftool, "prog", "list"}).out
    for _, id in ipairs(ids) do
      if list:find("\n" .. id .. ": ", 1, true) then return false end
    end
    return true
  end)
end

-- The folder with everything goes when Lua ends.
harness.keeper = setmetatable({}, {__gc = function()
  harness.kill_all()
  harness.remove(base)
end})

return harness
