# SPDX-License-Identifier: MIT
#
# Makes calls whose arguments point to memory in all the ways there are: vectors, messages, lengths in and out,
# sets, structs, names of unix sockets, pointers to nothing.
import array
import ctypes
import fcntl
import os
import select
import socket
import struct
import sys

libc = ctypes.CDLL(None, use_errno=True)
with open("file", "wb+") as file:
    fd = file.fileno()
    os.writev(fd, [b"one", b"", b"two and more", b"x" * 5000])
    os.lseek(fd, 0, 0)
    os.readv(fd, [bytearray(2), bytearray(7), bytearray(6000)])
    os.pwrite(fd, b"y" * 70000, 10)
    os.pread(fd, 80000, 0)
    fcntl.fcntl(fd, fcntl.F_SETLK, struct.pack("hhqqi", fcntl.F_WRLCK, 0, 0, 0, 0))
    fcntl.fcntl(fd, fcntl.F_GETFL)
    try:
        os.setxattr("file", "user.name", b"a value")
        os.getxattr("file", "user.name")
        os.listxattr("file")
    except OSError:
        pass
    os.stat("file")
    os.utime("file", (1, 2))
os.symlink("file", "link")
os.readlink("link")
os.rename("link", "x" * 200)
for path in ("nowhere", "y" * 5000):
    try:
        os.open(path, os.O_RDONLY)
    except OSError:
        pass

a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
a.sendmsg([b"first", b"second"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1]))])
data, control, flags, address = b.recvmsg(100, 200)
server = socket.socket(socket.AF_UNIX)
server.bind("socket")
server.listen()
client = socket.socket(socket.AF_UNIX)
client.connect("socket")
accepted, _ = server.accept()
client.sendall(b"z" * 3000)
accepted.recv(10)
accepted.recv_into(bytearray(5000))
client.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE)
client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
client.getsockname()
client.getpeername()
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", 0))
udp.sendto(b"to myself", udp.getsockname())
udp.recvfrom(100)

r, w = os.pipe()
select.select([r], [w], [], 0)
poll = select.poll()
poll.register(r)
poll.register(w, select.POLLOUT)
poll.poll(0)
epoll = select.epoll()
epoll.register(w, select.EPOLLOUT)
epoll.poll(0)

libc.syscall(1, w, ctypes.c_void_p(16), ctypes.c_long(100))     # write from nowhere
libc.syscall(20, w, ctypes.c_void_p(16), ctypes.c_long(3))      # writev
libc.syscall(2, ctypes.c_void_p(16), 0)                         # open
libc.syscall(46, client.fileno(), ctypes.c_void_p(16), 0)       # sendmsg
libc.prctl(15, b"renamed")

child = os.fork()
if child == 0:
    try:
        os.execv("/nowhere", ["nowhere"])
    except OSError:
        os.execv("/bin/sh", ["sh", "-c", "echo from the child; exit 3"])
os.waitpid(child, 0)
pid = os.posix_spawn("/bin/sh", ["sh", "-c", "kill -USR1 $$; exit 1"], {"A": "b"})
os.waitpid(pid, 0)
sys.stdout.write("done\n")
