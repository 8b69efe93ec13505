-- SPDX-License-Identifier: MIT
--
-- likeness: which names of two runs (accounts of compendium.deeds) mean the same though they are not: temporary
-- names, pids in names, /proc of whatever number, ports that the kernel chose, the folder in which the run began.
--
-- A temporary name is one that each run made new (O_EXCL, mkdir) in the same folder, as long as the other's, and
-- unlike it in one run of letters and digits: in four places at least, five or more from the first to the
-- last, as names that are drawn at random are and words seldom. Where one such name is, others of its form need
-- not be that unlike.

local likeness <const> = {}

local LEAST_PLACES <const>, LEAST_SPAN <const> = 4, 5
local MOST_PARTNERS <const> = 50 -- that are looked at for one name
local EPHEMERAL <const> = 32768   -- ports from here on are chosen by the kernel (ip_local_port_range)

local function split(path)
  local folder, name = path:match "^(.*/)([^/]*)$"
  return folder or "", name or path
end

-- Where two names of the same length differ: the run of letters and digits, as X, and whether they differ as names
-- do that were drawn at random.
local function random_part(a, b)
  local first, last, places = nil, nil, 0
  for i = 1, #a do
    if a:byte(i) ~= b:byte(i) then
      first, last, places = first or i, i, places + 1
    end
  end
  if places == 0 or (a:sub(first, last) .. b:sub(first, last)):find "[^%w_]" then return nil end
  local head = a:sub(1, first - 1):match "^(.-)[%w_]*$"
  local tail = a:sub(last + 1):match "^[%w_]*(.*)$"
  return head .. ("X"):rep(#a - #head - #tail) .. tail,
    places >= LEAST_PLACES and last - first + 1 >= LEAST_SPAN
end

-- A path by the names that its folders were given.
local function renamed(map, path)
  local folder, name = path, ""
  while folder ~= "" do
    if map[folder] then return map[folder] .. name end
    local cut = folder:match "^.*()/"
    if not cut then break end
    folder, name = path:sub(1, cut - 1), path:sub(cut)
  end
  return path
end
likeness.renamed = renamed

-- Names by what must be equal: folder, length and all that is no letter or digit.
local function grouped(names, map, other)
  local groups = {}
  for _, path in ipairs(names) do
    if not other[path] then
      local folder, name = split(path)
      folder = renamed(map, folder:sub(1, -2)) .. "/"
      local key = folder .. "\0" .. name:gsub("[%w_]", "x")
      groups[key] = groups[key] or {folder = folder}
      table.insert(groups[key], {path, name})
    end
  end
  return groups
end

local function set_of(list)
  local set = {}
  for _, item in ipairs(list) do set[item] = true end
  return set
end

-- Gives the names of one group that have a partner in the other a common one. True when there was one. `drawn` are the
-- stems that are drawn at random: who makes one file so makes others (cc2b9Xq1.s, cc2b7Zr0.o), some of them alike.
local function pair(group, partners, map, drawn)
  local found = false
  for _, each in ipairs(group) do
    for i = 1, map[each[1]] and 0 or math.min(#partners, MOST_PARTNERS) do
      local common, random = random_part(each[2], partners[i][2])
      local stem = common and group.folder .. common:match "^[^.]*"
      if common and (random or drawn[stem]) then
        map[each[1]], found, drawn[stem] = group.folder .. common, true, true
        break
      end
    end
  end
  return found
end

-- Maps from temporary names to common ones, for a and for b. Folders first, as what is in them has their names.
local function temporaries(a, b)
  local map_a, map_b = {}, {}
  local set_a, set_b, drawn = set_of(a.temporary), set_of(b.temporary), {}
  repeat
    local groups_a, groups_b = grouped(a.temporary, map_a, set_b), grouped(b.temporary, map_b, set_a)
    local found = false
    for key, group in pairs(groups_a) do
      local partners = groups_b[key]
      if partners then
        found = pair(group, partners, map_a, drawn) or found
        found = pair(partners, group, map_b, drawn) or found
      end
    end
  until not found
  return map_a, map_b
end

local function mask_port(text)
  return (text:gsub("^(%w+ )(.*):(%d+)$", function(protocol, host, port)
    local own = host:find "^127%." or host == "[::1]" or host == "0.0.0.0" or host == "[::]"
    return own and tonumber(port) >= EPHEMERAL and ("%s%s:(port)"):format(protocol, host) or nil
  end))
end

-- A function that makes a text of this run comparable with those of the other.
local function masker(account, map, other)
  local cwd = account.cwd ~= other.cwd and account.cwd or nil
  if cwd == "/" then cwd = nil end
  local function path(text)
    text = renamed(map, text):gsub("^/proc/%d+", "/proc/(pid)"):gsub("^(/proc/%(pid%)/task/)%d+", "%1(tid)")
    text = text:gsub("^/dev/pts/%d+", "/dev/pts/(n)")
    if cwd and text:sub(1, #cwd) == cwd and (#text == #cwd or text:byte(#cwd + 1) == 0x2f) then
      text = "." .. text:sub(#cwd + 1)
    end
    return text
  end
  return function(text)
    text = text:gsub("/[^%s'\"=,:;]+", path)
    text = text:gsub("%d+", function(digits)
      return #digits > 1 and account.pids[tonumber(digits)] and "(pid)" or nil
    end)
    text = text:gsub("@%x%x%x%x%x$", "@(bound)") -- an abstract name that the kernel gave
    return mask_port(text)
  end
end

-- The functions for a and for b.
function likeness.of(a, b)
  local map_a, map_b = temporaries(a, b)
  return masker(a, map_a, b), masker(b, map_b, a)
end

return likeness
