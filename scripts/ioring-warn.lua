-- SPDX-License-Identifier: MIT
--
-- ioring-warn: tells when a program uses io_uring: what it does through the ring's memory no trace of calls can see.
--
--     compendium -s default -s ioring-warn -- ./server
--
--     [+0.010s] server made an io_uring of 128 entries (fd 5): what is done through it is not seen
--
-- Options: deny=yes refuses it with ENOSYS, so that most programs take ordinary calls.

local deny <const> = option("deny", false, "refuse it, so that programs use ordinary calls")

if deny then
  on("enter:io_uring_setup", function(e)
    say(e, "%s wanted an io_uring and is told that there is none", e.comm)
    e:deny "ENOSYS"
  end)
end

on("syscall:io_uring_setup", function(e)
  if not e.error then
    say(e, "%s made an io_uring of %d entries (fd %d): what is done through it is not seen", e.comm, e.raw[1], e.ret)
  end
end)
