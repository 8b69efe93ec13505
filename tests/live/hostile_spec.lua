-- SPDX-License-Identifier: MIT
--
-- Names a program chooses can be anything. A person sees each on one line and cannot be fooled by it;
-- a script gets the bytes as they are.

local h <const> = require "tests.live.harness"

-- What must never reach a terminal: control characters, and those that turn text round.
local function check_harmless(text)
  assert.falsy(text:gsub("\n", ""):find "%c", "a control character")
  assert.truthy(utf8.len(text), "not UTF-8")
  for _, code in utf8.codes(text) do
    local turns = code >= 0x200e and code <= 0x200f or code >= 0x202a and code <= 0x202e
      or code >= 0x2066 and code <= 0x2069 or code == 0x2028 or code == 0x2029 or code == 0x61c
      or code >= 0x80 and code <= 0x9f
    assert.is_false(turns, ("U+%04X"):format(code))
  end
end

local NAMES <const> = {
  ["an escape sequence"] = "red\27[31m\27]0;title\7",
  ["a newline and a carriage return"] = "two\nlines\rof it",
  ["a line that looks like ours"] = "x\n[+0.001s] open    shadow (read)",
  ["no UTF-8"] = "bad\255\254\192\128\237\160\128",
  ["bidi controls"] = "cod\u{202e}txt.exe\u{202c}\u{2066}\u{200f}",
  ["line separators and C1 controls"] = "a\u{2028}b\u{85}c\u{9b}31m",
  ["a NUL's neighbours"] = "\1\2\127\b\v",
  ["quotes and backslashes"] = "a\"b'c\\d\\x41 \\n",
  ["a tab and blanks"] = " a\tb  ",
}

-- Traces `cat NAME` with default.lua and with a script that writes down paths and arguments as they are.
local function trace(dir, command)
  local seen = dir .. "/seen"
  local code = ([[
    local file = assert(io.open(%q, "wb"))
    on("open", function(e) if e.path then file:write(#e.path, ":", e.path) end end)
    on("exec", function(e) for _, a in ipairs(e.argv or {}) do file:write(#a, ":", a) end end)
    on("finish", function() file:close() end)]]):format(seen)
  local result = h.trace({"-s", "default.lua", "-e", code, "-o", dir .. "/lines"}, command, {cwd = dir})
  return result, h.read_file(seen)
end

local function lines_with(text, pattern)
  local count = 0
  for line in text:gmatch "[^\n]+" do
    count = count + (line:find(pattern) and 1 or 0)
  end
  return count
end

describe("a name with", function()
  after_each(h.clean)

  for what, name in pairs(NAMES) do
    it(what .. " is one harmless line, and whole for a script", function()
      local dir = h.folder(h.users[1])
      h.write_file(dir .. "/" .. name, "content")
      local path = dir .. "/" .. name
      local result, seen = trace(dir, {"/bin/cat", path})
      assert.equal(0, result.status, result.err)
      assert.equal("content", result.out)
      for _, text in ipairs {result.err, h.read_file(dir .. "/lines")} do
        check_harmless(text)
        assert.equal(1, lines_with(text, "^%[[^%]]*%] +open .*" .. h.literal(dir .. "/")), text)
      end
      assert.truthy(seen:find(#path .. ":" .. path, 1, true), "the script's path")
    end)
  end

  it("4 KiB is one line, and whole for a script", function()
    local dir = h.folder(h.users[1])
    local path = "/" .. (("n"):rep(99) .. "/"):rep(40) .. ("z"):rep(94) -- 4095 bytes: the longest there is
    assert.equal(4095, #path)
    local result, seen = trace(dir, {"/bin/cat", path})
    assert.equal(1, result.status, result.err)
    check_harmless((result.err:gsub("cat: [^\n]*", "")))
    assert.truthy(seen:find("4095:" .. path, 1, true))
    assert.equal(1, lines_with(h.read_file(dir .. "/lines"), "open .*nnnn.*ENOENT"))
  end)
end)

describe("a program with a hostile", function()
  after_each(h.clean)

  it("name is harmless in every line", function()
    local dir = h.folder(h.users[1])
    local program = dir .. "/ev\27[2Jil\nname\255"
    h.write_file(program, h.read_file "/bin/sh", 493)
    local result = trace(dir, {program, "-c", "cat /etc/hosts > copy & wait; kill -TERM $$"})
    assert.equal(15, result.signal, result.err)
    check_harmless(result.err)
    check_harmless(h.read_file(dir .. "/lines"))
  end)

  it("argument is harmless in the summary's title", function()
    local dir = h.folder(h.users[1])
    local result, seen = trace(dir, {"/bin/true", "\27[31m\nFINAL", "\255"})
    assert.equal(0, result.status)
    check_harmless(result.err)
    assert.truthy(seen:find("11:\27[31m\nFINAL1:\255", 1, true))
  end)

  it("thread name, socket name and link is harmless with -v too", function()
    local dir = h.folder(h.users[1])
    local code = [[
import ctypes, os, socket, sys
ctypes.CDLL(None).prctl(15, b"t\x1b[1m\n\xff", 0, 0, 0)
for name in (b"\0abs\x1b[1m\n\xff", sys.argv[1].encode() + b"/sock\x1b\n"):
    server = socket.socket(socket.AF_UNIX)
    server.bind(name)
    server.listen()
    client = socket.socket(socket.AF_UNIX)
    client.connect(name)
    client.send(b"\x1b[31m\n\xff")
os.symlink(b"\x1b[1m\n\xff", sys.argv[1].encode() + b"/link")
os.readlink(sys.argv[1].encode() + b"/link")
os.mkdir(sys.argv[1].encode() + b"/dir\x1b\n")
os.chdir(sys.argv[1].encode() + b"/dir\x1b\n")
os.close(os.open("x", os.O_CREAT))
]]
    for _, arguments in ipairs {{}, {"-v"}} do
      local work = h.folder(h.users[1])
      local result = h.trace(arguments, {"/usr/bin/python3", "-c", code, work}, {cwd = dir})
      assert.equal(0, result.status, result.err)
      check_harmless(result.err)
      assert.truthy(result.err:find("/sock\\x1b\\n", 1, true), result.err)
    end
  end)
end)
