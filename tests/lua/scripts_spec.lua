-- SPDX-License-Identifier: MIT
--
-- Finding and running scripts, their options and what they may name.

package.path = "./tests/lua/?.lua;" .. package.path
local core = require "compendium.core"
local fresh = require "fresh"

local library, scripts, folder, warnings
local getenv, log = os.getenv, core.log

local function write(path, text, mode)
  assert(os.execute(("mkdir -p '%s'"):format(path:match "^.*/")))
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
  if mode then assert(os.execute(("chmod %s '%s'"):format(mode, path))) end
  return path
end

local function renew()
  library = fresh.library(fresh.events {})
  library "api"
  scripts = library "scripts"
end

before_each(function()
  folder = os.tmpname()
  os.remove(folder)
  warnings = {}
  rawset(os, "getenv", function(name) -- luacheck: ignore
    if name == "HOME" then return folder end
    return name ~= "XDG_CONFIG_HOME" and getenv(name) or nil
  end)
  core.log = function(_, text) warnings[#warnings + 1] = text end
  renew()
end)

after_each(function()
  rawset(os, "getenv", getenv)
  core.log = log
  os.execute(("rm -rf '%s'"):format(folder))
end)

-- Runs scripts as the command line names them: "s", FILE, "e", CODE ...
local function run(...)
  local given, words = {}, {...}
  for i = 1, #words, 2 do given[#given + 1] = {kind = words[i], text = words[i + 1]} end
  scripts.run_all(given)
  local result = package.loaded.result
  package.loaded.result = nil
  return result
end

local function failure(...)
  local ok, message = pcall(run, ...)
  assert.is_false(ok)
  return message
end

local RESULT <const> = "local r = package.loaded.result or {} package.loaded.result = r r[#r + 1] = "

describe("a script", function()
  it("is found by its path, with or without .lua", function()
    write(folder .. "/x.lua", RESULT .. "'x'")
    assert.same({"x"}, run("s", folder .. "/x.lua"))
    renew()
    assert.same({"x"}, run("s", folder .. "/x"))
  end)

  it("is found in the user's folder, which shadows the bundled ones", function()
    write(folder .. "/.config/compendium/mine.lua", RESULT .. "'mine'")
    assert.same({"mine"}, run("s", "mine"))
    write(folder .. "/.config/compendium/default.lua", RESULT .. "'my default'")
    assert.same({"my default"}, run("s", "default.lua"))
  end)

  it("in the user's folder may build on the bundled one of its name", function()
    write(folder .. "/.config/compendium/only-files.lua", RESULT .. "'mine' use 'only-files'")
    local used = {}
    scripts.env.filter = function() used[#used + 1] = "bundled" end
    package.loaded["compendium.output"] = {terminal = print, summary = print}
    rawset(scripts.env, "output", {terminal = function() end, summary = function() end})
    assert.same({"mine"}, run("s", "only-files"))
    assert.same({"bundled"}, used)
  end)

  it("is not run when others could have written it", function()
    write(folder .. "/.config/compendium/mine.lua", RESULT .. "'mine'", "666")
    assert.matches("^%-s mine: others can write it", failure("s", "mine"))
    assert.matches("mine.lua is not run: others can write it", warnings[1])
  end)

  it("is run though others could have written it, when it was named by its path", function()
    assert.same({"x"}, run("s", write(folder .. "/x.lua", RESULT .. "'x'", "666")))
  end)

  it("that is not there is an error that may know a better name", function()
    assert.matches("^%-s nope%-nope%-nope: not found", failure("s", "nope-nope-nope"))
    assert.matches("^%-s only%-file: not found; did you mean 'only%-files'%?", failure("s", "only-file"))
    assert.matches("^%-s /: ", failure("s", "/"))
  end)

  it("runs in the order given", function()
    write(folder .. "/a.lua", RESULT .. "'a'")
    assert.same({"1", "a", "2"}, run("e", RESULT .. "'1'", "s", folder .. "/a.lua", "e", RESULT .. "'2'"))
  end)

  it("of -e is found wrong at its own line", function()
    assert.matches("^%-e:2: syntax error near 'y'", failure("e", "\nx y"))
    assert.matches("^%-e:1: on purpose", failure("e", "error 'on purpose'"))
  end)

  it("of a file is found wrong at its own line", function()
    local path = write(folder .. "/bad.lua", "#!/usr/bin/env compendium\n\nlocal x = nil + 1")
    assert.matches("bad.lua:3: attempt to perform arithmetic", failure("s", path))
  end)

  it("may not be a binary", function()
    local path = write(folder .. "/b.lua", string.dump(function() end))
    assert.matches("attempt to load a binary chunk", failure("s", path))
  end)
end)

describe("use", function()
  it("runs another script first, once, beside the one that asks", function()
    write(folder .. "/lib.lua", RESULT .. "'lib'")
    write(folder .. "/a.lua", "use 'lib' use 'lib.lua' " .. RESULT .. "'a'")
    write(folder .. "/b.lua", "use './lib.lua' " .. RESULT .. "'b'")
    assert.same({"lib", "a"}, run("s", folder .. "/a.lua"))
    renew()
    assert.same({"lib", "b"}, run("s", folder .. "/b.lua"))
  end)

  it("of what is not there names the line", function()
    local path = write(folder .. "/a.lua", "\nuse 'nothing-like-it'")
    assert.matches("a.lua:2: use \"nothing%-like%-it\": not found", failure("s", path))
    assert.matches("must be a string, not nil", failure("e", "use(nil)"))
  end)

  it("of itself is an error", function()
    local path = write(folder .. "/self.lua", "use 'self'")
    assert.matches("it uses itself", failure("s", path))
  end)
end)

describe("an option", function()
  local function value(default, ...)
    return run("e", RESULT .. ("option('x', %s)"):format(default), ...)[1]
  end

  it("has its default's type", function()
    assert.equals(3, value "3")
    assert.equals("a b", value "'a b'")
    assert.equals(10000000, value "'10ms'")
    assert.equals(4096, value "'4k'")
    assert.is_false(value "false")
    assert.equals(7, value("3", "=", "x=7"))
    assert.equals(2.5, value("3", "=", "x=2.5"))
    assert.equals("7", value("'text'", "=", "x=7"))
    assert.equals(90000000000, value("'10ms'", "=", "x=1.5min"))
    assert.equals(100, value("'4k'", "=", "x=100"))
    assert.equals(1 << 30, value("'4k'", "=", "x=1G"))
    assert.is_true(value("false", "=", "x=yes"))
    assert.is_true(value("false", "=", "x"))
    assert.is_false(value("true", "=", "x=off"))
  end)

  it("is not given what its type does not allow", function()
    for default, text in pairs {["3"] = "many", ["'10ms'"] = "4k", ["'4k'"] = "10ms", ["true"] = "perhaps"} do
      local _, message = pcall(value, default, "=", "x=" .. text)
      assert.matches(("^%%-%%-set x=%s: '%s' is not a value for option 'x' of %%-e"):format(text, text), message)
    end
  end)

  it("can be given to one script, or to all", function()
    local code = RESULT .. "option('x', 'none')"
    write(folder .. "/a.lua", code)
    write(folder .. "/b.lua", code)
    local a, b = folder .. "/a.lua", folder .. "/b.lua"
    assert.same({"1", "none"}, run("s", a .. ":x=1", "s", b))
    renew()
    assert.same({"2", "3,4"}, run("=", "x=2", "s", a, "s", b .. ":x=3,4"))
  end)

  it("can be given by the script's name", function()
    write(folder .. "/a.lua", RESULT .. "option('x', 'none')")
    assert.same({"5"}, run("=", "a.x=5", "s", folder .. "/a.lua"))
  end)

  it("that no script has is an error with the nearest and all", function()
    assert.matches("^%-%-set slwo=1: there is no option 'slwo'; did you mean 'slow'%? %(there are %-e.slow=10ms%)",
      failure("=", "slwo=1", "e", "option('slow', '10ms')"))
    assert.matches("name=value expected", failure("=", "=1", "e", ""))
  end)

  it("is an error when no script has any", function()
    assert.matches("^%-%-set x=1: there is no option 'x' %(the scripts have none%)", failure("=", "x=1", "e", ""))
  end)

  it("needs a default of a type that can be given", function()
    assert.matches("%-e:1: the default of option 'x' gives its type: .* not function", failure("e", "option('x', print)"))
    assert.matches("not nil", failure("e", "option 'x'"))
    assert.matches("%-e:1: the default of option 'x' is a list of texts, not of a number", failure("e", "option('x', {1})"))
  end)

  it("is a list when its default is one", function()
    assert.same({}, value "{}")
    assert.same({"a", "b c"}, value "{'a', 'b c'}")
    assert.same({"read", "write"}, value("{}", "=", "x=read, write,"))
    assert.same({"/tmp/**"}, value("{'a', 'b'}", "=", "x=/tmp/**"))
    assert.same({}, value("{'a'}", "=", "x="))
    write(folder .. "/l.lua", RESULT .. "option('x', {'z'})")
    renew()
    assert.same({{"read", "write"}}, run("s", folder .. "/l.lua:x=read,write"))
    assert.matches("there are .*%-e.x=a,b%)", failure("=", "y=1", "e", "option('x', {'a', 'b'})"))
  end)

  it("does not take the colon of a file's name", function()
    assert.same({"none"}, run("s", write(folder .. "/a:x=1", RESULT .. "option('x', 'none')")))
  end)
end)

describe("a global", function()
  it("that is not there is an error when read, and when set", function()
    assert.matches("^%-e:2: there is no global 'prnt'; did you mean 'print'%?", failure("e", "\nprnt()"))
    assert.matches("^%-e:1: 'count' is no global: declare it local", failure("e", "count = 1"))
    assert.matches("no global 'fliter'; did you mean 'filter'%?", failure("e", "fliter()"))
  end)

  it("of scripts is not one of the library", function()
    run("e", "rawset(_G, 'leaked', 1)")
    assert.is_nil(rawget(_G, "leaked"))
  end)

  it("is there for code that a script loads", function()
    write(folder .. "/part.lua", RESULT .. "type(on)")
    assert.same({"function", "function"},
      run("e", RESULT .. "load 'return type(on)'() dofile '" .. folder .. "/part.lua'"))
  end)

  it("is a field of require 'compendium' as well", function()
    assert.same({true}, run("e", RESULT .. "require('compendium.api').on == on"))
    assert.matches("compendium has no 'onn'; did you mean 'on'%?", failure("e", "local x = require('compendium.api').onn"))
  end)
end)

describe("sink and want", function()
  it("refuse what they do not know", function()
    assert.matches("%-e:1: a sink has no 'evnt'; did you mean 'event'%?", failure("e", "sink{evnt = print}"))
    assert.matches("a sink's 'event' must be a function, not string", failure("e", "sink{event = 'x'}"))
    assert.matches("a sink must be a table, not nil", failure("e", "sink()"))
    assert.matches("what can be wanted is \"data\"", failure("e", "want 'date'"))
    assert.matches("how much of it", failure("e", "want('data', 'lots')"))
    assert.matches("how much of it", failure("e", "want('data', 0)"))
  end)
end)

describe("-f", function()
  local compile

  before_each(function() compile = library("api_filter").compile end)

  local function passes(expression, spec)
    local test = compile(expression, scripts.env)
    return core.test_event(spec, test)
  end

  it("has the event's fields as variables, and a script's globals", function()
    local spec = {call = "openat", ret = 3, type = "open", pieces = {{arg = 2, bytes = "/etc/x"}}}
    core.field("path", function(e) return e.args[2] end)
    assert.is_true(passes("type == 'open' and ret > 2", spec))
    assert.is_false(passes("type == 'open' and ret > 3", spec))
    assert.is_true(passes("path:match '^/etc' and math.abs(-1) == 1", spec))
    assert.is_true(passes("(function(p) return p end)(path) == path", spec))
    assert.is_true(passes("'nosuch' .. \"other'\" ~= path", spec))
    assert.is_false(passes("error", spec))
    assert.is_true(passes("not error -- a comment", spec))
  end)

  it("says in one line what is wrong", function()
    for expression, message in pairs {
      ["typ == 1"] = "^%-f 'typ == 1': an event has no field 'typ'; did you mean 'type'%?$",
      ["type =="] = "^%-f 'type ==': unexpected symbol near <eof>$",
      ["1) or (2"] = "^%-f '1%) or %(2': .*near '%)'$",
      ["x = 1"] = "^%-f 'x = 1': ",
      [""] = "^%-f '': ",
    } do
      local ok, found = pcall(compile, expression, scripts.env)
      assert.is_false(ok)
      assert.matches(message, found)
    end
  end)
end)
