-- SPDX-License-Identifier: MIT
--
-- A set of pages: against a table with an entry for each page.

package.path = "lua/?.lua;" .. package.path
local pages = dofile "lua/pages.lua"

describe("a set of pages", function()
  it("counts what was there before", function()
    local set = pages.new()
    assert.equal(0, pages.add(set, 60, 10))
    assert.equal(3, pages.add(set, 67, 10))
    assert.equal(17, set.count)
    assert.equal(1, pages.add(set, 60, 1))
  end)

  it("is one for its owners until one changes it", function()
    local set = pages.new()
    pages.add(set, 0, 100)
    set.owners = 2
    local own = pages.own(set)
    pages.remove(own, 10, 50)
    assert.equal(100, set.count)
    assert.equal(50, own.count)
    assert.equal(1, set.owners)
    assert.equal(set, pages.own(set))
  end)

  it("gives up a huge range of which little is used in no time", function()
    local set = pages.new()
    pages.add(set, 1 << 30, 3)
    pages.add(set, 5, 1)
    pages.remove(set, 6, 1 << 36)
    assert.equal(1, set.count)
    pages.remove(set, 0, 1 << 36)
    assert.equal(0, set.count)
    assert.equal(0, set.words)
  end)

  local function same(expected, set, what)
    local count = 0
    for page in pairs(expected) do
      count = count + 1
      if (set.bits[page >> 6] or 0) >> (page & 63) & 1 == 0 then error(what .. ": page " .. page .. " is not there", 2) end
    end
    assert.equal(count, set.count, what)
  end

  for seed = 1, 5 do
    it("agrees with single pages, seed " .. seed, function()
      math.randomseed(seed)
      local set, expected = pages.new(), {}
      for step = 1, 2000 do
        local first, n, how = math.random(0, 700), math.random(1, step % 10 == 0 and 300 or 20), math.random(5)
        if how <= 2 then
          local already = 0
          for page = first, first + n - 1 do
            already = already + (expected[page] and 1 or 0)
            expected[page] = true
          end
          assert.equal(already, pages.add(set, first, n))
        elseif how == 3 then
          for page = first, first + n - 1 do expected[page] = nil end
          pages.remove(set, first, n)
        else
          local to, moved = first + (math.random(2) == 1 and n + math.random(0, 70) or -n), {}
          if to >= 0 then
            for page = first, first + n - 1 do
              moved[page - first + to], expected[page] = expected[page], nil
            end
            for page = to, to + n - 1 do expected[page] = moved[page] end
            pages.move(set, first, to, n)
          end
        end
        same(expected, set, "step " .. step)
      end
      local words = 0
      for _ in pairs(set.bits) do words = words + 1 end
      assert.equal(words, set.words)
    end)
  end
end)
