-- SPDX-License-Identifier: MIT
--
-- failures: calls that failed, by what they were and the error: a section of the summary. Errors that
-- only mean "later" are left out; names that noise knows are counted apart, so that a search for
-- libraries does not bury the file that was really missing.

local noise <const> = require "compendium.noise"
local rows <const> = require "compendium.rows"
local text <const> = require "compendium.text"
local top <const> = require "compendium.top"

local failures <const> = {}

local NAMES <const> = 2000 -- distinct names kept per group
local GROUPS_SHOWN <const> = 8
local LATER <const> = {EAGAIN = true, EINTR = true, EINPROGRESS = true, EALREADY = true}

local groups = {} -- "open ENOENT" -> top of names

local function subject(e)
  local remote = e.class == "network" and e.remote or nil
  local protocol = remote and e.protocol
  return protocol and protocol .. " " .. remote or remote or e.path or ""
end

-- Counts any event that failed.
function failures.event(e)
  local error = e.error
  if not error or LATER[error] then
    return
  end
  local key = e.type .. " " .. error
  local names = groups[key]
  if not names then
    names = top.new(NAMES)
    groups[key] = names
  end
  names:add(subject(e), 1)
end

-- {key, shown = calls, distinct = names, names = array of {name, calls}}: what noise does not know.
local function group(key, names)
  local one = {key = key, shown = names.sum, names = {}}
  for _, entry in ipairs(names:largest()) do
    if noise.knows_path(entry[1]) then
      one.shown = one.shown - entry[2]
    else
      one.names[#one.names + 1] = entry
    end
  end
  one.distinct = #one.names + names.dropped
  return one
end

local function collect()
  local list, hidden = {}, 0
  for key, names in pairs(groups) do
    local one = group(key, names)
    hidden = hidden + names.sum - one.shown
    if one.shown > 0 then
      list[#list + 1] = one
    end
  end
  table.sort(list, function(a, b) return a.shown > b.shown or a.shown == b.shown and a.key < b.key end)
  return list, hidden
end

local function describe(one, width)
  local items = {}
  for _, entry in ipairs(one.names) do
    if entry[1] ~= "" then
      items[#items + 1] = text.cut(text.escape(entry[1]), math.max(width // 2, 24))
        .. (entry[2] > 1 and (" %s%d"):format(text.marks.times, entry[2]) or "")
    end
  end
  local line = ("%s %d"):format(one.key, one.shown)
  if #items == 0 then
    return line
  elseif one.distinct > 1 then
    line = ("%s in %d names"):format(line, one.distinct)
  end
  return rows.list(line, items, width, math.max(one.distinct, #items))
end

-- The section's lines; a single one becomes part of the heading.
function failures.rows(_, width)
  local list, hidden = collect()
  if #list == 0 then
    return nil
  end
  local lines = {}
  for i, one in ipairs(list) do
    if i > GROUPS_SHOWN then
      lines[#lines + 1] = ("  and %d other kinds"):format(#list - GROUPS_SHOWN)
      break
    end
    lines[#lines + 1] = "  " .. describe(one, width - 2)
  end
  if hidden > 0 then
    lines[#lines + 1] = ("  and %d about names that are hidden as noise"):format(hidden)
  end
  return lines
end

failures.heading, failures.inline = "Failed calls:", true

return failures
