-- SPDX-License-Identifier: MIT
--
-- The checker of the house rules finds what it is there for.
package.path = "tests/product/?.lua;" .. package.path
local shell <const> = require "shell"

local spdx <const> = "/* SPDX-License-Identifier: MIT */\n"
local cases <const> = {
  { "src/a.c", spdx .. "#include <sys/ptrace.h>\n", "only source/ptrace knows ptrace" },
  { "src/source/b.c", spdx .. "#include <lua.h>\n", "only script/ knows Lua" },
  { "src/decode/b.c", spdx .. '#include "source/capture.h"\n', "sources are the session's" },
  { "src/decode/b.c", spdx .. '#include "options.h"\n', "do not know options" },
  { "src/record.h", spdx .. '#include "log.h"\n', "standard headers only" },
  { "src/a.c", spdx .. 'int f(void)\n{\n\tfprintf(stderr, "x");\n}\n', "log.c writes to stderr" },
  { "src/a.c", spdx .. "/* " .. ("x"):rep(120) .. " */\n", "longer than 110 columns" },
  { "src/a.c", spdx .. ("int a;\n"):rep(400), "more than 400" },
  { "src/a.c", spdx .. "int f(void)\n{\n    return 1;\n}\n", "C has tabs" },
  { "src/a.c", spdx .. "int a; \n", "blank at the end" },
  { "src/a.c", spdx .. "int a;", "no newline at the end" },
  { "src/a.c", "int a;\n", "SPDX" },
  { "lua/a.lua", "-- SPDX-License-Identifier: MIT\nif x then\n\ty()\nend\n", "two blanks" },
  { "tool", "#!/bin/sh\ntrue\n", "SPDX" },
  { "lua/b.lua", "-- SPDX-License-Identifier: MIT\n-- Copy" .. "right (c) 2020 Somebody\n", "third%-party" },
}

local function check(file, text)
  local folder = shell.folder()
  shell.must(("mkdir -p %s/$(dirname %s)"):format(folder, file))
  shell.write(folder .. "/" .. file, text)
  local line = "here=$PWD; cd %s && echo %s | lua5.4 $here/tests/house_rules.lua"
  local status, said = shell.run(line:format(folder, file))
  shell.must("rm -r " .. folder)
  return status, said
end

describe("the house rules", function()
  for i, case in ipairs(cases) do
    local file <const>, text <const>, complaint <const> = table.unpack(case)
    it(("number %d: %s"):format(i, complaint), function()
      local status, said = check(file, text)
      assert.is_truthy(said:find(complaint), said)
      assert.not_equal(0, status)
    end)
  end

  it("leave good files alone", function()
    local status, said = check("src/source/ptrace/x.c", spdx
      .. '#include <sys/ptrace.h>\n\nconst char *f(void)\n{\n\treturn "stderr"; // not stderr\n}\n')
    assert.equal("", said)
    assert.equal(0, status)
  end)
end)
