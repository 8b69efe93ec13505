-- SPDX-License-Identifier: MIT
--
-- samples: the fields of "usage" events: what the kernel said of a process's memory at that moment, and what the
-- model knows. The step between fields and memory.

local memory = require "compendium.memory"

local samples = {fields = {}} -- {type=, doc=, get=} by name

local function sampled(name, i, doc)
  samples.fields[name] = {type = "integer", doc = doc, get = function(e)
    if e.kind == "usage" then return e.raw[i] end
  end}
end

sampled("rss", 1, "bytes in memory, those shared with others included")
sampled("pss", 2, "the same, where what n processes share counts for each as an n-th")
sampled("anonymous", 3, "bytes in memory that are of no file")
sampled("swap", 4, "bytes that are swapped out")
sampled("huge", 5, "bytes in memory as huge pages")

-- What the model knows at that moment.
local function known(name, doc, get)
  samples.fields[name] = {type = "integer", doc = doc, get = function(e)
    local totals = e.kind == "usage" and memory.of(e.pid)
    return totals and get(totals)
  end}
end

known("heap", "size of the heap (brk)", function(totals) return totals.heap end)
known("mapped", "address space that was mapped, the heap left out",
  function(totals) return totals.bytes - totals.heap end)
known("touched", "bytes that were touched and not given back since, files left out; only with --faults",
  function(totals) return memory.most.touched > 0 and totals.touched or nil end)

return samples
