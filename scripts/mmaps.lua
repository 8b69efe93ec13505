-- SPDX-License-Identifier: MIT
--
-- mmaps: what memory is mapped for: anonymous, by library or file, and how it grows.
--
--     compendium -s mmaps -- python3 -c pass
--
--     [+0.010s] heap 132.0 KB → 264.0 KB
--     mapped                        regions  size
--     anonymous                          12  1.2 MB
--     /lib/x86_64-linux-gnu/libc.so.6     5  2.0 MB
--
-- Options: step=1m tells of the heap each time it grew by so much.

local step <const> = option("step", "1m", "tells of the heap each time it grew by so much")
local sizes <const>, regions <const> = counter(), counter()
local heaps = {}

on("mmap", function(e)
  if e.error then return end
  local name = e.path or "anonymous"
  sizes:add(name, e.size or 0)
  regions:add(name)
end)
on("brk", function(e)
  if e.error or not e.size or e.size == 0 then return end
  local heap = heaps[e.pid] or {now = 0, told = 0}
  heaps[e.pid] = heap
  heap.now = heap.now + e.size
  if heap.now - heap.told >= step then
    say(e, "heap %s → %s", size(heap.told), size(heap.now))
    heap.told = heap.now
  end
end)

on("finish", function()
  local t = columns {"mapped", "regions>", "size>"}
  for _, each in ipairs(sizes:top()) do t:row(each[1], regions:get(each[1]), size(each[2])) end
  t:tell()
end)
