-- SPDX-License-Identifier: MIT
--
-- json_rows: the layout of JSON lines as tables: which fields a line has, in which order and of what type. Read
-- by json.lua, which writes them, and by src/schema_generate.lua, which makes the JSON Schema of them. A field is
-- {name, type, what it means}; types are those of compendium.fields. A name with "?" may be absent.

local events <const> = require "compendium.events"

local rows <const> = {}

rows.time = {"time", "integer", "when it began, in ns since the trace began"}

-- What every event has, before the fields of its type.
rows.common = {
  {"pid", "integer", "the process"},
  {"tid", "integer", "the task: for a process's first thread the same as pid"},
  {"comm?", "bytes", events.fields.comm.doc},
  {"type", "string", "which kind of event"},
  {"class", "string", events.fields.class.doc},
  {"syscall?", "string", "name of the system call, when the event is one"},
  {"duration?", "integer", "how long it took, in ns"},
  {"ret?", "integer", "what the call returned; a failed one: the negative error number"},
  {"error?", "string", "name of the error, when it failed: ENOENT ..."},
}

-- After the fields of the type; written when true.
rows.flags = {
  {"unfinished?", "boolean", "the task ended inside the call"},
  {"late?", "boolean", "the trace began inside the call: its arguments are not known"},
  {"tampered?", "boolean", "a script changed or denied the call"},
}

-- The last fields of every line: fields of core.run.
rows.run = {
  {"host", "bytes", "name of the machine"},
  {"boot", "string", "UUID of the machine's boot, as in /proc/sys/kernel/random/boot_id"},
  {"run", "string", "UUID of this trace; that of a replay is its recording's"},
}
rows.escaped = {"escaped?", "list", "names of the fields that are not UTF-8: there, a backslash is doubled, and "
  .. "\\xNN is the byte NN"}

-- The first line and the last one.
rows.start = {
  rows.time,
  {"type", "string", "start"},
  {"version", "string", "compendium's version"},
  {"started", "string", "when the trace began: date and time in UTC"},
  {"command?", "list", "the command that is traced"},
  {"pids?", "integers", "the processes attached to"},
  {"pid", "integer", "the command's process, or the first one attached to"},
}
rows.finish = {
  rows.time,
  {"type", "string", "finish"},
  {"code?", "integer", "exit status of the command"},
  {"signal?", "string", "the signal that ended the command"},
  {"lost", "integer", "how many events are missing"},
  {"tampered", "integer", "how many calls a script changed or denied"},
  {"failed_hooks", "integer", "how many times a script's function failed"},
}

local of_type <const> = {}

-- The fields of an event type that are written: all but those that are tables of the library's own.
function rows.of(type)
  local list = of_type[type]
  if not list then
    list = {}
    for _, name in ipairs(events.types[type].fields or {}) do
      local field = events.fields[name]
      if field and field.type ~= "table" then list[#list + 1] = {name, field.type, field.doc} end
    end
    of_type[type] = list
  end
  return list
end

return rows
