-- SPDX-License-Identifier: MIT
--
-- Memory over time: what is kept of it, in how much room. Runs in the script host (build/testhost).

package.path = "./tests/lua/?.lua;" .. package.path
local fresh = require "fresh"
local has_core, core = pcall(require, "compendium.core")
if not has_core or not core.test_dispatch then
  describe("history", function() pending("needs build/testhost") end)
  return
end

local MS <const>, PAGE <const> = 1000000, 4096

describe("history", function()
  local kept

  local function begin(options)
    local library = fresh.library()
    kept = library("history").keep(options)
    library("hooks").build()
  end

  local function dispatch(kind, pid, ms, args, more)
    local record = more or {}
    record.kind, record.pid, record.time, record.args = kind, pid, ms * MS, args
    core.test_dispatch(record)
  end

  local function usage(pid, ms, rss)
    dispatch("usage", pid, ms, {rss, rss // 2, 0, 0, 0})
  end

  local function task(pid, comm)
    dispatch("task", pid, 0, {1, pid, pid, pid}, {pieces = {{arg = 1, bytes = comm}}})
  end

  it("has a series for each process, and the sum", function()
    begin()
    task(10, "one")
    task(20, "two")
    core.test_dispatch {call = "mmap", pid = 10, ret = 0x7f0000000000, args = {0, 5 * PAGE, 3, 0x22, -1, 0}}
    usage(10, 1, 1000)
    usage(20, 1, 100)
    usage(10, 2, 3000)
    assert.equal(2, #kept.processes)
    local one, two = kept.processes[1], kept.processes[2]
    assert.same({10, "one", {1 * MS, 2 * MS}, {1000, 3000}, {500, 1500}, {5 * PAGE, 5 * PAGE}, {0, 0}},
      {one.pid, one.comm, one.series.time, one.series.rss, one.series.pss, one.series.mapped, one.series.heap})
    assert.same({20, "two", {100}}, {two.pid, two.comm, two.series.rss})
    assert.same({1000, 1100, 3100}, kept.total.rss)
    assert.same({5 * PAGE, 3000}, {one.peak.bytes, one.most.rss})
  end)

  it("keeps those that ended, who leave the sum", function()
    begin()
    task(10, "one")
    task(20, "two")
    usage(10, 1, 1000)
    usage(20, 1, 100)
    dispatch("exit", 10, 3, {1, 0})
    usage(20, 4, 200)
    local one = kept.processes[1]
    assert.same({10, 3 * MS, {1000}, 1000}, {one.pid, one.finish, one.series.rss, one.most.rss})
    assert.is_nil(kept.processes[2].finish)
    assert.same({1000, 1100, 100, 200}, kept.total.rss)
  end)

  it("has a process that ended before it was ever sampled", function()
    begin()
    task(10, "one")
    dispatch("exit", 10, 3, {1, 0})
    assert.same({10, "one", 3 * MS, {}}, {kept.processes[1].pid, kept.processes[1].comm, kept.processes[1].finish,
      kept.processes[1].series.rss})
  end)

  it("covers a long time with few points", function()
    begin {points = 20}
    task(10, "one")
    for ms = 1, 10000 do usage(10, ms, ms) end
    local series = kept.processes[1].series
    assert.is_true(#series.time <= 20 and #series.time >= 8, #series.time)
    assert.equal(1 * MS, series.time[1])
    assert.is_true(series.time[#series.time] > 8000 * MS)
    for i, time in ipairs(series.time) do
      assert.equal(time // MS, series.rss[i])
      local step = i > 1 and time - series.time[i - 1] or series.step
      assert.is_true(step >= series.step // 2 - MS, "points are as far apart as they can be")
    end
    assert.equal(#series.time, #series.touched)
  end)
end)
