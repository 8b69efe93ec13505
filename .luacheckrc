-- SPDX-License-Identifier: MIT
std = "lua54"
max_line_length = 120
-- A method need not use self, a hook not its event.
unused_args = false
exclude_files = { "build" }

-- The globals of scripts, by the comments that describe them.
local api = { "noise", "output", "report" }
for _, name in ipairs { "api", "stats", "columns" } do
  for line in io.lines("lua/" .. name .. ".lua") do
    api[#api + 1] = line:match "^%-%-%- (%l+)[%(:]"
  end
end
files["scripts"] = { read_globals = api }
files["tests"] = { std = "+busted", max_line_length = 140 }
