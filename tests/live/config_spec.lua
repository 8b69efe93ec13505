-- SPDX-License-Identifier: MIT
--
-- Configuration files: what they say is done, the command line has the last word, and what is wrong in them is told with
-- file, line and remedy before anything is started.

local h <const> = require "tests.live.harness"

local home, project

before_each(function()
  home, project = h.folder(h.users[1]), h.folder(h.users[1])
end)
after_each(h.clean)

local function configure(text) h.write_file(project .. "/.compendium.yaml", text) end

local function run(options, command)
  return h.trace(options, command or {"/bin/cat", "/etc/hosts", "/etc/hostname"}, {cwd = project, env = {XDG_CONFIG_HOME = home}})
end

local function configure_user(text)
  assert(require("lfs").mkdir(home .. "/compendium"))
  h.write_file(home .. "/compendium/config.yaml", text)
end

describe("a configuration", function()
  it("says which scripts run when none is named", function()
    configure "scripts: [only-network]"
    assert.falsy(run({}).err:find "open +/etc/hosts")
    assert.truthy(run({"-s", "default"}).err:find "open +/etc/hosts")
    assert.truthy(run({"--no-config"}).err:find "open +/etc/hosts")
  end)

  it("has options of the command line, which overrules them", function()
    configure "options: {quiet: true, color: always}"
    local quiet = run({}).err
    assert.falsy(quiet:find "open +/etc/hosts", quiet)
    assert.truthy(quiet:find("\27[", 1, true))
    assert.falsy(run({"--color", "never"}).err:find("\27[", 1, true))
    assert.truthy(run({"-v"}).err:find "openat%(")
  end)

  it("hides what its noise rules name, and says so, without Lua", function()
    configure [[
noise:
  - name: hosts files
    why: everybody reads them
    types: [open, read, copy]
    paths: ["/etc/host*"]
  - off: locale
]]
    local result = run({}, {"/bin/cat", "/etc/hosts"})
    assert.falsy(result.err:find "open +/etc/hosts", result.err)
    assert.truthy(result.err:find "Hidden:[^\n]*hosts files %d", result.err)
    assert.falsy(result.err:find "Hidden:[^\n]*locale", result.err)
  end)

  it("of the project comes after that of the user", function()
    configure_user "scripts: [only-network]\noptions: {color: always}"
    local result = run {}
    assert.falsy(result.err:find "open +/etc/hosts", result.err)
    assert.truthy(result.err:find("\27[", 1, true))
    configure "scripts: default\noptions: {color: never}"
    result = run {}
    assert.truthy(result.err:find "open +/etc/hosts", result.err)
    assert.falsy(result.err:find("\27[", 1, true))
  end)

  it("takes out what must not be shown, from lines, summary and JSON", function()
    configure 'redact: ["token=(%w+)", "hunter2"]'
    local command = {"/bin/sh", "-c", "exec /bin/cat /tmp/token=abc123 /tmp/hunter2 2>/dev/null"} -- what it says itself has them
    for _, options in ipairs {{}, {"-v"}, {"--json"}} do
      local result = run(options, command)
      local said = result.err .. result.out
      assert.truthy(said:find("token=[redacted]", 1, true), said)
      assert.falsy(said:find("abc123", 1, true), said)
      assert.falsy(said:find("hunter2", 1, true), said)
    end
  end)

  it("chooses colours", function()
    configure "options: {color: always}\ncolours: {file: bold green}"
    assert.truthy(run({}).err:find("\27[1;32m", 1, true))
  end)

  it("that is wrong ends with file, line and what may have been meant", function()
    for text, expected in pairs {
      ["nosie: []"] = "%.compendium%.yaml:1: a configuration has no key 'nosie'; did you mean 'noise'%?",
      ["options:\n  colr: never"] = "%.compendium%.yaml:2: unknown option '%-%-colr=never'; did you mean %-%-color%?",
      ["options:\n  color: maybe"] = "%.compendium%.yaml:2: %-%-color 'maybe': must be one of: auto always never",
      ["options:\n  pid: 1"] = "%.compendium%.yaml:2: %-%-pid belongs on the command line",
      ["options: [quiet]"] = "%.compendium%.yaml:1: 'options' has options",
      ["scripts: {a: 1}"] = "%.compendium%.yaml:1: 'scripts' is a list",
      ["noise:\n  - name: x\n    types: [opn]\n    paths: [a]"] = "%.compendium%.yaml:3: there is no event 'opn'; did you mean 'open'",
      ["noise:\n  - naem: x"] = "%.compendium%.yaml:2: a noise rule has no key 'naem'; did you mean 'name'",
      ["noise:\n  - off: locals"] = "%.compendium%.yaml:2: .*locals",
      ["colours: {file: pinkish}"] = "%.compendium%.yaml:1: 'pinkish' is no colour",
      ["colours: {fiel: red}"] = "%.compendium%.yaml:1: nothing is coloured as 'fiel'",
      ['redact: ["%"]'] = "%.compendium%.yaml:1: '%%'",
      ['redact: ["a["]'] = "%.compendium%.yaml:1: 'a%[': malformed pattern: missing ']'",
      ["a: [1"] = "%.compendium%.yaml:%d: ",
      ["- 1"] = "%.compendium%.yaml:1: a configuration has keys",
    } do
      configure(text)
      local result = run({}, {"/bin/sh", "-c", "echo started"})
      assert.equal(125, result.status, text .. result.err)
      assert.equal("", result.out)
      assert.truthy(result.err:find(expected), text .. "\n" .. result.err)
      assert.equal(0, run({"--no-config", "-q"}).status)
    end
  end)

  it("may be empty", function()
    for _, text in ipairs {"", "# nothing\n", "---\n"} do
      configure(text)
      assert.truthy(run({}).err:find "open +/etc/hosts")
    end
  end)

  it("that others could have written is not used, which is said", function()
    configure "options: {quiet: true}"
    os.execute("chmod 666 " .. project .. "/.compendium.yaml")
    local result = run {}
    assert.truthy(result.err:find "%.compendium%.yaml is not used: others can write it", result.err)
    assert.truthy(result.err:find "open +/etc/hosts", result.err)
    if #h.users > 1 then
      os.execute("chmod 644 " .. project .. "/.compendium.yaml && chown nobody " .. project .. "/.compendium.yaml")
      result = run {}
      assert.truthy(result.err:find "%.compendium%.yaml is not used: it belongs to another user", result.err)
      assert.truthy(result.err:find "open +/etc/hosts", result.err)
    end
  end)
end)
