-- SPDX-License-Identifier: MIT
--
-- noise: which events are not worth a line, as rules with a reason each. A rule hides lines only: bytes,
-- files and failures of hidden events stay in the totals of the summary, JSON has them all, and the
-- summary says how many lines each rule hid. Called by live, between the filters and the lines.
--
-- A rule has a name, a reason (why), the types of event it is about (nil: all), and decides by
--   worked  true: those without an error are hidden; and those with the error `answer`, which says no more than "no"
--   paths   patterns for e.path; files opened for writing are never hidden by these, unless writes = true
--   match   fn(e) -> true to hide
--   pages   for page faults: those of a task in one region are hidden until they are so many in all; then they are
--           shown, with those before
-- The first rule that matches counts. Scripts change the list: noise.add, noise.remove, noise.off.

local core <const> = require "compendium.core"
local faults <const> = require "compendium.faults"
local patterns <const> = require "compendium.patterns"

local noise <const> = {}

local CACHED_PATHS <const> = 10000

-- What took so long is slow, whatever it was.
noise.SLOW = 200000000 -- ns

local rules = require "compendium.noise_rules"

-- by_type[type]: the rules for it, see rules_for. naming[path]: see rules_naming.
local by_type, naming, cached = {}, {}, 0
local hidden = {} -- rule name -> events hidden
local failures = 0
local least_pages -- see noise.least_pages
local finder, finders, with_paths -- see finder_for: for all rules, and by rule; the places of rules that have paths
local calm -- type -> the rule's name, see noise.tell_calm; nil: not told yet

local function reset()
  by_type, naming, cached, least_pages, finder = {}, {}, 0, nil, nil
  if calm then noise.tell_calm() end
end

local function most_wanted()
  local most = 1
  for _, rule in ipairs(rules) do
    most = math.max(most, rule.pages or 1)
  end
  return most
end

local function concerns(rule, type)
  if not rule.types then
    return true
  end
  for _, each in ipairs(rule.types) do
    if each == type then
      return true
    end
  end
  return false
end

