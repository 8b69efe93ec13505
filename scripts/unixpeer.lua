-- SPDX-License-Identifier: MIT
--
-- unixpeer: who talks to whom on this machine: unix sockets and pipes, with the bytes each way.
--
--     compendium -s unixpeer -- sh -c 'cat /etc/hosts | wc -c'
--
--     through              written   read   by
--     pipe 1                  49 B   49 B   4712 cat → 4713 wc
--     unix /run/dbus          80 B   20 B   4714 busctl

local rows, order = {}, {}

local function row(e)
  local file = e.file
  local kind = file and file.kind
  if kind ~= "pipe" and not (kind == "socket" and e.protocol == "unix") then return nil end
  local name = kind == "pipe" and "pipe " .. (file.pipe and file.pipe.id or "") or "unix " .. (e.remote or file.name
    or "?")
  if not rows[name] then
    order[#order + 1] = name
    rows[name] = {written = 0, read = 0, writers = {}, readers = {}}
  end
  return rows[name]
end

local function note(list, e)
  local who = ("%d %s"):format(e.pid, e.comm or "?")
  if not list[who] then
    list[who] = true
    list[#list + 1] = who
  end
end

on({"write", "send"}, function(e)
  local r = not e.error and row(e)
  if not r then return end
  r.written = r.written + (e.bytes or 0)
  note(r.writers, e)
end)
on({"read", "recv"}, function(e)
  local r = not e.error and not e.peek and row(e)
  if not r then return end
  r.read = r.read + (e.bytes or 0)
  note(r.readers, e)
end)

on("finish", function()
  local t = columns {"through", "written>", "read>", "by"}
  for _, name in ipairs(order) do
    local r = rows[name]
    local writers, readers = table.concat(r.writers, ", "), table.concat(r.readers, ", ")
    t:row(name, size(r.written), size(r.read), writers ~= "" and readers ~= "" and writers .. " → " .. readers
      or writers .. readers)
  end
  t:tell()
end)
