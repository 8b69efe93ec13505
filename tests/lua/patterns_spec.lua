-- SPDX-License-Identifier: MIT
--
-- What is wrong with a pattern is known before it is used.

local patterns <const> = dofile "lua/patterns.lua"
local globs <const> = dofile "lua/globs.lua"

local SUBJECTS <const> = {"", "a", "aa", "ab", "abc", "(", ")", "[", "]", "%", "^a", "1", "fa1-", "aaaa", "b]", "\0\xff", ("a"):rep(300)}

-- Does Lua take the pattern, whatever it is matched with?
local function is_taken(pattern)
  for _, subject in ipairs(SUBJECTS) do
    local ok, problem = pcall(string.find, subject, pattern)
    if not ok then return false, problem end
  end
  return true
end

describe("a pattern", function()
  it("that Lua refuses is told from one that it takes", function()
    local wrong = {
      "%", "a%", "[", "a[", "a[]", "[^]", "[^", "[%]", "[a%", "%f", "%fa", "%f[", "%b", "%bx", "a%b(",
      "(", "a(b", ".)", "()(", "%0", "%1", "(%1)", "(a)%2", ("()"):rep(33), ("a?"):rep(250),
    }
    for _, pattern in ipairs(wrong) do
      assert.is_string(patterns.problem(pattern), pattern)
      assert.is_false((is_taken(pattern)), pattern)
    end
    local right = {
      "", "a", ".", "%a", "%%", "%]", "[]]", "[^]]", "[]a]", "[%]]", "[a-z]", "[%a-]", "%f[%w]", "%f[^a]a",
      "%bxy", "%b()", "()", "(a)(b)%1", "((a)b)%2", "(a)%1", "]", "[[]", "[[:a]", "^", "^^", "$", "a$b", "^a*$",
      "-", "*", ("()"):rep(32), ("a*"):rep(180),
    }
    for _, pattern in ipairs(right) do
      assert.is_nil(patterns.problem(pattern), pattern)
      assert.is_true(is_taken(pattern), pattern)
    end
  end)

  it("that is made of pieces at random and found to be right is taken", function()
    local pieces = {"%", "[", "]", "^", "(", ")", "a", "b", "f", "1", "2", ".", "*", "-", "?", "$", "\0"}
    local seed, right = 1, 0
    for _ = 1, 5000 do
      local parts = {}
      seed = seed * 6364136223846793005 + 1442695040888963407
      for i = 1, 1 + (seed >> 60) % 10 do
        seed = seed * 6364136223846793005 + 1442695040888963407
        parts[i] = pieces[1 + (seed >> 33) % #pieces]
      end
      local pattern = table.concat(parts)
      if not patterns.problem(pattern) then
        right = right + 1
        local ok, problem = is_taken(pattern)
        assert.is_true(ok, ("%q: %s"):format(pattern, problem))
      end
    end
    assert.is_true(right > 500, right)
  end)
end)

describe("a glob", function()
  it("is a pattern that Lua takes, whatever is in its brackets", function()
    for _, glob in ipairs {"[!]", "[]", "[", "[^]", "[!!]", "[!a]", "[%]", "[a-%]", "a[%a]*", "**[!/]?", "[!]]", "%1", "(a"} do
      local pattern = globs.pattern(glob)
      assert.is_nil(patterns.problem(pattern), glob)
      assert.is_true(is_taken(pattern), glob)
    end
    assert.truthy(("[!]"):find(globs.pattern "[!]"))
    assert.truthy(("b"):find(globs.pattern "[!a]"))
    assert.falsy(("a"):find(globs.pattern "[!a]"))
    assert.truthy(("!"):find(globs.pattern "[a!]"))
  end)
end)