-- The rules for a type of event, as array in order: those that decide by a function or a lack of errors, with their
-- places in `places`; all others in `by_place`. `by_memory` has the place of the first that means a kind of memory.
-- `last` is the place after all. `calm` is the first rule, when it hides all that worked.
local function rules_for(type)
  local list = {places = {}, by_place = {}, by_memory = {}, last = #rules + 1}
  local is_first = true
  for place, rule in ipairs(rules) do
    if concerns(rule, type) then
      list.calm, is_first = list.calm or is_first and rule.worked and rule or nil, false
      list.pages = list.pages or rule.pages and rule
      if rule.match or rule.worked then
        list[#list + 1] = rule
        list.places[#list] = place
      end
      if rule.paths or rule.memory then
        list.by_place[place], list.has_paths = rule, list.has_paths or rule.paths ~= nil
      end
      for what in pairs(rule.memory or {}) do
        list.by_memory[what] = list.by_memory[what] or place
      end
    end
  end
  by_type[type] = list
  if type == "fault" and (#list > 0 or list.has_paths) then core.apart() end -- each is to be looked at
  return list
end

local function anything() return true end

-- fn(path): may one of the rules' patterns be in it? Few paths have in them what a pattern must find, and all of that
-- is looked for at once.
local function finder_for(some)
  local literals = {}
  for _, rule in ipairs(some) do
    for _, pattern in ipairs(rule.paths or {}) do
      local literal = patterns.literal(pattern)
      if not literal then return anything end
      literals[#literals + 1] = literal
    end
  end
  return core.finder(literals)
end

local function look_for_paths()
  finder, finders, with_paths = finder_for(rules), {}, {}
  for place, rule in ipairs(rules) do
    if rule.paths then with_paths[#with_paths + 1] = place end
  end
end

local function names(rule, path)
  local find = finders[rule] or finder_for {rule}
  finders[rule] = find
  if not find(path) then return false end
  for _, pattern in ipairs(rule.paths) do
    if path:find(pattern) then return true end
  end
  return false
end

local NONE <const> = {}

-- The places of the rules that name the path, whatever they concern; remembered, since programs use the same names
-- over and over.
local function rules_naming(path)
  if cached >= CACHED_PATHS then
    naming, cached = {}, 0
  end
  local places
  if not finder then look_for_paths() end
  for _, place in ipairs(finder(path) and with_paths or NONE) do
    if names(rules[place], path) then
      places = places or {}
      places[#places + 1] = place
    end
  end
  naming[path], cached = places or NONE, cached + 1
  return places or NONE
end

-- The place of the first of the list's rules that names the path, and is for files opened for writing as well when
-- that is asked; or of the end.
local function path_place(list, path, is_written)
  local places = naming[path] or rules_naming(path)
  for i = 1, #places do
    local rule = list.by_place[places[i]]
    if rule and (rule.writes or not is_written) then
      return places[i]
    end
  end
  return list.last
end

-- A script's match may fail; the event is then shown, and the rule goes.
local function matches_foreign(rule, e)
  core.tell()
  local ok, result = xpcall(rule.match, debug.traceback, e)
  if not ok then
    failures = failures + 1
    core.log("error", ('noise rule "%s" failed and is removed: %s'):format(rule.name, result))
    noise.remove(rule.name)
  end
  return ok and result
end

-- The rule that hides the event's line, or nil.
function noise.rule(e)
  local type = e.type
  local list = by_type[type] or rules_for(type)
  local error <const>, calm_rule <const> = e.error, list.calm
  local worked <const> = not error
  if calm_rule and (worked or error == calm_rule.answer) then return calm_rule end
  local last, path = list.last, list.has_paths and e.path
  if path and (naming[path] or rules_naming(path)) ~= NONE then
    last = path_place(list, path, type == "open" and e.writable)
  elseif type == "fault" then
    last = list.by_memory[faults.what(e)] or last
  end
  local places = list.places
  for i = 1, #list do
    if places[i] > last then break end
    local rule = list[i]
    local match = rule.match
    if rule.worked and (worked or error == rule.answer) then
      return rule
    elseif match and rule.foreign then
      if matches_foreign(rule, e) then return rule end
    elseif match and match(e) then
      return rule
    end
  end
  return list.by_place[last]
end

-- Its name: the field e.noise.
function noise.name(e)
  local rule = noise.rule(e)
  return rule and rule.name
end

-- The rule of that name hid so many events, or one.
function noise.count(name, events)
  hidden[name] = (hidden[name] or 0) + (events or 1)
end

-- Of page faults that are told of together, in memory that is called that: whether a rule hides them; it hid so many.
function noise.hides_memory(what, events)
  local list <const> = by_type.fault or rules_for "fault"
  local rule <const> = list.by_place[list.by_memory[what]]
  if rule then noise.count(rule.name, events) end
  return rule ~= nil
end

-- ---- calm events: those that worked or gave an answer, were not slow, and are of a type whose first rule hides all
-- that did so. Only their number matters to the sinks that ask noise, so the core counts them and calls none of these.

local function count_calm()
  for type, name in pairs(calm or {}) do
    local count = core.calm(type)
    if count > 0 then noise.count(name, count) end
  end
end

-- Says to the core of which types events are calm; from then on also whenever the rules change.
function noise.tell_calm()
  count_calm()
  calm = {}
  for type in pairs(require("compendium.events").types) do
    local rule = (by_type[type] or rules_for(type)).calm
    calm[type] = rule and rule.name
    core.calm(type, rule and noise.SLOW or 0, rule and rule.answer)
  end
end

-- Is its error only an answer?
function noise.is_answer(e)
  local rule = (by_type[e.type] or rules_for(e.type)).calm
  return rule ~= nil and rule.answer == e.error
end

-- How many pages of a region a task must touch to be worth a line.
function noise.least_pages()
  least_pages = least_pages or most_wanted()
  return least_pages
end

-- What a task touched of a region stayed below that in so many events, which nothing tells of.
function noise.hid_pages(events)
  local list = by_type.fault or rules_for "fault"
  if list.pages then noise.count(list.pages.name, events) end
end

-- True when a rule names that path as something programs read without a person caring. Counts nothing.
function noise.knows_path(path)
  local list = by_type.read or rules_for "read"
  return path_place(list, path) < list.last
end

local function check(rule)
  if type(rule) ~= "table" or type(rule.name) ~= "string" then
    error('noise.add wants {name = "...", why = "...", types = {...}, match = function(e) ... end}', 3)
  elseif type(rule.match) ~= "function" and type(rule.paths) ~= "table" and type(rule.memory) ~= "table"
    and type(rule.pages) ~= "number" and rule.worked ~= true then
    error(('noise rule "%s" has no match (a function), paths (patterns), worked, memory or pages')
      :format(rule.name), 3)
  end
  for _, pattern in ipairs(rule.paths or {}) do
    local problem = type(pattern) == "string" and patterns.problem(pattern)
    if problem ~= nil then
      error(('noise rule "%s": "%s" is no pattern: %s'):format(rule.name, pattern, problem or "no text"), 3)
    end
  end
end

local function index_of(name)
  for i, rule in ipairs(rules) do
    if rule.name == name then
      return i
    end
  end
end

--- # Noise: lines that are hidden

---@class noise
---@class NoiseRule
---@field name string
---@field why string
---@field types? string[]
---@field match? fun(e: Event): boolean?
---@field worked? boolean those without an error
---@field answer? string and those with that one
---@field paths? string[] Lua patterns
---@field memory? table<string, true> of page faults: names of regions, as in `e.what`
---@field pages? integer of page faults: fewer of a region are hidden

--- noise.add(rule: NoiseRule)
--- hides the lines of the events that it means: `{name=, why=, types=, match=, worked=, paths=, memory= or pages=}`;
--- one of the same name is replaced
function noise.add(rule)
  check(rule)
  local copy = {foreign = true}
  for key, value in pairs(rule) do
    copy[key] = value
  end
  local at = index_of(rule.name)
  if at then
    table.remove(rules, at)
  end
  table.insert(rules, 1, copy)
  reset()
end

--- noise.remove(name: string)
--- what the rule hid is shown
function noise.remove(name)
  local at = index_of(name)
  if not at then
    local known = {}
    for i, rule in ipairs(rules) do
      known[i] = '"' .. rule.name .. '"'
    end
    error(('no noise rule "%s"; there are %s'):format(tostring(name), table.concat(known, ", ")), 2)
  end
  table.remove(rules, at)
  reset()
end

--- noise.off()
--- every event gets its line
function noise.off()
  rules = {}
  reset()
end

-- The rules in order, for listing. Not to be changed.
function noise.rules()
  return rules
end

-- How many rules of scripts failed.
function noise.failures()
  return failures
end

-- How many events each rule hid: array of {name, count}, most first, and their sum.
function noise.hidden()
  count_calm()
  local list, sum = {}, 0
  for name, count in pairs(hidden) do
    list[#list + 1] = {name, count}
    sum = sum + count
  end
  table.sort(list, function(a, b) return a[2] > b[2] or a[2] == b[2] and a[1] < b[1] end)
  return list, sum
end

return noise
