-- SPDX-License-Identifier: MIT
--
-- The rows of `make bench`: a piece of work, who runs it, and the bars. Adding a row, a runner or a bar is adding
-- an entry; bench.lua knows nothing of them.
--
--   work      the command; "$DIR" is a folder made by `prepare`, "$WORK" the program of work.c
--   runners   names of `runners` below, in the order in which they take turns
--   prepare   what is in the folder: "sources" or "file"
--   calls     how many calls the counting hook must have seen: a runner that counts prints the number
--   rounds    how many there are, where five are too few to tell
--   reads     in place of the time: a pattern of what the command prints, in nanoseconds
--   bars      {runner, at_most, of}: its median is at most that many times the median of `of`; without `of`, at
--             most that many microseconds
--   short     the count in place of `count` ("$N") in the short form, which bench_spec.lua runs, and `holds`, the
--             bars it must hold: wide ones

local COUNT <const> = [[
local n = 0
on("syscall:getppid", function() n = n + 1 end)
on("finish", function() print(n) end)
]]
local OTHER <const> = 'on("syscall:getpid", function() end)'

local runners <const> = {
  native = {argv = {}},
  strace = {argv = {"strace", "-f", "-o", "/dev/null"}},
  ["strace -y"] = {argv = {"strace", "-f", "-y", "-o", "/dev/null"}},
  ["strace --seccomp-bpf"] = {argv = {"strace", "-f", "--seccomp-bpf", "-e", "trace=getpid", "-o", "/dev/null"}},
  ["perf trace"] = {argv = {"perf", "trace", "-o", "/dev/null", "--"}, probe = true},
}

-- Page faults beside the default lines.
runners.faults = {argv = {"$COMPENDIUM", "--faults", "-o", "/dev/null", "--"}}
runners["bpf faults"] = {backend = "bpf", argv = {"$COMPENDIUM", "--backend", "bpf", "--faults", "-o", "/dev/null", "--"}}

-- Every backend that exists runs what the others run.
local backends <const> = {"ptrace", "bpf"}
local forms <const> = {other = {"-e", OTHER}, count = {"-e", COUNT}, default = {"-o", "/dev/null"}}
for _, backend in ipairs(backends) do
  for form, arguments in pairs(forms) do
    runners[backend .. " " .. form] = {backend = backend, counts = form == "count",
      argv = {"$COMPENDIUM", "--backend", backend, arguments[1], arguments[2], "--"}}
  end
end

local rows <const> = {
  {
    name = "getppid, no hook", work = {"$WORK", "getppid", "$N"}, count = 10000000, short = 500000,
    runners = {"native", "strace --seccomp-bpf", "ptrace other"},
    bars = {{"ptrace other", 1.25, "native"}}, holds = {{"ptrace other", 5, "native"}},
  },
  {
    name = "getppid, counting hook", work = {"$WORK", "getppid", "$N"}, count = 500000, short = 3000,
    runners = {"native", "strace", "perf trace", "ptrace count", "bpf count"}, counted = true,
    bars = {{"ptrace count", 0.45, "strace"}, {"bpf count", 0.03, "strace"}},
    holds = {{"ptrace count", 2, "strace"}},
  },
  {
    name = "8 threads in 2 processes", work = {"$WORK", "threads", "$N"}, count = 2000000, short = 2400,
    runners = {"native", "strace", "ptrace count", "bpf count"}, counted = true,
    bars = {{"bpf count", 0.05, "strace"}}, holds = {{"ptrace count", 3, "strace"}},
  },
  {
    name = "find /usr/share", work = {"find", "/usr/share"},
    runners = {"native", "strace", "perf trace", "ptrace default", "bpf default"},
    bars = {{"ptrace default", 0.6, "strace"}, {"bpf default", 0.15, "strace"}},
  },
  {
    name = "make -j2, 24 C files", work = {"make", "-s", "-B", "-j2", "-C", "$DIR"}, prepare = "sources",
    runners = {"native", "strace", "perf trace", "ptrace default", "bpf default"},
    bars = {{"ptrace default", 1.7, "native"}, {"bpf default", 1.25, "native"}},
  },
  {
    name = "make -j2, page faults", work = {"make", "-s", "-B", "-j2", "-C", "$DIR"}, prepare = "sources",
    rounds = 61, -- its times scatter by 7 %, and what is measured is as much
    runners = {"bpf default", "bpf faults"}, bars = {{"bpf faults", 1.1, "bpf default"}},
  },
  {
    name = "touch pages", work = {"$WORK", "touch", "$N"}, count = 1000000, short = 100000,
    runners = {"native", "faults"}, bars = {{"faults", 3, "native"}}, holds = {{"faults", 20, "native"}},
  },
  {
    name = "open, read, close", work = {"$WORK", "files", "$N", "$DIR/file"}, prepare = "file", count = 60000,
    runners = {"native", "strace -y", "ptrace default", "bpf default"},
    bars = {{"bpf default", 0.10, "strace -y"}},
  },
  {
    name = "dispatch alone", work = {"$DISPATCH", "300000", "count calls"}, reads = "openat +(%d+) ns",
    runners = {"native"}, bars = {{"native", 0.35}},
  },
}

return {runners = runners, rows = rows}
