-- SPDX-License-Identifier: MIT
--
-- noise: which events are not worth a line, as rules with a reason each. A rule hides lines only: bytes,
-- files and failures of hidden events stay in the totals of the summary, JSON has them all, and the
-- summary says how many lines each rule hid. Called by live, between the filters and the lines.
--
-- A rule has a name, a reason (why), the types of event it is about (nil: all), and decides by
--   paths   patterns for e.path; files opened for writing are never hidden by these, unless writes = true
--   match   fn(e) -> true to hide
--   pages   for page faults: those of a task in one region are hidden until they are so many in all; then they are
--           shown, with those before
-- The first rule that matches counts. Scripts change the list: noise.add, noise.remove, noise.off.

local core <const> = require "compendium.core"
local faults <const> = require "compendium.faults"
local patterns <const> = require "compendium.patterns"
local paths <const> = require "compendium.paths"

local noise <const> = {}

local LOOKS <const> = {"open", "read", "list", "stat", "mmap", "lock"} -- what one does with a file just to use it
local CACHED_PATHS <const> = 10000
local REMEMBERED_SEARCHES <const> = 1000

local function worked(e)
  return not e.error
end

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

local rules = {
  {name = "mmap", why = "the allocator and the linker manage memory", match = worked,
    types = {"mmap", "munmap", "mprotect", "mremap", "brk"}},
  {name = "file pages", why = "programs and files are loaded page by page, as they are used", types = {"fault"},
    memory = {file = true, vdso = true}},
  {name = "little memory", why = "less than 64 KB of a region is what everything takes", types = {"fault"}, pages = 16},
  {name = "program start", why = "the kernel sets up the memory of each new program", types = {"fault"},
    memory = {["new program"] = true}},
  {name = "short waits", why = "a CPU is waited for all the time; 10 ms are felt", types = {"sched"},
    match = function(e) return e.duration < FELT end},
  {name = "quick disks", why = "the summary adds up what disks do; 100 ms are slow", types = {"block"},
    match = function(e) return not e.error and e.duration < SLOW_DISK end},
  {name = "closes", why = "what is opened is closed", types = {"close"},
    match = function(e) return not e.error or e.error == "EBADF" end},
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
  {name = "stat", why = "looking before opening", types = {"stat"},
    match = function(e) return not (e.error and e.error ~= "EINVAL" and is_argument(e)) end},
  {name = "search", why = "a name tried in several directories is shown for the first", types = {"open", "chdir"},
    match = same_search},
  {name = "program search", why = "the shell looks for a command along PATH", types = {"exec"},
    match = function(e) return e.error == "ENOENT" and (e.argv or {})[1] ~= e.path end},
  {name = "descriptors", why = "pipes and duplicates are seen where they are used", match = worked,
    types = {"pipe", "dup", "special", "socket", "shutdown"}},
  {name = "directories", why = "reading a directory follows its opening", types = {"list"}, match = worked},
  {name = "locks", why = "locks that were free", types = {"lock"}, match = worked},
  {name = "waits", why = "the child's own exit says it", types = {"wait"},
    match = function(e) return not e.error or e.error == "ECHILD" end},
  {name = "SIGCHLD", why = "the child's own exit says it", types = {"signal"},
    match = function(e) return e.signal == "SIGCHLD" end},
  {name = "thread ends", why = "the process goes on", types = {"exit"},
    match = function(e) return e.whole == false end},
  {name = "tasks", why = "what was there before the trace", types = {"task"}, match = function() return true end},
}

-- by_type[type]: the rules for it, see rules_for. naming[path]: see rules_naming.
local by_type, naming, cached = {}, {}, 0
local hidden = {} -- rule name -> events hidden
local failures = 0
local least_pages -- see noise.least_pages

local function reset()
  by_type, naming, cached, least_pages = {}, {}, 0, nil
end

local function most_wanted()
  local most = 1
  for _, rule in ipairs(rules) do
    most = math.max(most, rule.pages or 1)
  end
  return most
end

local function concerns(rule, type)
  if not rule.types then
    return true
  end
  for _, each in ipairs(rule.types) do
    if each == type then
      return true
    end
  end
  return false
end

