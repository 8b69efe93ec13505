-- SPDX-License-Identifier: MIT
--
-- options.yaml -> C rows and texts, man page, shell completions.
--     generate options_generate.lua c|man|bash|zsh|fish OUT [options.yaml]
local yaml = require "yaml"

local form <const>, out_name <const>, table_name <const> = ...
local file <close> = assert(io.open(table_name or "src/options.yaml"))
local manual <const> = yaml.load(file:read "a", table_name or "src/options.yaml")

-- Every option in order.
local function each_option()
  return coroutine.wrap(function()
    for _, section in ipairs(manual.options) do
      for _, option in ipairs(section.options) do coroutine.yield(option, section) end
    end
  end)
end

local fills <const> = {
  flag = "FILL_FLAG", string = "FILL_STRING", choice = "FILL_CHOICE", script = "FILL_SCRIPT",
  pids = "FILL_PIDS", environment = "FILL_ENVIRONMENT", list = "FILL_LIST", moment = "FILL_MOMENT",
  count = "FILL_COUNT",
}
local known <const> = {
  long = true, short = true, aliases = true, arg = true, fills = true, field = true, also = true, kind = true,
  choices = true, default = true, config = true, complete = true, help = true, man = true, implied = true,
}
local completers <const> = { file = true, script = true, user = true, pid = true, variable = true }

-- A table with a mistake in it must not build.
local function check_option(option, names)
  local name = option.long or error("an option without a long name")
  local function demand(ok, what)
    if not ok then error(("%s: option '%s': %s"):format(table_name or "src/options.yaml", name, what), 0) end
  end
  for key in pairs(option) do demand(type(key) == "number" or known[key], "unknown key " .. tostring(key)) end
  for _, other in ipairs { name, option.short or name, table.unpack(option.aliases or {}) } do
    demand(not names[other] or names[other] == option, "name " .. other .. " is taken")
    names[other] = option
  end
  demand(fills[option.fills], "fills what?")
  demand(option.help, "has no help")
  demand(not option.complete or completers[option.complete], "completes what?")
  demand(not option.implied or option.implied:find "%.%w+$", "what is implied has no suffix")
  demand((option.fills == "choice") == (option.choices ~= nil), "choices and fills: choice go together")
end

local names <const> = {}
for option in each_option() do check_option(option, names) end

-- Text for C -----------------------------------------------------------------------------------

local function c_string(text)
  if not text then return "NULL" end
  return '"' .. text:gsub('[\\"]', "\\%0"):gsub("\n", "\\n") .. '"'
end

