-- SPDX-License-Identifier: MIT
--
-- hello: a script to start from: one option, one hook, one filter, one line at the end. Copy it and change it.
--
--     cp scripts/hello.lua mine.lua    (in the sources; it is also inside the program, as -s hello)
--     compendium -s mine.lua:greet=moon -- ls /
--
--     hello, moon: 3 files opened

local greet <const> = option("greet", "world", "whom to greet") -- -s hello:greet=moon

local opened = 0

-- Events that are not wanted go no further: hooks after this one, and all outputs, do not see them.
filter("open", function(e) return not e.error end)

-- Called for each file that was opened. e has the fields that `compendium --json` writes.
on("open", function(e)
  if e.file and e.file.kind == "file" then opened = opened + 1 end
end)

on("finish", function() tell("hello, %s: %d files opened", greet, opened) end)
