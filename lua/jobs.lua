-- SPDX-License-Identifier: MIT
--
-- jobs: what each program of a run read and what it left behind, as scripts about builds need it.
--
--   local list = compendium.jobs.collect(function(job) return job.argv[1] == "gcc" end)
--   on("finish", function() for _, job in ipairs(list) do print(job.dir, #job:inputs(), #job:outputs()) end end)
--
-- A job is a program that was executed: {argv=, dir=}. What it forks and executes is a job of its own, but for jobs of
-- which `is_whole` says that all of it is theirs (a compiler runs an assembler).

local hooks <const> = require "compendium.hooks"
local paths <const> = require "compendium.paths"

local jobs <const> = {}

local Job <const> = {}
Job.__index = Job

local function add(list, path)
  if list[path] then return end
  list[path] = true
  list[#list + 1] = path
end

local function without(list, leave_out)
  local rest = {}
  for _, path in ipairs(list) do
    if not leave_out(path) then rest[#rest + 1] = path end
  end
  return rest
end

-- job:outputs(): the names of files that it wrote, and that are still there.
function Job:outputs()
  return without(self.written, function(path) return self.removed[path] end)
end

-- job:inputs(): those that it read, and had not made itself.
function Job:inputs()
  return without(self.read, function(path) return self.written[path] or self.removed[path] end)
end

local function see_open(job, e)
  if not e.path or e.file and e.file.kind ~= "file" then return end
  add(e.writable and job.written or job.read, e.path)
  if e.writable then job.removed[e.path] = nil end
end

local function see_rename(job, e)
  if not e.to then return end
  job.removed[e.path] = true
  add(job.written, e.to)
end

local function see_remove(job, e)
  if e.path then job.removed[e.path] = true end
end

-- Call it while the script is loaded. An array of the jobs, in their order; it fills while the trace runs.
function jobs.collect(is_whole)
  local list, of <const> = {}, {} -- of: by pid
  hooks.on("exec", function(e)
    local outer = of[e.pid]
    if e.error or not e.argv or outer and outer.is_whole then return end
    local job = setmetatable({argv = e.argv, dir = paths.cwd(e.tid, e.pid) or "."}, Job)
    job.read, job.written, job.removed = {}, {}, {}
    job.is_whole = is_whole and is_whole(job) or false
    of[e.pid] = job
    list[#list + 1] = job
  end)
  hooks.on({"fork", "thread"}, function(e) if e.child then of[e.child] = of[e.pid] end end)
  hooks.on("chdir", function() end) -- paths are absolute
  for name, see in pairs {open = see_open, rename = see_rename, remove = see_remove} do
    hooks.on(name, function(e)
      if of[e.pid] and not e.error then see(of[e.pid], e) end
    end)
  end
  return list
end

return jobs
