-- SPDX-License-Identifier: MIT
--
-- shellx: the programs that were run, as lines a shell runs again: each in its folder, quoted where needed.
--
--     compendium -s shellx -- make 2> again.sh
--
--     (cd /src && cc -c 'my file.c')
--
-- Options: leaves=yes only those that started no others.

local leaves <const> = option("leaves", false, "only programs that started no others")

local runs, has_children = {}, {}

on("exec", function(e)
  if e.error or not e.argv then return end
  local dir = require("compendium").paths.cwd(e.tid, e.pid) or "."
  runs[#runs + 1] = {pid = e.pid, text = ("(cd %s && %s)"):format(shell(dir), shell(e.argv))}
end)
on("fork", function(e) has_children[e.pid] = true end)
on("chdir", function() end)

on("finish", function()
  for _, r in ipairs(runs) do
    if not leaves or not has_children[r.pid] then tell("%s", r.text) end
  end
end)
