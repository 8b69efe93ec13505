# SPDX-License-Identifier: MIT
#
# under_profile.py PROFILE COMMAND...: runs a command under a seccomp profile (OCI), by libseccomp, as a container's
# runtime does. Before that it makes a call that is in no profile, and says on stderr what came of it.
import ctypes, json, os, sys
import seccomp

libc = ctypes.CDLL(None, use_errno=True)
with open(sys.argv[1]) as file:
    profile = json.load(file)

ARCHES = {"SCMP_ARCH_X86_64": seccomp.Arch.X86_64, "SCMP_ARCH_X86": seccomp.Arch.X86, "SCMP_ARCH_X32": seccomp.Arch.X32}
assert profile["defaultAction"] == "SCMP_ACT_ERRNO", profile
filter = seccomp.SyscallFilter(seccomp.ERRNO(profile["defaultErrnoRet"]))
for arch in profile["architectures"]:
    if not filter.exist_arch(ARCHES[arch]):
        filter.add_arch(ARCHES[arch])
for rule in profile["syscalls"]:
    assert rule["action"] == "SCMP_ACT_ALLOW", rule
    for name in rule["names"]:
        try:
            filter.add_rule(seccomp.ALLOW, name)
        except (RuntimeError, ValueError) as error:
            print("libseccomp does not know", name, error, file=sys.stderr)
filter.load()
# Nothing but this call and exec between here and the command: what python itself needs is not allowed.
libc.getpriority(0, 0)
text = b"refused\n" if ctypes.get_errno() == profile["defaultErrnoRet"] else b"not refused\n"
libc.write(2, text, len(text))  # which may not be allowed either
os.execv(sys.argv[2], sys.argv[2:])
