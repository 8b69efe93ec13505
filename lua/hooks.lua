-- SPDX-License-Identifier: MIT
--
-- hooks: what the scripts registered, in order, turned into chains once all are loaded. A chain is
-- everything that runs for one kind of record: models, the event's type, sinks that want all of it,
-- hooks and filters in the order of their registration, and the other sinks. C walks it.

local core <const> = require "compendium.core"
local errors <const> = require "compendium.api_errors"
local events <const> = require "compendium.events"
local units <const> = require "compendium.api_units"

local hooks <const> = {}

-- Each {role=, fn=, label=, selectors=}, in order. A selector is {key=} or {key=, type=}, where key is
-- what core.bind takes; nil selectors: every chain (filters), or every event (sinks).
local registrations <const> = {}
local is_built = false

-- Library fields that a hook on a bare call has too.
local LASTING <const> = {comm = true, process = true, class = true}

-- ---- names

local function known_names()
  local names = errors.names(events.types)
  table.move({"start", "finish", "every:1s", "syscall"}, 1, 4, #names + 1, names)
  return names
end

local function of_type(name)
  local selectors, row = {}, events.types[name]
  for _, call in ipairs(row.calls) do selectors[#selectors + 1] = {key = "call:" .. call, type = name} end
  for _, kind in ipairs(row.records) do selectors[#selectors + 1] = {key = kind, type = name} end
  return selectors
end

local function calls_of_class(class)
  local classes = core.classes()
  for _, known in ipairs(classes) do
    if known == class then return core.calls(class) end
  end
  errors.blame("there is no class of system calls '%%%s'%s (there are %s)", class,
    errors.hint(class, classes), table.concat(classes, ", "))
end

-- "syscall:openat", "enter:%network"
local function of_calls(phase, name)
  local class = name:match "^%%(.*)$"
  if not class and not core.call(name) then
    errors.blame("there is no system call '%s'%s", name, errors.hint(name, core.calls()))
  end
  local selectors = {}
  for i, call in ipairs(class and calls_of_class(class) or {name}) do selectors[i] = {key = phase .. call} end
  return selectors
end

local function all_calls()
  local selectors = {{key = "call:?"}}
  for _, call in ipairs(core.calls()) do selectors[#selectors + 1] = {key = "call:" .. call} end
  return selectors
end

-- The selectors of one name. Raises when there is no such event.
local function resolve(name)
  errors.check(name, "string", "an event's name")
  if events.types[name] then return of_type(name) end
  if name == "start" or name == "finish" then return {{key = name}} end
  if name == "syscall" then return all_calls() end
  local phase, call = name:match "^(%a+):(.*)$"
  if phase == "syscall" then return of_calls("call:", call) end
  if phase == "enter" then return of_calls("enter:", call) end
  if phase == "every" then
    local period = units.duration(call)
    if not period or period == 0 then
      errors.blame("'%s' is no time to repeat something: write \"every:1s\", \"every:500ms\"", call)
    end
    return {{period = period}}
  end
  local hint = core.call(name) and ("; the system call is \"syscall:%s\""):format(name)
    or errors.hint(name, known_names())
  errors.blame("there is no event '%s'%s", name, hint)
end

-- The selectors of a name or a list of names, each once.
local function resolve_all(names)
  if type(names) ~= "table" then names = {errors.check(names, "string", "an event's name")} end
  local selectors, seen = {}, {}
  for _, name in ipairs(names) do
    for _, selector in ipairs(resolve(name)) do
      local id = ("%s %s"):format(selector.key or selector.period, selector.type or "")
      if not seen[id] then
        seen[id] = true
        selectors[#selectors + 1] = selector
      end
    end
  end
  if #selectors == 0 then errors.blame("no event is named") end
  return selectors
end

local function title(names)
  return type(names) == "table" and table.concat(names, ", ") or names
end

-- Raises when something of this name cannot be hooked.
function hooks.check(names)
  resolve_all(names)
end

-- The names of the calls that a name stands for: that of an event, or of a call.
function hooks.calls_of(name)
  if not events.types[name] and core.call(name) then return {name} end
  local calls = {}
  for _, selector in ipairs(resolve(name)) do
    local call = (selector.key or ""):match "^%a+:([%w_]+)$"
    if call then calls[#calls + 1] = call end
  end
  if #calls == 0 then errors.blame("'%s' is no system call, nor made of some", name) end
  return calls
end

-- ---- registering

local function register(registration)
  if is_built then errors.blame("hooks are registered before the trace starts, not from within a hook") end
  registrations[#registrations + 1] = registration
end

-- Which calls are hooked before they run, as names of their completed ones.
function hooks.entered()
  local names = {}
  for _, registration in ipairs(registrations) do
    for _, selector in ipairs(registration.selectors or {}) do
      local call = (selector.key or ""):match "^enter:([%w_]+)$"
      if call then names[#names + 1] = "syscall:" .. call end
    end
  end
  return names
end

-- Is there something that events may be dropped by?
function hooks.has_filters()
  for _, registration in ipairs(registrations) do
    if registration.role == "filter" then return true end
  end
  return false
end

function hooks.on(names, fn)
  local selectors = resolve_all(names)
  errors.check(fn, "function", "what on() calls")
  register {role = "hook", fn = fn, selectors = selectors,
    label = ('on "%s" (%s)'):format(title(names), errors.place())}
end

-- With no name it sees what every chain has; it never adds to what is traced.
function hooks.filter(names, fn)
  if fn == nil and type(names) == "function" then names, fn = nil, names end
  local selectors = names and resolve_all(names)
  errors.check(fn, "function", "a filter")
  for _, selector in ipairs(selectors or {}) do
    if selector.period or selector.key == "start" or selector.key == "finish" then
      errors.blame("'%s' is nothing a filter could drop", title(names))
    end
  end
  register {role = "filter", fn = fn, selectors = selectors,
    label = ("filter %s(%s)"):format(names and '"' .. title(names) .. '" ' or "", errors.place())}
end

-- See HACKING.md for what a sink is. A bundled one shows what others asked for.
function hooks.sink(sink, is_bundled)
  local selectors = sink.events and resolve_all(sink.events)
  register {role = "sink", fn = sink.event, selectors = selectors, sink = sink, is_bundled = is_bundled,
    label = ("sink %s"):format(sink.name or ("(" .. errors.place() .. ")"))}
end

-- ---- building

-- Which types a key's records can be: "call:read" -> {"read", "recv"}.
local function types_by_key()
  local map = {}
  for name in pairs(events.types) do
    for _, selector in ipairs(of_type(name)) do
      map[selector.key] = map[selector.key] or {}
      table.insert(map[selector.key], name)
    end
  end
  return map
end

-- Adds a model and what it needs to a set.
local function need(models, name)
  if models[name] then return end
  models[name] = true
  for _, other in ipairs(events.models[name].needs or {}) do need(models, other) end
end

local function selectors_of(registration)
  if registration.selectors or registration.role == "filter" then return registration.selectors or {} end
  local selectors = {} -- a sink of every event
  for name in pairs(events.types) do
    for _, selector in ipairs(of_type(name)) do selectors[#selectors + 1] = selector end
  end
  return selectors
end

-- Is it traced without anybody who names it? See `asked` in events.lua.
local function is_usual(type)
  local row <const> = events.types[type]
  local asked = row and row.asked
  return not asked or core.options[row.option] or asked == "live" and core.run.file ~= nil
end

-- Does what is registered make that be traced? A bundled sink shows what is asked for by others.
local function asks_for(registration, selector)
  return is_usual(selector.type) or (registration.selectors ~= nil and not registration.is_bundled)
end

-- Which keys somebody listens to, which models that takes, and of each key whether it is bare. A hook on a
-- call alone ("syscall:") pays for that call alone: it has the call's arguments, but not the fields that
-- models give to events. Anything else on the same call brings the models in: those of the type that is
-- hooked, as a hook on "read" does not pay for what "recv" would need.
local function wanted()
  local keys, models, types, is_filtered = {}, {}, types_by_key(), false
  local typed = {}
  need(models, events.order[1])
  local function enrich(names)
    for _, name in ipairs(names or {}) do
      for _, model in ipairs(events.types[name].needs) do need(models, model) end
    end
  end
  for _, registration in ipairs(registrations) do
    if registration.role == "filter" then
      is_filtered = is_filtered or not registration.selectors
    elseif registration.fn then
      for _, selector in ipairs(selectors_of(registration)) do
        local is_asked <const> = asks_for(registration, selector)
        if selector.key and is_asked then keys[selector.key] = true end
        local entered = selector.key and selector.key:match "^enter:(.*)$"
        if entered then enrich(types["call:" .. entered]) end
        if selector.type and is_asked then
          typed[selector.key] = true
          enrich({selector.type})
        end
        if registration.role == "sink" then enrich(types[selector.key]) end
      end
    end
  end
  for key in pairs(is_filtered and keys or {}) do enrich(types[key]) end

  local function is_bare(key)
    if typed[key] then return false end
    for _, name in ipairs(types[key] or {}) do
      for _, model in ipairs(events.types[name].needs) do
        if not models[model] then return true end
      end
    end
    return false
  end
  return keys, models, is_bare
end

-- An entry of a chain. A script's sink is a hook to C: a function that is not the library's.
local function entry_of(registration, fn, type)
  local is_own_sink = registration.role == "sink" and not registration.is_bundled
  local sink <const> = registration.is_bundled and type and registration.sink or {}
  return {role = is_own_sink and "hook" or registration.role, fn = fn, label = registration.label, type = type,
    calm = sink.calm and sink.calm(type) or nil, together = sink.together and sink.together[type]}
end

local function place_registration(chains, registration)
  local fn = registration.fn
  if not fn then return end
  if not registration.selectors then
    local type = registration.role == "sink" and "*" or nil
    for _, entries in pairs(chains) do entries[#entries + 1] = entry_of(registration, fn, type) end
    return
  end
  for _, selector in ipairs(registration.selectors) do
    local entries = chains[selector.key]
    if selector.period then
      core.timer(selector.period, fn, registration.label, true)
    elseif entries then
      entries[#entries + 1] = entry_of(registration, fn, selector.type)
    end
  end
end

-- The order of a chain after its models. -v is a sink that filters do not touch.
local function place_all(chains)
  local function place(wants)
    for _, registration in ipairs(registrations) do
      if wants(registration.role, registration.sink or {}) then place_registration(chains, registration) end
    end
  end
  place(function(role, sink) return role == "sink" and sink.before_filters end)
  place(function(role) return role ~= "sink" end)
  place(function(role, sink) return role == "sink" and not sink.before_filters end)
end

-- What runs at the start or the finish. Sinks open before a hook can say something, and close after.
local function ends(which)
  local starts, hooked, finishes = {}, {}, {}
  for _, registration in ipairs(registrations) do
    local sink = registration.sink or {}
    starts[#starts + 1] = which == "start" and sink.start and entry_of(registration, sink.start) or nil
    finishes[#finishes + 1] = which == "finish" and sink.finish and entry_of(registration, sink.finish) or nil
    for _, selector in ipairs(registration.selectors or {}) do
      hooked[#hooked + 1] = selector.key == which and entry_of(registration, registration.fn) or nil
    end
  end
  table.move(hooked, 1, #hooked, #starts + 1, starts)
  return table.move(finishes, 1, #finishes, #starts + 1, starts)
end

local function bind_models(chains, models)
  for _, name in ipairs(events.order) do
    local model = events.models[name]
    local function add(key, fn)
      chains[key] = chains[key] or {}
      table.insert(chains[key], {role = "model", fn = fn, label = ("model %s"):format(name)})
    end
    for call, fn in pairs(models[name] and model.calls or {}) do add("call:" .. call, fn) end
    local more = models[name] and (core.options.faults or core.run.file) and model.with_faults
    for call, fn in pairs(more or {}) do add("call:" .. call, fn) end
    for kind, fn in pairs(models[name] and model.records or {}) do
      if chains[kind] or is_usual(kind) then add(kind, fn) end
    end
  end
end

local classes <const> = {} -- of calls

-- A call that is no event has the class of the table.
local function class_of(e, get)
  local class = get(e)
  local name = not class and e.syscall
  if not name then return class end
  local known = classes[name]
  if known == nil then
    known = (core.call(name) or {}).class or false
    classes[name] = known
  end
  return known or nil
end

local function add_fields()
  local get_class = events.fields.class.get
  for name, field in pairs(events.fields) do core.field(name, field.get, LASTING[name]) end
  core.field("class", function(e) return class_of(e, get_class) end, true)
end

-- Gives the chains to C. Called once, when every script is loaded.
function hooks.build()
  is_built = true
  core.event_types(errors.names(events.types))
  add_fields()
  local keys, models, is_bare = wanted()
  local chains = {}
  for key in pairs(keys) do
    local type_of = not is_bare(key) and events.type_of[key]
    chains[key] = type_of and {{role = "type", fn = type_of, label = "type of " .. key}} or {}
  end
  place_all(chains)
  bind_models(chains, models)
  chains.start, chains.finish = ends "start", ends "finish"
  for key, entries in pairs(chains) do
    core.bind(key, entries, keys[key] and events.split[key], keys[key] and is_bare(key))
  end
end

return hooks
