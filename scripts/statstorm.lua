-- SPDX-License-Identifier: MIT
--
-- statstorm: the same name asked for again and again: stat, access, open, readlink.
--
--     compendium -s statstorm -- make
--
--     name                 times  not there  by
--     /src/include/conf.h    812          0  cc1
--
-- Options: least=5 how often a name must have been asked for.

local least <const> = option("least", 5, "how often a name must have been asked for")

local times <const>, absent <const>, who <const> = counter(), counter(), {}

on({"stat", "open"}, function(e)
  if not e.path then return end
  times:add(e.path)
  if e.error == "ENOENT" then absent:add(e.path) end
  who[e.path] = times:get(e.path) <= 2 and e.comm or who[e.path]
end)

on("finish", function()
  local t = columns {"name", "times>", "not there>", "by"}
  for _, row in ipairs(times:top()) do
    if row[2] < least then break end
    t:row(row[1], row[2], absent:get(row[1]), who[row[1]])
  end
  t:tell()
end)
