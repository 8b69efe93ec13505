-- SPDX-License-Identifier: MIT
--
-- terminal: a program on a terminal of its own, and the keys that are typed there.

local h <const> = require "tests.live.harness"

local Terminal = {}
Terminal.__index = Terminal

-- Starts a program whose controlling terminal has that many columns (80).
local function start(argv, options, columns)
  local master, slave = h.process.terminal(columns or 80, 24)
  options = options or {}
  options.terminal = assert(slave)
  return setmetatable({master = master, process = h.start(argv, options), shown = ""}, Terminal)
end

function Terminal:type(keys)
  assert(h.process.write(self.master, keys))
end

-- Reads what is there now.
function Terminal:read()
  local bytes = h.process.read(self.master, 0.005)
  if bytes then
    self.shown = self.shown .. bytes
  end
  return bytes
end

-- Waits until the pattern is shown, after what was expected before; returns its captures.
function Terminal:expect(pattern)
  return h.eventually(("'%s' on the terminal"):format(pattern), function()
    self:read()
    local from, to = self.shown:find(pattern, self.seen or 1)
    if from then
      self.seen = to + 1
      return {self.shown:match(pattern, from)}
    elseif self.process:ended(0) and not self:read() then
      error(("the program ended (%s) without '%s':\n%s"):format(self.process.status or self.process.signal,
        pattern, self.shown))
    end
  end)
end

-- Waits for the end. Returns the process; `shown` is all it wrote.
function Terminal:wait()
  h.eventually("the end of what is shown", function() return self:read() == "" end)
  h.process.close(self.master)
  return self.process:wait()
end

return {start = start}
