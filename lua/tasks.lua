-- SPDX-License-Identifier: MIT
--
-- tasks: who shares what. As in the kernel, a task points to its descriptor table, its directories
-- and its address space, and any of these may belong to several tasks: clone's flags decide, not
-- whether it is called a thread. The other models register their part here (tasks.resource) and
-- find it as a field of the task; fork, exec and exit are done once for all, here.
--
-- Nothing is known of a task but what records said. One that no record announced gets what its
-- process has, or an empty part.

local CLONE_THREAD <const> = 0x10000

local tasks = {
  by_tid = {}, -- live tasks
  by_pid = {}, -- live processes: {pid=, tasks={[tid]=task}, threads=how many run}
  alive = 0,   -- tasks that run
}

local by_tid <const>, by_pid <const> = tasks.by_tid, tasks.by_pid
local resources = {}

-- Registers something tasks share.
--   key    the task's field that holds it; its `refs` counts the tasks that have it
--   flag   the clone flag that shares it instead of copying
--   make   function() -> a new one, nothing known;   copy   function(object) -> a copy for a child
--   drop   function(object, e): the last user is gone
--   exec   function(object, e) -> what the task has after exec (optional: the same)
function tasks.resource(resource)
  resources[#resources + 1] = resource
  resource.by_id = setmetatable({}, {__mode = "v"})
end

local function take(task, resource, object)
  object.refs = (object.refs or 0) + 1
  task[resource.key] = object
end

local function release(task, resource, e)
  local object = task[resource.key]
  if not object then return end
  task[resource.key] = nil
  object.refs = object.refs - 1
  if object.refs == 0 then resource.drop(object, e) end
end

local function add(tid, pid)
  local process = by_pid[pid]
  if not process then
    process = {pid = pid, tasks = {}, threads = 0}
    by_pid[pid] = process
  end
  local task = {tid = tid, pid = pid, process = process}
  by_tid[tid], process.tasks[tid] = task, task
  process.threads = process.threads + 1
  tasks.alive = tasks.alive + 1
  return task
end

local function remove(task, e)
  local process = task.process
  by_tid[task.tid], process.tasks[task.tid] = nil, nil
  process.threads = process.threads - 1
  tasks.alive = tasks.alive - 1
  for _, resource in ipairs(resources) do release(task, resource, e) end
end

local function remove_all(process, e)
  for _, task in pairs(process.tasks) do remove(task, e) end
  by_pid[process.pid] = nil
end

-- Any task of that process but `not_this`: what a task without a record of its own most likely shares.
local function sibling(process, not_this)
  for _, task in pairs(process.tasks) do
    if task ~= not_this then return task end
  end
end

-- The task, known or not.
function tasks.of(tid, pid)
  local task = by_tid[tid]
  if task then return task end
  local process = by_pid[pid]
  local other = process and sibling(process)
  task = add(tid, pid)
  for _, resource in ipairs(resources) do
    take(task, resource, other and other[resource.key] or resource.make())
  end
  return task
end

-- A task (or any task) of a process; nil when it is not known.
function tasks.leader(pid)
  local process = by_pid[pid]
  return process and (process.tasks[pid] or sibling(process))
end

-- RECORD_FORK. Returns the new task, its creator and the clone flags.
function tasks.fork(e)
  local tid, pid, flags = e.raw[1], e.raw[2], e.raw[3]
  local parent = tasks.of(e.tid, e.pid)
  local stale = by_tid[tid]
  if stale then remove(stale, e) end -- the number was used before and its end went unseen
  if by_pid[pid] and flags & CLONE_THREAD == 0 then remove_all(by_pid[pid], e) end
  local task = add(tid, pid)
  for _, resource in ipairs(resources) do
    local object = parent[resource.key] or resource.make() -- the creator may have been the stale one
    take(task, resource, flags & resource.flag ~= 0 and object or resource.copy(object))
  end
  return task, parent, flags
end

-- RECORD_EXEC: the caller becomes the leader, whatever thread it was; all others are gone.
function tasks.exec(e)
  local pid = e.pid
  local task = by_tid[e.raw[1]]
  if not task or task.pid ~= pid then task = tasks.of(e.tid, pid) end
  local process = task.process
  for _, other in pairs(process.tasks) do
    if other ~= task then remove(other, e) end
  end
  by_tid[task.tid], process.tasks[task.tid] = nil, nil
  by_tid[pid], process.tasks[pid] = task, task
  task.tid = pid
  for _, resource in ipairs(resources) do
    if resource.exec then
      local old = task[resource.key]
      local new = resource.exec(old, e)
      if new ~= old then
        take(task, resource, new)
        old.refs = old.refs - 1
        if old.refs == 0 then resource.drop(old, e) end
      end
    end
  end
  return task
end

-- RECORD_EXIT. A process goes on without its leader; its number then means any of its tasks.
function tasks.exit(e)
  local task = by_tid[e.tid]
  local process = task and task.process or by_pid[e.pid]
  if e.raw[1] ~= 0 then
    if process then remove_all(process, e) end
  elseif task then
    remove(task, e)
  end
end

-- RECORD_TASK. args: the parent, then for each resource an id: equal ids are one object.
function tasks.appear(e)
  local known = by_tid[e.tid]
  if known then return known end
  local task = add(e.tid, e.pid)
  for _, resource in ipairs(resources) do
    local id = e.raw[resource.id]
    local object = resource.by_id[id]
    if not object or object.refs == 0 then
      object = resource.make(true)
      resource.by_id[id] = object
    end
    take(task, resource, object)
  end
  return task
end

-- Gives the task a copy of its own, as unshare does.
function tasks.unshare(task, key)
  local object = task[key]
  if object.refs == 1 then return end
  for _, resource in ipairs(resources) do
    if resource.key == key then
      object.refs = object.refs - 1
      take(task, resource, resource.copy(object))
    end
  end
end

return tasks
