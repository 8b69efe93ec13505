-- SPDX-License-Identifier: MIT
--
-- programs: the real programs that tests trace, as data. Each row:
--     name, argv(dir, env): what to run, in the empty folder dir
--     prepare(dir, user): what must be there first; what it returns is env, and env:stop() is called after
--     users: who runs it; everybody when absent
--     cannot: why this machine cannot run it, if it cannot
--     vary: calls whose number differs between any two runs of it under the same tracer, each with
--     the reason; their counts are not compared, what they did is ("pipes": bytes of pipes)
--     chance: why it is chance in what order things are done, or by which of its threads, if it is

local h <const> = require "tests.live.harness"
local services <const> = require "tests.live.services"

local python <const> = "/usr/bin/python3"

local BOTH <const> = {root = true, user = true}
local CONTENTION <const> = "a thread waits for a lock only when it comes too late or too early"
local THREADS <const> = {
  futex = CONTENTION, mmap = "malloc makes one more arena when another thread holds the lock",
  mprotect = "the same", munmap = "the same",
}
local BIASED <const> = "libc draws again for a temporary name when the number would be biased"
local CHUNKS <const> = "how much of a stream is there when it is asked for depends on the other end"

local function nginx(_, user)
  return services.nginx(user, 1)
end

-- The same commit, by name, in every run.
local GIT_DATES <const> = {GIT_AUTHOR_DATE = "@1000000000 +0000", GIT_COMMITTER_DATE = "@1000000000 +0000"}

local function git_repository(dir, user)
  local function git(...)
    local result = h.run({h.which.git, "-c", "user.name=T", "-c", "user.email=t@t", ...},
      {user = user, cwd = dir .. "/origin", home = dir, env = GIT_DATES})
    assert(result.status == 0, result.err)
  end
  assert(h.run({"/bin/mkdir", dir .. "/origin"}, {user = user}).status == 0)
  git("init", "-q", ".")
  for i = 1, 5 do
    h.write_file(dir .. "/origin/file" .. i, ("line " .. i .. "\n"):rep(200), 420)
  end
  git("add", ".")
  git("commit", "-q", "-m", "all")
end

local function source_c(dir)
  h.write_file(dir .. "/main.c", [[
#include <stdio.h>
int main(void) { return puts("hello") < 0; }
]])
end

local function source_bytes(dir)
  h.write_file(dir .. "/source", ("0123456789abcdef"):rep(1000))
end

-- Something xz has to work on: 4 MiB in two blocks for two threads.
local function source_large(dir)
  local lines = {}
  for i = 1, 65536 do
    lines[i] = ("%08x %016x %036d\n"):format(i, i * 2654435761, i * i)
  end
  h.write_file(dir .. "/large", table.concat(lines))
end

local function tree(dir)
  local lfs = require "lfs"
  for i = 1, 3 do
    lfs.mkdir(dir .. "/tree" .. i)
    h.write_file(dir .. "/tree" .. i .. "/file", ("x"):rep(1000 * i))
  end
end

-- The same in every run, so that peers have the same names.
local client_ports <const> =
  {tostring(h.process.free_port()), tostring(h.process.free_port())}

-- A client that comes twice, after the server said where it listens.
local function tcp_clients(dir, user)
  local script = [[
while [ ! -e port ]; do sleep 0.01; done
"$0" client "$(cat port)" 100 "$1" && "$0" client "$(cat port)" 5000 "$2"]]
  local client = h.start({"/bin/sh", "-c", script, h.tracee "tcp", client_ports[1], client_ports[2]},
    {user = user, cwd = dir})
  local function stop()
    client:wait()
    assert(client.status == 0, client.err)
  end
  return {client_ports = client_ports, stop = stop}
end

local CURL_VARIES <const> = {
  poll = CHUNKS, recvfrom = CHUNKS, write = CHUNKS, rt_sigaction = "it ignores SIGPIPE around each poll",
}

local SERVER_VARIES <const> = {recvfrom = CHUNKS}
local PYTHON_VARIES <const> = {
  madvise = "a thread may be ended with the process before it gives its stack back", rt_sigprocmask = "the same",
}
for name, reason in pairs(THREADS) do
  SERVER_VARIES[name], PYTHON_VARIES[name] = reason, reason
end

