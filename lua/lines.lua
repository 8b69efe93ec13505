-- SPDX-License-Identifier: MIT
--
-- lines: what each event looks like as one live line, without time and pid, which the terminal adds.
-- One row per event type; a script replaces a row with line(name, fn). Called by live.

local core <const> = require "compendium.core"
local faults <const> = require "compendium.faults"
local format <const> = require "compendium.format"
local text <const> = require "compendium.text"

local lines <const> = {}

local NAME_COLUMNS <const> = 240 -- of a name in a line; the event keeps all of it
local ARGUMENTS_COLUMNS <const> = 100 -- of a command's arguments
local VERB_COLUMNS <const> = 7
local BYTES_COLUMNS <const> = 8
local AMOUNT <const> = "%" .. BYTES_COLUMNS .. "s "
local PAGE <const> = 4096

-- A name as it can be shown: escaped, and cut in the middle when it is very long.
local function name(bytes)
  return bytes and text.name(bytes, NAME_COLUMNS) or "?"
end
lines.name = name

local verbs <const> = {} -- padded: there are as many as types

local function verb(word, rest)
  local padded = verbs[word]
  if not padded then
    padded = text.pad(word, VERB_COLUMNS) .. " "
    verbs[word] = padded
  end
  return padded .. rest
end

local STANDARD <const> = {[0] = "stdin", "stdout", "stderr"}

-- What a descriptor is: a path, a pipe, or the best there is to say; of 0 to 2 what they are for as well,
-- unless they lead to a file.
local function thing(path, file, fd)
  local what = path or file and file.name
  what = what and name(what) or fd and "fd " .. fd or "?"
  local kind = file and file.kind
  if kind == "pipe" and file.pipe then
    what = ("%s %d"):format(what, file.pipe.id)
  end
  if STANDARD[fd] and kind ~= "file" and kind ~= "directory" then
    return ("%s (%s)"):format(STANDARD[fd], what)
  end
  return what
end

local function file_of(e)
  return thing(e.path, e.file, e.fd)
end

-- "tcp4 10.0.0.2:53"; of a socket without peer its own address.
local function peer(e)
  local protocol, remote = e.protocol or "socket", e.remote or e["local"]
  return remote and remote ~= "" and protocol .. " " .. name(remote) or protocol
end

local function own(e)
  local protocol, address = e.protocol or "socket", e["local"]
  return address and protocol .. " " .. name(address) or protocol
end

-- ---- transfers: the lines that can be merged

local ARROWS <const> = {read = "into", recv = "into", list = "into", write = "out", send = "out"}

-- The line of `calls` transfers of together `bytes` (nil: failed); `what` is transfer_target(e).
function lines.transfer(type, bytes, what, calls)
  local amount = AMOUNT:format(bytes and format.bytes(bytes) or "")
  local line = verb(type, amount .. text.marks[ARROWS[type]] .. " " .. what)
  return calls > 1 and ("%s  (%d calls)"):format(line, calls) or line
end

function lines.transfer_target(e)
  return (e.type == "send" or e.type == "recv") and peer(e) or file_of(e)
end

local function transfer(e)
  return lines.transfer(e.type, not e.error and e.bytes or nil, lines.transfer_target(e), 1)
end

-- ---- page faults: merged as well

-- "200 faults in heap @ 5574a0000000 (rw-) 800.0 KB"; `base` is where the region begins, `major` how many came
-- from the disk.
function lines.faults(pages, what, base, prot, major)
  pages, prot = pages or 1, prot or 0
  local rights = (prot & 1 ~= 0 and "r" or "-") .. (prot & 2 ~= 0 and "w" or "-") .. (prot & 4 ~= 0 and "x" or "-")
  local line = ("%s in %s @ %x (%s) %s"):format(format.count(pages, "fault"), what or "?", base or 0, rights,
    format.bytes(pages * PAGE))
  return major > 0 and ("%s, %d from disk"):format(line, major) or line
end

-- What is touched there, and where that begins: the region, or the address where none is known.
function lines.fault_target(region, what, addr)
  if not region then return what, addr end
  return region.kind == "file" and region.path and name(region.path) or what, region.addr
end

local function fault(e)
  local addr, pages, region, _, is_major = faults.of(e)
  local what, base = lines.fault_target(region, faults.what(e), addr)
  return lines.faults(pages, what, base, e.prot, is_major and pages or 0)
end

-- ---- the others

local O_APPEND <const>, O_TRUNC <const>, O_DIRECTORY <const>, O_PATH <const>, O_TMPFILE <const> =
  0x400, 0x200, 0x10000, 0x200000, 0x400000

