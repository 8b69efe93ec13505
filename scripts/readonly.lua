-- SPDX-License-Identifier: MIT
--
-- readonly: a file system that cannot be written: opening to write, making, renaming and removing fail with EROFS.
--
--     compendium -s readonly -- ./install.sh
--     compendium -s readonly:below="/etc/**" -- ./prog
--
--     [+0.010s] open /etc/x to write ✗ EROFS
--
-- Options: below=GLOB which names (all but /dev and /proc); allow=GLOB,GLOB which are left writable.

local is_meant <const> = glob(option("below", {"**"}, "which names"))
local is_allowed <const> = glob(option("allow", {"/dev/**", "/proc/**"}, "which are left writable"))
local O_ACCMODE <const>, O_CREAT <const>, O_TRUNC <const> = 3, 0x40, 0x200

local function refuse(e, path, what)
  if not path or not is_meant(path) or is_allowed(path) then return end
  say(e, "%s %s%s ✗ EROFS", what, path, what == "open" and " to write" or "")
  e:deny "EROFS"
end

on({"enter:open", "enter:openat", "enter:openat2", "enter:creat"}, function(e)
  local flags = e.flags or 0
  if flags & O_ACCMODE ~= 0 or flags & (O_CREAT | O_TRUNC) ~= 0 then refuse(e, e.path, "open") end
end)
on({
  "enter:mkdir", "enter:mkdirat", "enter:mknod", "enter:mknodat", "enter:unlink", "enter:unlinkat", "enter:rmdir",
    "enter:link",
  "enter:linkat", "enter:symlink", "enter:symlinkat", "enter:truncate", "enter:chmod", "enter:fchmodat", "enter:chown",
  "enter:lchown", "enter:fchownat", "enter:utimensat",
}, function(e) refuse(e, e.path, e.syscall) end)
on({"enter:rename", "enter:renameat", "enter:renameat2"}, function(e) refuse(e, e.to or e.path, e.syscall) end)
