-- SPDX-License-Identifier: MIT
--
-- noise_rules: what is hidden unless scripts say otherwise. What a rule has, and how it decides, is in noise.lua.

local paths <const> = require "compendium.paths"

local LOOKS <const> = {"open", "read", "list", "stat", "mmap", "lock"} -- what one does with a file just to use it
local REMEMBERED_SEARCHES <const> = 1000

-- A name that is tried in one directory after another is shown for the first. By pid, the path of that.
local searches, search_count = {}, 0

local function same_search(e)
  local path, first = e.path, searches[e.pid]
  if e.error ~= "ENOENT" or not path then
    return false
  elseif first and first ~= path and first:match("[^/]*$") == path:match("[^/]*$") then
    return true
  elseif not first then
    search_count = search_count + 1
  end
  if search_count > REMEMBERED_SEARCHES then
    searches, search_count = {}, 1
  end
  searches[e.pid] = path
  return false
end

-- True when the program was told that name as an argument: its absence is not noise.
local function is_argument(e)
  local path, argv = e.path, e.process and e.process.argv or {}
  for i = 2, path and #argv or 0 do
    if argv[i]:find("^[^-]") and path == paths.resolve(e.tid, e.pid, nil, argv[i]) then
      return true
    end
  end
  return false
end

local FELT <const>, SLOW_DISK <const> = 10000000, 100000000 -- ns

local WAKEUPS <const> = {eventfd = true, timerfd = true, signalfd = true}
-- What is made again when it could not wait, or was interrupted.
local WAITS <const> =
  {"open", "read", "write", "send", "recv", "copy", "connect", "accept", "lock", "sync", "wait", "truncate", "allocate"}
local WAITING <const> = {EAGAIN = true, EINTR = true, EINPROGRESS = true, EALREADY = true}

return {
  -- Rules for all that worked come first: such events then cost next to nothing, see `calm`.
  {name = "mmap", why = "the allocator and the linker manage memory", worked = true,
    types = {"mmap", "munmap", "mprotect", "mremap", "brk"}},
  {name = "closes", why = "what is opened is closed", types = {"close"}, worked = true, answer = "EBADF"},
  {name = "stat", why = "looking before opening", types = {"stat"}, worked = true, answer = "EINVAL"}, -- no link
  {name = "directories", why = "reading a directory follows its opening", types = {"list"}, worked = true},
  {name = "descriptors", why = "pipes and duplicates are seen where they are used", worked = true,
    types = {"pipe", "dup", "special", "socket", "shutdown"}},
  {name = "locks", why = "locks that were free", types = {"lock"}, worked = true},
  {name = "file pages", why = "programs and files are loaded page by page, as they are used", types = {"fault"},
    memory = {file = true, vdso = true}},
  {name = "little memory", why = "less than 64 KB of a region is what everything takes", types = {"fault"}, pages = 16},
  {name = "program start", why = "the kernel sets up the memory of each new program", types = {"fault"},
    memory = {["new program"] = true}},
  {name = "short waits", why = "a CPU is waited for all the time; 10 ms are felt", types = {"sched"},
    match = function(e) return e.duration < FELT end},
  {name = "quick disks", why = "the summary adds up what disks do; 100 ms are slow", types = {"block"},
    match = function(e) return not e.error and e.duration < SLOW_DISK end},
  {name = "would block", why = "the program asks again later", types = WAITS, match = function(e)
    return WAITING[e.error] and not (e.type == "connect" and e.in_progress) or false
  end},
  {name = "wakeups", why = "threads and timers wake an event loop", types = {"read", "write"},
    match = function(e) return e.file ~= nil and WAKEUPS[e.file.what] or false end},
  {name = "end of file", why = "the last read of a file gives nothing", types = {"read", "recv", "copy"},
    match = function(e) return e.bytes == 0 and not e.error end},
  {name = "libraries", why = "the dynamic linker looks for shared libraries", types = LOOKS,
    paths = {"%.so$", "%.so%.[%d.]+$", "^/etc/ld%.so%.", "/glibc%-hwcaps", "/tls/", "/haswell/?", "%.la$"}},
  {name = "locale", why = "messages and character sets in the user's language", types = LOOKS,
    paths = {"/locale/", "/locale%.alias$", "/gconv/", "/gconv%-modules", "/i18n/", "/locale%-archive$", "/LC_%u+"}},
  {name = "time zone", why = "needed to print times", types = LOOKS, paths = {"^/etc/localtime$", "/zoneinfo/"}},
  {name = "terminal", why = "what the terminal can do", types = LOOKS,
    paths = {"/terminfo/", "^/etc/inputrc$", "/%.terminfo", "/termcap"}},
  {name = "/proc", why = "facts about the system and the program itself", types = LOOKS,
    paths = {"^/proc/", "^/proc$", "^/sys/", "^/dev/shm$"}},
  {name = "devices", why = "devices without content of their own", writes = true,
    types = {"open", "read", "write", "list", "stat", "mmap"},
    paths = {"^/dev/null$", "^/dev/zero$", "^/dev/u?random$", "^/dev/full$", "^/dev/tty$"}},
  {name = "name service", why = "how names of hosts and users are looked up", types = {"open", "read", "stat", "list"},
    paths = {"^/etc/nsswitch%.conf$", "^/etc/host%.conf$", "^/etc/gai%.conf$", "^/etc/protocols$", "^/etc/services$"}},
  {name = "name service cache", why = "a daemon that is rarely there", types = {"connect", "send", "recv"},
    match = function(e) return (e.remote or ""):find("/nscd/socket", 1, true) ~= nil end},
  {name = "netlink", why = "questions to the kernel about its own network", types = {"bind", "connect", "send", "recv"},
    match = function(e) return e.protocol == "netlink" and not e.error end},
  {name = "disconnects", why = "resolvers try addresses on one socket", types = {"connect"},
    match = function(e) return not e.remote and not e.error and (e.protocol or ""):find "^[tu][cd]p%d$" ~= nil end},
  {name = "python", why = "the interpreter's own modules", types = LOOKS,
    paths = {"/__pycache__", "%.pyc$", "/lib/python%d", "/site%-packages", "/dist%-packages",
      "/pyvenv%.cfg$", "%._pth$", "/pybuilddir%.txt$", "/python%d+%.zip$"}},
  {name = "headers", why = "the compiler's and the system's own headers", types = LOOKS,
    paths = {"^/usr/include/", "^/usr/lib/gcc/", "^/usr/libexec/gcc/", "^/usr/local/include/"}},
  {name = "absent files", why = "looking before opening", types = {"stat"},
    match = function(e) return not is_argument(e) end},
  {name = "search", why = "a name tried in several directories is shown for the first", types = {"open", "chdir"},
    match = same_search},
  {name = "program search", why = "the shell looks for a command along PATH", types = {"exec"},
    match = function(e) return e.error == "ENOENT" and (e.argv or {})[1] ~= e.path end},
  {name = "waits", why = "the child's own exit says it", types = {"wait"},
    match = function(e) return not e.error or e.error == "ECHILD" end},
  {name = "SIGCHLD", why = "the child's own exit says it", types = {"signal"},
    match = function(e) return e.signal == "SIGCHLD" end},
  {name = "thread ends", why = "the process goes on", types = {"exit"},
    match = function(e) return e.whole == false end},
  {name = "tasks", why = "what was there before the trace", types = {"task"}, match = function() return true end},
}
