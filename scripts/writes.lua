-- SPDX-License-Identifier: MIT
--
-- writes: the footprint: which files were made, written, renamed and removed, and which of these remain.
--
--     compendium -s writes -- make
--
--     file              bytes      what became of it
--     /src/a.o          1.2 KB     made
--     /src/a.log        80 B       written
--     /tmp/cc1.s        3.4 KB     made, removed
--
-- Options: gone=no leaves out what was removed again.

local gone <const> = option("gone", true, "also files that were removed again")

local files, order = {}, {}

local function file(path)
  if not files[path] then
    order[#order + 1] = path
    files[path] = {bytes = 0}
  end
  return files[path]
end

on("open", function(e)
  if e.error or not e.writable or not e.path then return end
  if e.file and e.file.kind ~= "file" then return end
  file(e.path).made = file(e.path).made or e.created
end)
on({"write", "copy"}, function(e)
  local path = e.type == "copy" and e.to or e.path
  local kind = (e.type == "copy" and e.to_file or e.file or {}).kind
  if e.error or not path or kind ~= "file" then return end
  file(path).bytes = file(path).bytes + (e.bytes or 0)
end)
on({"create", "link"}, function(e)
  if not e.error and e.path then file(e.path).made = true end
end)
on("remove", function(e)
  if not e.error and e.path then file(e.path).removed = true end
end)
on("rename", function(e)
  if e.error or not e.path or not e.to then return end
  local old, new = file(e.path), file(e.to)
  new.bytes, new.made, new.removed, new.from = new.bytes + old.bytes, true, nil, e.path
  old.removed = true
end)

on("finish", function()
  local t = columns {"file", "bytes>", "what became of it"}
  for _, path in ipairs(order) do
    local f = files[path]
    local what = f.from and "renamed from " .. f.from or f.made and "made" or "written"
    if gone or not f.removed then t:row(path, size(f.bytes), what .. (f.removed and ", removed" or "")) end
  end
  t:tell()
end)
