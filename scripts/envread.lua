-- SPDX-License-Identifier: MIT
--
-- envread: the configuration a program reads: files below /etc, dot files of the home folder, .conf, .ini, .yaml,
-- .json ...
--
--     compendium -s envread -- git status
--
--     file                   bytes   read by
--     /etc/gitconfig         -       git: not there
--     /home/me/.gitconfig    120 B   git

local is_config <const> = glob {
  "/etc/**", "**/.[a-z]*", "**/.config/**", "**.conf", "**.cfg", "**.cnf", "**.ini", "**.toml", "**.yaml", "**.yml",
    "**.json", "**rc",
  "**.properties", "**.env",
}
local is_system <const> = glob {"/etc/ld.so.*", "/proc/**", "/sys/**", "**/.git/**", "**/node_modules/**"}

local files, order = {}, {}

local function file(e)
  local path = e.path
  if not path or not is_config(path) or is_system(path) then return nil end
  if not files[path] then
    order[#order + 1] = path
    files[path] = {by = e.comm}
  end
  return files[path]
end

on("open", function(e)
  if e.writable then return end
  local f = file(e)
  if f then f.error = f.bytes == nil and e.error or nil end
end)
on({"read", "copy"}, function(e)
  local f = not e.error and file(e)
  if f then f.bytes, f.error = (f.bytes or 0) + (e.bytes or 0), nil end
end)

on("finish", function()
  local t = columns {"file", "bytes>", "read by"}
  for _, path in ipairs(order) do
    local f = files[path]
    t:row(path, f.bytes and size(f.bytes) or nil, f.by .. (f.error == "ENOENT" and ": not there" or f.error and ": "
      .. f.error or ""))
  end
  t:tell()
end)
