-- SPDX-License-Identifier: MIT
std = "lua54"
max_line_length = 120
-- A method need not use self, a hook not its event.
unused_args = false
exclude_files = { "build" }

local api = {
  "on", "filter", "line", "sink", "use", "option", "say", "want", "noise", "output", "run", "compendium",
  "counter", "histogram", "rate", "columns", "glob", "address", "json", "duration", "size", "now", "wallclock", "random",
  "redact", "tell",
}
files["scripts"] = { read_globals = api }
files["tests"] = { std = "+busted", max_line_length = 140 }
