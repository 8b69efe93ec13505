-- SPDX-License-Identifier: MIT
--
-- jail: keeps a program from writing outside of some folders, and from the network. It is for programs that are
-- clumsy, not for those that are hostile: a thread may change a name after it was looked at.
--
--     compendium -s jail:write="/tmp/**,/home/me/out/**",network=no -- ./untidy.sh
--
--     [+0.010s] openat /etc/x refused (EACCES)
--
-- Options: write=GLOB,GLOB where it may write; network=yes.

local may_write <const> = glob(option("write", {"/tmp/**", "/dev/**"}, "where it may write"))
local network <const> = option("network", false, "may it use the network")

local O_ACCMODE <const>, O_CREAT <const>, O_TRUNC <const> = 3, 0x40, 0x200

local function refuse(e, what)
  say(e, "%s %s refused (EACCES)", e.syscall, what or "")
  e:deny "EACCES"
end

on({"enter:open", "enter:openat", "enter:openat2", "enter:creat"}, function(e)
  local flags = e.flags or 0
  local writes = flags & O_ACCMODE ~= 0 or flags & (O_CREAT | O_TRUNC) ~= 0
  if writes and not may_write(e.path or "") then refuse(e, e.path) end
end)
on({
  "enter:mkdir", "enter:mkdirat", "enter:unlink", "enter:unlinkat", "enter:rmdir", "enter:link", "enter:linkat",
    "enter:symlink",
  "enter:symlinkat", "enter:truncate", "enter:chmod", "enter:fchmodat", "enter:chown", "enter:lchown", "enter:fchownat",
}, function(e) if not may_write(e.path or "") then refuse(e, e.path) end end)
on({"enter:rename", "enter:renameat", "enter:renameat2"}, function(e)
  if not may_write(e.path or "") or not may_write(e.to or "") then
    refuse(e, (e.path or "?") .. " → " .. (e.to or "?"))
  end
end)
if not network then
  local AF_UNIX <const> = 1
  on("enter:socket", function(e)
    if e.raw[1] ~= AF_UNIX then refuse(e, "of family " .. e.raw[1]) end
  end)
end
