-- SPDX-License-Identifier: MIT
--
-- terminal: where people read: stderr and the file of -o, both given the same lines. It knows the
-- shape of a line ([time] [pid] text), colours, the width, and the queue in which lines wait while
-- an earlier one still grows (see live). The last step of the flow.
--
-- A reader that went away or a full disk is ordinary: the writers drop what they cannot
-- write, nothing here raises, and failures() tells the summary.

local core <const> = require "compendium.core"
local format <const> = require "compendium.format"
local text <const> = require "compendium.text"

local terminal <const> = {}

local MAX_WAITING <const> = 1000 -- lines held back before an open one is written as it is
local DEFAULT_WIDTH <const> = 120 -- of what is no terminal
local LEAST_BODY <const> = 12 -- columns of a line's text, however narrow the terminal

-- Colour by the class of an event and by what a piece of the output is; it never carries meaning alone.
local COLOURS <const> = {
  file = "36", descriptor = "36", network = "35", process = "33", signal = "33", memory = "34", trace = "31",
  failed = "31", time = "2", pid = "2", title = "1", heading = "1",
}

-- What colours may be called; anything else is the numbers of an SGR sequence, as "1;35".
local COLOUR_NAMES <const> = {
  black = "30", red = "31", green = "32", yellow = "33", blue = "34", magenta = "35", cyan = "36", white = "37",
  grey = "90", bold = "1", dim = "2", underlined = "4", none = "",
}

local processes -- required when first needed, as it needs this
local writers = {} -- {writer=, name=, terminal=, colour=}
local queue, first, last = {}, 1, 0
local subject -- pid of what was to be traced: the command, or the first of -p

