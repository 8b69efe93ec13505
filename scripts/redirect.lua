-- SPDX-License-Identifier: MIT
--
-- redirect: gives a program another file than the one it asks for, or another port.
--
--     compendium -s redirect:path=/etc/hosts,to=/tmp/hosts -- ping myhost
--     compendium -s redirect:port=5432,to=15432 -- ./client
--
--     [+0.010s] openat /etc/hosts → /tmp/hosts
--
-- Options: path=FILE, to=FILE or port=N, to=N.

local path <const> = option("path", "", "the file that is asked for")
local port <const> = option("port", 0, "the port that is asked for")
local to <const> = option("to", "", "what it gets in place of it")

if to == "" or path == "" and port == 0 then error("redirect needs path= or port=, and to=", 0) end

if path ~= "" then
  on({"enter:open", "enter:openat", "enter:stat", "enter:lstat", "enter:newfstatat", "enter:statx", "enter:access",
    "enter:faccessat",
    "enter:faccessat2", "enter:execve", "enter:readlink", "enter:readlinkat", "enter:truncate"}, function(e)
    if e.path ~= path then return end
    say(e, "%s %s → %s", e.syscall, path, to)
    e:set(e.args.pathname and "pathname" or e:describe().args[1].name, to)
  end)
else
  on("enter:connect", function(e)
    if not e.remote or not e.remote:find(":" .. port .. "$") then return end
    say(e, "connect %s → port %s", e.remote, to)
    e:set(2, {port = math.tointeger(tonumber(to)) or error("to= is a port, not " .. to, 0)})
  end)
end
