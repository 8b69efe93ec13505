-- SPDX-License-Identifier: MIT
--
-- deeds: what a run did, as plain data: by subject (a path, a peer, a command line) the set of things that were done
-- to it and how long calls on it took. Order, pids and numbers of descriptors are not kept, so that two runs of the
-- same program have the same deeds; what else differs from run to run is put right by compendium.likeness.
--
--   files, connections, programs, errors   subject -> {deed -> true}
--   times      "call subject" -> {count=, sample = up to SAMPLE durations in ns, waits = true when the call is one that
--              waits for something outside of the program}
--   temporary  array of the names that the run made for itself and nobody else, in their order
--   pids       set;   cwd   where it began;   lost, forgotten   what is missing in it
--   title      what run it was: command, time, how it ended

local connections <const> = require "compendium.traffic"
local fds <const> = require "compendium.fds"
local format <const> = require "compendium.format"
local paths <const> = require "compendium.paths"
local processes <const> = require "compendium.processes"

local deeds <const> = {}

local SUBJECTS <const> = 50000 -- of each kind
local SAMPLE <const> = 63
local O_CREAT <const>, O_EXCL <const> = 0x40, 0x80
-- They tell of when something happened, not of what.
local OF_THE_MOMENT <const> = {EAGAIN = true, EINTR = true, EINPROGRESS = true, EALREADY = true, ECHILD = true}
local SIGNALS_OF_THE_MOMENT <const> =
  {SIGCHLD = true, SIGURG = true, SIGPROF = true, SIGVTALRM = true, SIGWINCH = true}
-- How long these take is told by what they wait for.
local UNTIMED <const> = {wait = true, exit = true}

-- Whether the path is that of a standard stream, which whoever starts the program chooses.
local function is_given(e)
  for fd = 0, 2 do
    local file = fds.lookup(e.tid, e.pid, fd)
    if file and file.origin ~= "open" and file.path == e.path then return true end
  end
  return false
end

-- What an event did to its path; nil: nothing worth telling.
local WORDS <const> = {
  open = function(e) return e.writable and "opened to write" or "opened" end,
  write = function(e) return (e.bytes or 0) > 0 and e.file and e.file.origin == "open" and "written" or nil end,
  stat = function(e) return not is_given(e) and "found" or nil end,
  remove = "removed", chdir = "entered", chroot = "made the root", unmount = "unmounted",
  list = "listed", watch = "watched", utime = "times set", mount = "mounted", lock = "locked", chown = "owner set",
  create = function(e) return e.what and "made: " .. e.what or "made" end,
  chmod = function(e) return "mode " .. format.mode(e.mode) end,
  rename = function(e) return "renamed to " .. (e.to or "?") end,
  link = function(e) return (e.symbolic and "points to " or "same as ") .. (e.target or "?") end,
  truncate = function(e) return ("cut to %d B"):format(e.size or 0) end,
}

-- An account to be filled by deeds.note.
function deeds.new()
  return {
    files = {}, connections = {}, programs = {}, errors = {}, times = {}, temporary = {}, pids = {}, lost = 0,
    forgotten = 0, known = {},
  }
end

-- The row of a subject in a part of the account, or nil when there are too many.
local function row_of(account, part, subject)
  local rows = account[part]
  local row = rows[subject]
  if not row then
    local known = (account.known[part] or 0) + 1
    if known > SUBJECTS then
      account.forgotten = account.forgotten + 1
      return nil
    end
    account.known[part], row = known, {}
    rows[subject] = row
  end
  return row
end

local function add(account, part, subject, deed)
  local row = row_of(account, part, subject)
  if row then row[deed] = true end
end

-- What a call was about, as text, and whether it is a path.
local function subject_of(e)
  if e.class == "network" then
    local remote = e.remote
    return remote and ("%s %s"):format(e.protocol or "socket", remote) or e.protocol or "socket"
  end
  local file = e.file
  if file and file.origin ~= "open" and e.fd and e.fd <= 2 then return "descriptor " .. e.fd end -- whatever was given
  local path = e.path
  if path then return path, true end
  return file and file.kind or ""
end

-- Calls that wait, not for the disk or the processor but for somebody.
local WAITING <const> = {recv = true, send = true, connect = true, accept = true, lock = true, sync = true, copy = true}

local function waits(e)
  local type = e.type
  if type == "read" or type == "write" then
    local file = e.file
    return not file or file.kind ~= "file"
  end
  return not type or WAITING[type]
