-- SPDX-License-Identifier: MIT
--
-- Real programs under default.lua: they do what they do untraced, every byte is put down to the right file
-- or peer, and the lines and the summary say what a person would ask about.

local h <const> = require "tests.live.harness"
local account <const> = require "tests.live.account"
local programs <const> = require "tests.live.programs"

-- "a.b": how much was moved by or to whom, in the account; absent is 0.
local function amount(section, key, field)
  return (section[key] or {})[field] or 0
end

local function check_file(t, name, read, written)
  local file = t.account.files[t.dir .. "/" .. name] or {}
  assert.equal(read, file.read, name .. " read")
  assert.equal(written, file.written, name .. " written")
end

local function check_shown(t, text)
  assert.truthy(t.err:find(text, 1, true), ("no '%s' in\n%s"):format(text, t.err))
end

-- All that nginx logged as sent was received, from the right address.
local function check_nginx(t, peer)
  assert.equal(t.env:bytes_sent "/large", amount(t.account.peers, peer, "received"))
  local protocol, address = peer:match "^(%S+) (.*)$"
  assert.truthy(t.err:find(("connect %s [^\n]*%s"):format(protocol, h.literal(address))), t.err)
  assert.truthy(t.err:find(("%s → [^\n]*%s +sent %%d+ B, received 29%%d%%.%%d KB"):format(protocol,
    h.literal(address:match "[^/]+$"))), t.err) -- the summary; a long path may be cut
  check_file(t, "got", nil, 300000)
end

local function check_server(t)
  local server = h.tracee "tcp"
  for i, sent in ipairs {100, 5000} do
    local peer = "tcp4 127.0.0.1:" .. t.env.client_ports[i]
    assert.equal(1, amount(t.account.accepted, server, peer))
    assert.equal(sent, amount(t.account.peers, peer, "received"))
    assert.equal(2 * sent, amount(t.account.peers, peer, "sent"))
    assert.truthy(t.err:find("accept [^\n]*" .. h.literal(peer:match " (.*)")), t.err)
  end
end

-- What must be known about each program, by its name in programs.lua.
local checks <const> = {
  ["curl over IPv4"] = function(t) check_nginx(t, "tcp4 127.0.0.1:" .. t.env.port) end,
  ["curl over IPv6"] = function(t) check_nginx(t, "tcp6 [::1]:" .. t.env.port) end,
  ["curl over a unix socket"] = function(t) check_nginx(t, "unix " .. t.env.socket) end,

  ["git clone"] = function(t)
    for i = 1, 5 do
      check_file(t, "clone/file" .. i, nil, 1400)
    end
    check_shown(t, "git exec")
  end,

  ["gcc"] = function(t)
    for _, name in ipairs {"cc1", "as", "collect2", "ld[.%w]*"} do
      assert.truthy(t.err:find(("%%f[%%w]%s exec"):format(name)), name)
    end
    check_file(t, "main.c", #h.read_file(t.dir .. "/main.c"), nil)
    assert.truthy((t.account.files[t.dir .. "/main"] or {}).written)
  end,

  ["sh with a pipeline"] = function(t)
    local size = #h.read_file "/etc/hosts"
    assert.equal(size, t.account.files["/etc/hosts"].read)
    assert.equal(size, amount(t.account.pipes, "/usr/bin/cat", "written"))
    assert.equal(size, amount(t.account.pipes, "/usr/bin/wc", "read"))
    local answer = size .. "\n"
    assert.equal(answer, h.read_file(t.dir .. "/f"))
    check_file(t, "f", nil, #answer)
  end,

  ["python with threads"] = function(t)
    check_file(t, "source", 3000, nil)
    check_file(t, "target", nil, 3000)
    check_file(t, "log", nil, 2 * #"a line of a thread\n")
  end,

  ["python with multiprocessing"] = function(t)
    check_file(t, "worker0", nil, 1000)
    check_file(t, "worker1", nil, 2000)
    -- Each answer goes through a pipe, with its length in 4 bytes before it.
    assert.equal(2 * (4 + #"done 0"), amount(t.account.pipes, "/usr/bin/python3.11", "read"))
  end,

  ["node with fs.promises"] = function(t)
    check_file(t, "promised", 10000, 10000)
    check_file(t, "copied", nil, 10000)
  end,

  ["tar"] = function(t)
    check_file(t, "out.tar", nil, #h.read_file(t.dir .. "/out.tar"))
    for i = 1, 3 do
      check_file(t, ("tree%d/file"):format(i), 1000 * i, nil)
    end
  end,

  ["xz with threads"] = function(t)
    check_file(t, "large", #h.read_file(t.dir .. "/large"), nil)
    check_file(t, "large.xz", nil, #h.read_file(t.dir .. "/large.xz"))
  end,

  ["find"] = function(t)
    check_file(t, "stdout", nil, #h.read_file(t.dir .. "/stdout"))
  end,

  ["a static i386 program"] = function(t)
    check_file(t, "written", 7, 5 + 7)
    check_shown(t, "127.0.0.1:1")
    check_shown(t, "/nowhere/else")
  end,

  ["int 0x80 in a 64-bit program"] = function(t)
    check_file(t, "written", nil, 11)
  end,

  ["a threaded accept server"] = check_server,
  ["a forked accept server"] = check_server,
}

describe("default.lua with", function()
  after_each(h.clean)

  for _, user in ipairs(h.users) do
    for _, program in ipairs(programs) do
      if program.users[user] then
        it(("%s, as %s"):format(program.name, user), function()
          if program.cannot then
            pending(program.name .. ": " .. program.cannot)
          end
          local untraced = programs.with(program, user, h.run)
          local output = h.folder(user) .. "/account"
          local script = ("%s/witness.lua:out=%s"):format(h.scripts, output)
          local lines = h.folder(user) .. "/lines"
          local result, dir, env = programs.with(program, user, function(argv, options)
            return h.trace({"-s", "default.lua", "-s", script, "-o", lines}, argv, options)
          end)
          assert.equal(untraced.status, result.status, result.err)
          assert.equal(untraced.out, result.out)
          assert.truthy(result.err:find("Exit: " .. untraced.status, 1, true), result.err)
          checks[program.name] {account = account.normal(account.read(output)), err = result.err,
            dir = dir, env = env}
        end)
      end
    end
  end

  it("every program that is listed", function()
    for _, program in ipairs(programs) do
      assert.is_function(checks[program.name], program.name)
    end
  end)
end)