local function c_lines(text)
  local lines = {}
  for line in text:gmatch "[^\n]*\n?" do
    if line ~= "" then lines[#lines + 1] = "\t" .. c_string(line) end
  end
  return table.concat(lines, " \\\n")
end

local function word_list(words)
  return words and c_string(" " .. table.concat(words, " ") .. " ") or '" "'
end

local function c_row(option, name, letter)
  local function offset(field) return field and ("offsetof(struct options, %s)"):format(field) or 0 end
  return ("\t{%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s},"):format(
    c_string(name), letter and ("'%s'"):format(letter) or 0,
    fills[option.fills], c_string(option.arg), c_string(option.implied),
    offset(option.field), offset(option.also or option.field),
    c_string(option.default), word_list(option.choices),
    option.kind and ("'%s'"):format(option.kind) or 0, option.config == false)
end

local function usage()
  local lines = {}
  for i, form_of_call in ipairs(manual.synopsis) do
    lines[i] = (i == 1 and "usage: " or "       ") .. "compendium " .. form_of_call
  end
  return table.concat(lines, "\n")
end

-- "-o, --output FILE"; the long name alone is set in by as much.
local function label(option)
  local text = (option.short and "-" .. option.short .. ", " or "    ") .. "--" .. option.long
  return option.arg and text .. " " .. option.arg or text
end

local function help()
  local lines = { usage(), "compendium: " .. manual.about .. "." }
  local last
  for option, section in each_option() do
    if section ~= last then
      lines[#lines + 1] = "\n" .. section.section .. ":"
      last = section
    end
    local left = "  " .. label(option)
    if #left > 33 then
      lines[#lines + 1] = left
      left = ""
    end
    lines[#lines + 1] = ("%-34s%s"):format(left, option.help)
  end
  lines[#lines + 1] = "\n'man compendium' says more.\n"
  return table.concat(lines, "\n")
end

local function c_text()
  local lines = {
    "/* Made from src/options.yaml. */",
    "static const struct option_row option_rows[] = {",
  }
  for option in each_option() do
    lines[#lines + 1] = c_row(option, option.long, option.short)
    for _, alias in ipairs(option.aliases or {}) do lines[#lines + 1] = c_row(option, alias) end
  end
  lines[#lines + 1] = "};\n"
  lines[#lines + 1] = "#define COMPENDIUM_VERSION " .. c_string(manual.version)
  lines[#lines + 1] = "#define OPTIONS_USAGE \\\n" .. c_lines(usage() .. "\n'compendium --help' says more")
  lines[#lines + 1] = "#define OPTIONS_HELP \\\n" .. c_lines(help()) .. "\n"
  return table.concat(lines, "\n")
end

-- Man page -------------------------------------------------------------------------------------

local function roff(text)
  return (text:gsub("\\", "\\e"):gsub("%-", "\\-"):gsub("^([.'])", "\\&%1"):gsub("\n([.'])", "\n\\&%1"))
end

local function roff_paragraphs(lines, paragraphs, lead)
  for _, text in ipairs(paragraphs or {}) do
    if text:find "^ " then
      lines[#lines + 1] = ".PP\n.RS 4\n.EX\n" .. roff((text:gsub("^ +", ""))) .. "\n.EE\n.RE"
    else
      lines[#lines + 1] = lead .. "\n" .. roff(text)
    end
  end
end

local function roff_label(option)
  local left = {}
  if option.short then left[#left + 1] = "\\fB\\-" .. option.short .. "\\fR" end
  for _, name in ipairs { option.long, table.unpack(option.aliases or {}) } do
    left[#left + 1] = "\\fB\\-\\-" .. roff(name) .. "\\fR"
  end
  return table.concat(left, ", ") .. (option.arg and " \\fI" .. roff(option.arg) .. "\\fR" or "")
end

local function man_sections(lines, before)
  for _, section in ipairs(manual.manual) do
    if section.before == before then
      lines[#lines + 1] = ".SH " .. section.section:upper()
      roff_paragraphs(lines, section.text, ".PP")
    end
  end
end

local function man_text()
  local lines = {
    '.\\" SPDX-License-Identifier: MIT',
    '.\\" Made from src/options.yaml.',
    ('.TH COMPENDIUM 1 "" "compendium %s" "User Commands"'):format(manual.version),
    ".SH NAME", "compendium \\- " .. roff(manual.about), ".SH SYNOPSIS", ".nf",
  }
  for _, form_of_call in ipairs(manual.synopsis) do
    lines[#lines + 1] = "\\fBcompendium\\fR " .. roff(form_of_call)
  end
  lines[#lines + 1] = ".fi"
  man_sections(lines, "options")
  lines[#lines + 1] = ".SH OPTIONS"
  local last
  for option, section in each_option() do
    if section ~= last then lines[#lines + 1] = ".SS " .. section.section end
    last = section
    lines[#lines + 1] = ".TP\n" .. roff_label(option) .. "\n" .. roff(option.help:gsub("^%l", string.upper)) .. "."
    roff_paragraphs(lines, option.man, ".IP")
  end
  man_sections(lines, nil)
  return table.concat(lines, "\n") .. "\n"
end

-- Completions ----------------------------------------------------------------------------------

local function spellings(option)
  local list = { "--" .. option.long }
  if option.short then table.insert(list, 1, "-" .. option.short) end
  for _, alias in ipairs(option.aliases or {}) do list[#list + 1] = "--" .. alias end
  return list
end

-- The bundled and the user's scripts, one a line.
local list_scripts <const> = "compendium --list-scripts 2>/dev/null | sed 's/ .*//'"

local function bash_text()
  local action <const> = {
    file = "COMPREPLY=($(compgen -f -- \"$word\")); compopt -o filenames 2>/dev/null",
    script = "COMPREPLY=($(compgen -f -X '!*.lua' -- \"$word\") $(compgen -d -- \"$word\") \\\n"
      .. "\t\t\t$(compgen -W \"$(" .. list_scripts .. ")\" -- \"$word\"))",
    user = "COMPREPLY=($(compgen -u -- \"$word\"))",
    pid = "COMPREPLY=($(compgen -W \"$(command ps -eo pid= 2>/dev/null)\" -- \"$word\"))",
    variable = "COMPREPLY=($(compgen -v -- \"$word\"))",
  }
  local takes, cases, all = {}, {}, {}
  for option in each_option() do
    local pattern = table.concat(spellings(option), "|")
    table.move(spellings(option), 1, #spellings(option), #all + 1, all)
    if option.arg and not option.implied then
      takes[#takes + 1] = pattern
      local act = option.choices and ("COMPREPLY=($(compgen -W '%s' -- \"$word\"))"):format(
        table.concat(option.choices, " ")) or action[option.complete] or "COMPREPLY=()"
      cases[#cases + 1] = ("\t%s)\n\t\t%s\n\t\treturn ;;"):format(pattern, act)
    end
  end
  return ([==[
# SPDX-License-Identifier: MIT
# bash completion for compendium, made from src/options.yaml.
_compendium()
{
	local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} i
	# A command, and what follows it, is completed as if it stood alone.
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--) ((i++)); break ;;
		$TAKES) ((i++)) ;;
		-*) ;;
		*) break ;;
		esac
	done
	if ((i < COMP_CWORD)) || [[ ${COMP_WORDS[i-1]} == -- ]]; then
		if declare -F _command_offset >/dev/null; then
			_command_offset $i
		elif ((i == COMP_CWORD)); then
			COMPREPLY=($(compgen -c -- "$word"))
		else
			COMPREPLY=($(compgen -f -- "$word"))
		fi
		return
	fi
	case $previous in
$CASES
	esac
	if [[ $word == -* ]]; then
		COMPREPLY=($(compgen -W '$ALL' -- "$word"))
	else
		COMPREPLY=($(compgen -c -- "$word"))
	fi
}
complete -F _compendium compendium
]==]):gsub("%$([A-Z]+)%f[^A-Z]", {
    TAKES = table.concat(takes, "|"), CASES = table.concat(cases, "\n"), ALL = table.concat(all, " "),
  })
end

local function zsh_text()
  local action <const> = {
    file = "_files", script = "_compendium_scripts", user = "_users", pid = "_pids",
    variable = "_parameters -g '*export*'",
  }
  local lines = {
    "#compdef compendium", "# SPDX-License-Identifier: MIT", "# Made from src/options.yaml.", "",
    "_compendium_scripts() {", "\t_files -g '*.lua'",
    "\tcompadd -- ${(f)\"$(" .. list_scripts .. ")\"}", "}", "", "_arguments -s -S \\",
  }
  local function quoted(text) return (text:gsub("[%[%]:\\]", "\\%0"):gsub("'", "'\\''")) end
  for option in each_option() do
    local repeats = option.fills == "script" or option.fills == "pids" or option.fills == "environment"
    local list = spellings(option)
    local exclude = repeats and "*" or "(" .. table.concat(list, " ") .. ")"
    for _, spelling in ipairs(list) do
      local long = spelling:find "^%-%-"
      local tail = ""
      if option.arg then
        local act = option.choices and "(" .. table.concat(option.choices, " ") .. ")" or action[option.complete] or " "
        tail = (option.implied and "::%s:%s" or ":%s:%s"):format(quoted(option.arg), (act:gsub("'", "'\\''")))
      end
      lines[#lines + 1] = ("\t'%s%s%s[%s]%s' \\"):format(exclude, spelling,
        option.arg and (option.implied and "=-" or long and "=" or "+") or "", quoted(option.help), tail)
    end
  end
  lines[#lines + 1] = "\t'(-):command:_command_names -e' '*::argument:_normal'"
  return table.concat(lines, "\n") .. "\n"
end

local function fish_text()
  local action <const> = {
    script = "-k -a '(__fish_complete_suffix .lua)' -a '(" .. list_scripts:gsub("[\\']", "\\%0") .. ")'",
    user = "-x -a '(__fish_complete_users)'", pid = "-x -a '(__fish_complete_pids)'",
    variable = "-x -a '(set -nx)='", file = "-F",
  }
  local lines = {
    "# SPDX-License-Identifier: MIT", "# fish completion for compendium, made from src/options.yaml.",
    "complete -c compendium -x -a '(__fish_complete_subcommand)'",
  }
  for option in each_option() do
    for _, long in ipairs { option.long, table.unpack(option.aliases or {}) } do
      local parts = { "complete -c compendium" }
      if option.short then parts[#parts + 1] = "-s " .. option.short end
      parts[#parts + 1] = "-l " .. long
      if option.arg and not option.implied then
        parts[#parts + 1] = "-r"
        parts[#parts + 1] = option.choices and ("-x -a '%s'"):format(table.concat(option.choices, " "))
          or action[option.complete] or "-x"
      end
      parts[#parts + 1] = "-d '" .. option.help:gsub("[\\']", "\\%0") .. "'"
      lines[#lines + 1] = table.concat(parts, " ")
    end
  end
  return table.concat(lines, "\n") .. "\n"
end

local forms <const> = { c = c_text, man = man_text, bash = bash_text, zsh = zsh_text, fish = fish_text }
local out <close> = assert(io.open(out_name, "w"))
assert(out:write((assert(forms[form], "no such form")())))
assert(out:close())