-- The rules for a type of event, as array in order: those that decide by a function, with their places in `places`;
-- all others in `by_place`. `by_memory` has the place of the first that means a kind of memory. `last` is the place
-- after all.
local function rules_for(type)
  local list = {places = {}, by_place = {}, by_memory = {}, last = #rules + 1}
  for place, rule in ipairs(rules) do
    if concerns(rule, type) then
      list.pages = list.pages or rule.pages and rule
      if rule.match then
        list[#list + 1] = rule
        list.places[#list] = place
      end
      if rule.paths or rule.memory then
        list.by_place[place], list.has_paths = rule, list.has_paths or rule.paths ~= nil
      end
      for what in pairs(rule.memory or {}) do
        list.by_memory[what] = list.by_memory[what] or place
      end
    end
  end
  by_type[type] = list
  return list
end

local literals <const> = {} -- by pattern; there are as many as rules have

local function names(rule, path)
  for _, pattern in ipairs(rule.paths) do
    local literal = literals[pattern]
    if literal == nil then
      literal = patterns.literal(pattern)
      literals[pattern] = literal
    end
    if (not literal or path:find(literal, 1, true)) and path:find(pattern) then
      return true
    end
  end
  return false
end

local NONE <const> = {}

-- The places of the rules that name the path, whatever they concern; remembered, since programs use the same names
-- over and over.
local function rules_naming(path)
  if cached >= CACHED_PATHS then
    naming, cached = {}, 0
  end
  local places
  for place, rule in ipairs(rules) do
    if rule.paths and names(rule, path) then
      places = places or {}
      places[#places + 1] = place
    end
  end
  naming[path], cached = places or NONE, cached + 1
  return places or NONE
end

-- The place of the first of the list's rules that names the path, and is for files opened for writing as well when
-- that is asked; or of the end.
local function path_place(list, path, is_written)
  local places = naming[path] or rules_naming(path)
  for i = 1, #places do
    local rule = list.by_place[places[i]]
    if rule and (rule.writes or not is_written) then
      return places[i]
    end
  end
  return list.last
end

-- A script's match may fail; the event is then shown, and the rule goes.
local function matches_foreign(rule, e)
  local ok, result = xpcall(rule.match, debug.traceback, e)
  if not ok then
    failures = failures + 1
    core.log("error", ('noise rule "%s" failed and is removed: %s'):format(rule.name, result))
    noise.remove(rule.name)
  end
  return ok and result
end

-- The rule that hides the event's line, or nil.
function noise.rule(e)
  local type = e.type
  local list = by_type[type] or rules_for(type)
  local last, path = list.last, list.has_paths and e.path
  if path and (naming[path] or rules_naming(path)) ~= NONE then
    last = path_place(list, path, type == "open" and e.writable)
  elseif type == "fault" then
    last = list.by_memory[faults.what(e)] or last
  end
  local places = list.places
  for i = 1, #list do
    if places[i] > last then break end
    local rule = list[i]
    if rule.foreign then
      if matches_foreign(rule, e) then return rule end
    elseif rule.match(e) then
      return rule
    end
  end
  return list.by_place[last]
end

-- Its name: the field e.noise.
function noise.name(e)
  local rule = noise.rule(e)
  return rule and rule.name
end

-- The rule of that name hid so many events, or one.
function noise.count(name, events)
  hidden[name] = (hidden[name] or 0) + (events or 1)
end

-- How many pages of a region a task must touch to be worth a line.
function noise.least_pages()
  least_pages = least_pages or most_wanted()
  return least_pages
end

-- What a task touched of a region stayed below that in so many events, which nothing tells of.
function noise.hid_pages(events)
  local list = by_type.fault or rules_for "fault"
  if list.pages then noise.count(list.pages.name, events) end
end

-- True when a rule names that path as something programs read without a person caring. Counts nothing.
function noise.knows_path(path)
  local list = by_type.read or rules_for "read"
  return path_place(list, path) < list.last
end

local function check(rule)
  if type(rule) ~= "table" or type(rule.name) ~= "string" then
    error('noise.add wants {name = "...", why = "...", types = {...}, match = function(e) ... end}', 3)
  elseif type(rule.match) ~= "function" and type(rule.paths) ~= "table" and type(rule.memory) ~= "table"
    and type(rule.pages) ~= "number" then
    error(('noise rule "%s" has no match (a function), paths (patterns), memory or pages'):format(rule.name), 3)
  end
  for _, pattern in ipairs(rule.paths or {}) do
    local problem = type(pattern) == "string" and patterns.problem(pattern)
    if problem ~= nil then
      error(('noise rule "%s": "%s" is no pattern: %s'):format(rule.name, pattern, problem or "no text"), 3)
    end
  end
end

local function index_of(name)
  for i, rule in ipairs(rules) do
    if rule.name == name then
      return i
    end
  end
end

--- # Noise: lines that are hidden

---@class noise
---@class NoiseRule
---@field name string
---@field why string
---@field types? string[]
---@field match? fun(e: Event): boolean?
---@field paths? string[] Lua patterns
---@field memory? table<string, true> of page faults: names of regions, as in `e.what`
---@field pages? integer of page faults: fewer of a region are hidden

--- noise.add(rule: NoiseRule)
--- hides the lines of the events that it means: `{name=, why=, types=, match=, paths=, memory= or pages=}`; one of the
--- same name is replaced
function noise.add(rule)
  check(rule)
  local copy = {foreign = true}
  for key, value in pairs(rule) do
    copy[key] = value
  end
  local at = index_of(rule.name)
  if at then
    table.remove(rules, at)
  end
  table.insert(rules, 1, copy)
  reset()
end

--- noise.remove(name: string)
--- what the rule hid is shown
function noise.remove(name)
  local at = index_of(name)
  if not at then
    local known = {}
    for i, rule in ipairs(rules) do
      known[i] = '"' .. rule.name .. '"'
    end
    error(('no noise rule "%s"; there are %s'):format(tostring(name), table.concat(known, ", ")), 2)
  end
  table.remove(rules, at)
  reset()
end

--- noise.off()
--- every event gets its line
function noise.off()
  rules = {}
  reset()
end

-- The rules in order, for listing. Not to be changed.
function noise.rules()
  return rules
end

-- How many rules of scripts failed.
function noise.failures()
  return failures
end

-- How many events each rule hid: array of {name, count}, most first, and their sum.
function noise.hidden()
  local list, sum = {}, 0
  for name, count in pairs(hidden) do
    list[#list + 1] = {name, count}
    sum = sum + count
  end
  table.sort(list, function(a, b) return a[2] > b[2] or a[2] == b[2] and a[1] < b[1] end)
  return list, sum
end

return noise
