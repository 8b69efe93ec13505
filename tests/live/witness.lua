-- SPDX-License-Identifier: MIT
--
-- witness: what compendium saw, as the account strace.lua makes of strace's words. A script for -s;
-- public API only. Writes a Lua table to the file `out`.

-- luacheck: globals on option

local out = option("out", "account", "file to write the account to")

local account = {calls = {}, opens = {}, files = {}, peers = {}, pipes = {}, accepted = {}}

local function add(section, key, field, amount)
  local entry = account[section][key] or {}
  account[section][key] = entry
  entry[field] = (entry[field] or 0) + amount
end

local function program(e)
  local process = e.process
  return process and process.exe or "?"
end

local function moved(e, file, path, direction, bytes)
  if not bytes or bytes == 0 then
    return
  elseif file and file.kind == "pipe" then
    add("pipes", program(e), direction, bytes)
  elseif path then
    add("files", path, direction, bytes)
  end
end

on("syscall", function(e)
  if not e.unfinished then
    add("calls", program(e), e.syscall, 1)
  end
end)

on("open", function(e)
  if not e.unfinished then
    add("opens", program(e), (e.path or "?") .. " " .. (e.error or "ok"), 1)
  end
end)

on("read", function(e) moved(e, e.file, e.path, "read", e.bytes) end)
on("write", function(e) moved(e, e.file, e.path, "written", e.bytes) end)
on("copy", function(e)
  moved(e, e.file, e.path, "read", e.bytes)
  moved(e, e.to_file, e.to, "written", e.bytes)
end)

on({"send", "recv"}, function(e)
  if e.bytes and e.bytes > 0 and not e.peek and e.remote then
    add("peers", e.protocol .. " " .. e.remote, e.type == "send" and "sent" or "received", e.bytes)
  end
end)

on("accept", function(e)
  if not e.error and e.remote then
    add("accepted", program(e), e.protocol .. " " .. e.remote, 1)
  end
end)

local function literal(value)
  if type(value) ~= "table" then
    return ("%q"):format(value)
  end
  local parts = {}
  for key, item in pairs(value) do
    parts[#parts + 1] = ("[%q]=%s"):format(key, literal(item))
  end
  return "{" .. table.concat(parts, ",\n") .. "}"
end

on("finish", function()
  local file <close> = assert(io.open(out, "wb"))
  assert(file:write("return ", literal(account)))
end)
