-- SPDX-License-Identifier: MIT
--
-- A set of pages: against a table with an entry for each page.

local core = require "compendium.core"

describe("a set of pages", function()
  it("counts what was there before", function()
    local set = core.pages()
    assert.equal(0, set:add(60, 10))
    assert.equal(3, set:add(67, 10))
    assert.equal(17, set:count())
    assert.equal(1, set:add(60, 1))
  end)

  it("is apart from its copies, and empty when it is given up", function()
    local set = core.pages()
    set:add(0, 100)
    local other = set:copy()
    other:remove(10, 50)
    assert.same({100, 50}, {set:count(), other:count()})
    set:free()
    assert.same({0, 50}, {set:count(), other:count()})
    assert.equal(0, set:add(3, 2))
    assert.equal(2, set:count())
  end)

  it("takes what no address can be, and says what is no set", function()
    local set = core.pages()
    for _, first in ipairs {-1, math.mininteger, math.maxinteger, 1 << 52} do
      for _, n in ipairs {0, -1, math.mininteger, math.maxinteger, 1 << 40} do
        assert.equal(0, set:add(first, n))
        set:remove(first, n)
        set:move(first, n, n)
        set:move(n, first, n)
        assert.equal(0, set:count(first, n))
      end
    end
    assert.equal(0, set:count())
    set:add((1 << 52) - 1, 1) -- the last there is
    assert.equal(1, set:count((1 << 52) - 1, math.maxinteger))
    assert.equal(1, set:copy():count())
    set:move((1 << 52) - 1, 1 << 60, 1)
    assert.equal(0, set:count())
    assert.is_false((pcall(set.add, {}, 1, 1)))
    assert.is_false((pcall(set.add, set, "x", 1)))
  end)

  it("gives up a huge range of which little is used in no time", function()
    local set = core.pages()
    set:add(1 << 30, 3)
    set:add(5, 1)
    set:remove(6, 1 << 36)
    assert.equal(1, set:count())
    set:remove(0, 1 << 36)
    assert.equal(0, set:count())
    for page = 0, 1 << 20, 1 << 10 do -- what went away leaves no trace
      set:add(page, 1)
      set:remove(page, 1)
    end
    assert.equal(0, set:count())
    assert.equal(0, set:add(0, 1))
  end)

  local function same(expected, set, what)
    local count = 0
    for page in pairs(expected) do
      count = count + 1
      if set:count(page, 1) ~= 1 then error(what .. ": page " .. page .. " is not there", 2) end
    end
    assert.equal(count, set:count(), what)
  end

  for seed = 1, 5 do
    it("agrees with single pages, seed " .. seed, function()
      math.randomseed(seed)
      local set, expected = core.pages(), {}
      for step = 1, 2000 do
        local first, n, how = math.random(0, 700), math.random(1, step % 10 == 0 and 300 or 20), math.random(5)
        if how <= 2 then
          local already = 0
          for page = first, first + n - 1 do
            already = already + (expected[page] and 1 or 0)
            expected[page] = true
          end
          assert.equal(already, set:add(first, n))
        elseif how == 3 then
          for page = first, first + n - 1 do expected[page] = nil end
          set:remove(first, n)
        else
          local to, moved = first + (math.random(2) == 1 and n + math.random(0, 70) or -n), {}
          if to >= 0 then
            for page = first, first + n - 1 do
              moved[page - first + to], expected[page] = expected[page], nil
            end
            for page = to, to + n - 1 do expected[page] = moved[page] end
            set:move(first, to, n)
          end
        end
        if step % 16 == 0 then same(expected, set, "step " .. step) end
      end
    end)
  end
end)
