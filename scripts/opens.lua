-- SPDX-License-Identifier: MIT
--
-- opens: every file that is opened, with how it ended, also those a summary would hide.
--
--     compendium -s opens -- ls /
--     compendium -s opens:failed=yes -- gcc x.c
--
--     [+0.003s] open    /etc/ld.so.cache (read)
--     [+0.004s] open    /opt/lib/libx.so (read) ✗ ENOENT
--
-- Options: failed=yes shows only those that failed; path="/etc/**" only those below.

local failed <const> = option("failed", false, "only what could not be opened")
local path <const> = option("path", {"**"}, "which paths, as a glob")

local is_meant <const> = glob(path)

on("open", function(e)
  if failed and not e.error or not is_meant(e.path or "?") then return end
  say(e, "%-7s %s (%s)%s", "open", e.path or "?", e.writable and "write" or "read", e.error and " ✗ " .. e.error or "")
end)
