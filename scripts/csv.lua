-- SPDX-License-Identifier: MIT
--
-- csv: events as a table for a spreadsheet, on stdout or in a file.
--
--     compendium -s csv:to=trace.csv -- ls /
--
--     time,duration,pid,tid,comm,type,syscall,ret,error,path,remote,bytes
--     0.003120,0.000012,4711,4711,ls,open,openat,3,,/etc/ld.so.cache,,
--
-- Options: to=FILE (stdout); only=open,read these events.

local to <const> = option("to", "", "the file; stdout without it")
local only <const> = option("only", {}, "only these events")

local FIELDS <const> = {"pid", "tid", "comm", "type", "syscall", "ret", "error", "path", "remote", "bytes"}
local out <const> = to ~= "" and assert(io.open(to, "w")) or io.stdout

-- A cell that starts like a formula is none to a spreadsheet with a quote before it.
local function cell(value)
  if value == nil then return "" end
  local text = tostring(value)
  if type(value) == "string" and text:find "^[=+@\t-]" then text = "'" .. text end
  return text:find '[",\r\n]' and '"' .. text:gsub('"', '""') .. '"' or text
end

local function write(e)
  local cells = {("%.6f"):format(e.time / 1e9), e.duration and ("%.6f"):format(e.duration / 1e9) or ""}
  for _, name in ipairs(FIELDS) do cells[#cells + 1] = cell(e[name]) end
  out:write(table.concat(cells, ","), "\n")
end

on("start", function() out:write("time,duration,", table.concat(FIELDS, ","), "\n") end)
sink {name = "csv", events = #only > 0 and only or nil, event = write}
on("finish", function() out:flush() end)
