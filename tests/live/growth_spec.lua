-- SPDX-License-Identifier: MIT
--
-- The tracer's memory does not grow with time: after much of one thing it has used as little as after ten
-- times less, or a fixed amount. `make test-memory` runs the numbers of FULL.

local h <const> = require "tests.live.harness"

local FULL <const> = os.getenv "FULL" ~= nil
-- How much of each: in `make test`, and in full.
local MUCH <const> = {
  {"calls", 40000, 5000000}, {"paths", 8000, 200000}, {"processes", 3000, 100000}, {"threads", 3000, 50000},
  {"descriptors", 5000, 100000}, {"sockets", 5000, 100000}, {"mappings", 8000, 100000},
}
local LIMIT_KB <const> = 64 * 1024
-- A tenth of the amount may use so much less: tables that are full at a fixed size fill up.
-- AddressSanitizer puts as much around small pieces as in them, and would keep what was freed for long.
local MARGIN_KB <const> = (h.is_sanitized and 12 or 6) * 1024
local ENVIRONMENT <const> = h.is_sanitized
  and {ASAN_OPTIONS = "quarantine_size_mb=0:thread_local_quarantine_size_kb=0"} or nil

-- Runs default.lua over `growth KIND COUNT`; returns the most memory the tracer had, in KiB. It is the only
-- child of this program, whose other descendants are smaller.
local MEASURE <const> = [[
import resource, subprocess, sys
status = subprocess.call(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(status)]]

local function peak(kind, count, script, base)
  local dir = h.folder(h.users[1])
  local result = h.run({"/usr/bin/python3", "-c", MEASURE, h.compendium, "-q", "-s", base or "default.lua",
    "-e", script or "", "--", h.tracee "growth", kind, tostring(count)}, {cwd = dir, env = ENVIRONMENT})
  assert.equal(0, result.status, result.err:sub(-2000))
  assert.falsy(result.err:find("Lost:", 1, true), result.err:sub(-2000))
  return tonumber(result.out:match "(%d+)\n$"), result
end

describe("the tracer's memory", function()
  after_each(h.clean)

  for _, row in ipairs(MUCH) do
    local kind, count, many <const> = row[1], row[2], row[3]
    it("does not grow with " .. kind, function()
      if FULL then
        local kilobytes, result = peak(kind, many)
        print(("%d %s: %.1f MiB, %s"):format(many, kind, kilobytes / 1024, result.err:match "%([%d.ms]+%)"))
        assert.is_true(kilobytes < LIMIT_KB, kilobytes .. " KiB")
      else
        local few, more = peak(kind, count // 10), peak(kind, count)
        assert.is_true(more - few < MARGIN_KB, ("%d KiB, then %d KiB"):format(few, more))
      end
    end)
  end

  -- As a user would write it: makes strings and tables for each event, keeps the last ones and sums.
  local USERS <const> = [[
    local names, times, speed, last, n = counter(), histogram(), rate(), {}, 0
    on("syscall", function(e)
      n = n + 1
      names:add(("%s of %s %s"):format(e.syscall, e.comm or "?", e.error or n % 100))
      times:add(e.duration or 0)
      speed:add(e.time)
      last[n % 100 + 1] = e:copy()
      local text = {}
      for name, value in pairs(e.args) do text[#text + 1] = name .. "=" .. tostring(value) end
      if table.concat(text, " "):find "nothing" then print(json(last)) end
    end)
    on("finish", function() print(n, names:top(1)[1][2], times:percentile(50), #last) end)]]

  it("does not grow with the events that a user's script sees", function()
    local function run(count)
      local kilobytes, result = peak("calls", count, USERS, "ioring-warn")
      local seen = tonumber(result.out:match "^(%d+)\t")
      assert.is_true(seen and seen >= count, result.out)
      return kilobytes, seen
    end
    if FULL then
      local kilobytes, seen = run(10000000)
      print(("%d events of a user's script: %.1f MiB"):format(seen, kilobytes / 1024))
      assert.is_true(kilobytes < LIMIT_KB, kilobytes .. " KiB")
    else
      local few, more = run(5000), run(50000)
      assert.is_true(more - few < MARGIN_KB, ("%d KiB, then %d KiB"):format(few, more))
    end
  end)

  it("is seen to grow when a script keeps everything", function()
    local keep = 'local all = {} on("syscall", function(e) all[#all + 1] = e:copy() end)'
    local few, more = peak("calls", 2000, keep), peak("calls", 40000, keep)
    assert.is_true(more - few > MARGIN_KB, ("%d KiB, then %d KiB"):format(few, more))
  end)
end)
