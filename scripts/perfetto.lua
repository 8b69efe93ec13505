-- SPDX-License-Identifier: MIT
--
-- perfetto: the run as a timeline, for ui.perfetto.dev and chrome://tracing.
-- A track for each task, with a slice for each call that took time, its arguments as typed values; signals, exec and
-- fork as instants; the memory of each process, mapped and resident, as counters. Works on a command, on -p, and
-- on --replay.
--
--     compendium -s perfetto.lua -- make                          writes trace.json
--     compendium -s perfetto.lua:out=make.json --replay make.cpd
--
--     {"ph":"X","name":"open","cat":"file","ts":3012.482,"dur":18.077,"pid":4711,"tid":4711,
--      "args":{"path":"/etc/resolv.conf","fd":3,"flags":524288,"writable":false}}
--
-- Options: out=trace.json (- for stdout); events=no leaves out calls that are no events ("poll", "futex" ...),
-- or rather: events=yes has events only. Files of some hundred MB are too large for a browser: -f filters here too.

local compendium <const> = require "compendium"
local format <const>, json <const>, memory <const> = compendium.format, compendium.json, compendium.memory

local path <const> = option("out", "trace.json", "the file to write, - for stdout")
local only_events <const> = option("events", false, "events only, not every call")

local file, problem = io.stdout, nil
if path ~= "-" then file, problem = io.open(path, "w") end
if not file then error(("cannot write %s"):format(problem), 0) end
file:setvbuf("full", 1 << 16)

local separator = '{"displayTimeUnit":"ns","traceEvents":[\n'

-- Writes one entry. `text` is JSON for what comes after the common keys.
local function put(ph, name, e, time, text)
  local ok, why = file:write(separator, ('{"ph":"%s","name":%s,"ts":%d.%03d,"pid":%d,"tid":%d%s}'):format(ph,
    json.text(name), time // 1000, time % 1000, e.pid, e.tid, text))
  separator = ",\n"
  problem = problem or not ok and why
end

local names <const> = {} -- tid -> the name that was written

-- A task's track has the name it has now; a process's is its first thread's.
local function name_track(e)
  local comm = e.comm
  if not comm or names[e.tid] == comm then return end
  names[e.tid] = comm
  local args = (',"args":{"name":%s}'):format(json.text(comm))
  put("M", "thread_name", e, 0, args)
  if e.tid == e.pid then put("M", "process_name", e, 0, args) end
end

local function slice(e, name, args)
  name_track(e)
  local duration = e.duration or 0
  put("X", name, e, e.time, (',"cat":%s,"dur":%d.%03d,"args":%s'):format(json.text(e.class or "other"),
    duration // 1000, duration % 1000, args))
end

local CHANGES_MEMORY <const> = {mmap = true, munmap = true, brk = true, mremap = true}

local function count_memory(e)
  local totals = memory.of(e.pid)
  if not totals then return end
  put("C", "memory", e, e.time + (e.duration or 0), (',"args":{"heap":%d,"mapped":%d}'):format(totals.heap,
    totals.bytes - totals.heap))
end

local types <const> = {}
for name, row in pairs(compendium.events.types) do
  if not row.asked then types[#types + 1] = name end
end

on(types, function(e)
  if e.kind ~= "call" then
    name_track(e)
    put("i", e.type == "signal" and e.signal or e.type, e, e.time,
      (',"cat":%s,"s":"t","args":%s'):format(json.text(e.class), json.args(e)))
  elseif e.index == 1 then -- of a call that makes several events
    slice(e, e.type, json.args(e))
    if CHANGES_MEMORY[e.type] and not e.error then count_memory(e) end
  end
end)

on("usage", function(e)
  put("C", "resident", e, e.time, (',"args":{"rss":%d,"pss":%d}'):format(e.rss, e.pss))
end)

if not only_events then
  on("syscall", function(e)
    if not e.type then slice(e, e.syscall, json.args(e)) end
  end)
end

on("finish", function()
  if separator ~= ",\n" then file:write(separator) end
  local ok, why = file:write "\n]}\n"
  if ok then ok, why = file:flush() end
  problem = problem or not ok and why
  if path ~= "-" then file:close() end
  if problem then error(("%s is incomplete: %s"):format(format.escape(path), problem), 0) end
end)