end

local function add_time(account, e, name, subject)
  local row = row_of(account, "times", subject == "" and name or name .. " " .. subject)
  if not row then return end
  if not row.count then row.count, row.sample, row.waits = 0, {}, waits(e) or nil end
  row.count = row.count + 1
  row.sample[(row.count - 1) % SAMPLE + 1] = e.duration
end

-- Remembers a name that no one can have had before: its maker may have drawn it at random.
local function note_temporary(account, e)
  local made = e.type == "create" or e.type == "open" and (e.flags or 0) & (O_CREAT | O_EXCL) == O_CREAT | O_EXCL
  if made and e.path and #account.temporary < SUBJECTS then
    account.temporary[#account.temporary + 1] = e.path
  end
end

local function note_error(account, e, subject, is_path)
  local error = e.error
  if OF_THE_MOMENT[error] or e.type == "connect" or e.noise then return end
  if is_path then
    local what = error == "ENOENT" and "not there" or error
    add(account, "files", subject, (e.type == "open" or e.type == "stat") and what or ("%s: %s"):format(e.type, what))
  else
    add(account, "errors", (e.type .. " " .. subject):gsub(" $", ""), error)
  end
end

local function command_of(e)
  local process = processes.get(e.pid)
  local argv = process and process.argv
  return argv and #argv > 0 and format.command(argv) or process and process.comm or "?"
end

local function add_word(account, e, subject)
  local word = WORDS[e.type]
  if type(word) == "function" then word = word(e) end
  if word then add(account, "files", subject, word) end
end

local SPECIAL <const> = {
  exec = function(account, e)
    if not e.error then add(account, "programs", command_of(e), "began") end
  end,
  exit = function(account, e)
    if not e.whole then return end
    add(account, "programs", command_of(e), e.signal and "killed by " .. e.signal or ("exit %d"):format(e.code or 0))
  end,
  signal = function(account, e)
    if e.signal and not SIGNALS_OF_THE_MOMENT[e.signal] then add(account, "programs", command_of(e), e.signal) end
  end,
  lost = function(account, e) account.lost = account.lost + (e.count or 1) end,
  listen = function(account, e)
    if not e.error and e["local"] then
      add(account, "connections", ("%s %s"):format(e.protocol or "socket", e["local"]), "listening")
    end
  end,
  task = function(account, e)
    account.cwd = account.cwd or paths.cwd(e.tid, e.pid)
  end,
}

-- Takes an event to the account.
function deeds.note(account, e)
  account.pids[e.pid], account.pids[e.tid] = true, true
  local special = SPECIAL[e.type]
  if special then special(account, e) end
  if not e.type or e.kind ~= "call" then return end
  local subject, is_path = subject_of(e)
  if e.error then
    note_error(account, e, subject, is_path)
  elseif is_path then
    add_word(account, e, subject)
    note_temporary(account, e)
  end
end

-- How long a call took: a hook of its own, as calls that are no events wait as well.
function deeds.time(account, e)
  local duration = e.duration
  if duration and e.kind == "call" and not e.unfinished and not UNTIMED[e.type] then
    add_time(account, e, e.type or e.syscall, e.type and subject_of(e) or "")
  end
end

local function outcome(connection)
  if connection.failed then
    return connection.failed == "ECONNREFUSED" and "refused" or connection.failed
  end
  return connection.connecting and "no answer" or connection.direction == "in" and "came in" or "reached"
end

-- "./prog -x (0.03s, exit 0)"
local function title(info)
  local first = processes.list()[1]
  local command = first and (first.argv and format.command(first.argv) or format.escape(first.comm or "?")) or "?"
  local status = info.status
  local signal = status and processes.exit_signal(status)
  local ending = signal and ", " .. format.signal(signal)
    or status and (", exit %d"):format(processes.exit_code(status)) or ""
  return ("%s (%s%s)"):format(command, format.seconds(info.time), ending)
end

-- What is known when the run is over. info: as "finish" hooks have it. Returns the account, which is plain data.
function deeds.finish(account, info)
  for _, connection in ipairs(connections.connections) do
    -- clients come from a new port each time
    local peer = connection.direction == "in" and connection.host or connection.remote or "?"
    if connection.direction then
      add(account, "connections", connection.protocol .. " " .. peer, outcome(connection))
    end
  end
  account.title, account.known = title(info), nil
  return account
end

return deeds
