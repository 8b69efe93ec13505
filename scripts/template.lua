-- SPDX-License-Identifier: MIT
--
-- template: a line of your own for each event, from a template without any Lua.
--
--     compendium -s template:line="%time %comm %type %path" -- ls /
--
--     0.003 ls open /etc/ld.so.cache
--
-- Options: line=TEXT with %FIELD for any field of the event (%time, %duration, %pid, %comm, %type, %path, %bytes,
-- %error ...), an absent one is "-"; only=open,read these events.

local line <const> = option("line", "%time %pid %comm %type %path %bytes %error", "what a line is")
local only <const> = option("only", {}, "only these events")

local SHOW <const> = {
  time = function(e) return ("%.3f"):format(e.time / 1e9) end,
  duration = function(e) return duration(e.duration) end,
}

sink {name = "template", events = #only > 0 and only or nil, event = function(e)
  tell("%s", (line:gsub("%%([%a_]+)", function(name)
    local value = (SHOW[name] or function() return e[name] end)(e)
    return value == nil and "-" or tostring(value)
  end)))
end}
