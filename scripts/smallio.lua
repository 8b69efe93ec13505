-- SPDX-License-Identifier: MIT
--
-- smallio: files and sockets that are read or written in many small pieces, where a buffer would save calls.
--
--     compendium -s smallio -- ./prog
--
--     what          calls   median   sum     would be
--     write log.txt  9000     12 B   105 KB  26 calls of 4.0 KB
--
-- Options: calls=100 at least so many; below=512 a median below so many bytes.

local calls <const> = option("calls", 100, "how many calls at least")
local below <const> = option("below", "512b", "their median size in bytes at most")
local BUFFER <const> = 4096
local count <const> = require("compendium").format.count

local sizes = {}

on({"read", "write", "send", "recv"}, function(e)
  if e.error or not e.bytes or e.bytes == 0 then return end
  local kind = e.file and e.file.kind
  if kind ~= "file" and kind ~= "socket" and kind ~= "pipe" then return end
  local name = e.type .. " " .. (e.path or e.remote or e.file.name or kind)
  sizes[name] = sizes[name] or histogram()
  sizes[name]:add(e.bytes)
end)

on("finish", function()
  local names = {}
  for name, h in pairs(sizes) do
    if h.count >= calls and h:percentile(50) < below then names[#names + 1] = name end
  end
  table.sort(names, function(a, b) return sizes[a].count > sizes[b].count end)
  local t = columns {"what", "calls>", "median>", "sum>", "would be"}
  for _, name in ipairs(names) do
    local h = sizes[name]
    t:row(name, h.count, size(h:percentile(50)), size(h.sum),
      ("%s of %s"):format(count((h.sum + BUFFER - 1) // BUFFER, "call"),
      size(BUFFER)))
  end
  t:tell()
end)
