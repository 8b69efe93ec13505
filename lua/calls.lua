-- SPDX-License-Identifier: MIT
--
-- calls: what system calls mean to a person. One row per call that makes an event: the event's type
-- first, then the parts its arguments play. The models and the event fields are driven by these
-- rows, so that `openat` is `open` plus a dirfd and nothing more. Data only; no step of the flow.
--
-- Parts (the number is the argument's, from 1):
--   fd        the descriptor acted on             new_fd    the result is a new descriptor: true, or when
--   path      a path, from dirfd or the cwd       dirfd     what `path` is relative to
--   to        a second path                       to_dirfd  what `to` is relative to
--   to_fd     the second descriptor of a copy     raw       `target` is text, not resolved
--   target    what a link points to               target_dirfd
--   at_flags  flags with AT_EMPTY_PATH in them    flags, mode, size, offset, addr, prot: as named
--   address   a sockaddr the program gave         peer_address   one the kernel gave
--   from      the descriptor that is duplicated    listener  the socket that accepts
--   message   a struct msghdr (or an array)       pid, signal: whom it is for, which
--   bytes     true: the result counts bytes       socket    the type instead, when fd is a socket
--   what      a word that tells apart calls of one type

local rows = {}

-- ---- files by name

rows.open = {"open", path = 1, flags = 2, mode = 3, new_fd = true}
rows.openat = {"open", dirfd = 1, path = 2, flags = 3, mode = 4, new_fd = true}
rows.openat2 = {"open", dirfd = 1, path = 2, how = 3, new_fd = true}
rows.creat = {"open", path = 1, mode = 2, new_fd = true, creates = true}
rows.open_by_handle_at = {"open", flags = 3, new_fd = true}

rows.rename = {"rename", path = 1, to = 2}
rows.renameat = {"rename", dirfd = 1, path = 2, to_dirfd = 3, to = 4}
rows.renameat2 = {"rename", dirfd = 1, path = 2, to_dirfd = 3, to = 4, flags = 5}
rows.unlink = {"remove", path = 1}
rows.unlinkat = {"remove", dirfd = 1, path = 2, flags = 3}
rows.rmdir = {"remove", path = 1, what = "directory"}
rows.mkdir = {"create", path = 1, mode = 2, what = "directory"}
rows.mkdirat = {"create", dirfd = 1, path = 2, mode = 3, what = "directory"}
rows.mknod = {"create", path = 1, mode = 2}
rows.mknodat = {"create", dirfd = 1, path = 2, mode = 3}
rows.link = {"link", target = 1, path = 2}
rows.linkat = {"link", target_dirfd = 1, target = 2, dirfd = 3, path = 4, flags = 5, at_flags = 5}
rows.symlink = {"link", target = 1, path = 2, raw = true}
rows.symlinkat = {"link", target = 1, dirfd = 2, path = 3, raw = true}

rows.chdir = {"chdir", path = 1}
rows.fchdir = {"chdir", fd = 1}
rows.chroot = {"chroot", path = 1}
rows.pivot_root = {"chroot", path = 1}
rows.mount = {"mount", path = 2, source = 1, filesystem = 3, flags = 4}
rows.move_mount = {"mount", dirfd = 3, path = 4}
rows.umount = {"unmount", path = 1}
rows.umount2 = {"unmount", path = 1, flags = 2}

for _, name in ipairs {"stat", "lstat", "stat64", "lstat64", "oldstat", "oldlstat"} do
  rows[name] = {"stat", path = 1, what = "stat"}
end
for _, name in ipairs {"newfstatat", "fstatat64"} do
  rows[name] = {"stat", dirfd = 1, path = 2, at_flags = 4, what = "stat"}
end
for _, name in ipairs {"fstat", "fstat64", "oldfstat"} do
  rows[name] = {"stat", fd = 1, what = "stat"}
end
rows.statx = {"stat", dirfd = 1, path = 2, at_flags = 3, what = "stat"}
rows.access = {"stat", path = 1, mode = 2, what = "access"}
rows.faccessat = {"stat", dirfd = 1, path = 2, mode = 3, what = "access"}
rows.faccessat2 = {"stat", dirfd = 1, path = 2, mode = 3, at_flags = 4, what = "access"}
rows.readlink = {"stat", path = 1, result = 2, what = "readlink"}
rows.readlinkat = {"stat", dirfd = 1, path = 2, result = 3, what = "readlink"}
for _, name in ipairs {"statfs", "statfs64"} do
  rows[name] = {"stat", path = 1, what = "statfs"}
end
for _, name in ipairs {"fstatfs", "fstatfs64"} do
  rows[name] = {"stat", fd = 1, what = "statfs"}
end

rows.truncate = {"truncate", path = 1, size = 2}
rows.truncate64 = rows.truncate
rows.ftruncate = {"truncate", fd = 1, size = 2}
rows.ftruncate64 = rows.ftruncate
rows.fallocate = {"allocate", fd = 1, flags = 2, offset = 3, size = 4}
rows.chmod = {"chmod", path = 1, mode = 2}
rows.fchmod = {"chmod", fd = 1, mode = 2}
rows.fchmodat = {"chmod", dirfd = 1, path = 2, mode = 3}
rows.fchmodat2 = {"chmod", dirfd = 1, path = 2, mode = 3, at_flags = 4}
for _, name in ipairs {"chown", "lchown", "chown32", "lchown32"} do
  rows[name] = {"chown", path = 1, uid = 2, gid = 3}
end
rows.fchown = {"chown", fd = 1, uid = 2, gid = 3}
rows.fchown32 = rows.fchown
rows.fchownat = {"chown", dirfd = 1, path = 2, uid = 3, gid = 4, at_flags = 5}
rows.utime = {"utime", path = 1}
rows.utimes = {"utime", path = 1}
rows.futimesat = {"utime", dirfd = 1, path = 2}
rows.utimensat = {"utime", dirfd = 1, path = 2, at_flags = 4}
rows.utimensat_time64 = rows.utimensat
rows.inotify_add_watch = {"watch", path = 2, flags = 3}
rows.fanotify_mark = {"watch", dirfd = 4, path = 5, flags = 2}

-- ---- descriptors

rows.close = {"close", fd = 1}
rows.close_range = {"close", first = 1, last = 2, flags = 3}
rows.dup = {"dup", from = 1, new_fd = true}
rows.dup2 = {"dup", from = 1, new_fd = true}
rows.dup3 = {"dup", from = 1, flags = 3, new_fd = true}
rows.fcntl = {"dup", from = 1, new_fd = "if F_DUPFD"} -- else the descriptor is the first argument
rows.fcntl64 = rows.fcntl
rows.pidfd_getfd = {"dup", new_fd = true}
rows.pipe = {"pipe", ends = 1, what = "pipe"}
rows.pipe2 = {"pipe", ends = 1, flags = 2, what = "pipe"}
rows.socketpair = {"pipe", ends = 4, what = "socketpair"}

for name, what in pairs {
  epoll_create = "epoll", epoll_create1 = "epoll", eventfd = "eventfd", eventfd2 = "eventfd",
  timerfd_create = "timerfd", signalfd = "signalfd", signalfd4 = "signalfd",
  inotify_init = "inotify", inotify_init1 = "inotify", fanotify_init = "fanotify",
  memfd_create = "memfd", memfd_secret = "secretmem", pidfd_open = "pidfd",
  io_uring_setup = "io_uring", userfaultfd = "userfaultfd", perf_event_open = "perf_event",
  bpf = "bpf", landlock_create_ruleset = "landlock", fsopen = "fscontext", fspick = "fscontext",
  fsmount = "mount", open_tree = "mount", mq_open = "mqueue",
} do
  rows[name] = {"special", what = what, new_fd = true}
end
rows.bpf.new_fd = "if made" -- most commands make none

for _, name in ipairs {"read", "readv", "pread64", "preadv", "preadv2"} do
  rows[name] = {"read", socket = "recv", fd = 1, bytes = true}
end
for _, name in ipairs {"write", "writev", "pwrite64", "pwritev", "pwritev2"} do
  rows[name] = {"write", socket = "send", fd = 1, bytes = true}
end
for _, name in ipairs {"pread64", "preadv", "preadv2", "pwrite64", "pwritev", "pwritev2"} do
  rows[name].offset = 4
end
rows.vmsplice = {"write", fd = 1, bytes = true}
rows.getdents = {"list", fd = 1, bytes = true}
rows.getdents64 = rows.getdents
rows.sendfile = {"copy", fd = 2, to_fd = 1, bytes = true}
rows.sendfile64 = rows.sendfile
rows.splice = {"copy", fd = 1, to_fd = 3, bytes = true}
rows.tee = {"copy", fd = 1, to_fd = 2, bytes = true}
rows.copy_file_range = {"copy", fd = 1, to_fd = 3, bytes = true}
rows.fsync = {"sync", fd = 1}
rows.fdatasync = {"sync", fd = 1}
rows.syncfs = {"sync", fd = 1}
rows.sync_file_range = {"sync", fd = 1}
rows.sync = {"sync"}
rows.flock = {"lock", fd = 1}

-- ---- sockets

rows.socket = {"socket", new_fd = true}
rows.connect = {"connect", fd = 1, address = 2}
rows.bind = {"bind", fd = 1, address = 2}
rows.listen = {"listen", fd = 1}
rows.accept = {"accept", listener = 1, peer_address = 2, new_fd = true}
rows.accept4 = {"accept", listener = 1, peer_address = 2, flags = 4, new_fd = true}
rows.shutdown = {"shutdown", fd = 1}
rows.sendto = {"send", fd = 1, flags = 4, address = 5, bytes = true}
rows.sendmsg = {"send", fd = 1, flags = 3, message = 2, bytes = true}
rows.sendmmsg = {"send", fd = 1, flags = 4, message = 2, many = true}
rows.recvfrom = {"recv", fd = 1, flags = 4, peer_address = 5, bytes = true}
rows.recvmsg = {"recv", fd = 1, flags = 3, message = 2, bytes = true}
rows.recvmmsg = {"recv", fd = 1, flags = 4, message = 2, many = true}
rows.recvmmsg_time64 = rows.recvmmsg

-- ---- memory

rows.mmap = {"mmap", size = 2, prot = 3, flags = 4, fd = 5, offset = 6}
rows.mmap2 = {"mmap", size = 2, prot = 3, flags = 4, fd = 5, offset = 6, pages = true}
rows.munmap = {"munmap", addr = 1, size = 2}
rows.mprotect = {"mprotect", addr = 1, size = 2, prot = 3}
rows.pkey_mprotect = rows.mprotect
rows.mremap = {"mremap", addr = 1, old_size = 2, size = 3, flags = 4}
rows.brk = {"brk", addr = 1}
rows.shmat = {"mmap", what = "shm"}
rows.shmdt = {"munmap", addr = 1, what = "shm"}

-- ---- processes. What was created, run and ended is told by records; these are the calls that
-- failed to, and the rest.

rows.fork = {"fork"}
rows.vfork = {"fork"}
rows.clone = {"fork", flags = 1}
rows.clone3 = {"fork"}
rows.execve = {"exec", path = 1, argv = 2}
rows.execveat = {"exec", dirfd = 1, path = 2, argv = 3, at_flags = 5}
rows.wait4 = {"wait", pid = 1, status = 2, flags = 3}
rows.waitpid = {"wait", pid = 1, status = 2, flags = 3}
rows.waitid = {"wait", pid = 2, info = 3, flags = 4}
rows.kill = {"kill", pid = 1, signal = 2}
rows.tkill = {"kill", pid = 1, signal = 2}
rows.tgkill = {"kill", pid = 2, signal = 3}
rows.rt_sigqueueinfo = {"kill", pid = 1, signal = 2}
rows.rt_tgsigqueueinfo = {"kill", pid = 2, signal = 3}
rows.pidfd_send_signal = {"kill", pidfd = 1, signal = 2}

return rows
