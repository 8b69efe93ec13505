-- SPDX-License-Identifier: MIT
--
-- The build as a user meets it: one file that needs libc alone, `make` that does what is needed and no
-- more, `make install`, and the list of packages.
package.path = "tests/product/?.lua;" .. package.path
local shell <const> = require "shell"

describe("the program", function()
  it("needs the C library alone, which is libc and libm", function()
    local libraries = {}
    for name in shell.must "ldd ./compendium":gmatch "\n?%s*(%S+)[^\n]*" do libraries[#libraries + 1] = name end
    table.sort(libraries)
    assert.same({ "/lib64/ld-linux-x86-64.so.2", "libc.so.6", "libm.so.6", "linux-vdso.so.1" }, libraries)
  end)

  it("runs without the source tree", function()
    local folder = shell.folder()
    shell.must(("cp ./compendium %s/c && cd %s && ./c --list-scripts | grep -q default && ./c -q -o f /bin/true")
      :format(folder, folder))
    assert.is_truthy(shell.read(folder .. "/f"):find "true")
    shell.must("rm -r " .. folder)
  end)
end)

describe("make", function()
  -- What a build would do now.
  local function planned(arguments)
    return shell.must("make -n " .. (arguments or ""))
  end

  it("has nothing to do after a build", function()
    shell.must "make"
    assert.equal("make: Nothing to be done for 'all'.\n", planned())
  end)

  it("builds again what depends on a changed file, and nothing else", function()
    local touched <const> = {
      ["src/options.yaml"] = { "compile build/src/options.o", "generate build/docs/compendium.1", "src/signals.o" },
      ["lua/init.lua"] = { "compile build/gen/embedded.o", "link compendium", "src/session.o" },
      ["src/log.h"] = { "compile build/src/session.o", "link compendium", "src/syscalls/syscalls.o" },
    }
    for file, expected in pairs(touched) do
      local plan = planned("-W " .. file)
      assert.is_truthy(plan:find(expected[1], 1, true), file)
      assert.is_truthy(plan:find(expected[2], 1, true), file)
      assert.is_nil(plan:find("compile build/" .. expected[3], 1, true), file)
    end
  end)

  it("says nothing of compilers before vendor/install had its turn", function()
    local folder = shell.folder()
    shell.must(("ln -s /usr/bin/* %s && rm -f %s/gcc %s/clang"):format(folder, folder, folder))
    assert.equal("rm -rf build compendium\n", shell.must(("PATH=%s make -n clean"):format(folder)))
    shell.must("rm -r " .. folder)
  end)

  it("builds all again with another compiler or other flags", function()
    local folder = shell.folder()
    local log = ("B=%s %s/src/log.o "):format(folder, folder)
    shell.must("make " .. log)
    assert.is_nil(planned(log):find "compile")
    assert.is_truthy(planned(log .. "CC=clang"):find "compile")
    shell.must("make " .. log)
    assert.is_truthy(planned(log .. "CFLAGS=-O0"):find "compile")
    shell.must("rm -r " .. folder)
  end)
end)

describe("make install", function()
  it("puts everything below DESTDIR and PREFIX", function()
    local folder = shell.folder()
    shell.must(("make install PREFIX=/usr DESTDIR=%s"):format(folder))
    local installed = shell.must(("cd %s && find . -type f -printf '%%m %%p\\n' | sort"):format(folder))
    assert.equal([[
644 ./usr/share/bash-completion/completions/compendium
644 ./usr/share/compendium/compendium.schema.json
644 ./usr/share/compendium/types/compendium.lua
644 ./usr/share/fish/vendor_completions.d/compendium.fish
644 ./usr/share/man/man1/compendium.1
644 ./usr/share/zsh/site-functions/_compendium
755 ./usr/bin/compendium
]], installed)
    shell.must("rm -r " .. folder)
  end)
end)

describe("vendor/packages", function()
  it("gives a group, a version, a reason and a licence for each", function()
    local rows = 0
    for line in io.lines "vendor/packages" do
      if not line:find "^#" then
        local group, version, reason, licence = line:match "^(%l+) *| [%w.+-]+ *| ([%d.:]+) *| (%S.-) *| (%S.*)$"
        assert.is_truthy(group and version and reason and licence, line)
        assert.is_truthy(({ build = 1, test = 1, lint = 1, bench = 1, cpython = 1 })[group], line)
        rows = rows + 1
      end
    end
    assert.is_true(rows > 10)
  end)

  it("is there, so that installing does and says nothing", function()
    assert.equal("", shell.must "vendor/install build test")
  end)

  it("names what is missing, and why nothing can be done", function()
    local folder = shell.folder()
    -- A system where nothing is installed and nobody may.
    for name, text in pairs { ["dpkg-query"] = "exit 1", ["apt-get"] = "exit 1", id = "echo 1000" } do
      shell.write(folder .. "/" .. name, "#!/bin/sh\n" .. text .. "\n")
    end
    shell.must(("cd %s && chmod +x * && for f in sh sed cut tr dirname head; do ln -s $(command -v $f) .; done")
      :format(folder))
    local status, text = shell.run(("PATH=%s vendor/install build"):format(folder))
    assert.equal(1, status)
    assert.is_truthy(text:find("libyaml-dev: libyaml, linked: reads the tables (MIT)", 1, true), text)
    assert.is_truthy(text:find("neither root nor sudo is here", 1, true), text)
    assert.is_truthy(text:find("apt-get install gcc libc6-dev make", 1, true), text)
    shell.must("rm -r " .. folder)
  end)
end)