-- Gives a kind another colour: words as "bold red". Raises when one of them is not known.
function terminal.colour(kind, words)
  local names = {}
  for name in pairs(COLOURS) do names[#names + 1] = name end
  table.sort(names)
  if not COLOURS[kind] then
    error(("nothing is coloured as '%s'; there are %s"):format(kind, table.concat(names, ", ")), 0)
  end
  local numbers = {}
  for word in tostring(words):gmatch "[^%s;]+" do
    local number = COLOUR_NAMES[word] or word:match "^%d+$"
    if not number then error(("'%s' is no colour"):format(word), 0) end
    numbers[#numbers + 1] = number ~= "" and number or nil
  end
  COLOURS[kind] = table.concat(numbers, ";")
end

-- s in the colour of that kind.
local function paint(kind, s)
  local colour = COLOURS[kind]
  return colour and colour ~= "" and "\27[" .. colour .. "m" .. s .. "\27[0m" or s
end

local function wants_colour(writer, option, may_be_terminal)
  if option == "always" or option == "never" then
    return option == "always"
  end
  local no_color = os.getenv("NO_COLOR")
  return may_be_terminal and writer:is_tty() and not (no_color and no_color ~= "") and os.getenv("TERM") ~= "dumb"
end

local function add_writer(target, name, option, may_be_terminal)
  local writer, problem = core.output(target)
  if not writer then
    error("cannot write " .. problem, 0)
  end
  writers[#writers + 1] = {
    writer = writer, name = name, terminal = writer:is_tty(), colour = wants_colour(writer, option, may_be_terminal),
  }
end

-- Opens stderr and, when `path` is given, that file too. Raises when the file cannot be written, so call
-- it before the program starts.
function terminal.open(options, path)
  writers = {}
  add_writer(2, "stderr", options.color or "auto", true)
  if path then
    add_writer(path, path, options.color or "auto", false)
  end
end

-- Is stderr one?
function terminal.is_terminal()
  return writers[1] ~= nil and writers[1].terminal
end

-- Columns there are to fill.
function terminal.width()
  for _, each in ipairs(writers) do
    local width = each.terminal and each.writer:width()
    if width and width > 0 then
      return math.max(width, 40)
    end
  end
  return DEFAULT_WIDTH
end

-- Writes one line. `painted` is the same with colours.
local function write(plain, painted)
  for _, each in ipairs(writers) do
    each.writer:write((each.colour and painted or plain) .. "\n")
  end
end

-- What an event is called, and the rest: "open", "    /etc/hosts"; "─── ls exec ───", " ls /".
local function split_verb(body)
  local verb, rest = body:match("^(" .. text.marks.light:rep(3) .. " .- exec %S+)(.*)$")
  if verb then
    return verb, rest
  end
  return body:match("^(%S+)(.*)$")
end

-- A line's text in the columns that are left for it: a path is cut in the middle, arguments at the end.
local function fit(body, room)
  local is_heading = body:sub(1, #text.marks.light) == text.marks.light
  return text.cut(body, math.max(room, LEAST_BODY), not is_heading)
end

local clock_ms, clock_text -- of the line before: many begin within the same millisecond

local function clock(ns)
  local ms = ns // 1000000
  if ms ~= clock_ms then
    clock_ms, clock_text = ms, "[" .. format.clock(ns) .. "]"
  end
  return clock_text
end

-- {time=, label=, class=, text=, failed=, whole=} as a line, in colour or not. columns: cut to that width, unless the
-- entry is to be shown whole.
local function render(entry, colour, columns)
  local time = clock(entry.time)
  local label = entry.label and "[" .. entry.label .. "] " or ""
  local body, failed = entry.text, entry.failed and " " .. text.marks.failed .. " " .. entry.failed or ""
  if columns and not entry.whole then
    body = fit(body, columns - #time - 1 - #label - text.width(failed))
  end
  if not colour then
    return time .. " " .. label .. body .. failed
  end
  local verb, rest = split_verb(body)
  body = verb and entry.class and paint(entry.class, verb) .. rest or body
  return paint("time", time) .. " " .. (label ~= "" and paint("pid", label) or "") .. body
    .. (failed ~= "" and paint("failed", failed) or "")
end

-- Outputs that are alike get the same text.
local function write_entry(entry)
  local plain
  for i = 1, #writers do
    local each = writers[i]
    if each.terminal or each.colour then
      each.writer:write(render(entry, each.colour, each.terminal and each.writer:width()) .. "\n")
    else
      plain = plain or render(entry) .. "\n"
      each.writer:write(plain)
    end
  end
end

local function release(all)
  while first <= last do
    local entry = queue[first]
    if entry.open and not all and last - first < MAX_WAITING then
      return
    end
    entry.open, entry.written = nil, true
    queue[first] = nil
    first = first + 1
    if entry.finish then
      entry:finish()
    end
    write_entry(entry)
  end
  first, last = 1, 0
end

-- A line that has its place now. While entry.open is true it may still change and those after it
-- wait; entry:finish(), if there, is called before it is written and sets entry.text.
function terminal.add(entry)
  core.tell() -- what came before may have a line, too
  last = last + 1
  queue[last] = entry
  if not queue[first].open or last - first >= MAX_WAITING then
    release()
  end
end

-- Writes what no longer has to wait. all: true at the end, when nothing can change any more.
function terminal.release(all)
  release(all)
end

-- Hands to the kernel what was written so far.
function terminal.flush()
  for _, each in ipairs(writers) do
    each.writer:flush()
  end
end

-- Lines without time, after everything that waits: rows are strings or {kind, string}.
function terminal.block(rows)
  release(true)
  for _, row in ipairs(rows) do
    if type(row) == "table" then
      write(row[2], row[1] and paint(row[1], row[2]) or row[2])
    else
      write(row, row)
    end
  end
  terminal.flush()
end

-- One argument of say for one conversion. Absent is "-", strings are escaped, a number that does not
-- fit its conversion, or whose conversion there is not, is written as it is rather than raised about.
local function convert(specification, conversion, value)
  if value == nil then
    return "-"
  elseif conversion == "s" or type(value) ~= "number" then
    value = type(value) == "string" and text.escape(value) or text.tame(tostring(value))
    specification, conversion = specification:gsub("^%%[#0 +]*(%-?)[-#0 +]*", "%%%1"), "s"
  end
  local fits, s = pcall(string.format, specification .. conversion, value)
  return fits and s or tostring(value)
end

-- string.format that cannot fail on nil and cannot be used to move the cursor.
function terminal.compose(pattern, ...)
  local arguments, next_argument = table.pack(...), 0
  local composed = pattern:gsub("(%%[-+ #0]*%d?%d?%.?%d?%d?)(.)", function(specification, conversion)
    if conversion == "%" then
      return "%"
    end
    next_argument = next_argument + 1
    return convert(specification, conversion, arguments[next_argument])
  end)
  return text.tame(composed)
end

-- The public say(e, format, ...): a line in the usual shape. Without an event: say(format, ...).
function terminal.say(e, pattern, ...)
  if type(e) == "string" then
    return terminal.say(nil, e, pattern, ...)
  end
  terminal.add {
    time = e and e.time or core.now(), label = e and terminal.label(e), class = e and e.class, whole = true,
    text = terminal.compose(tostring(pattern), ...),
  }
end

-- The public tell(format, ...): a line as it is, where the trace goes. For tables and reports.
function terminal.tell(pattern, ...)
  terminal.block {terminal.compose(tostring(pattern), ...)}
end

-- The first failure of each writer that was not asked for before, as array of sentences.
function terminal.failures()
  local list = {}
  for _, each in ipairs(writers) do
    local problem = not each.told and each.writer:error()
    if problem then
      each.told = true
      list[#list + 1] = ("Output to %s is incomplete: %s"):format(text.shell(each.name), text.tame(problem))
    end
  end
  return list
end

-- Whose line it is, when that is not the only task and what was to be traced: "4711", of a thread "4711/4713".
-- A task that has just ended is no longer among those alive.
function terminal.label(e)
  processes = processes or require "compendium.processes"
  local others = processes.alive() - (e.kind == "exit" and 0 or 1)
  if e.pid == 0 or others <= 0 and (not subject or e.pid == subject) then
    return nil
  elseif e.tid == e.pid then
    return tostring(e.pid)
  end
  return e.pid .. "/" .. e.tid
end

-- The first line of a trace: what is traced.
function terminal.banner()
  local options = core.options
  local what
  if options.command and #options.command > 0 then
    what = text.cut(text.command(options.command), terminal.width() - 22, false)
  else
    local pids = options.pids or {}
    what = options.all and "everything" or (#pids == 1 and "process " or "processes ") .. table.concat(pids, ", ")
    what = what .. "; Ctrl-C ends the trace, not the program"
  end
  terminal.block {{"title", "compendium: tracing " .. what}}
end

-- What say() left waiting is written at the end, whichever other sinks run. Then it shows what the summary could
-- not know: that the last of it, or itself, was not written.
terminal.sink = {
  name = "output",
  start = function(info) subject = info.pid end,
  finish = function()
    release(true)
    terminal.flush()
    for _, failure in ipairs(terminal.failures()) do
      core.log("error", failure)
    end
  end,
}

return terminal
