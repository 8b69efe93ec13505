-- SPDX-License-Identifier: MIT
--
-- paths: what a path means: absolute, from the working directory and the directory descriptor of
-- whoever gave it. The model follows chdir, fchdir and chroot; tasks with CLONE_FS share them.
--
-- Paths are tidied as text: "a/./b//c/../d" is "a/b/d". Where a symbolic link comes before "..", the
-- kernel goes elsewhere; telling so would take reading the disk, which no model does. After
-- chroot, paths are as seen from outside; after pivot_root, as the program sees them.

local tables = require "compendium.tables"
local tasks = require "compendium.tasks"

local CLONE_FS <const> = 0x200
local UNSHARES_FS <const> = CLONE_FS | 0x20000 | 0x10000000 -- CLONE_NEWNS and CLONE_NEWUSER imply it
local AT_FDCWD <const> = -100

local paths = {}

tasks.resource {
  key = "fs", id = 3, flag = CLONE_FS,
  make = function() return {cwd = nil, root = nil} end,
  copy = function(fs) return {cwd = fs.cwd, root = fs.root} end,
  drop = function() end,
}

-- ---- text

local function split_and_join(path)
  local parts, n = {}, 0
  for part in path:gmatch("[^/]+") do
    if part == ".." then
      if n > 0 then n = n - 1 end
    elseif part ~= "." then
      n = n + 1
      parts[n] = part
    end
  end
  return "/" .. table.concat(parts, "/", 1, n)
end

local KEPT <const> = 10000
local normal, count = {}, 0 -- by path: programs use the same ones again

-- An absolute path without ".", "..", "//" and "/" at its end.
function paths.normalize(path)
  local known = normal[path]
  if known then return known end
  if count == KEPT then normal, count = {}, 0 end
  known = path
  if path:find("/.", 1, true) or path:find("//", 1, true) or path:byte(-1) == 0x2f then
    known = split_and_join(path)
  end
  normal[path], count = known, count + 1
  return known
end

-- `path` seen from the absolute directory `base`.
function paths.join(base, path)
  if path:byte(1) == 0x2f then return paths.normalize(path) end
  if path == "" then return base end
  return paths.normalize(base .. "/" .. path)
end

-- ---- where a task is

local function directory(task, dirfd)
  if not dirfd or dirfd == AT_FDCWD then return task.fs.cwd end
  local file = tables.get(task, dirfd)
  return file and file.path
end

-- The working directory of a task, or nil when it is not known.
function paths.cwd(tid, pid)
  return tasks.of(tid, pid).fs.cwd
end

-- A relative path does not climb out of the root that its directory is in.
local function join_inside(root, base, path)
  if root and base:sub(1, #root) == root then
    return paths.normalize(root .. paths.join("/" .. base:sub(#root + 1), path))
  end
  return paths.join(base, path)
end

-- The absolute path a call means. dirfd: nil or AT_FDCWD for the working directory. empty: "" means the
-- descriptor itself (AT_EMPTY_PATH). nil for a path that is absent, empty or could not be read. A
-- relative path stays as it is when its directory is not known.
function paths.resolve(tid, pid, dirfd, path, empty)
  if not path or (path == "" and not empty) then return nil end
  local task = tasks.of(tid, pid)
  local root = task.fs.root
  if path:byte(1) == 0x2f then
    path = paths.normalize(path)
    return root and paths.normalize(root .. path) or path
  end
  local base = directory(task, dirfd)
  if not base then return path ~= "" and path or nil end
  return join_inside(root, base, path)
end

-- ---- the model

local function int(value)
  return (value & 0x7fffffff) - (value & 0x80000000)
end

-- The path is that of before the call, so it is told here, before it changes what it is relative to.
local function on_chdir(e)
  e.path = paths.resolve(e.tid, e.pid, nil, e.args[1])
  if e.error then return end
  local known = e.path and e.path:byte(1) == 0x2f
  tasks.of(e.tid, e.pid).fs.cwd = known and e.path or nil
end

local function on_fchdir(e)
  if e.error then return end
  local task = tasks.of(e.tid, e.pid)
  local file = tables.get(task, int(e.raw[1]))
  task.fs.cwd = file and file.path
end

local function on_chroot(e)
  e.path = paths.resolve(e.tid, e.pid, nil, e.args[1])
  if e.error or not e.path then return end
  tasks.of(e.tid, e.pid).fs.root = e.path ~= "/" and e.path or nil
end

local function on_pivot_root(e)
  e.path = paths.resolve(e.tid, e.pid, nil, e.args[1])
  if e.error then return end
  local fs = tasks.of(e.tid, e.pid).fs
  fs.root = nil
  if fs.cwd == e.path then fs.cwd = "/" end
end

local function on_unshare(e)
  if not e.error and e.raw[1] & UNSHARES_FS ~= 0 then
    tasks.unshare(tasks.of(e.tid, e.pid), "fs")
  end
end

local function on_task(e)
  local fs = tasks.of(e.tid, e.pid).fs
  fs.cwd = fs.cwd or e:piece(4, "self")
end

paths.model = {
  calls = {
    chdir = on_chdir, fchdir = on_fchdir, chroot = on_chroot, pivot_root = on_pivot_root, unshare = on_unshare,
  },
  records = {task = on_task},
  needs = {"fds"}, -- for directory descriptors
}

return paths