-- "(read)", "(write, create, truncate)", "(directory)": how a file was opened, in words.
local function words_of(flags, created)
  local words = {}
  if flags & O_PATH ~= 0 then
    words[1] = "name only"
  elseif flags & O_DIRECTORY ~= 0 and flags & O_TMPFILE == 0 then
    words[1] = "directory"
  else
    words[1] = flags & 3 == 2 and "read, write" or flags & 3 == 1 and "write" or "read"
  end
  words[#words + 1] = flags & O_TMPFILE ~= 0 and "unnamed" or nil
  words[#words + 1] = created and "create" or nil
  words[#words + 1] = flags & O_TRUNC ~= 0 and "truncate" or nil
  words[#words + 1] = flags & O_APPEND ~= 0 and "append" or nil
  return "(" .. table.concat(words, ", ") .. ")"
end

local SAID_OF_OPENING <const> = 3 | O_DIRECTORY | O_PATH | O_TMPFILE | O_TRUNC | O_APPEND
local manners <const> = {[true] = {}, [false] = {}} -- by whether it was created, by the flags that are said

local function manner(e)
  local flags, created = (e.flags or 0) & SAID_OF_OPENING, e.created or false
  local known = manners[created][flags]
  if not known then
    known = words_of(flags, created)
    manners[created][flags] = known
  end
  return known
end

local function same_words(a, b)
  for i = 1, math.max(#a, #b) do
    if a[i] ~= b[i] then
      return false
    end
  end
  return true
end

-- "─── cat exec ───", with the arguments unless the banner has just shown them.
local function exec(e)
  if e.error or e.unfinished then
    return verb("exec", name(e.path))
  end
  local words = e.argv or {}
  local program = (e.path or e.exe or words[1] or "?"):match("([^/]+)/*$") or "?"
  local rule = text.marks.light:rep(3)
  local line = ("%s %s exec %s"):format(rule, name(program), rule)
  if #words > 1 and not same_words(words, core.options.command or {}) then
    line = line .. " " .. text.cut(text.command(words), ARGUMENTS_COLUMNS, false)
  end
  return line
end

local function ending(e)
  if e.signal then
    return "killed by " .. e.signal .. (e.core and " (core dumped)" or "")
  end
  return e.code and tostring(e.code) or "?"
end

local function exit(e)
  return verb("exit", (e.whole == false and "thread " or "") .. ending(e))
end

local function wait(e)
  if not e.child then
    return verb("wait", "nothing yet")
  end
  return verb("wait", ("%d %s"):format(e.child, e.signal and ending(e) or "exited " .. ending(e)))
end

local function signal(e)
  local sender = e.sender and (" %s %d"):format(text.marks.into, e.sender) or ""
  local addr = e.addr and " at " .. format.hex(e.addr) or ""
  return verb("signal", (e.signal or format.signal(e.number)) .. sender .. addr)
end

local function mapping(e)
  local size = text.pad(format.bytes(e.size), BYTES_COLUMNS, "right")
  local path = e.path and " " .. name(e.path) or ""
  local prot = e.prot and " " .. format.flags("mmap_prot", e.prot):lower():gsub("prot_", "") or ""
  return verb(e.type, ("%s at %s%s%s"):format(size, format.hex(e.addr), path, prot))
end

local function brk(e)
  local sign = (e.size or 0) > 0 and "+" or ""
  local size = text.pad(sign .. format.bytes(e.size), BYTES_COLUMNS, "right")
  return verb("brk", ("%s to %s"):format(size, format.hex(e.addr)))
end

local function with_path(detail)
  return function(e)
    local more = detail and detail(e)
    return verb(e.type, file_of(e) .. (more and more ~= "" and " " .. more or ""))
  end
end

local function copy(e)
  local from, to = thing(e.path, e.file, e.fd), thing(e.to, e.to_file, e.to_fd)
  local amount = text.pad(not e.error and e.bytes and format.bytes(e.bytes) or "", BYTES_COLUMNS, "right")
  return verb("copy", ("%s %s %s %s"):format(amount, from, text.marks.out, to))
end

local function arrow(e, from, to)
  return verb(e.type, ("%s %s %s"):format(from, text.marks.out, to))
end

local function owner(e)
  return ("%s:%s"):format(e.uid or "", e.gid or "")
end

local function in_parentheses(word)
  return word and "(" .. word .. ")" or ""
end

local texts <const> = {
  open = with_path(manner), close = with_path(), read = transfer, write = transfer, send = transfer, recv = transfer,
  list = with_path(), copy = copy, sync = with_path(), lock = with_path(), chdir = with_path(), chroot = with_path(),
  utime = with_path(), watch = with_path(), unmount = with_path(),
  stat = with_path(function(e) return e.what ~= "stat" and in_parentheses(e.what) end),
  truncate = with_path(function(e) return "(" .. format.bytes(e.size) .. ")" end),
  allocate = with_path(function(e) return "(" .. format.bytes(e.size) .. ")" end),
  chmod = with_path(function(e) return e.mode and format.mode(e.mode & 0xFFF) end),
  chown = with_path(owner),
  create = with_path(function(e) return in_parentheses(e.what) end),
  remove = with_path(function(e) return e.directory and "(directory)" end),
  rename = function(e) return arrow(e, name(e.path), name(e.to)) end,
  link = function(e) return arrow(e, name(e.path), name(e.target)) end,
  mount = function(e) return arrow(e, name(e.source), name(e.path)) end,

  socket = function(e) return verb("socket", e.protocol or "?") end,
  connect = function(e)
    local pending = e.in_progress and " (in progress)" or ""
    return verb("connect", ("%s %s %s%s"):format(e.protocol or "socket", text.marks.out, name(e.remote), pending))
  end,
  accept = function(e)
    return verb("accept", e.remote and ("%s %s %s"):format(e.protocol, text.marks.into, name(e.remote)) or own(e))
  end,
  bind = function(e) return verb("bind", own(e)) end,
  listen = function(e) return verb("listen", own(e)) end,
  shutdown = function(e) return verb("shutdown", peer(e) .. " " .. in_parentheses(e.what)) end,

  pipe = function(e) return verb(e.what or "pipe", ("%s, %s"):format(e.read_fd or "?", e.write_fd or "?")) end,
  dup = function(e) return verb("dup", ("%s %s fd %s"):format(file_of(e), text.marks.out, e.fd or "?")) end,
  special = function(e) return verb("create", e.what or "descriptor") end,

  mmap = mapping, munmap = mapping, mprotect = mapping, mremap = mapping, brk = brk,

  fork = function(e) return verb("fork", text.marks.out .. " " .. (e.child or "?")) end,
  thread = function(e) return verb("thread", text.marks.out .. " " .. (e.child or "?")) end,
  exec = exec, exit = exit, wait = wait, signal = signal,
  task = function(e) return verb("task", text.cut(text.command(e.argv or {}), NAME_COLUMNS, false)) end,
  kill = function(e) return arrow(e, e.signal or "0", tostring(e.target or "?")) end,
  stop = function(e) return verb("stop", e.signal or "?") end,
  fault = fault,
}

-- "12ms    for CPU 1 (preempted)"
function texts.sched(e)
  return verb("waited", ("%s for CPU %s (%s)"):format(text.pad(format.duration(e.duration), BYTES_COLUMNS, "right"),
    e.cpu or "?", e.what or "?"))
end

-- "4.0 KB read from 254:0 at 2048, 120ms"
function texts.block(e)
  local amount = text.pad(format.bytes(e.bytes), BYTES_COLUMNS, "right")
  return verb("disk", ("%s %s, device %s at sector %s, %s"):format(amount, e.what or "?", e.device or "?",
    e.sector or "?", format.duration(e.duration)))
end

-- "1234 events in 1.0s (5678 in all)"
function texts.lost(e)
  local during = e.during and " in " .. format.duration(e.during) or ""
  local total = e.total and e.total ~= e.count and (" (%d in all)"):format(e.total) or ""
  return verb("lost", format.count(e.count or 1, e.what or "event") .. during .. total)
end

local overrides <const> = {}
local failures = 0

-- The public line(name, fn): fn(e) -> text, or nil to keep the default.
function lines.override(type, fn)
  overrides[type] = fn
  if type == "fault" then core.apart() end
end

-- True when a script wants to see each event of that type for itself, so that none may be merged.
function lines.overridden(type)
  return overrides[type] ~= nil
end

-- How many line functions of scripts failed.
function lines.failures()
  return failures
end

local function overridden_text(e, fn)
  core.tell()
  local ok, result = xpcall(fn, debug.traceback, e)
  if not ok then
    failures = failures + 1
    overrides[e.type] = nil
    core.log("error", ('line "%s" failed, the default line is used from now on: %s'):format(e.type, result))
  end
  return ok and result ~= nil and text.tame(tostring(result)) or nil
end

-- The event's line, or nil when its type has none.
function lines.text(e)
  local fn = overrides[e.type]
  local own_text = fn and overridden_text(e, fn)
  if own_text then
    return own_text
  end
  local default = texts[e.type]
  local line = default and default(e)
  if line and e.unfinished and e.type ~= "exit" then
    line = line .. " (unfinished)"
  end
  return line and e.tampered and line .. " (tampered)" or line
end

-- The types that have a default line.
function lines.types()
  local list = {}
  for type in pairs(texts) do
    list[#list + 1] = type
  end
  table.sort(list)
  return list
end

return lines
