-- SPDX-License-Identifier: MIT
--
-- privs: who becomes who, and what is given up or taken: user and group ids, capabilities, no_new_privs, seccomp,
-- chroot, namespaces.
--
--     compendium -s privs -- su -c true nobody
--
--     [+0.010s] setuid(uid: 65534)
--     [+0.011s] prctl PR_SET_NO_NEW_PRIVS

local NAMES <const> = {
  "setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setfsuid", "setfsgid", "setgroups",
    "capset", "unshare",
  "setns", "chroot", "pivot_root", "seccomp",
}
local PRCTLS <const> = {
  [8] = "PR_SET_KEEPCAPS", [22] = "PR_SET_SECCOMP", [24] = "PR_CAPBSET_DROP", [28] = "PR_SET_SECUREBITS",
    [38] = "PR_SET_NO_NEW_PRIVS",
  [47] = "PR_CAP_AMBIENT",
}

local function values(e)
  local parts = {}
  for name, value in pairs(e.args) do
    if type(value) ~= "table" then parts[#parts + 1] = name .. ": " .. tostring(value) end
  end
  return table.concat(parts, ", ")
end

local names <const> = {}
for i, name in ipairs(NAMES) do names[i] = "syscall:" .. name end

on(names, function(e) say(e, "%s(%s)%s", e.syscall, values(e), e.error and " ✗ " .. e.error or "") end)
on("syscall:prctl", function(e)
  local what = PRCTLS[e.raw[1]]
  if what then say(e, "prctl %s%s", what, e.error and " ✗ " .. e.error or "") end
end)
