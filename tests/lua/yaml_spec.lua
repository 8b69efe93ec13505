-- SPDX-License-Identifier: MIT
--
-- YAML as Lua values, and what is refused: with the line, and before it takes the memory.

-- What the build's own Lua makes of the text: true, or what is wrong; `check` is code about `value`.
local function load_yaml(text, check)
  local name <const> = os.tmpname()
  local file <const> = assert(io.open(name, "w"))
  file:write(([[
    local fine, value = pcall(require("yaml").load, %q, "t")
    if fine then io.write(tostring(%s)) else io.write(value) end
  ]]):format(text, check or "true"))
  file:close()
  local pipe <close> = io.popen("ulimit -v 1000000; build/generate " .. name .. " 2>&1")
  local said <const> = pipe:read "a"
  os.remove(name)
  return said
end

describe("yaml", function()
  it("has words, numbers and truths", function()
    assert.equal("true", load_yaml("a: [1, 0x10, 1.5, ~, true, '1']\nb: {c: x}",
      [[value.a[2] == 16 and value.a[3] == 1.5 and value.a[4] == nil and value.a[5] == true
        and value.a[6] == "1" and value.b.c == "x"]]))
  end)

  it("keeps the order and the lines of keys", function()
    assert.equal("z a 2", load_yaml("z: 1\na: 2", [[value[0][1] .. " " .. value[0][2] .. " " .. value[-1].a]]))
    assert.equal("t:2: 0 and -1 cannot be keys", load_yaml("a: 1\n-1: 2"))
    assert.equal("t:1: 0 and -1 cannot be keys", load_yaml("{0.0: 1}"))
    assert.equal("t:2: key 'a' is there twice", load_yaml("a: 1\na: 2"))
  end)

  it("gives an alias its node again", function()
    assert.equal("1 1", load_yaml("a: &x [1]\nb: *x", [[value.a[1] .. " " .. value.b[1] ]]))
  end)

  it("is bounded, whatever aliases say", function()
    local lines = {"a0: &a0 [x, x, x, x, x, x, x, x, x, x]"}
    for i = 1, 9 do lines[i + 1] = ("a%d: &a%d [%s]"):format(i, i, ("*a%d, "):format(i - 1):rep(10)) end
    assert.truthy(load_yaml(table.concat(lines, "\n")):find "^t:%d+: aliases make it too large$")
    assert.equal("t:1: nested too deep", load_yaml "a: &a [*a]")
    assert.equal("t:1: nested too deep", load_yaml(("["):rep(200) .. ("]"):rep(200)))
  end)
end)
