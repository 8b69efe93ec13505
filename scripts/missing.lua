-- SPDX-License-Identifier: MIT
--
-- missing: files that were looked for and not there (or not to be read), by name, with the places in the order tried.
--
--     compendium -s missing -- gcc x.c
--
--     libfoo.so  not found in 3 places:
--       /usr/local/lib/libfoo.so  ENOENT
--       /lib/libfoo.so            ENOENT
--       /usr/lib/libfoo.so        ENOENT
--     config.yml  found at last: /etc/config.yml, after 1 place
--
-- Options: all=yes shows also names that were found at last.

local all <const> = option("all", false, "also what was found after a search")
local MOST <const> = 5000

local searches, order = {}, {} -- by the last part of the name

local function search(name)
  if not searches[name] and #order < MOST then
    order[#order + 1] = name
    searches[name] = {places = {}, seen = {}}
  end
  return searches[name]
end

on({"open", "stat", "exec"}, function(e)
  local path = e.path
  if not path or e.error and e.error ~= "ENOENT" and e.error ~= "EACCES" and e.error ~= "ENOTDIR" then return end
  local name = path:match "[^/]+/*$" or path
  if not e.error then
    if searches[name] then searches[name].found = path end
    return
  end
  local known = search(name)
  if known and not known.seen[path] then
    known.seen[path] = true
    known.places[#known.places + 1] = {path, e.error}
  end
end)

on("finish", function()
  for _, name in ipairs(order) do
    local known = searches[name]
    local places = #known.places == 1 and "1 place" or #known.places .. " places"
    if known.found then
      if all then tell("%s  found at last: %s, after %s", name, known.found, places) end
    else
      tell("%s  not found in %s:", name, places)
      local t = columns {}
      for _, place in ipairs(known.places) do t:row("  " .. place[1], place[2]) end
      t:tell()
    end
  end
end)
