-- SPDX-License-Identifier: MIT
--
-- The program cannot tell: what it prints, its descriptors, signals, limits, environment, group and
-- folder are those it has untraced.

local h <const> = require "tests.live.harness"

-- What must be equal of a task's status: who it is, signals, rights.
local SAME <const> = {
  "Umask", "Uid", "Gid", "Groups", "SigPnd", "ShdPnd", "SigBlk", "SigIgn", "SigCgt",
  "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Cpus_allowed",
}

local function status_lines(text)
  local lines = {}
  for _, name in ipairs(SAME) do
    lines[#lines + 1] = text:match(("\n(%s:\t[^\n]*)"):format(name)) or name .. " is missing"
  end
  return lines
end

-- The same command alone and traced.
local function both(command, arguments, options)
  return h.run(command, options), h.trace(arguments or {"-q"}, command, options)
end

describe("a traced program", function()
  after_each(h.clean)

  for _, user in ipairs(h.users) do
    it("has the same signal dispositions, rights and limits, as " .. user, function()
      local dir = h.folder(user)
      local alone, traced = both({"/bin/cat", "/proc/self/status"}, nil, {user = user, cwd = dir})
      assert.same(status_lines(alone.out), status_lines(traced.out))
      alone, traced = both({"/bin/cat", "/proc/self/limits"}, nil, {user = user, cwd = dir})
      assert.equal(alone.out, traced.out)
    end)
  end

  it("keeps signals that were ignored or blocked", function()
    -- trap '' ignores; both SIGPIPE and SIGCHLD are ones a tracer is tempted to change.
    local command = {"/bin/sh", "-c", "trap '' PIPE CHLD HUP USR1; exec \"$@\"", "sh"}
    local inner = {"/bin/cat", "/proc/self/status"}
    local alone = h.run(h.join(command, inner))
    local traced = h.run(h.join(command, {h.compendium, "-q", "--"}, inner))
    assert.same(status_lines(alone.out), status_lines(traced.out))
    local blocked = {"/usr/bin/python3", "-c", "import os, signal, sys\n"
      .. "signal.pthread_sigmask(signal.SIG_BLOCK, [1, 2, 10, 15, 17, 34, 64])\nos.execv(sys.argv[1], sys.argv[1:])"}
    alone = h.run(h.join(blocked, inner))
    traced = h.run(h.join(blocked, {h.compendium, "-q", "--"}, inner))
    assert.same(status_lines(alone.out), status_lines(traced.out))
  end)

  it("has its own descriptors only", function()
    -- The listing itself opens 3.
    local alone, traced = both {"/bin/sh", "-c", "ls /proc/self/fd; readlink /proc/$$/fd/0"}
    assert.equal("0\n1\n2\n3\n/dev/null\n", alone.out)
    assert.equal(alone.out, traced.out)
    local many = {"/bin/sh", "-c", "exec 5</dev/null 7>/dev/null; ls /proc/self/fd"}
    assert.equal("0\n1\n2\n3\n5\n7\n", h.trace({"-q"}, many).out)
  end)

  it("has its environment, folder, group, session, umask and personality", function()
    local command = {"/bin/sh", "-c", "env | sort; pwd; umask; nice; cat /proc/$$/personality; ulimit -a; "
      .. "[ $(cut -d' ' -f5 /proc/$$/stat) = $(cut -d' ' -f5 /proc/$PPID/stat) ] && echo group of the parent; "
      .. "cut -d' ' -f6,7,19 /proc/$$/stat"}
    local dir = h.folder(h.users[1])
    local parent = {"/bin/sh", "-c", '"$@"; :', "sh"}
    local alone = h.run(h.join(parent, command), {cwd = dir, env = {ODD = "a\nb = \27[1m", EMPTY = ""}})
    local traced = h.run(h.join(parent, {h.compendium, "-q", "--"}, command),
      {cwd = dir, env = {ODD = "a\nb = \27[1m", EMPTY = ""}})
    assert.truthy(alone.out:find("group of the parent", 1, true), alone.out)
    assert.equal(alone.out, traced.out)
  end)

  it("gets what -E and -u say", function()
    local result = h.trace({"-q", "-E", "ONE=1", "-E", "HOME"}, {"/bin/sh", "-c", 'echo "$ONE ${HOME-none}"'})
    assert.equal("1 none\n", result.out)
    if h.is_root then
      assert.equal("65534\n65534\n", h.trace({"-q", "-u", "nobody"}, {"/bin/sh", "-c", "id -u; id -g"}).out)
    end
  end)

  it("reads our stdin and writes our stdout, byte by byte", function()
    local bytes = ("\0\1\255\n\27[31m"):rep(20000)
    local result = h.trace({"-q"}, {"/bin/cat"}, {stdin = bytes})
    assert.is_true(bytes == result.out)
  end)

  it("is waited for as its children are by it", function()
    local code = "sh -c 'exit 7'; echo $?; sh -c 'kill -9 $$'; echo $?; (sleep 0.01; exit 3) & wait $!; echo $?"
    local alone, traced = both {"/bin/sh", "-c", code}
    assert.equal("7\n137\n3\n", alone.out)
    assert.equal(alone.out, traced.out)
  end)
end)
