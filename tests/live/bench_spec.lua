-- SPDX-License-Identifier: MIT
--
-- The short form of `make bench`: few rounds, and only ratios that hold on a busy machine.

local bench <const> = require "tests.bench.bench"
local h <const> = require "tests.live.harness"

describe("tracing", function()
  after_each(h.clean)

  for _, row in ipairs(bench.rows) do
    if row.holds then
      it("costs no more than it may: " .. row.name, function()
        if h.is_sanitized then
          pending("built with sanitizers, which cost more than tracing")
        end
        local results <const>, bars <const> = bench.row(row, 3, true)
        assert.truthy(#bars > 0)
        for _, bar in ipairs(bars) do
          assert.equal(0, results[bar.runner].lost or 0)
          assert.truthy(bar.pass, ("%s: %.2f x %s, not at most %.2f"):format(bar.runner, bar.value, bar.of, bar.limit))
        end
      end)
    end
  end
end)
