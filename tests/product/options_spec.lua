-- SPDX-License-Identifier: MIT
--
-- What is made from src/options.yaml: every option that is built is in the help, the man page and the
-- completions, and a table with a mistake does not build.
package.path = "tests/product/?.lua;" .. package.path
local shell <const> = require "shell"

-- The rows of the table, read roughly and without its generator.
local built <const> = {}
do
  local row
  for line in shell.read "src/options.yaml":gmatch "[^\n]+" do
    if line:find "^      %- long: " then
      row = { name = line:match "long: (%S+)" }
      built[#built + 1] = row
    elseif line:find "^        short: " then
      row.short = line:match "short: (%a)"
    end
  end
end

local outputs <const> = {
  { "help", function() return shell.must "./compendium --help" end, "%-%-NAME%f[^%w-]", "%-S," },
  { "man page", function() return shell.read "build/docs/compendium.1" end, "\\%-\\%-NAME\\fR", "\\%-S\\f" },
  { "bash", function() return shell.read "build/docs/compendium.bash" end, "%-%-NAME%f[^%w-]", "%-S%f[%s|]" },
  { "zsh", function() return shell.read "build/docs/_compendium" end, "%-%-NAME=?%-?%[", "%-S%+?%[" },
  { "fish", function() return shell.read "build/docs/compendium.fish" end, "%-l NAME ", "%-s S " },
}

describe("the option table", function()
  it("was read by this test", function()
    assert.is_true(#built > 12)
  end)

  for _, output in ipairs(outputs) do
    local title <const>, read <const>, long <const>, short <const> = table.unpack(output)

    local function pattern(name)
      return (long:gsub("NAME", (name:gsub("%-", title == "man page" and "\\%%-" or "%%-"):gsub("%%", "%%%%"))))
    end

    it("is in the " .. title, function()
      local text = read()
      for _, option in ipairs(built) do
        assert.is_truthy(text:find(pattern(option.name)), option.name)
        if option.short then assert.is_truthy(text:find((short:gsub("S", option.short))), option.short) end
      end
    end)
  end

  it("has lines that fit a terminal", function()
    for line in shell.must "./compendium --help":gmatch "[^\n]+" do
      assert.is_true(#line <= 100, line)
    end
  end)
end)

describe("the man page", function()
  it("formats without a warning", function()
    assert.equal("", shell.must "LC_ALL=C.UTF-8 man --warnings -l -Tutf8 build/docs/compendium.1 2>&1 >/dev/null")
  end)

  it("says what people look for", function()
    local text = shell.must "LC_ALL=C.UTF-8 MANWIDTH=100 man -l -Tutf8 build/docs/compendium.1"
    text = text:gsub("\27%[[%d;]*m", ""):gsub(".\8", ""):gsub("‐", "-"):gsub("−", "-")
    for _, words in ipairs { "EXIT STATUS", "EXAMPLES", "default.lua", "compendium -- curl", "--filter", "Ctrl-C" } do
      assert.is_truthy(text:find(words, 1, true), words)
    end
  end)
end)

describe("the bash completion", function()
  -- The words offered for a line; the cursor is at its end.
  local function complete(line)
    local words = {}
    for word in (line .. " "):gmatch "(%S*)%s" do words[#words + 1] = ("'%s'"):format(word) end
    return shell.must(([[
      bash --norc -c 'source build/docs/compendium.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _compendium
        printf "%%s\n" "${COMPREPLY[@]}"' bash %s]]):format(table.concat(words, " ")))
  end

  it("offers options", function()
    assert.is_truthy(("\n" .. complete "compendium --ver"):find "\n%-%-verbose\n")
    assert.equal("--json\n", complete "compendium -v --js")
  end)

  it("offers the words of a choice", function()
    assert.equal("auto\nalways\nnever\n", complete "compendium --color ")
    assert.equal("never\n", complete "compendium -v --color n")
  end)

  it("offers commands, and leaves their arguments to them", function()
    assert.is_truthy(("\n" .. complete "compendium -o f l"):find "\nls\n")
    assert.is_truthy(("\n" .. complete "compendium -- l"):find "\nls\n")
    assert.is_nil(complete "compendium ls --ver":find "verbose")
    assert.is_truthy(complete "compendium cat READ":find "README.md")
  end)
end)

describe("a table with a mistake", function()
  local good <const> = [[
version: "1"
about: x
synopsis: [a]
manual: []
options:
  - section: s
    options:
      - {long: one, short: o, fills: flag, field: json, help: h}
]]
  local mistakes <const> = {
    ["name one is taken"] = "{long: one, fills: flag, help: h}",
    ["name o is taken"] = "{long: two, short: o, fills: flag, help: h}",
    ["unknown key halp"] = "{long: two, fills: flag, help: h, halp: x}",
    ["fills what"] = "{long: two, fills: flug, help: h}",
    ["has no help"] = "{long: two, fills: flag}",
    ["completes what"] = "{long: two, fills: string, help: h, complete: nothing}",
    ["without a long name"] = "{short: x, fills: flag, help: h}",
    ["what is implied has no suffix"] = "{long: two, fills: string, help: h, implied: x}",
    ["choices and fills"] = "{long: two, fills: choice, help: h}",
  }

  local function generate(row)
    local folder <close> = setmetatable({ path = shell.folder() },
      { __close = function(self) shell.must("rm -r " .. self.path) end })
    shell.write(folder.path .. "/t.yaml", good .. (row and "      - " .. row .. "\n" or ""))
    return shell.run(("build/generate src/options_generate.lua c %s/out %s/t.yaml"):format(folder.path, folder.path))
  end

  it("would build without it", function() assert.equal(0, (generate())) end)

  for message, row in pairs(mistakes) do
    it("is refused: " .. message, function()
      local status, text = generate(row)
      assert.not_equal(0, status)
      assert.is_truthy(text:find(message, 1, true), text)
    end)
  end
end)
