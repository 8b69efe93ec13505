-- SPDX-License-Identifier: MIT
--
-- api: what scripts see: the globals of DESIGN's table, the standard library, and `require
-- "compendium"`. Every other global is an error that says where, so that a typo is not a nil.
--
-- Comments of three dashes, here and in the modules that src/api_generate.lua names, are the API's reference and
-- what editors complete: a signature with LuaLS's types, and what it means.

local core <const> = require "compendium.core"
local errors <const> = require "compendium.api_errors"
local hooks <const> = require "compendium.hooks"
local sandbox <const> = require "compendium.sandbox"
local scripts <const> = require "compendium.scripts"
local units <const> = require "compendium.api_units"

local api <const> = {}

local SINK_KEYS <const> = {
  name = "string", events = true, before_filters = "boolean", start = "function", event = "function",
  finish = "function",
}

--- # Hooks

--- on(name: EventName|EventName[], fn: fun(e: Event))
--- calls `fn(e)` for each event of that name or list of names: the types of `--json`; `"syscall:openat"`,
--- `"syscall:%network"` (a class), `"syscall"` (all); `"enter:openat"` (before it runs), `"start"`, `"finish"`,
--- `"every:1s"`. A function without parameters cannot look at the event, so it may be called as soon as the call
--- begins, which halves what that costs by ptrace
api.on = hooks.on

--- filter(name?: EventName|EventName[], fn: fun(e: Event): boolean?)
--- false drops the event for all that comes after, outputs too; without a name, of every kind
api.filter = hooks.filter

--- want(what: "data"|"usage"|"stack", how: string|string[]|integer)
--- asks for what costs more: `want("data", "4k")` keeps so much of what is read and written (`e.data`);
--- `want("usage", "100ms")` samples memory so often; `want("stack", "openat")` finds where in its code the program
--- makes that call, or those of an event or a list (`e.stack`)

--- # Scripts

--- use(name: string)
--- runs another script first, once
api.use = scripts.use

--- option(name: string, default: T, help?: string): T
--- a value that `-s file.lua:name=value` or `--set name=value` sets; of the default's type: a number, text, `"10ms"`
--- (ns), `"4k"` (bytes), true or false, or a list (`{"a", "b"}`, set by `name=a,b`)
api.option = scripts.option

---@class Run
---@field number integer
---@field count integer
---@field file? string the recording
---@field command? string[] what was started; not with -p and --replay
---@field environment? string[] of a recording's command: names, or with --record-env "NAME=value"
---@field from? integer ns since the start from which on a part of the trace is shown
---@field host string
---@field boot string
---@field id string
---@field results any[] what earlier runs left
---@field result fun(value: any) leaves plain values for later runs, copied

--- run: Run
--- which run it is: `number` of `count`, of several --replay files each is one; `file`, `command`, `environment`,
--- `host`, `boot`, `id`, `from`; `results[i]`, what earlier runs left by `run.result(value)`

--- # Output

--- say(e?: Event, format: string, ...: any)
--- a line in the usual shape, where the trace goes; `print` goes to stdout

--- tell(format: string, ...: any)
--- a line as it is, where the trace goes

---@class Sink
---@field name? string
---@field events? EventName|EventName[]
---@field before_filters? boolean
---@field start? fun(info: table)
---@field event? fun(e: Event)
---@field finish? fun(info: table)

--- sink(sink: Sink)
--- an output of your own: `{events=, event=, start=, finish=, name=, before_filters=}`
function api.sink(sink)
  errors.check(sink, "table", "a sink")
  for key, value in pairs(sink) do
    local expected = SINK_KEYS[key]
    if not expected then
      errors.blame("a sink has no '%s'%s", tostring(key), errors.hint(tostring(key), errors.names(SINK_KEYS)))
    end
    if expected ~= true then errors.check(value, expected, ("a sink's '%s'"):format(key)) end
  end
  hooks.sink(sink)
end

--- line(name: EventName|EventName[], fn: fun(e: Event): string?)
--- the text of the event's live line; nil leaves it as it is
function api.line(name, fn)
  hooks.check(name)
  errors.check(fn, "function", "what line() calls")
  for _, one in ipairs(type(name) == "table" and name or {name}) do
    require("compendium.lines").override(one, fn)
  end
end

--- redact(pattern: string)
--- what it matches, or captures, is shown nowhere
function api.redact(pattern)
  local ok, problem = pcall(require("compendium.redact").add, pattern)
  if not ok then errors.blame("%s", (tostring(problem):gsub("^lua/[%w_]+%.lua:%d+: ", ""))) end
end

function api.counter(limit) return require("compendium.stats").counter(limit) end
function api.histogram(step) return require("compendium.stats").histogram(step) end
function api.rate(window) return require("compendium.stats").rate(window) end

function api.columns(headings) return require("compendium.columns").new(headings) end

--- save(path: string, text: string)
--- writes a file anew
function api.save(path, text)
  local file, problem = io.open(errors.check(path, "string", "the file's name"), "w")
  local is_written = file and file:write(errors.check(text, "string", "what save() writes"))
  if file then
    local is_closed, reason = file:close()
    problem = not (is_written and is_closed) and (reason or "not all of it was written")
  end
  if problem then errors.blame("cannot write it: %s", problem) end
end

--- # Values

--- glob(list: string|string[]): fun(path?: string): boolean
--- a function that says whether a path is one of those (`*`, `**`, `?`, `[ab]`)
function api.glob(list) return require("compendium.globs").matcher(list) end

--- address(list: string|string[]): fun(address?: string): boolean
--- the same for `e.remote` and `e["local"]`: `"10.0.0.0/8"`, `"*:443"`, `"unix:/run/**"`
function api.address(list) return require("compendium.matchers").address(list) end

-- Both ways: text of a number, number of a text. nil is nil.
local function both_ways(show, read, what)
  return function(value)
    if value == nil then return nil end
    if type(value) == "number" then return require("compendium.format")[show](value) end
    local number = type(value) == "string" and read(value)
    if not number then errors.blame("'%s' is no %s", tostring(value), what) end
    return number
  end
end

--- duration(value?: integer|string): string|integer|nil
--- both ways: `duration(1500000)` is `"1.50ms"`, `duration "10ms"` is 10000000 (ns); nil is nil
api.duration = both_ways("duration", units.duration, "time such as \"10ms\"")

--- size(value?: integer|string): string|integer|nil
--- both ways: `size(4096)` is `"4.0 KB"`, `size "4k"` is 4096; nil is nil
api.size = both_ways("bytes", function(value) return units.size(value, true) end, "size such as \"4k\"")

--- shell(words: string|string[]): string
--- a word, or those of a command line, quoted as a shell needs it
function api.shell(words)
  local list = {}
  for i, word in ipairs(type(words) == "table" and words or {words}) do
    list[i] = require("compendium.format").shell(errors.check(word, "string", "a word for a shell"))
  end
  return table.concat(list, " ")
end

--- json(value: any): string
--- JSON text

--- now(): integer
--- how far the trace has come, in ns since its start

--- wallclock(): integer
--- the start of the trace, in ns since 1970
api.now, api.wallclock = core.now, core.wallclock

--- random(seed: integer): fun(low?: integer, high?: integer): number
--- a function like `math.random` with a sequence of its own, the same for the same seed
function api.random(seed)
  local state = errors.check(seed, "integer", "the seed of random()") -- splitmix64
  local function bits()
    state = state + 0x9E3779B97F4A7C15
    local z = state
    z = (z ~ (z >> 30)) * 0xBF58476D1CE4E5B9
    z = (z ~ (z >> 27)) * 0x94D049BB133111EB
    return z ~ (z >> 31)
  end
  return function(low, high)
    if not low then return (bits() >> 11) * 0x1p-53 end
    if not high then low, high = 1, low end
    if high < low then errors.blame("random: there is no number from %s to %s", low, high) end
    local span = high - low + 1
    return span == 0 and bits() or low + math.tointeger((bits() >> 1) % span)
  end
end

local wants <const> = {
  data = function(size)
    local bytes = math.type(size) == "integer" and size or type(size) == "string" and units.size(size, true)
    if not bytes or bytes < 1 then errors.blame("want(\"data\", \"4k\"): how much of it?") end
    core.want_data(bytes)
  end,
  usage = function(period)
    local ns = type(period) == "string" and units.duration(period)
    if not ns or ns < 1000000 then errors.blame("want(\"usage\", \"100ms\"): how often? At most every 1ms") end
    core.want_usage(ns)
  end,
  stack = function(names)
    if names == nil then errors.blame("want(\"stack\", \"openat\"): of which calls?") end
    for _, name in ipairs(type(names) == "table" and names or {names}) do
      for _, call in ipairs(hooks.calls_of(name)) do core.want_stack(call) end
    end
    require("compendium.api_event").add_common "stack"
  end,
}

function api.want(what, amount)
  local ask = wants[what]
  if not ask then errors.blame("what can be wanted is \"data\", \"usage\" or \"stack\", not '%s'", tostring(what)) end
  ask(amount)
end

api.run = {
  number = core.run.number, count = core.run.count, file = core.run.file, results = core.run.results,
  command = core.options.command, -- the words of what was started, nil with -p and --replay
  environment = core.run.environment, from = core.run.from,
  host = core.run.host, boot = core.run.boot, id = core.run.run,
  result = function(value) -- plain values, copied, one for each run
    local problem = core.result(value)
    if problem then errors.blame("run.result() takes plain values, not a %s", problem) end
  end,
}

-- Loaded when first named, so that a script that prints nothing has no terminal.
local LAZY <const> = {
  say = function() return require("compendium.terminal").say end,
  tell = function() return require("compendium.terminal").tell end,
  json = function() return require "compendium.json" end,
  output = function() return require "compendium.output" end,
  noise = function() return require "compendium.noise" end,
  report = function() return require("compendium.report").scripts end,
}
local MODULES <const> = {
  "again", "compare", "deeds", "events", "fds", "format", "globs", "history", "jobs", "json", "lines", "memory",
  "paths", "processes", "summary", "terminal", "values",
}

-- ---- the globals of scripts

local function environment()
  local env, taken = {}, {}
  for name, value in pairs(_G) do env[name] = value end
  for name, value in pairs(api) do env[name] = value end
  env._G = env
  -- Code that a script loads is the script's too.
  function env.load(chunk, name, mode, ...) return load(chunk, name, mode, select("#", ...) > 0 and ... or env) end
  function env.loadfile(name, mode, ...) return loadfile(name, mode, select("#", ...) > 0 and ... or env) end
  function env.dofile(name) return assert(loadfile(name, "t", env))() end

  if core.options.sandbox then taken = sandbox.close(env, api) end

  local function names() return errors.names(env, LAZY) end
  return setmetatable(env, {
    __index = function(_, name)
      if LAZY[name] then
        env[name] = LAZY[name]()
        return env[name]
      end
      if taken[name] then errors.blame("'%s' is not there with --sandbox", name) end
      errors.blame("there is no global '%s'%s", tostring(name), errors.hint(tostring(name), names()))
    end,
    __newindex = function(_, name, value)
      if LAZY[name] then
        rawset(env, name, value)
      else
        errors.blame("'%s' is no global: declare it local, as in `local %s = ...`", tostring(name), tostring(name))
      end
    end,
  })
end

scripts.env = environment()

-- ---- require "compendium"

api.version = core.version
setmetatable(api, {
  __index = function(_, name)
    if LAZY[name] then return LAZY[name]() end
    for _, module in ipairs(MODULES) do
      if module == name then return require("compendium." .. name) end
    end
    errors.blame("compendium has no '%s'%s", tostring(name),
      errors.hint(tostring(name), errors.names(api, LAZY)))
  end,
})

return api
