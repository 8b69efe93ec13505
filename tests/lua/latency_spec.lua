-- SPDX-License-Identifier: MIT
--
-- Waits for CPUs and disks: their fields, lines, what of them is noise, and their sections of the summary.

package.path = "tests/lua/?.lua;" .. package.path
local fake = require "fake_core"
local real <const> = require "compendium.core" -- before the fake takes its place

local US <const>, MS <const> = 1000, 1000000

local host, latency

-- A record as the kernel's programs make it, as an event by the real host: its fields are the real ones.
local function fields_of(kind, args, ret)
  local waits = require "compendium.waits"
  return real.test_event({kind = kind, args = args, ret = ret, duration = 5, tid = 7}, function(e)
    local found = {what = waits.what(e), duration = e.duration, error = e.error}
    for name, row in pairs(waits.fields) do found[name] = row.get(e) end
    return found
  end)
end

local function wait(duration, what, more)
  local e = {type = "sched", kind = "sched", duration = duration, what = what or "woken", cpu = 1}
  for name, value in pairs(more or {}) do e[name] = value end
  return fake.event(e)
end

local function block(duration, what, bytes, more)
  local e = {type = "block", kind = "block", duration = duration, what = what, bytes = bytes, device = "254:0", sector = 2048}
  for name, value in pairs(more or {}) do e[name] = value end
  return fake.event(e)
end

local function squeezed(section, width)
  local list = {}
  for i, row in ipairs(section.rows({}, width or 100) or {}) do
    list[i] = ((type(row) == "table" and row[2] or row):gsub(" +", " "))
  end
  return list
end

describe("waits", function()
  before_each(function()
    host = fake.new()
    latency = host.load "latency"
  end)

  it("have what the kernel said as fields", function()
    assert.same({what = "woken", duration = 5, cpu = 3}, fields_of("sched", {3, 0}))
    assert.same({what = "preempted", duration = 5, cpu = 0}, fields_of("sched", {0, 1}))
    assert.same({what = "read", duration = 5, device = "8:17", sector = 99}, fields_of("block", {512, 0, 8, 17, 99}, 0))
    assert.same({what = "write", duration = 5, device = "8:0", sector = 1 << 40, error = "EIO"},
      fields_of("block", {512, 1, 8, 0, 1 << 40}, -5))
    local expected <const> = {[2] = "flush", [3] = "discard", [5] = "secure erase", [7] = "append", [9] = "write zeroes",
      [13] = "append", [4] = "other", [255] = "other", [-1] = "other"}
    for number, what in pairs(expected) do assert.equal(what, fields_of("block", {512, number, 8, 0, 0}).what) end
    assert.equal("flush", fields_of("block", {0, 1, 8, 0, 0}).what) -- a write of nothing
    assert.equal("read", fields_of("block", {0, 0, 8, 0, 0}).what)
    assert.same({what = "other", duration = 5, device = "-1:-1", sector = -1}, fields_of("block", {-1, -1, -1, -1, -1}))
  end)

  it("are sections only when there were any", function()
    assert.is_nil(latency.sched.rows({}, 100))
    assert.is_nil(latency.block.rows({}, 100))
  end)

  it("for a CPU are added up by why, with who waited longest", function()
    local add = latency.sched.events.sched
    for _ = 1, 98 do add(wait(10 * US)) end
    add(wait(2 * MS))
    add(wait(8 * MS))
    add(wait(300 * MS, "preempted", {tid = 4711, comm = "cc1"}))
    add(wait(1 * MS, "preempted", {tid = 12, comm = "e\27[2J"}))
    assert.same({
      " Woken: 100 waits p50 10µs p99 2.0ms max 8.0ms 11.0ms in all",
      " Preempted: 2 waits p50 1.0ms p99 0.30s max 0.30s 0.30s in all",
      " Most: cc1 4711 0.30s, prog 100 11.0ms, e\\x1b[2J 12 1.0ms",
    }, squeezed(latency.sched))
    assert.same(" Most: cc1 4711 0.30s, …", squeezed(latency.sched, 30)[3])
  end)

  it("only to go on after others have one row", function()
    latency.sched.events.sched(wait(5 * US, "preempted", {comm = false}))
    assert.same({" Preempted: 1 wait p50 5µs p99 5µs max 5µs 5µs in all", " Most: ? 100 5µs"}, squeezed(latency.sched))
  end)

  it("for disks are added up by what was asked; what is no transfer counts for no device", function()
    local add = latency.block.events.block
    for _ = 1, 3 do add(block(80 * US, "read", 4096)) end
    add(block(4 * MS, "write", 1 << 20, {device = "8:1", tid = 7, comm = "dd"}))
    add(block(2 * MS, "flush", 0))
    add(block(1 * MS, "discard", 1 << 30))
    assert.same({
      " Discard: 1.0 GB in 1 request p50 1.0ms p99 1.0ms max 1.0ms",
      " Write: 1.0 MB in 1 request p50 4.0ms p99 4.0ms max 4.0ms",
      " Read: 12.0 KB in 3 requests p50 80µs p99 80µs max 80µs",
      " Flush: 0 B in 1 request p50 2.0ms p99 2.0ms max 2.0ms",
      " By device: 8:1 1.0 MB, 254:0 12.0 KB",
      " By task: dd 7 1.0 MB, prog 100 12.0 KB",
    }, squeezed(latency.block))
  end)

  it("for disks that fail are said to", function()
    latency.block.events.block(block(1 * MS, "flush", 0, {error = "EIO"}))
    latency.block.events.block(block(1 * MS, "flush", 0, {error = "EIO"}))
    assert.same({" Flush: 0 B in 2 requests p50 1.0ms p99 1.0ms max 1.0ms", " Failed: flush EIO ×2"},
      squeezed(latency.block))
  end)

  it("have a line when a person would notice", function()
    local noise, lines = host.load "noise", host.load "lines"
    local function hides(e) return (noise.rule(e) or {}).name end
    assert.equal("short waits", hides(wait(10 * MS - 1)))
    assert.is_nil(hides(wait(10 * MS)))
    assert.equal("quick disks", hides(block(100 * MS - 1, "read", 512)))
    assert.is_nil(hides(block(100 * MS, "read", 512)))
    assert.is_nil(hides(block(1, "read", 512, {error = "EIO"})))
    assert.equal("waited    12.0ms for CPU 1 (preempted)", lines.text(wait(12 * MS, "preempted")))
    assert.equal("disk      4.0 KB read, device 254:0 at sector 2048, 0.12s", lines.text(block(120 * MS, "read", 4096)))
  end)

  it("stand between the calls with -v, all of them", function()
    host.load("processes").alive = function() return 0 end
    host.load("terminal").open({color = "never"})
    local sink = host.load("verbose").open()
    sink.event(wait(12 * US, "woken"))
    sink.event(block(80 * US, "write", 4096))
    sink.event(block(80 * US, "flush", 0, {error = "EIO"}))
    sink.finish()
    assert.equal([[
[+0.000s] --- waited 12µs for CPU 1 (woken) ---
[+0.000s] --- block write: 4.0 KB at sector 2048 of 254:0 <80µs> ---
[+0.000s] --- block flush: 0 B at sector 2048 of 254:0 = EIO <80µs> ---
]], host.text())
  end)
end)
