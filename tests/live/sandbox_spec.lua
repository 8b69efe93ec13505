-- SPDX-License-Identifier: MIT
--
-- --sandbox: scripts from elsewhere see what the program does and reach nothing else. And what any script is
-- limited in: time and memory.

local h <const> = require "tests.live.harness"

local function run(code, options)
  return h.trace(h.join(options or {"--sandbox"}, {"-e", code}), {"/bin/cat", "/etc/hosts"})
end

describe("a script in the sandbox", function()
  after_each(h.clean)

  it("sees, filters, sums up, refuses and delays", function()
    local result = run [[use "default"
      local n = 0
      on("open", function(e) n = n + 1 end)
      filter("read", function(e) return e.bytes > 0 end)
      on("enter:openat", function(e) if e.path == "/etc/hosts" then e:delay "1ms" e:deny "EACCES" end end)
      on("finish", function() print(n > 0, os.time() > 0, ("x"):rep(3), require("compendium").format.bytes(2048)) end)]]
    assert.truthy(result.out:find("true\ttrue\txxx\t2.0 KB\n", 1, true), result.out .. result.err)
    assert.truthy(result.err:find "open +/etc/hosts %(read%) %(tampered%) [^\n]*EACCES", result.err)
  end)

  it("reaches no file, process, code, or inside of the library", function()
    for code, expected in pairs {
      ["io.open '/etc/passwd'"] = "'io' is not there with %-%-sandbox",
      ["save('/tmp/x', 'x')"] = "'save' is not there with %-%-sandbox",
      ["require('compendium').save('/tmp/x', 'x')"] = "compendium.save is not there",
      ["require('compendium').again.run('default', {})"] = "compendium.again is not there",
      ["os.execute 'true'"] = "nil value %(field 'execute'%)",
      ["os.remove '/x'"] = "nil value %(field 'remove'%)",
      ["os.getenv 'HOME'"] = "nil value %(field 'getenv'%)",
      ["load 'return 1'"] = "'load' is not there",
      ["loadfile '/etc/passwd'"] = "'loadfile' is not there",
      ["dofile '/etc/passwd'"] = "'dofile' is not there",
      ["debug.getregistry()"] = "'debug' is not there",
      ["package.loadlib('x', 'y')"] = "'package' is not there",
      ["require 'compendium.core'"] = 'require "compendium.core" is not there',
      ["require 'io'"] = 'require "io" is not there',
      ["require('compendium').terminal.open({}, '/tmp/x')"] = "compendium.terminal is not there",
      ["output.chosen {output = '/tmp/x'}"] = "nil value %(field 'chosen'%)",
      ["json.open {output = '/tmp/x'}"] = "attempt to index a function value",
      ["require('compendium').on = print"] = "the API cannot be changed",
      ["getmetatable('')"] = "'getmetatable' is not there",
      ["_G.io.open 'x'"] = "'io' is not there",
      ["on('enter:openat', function(e) e:write(1, 'x') end)"] = "e:write%(%) is not there",
      ["on('enter:openat', function(e) e:set('pathname', 'x') end)"] = "e:set%(%) is not there",
    } do
      local result = run(code)
      assert.truthy(result.err:find(expected), code .. "\n" .. result.err)
      local free = run(code:gsub("dofile.*", ""):gsub("loadfile.*", ""), {})
      assert.falsy(free.err:find("sandbox", 1, true), code .. "\n" .. free.err)
    end
  end)

  it("cannot change what the library uses", function()
    local result = run [[use "default"
      string.find = function() error "mine" end
      table.concat = function() error "mine" end]]
    assert.falsy(result.err:find("mine", 1, true), result.err)
    assert.truthy(result.err:find "open +/etc/hosts", result.err)
  end)

  it("is text, never compiled code", function()
    local path = h.folder(h.users[1]) .. "/x.lua"
    h.write_file(path, string.dump(function() return 1 end))
    local result = h.trace({"-s", path}, {"/bin/true"})
    assert.equal(125, result.status)
    assert.truthy(result.err:find("attempt to load a binary chunk", 1, true), result.err)
  end)
end)

describe("a script", function()
  after_each(h.clean)

  it("that keeps everything is stopped at a gigabyte, and the trace goes on", function()
    if h.is_sanitized then pending "AddressSanitizer needs several times the memory" end
    local result = run([[use "default"
      local kept = {}
      on("open", function(e) while true do kept[#kept + 1] = ("x"):rep(8 << 20) .. #kept end end)]], {})
    assert.truthy(result.err:find "scripts may have 1024 MB; it is not called again", result.err)
    assert.truthy(result.err:find "open +/etc/hosts", result.err)
    assert.truthy(result.err:find "Hooks that failed: 1", result.err)
    assert.equal(0, result.status)
  end)

  it("is stopped so in whatever it registered", function()
    if h.is_sanitized then pending "AddressSanitizer needs several times the memory" end
    for _, code in ipairs {"sink {name = 'mine', events = 'open', event = keep}", "on('every:1ms', keep)"} do
      local result = run([[local kept = {}
        local function keep() for i = 1, 160 do kept[i] = ("x"):rep(8 << 20) .. i end end
        on("open", function() end) ]] .. code, {})
      assert.truthy(result.err:find "scripts may have 1024 MB; it is not called again", code .. result.err)
    end
  end)

  it("has the same sequence of random numbers for the same seed", function()
    local code = [[local a, b, c = random(42), random(42), random(43)
      local same, other = true, false
      for i = 1, 1000 do
        local x, y, z = a(10), b(10), c(10)
        same, other = same and x == y and x >= 1 and x <= 10, other or x ~= z
      end
      local f, n = a(), a(-3, 3)
      print(same, other, f >= 0 and f < 1, n >= -3 and n <= 3)]]
    assert.truthy(run(code, {"-q"}).out:find("true\ttrue\ttrue\ttrue\n", 1, true))
  end)
end)
