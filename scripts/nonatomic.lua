-- SPDX-License-Identifier: MIT
--
-- nonatomic: files that are emptied and written in place. Whoever is interrupted in between leaves half a file;
-- writing a new one, forcing it to the disk and renaming it over the old one does not.
--
--     compendium -s nonatomic -- ./save
--
--     /home/me/settings  written in place (12 B), never forced to the disk
--     /home/me/data      renamed over the old one, but its content was never forced to the disk

local files, order = {}, {}

local function file(path)
  if not files[path] then
    order[#order + 1] = path
    files[path] = {bytes = 0}
  end
  return files[path]
end

local O_TRUNC <const>, O_APPEND <const> = 0x200, 0x400

on("open", function(e)
  if e.error or not e.writable or not e.path or e.file and e.file.kind ~= "file" then return end
  local f = file(e.path)
  f.append = (e.flags or 0) & O_APPEND ~= 0
  f.truncated = (e.flags or 0) & O_TRUNC ~= 0
end)
on("write", function(e)
  if not e.error and e.path and e.file and e.file.kind == "file" then
    file(e.path).bytes = file(e.path).bytes + (e.bytes or 0)
    file(e.path).written = true
  end
end)
on("sync", function(e) if not e.error and e.path then file(e.path).synced = true end end)
on("rename", function(e)
  if e.error or not e.path or not e.to then return end
  local from = file(e.path)
  if from.written then files[e.to] = {renamed = true, synced = from.synced, bytes = from.bytes, written = true} end
  if not files[e.to] then return end
  order[#order + 1] = e.to
  files[e.path] = {bytes = 0}
end)

on("finish", function()
  local told = {}
  for _, path in ipairs(order) do
    local f = files[path]
    if f.written and not told[path] and not f.append then
      told[path] = true
      if f.renamed and not f.synced then
        tell("%s  renamed over the old one, but its content was never forced to the disk", path)
      elseif not f.renamed and f.truncated then
        tell("%s  written in place (%s)%s", path, size(f.bytes), f.synced and "" or ", never forced to the disk")
      end
    end
  end
end)
