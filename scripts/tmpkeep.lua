-- SPDX-License-Identifier: MIT
--
-- tmpkeep: temporary files stay: removing them does nothing, and the program believes it did.
--
--     compendium -s tmpkeep -- gcc x.c
--
--     [+0.300s] kept /tmp/ccXYZ.s
--
-- Options: below="/tmp/**,/var/tmp/**" which files.

local is_meant <const> = glob(option("below", {"/tmp/**", "/var/tmp/**"}, "which files"))

on({"enter:unlink", "enter:unlinkat"}, function(e)
  if e.directory or not is_meant(e.path or "") then return end
  say(e, "kept %s", e.path)
  e:fake(0)
end)
