-- SPDX-License-Identifier: MIT
--
-- seccomp-profile: the calls a program makes, as a seccomp profile for containers (OCI, docker, podman,
-- systemd-nspawn): these are allowed, all others fail.
--
--     compendium -s seccomp-profile:to=nginx.json -- nginx -g 'daemon off;'
--     docker run --security-opt seccomp=nginx.json ...
--
-- Run the program through all it is to do: what it did not do is not in the profile. Options: to=FILE (stdout
-- without it); with= further calls, separated by commas; errno=1 what the others fail with (EPERM).

local to <const> = option("to", "", "the file; stdout without it")
local with <const> = option("with", {}, "further calls to allow")
local errno <const> = option("errno", 1, "the number of the error that other calls fail with")

-- What any program needs: to start, to come back from a signal, to go on after one, to end; what is no call as long as
-- the kernel's own code in the program (the vDSO) can do it; and what the C library does when luck has it so: memory
-- that grows or goes, a lock that is held.
local ALWAYS <const> = {
  "execve", "exit", "exit_group", "restart_syscall", "rt_sigreturn",
  "clock_gettime", "clock_getres", "gettimeofday", "time", "getcpu",
  "brk", "mmap", "mremap", "munmap", "madvise", "futex",
}
local ARCHES <const> = {x86_64 = "SCMP_ARCH_X86_64", i386 = "SCMP_ARCH_X86", x32 = "SCMP_ARCH_X32"}

local seen, arches = {}, {x86_64 = true}
for _, name in ipairs(ALWAYS) do seen[name] = true end
for _, name in ipairs(with) do seen[name] = true end

on("syscall", function(e)
  if e:describe() then -- else it has no name
    seen[e.syscall] = true
    arches[e.arch] = true
  end
end)

local function sorted(set)
  local list = {}
  for name in pairs(set) do list[#list + 1] = name end
  table.sort(list)
  return list
end

on("finish", function()
  local names, architectures = sorted(seen), {}
  for _, arch in ipairs(sorted(arches)) do architectures[#architectures + 1] = ARCHES[arch] end
  local profile = {
    defaultAction = "SCMP_ACT_ERRNO", defaultErrnoRet = errno, architectures = architectures,
    syscalls = {{names = names, action = "SCMP_ACT_ALLOW"}},
  }
  local text = json(profile)
  if to == "" then
    print(text)
    return
  end
  save(to, text .. "\n")
  tell("seccomp-profile: %d calls allowed, in %s", #names, to)
end)
