-- SPDX-License-Identifier: MIT
--
-- What editors and people are told of the API (src/api_generate.lua): it is current, and complete.

local shell <const> = require "tests.product.shell"

local types <const> = shell.read "build/docs/types/compendium.lua"
local guide <const> = shell.read "scripts/README.md"

local function contains(text, part) return text:find(part, 1, true) ~= nil end

-- What a script prints.
local function script(code)
  local file <const> = os.tmpname()
  shell.write(file, code)
  local out = shell.must("./compendium --no-config -q -s " .. file .. " -- /bin/true")
  os.remove(file)
  return out
end

describe("the reference of the API", function()
  it("in scripts/README.md is what the comments say", function()
    local copy <const> = os.tmpname()
    shell.write(copy, guide)
    shell.must("build/generate src/api_generate.lua reference " .. copy)
    assert.equal(guide, shell.read(copy), "run `make api`")
    os.remove(copy)
  end)

  it("for editors is Lua, and names each parameter that it describes", function()
    local loaded = assert(load(types, "types", "t", {}))()
    assert.equal("function", type(loaded.on))
    local described, count = {}, 0
    for line in types:gmatch "[^\n]+" do
      local parameter, declared = line:match "^%-%-%-@param ([%w_.]+)", line:match "^function [%w_.:]+%((.*)%)"
      if parameter then described[#described + 1] = parameter end
      if declared then
        assert.equal(declared, table.concat(described, ", "))
        described, count = {}, count + 1
      end
    end
    assert.is_true(count > 40)
  end)

  it("has all that scripts can name", function()
    local names = script [[
      for name in pairs(require "compendium") do print("global", name) end
      for _, name in ipairs {"say", "tell", "output", "noise", "json"} do print("global", name) end
      for name, object in pairs {Counter = counter(), Histogram = histogram(), Rate = rate(), Columns = columns {}} do
        for method, fn in pairs(getmetatable(object)) do
          if type(fn) == "function" then print("method", name .. ":" .. method) end
        end
      end
      for name in pairs(require("compendium").events.types) do print("event", name) end
      for name in pairs(require("compendium").events.fields) do print("field", name) end]]
    local seen = {}
    for kind, name in names:gmatch "(%l+)\t(%S+)\n" do
      seen[kind] = (seen[kind] or 0) + 1
      if kind == "global" then
        assert.is_true(contains(types, "\ncompendium." .. name .. " = "), name)
        assert.is_true(name == "version" or contains(guide, "`" .. name) or contains(guide, "`" .. name .. "."), name)
      elseif kind == "method" then
        assert.is_true(contains(types, "\nfunction " .. name .. "("), name)
      elseif kind == "event" then
        assert.is_true(contains(types, "\n---@class Event." .. name .. ": Event\n"), name)
        assert.is_true(contains(types, '---@overload fun(name: "' .. name .. '"'), name)
      else
        assert.is_true(contains(types, "---@field " .. name) or contains(types, '---@field ["' .. name .. '"]'), name)
      end
    end
    for _, kind in ipairs {"global", "method", "event", "field"} do assert.is_true((seen[kind] or 0) > 10, kind .. names) end
  end)
end)
