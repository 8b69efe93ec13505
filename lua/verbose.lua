-- SPDX-License-Identifier: MIT
--
-- verbose: the sink of -v: every call with its arguments by name, decoded, its result, and how long it took,
-- before any filter. For who wants to see what the kernel saw:
--
--     openat(dirfd: AT_FDCWD, pathname: "/etc/passwd", flags: O_RDONLY|O_CLOEXEC) = 3 <12µs>

local arguments <const> = require "compendium.arguments"
local core <const> = require "compendium.core"
local format <const> = require "compendium.format"
local terminal <const> = require "compendium.terminal"
local values <const> = require "compendium.values"

local verbose <const> = {}

-- The line of a call.
function verbose.call(e)
  local call = arguments.description(e)
  local ends = e.syscall == "exit" or e.syscall == "exit_group"
  local marks = (e.unfinished and not ends and " (unfinished)" or "") .. (e.late and " (began before the trace)" or "")
    .. (e.tampered and " (tampered)" or "")
  local took = not e.unfinished and e.duration and (" <%s>"):format(format.duration(e.duration)) or ""
  return ("%s(%s) = %s%s%s"):format(e.syscall, arguments.text(e, call), values.result(e, call), marks, took)
end

local OTHERS <const> = {
  signal = function(e)
    return ("--- %s%s ---"):format(e.signal or format.signal(e.number), e.sender and " from " .. e.sender or "")
  end,
  stop = function(e) return ("--- stopped by %s ---"):format(e.signal or "?") end,
  exit = function(e)
    local what = e.whole == false and "thread " or ""
    return e.signal and ("+++ %skilled by %s%s +++"):format(what, e.signal, e.core and " (core dumped)" or "")
      or ("+++ %sexited with %s +++"):format(what, e.code or "?")
  end,
  lost = function(e)
    local total = e.total and (", %d in all"):format(e.total) or ""
    return ("--- lost %s%s ---"):format(format.count(e.count or 1, e.what or "event"), total)
  end,
}

function OTHERS.sched(e)
  return ("--- waited %s for CPU %d (%s) ---"):format(format.duration(e.duration), e.cpu, e.what)
end

function OTHERS.block(e)
  return ("--- block %s: %s at sector %d of %s%s <%s> ---"):format(e.what, format.bytes(e.bytes), e.sector, e.device,
    e.error and " = " .. e.error or "", format.duration(e.duration))
end

local function event(e)
  local other = OTHERS[e.kind]
  local line = other and other(e) or e.kind == "call" and verbose.call(e)
  if line then
    terminal.add {
      time = e.time + (e.duration or 0), label = terminal.label(e), class = e.class or "descriptor", text = line,
      whole = true,
    }
  end
end

-- The sink. Asks for the first bytes of buffers.
function verbose.open()
  core.want_data(values.buffer_bytes)
  return {
    name = "verbose", before_filters = true, events = {"syscall", "signal", "stop", "exit", "lost", "sched", "block"},
    start = terminal.banner, event = event, finish = function() terminal.release(true) end,
  }
end

return verbose
