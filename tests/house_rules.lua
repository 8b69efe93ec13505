-- SPDX-License-Identifier: MIT
--
-- The rules of the house that a machine can check (HACKING.md says why they are). Reads the names
-- of the files to look at from stdin, one a line; prints what is wrong, as file:line: what.
local problems = 0

local function complain(file, line, what)
  problems = problems + 1
  print(("%s:%d: %s"):format(file, line, what))
end

-- Which folder may include what: patterns of files, and of the header names in their #include lines.
local includes <const> = {
  { header = "^sys/ptrace%.h$", only = { "^src/source/ptrace/" }, why = "only source/ptrace knows ptrace" },
  { header = "^linux/ptrace%.h$", only = { "^src/source/ptrace/" }, why = "only source/ptrace knows ptrace" },
  { header = "^bpf/", only = { "^src/source/bpf/" }, why = "only source/bpf knows libbpf" },
  { header = "^elfutils/", only = { "^src/source/stack/" }, why = "only source/stack knows libdw" },
  { header = "^source/ptrace/proc%.h$", only = { "^src/source/ptrace/", "^src/source/bpf/", "^src/source/stack/" },
    why = "/proc is read by sources" },
  { header = "^source/ptrace/", but = "^source/ptrace/proc%.h$",
    only = { "^src/source/ptrace/", "^src/source/bpf/" }, why = "source.h is the way to the ptrace source" },
  { header = "^lua", only = { "^src/script/", "^src/generate%.c$" }, why = "only script/ knows Lua" },
  { header = "^lauxlib%.h$", only = { "^src/script/", "^src/generate%.c$" }, why = "only script/ knows Lua" },
  { header = "^yaml%.h$", only = { "^src/script/yaml%.c$", "^src/config%.c$" },
    why = "only script/yaml.c and config.c know libyaml" },
  { header = "^script/", only = { "^src/script/", "^src/session%.c$", "^src/replaying%.c$", "^src/generate%.c$" },
    why = "script/ is the session's" },
  { header = "^source/", only = { "^src/source/", "^src/session%.[ch]$", "^src/replaying%.c$", "^src/control%.c$", "^src/options%.h$",
    "^src/tracefile/" },
    why = "sources are the session's" },
  { header = "^decode/", only = { "^src/decode/", "^src/script/" }, why = "decoding is done for scripts" },
  { header = "^options%.h$", only = { "^src/[^/]*$", "^src/script/" }, why = "parts below do not know options" },
  { header = "^session%.h$", only = { "^src/session%.c$", "^src/main%.c$", "^src/replaying%.[ch]$" }, why = "main starts the session" },
}

-- Words in code that only some files may have.
local words <const> = {
  { word = "STDERR_FILENO", only = { "^src/log%.c$", "^src/main%.c$", "^src/control%.c$", "^src/replaying%.c$" },
    why = "log.c writes to stderr" },
  { word = "stderr", only = { "^src/log%.c$", "^src/generate%.c$" }, why = "log.c writes to stderr" },
  { word = "perror", only = {}, why = "log.c writes to stderr" },
  { word = "printf", only = { "^src/generate%.c$", "^src/log%.h$" }, why = "text is made in lua/" },
  { word = "TODO", only = {}, why = "an issue is the place for it" },
  { word = "FIXME", only = {}, why = "an issue is the place for it" },
  { word = "XXX", only = {}, why = "an issue is the place for it" },
}

local longest <const> = { c = 400, h = 250, lua = 400, ts = 400, tsx = 400 }
-- 100 in C and 120 in Lua are the aim; a table, and the expected text of a test, may need a little more.
local widest <const> = { c = 110, h = 110, lua = 120, ts = 120, tsx = 120, mjs = 120 }
local widest_in_tests <const> = 140

local function is_one_of(name, patterns)
  for _, pattern in ipairs(patterns) do
    if name:find(pattern) then return true end
  end
  return false
end

-- Columns, a tab going to the next multiple of 8 and a UTF-8 character being one.
local function width(line)
  local columns = 0
  for character in line:gmatch "[^\x80-\xbf]" do
    columns = character == "\t" and columns // 8 * 8 + 8 or columns + 1
  end
  return columns
end

-- C text without comments and the insides of strings, line for line.
local function bare(text)
  text = text:gsub('\\[\\"]', "__"):gsub('"[^"\n]*"', '""')
  text = text:gsub("/%*.-%*/", function(comment) return (comment:gsub("[^\n]", "")) end)
  return (text:gsub("//[^\n]*", ""))
