-- SPDX-License-Identifier: MIT
--
-- The system call table becomes C. Reads constants.yaml, structs.yaml and syscalls.yaml, checks that they
-- agree with each other, and writes next to the output file
--   syscalls.inc         rows and lookups, for src/syscalls/syscalls.c
--   constants.inc        the families of constants, for src/syscalls/constants.c
--   constants_check.inc  what tests/unit compares with the system's headers
-- Usage: generate.lua OUTPUT/syscalls.inc [FOLDER of the YAML files]

local here <const> = debug.getinfo(1, "S").source:match("^@(.*)/[^/]*$") or "."
package.path = here .. "/?.lua;" .. package.path

local yaml <const> = require "yaml"
local constants <const> = require "generate.constants"
local structs <const> = require "generate.structs"
local calls <const> = require "generate.calls"
local emit <const> = require "generate.emit"

local function read_yaml(folder, name)
  local path <const> = folder .. "/" .. name
  local file <close> = assert(io.open(path))
  return yaml.load(file:read "a", path), path
end

local function write(path, text)
  local file <close> = assert(io.open(path, "w"))
  assert(file:write(text))
end

local output <const>, folder <const> = ..., select(2, ...) or here
local out_folder <const> = output:match "^(.*)/[^/]*$" or "."

local families <const> = constants.read(read_yaml(folder, "constants.yaml"))
local layouts <const> = structs.read(families, read_yaml(folder, "structs.yaml"))
local table_of_calls <const> = calls.read(families, layouts, read_yaml(folder, "syscalls.yaml"))
constants.check_used(families)
structs.check_used(layouts)

write(out_folder .. "/constants.inc", emit.constants(families))
write(out_folder .. "/constants_check.inc", emit.constants_check(families))
write(output, emit.calls(table_of_calls, families))
