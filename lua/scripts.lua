-- SPDX-License-Identifier: MIT
--
-- scripts: finding what -s and `use` name, and running it. In this order: the path itself, beside the
-- script that asks, the user's folder, inside the program. What was not named by its path is only
-- run when nobody but the user could have written it.

local core <const> = require "compendium.core"
local errors <const> = require "compendium.api_errors"
local filter <const> = require "compendium.api_filter"
local hooks <const> = require "compendium.hooks"
local options <const> = require "compendium.api_options"

local scripts <const> = {}

local loaded <const> = {} -- chunk name -> true, once it has run
local stack <const> = {}  -- the scripts that are running: {chunk=, folder=, name=}

-- ---- finding

local function user_folder()
  local base = os.getenv "XDG_CONFIG_HOME"
  if base and base:sub(1, 1) == "/" then return base .. "/compendium" end
  local home = os.getenv "HOME"
  return home and home:sub(1, 1) == "/" and home .. "/.config/compendium" or nil
end

-- Both ways to write a name, as it was given first.
local function spellings(name)
  return name:find "%.lua$" and {name} or {name, name .. ".lua"}
end

local function read(path, trusted)
  local text, reason, exists = core.read(path, trusted)
  if exists then core.log("warning", ("%s is not run: %s"):format(path, reason)) end
  return text and {text = text, chunk = "@" .. path, folder = path:match "^(.*/)" or "", path = path}, reason
end

local function embedded(name)
  local path = "scripts/" .. name
  local text = core.embedded(path)
  return text and {text = text, chunk = "@" .. path}
end

-- Running already: `use "default"` in the user's own default.lua means the next one of that name.
local function is_running(script)
  for _, running in ipairs(stack) do
    if running.chunk == script.chunk then return true end
  end
  return false
end

