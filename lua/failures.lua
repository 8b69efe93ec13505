-- SPDX-License-Identifier: MIT
--
-- failures: calls that failed, by what they were and the error: a section of the summary. What noise hides
-- is only counted, so that a search for libraries does not bury the file that was really missing.

local noise <const> = require "compendium.noise"
local rows <const> = require "compendium.rows"
local text <const> = require "compendium.text"
local top <const> = require "compendium.top"

local failures <const> = {}

local NAMES <const> = 2000 -- distinct names kept per group
local GROUPS_SHOWN <const> = 8

local groups = {} -- "open ENOENT" -> top of names
local hidden = 0

local function subject(e)
  local remote = e.class == "network" and e.remote or nil
  local protocol = remote and e.protocol
  return protocol and protocol .. " " .. remote or remote or e.path or ""
end

-- Counts an event that failed.
function failures.failed(e)
  if e.in_progress then
    return
  elseif e.noise then
    hidden = hidden + (noise.is_answer(e) and 0 or 1)
    return
  end
  local key = e.type .. " " .. e.error
  local names = groups[key]
  if not names then
    names = top.new(NAMES)
    groups[key] = names
  end
  names:add(subject(e), 1)
end

local function describe(key, names, width)
  local items = {}
  for _, entry in ipairs(names:largest()) do
    if entry[1] ~= "" then
      items[#items + 1] = {text.escape(entry[1]), entry[2] > 1 and (" %s%d"):format(text.marks.times, entry[2]) or ""}
    end
  end
  local line, count = ("%s %d"):format(key, names.sum), names:count()
  if count > 1 then
    line = ("%s in %d names"):format(line, count)
  end
  return rows.list(line, items, width, math.max(count, #items))
end

-- The kinds of failure, most frequent first.
local function kinds()
  local keys = {}
  for key in pairs(groups) do
    keys[#keys + 1] = key
  end
  table.sort(keys, function(a, b)
    local sum_a, sum_b = groups[a].sum, groups[b].sum
    return sum_a > sum_b or sum_a == sum_b and a < b
  end)
  return keys
end

-- The section's lines; a single one becomes part of the heading.
function failures.rows(_, width)
  local keys, lines = kinds(), {}
  for i, key in ipairs(keys) do
    if i > GROUPS_SHOWN then
      lines[i] = ("  and %d other kinds"):format(#keys - GROUPS_SHOWN)
      break
    end
    lines[i] = "  " .. describe(key, groups[key], width - 2)
  end
  if #lines > 0 and hidden > 0 then
    lines[#lines + 1] = ("  and %d that are hidden as noise"):format(hidden)
  end
  return #lines > 0 and lines or nil
end

failures.heading, failures.inline = "Failed calls:", true

return failures
