# SPDX-License-Identifier: MIT
# multiprocessing: two workers by fork, one after the other, answering through a pipe, each writing a file.
import multiprocessing, os, sys

folder = sys.argv[1]


def work(number, answer):
    with open("%s/worker%d" % (folder, number), "wb", buffering=0) as file:
        file.write(b"w" * (1000 * (number + 1)))
    answer.send_bytes(b"done %d" % number)
    answer.close()


multiprocessing.set_start_method("fork")
for number in range(2):
    mine, theirs = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.Process(target=work, args=(number, theirs))
    process.start()
    theirs.close()
    assert mine.recv_bytes() == b"done %d" % number
    process.join()
    mine.close()