local function candidates(name, beside)
  local names, places = spellings(name), {}
  local function place(find)
    for _, spelling in ipairs(names) do places[#places + 1] = function() return find(spelling) end end
  end
  if name:find "/" then
    if beside and name:sub(1, 1) ~= "/" then place(function(s) return read(beside .. s) end) end
    place(read)
    return places
  end
  local folder, is_bundled = user_folder(), embedded(name) or embedded(name .. ".lua")
  if beside == nil then -- on the command line; a bundled name must not be hijacked by a stranger's folder
    place(function(s) return read(s, is_bundled and true) end)
  elseif beside then
    place(function(s) return read(beside .. s, is_bundled and true) end)
  end
  if folder then place(function(s) return read(folder .. "/" .. s, true) end) end
  place(embedded)
  return places
end

local function bundled_names()
  local names, i = {}, 1
  while core.embedded_name(i) do
    names[#names + 1] = core.embedded_name(i):match "^scripts/(.*)%.lua$"
    i = i + 1
  end
  return names
end

-- The names of the scripts in the user's folder, without .lua.
local function user_names()
  local names, folder = {}, user_folder()
  for _, file in ipairs(folder and core.names(folder) or {}) do names[#names + 1] = file:match "^(.+)%.lua$" end
  table.sort(names)
  return names
end

local function all_names()
  local names, users = bundled_names(), user_names()
  return table.move(users, 1, #users, #names + 1, names)
end

-- The script of that name. `beside`: folder of the script that asks, with its slash; false: not from a folder;
-- nil: named on the command line. Nil and why, when there is none.
local function find(name, beside)
  local reason
  for _, candidate in ipairs(candidates(name, beside)) do
    local script, why = candidate()
    if script and not is_running(script) then return script end
    if script then reason = "it uses itself" end
    if why and not why:find "^No such file" then reason = reason or why end
  end
  return nil, reason or "not found" .. errors.hint(name:gsub("%.lua$", ""), all_names())
end

-- ---- running

-- What options call a script by: its file's name without folder and .lua.
local function short_name(chunk)
  return (chunk:gsub("^[@=]", ""):gsub("^.*/", ""):gsub("%.lua$", ""))
end

local function run(script)
  if loaded[script.chunk] then return end
  local chunk, problem = load(script.text:gsub("^#[^\n]*", ""), script.chunk, "t", scripts.env)
  if not chunk then error(problem, 0) end
  stack[#stack + 1] = script
  errors.script = script.chunk:sub(2)
  chunk()
  stack[#stack] = nil
  errors.script = stack[1] and stack[#stack].chunk:sub(2)
  loaded[script.chunk] = not script.is_code or nil -- -e twice is twice
end

-- use "name": runs another script first, once.
function scripts.use(name)
  errors.check(name, "string", "what use() runs")
  local running = stack[#stack]
  if not running then errors.blame("use belongs to the top of a script, not into a hook") end
  local script, why = find(name, running.folder or false)
  if not script then errors.blame("use \"%s\": %s", name, why) end
  run(script)
end

function scripts.option(name, default, help)
  local running = stack[#stack]
  if not running then errors.blame("option belongs to the top of a script, not into a hook") end
  return options.declare(short_name(running.chunk), name, default, help)
end

-- -s FILE[:k=v,...]. A file whose name has a colon is taken whole.
local function split(text)
  if core.read(text) then return text, {} end
  local name, settings = text:match "^(.-):([%a_][%w_-]*=?.*)$"
  if not name then return text, {} end
  local list, rest = {}, settings
  while rest do -- a comma separates only before the next name=
    local one, after = rest:match "^(.-),([%a_][%w_-]*=.*)$"
    list[#list + 1] = one or rest
    rest = after
  end
  return name, list
end

local function run_file(text)
  local name, settings = split(text)
  local script, why = find(name, nil)
  if not script then error(("-s %s: %s"):format(name, why), 0) end
  for _, setting in ipairs(settings) do options.give(setting, short_name(script.chunk), "-s " .. text) end
  run(script)
end

local function run_code(text)
  run {text = text, chunk = "=-e", folder = "", is_code = true}
end

-- Runs what the command line names, or else those named `otherwise` (nil: the default script). `given` is
-- core.options.scripts.
function scripts.run_all(given, otherwise)
  local named = false
  for _, item in ipairs(given) do
    if item.kind == "=" then options.give(item.text, nil, "--set " .. item.text) end
    named = named or item.kind == "s" or item.kind == "e"
  end
  for _, name in ipairs(not named and otherwise or {}) do run_file(name) end
  if not named and not otherwise then run(assert(find("default", false))) end
  for _, item in ipairs(given) do
    if item.kind == "s" then run_file(item.text) end
    if item.kind == "e" then run_code(item.text) end
  end
  for _, item in ipairs(given) do
    if item.kind == "f" then
      errors.script = "-f"
      hooks.filter(filter.compile(item.text, scripts.env))
    end
  end
  errors.script = nil
  options.check()
end

-- ---- the library, and the list

-- A file of the user's lua/ folder replaces the library's of that name.
function scripts.shadow_library()
  local folder = user_folder()
  if not folder then return end
  table.insert(package.searchers, 2, function(module)
    local name = module:match "^compendium%.([%w_]+)$"
    local script = name and read(("%s/lua/%s.lua"):format(folder, name), true)
    if not script then return nil end
    return assert(load(script.text, script.chunk, "t")), script.path
  end)
end

-- What a script says of itself, in a sentence: the first one of the comment at its top.
local function about(text)
  local words = {}
  for line in text:gmatch "[^\n]*" do
    local comment = line:match "^%-%-+%s*(.-)%s*$"
    if not comment and not line:find "^#!" or comment == "" and #words > 0 then break end
    if comment and comment ~= "" and not comment:find "^SPDX" then words[#words + 1] = comment end
  end
  return (table.concat(words, " "):gsub("%.%s.*$", "."))
end

-- Prints the comment at the top of a script: what it does, its options, examples.
function scripts.help(name)
  local script, why = find(name, nil)
  if not script then error(("--help-script %s: %s"):format(name, why), 0) end
  for line in script.text:gmatch "[^\n]*" do
    local comment = line:match "^%-%- ?(.*)$"
    if not comment and not line:find "^#!" then break end
    if comment and not comment:find "^SPDX" and (comment ~= "" or line ~= "--" or script.told) then
      print(comment)
      script.told = true
    end
  end
end

-- Prints every bundled script and those in the user's folder.
function scripts.list()
  local rows, width = {}, 0
  local function add(name, text, where)
    local says = about(text):gsub("^" .. name:gsub("%p", "%%%0") .. ":%s*", "")
    rows[#rows + 1] = {name, says .. where}
    width = math.max(width, #name)
  end
  for _, name in ipairs(bundled_names()) do add(name, core.embedded("scripts/" .. name .. ".lua"), "") end
  for _, name in ipairs(user_names()) do
    local script = read(("%s/%s.lua"):format(user_folder(), name), true)
    if script then add(name, script.text, (" (%s)"):format(script.path)) end
  end
  for _, row in ipairs(rows) do print((("%-" .. width .. "s  %s"):format(row[1], row[2]):gsub("%s+$", ""))) end
end

return scripts
