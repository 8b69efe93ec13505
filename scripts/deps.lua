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

local is_system <const> = glob {"/usr/**", "/lib/**", "/lib64/**", "/etc/**", "/proc/**", "/sys/**", "/dev/**",
  "/opt/**"}
local SOURCE <const>, COMPILER <const> = "%.[cC][cpx+]*[cpx+]*$", {cc = true, gcc = true, ["g++"] = true,
  ["c++"] = true, clang = true, ["clang++"] = true}

-- gcc-12, x86_64-linux-gnu-gcc
local function is_compiler(job)
  local name = (job.argv[1] or ""):match "[^/]*$"
  return COMPILER[name:gsub("%-%d+$", "")] or COMPILER[name:match "%-?([%a+]+)$" or ""] or false
end

local jobs <const> = require("compendium").jobs.collect(is_compiler) -- cc1, as and ld are parts of the compiler's

local ESCAPES <const> = {[" "] = "\\ ", ["#"] = "\\#", ["$"] = "$$", [":"] = "\\:"}

local function names(list, leave_out)
  local shown = {}
  for _, path in ipairs(list) do
    if not leave_out or not leave_out(path) then shown[#shown + 1] = path:gsub("[%s#:$\\]", ESCAPES) end
  end
  return table.concat(shown, " ")
end

local function rule(job)
  local outputs = job:outputs()
  if #outputs == 0 then return nil end
  local command = ("cd %s && %s"):format(shell(job.dir), shell(job.argv)):gsub("%$", "$$")
  return ("%s: %s\n\t%s"):format(names(outputs), names(job:inputs(), not system and is_system or nil), command)
end

local function rules()
  local list = {}
  for _, job in ipairs(jobs) do list[#list + 1] = rule(job) end
  return table.concat(list, "\n")
end

local function commands()
  local list = {}
  for _, job in ipairs(jobs) do
    for i = 2, is_compiler(job) and #job.argv or 0 do
      local word = job.argv[i]
      if word:find(SOURCE) and not word:find "^-" then
        list[#list + 1] = {directory = job.dir, arguments = job.argv, file = word, output = job:outputs()[1]}
      end
    end
  end
  return json(list)
end

on("finish", function()
  local text = form == "make" and rules() or commands()
  if to ~= "" then return save(to, text .. "\n") end
  for line in text:gmatch "[^\n]+" do tell("%s", (line:gsub("\t", "        "))) end
end)
