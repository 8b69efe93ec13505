-- SPDX-License-Identifier: MIT
--
-- deps: what each program of a build read and wrote: as rules for make, or the compilers' command lines as
-- compile_commands.json, without touching the build.
--
--     compendium -s deps -- make
--     compendium -s deps:form=compile_commands,to=compile_commands.json -- make
--
--     /src/a.o: /src/a.c /src/a.h
--     	cd /src && cc -c a.c -o a.o
--
-- Options: form=make or compile_commands; to=FILE (else where the trace goes); system=yes also files of the system
-- as inputs.

local form <const> = option("form", "make", "make or compile_commands")
local to <const> = option("to", "", "the file")
local system <const> = option("system", false, "also files of the system as inputs")

if form ~= "make" and form ~= "compile_commands" then error("form is make or compile_commands, not " .. form, 0) end

local compendium <const> = require "compendium"
local is_system <const> = glob {"/usr/**", "/lib/**", "/lib64/**", "/etc/**", "/proc/**", "/sys/**", "/dev/**",
  "/opt/**"}
local SOURCE <const>, COMPILER <const> = "%.[cC][cpx+]*[cpx+]*$", {cc = true, gcc = true, ["g++"] = true,
  ["c++"] = true, clang = true, ["clang++"] = true}

local runs, jobs = {}, {} -- by pid; in order

local function add(list, path)
  if not list[path] then
    list[path] = true
    list[#list + 1] = path
  end
end

on("exec", function(e)
  if e.error or not e.argv then return end
  local name = (e.argv[1] or ""):match "[^/]*$"
  local outer = runs[e.pid]
  if outer and outer.is_compiler then return end -- cc1, as, ld: parts of that job
  local job = {
    argv = e.argv, dir = compendium.paths.cwd(e.tid, e.pid) or ".", inputs = {}, outputs = {}, removed = {},
    is_compiler = COMPILER[name:gsub("%-%d+$", "")] or COMPILER[name:match "%-?([%a+]+)$" or ""],
  }
  runs[e.pid] = job
  jobs[#jobs + 1] = job
end)
on({"fork", "thread"}, function(e) if e.child then runs[e.child] = runs[e.pid] end end)
on("chdir", function() end)
on("open", function(e)
  local job = runs[e.pid]
  if not job or e.error or not e.path or e.file and e.file.kind ~= "file" then return end
  add(e.writable and job.outputs or job.inputs, e.path)
  if e.writable then job.removed[e.path] = nil end
end)
on("rename", function(e)
  local job = runs[e.pid]
  if not job or e.error or not e.to then return end
  job.removed[e.path] = true
  add(job.outputs, e.to)
end)
on("remove", function(e)
  local job = runs[e.pid]
  if job and not e.error and e.path then job.removed[e.path] = true end
end)

local function lasting(job)
  local outputs, inputs = {}, {}
  for _, path in ipairs(job.outputs) do
    if not job.removed[path] then outputs[#outputs + 1] = path end
  end
  for _, path in ipairs(job.inputs) do
    local is_own = job.outputs[path] or job.removed[path]
    if not is_own and (system or not is_system(path)) then inputs[#inputs + 1] = path end
  end
  return outputs, inputs
end

local function escape(path) return (path:gsub("[%s#:$\\]", {[" "] = "\\ ", ["#"] = "\\#", ["$"] = "$$",
  [":"] = "\\:"})) end

local function map(list, fn)
  local result = {}
  for i, item in ipairs(list) do result[i] = fn(item) end
  return result
end

local function rule(job)
  local outputs, inputs = lasting(job)
  if #outputs == 0 then return nil end
  local command = table.concat(map(job.argv, compendium.format.shell), " "):gsub("%$", "$$")
  return ("%s: %s\n\tcd %s && %s"):format(table.concat(map(outputs, escape), " "), table.concat(map(inputs, escape),
    " "),
    compendium.format.shell(job.dir), command)
end

local function commands()
  local list = {}
  for _, job in ipairs(jobs) do
    for i = 2, job.is_compiler and #job.argv or 0 do
      local word = job.argv[i]
      if word:find(SOURCE) and not word:find "^-" then
        list[#list + 1] = {directory = job.dir, arguments = job.argv, file = word, output = (lasting(job))[1]}
      end
    end
  end
  return json(list)
end

on("finish", function()
  local lines = form == "make" and {} or {commands()}
  for _, job in ipairs(form == "make" and jobs or {}) do lines[#lines + 1] = rule(job) end
  if to == "" then
    for _, line in ipairs(lines) do
      for each in line:gmatch "[^\n]+" do tell("%s", (each:gsub("\t", "        "))) end
    end
    return
  end
  local file = assert(io.open(to, "w"))
  assert(file:write(table.concat(lines, "\n"), "\n"))
  assert(file:close())
end)
