-- SPDX-License-Identifier: MIT
--
-- traps: how the tests of the kernel's traps run a tracee: alone first, and then traced in every way that makes
-- a difference to it: few calls wanted, all of them, all of them with everything read and printed.

local assert <const> = require "luassert"
local h <const> = require "tests.live.harness"

local traps = {}

-- Of the first, the event is looked at; of the second, it is enough that the call begins.
local FEW <const> = {"-e", 'on("syscall:openat", function(e) end)'}
local BEGUN <const> = {"-e", 'on("syscall:openat", function() end)'}
-- By whatever sees calls best; and by ptrace, the first time with a seccomp filter of ours.
local WAYS <const> = {h.join({"--backend", "ptrace"}, FEW), h.join({"--backend", "ptrace"}, BEGUN), {"--backend", "ptrace", "-v"},
  {"-q"}, FEW, {"-e", 'on("syscall", function() end)'}, {"-v"}}
-- Where it is ptrace alone, or one that was asked for.
local ONE_WAYS <const> = {{"-q"}, FEW, BEGUN, {"-e", 'on("syscall", function() end)'}, {"-v"}}

local function described(result)
  return ("status %s, signal %s\n%s"):format(result.status, result.signal, result.out)
end

-- Runs `tracee` with arguments; it must end with `expected` (0; a negative one is a signal), traced and untraced, and
-- print the same. Returns what -v wrote.
function traps.same(command, expected, options)
  command = h.join(command)
  expected = expected or 0
  local alone = h.run(command, options)
  local status = alone.status or -alone.signal
  assert.equal(expected, status, "untraced: " .. described(alone) .. alone.err)
  local last
  local user = options and options.user or h.users[1]
  for _, way in ipairs(user == "root" and not os.getenv "BACKEND" and WAYS or ONE_WAYS) do
    last = h.trace(way, command, options)
    assert.equal(described(alone), described(last), table.concat(way, " ") .. ": " .. last.err:sub(-3000))
    assert.falsy(last.err:find "[Hh]ook[s]? that failed", last.err:sub(-1000))
    traps.check_results(last.err)
  end
  return last.err
end

-- No number that only the kernel knows was taken for a result.
function traps.check_results(text)
  for number = 512, 516 do
    local at = text:find(("= %%-%d[ \n]"):format(number))
    assert.falsy(at, at and text:sub(math.max(1, at - 200), at + 50))
  end
end

function traps.count(text, pattern)
  local _, count = text:gsub(pattern, "")
  return count
end

-- A tracee's command line.
function traps.command(program, ...)
  return {h.tracee(program), ...}
end

-- What scripts see: runs a command under -e CODE, which prints with print. Returns its lines without what the program
-- itself prints to stdout, as that goes to stderr's file: the whole result.
function traps.script(code, command, options)
  return h.trace({"-e", code}, command, options)
end

return traps
