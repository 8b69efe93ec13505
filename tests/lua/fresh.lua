-- SPDX-License-Identifier: MIT
--
-- fresh: library modules as they are when a trace begins. Hooks and scripts are registered once for the
-- life of a program, so each test has modules of its own; compendium.core and what was bound stay.

local fresh = {}

-- Forgets the library. `events`, if given, takes the place of compendium.events.
function fresh.library(events)
  for name in pairs(package.loaded) do
    if name:find "^compendium" and name ~= "compendium.core" then package.loaded[name] = nil end
  end
  package.loaded["compendium.events"] = events
  return function(name) return require("compendium." .. name) end
end

-- A small set of events, whose models, types and fields leave their names in `log`.
function fresh.events(log)
  local function note(name) return function() log[#log + 1] = name end end
  return {
    types = {
      open = {class = "file", fields = {"path"}, calls = {"open", "openat"}, records = {}, needs = {"fds"}},
      read = {class = "file", fields = {"bytes"}, calls = {"read"}, records = {}, needs = {"fds"}},
      recv = {class = "network", fields = {"bytes"}, calls = {"read", "recvfrom"}, records = {}, needs = {"sockets"}},
      fork = {class = "process", fields = {}, calls = {}, records = {"fork"}, needs = {}},
      umask = {class = "file", fields = {}, calls = {"umask"}, records = {}, needs = {}},
    },
    type_of = {
      ["call:open"] = "open", ["call:openat"] = "open", ["call:recvfrom"] = "recv", fork = "fork",
      ["call:umask"] = "umask",
      ["call:read"] = function(e) return e.raw[1] == 4 and "recv" or "read" end,
    },
    split = {["call:recvfrom"] = function() return 2 end},
    fields = {
      path = {get = function(e) return e.args[2] end}, bytes = {get = function(e) return e.ret end},
      class = {get = function(e) return ({open = "file", read = "file", recv = "network"})[e.type] end},
      comm = {get = function() return "me" end}, process = {get = function() return {} end},
    },
    models = {
      processes = {calls = {prctl = note "processes"}, records = {fork = note "processes"}},
      fds = {calls = {open = note "fds", openat = note "fds", close = note "fds"}, records = {}, needs = {"processes"}},
      sockets = {calls = {recvfrom = note "sockets", socket = note "sockets"}, records = {}, needs = {"fds"}},
    },
    order = {"processes", "fds", "sockets"},
  }
end

return fresh
