-- SPDX-License-Identifier: MIT
--
-- globs: names with wildcards, as shells have them: * is anything but a slash, ** anything, ? one character but a
-- slash, [ab] and [!ab] one of these or none of them. Everything else stands for itself.

local globs <const> = {}

-- What a glob means as a pattern of Lua's, for the whole name.
function globs.pattern(glob)
  local out, i = {"^"}, 1
  while i <= #glob do
    local c = glob:sub(i, i)
    local set = c == "[" and (glob:match("^%[[^!%]][^%]]*%]", i) or glob:match("^%[![^%]]+%]", i))
    if glob:sub(i, i + 1) == "**" then
      out[#out + 1] = ".*"
      i = i + 1
    elseif c == "*" then
      out[#out + 1] = "[^/]*"
    elseif c == "?" then
      out[#out + 1] = "[^/]"
    elseif set then
      out[#out + 1] = set:gsub("[%%%^]", "%%%0"):gsub("^%[!", "[^")
      i = i + #set - 1
    else
      out[#out + 1] = c:gsub("%p", "%%%0")
    end
    i = i + 1
  end
  return table.concat(out) .. "$"
end

-- A function that says whether a name (bytes; nil is none) is one that any of the globs means.
function globs.matcher(list)
  local patterns = {}
  for i, glob in ipairs(type(list) == "table" and list or {list}) do patterns[i] = globs.pattern(glob) end
  return function(name)
    for i = 1, name and #patterns or 0 do
      if name:find(patterns[i]) then return true end
    end
    return false
  end
end

return globs
