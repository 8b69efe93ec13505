-- SPDX-License-Identifier: MIT
--
-- The library (lua/) for generators, without the program: its tables ask that nothing.
package.preload["compendium.core"] = function()
  return setmetatable({run = {}}, {__index = function() return function() end end})
end
table.insert(package.searchers, 2, function(name)
  local module = name:match "^compendium%.([%w_]+)$"
  return module and assert(loadfile("lua/" .. module .. ".lua"))
end)
