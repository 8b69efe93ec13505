-- SPDX-License-Identifier: MIT
--
-- The program as a file: it needs libc alone, runs anywhere, and leaks nothing.

local h <const> = require "tests.live.harness"

-- Libraries every program has: libc, of which libm is a part, its loader, the kernel's.
local LIBC <const> = {"^linux%-vdso", "^libc%.so%.6", "^libm%.so%.6", "^/lib.*/ld%-linux"}

local function is_libc(library)
  for _, pattern in ipairs(LIBC) do
    if library:find(pattern) then
      return true
    end
  end
  return false
end

describe("the program", function()
  after_each(h.clean)

  it("needs libc alone", function()
    if h.is_sanitized then
      pending("built with sanitizers, which are libraries")
      return
    end
    for line in h.run({"/usr/bin/ldd", h.compendium}).out:gmatch "%s*([^\n]+)" do
      assert.is_true(is_libc(line), line)
    end
  end)

  for _, user in ipairs(h.users) do
    it("is one file that works where nothing else is, as " .. user, function()
      local dir = h.folder(user)
      local copy = h.write_file(dir .. "/c", h.read_file(h.compendium), 493)
      local result = h.run({"./c", "-s", "only-files.lua", "--", "/bin/cat", "/etc/hosts"},
        {user = user, cwd = dir, env = {HOME = false, TMPDIR = false, TERM = false, LANG = false}})
      assert.equal(0, result.status, result.err)
      assert.truthy(result.err:find "open +/etc/hosts", result.err)
      assert.truthy(utf8.len(result.err) == #result.err, "only ASCII without a UTF-8 locale")
      assert.same({"c"}, h.list(dir))
      assert.is_true(copy == dir .. "/c")
    end)
  end

  it("tells its options and scripts", function()
    local help = h.trace {"--help"}
    assert.equal(0, help.status)
    for _, option in ipairs {"--script", "--pid", "--output", "--filter", "--json", "--color"} do
      assert.truthy(help.out:find(option, 1, true), option)
    end
    assert.truthy(h.trace({"--version"}).out:find "^compendium %d+%.%d+%.%d+\n$")
    local scripts = h.trace {"--list-scripts"}
    assert.equal(0, scripts.status)
    for _, name in ipairs {"default", "only-network", "only-files", "only-processes"} do
      assert.truthy(scripts.out:find(name, 1, true), scripts.out)
    end
  end)

  it("leaks no memory and reads none that is not its own", function()
    if h.is_sanitized then
      pending("built with sanitizers, which look for the same")
      return
    end
    local report = h.folder(h.users[1]) .. "/valgrind"
    local result = h.run({h.which.valgrind, "--quiet", "--leak-check=full", "--error-exitcode=99",
      "--errors-for-leak-kinds=definite,indirect,possible", "--log-file=" .. report, h.compendium, "-s", "default.lua",
      "-e", 'on("syscall", function(e) for _ in pairs(e.args) do end end)', "--",
      "/bin/sh", "-c", "cat /etc/hosts | wc -c"})
    assert.equal(0, result.status, h.read_file(report))
    assert.truthy(result.err:find("FINAL", 1, true), result.err)
    -- valgrind's own trouble with a new call has two dashes, what it found two equal signs.
    assert.falsy(h.read_file(report):find("==", 1, true), h.read_file(report))
  end)

  it("leaks no descriptor and no memory over many processes", function()
    local code = "count() { for i in $(seq $1); do /bin/true < /dev/null; done; ls /proc/$PPID/fd | wc -l; }; "
      .. "count 20; count 200"
    local result = h.trace({"-q"}, {"/bin/sh", "-c", code})
    local before, after = result.out:match "(%d+)\n(%d+)"
    assert.is_true(tonumber(before) < 60, result.out)
    assert.equal(before, after)
  end)
end)
