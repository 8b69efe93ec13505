-- SPDX-License-Identifier: MIT
--
-- enospc: a disk that becomes full: after so many bytes written to files, every write fails with ENOSPC.
--
--     compendium -s enospc:after=1m,below="/var/**" -- ./prog
--
--     [+0.210s] the disk is full: write to /var/log/x ✗ ENOSPC
--
-- Options: after=64k; below=GLOB; error=ENOSPC (EDQUOT, EIO ...).

local after <const> = option("after", "64k", "how much can be written before")
local below <const> = option("below", {"**"}, "which files")
local error_name <const> = option("error", "ENOSPC", "with which error")

local is_meant <const> = glob(below)
local written, told = 0, false

local function count(e) return e.file and e.file.kind == "file" and is_meant(e.path or "") end

on({"enter:write", "enter:pwrite64", "enter:writev", "enter:pwritev", "enter:pwritev2", "enter:copy_file_range",
  "enter:fallocate"},
  function(e)
    if written < after or not count(e) then return end
    if not told then say(e, "the disk is full: %s to %s ✗ %s", e.syscall, e.path, error_name) end
    told = true
    e:deny(error_name)
  end)
on("write", function(e) if not e.error and count(e) then written = written + (e.bytes or 0) end end)
