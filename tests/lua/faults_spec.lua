-- SPDX-License-Identifier: MIT
--
-- Page faults: which region each page of a run is in, what it is called, and what is touched at every moment.

package.path = "tests/lua/?.lua;" .. package.path
local fake = require "fake"

local PAGE <const> = 4096
local PRIVATE <const>, ANON <const>, SHARED <const>, FIXED <const>, STACK <const> = 2, 0x20, 1, 0x10, 0x20000
local DONTNEED <const>, FREE <const> = 4, 8
local BASE <const> = 0x7f0000000000

describe("page faults", function()
  local world, faults

  before_each(function()
    world = fake.world()
    faults = require "compendium.faults"
    world.fork(1, 10)
    world.exec(10, "/bin/prog")
  end)

  local function mmap(pid, page, pages, flags, fd, offset)
    return world.call(pid, "mmap", BASE + page * PAGE, {BASE + page * PAGE, pages * PAGE, 3, flags or PRIVATE | ANON, fd or -1,
      offset or 0})
  end

  -- The parts of a run of faults: {page, pages, what, again} each, pages counted from BASE.
  local function touch(pid, page, pages, how)
    how = how or {}
    local e = world.fault(how.pid or pid, pid,
      {raw = {BASE + page * PAGE + 8, 0x1234, how.major and 1 or 0, how.kernel and 1 or 0, pages}})
    local parts = {}
    for i = 1, faults.split(e) do
      e.index = i
      local addr, n, region, again = faults.of(e)
      parts[i] = {(addr - BASE) // PAGE, n, faults.name(pid, region, how.kernel), again}
    end
    return parts
  end

  local function touched(pid)
    return world.memory.of(pid).touched // PAGE
  end

  it("in one region are one event", function()
    mmap(10, 0, 100)
    assert.same({{3, 10, "anonymous memory", 0}}, touch(10, 3, 10))
    assert.equal(10, touched(10))
  end)

  it("are split where regions end, and named by each", function()
    world.call(10, "openat", 3, {-100, "/f", 0})
    mmap(10, 0, 4)
    mmap(10, 4, 2, SHARED, 3)
    mmap(10, 6, 1, SHARED | ANON)
    mmap(10, 7, 3, PRIVATE | ANON | STACK)
    assert.same({{1, 3, "anonymous memory", 0}, {4, 2, "file", 0}, {6, 1, "shared memory", 0}, {7, 1, "thread stack", 0}},
      touch(10, 1, 7))
    assert.equal(5, touched(10)) -- files left out
  end)

  it("where nothing is known are what exec does, or unknown", function()
    assert.same({{5, 1, "unknown memory", 0}}, touch(10, 5, 1))
    assert.same({{5, 1, "new program", 0}}, touch(10, 5, 1, {kernel = true}))
    assert.same({{5, 1, "unknown memory", 0}}, touch(99, 5, 1)) -- a task nobody told of
    assert.equal(0, touched(10))
  end)

  it("of a broken record are bounded", function()
    mmap(10, 0, 4)
    local parts = touch(10, 0, -5)
    assert.same({{0, 1, "anonymous memory", 0}}, parts)
    assert.is_true(#touch(10, 0, 1 << 60) < 100000)
    assert.is_true(#touch(10, -(BASE // PAGE), 1 << 40) < 100000)
  end)

  it("of pages touched before are counted as that, and once as touched", function()
    mmap(10, 0, 100)
    touch(10, 0, 50)
    assert.same({{40, 20, "anonymous memory", 10}}, touch(10, 40, 20))
    assert.equal(60, touched(10))
  end)

  it("that are told of together are parts by task, kind and region", function()
    local function fault(pid, page, major, pages, is_last)
      return world.fault(pid, pid, {raw = {BASE + page * PAGE, 1, major, 0, pages}, is_more = not is_last})
    end
    world.fork(10, 20)
    world.exec(20, "/bin/other")
    mmap(10, 0, 100)
    mmap(10, 200, 100, SHARED | ANON)
    mmap(20, 0, 300)
    touch(10, 5, 1)
    for page = 3, 6 do fault(10, page, 0, 1) end
    fault(10, 3, 0, 1) -- once more
    fault(10, 90, 0, 120) -- through both regions, and what is between
    fault(10, 99, 0, 1)
    fault(10, 99, 1, 1)
    fault(20, 99, 1, 1, true)
    local parts = {}
    for i = 1, faults.split() do
      local what, region, pages, again, events, is_major, in_kernel, pid, tid = faults.part(i)
      assert.same({false, pid}, {in_kernel, tid})
      parts[i] = {pid, region and what or "?", pages, again, is_major, events}
    end
    assert.same({
      {10, "anonymous memory", 4 + 1 + 10 + 1, 1 + 1 + 1, false, 7},
      {10, "?", 100, 0, false, 1},
      {10, "shared memory", 10, 0, false, 1},
      {10, "anonymous memory", 1, 1, true, 1},
      {20, "anonymous memory", 1, 0, true, 1},
    }, parts)
    assert.same({24, 1}, {touched(10), touched(20)})
  end)

  it("that are told of later are in the regions there were when they were gathered", function()
    local function gather(page, pages, goes_on)
      world.fault(10, 10, {raw = {BASE + page * PAGE, 1, 0, 0, pages}, goes_on = goes_on})
    end
    mmap(10, 0, 100)
    gather(3, 10)
    gather(20, 5, true)
    mmap(10, 0, 100, SHARED | ANON | FIXED)
    gather(3, 1, true)
    gather(30, 1, true)
    local parts = {}
    for i = 1, faults.split() do
      local what, _, pages, again, events = faults.part(i)
      parts[i] = {what, pages, again, events}
    end
    assert.same({{"anonymous memory", 15, 0, 2}, {"shared memory", 2, 0, 2}}, parts)
    gather(3, 1)
    assert.equal(1, faults.split())
  end)

  it("are in the region there is, however the list came to be", function()
    math.randomseed(7)
    local function page() return math.random(0, 60) end
    local changes = {
      function() mmap(10, page(), math.random(20), math.random(2) == 1 and SHARED | ANON or nil) end,
      function() world.call(10, "munmap", 0, {BASE + page() * PAGE, math.random(9) * PAGE}) end,
      function() world.call(10, "mprotect", 0, {BASE + page() * PAGE, math.random(9) * PAGE, 1}) end,
      function() world.fork(10, 20) end,
      function() world.exit(20) end,
    }
    for _ = 1, 2000 do
      changes[math.random(#changes)]()
      local addr, there = BASE + page() * PAGE, nil
      for _, region in ipairs(world.memory.space(10).list) do
        if region.addr <= addr and addr < region.addr + region.size then there = region end
      end
      world.fault(10, 10, {raw = {addr, 1, 0, 0, 1}})
      assert.equal(there, (select(2, faults.part(1))))
      assert.equal(there, world.memory.find(10, addr))
    end
  end)

  it("are gathered before anything changes where they are", function()
    local core, asked = package.loaded["compendium.core"], {}
    local kept, gather = core.kept, core.gather
    finally(function() core.kept, core.gather = kept, gather end)
    core.kept = function() return true end
    core.gather = function(low, high)
      asked[#asked + 1] = low and ("%d-%d"):format((low - BASE) // PAGE, (high - BASE) // PAGE) or "all"
    end
    -- The ranges that are asked about by a call, "low-high" in pages from BASE on.
    local function asks(call, first, pages, ...)
      asked = {}
      if call == "mmap" then
        mmap(10, first, pages, ...)
      else
        world.call(10, call, 0, {BASE + first * PAGE, pages * PAGE, ...})
      end
      return table.concat(asked, " ")
    end
    assert.equal("100-200 100-200", asks("mmap", 100, 100))
    assert.equal("200-220 200-220", asks("mmap", 200, 20)) -- the end of another one, which is where it was
    assert.equal("80-100 80-220", asks("mmap", 80, 20)) -- and now it begins elsewhere
    assert.equal("90-95 90-220", asks("munmap", 90, 5))
    assert.equal("95-100 95-220", asks("mmap", 95, 5, SHARED | ANON | FIXED))
    assert.equal("100-110 100-220", "100-110 " .. asks("mprotect", 100, 10, 1))
    assert.equal("85-90 85-90", asks("munmap", 85, 5))
    touch(10, 110, 50)
    assert.equal("120-121 all 120-220", asks("munmap", 120, 1)) -- pages go, so the most there was must be known
    assert.equal("150-160 all", asks("madvise", 150, 10, DONTNEED))
    assert.equal("150-160", asks("madvise", 150, 10, DONTNEED))
  end)

  it("after fork: what is written is copied, each process has its own", function()
    mmap(10, 0, 100)
    touch(10, 0, 50)
    world.fork(10, 20)
    assert.equal(50, touched(20))
    assert.equal(100, world.memory.total.touched // PAGE)
    assert.same({{0, 60, "anonymous memory", 50}}, touch(20, 0, 60))
    touch(10, 70, 1)
    assert.same({51, 60}, {touched(10), touched(20)})
    world.exit(20)
    assert.equal(51, world.memory.total.touched // PAGE)
    assert.equal(111, world.memory.most.touched // PAGE)
    local now, peak, most = world.memory.of(20)
    assert.is_nil(now)
    assert.equal(100 * PAGE, peak.bytes)
    assert.equal(60, most.touched // PAGE)
  end)

  it("threads touch the same memory", function()
    mmap(10, 0, 100)
    world.thread(10, 11)
    touch(10, 0, 10)
    world.fault(10, 11, {raw = {BASE + 5 * PAGE, 0, 0, 0, 10}})
    assert.equal(15, touched(10))
    world.exit(11, 0, false)
    assert.equal(15, touched(10))
  end)

  it("exec: nothing is touched any more", function()
    mmap(10, 0, 100)
    touch(10, 0, 50)
    world.exec(10, "/bin/other")
    assert.equal(0, touched(10))
    assert.equal(0, world.memory.total.touched)
  end)

  it("what is unmapped or given back is not touched any more", function()
    mmap(10, 0, 100)
    touch(10, 0, 100)
    world.call(10, "munmap", 0, {BASE + 90 * PAGE, 10 * PAGE})
    assert.equal(90, touched(10))
    mmap(10, 80, 5, PRIVATE | ANON | FIXED)
    assert.equal(85, touched(10))
    world.call(10, "madvise", 0, {BASE + 10 * PAGE, 10 * PAGE, DONTNEED})
    assert.equal(75, touched(10))
    world.call(10, "madvise", "EINVAL", {BASE, 10 * PAGE, DONTNEED})
    world.call(10, "madvise", 0, {BASE, 10 * PAGE, FREE}) -- when the kernel takes them is not told
    assert.equal(75, touched(10))
    assert.same({{10, 10, "anonymous memory", 0}}, touch(10, 10, 10))
    world.call(10, "mprotect", 0, {BASE, 50 * PAGE, 1})
    assert.equal(85, touched(10))
  end)

  it("the heap shrinks with what was touched of it", function()
    world.call(10, "brk", BASE, {0})
    world.call(10, "brk", BASE + 10 * PAGE, {BASE + 10 * PAGE})
    assert.same({{0, 10, "heap", 0}}, touch(10, 0, 10))
    world.call(10, "brk", BASE + 4 * PAGE, {BASE + 4 * PAGE})
    assert.equal(4, touched(10))
  end)

  it("mremap takes along what was touched", function()
    mmap(10, 0, 10)
    touch(10, 2, 5)
    world.call(10, "mremap", BASE + 200 * PAGE, {BASE, 10 * PAGE, 20 * PAGE, 1})
    assert.equal(5, touched(10))
    assert.same({{202, 5, "anonymous memory", 5}}, touch(10, 202, 5))
    world.call(10, "mremap", BASE + 200 * PAGE, {BASE + 200 * PAGE, 20 * PAGE, 4 * PAGE, 1})
    assert.equal(2, touched(10))
    mmap(10, 300, 10)
    touch(10, 300, 10)
    world.call(10, "mremap", BASE + 300 * PAGE, {BASE + 200 * PAGE, 4 * PAGE, 4 * PAGE, 3, BASE + 300 * PAGE})
    assert.equal(2 + 6, touched(10)) -- what was there is replaced
  end)

  it("samples are the process's now, and leave the total with it", function()
    local function usage(pid, rss, pss)
      return world.record("usage", pid, pid, {raw = {rss, pss, 3000, 0, 0}})
    end
    world.fork(10, 20)
    mmap(10, 0, 100)
    touch(10, 0, 3)
    local e = usage(10, 9000, 8000)
    assert.same({"usage", 9000, 8000, 3000, 0, 0, 0, 100 * PAGE, 3 * PAGE},
      {e.type, e.rss, e.pss, e.anonymous, e.swap, e.huge, e.heap, e.mapped, e.touched})
    usage(20, 500, 400)
    usage(10, 7000, 6000)
    local total, most = world.memory.total, world.memory.most
    assert.same({7500, 6400, 9500, 8400}, {total.rss, total.pss, most.rss, most.pss})
    world.fork(10, 30) -- has a size of its own once it is sampled
    assert.same({7500, 0}, {total.rss, world.memory.of(30).rss})
    world.exit(10)
    assert.same({500, 400}, {total.rss, total.pss})
    usage(10, 1, 1) -- too late
    assert.equal(500, total.rss)
    assert.equal(9000, select(3, world.memory.of(10)).rss)
  end)
end)
