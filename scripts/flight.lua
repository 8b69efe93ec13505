-- SPDX-License-Identifier: MIT
--
-- flight: a flight recorder: keeps the last events in memory and writes them only when something went wrong: a
-- signal, an exit status other than 0, an error that was named.
--
--     compendium -s flight:keep=500,to=crash.txt -- ./server
--     compendium -s flight:on-error=ENOSPC -p 4711
--
--     --- the last 500 events before 4711 server was killed by SIGSEGV
--     [+12.010s] read       12 B ← /etc/x
--
-- Options: keep=200 events; to=FILE (else where the trace goes); on-error=ERRNO; status=yes an exit status other
-- than 0 counts.

local keep <const> = option("keep", 200, "how many events")
local to <const> = option("to", "", "the file to write to")
local on_error <const> = option("on-error", "", "an error that counts as going wrong")
local status <const> = option("status", true, "whether an exit status other than 0 counts")

local compendium <const> = require "compendium"
local ring, n = {}, 0

local function dump(why)
  local lines = {("--- the last %d events before %s"):format(math.min(n, keep), why)}
  for i = math.max(1, n - keep + 1), n do lines[#lines + 1] = ring[i % keep] end
  n = 0
  if to == "" then
    for _, line in ipairs(lines) do tell("%s", line) end
    return
  end
  local file = assert(io.open(to, "a"))
  file:write(table.concat(lines, "\n"), "\n")
  file:close()
end

sink {name = "flight", event = function(e)
  local text = compendium.lines.text(e)
  if not text then return end
  n = n + 1
  ring[n % keep] = ("[%s] [%d] %s%s"):format(compendium.format.clock(e.time), e.tid, text, e.error and " ✗ "
    .. e.error or "")
  if on_error ~= "" and e.error == on_error then dump(("%d %s met %s"):format(e.pid, e.comm or "?", e.error)) end
end}

on("exit", function(e)
  if not e.whole then return end
  if e.signal then
    dump(("%d %s was killed by %s"):format(e.pid, e.comm or "?", e.signal))
  elseif status and e.code ~= 0 then
    dump(("%d %s ended with status %d"):format(e.pid, e.comm or "?", e.code))
  end
end)
