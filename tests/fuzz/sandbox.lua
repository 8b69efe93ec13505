-- SPDX-License-Identifier: MIT
--
-- sandbox: what a script made up by the fuzzer must not reach: files, processes, code from elsewhere,
-- coroutines, whose instructions nobody counts. Its files are those below; they have an option of each type.

local core <const> = require "compendium.core"

local FILES <const> = {
  ["f.lua"] = [[
    option("count", 3, "an integer")
    option("ratio", 0.5, "a float")
    option("name", "x", "a string")
    option("flag", false, "a boolean")
    option("time", "10ms", "a duration")
    option("size", "4k", "a size")
  ]],
  ["g:h.lua"] = [[use "default"]],
}

-- luacheck: push ignore 121 122 (the standard library is what is changed here)
for _, name in ipairs {"execute", "remove", "rename", "tmpname", "setlocale"} do os[name] = nil end
for _, name in ipairs {"open", "popen", "lines", "read", "write", "output", "input", "tmpfile", "close"} do
  io[name] = nil
end
for name in pairs(debug) do
  if name ~= "getinfo" and name ~= "traceback" then debug[name] = nil end
end
loadfile, dofile, collectgarbage, print = nil, nil, nil, function() end
coroutine.create, coroutine.wrap, package.loadlib = nil, nil, nil
package.path, package.cpath = "", ""
-- luacheck: pop

function core.read(path) return FILES[path], "No such file or directory" end
function core.names() return {} end
