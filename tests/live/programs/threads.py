# SPDX-License-Identifier: MIT
# Threads that share descriptors: the main thread opens, workers read, write and close.
import os, sys, threading

folder = sys.argv[1]
source = os.open(folder + "/source", os.O_RDONLY)
target = os.open(folder + "/target", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
opened = []


def copy(part):
    data = os.pread(source, 1000, part * 1000)
    os.pwrite(target, data, part * 1000)


def open_log(_):
    opened.append(os.open(folder + "/log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644))


def write_log(_):
    os.write(opened[0], b"a line of a thread\n")


def close_all(_):
    os.close(source)
    os.close(target)
    os.close(opened[0])


# One after the other: what is compared is who knows which descriptor, not scheduling.
for work, arg in [(copy, 0), (copy, 1), (copy, 2), (open_log, 0), (write_log, 0), (write_log, 0),
                  (close_all, 0)]:
    thread = threading.Thread(target=work, args=(arg,))
    thread.start()
    thread.join()
