-- SPDX-License-Identifier: MIT
--
-- account: makes two accounts of the same program comparable and says where they differ. An account is
-- what strace.lua describes.

local h <const> = require "tests.live.harness"

local account = {}

-- The account that witness.lua wrote.
function account.read(path)
  return assert(load(assert(h.read_file(path), path .. " was not written")))()
end

-- What differs between any two runs, tracer or not: names with a number drawn for them. All else
-- in a name must agree to the byte.
local DRAWN <const> = {
  {"^/proc/%d+/", "/proc/PID/", "process ids"},
  {"^/proc/self/", "/proc/PID/", "strace names what a descriptor is, we what was asked for"},
  {"/cc%w%w%w%w%w%w(%.%w+)", "/ccDRAWN%1", "gcc's temporary files"},
  {"/tmp_(%w+)_%w%w%w%w%w%w", "/tmp_%1_DRAWN", "git's temporary files"},
  {"/%.git/t%w%w%w%w%w%w$", "/.git/tDRAWN", "the name git tries symbolic links with"},
}

-- Names in a text, without drawn parts.
function account.undrawn(text)
  for _, row in ipairs(DRAWN) do
    text = text:gsub(row[1]:gsub("^%^", ""):gsub("%$$", ""), row[2])
  end
  return text
end

-- The same file is the same name: without symbolic links in its folder, without drawn parts.
local function normal(path)
  for _, row in ipairs(DRAWN) do
    path = path:gsub(row[1], row[2])
  end
  if path:match "^/proc/PID" then
    return path
  end
  path = path:gsub("/%./", "/"):gsub("//+", "/"):gsub("(.)/$", "%1")
  local folder, name = path:match "^(.*)/([^/]*)$"
  if name == "." or name == ".." then
    return h.process.realpath(path) or path
  end
  local real = folder and h.process.realpath(folder == "" and "/" or folder)
  if not real then -- a folder that is not there has no links either
    return (path:gsub("/[^/]+/%.%./", "/"))
  end
  return (real == "/" and "" or real) .. "/" .. name
end

local function add_all(into, from)
  for field, amount in pairs(from) do
    into[field] = (into[field] or 0) + amount
  end
end

-- A copy with comparable names. Files are named by what they are (a link's target), opens by what
-- was asked for.
function account.normal(given)
  local result = {calls = given.calls, pipes = given.pipes, peers = given.peers,
    accepted = given.accepted, files = {}, opens = {}}
  for path, moved in pairs(given.files) do
    local key = h.process.realpath(normal(path)) or normal(path)
    result.files[key] = result.files[key] or {}
    add_all(result.files[key], moved)
  end
  for program, opens in pairs(given.opens) do
    result.opens[program] = {}
    for text, count in pairs(opens) do
      local path, outcome = text:match "^(.*) ([^ ]*)$"
      local key = normal(path) .. " " .. outcome
      result.opens[program][key] = (result.opens[program][key] or 0) + count
    end
  end
  return result
end

local function keys_of(one, other)
  local seen, keys = {}, {}
  for _, section in ipairs {one or {}, other or {}} do
    for key in pairs(section) do
      if not seen[key] then
        seen[key] = true
        keys[#keys + 1] = key
      end
    end
  end
  table.sort(keys)
  return keys
end

-- Files into which a program writes its process id: two runs may differ by its digits.
local HOLDS_PID <const> = {
  ["%.git/objects/pack/pack%-%x+%.keep$"] = "fetch-pack PID on HOST",
}
local PID_DIGITS <const> = 6

local function differs_by_pid(section, key, one, other)
  for pattern in pairs(section == "files" and HOLDS_PID or {}) do
    if key:match(pattern) then
      return math.abs((one or 0) - (other or 0)) <= PID_DIGITS
    end
  end
  return false
end

-- Where two normal accounts differ: lines "what: theirs, ours". `vary`: calls whose counts may, and
-- "pipes" for the bytes of those.
function account.differences(theirs, ours, vary)
  local lines = {}
  for _, section in ipairs {"calls", "opens", "files", "peers", "pipes"} do
    for _, key in ipairs(keys_of(theirs[section], ours[section])) do
      local one, other = theirs[section][key] or {}, ours[section][key] or {}
      for _, field in ipairs(keys_of(one, other)) do
        local may = vary and (section == "calls" and vary[field] or section == "pipes" and vary.pipes)
        may = may or differs_by_pid(section, key, one[field], other[field])
        if one[field] ~= other[field] and not may then
          lines[#lines + 1] = ("%s %s %s: strace %s, compendium %s"):format(section, key, field,
            one[field], other[field])
        end
      end
    end
  end
  return lines
end

return account
