-- SPDX-License-Identifier: MIT
--
-- The bundled scripts, each on a program where it must find something and on one where it must not, live and, when it
-- does not act, on a recording of that run and with the bpf backend. The rows are in library.lua.

local h <const> = require "tests.live.harness"
local rows <const> = require "tests.live.library"
local services <const> = require "tests.live.services"

local DNS <const> = [[
import socket, struct
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(('127.0.0.1', 0))
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.connect(server.getsockname())
name = b'\x07example\x03com\x00' + struct.pack('>HH', 1, 1)
client.send(struct.pack('>HHHHHH', 77, 0x100, 1, 0, 0, 0) + name)
_, peer = server.recvfrom(512)
answer = b'\xc0\x0c' + struct.pack('>HHIH', 1, 1, 60, 4) + bytes([93, 184, 216, 34])
server.sendto(struct.pack('>HHHHHH', 77, 0x8180, 1, 1, 0, 0) + name + answer, peer)
client.recv(512)
]]

local nginx

local function fill(text, dir)
  return (text:gsub("%$(%w+)", {
    DIR = dir, PORT = nginx and tostring(nginx.port) or "1", CURL = h.which.curl, GCC = h.which.gcc, PYTHON = h.which.python3,
    careless = h.tracee "careless", spinning = h.tracee "spinning", deep = h.tracee "deep",
  }))
end

local function prepare()
  local dir = h.folder(h.users[1])
  h.write_file(dir .. "/here", "content\n")
  h.write_file(dir .. "/big", ("0123456789"):rep(10000))
  h.write_file(dir .. "/conf.yaml", "a: 1\n")
  h.write_file(dir .. "/one.c", '#include "one.h"\nint one(void) { return ONE; }\n')
  h.write_file(dir .. "/one.h", "#define ONE 1\n")
  h.write_file(dir .. "/dns.py", DNS)
  return dir
end

-- Runs a row's command; returns all that was written.
local function run(row, command, options)
  local dir, words = prepare(), {}
  for i, word in ipairs(command) do words[i] = fill(word, dir) end
  local arguments = h.join(options or {}, {"-s", fill(row.script, dir)})
  local result = h.trace(arguments, words, {cwd = dir, env = {PATH = "/usr/local/bin:/usr/bin:/bin"}})
  assert.falsy(result.err:find "[Hh]ooks? that failed", result.err)
  assert.falsy(result.err:find "stack traceback", result.err)
  return result.out .. "\n" .. result.err, result.status or -result.signal
end

local function check(text, patterns, is_there)
  for i = 2, #patterns do
    assert[is_there and "truthy" or "falsy"](text:find(patterns[i]), patterns[i] .. "\n" .. text:sub(-3000))
  end
end

describe("the bundled script", function()
  setup(function() nginx = services.nginx(h.users[1]) end)
  teardown(function()
    nginx:stop()
    h.clean()
  end)

  for _, row in ipairs(rows) do
    it(row.script .. " finds what is there, and nothing else", function()
      local recording = h.folder(h.users[1]) .. "/run.cpd"
      local text, status = run(row, row.finds[1], not row.acts and {"--record", recording} or {})
      check(text, row.finds, true)
      assert.equal(row.status or 0, status, text)
      check(run(row, row.quiet[1]), row.quiet, false)
      if row.acts then return end
      local replay = h.trace {"--replay", recording, "-s", fill(row.script, "/")}
      check(replay.out .. "\n" .. replay.err, row.finds, true)
      if h.users[1] == "root" and not row.stops then check(run(row, row.finds[1], {"--backend", "bpf"}), row.finds, true) end
    end)
  end

  it("is in this list", function()
    local listed = {}
    for _, row in ipairs(rows) do listed[row.script:match "^[^:]*"] = true end
    for name in h.run({h.compendium, "--list-scripts"}).out:gmatch "([%w_-]+) [^\n]*\n" do
      local has_own = name:find "^only%-" or name == "default" or name == "diff" or name == "perfetto"
      assert.truthy(listed[name] or has_own, name .. " has no test")
    end
  end)
end)