local programs = {
  {name = "curl over IPv4", prepare = nginx, vary = CURL_VARIES,
   argv = function(dir, env)
    return {h.which.curl, "-s", "-o", dir .. "/got", ("http://127.0.0.1:%d/large"):format(env.port)}
  end},
  {name = "curl over IPv6", prepare = nginx, vary = CURL_VARIES,
   argv = function(dir, env)
    return {h.which.curl, "-s", "-o", dir .. "/got", ("http://[::1]:%d/large"):format(env.port)}
  end},
  {name = "curl over a unix socket", prepare = nginx, vary = CURL_VARIES,
   argv = function(dir, env)
    return {h.which.curl, "-s", "-o", dir .. "/got", "--unix-socket", env.socket, "http://host/large"}
  end},
  {name = "git clone", prepare = git_repository, chance = "which of its pipes ends first", vary = {
    getrandom = BIASED, read = CHUNKS, write = CHUNKS, poll = CHUNKS, futex = CONTENTION,
    alarm = "its timer is set anew for each chunk", pipes = "each chunk has a header of 5 bytes",
  }, argv = function(dir)
    return {h.which.git, "clone", "-q", "--no-local", dir .. "/origin", dir .. "/clone"}
  end},
  {name = "gcc", prepare = source_c, vary = {getrandom = BIASED}, argv = function(dir)
    return {h.which.gcc, "-o", dir .. "/main", dir .. "/main.c"}
  end},
  {name = "sh with a pipeline", vary = {
    rt_sigreturn = "two children that end together are one SIGCHLD", wait4 = "the same",
  }, argv = function()
    return {"/bin/sh", "-c", "cat /etc/hosts | wc -c > f"}
  end},
  {name = "python with threads", prepare = source_bytes, vary = PYTHON_VARIES, argv = function(dir)
    return {python, h.program "threads.py", dir}
  end},
  {name = "python with multiprocessing", argv = function(dir)
    return {python, h.program "processes.py", dir}
  end},
  {name = "node with fs.promises", chance = "the next free thread takes the next file", vary = {
    futex = CONTENTION, epoll_pwait = "one round serves all that the pool has finished by then",
    read = "threads that wake the loop (eventfd) at the same time wake it once", write = "the same",
    rseq = "a thread may be ended with the process before it has begun", set_robust_list = "the same",
    rt_sigprocmask = "the same", sched_yield = CONTENTION,
    epoll_wait = "as epoll_pwait, which Debian's node does not use",
    brk = "V8's threads free what the main thread's heap grows for",
    mmap = "V8 collects garbage in threads", munmap = "the same", mprotect = "the same", madvise = "the same",
  }, argv = function(dir)
    return {h.which.node, h.program "files.js", dir}
  end},
  {name = "tar", prepare = tree, argv = function(dir)
    return {h.which.tar, "-cf", dir .. "/out.tar", "tree1", "tree2", "tree3"}
  end},
  {name = "xz with threads", prepare = source_large, vary = THREADS,
    chance = "whether a block is ready to be written before the next one is read", argv = function()
    return {h.which.xz, "-T2", "-0", "--block-size=1MiB", "-k", "large"}
  end},
  {name = "find", users = {user = true}, argv = function()
    return {h.which.find, "/usr/share", "-name", "copyright"}
  end},
  {name = "a static i386 program", cannot = h.no_32bit, argv = function()
    return {h.tracee "static32", "written"}
  end},
  {name = "int 0x80 in a 64-bit program", cannot = h.no_32bit, argv = function()
    return {h.tracee "int80", "written"}
  end},
  {name = "a threaded accept server", chance = "who comes before the last one is served",
   prepare = tcp_clients, vary = SERVER_VARIES, argv = function()
    return {h.tracee "tcp", "threads", "port", "2"}
  end},
  {name = "a forked accept server", prepare = tcp_clients, vary = SERVER_VARIES, argv = function()
    return {h.tracee "tcp", "fork", "port", "2"}
  end},
}

for _, program in ipairs(programs) do
  program.users = program.users or BOTH
end

-- Prepares a program in a folder of its own (the same path each time), calls run(argv, options, env) and
-- cleans up. Returns what run returned.
function programs.with(program, user, run)
  local dir = h.folder(user, "work")
  local env = program.prepare and program.prepare(dir, user) or {}
  h.give(dir, user)
  local options = {user = user, cwd = dir, same_addresses = true, out = dir .. "/stdout",
    err = dir .. "/stderr"}
  local result = run(program.argv(dir, env), options, env)
  if env.stop then
    env:stop()
  end
  return result, dir, env
end

return programs