end

local function check_include(file, number, line)
  local header = line:match '^#%s*include%s*[<"]([^>"]+)[>"]'
  if not header then return end
  for _, rule in ipairs(includes) do
    local is_meant = header:find(rule.header) and not (rule.but and header:find(rule.but))
    if is_meant and not is_one_of(file, rule.only) then
      complain(file, number, ("includes %s: %s"):format(header, rule.why))
    end
  end
  if file == "src/record.h" and line:find '"' then complain(file, number, "record.h has standard headers only") end
end

local function check_c(file, text)
  local number = 0
  for line in (text .. "\n"):gmatch "([^\n]*)\n" do
    number = number + 1
    if file:find "^src/" then check_include(file, number, line) end
  end
  number = 0
  for line in (bare(text) .. "\n"):gmatch "([^\n]*)\n" do
    number = number + 1
    for _, rule in ipairs(words) do
      if file:find "^src/" and line:find("%f[%w_]" .. rule.word .. "%f[^%w_]") and not is_one_of(file, rule.only) then
        complain(file, number, ("%s: %s"):format(rule.word, rule.why))
      end
    end
    if line:find "^  +%S" then complain(file, number, "indented by blanks: C has tabs") end
  end
end

local function check_lua(file, text)
  local number = 0
  text = text:gsub("%[=+%[.-%]=+%]", function(other) return (other:gsub("[^\n]", "")) end) -- another language
  for line in (text .. "\n"):gmatch "([^\n]*)\n" do
    number = number + 1
    if line:find "^\t" then complain(file, number, "indented by a tab: Lua has two blanks") end
  end
end

local function check_text(file, kind, text)
  local number = 0
  local limit <const> = file:find "^tests/" and widest_in_tests or widest[kind]
  for line in text:gmatch "([^\n]*)\n" do
    number = number + 1
    if line:find "[ \t\r]$" then complain(file, number, "blank at the end of the line") end
    if widest[kind] and width(line) > limit then complain(file, number, ("longer than %d columns"):format(limit)) end
  end
  if text ~= "" and text:sub(-1) ~= "\n" then complain(file, number + 1, "no newline at the end") end
  if longest[kind] and file:find "^[slr]" and number > longest[kind] then
    complain(file, number, ("%d lines: more than %d, look for a second noun"):format(number, longest[kind]))
  end
end

-- Ways from bytes of the traced program into markup, scripts or addresses.
local unsafe <const> = {
  "innerHTML", "outerHTML%s*=[^=]", "insertAdjacentHTML", "dangerouslySetInnerHTML", "document%.write", "%f[%w]eval%(", "new Function",
  "javascript:", "createContextualFragment", "setHTML", "href={", "src={", "style={",
}

local function check_page(file, text)
  local number = 0
  for line in text:gmatch "([^\n]*)\n" do
    number = number + 1
    for _, word in ipairs(unsafe) do
      if line:find(word) then complain(file, number, "not in the page: " .. word:gsub("%%[%%f%[%]w]*", "")) end
    end
  end
end

local has_licence <const> = { c = true, h = true, lua = true, sh = true, S = true, ts = true, tsx = true, mjs = true, css = true }

local function check_licence(file, kind, text)
  local head = text:sub(1, 400)
  if (has_licence[kind] or head:find "^#!") and not head:find "SPDX%-License%-Identifier: MIT" then
    complain(file, 1, "no line 'SPDX-License-Identifier: MIT' at the top")
  end
  -- What others wrote says so; it is installed (vendor/), never committed.
  if text:find "Copyright [%d(]" and file ~= "LICENSE" then
    complain(file, 1, "a copyright notice: third-party code is not committed")
  end
end

for file in io.lines() do
  local handle <close> = io.open(file, "rb")
  local text = handle and handle:read "a"
  if text and not text:find "\0" and not file:find "^tests/fuzz/corpus/" then
    local kind = file:match "%.(%w+)$"
    check_text(file, kind, text)
    check_licence(file, kind, text)
    if kind == "c" or kind == "h" then check_c(file, text) end
    if kind == "lua" then check_lua(file, text) end
    if file:find "^report/src/" then check_page(file, text) end
  end
end
os.exit(problems == 0)
