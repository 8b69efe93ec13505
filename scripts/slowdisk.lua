-- SPDX-License-Identifier: MIT
--
-- slowdisk: a disk that takes its time: every read, write and sync of a file is delayed.
--
--     compendium -s slowdisk:by=20ms,below="/var/**" -- ./prog
--
--     slowdisk: 120 calls were delayed, by 2.40s in all
--
-- Options: by=10ms; below=GLOB which files.

local by <const> = option("by", "10ms", "how long each call is delayed")
local below <const> = option("below", {"**"}, "which files")

local is_meant <const> = glob(below)
local n = 0

on({
  "enter:read", "enter:write", "enter:pread64", "enter:pwrite64", "enter:readv", "enter:writev", "enter:fsync",
    "enter:fdatasync",
  "enter:getdents64",
}, function(e)
  local kind = e.file and e.file.kind
  if kind ~= "file" and kind ~= "directory" or not is_meant(e.path or "") then return end
  n = n + 1
  e:delay(by)
end)

on("finish", function() tell("slowdisk: %d calls were delayed, by %s in all", n, duration(n * by)) end)
