-- SPDX-License-Identifier: MIT
--
-- Address spaces: arithmetic against a model of single pages, and who shares what.

package.path = "tests/lua/?.lua;" .. package.path
local fake = require "fake"

local PAGE = 4096
local PRIVATE, SHARED, FIXED, ANON, STACK, HUGE = 2, 1, 0x10, 0x20, 0x20000, 0x40000
local MAYMOVE, DONTUNMAP = 1, 4
local CLONE_VM, CLONE_VFORK = 0x100, 0x4000
local BASE = 0x7f0000000000

describe("memory", function()
  local world

  before_each(function()
    world = fake.world()
    world.fork(1, 10)
    world.exec(10, "/bin/prog")
  end)

  local function mmap(pid, addr, size, flags, prot, fd, offset)
    return world.call(pid, "mmap", addr, {addr, size, prot or 3, flags or PRIVATE | ANON, fd or -1, offset or 0})
  end

  local function totals(pid)
    return (world.memory.of(pid))
  end

  it("heap: from the first brk on", function()
    local e = world.call(10, "brk", 0x5000, {0})
    assert.same({"brk", 0x5000, 0}, {e.type, e.addr, e.size})
    e = world.call(10, "brk", 0x5000 + 0x21000, {0x5000 + 0x21000})
    assert.equal(0x21000, e.size)
    assert.equal(0x21000, totals(10).heap)
    e = world.call(10, "brk", 0x26000, {0x7fffffffffff})
    assert.same({0x26000, 0}, {e.addr, e.size}) -- refused
    assert.equal("heap", world.memory.find(10, 0x25fff).kind)
    assert.is_nil(world.memory.find(10, 0x26000))
    assert.equal(-0x10000, world.call(10, "brk", 0x16000, {0x16000}).size)
    assert.equal(0x11000, totals(10).heap)
    assert.equal(0x21000, select(2, world.memory.of(10)).heap)
  end)

  it("mappings: kinds, replacement, failure", function()
    local e = mmap(10, BASE, 10 * PAGE - 100)
    assert.same({"mmap", BASE, 10 * PAGE - 100, 3}, {e.type, e.addr, e.size, e.prot})
    world.call(10, "openat", 3, {-100, "/lib/libc.so", 0})
    e = mmap(10, BASE + 2 * PAGE, 3 * PAGE, PRIVATE | FIXED, 5, 3, 0x1000)
    assert.same({"/lib/libc.so", 3}, {e.path, e.fd})
    mmap(10, BASE + 100 * PAGE, PAGE, SHARED | ANON)
    mmap(10, BASE + 200 * PAGE, PAGE, PRIVATE | ANON | STACK)
    world.call(10, "mmap", "ENOMEM", {0, 1 << 40, 3, PRIVATE | ANON, -1, 0})
    world.call(10, "munmap", "EINVAL", {BASE, PAGE})
    local t = totals(10)
    assert.same({7 * PAGE, 3 * PAGE, PAGE, PAGE, 12 * PAGE}, {t.anon, t.file, t.shared, t.stack, t.bytes})
    assert.equal(5, t.regions)
    local region = world.memory.find(10, BASE + 3 * PAGE)
    assert.same({"/lib/libc.so", 0x1000, 5}, {region.path, region.offset, region.prot})
    world.call(10, "munmap", 0, {BASE + 3 * PAGE, PAGE})
    assert.equal(0x3000, world.memory.find(10, BASE + 4 * PAGE).offset)
  end)

  it("mmap2 counts its offset in pages, huge pages round up", function()
    world.call(10, "open", 3, {"/f", 0})
    local e = world.call(10, "mmap2", 0x10000, {0, PAGE, 1, PRIVATE, 3, 2}, {arch = "i386"})
    assert.equal(2 * PAGE, e.offset)
    assert.equal(2 * PAGE, world.memory.find(10, 0x10000).offset)
    mmap(10, BASE, 1, PRIVATE | ANON | HUGE)
    assert.equal(2 << 20, totals(10).anon)
  end)

  it("mremap moves, and copies when asked to leave the old", function()
    mmap(10, BASE, 4 * PAGE)
    local e = world.call(10, "mremap", BASE + 100 * PAGE, {BASE, 4 * PAGE, 8 * PAGE, MAYMOVE})
    assert.same({"mremap", BASE, BASE + 100 * PAGE, 8 * PAGE}, {e.type, e.old_addr, e.addr, e.size})
    assert.is_nil(world.memory.find(10, BASE))
    assert.equal(8 * PAGE, totals(10).anon)
    world.call(10, "mremap", BASE, {BASE + 100 * PAGE, 8 * PAGE, 8 * PAGE, MAYMOVE | DONTUNMAP})
    assert.equal(16 * PAGE, totals(10).anon)
    world.call(10, "mremap", "ENOMEM", {BASE, 8 * PAGE, 16 * PAGE, 0})
    assert.equal(16 * PAGE, totals(10).anon)
  end)

  it("System V segments come and go by their address", function()
    world.call(10, "shmget", 7, {0, 5000, 0x3ff})
    local e = world.call(10, "shmat", BASE, {7, 0, 0})
    assert.same({"mmap", BASE, 8192}, {e.type, e.addr, e.size})
    world.call(10, "shmat", BASE + 8192, {7, 0, 0})
    assert.equal(16384, totals(10).shared)
    world.call(10, "shmdt", 0, {BASE})
    assert.equal(8192, totals(10).shared)
  end)

  it("what was mapped before the trace counts, but not the kernel's pages", function()
    world.record("map", 10, 10, {raw = {0x400000, 0x2000, 5, PRIVATE, 0}, pieces = {"/bin/prog"}})
    world.record("map", 10, 10, {raw = {0x600000, 0x3000, 3, PRIVATE, 0}, pieces = {"[heap]"}})
    world.record("map", 10, 10, {raw = {BASE, 0x4000, 3, PRIVATE, 0}, pieces = {"[stack]"}})
    world.record("map", 10, 10, {raw = {-0xa00000, 0x1000, 5, PRIVATE, 0}, pieces = {"[vsyscall]"}})
    local t = totals(10)
    assert.same({0x2000, 0x3000, 0x4000, 0x9000}, {t.file, t.heap, t.stack, t.bytes})
    assert.equal(0x1000, world.call(10, "brk", 0x604000, {0x604000}).size)
    assert.equal(0x4000, totals(10).heap)
  end)

  it("threads share, forks copy, vfork shares until exec", function()
    mmap(10, BASE, 4 * PAGE)
    world.thread(10, 20)
    mmap(20, BASE + 8 * PAGE, PAGE)
    assert.equal(5 * PAGE, totals(10).bytes)
    world.fork(10, 11)
    world.call(11, "munmap", 0, {BASE, PAGE})
    assert.same({5 * PAGE, 4 * PAGE}, {totals(10).bytes, totals(11).bytes})
    assert.equal(9 * PAGE, world.memory.total.bytes)
    world.fork(10, 12, CLONE_VM | CLONE_VFORK)
    mmap(12, BASE + 20 * PAGE, PAGE)
    assert.equal(6 * PAGE, totals(10).bytes)
    world.exec(12, "/bin/x")
    assert.same({6 * PAGE, 0}, {totals(10).bytes, totals(12).bytes})
    assert.equal(10 * PAGE, world.memory.total.bytes)
  end)

  it("is gone with its last user; the peak stays", function()
    mmap(10, BASE, 4 * PAGE)
    world.fork(10, 11)
    world.exit(11)
    world.thread(10, 20)
    world.exit(20, 0, false)
    assert.equal(4 * PAGE, world.memory.total.bytes)
    world.exit(10)
    assert.same({0, 0}, {world.memory.total.bytes, world.memory.total.regions})
    assert.equal(4 * PAGE, world.memory.peak.bytes)
    assert.is_nil(world.memory.of(10))
  end)

  it("the peak is of the sum", function()
    mmap(10, BASE, 4 * PAGE)
    world.fork(1, 30)
    mmap(30, BASE, 6 * PAGE)
    world.exit(30)
    mmap(10, BASE + 50 * PAGE, 5 * PAGE)
    assert.equal(10 * PAGE, world.memory.peak.bytes)
    assert.equal(9 * PAGE, world.memory.total.bytes)
  end)

  -- ---- against a model that keeps every page by itself

  local SPAN = 48

  local operations = {}

  function operations.mmap(pages, random, call)
    local at, n = random(0, SPAN - 1), random(1, 6)
    local flags = ({PRIVATE | ANON, SHARED | ANON, PRIVATE | ANON | STACK})[random(3)]
    local kind = ({[PRIVATE | ANON] = "anon", [SHARED | ANON] = "shared", [PRIVATE | ANON | STACK] = "stack"})[flags]
    local prot = random(0, 3)
    call("mmap", BASE + at * PAGE, {BASE + at * PAGE, n * PAGE - random(0, PAGE - 1), prot, flags | FIXED, -1, 0})
    for i = at, at + n - 1 do pages[i] = {kind = kind, prot = prot} end
  end

  function operations.file(pages, random, call)
    local at, n, offset = random(0, SPAN - 1), random(1, 6), random(0, 3) * PAGE
    call("mmap", BASE + at * PAGE, {BASE + at * PAGE, n * PAGE, 1, PRIVATE | FIXED, 3, offset})
    for i = at, at + n - 1 do pages[i] = {kind = "file", prot = 1, offset = offset + (i - at) * PAGE} end
  end

  function operations.munmap(pages, random, call)
    local at, n = random(0, SPAN - 1), random(1, 8)
    call("munmap", 0, {BASE + at * PAGE, n * PAGE})
    for i = at, at + n - 1 do pages[i] = nil end
  end

  function operations.mprotect(pages, random, call)
    local at, n, prot = random(0, SPAN - 1), random(1, 8), random(0, 3)
    call("mprotect", 0, {BASE + at * PAGE, n * PAGE, prot})
    for i = at, at + n - 1 do
      local page = pages[i]
      if page then pages[i] = {kind = page.kind, prot = prot, offset = page.offset} end
    end
  end

  -- Only what the kernel takes: a range within one mapping, to a place that does not overlap it.
  function operations.mremap(pages, random, call)
    local at = random(0, SPAN - 1)
    local first = pages[at]
    local old, new = random(1, 3), random(1, 5)
    for i = at, at + old - 1 do
      local page = pages[i]
      if not first or not page or page.kind ~= first.kind or page.prot ~= first.prot
        or (first.offset and page.offset ~= first.offset + (i - at) * PAGE) then return end
    end
    local to = random(2) == 1 and at or random(0, SPAN - 1)
    if to ~= at and to < at + old and at < to + new then return end
    call("mremap", BASE + to * PAGE, {BASE + at * PAGE, old * PAGE, new * PAGE, MAYMOVE})
    for i = at, at + old - 1 do pages[i] = nil end
    for i = 0, new - 1 do
      pages[to + i] = {kind = first.kind, prot = first.prot, offset = first.offset and first.offset + i * PAGE}
    end
  end

  local function expected(pages)
    local sums = {bytes = 0, anon = 0, file = 0, shared = 0, stack = 0, heap = 0}
    for _, page in pairs(pages) do
      sums.bytes, sums[page.kind] = sums.bytes + PAGE, sums[page.kind] + PAGE
    end
    return sums
  end

  local function same(a, b, what)
    if a ~= b then error(("%s: expected %s, found %s"):format(what, a, b), 3) end
  end

  local function compare(pid, pages, what)
    local found = totals(pid)
    for kind, bytes in pairs(expected(pages)) do same(bytes, found[kind], what .. " " .. kind) end
    local list = world.processes.get(pid).tasks[pid].mm.list
    same(#list, found.regions, what)
    for i = 1, #list do
      same(true, list[i].size > 0 and (i == 1 or list[i - 1].addr + list[i - 1].size <= list[i].addr), what)
    end
    for i = 0, SPAN + 12 do
      local page, region = pages[i], world.memory.find(pid, BASE + i * PAGE + 7)
      same(page and page.kind, region and region.kind, what)
      if page then
        same(page.prot, region.prot, what)
        local offset = region.offset and region.offset + (BASE + i * PAGE - region.addr)
        same(page.offset, offset, what)
      end
    end
  end

  local names = {"mmap", "file", "munmap", "mprotect", "mremap"}

  for seed = 1, 12 do
    it("agrees with single pages, seed " .. seed, function()
      math.randomseed(seed)
      world.call(10, "openat", 3, {-100, "/f", 0})
      local models = {[10] = {}}
      local pids = {10}
      for step = 1, 250 do
        local pid = pids[math.random(#pids)]
        if step % 60 == 0 and #pids < 4 then
          local child = 10 + step
          world.fork(pid, child)
          models[child] = table.move(models[pid], 0, SPAN + 12, 0, {})
          pids[#pids + 1] = child
        end
        local name = names[math.random(#names)]
        operations[name](models[pid], math.random, function(...) return world.call(pid, ...) end)
        compare(pid, models[pid], ("seed %d step %d %s"):format(seed, step, name))
      end
      local sum = 0
      for _, pid in ipairs(pids) do
        compare(pid, models[pid], "end")
        sum = sum + totals(pid).bytes
      end
      assert.equal(sum, world.memory.total.bytes)
    end)
  end
end)
