-- SPDX-License-Identifier: MIT
--
-- The live line of each event, how lines of one descriptor become one, and what is painted.

package.path = "tests/lua/?.lua;" .. package.path
local fake = require "fake_core"

local host, lines

local function text(fields)
  return lines.text(fake.event(fields))
end

describe("lines", function()
  before_each(function()
    host = fake.new {options = {command = {"curl", "-s", "https://example.com"}}}
    lines = host.load("lines")
  end)

  it("are words of a person", function()
    local cases = {
      ["open    /etc/resolv.conf (read)"] = {type = "open", path = "/etc/resolv.conf", flags = 0x80000},
      ["open    /tmp/f (write, create, truncate)"] =
        {type = "open", path = "/tmp/f", flags = 0x241, created = true},
      ["open    /tmp/log (read, write, append)"] = {type = "open", path = "/tmp/log", flags = 0x402},
      ["open    / (directory)"] = {type = "open", path = "/", flags = 0x10000},
      ["send        29 B → udp4 10.0.0.2:53"] = {type = "send", bytes = 29, protocol = "udp4", remote = "10.0.0.2:53"},
      ["recv      2.6 KB ← tcp4 1.2.3.4:443"] =
        {type = "recv", bytes = 2650, protocol = "tcp4", remote = "1.2.3.4:443"},
      ["connect tcp4 → 93.184.216.34:443"] = {type = "connect", protocol = "tcp4", remote = "93.184.216.34:443"},
      ["connect tcp6 → [::1]:80 (in progress)"] =
        {type = "connect", protocol = "tcp6", remote = "[::1]:80", in_progress = true, error = "EINPROGRESS"},
      ["accept  tcp4 ← 10.0.0.9:5000"] = {type = "accept", protocol = "tcp4", remote = "10.0.0.9:5000"},
      ["listen  tcp4 0.0.0.0:80"] = {type = "listen", protocol = "tcp4", ["local"] = "0.0.0.0:80"},
      ["write       12 B → stdout (/dev/pts/1)"] =
        {type = "write", bytes = 12, fd = 1, path = "/dev/pts/1", file = {kind = "tty", name = "/dev/pts/1"}},
      ["write       12 B → stdout (pipe 7)"] =
        {type = "write", bytes = 12, fd = 1, file = {kind = "pipe", name = "pipe", pipe = {id = 7}}},
      ["write       12 B → /tmp/out"] =
        {type = "write", bytes = 12, fd = 1, path = "/tmp/out", file = {kind = "file", name = "/tmp/out"}},
      ["read         0 B ← fd 9"] = {type = "read", bytes = 0, fd = 9},
      ["rename  /a → /b"] = {type = "rename", path = "/a", to = "/b"},
      ["remove  /d (directory)"] = {type = "remove", path = "/d", directory = true},
      ["chmod   /f 0755"] = {type = "chmod", path = "/f", mode = 493},
      ["fork    → 4711"] = {type = "fork", child = 4711},
      ["exit    0"] = {type = "exit", code = 0, whole = true},
      ["exit    killed by SIGSEGV (core dumped)"] = {type = "exit", signal = "SIGSEGV", core = true, whole = true},
      ["signal  SIGTERM ← 12"] = {type = "signal", signal = "SIGTERM", number = 15, sender = 12},
      ["lost    12 events"] = {type = "lost", count = 12},
      ["─── curl exec ───"] = {type = "exec", exe = "/usr/bin/curl", argv = {"curl", "-s", "https://example.com"}},
      ["─── wc exec ─── wc -c 'a b'"] = {type = "exec", exe = "/usr/bin/wc", argv = {"wc", "-c", "a b"}},
    }
    for expected, fields in pairs(cases) do assert.equal(expected, text(fields)) end
  end)

  it("exist for every type, whatever is missing", function()
    for _, type in ipairs(lines.types()) do
      assert.equal("string", _G.type(text {type = type}))
      assert.equal("string", _G.type(text {type = type, error = "ENOENT"}))
    end
    for type, row in pairs(host.load("events").types) do
      if type ~= "note" and not row.asked then assert.truthy(text {type = type}, type) end
    end
  end)

  it("escape names and cut long ones, which the event keeps whole", function()
    local event = fake.event {type = "open", path = "/tmp/\27[2J\n" .. ("x"):rep(4096) .. "/end", flags = 0}
    local line = lines.text(event)
    assert.truthy(line:find("/tmp/\\x1b[2J\\n", 1, true))
    assert.truthy(line:find("/end (read)", 1, true))
    assert.truthy(#line < 300)
    assert.equal(4096 + 14, #event.path)
  end)

  it("say when a call did not end, or was tampered with", function()
    assert.equal("open    /x (read) (unfinished)", text {type = "open", path = "/x", unfinished = true})
    assert.equal("open    /x (read) (tampered)", text {type = "open", path = "/x", tampered = true})
  end)

  it("are replaced by a script's; nil keeps the default, an error too, said once", function()
    lines.override("open", function(e) return e.path == "/a" and "OPEN \27 " .. e.path or nil end)
    assert.equal("OPEN \\x1b /a", text {type = "open", path = "/a"})
    assert.equal("open    /b (read)", text {type = "open", path = "/b"})
    lines.override("close", function() error "broken" end)
    assert.equal("close   /b", text {type = "close", path = "/b"})
    assert.equal("close   /c", text {type = "close", path = "/c"})
    assert.equal(1, #host.logged)
    assert.truthy(host.logged[1]:find("broken", 1, true))
    assert.equal(1, lines.failures())
  end)

  it("are ASCII where the locale is", function()
    host = fake.new {ascii = true}
    lines = host.load("lines")
    assert.equal("send        29 B -> udp4 10.0.0.2:53",
      text {type = "send", bytes = 29, protocol = "udp4", remote = "10.0.0.2:53"})
  end)
end)

local live, terminal, alive

local function begin(given)
  given = given or {}
  given.options = given.options or {command = {"prog"}, color = "auto"}
  host = fake.new(given)
  alive = 1
  package.loaded["compendium.processes"] = {alive = function() return alive end}
  host.load("noise").off()
  terminal, live = host.load("terminal"), host.load("live")
  terminal.open(given.options, given.options.output)
  live.start {}
end

local function happen(fields)
  live.event(fake.event(fields))
end

local function written()
  local list = {}
  for line in host.text():gmatch("[^\n]+") do list[#list + 1] = line end
  table.remove(list, 1) -- the banner
  return list
end

local FILE_A <const>, FILE_B <const> = {kind = "file", name = "/a"}, {kind = "file", name = "/b"}

local function read(fields)
  happen {type = "read", fd = 3, file = FILE_A, path = "/a", bytes = fields[1], tid = fields.tid, time = fields.time}
end

local function write(fields)
  happen {type = "write", fd = 4, file = FILE_B, path = "/b", bytes = fields[1], tid = fields.tid, time = fields.time}
end

describe("live", function()
  before_each(function() begin() end)

  it("says what is traced", function()
    begin {options = {command = {"sh", "-c", "a b"}}}
    assert.equal("compendium: tracing sh -c 'a b'\n", host.text())
    begin {options = {pids = {12, 13}}}
    assert.truthy(host.text():find("tracing processes 12, 13;", 1, true))
  end)

  it("shows time, and the pid while there is more than one task", function()
    happen {type = "open", path = "/x", time = 3000000}
    alive = 2
    happen {type = "open", path = "/y", time = 301000000, pid = 4711, tid = 4711, error = "ENOENT"}
    happen {type = "open", path = "/z", time = 302000000, pid = 4711, tid = 4713}
    assert.same({
      "[+0.003s] open    /x (read)", "[+0.301s] [4711] open    /y (read) ✗ ENOENT",
      "[+0.302s] [4711/4713] open    /z (read)",
    }, written())
  end)

  it("shows the pid of whoever is left when the command is gone", function()
    terminal.sink.start {pid = 4711}
    happen {type = "open", path = "/x", time = 1000000, pid = 4711, tid = 4711}
    happen {type = "open", path = "/y", time = 2000000, pid = 4712, tid = 4712}
    assert.same({"[+0.001s] open    /x (read)", "[+0.002s] [4712] open    /y (read)"}, written())
  end)

  it("gives a call the time at which it ended", function()
    happen {type = "open", path = "/x", time = 3000000, duration = 2000000}
    assert.same({"[+0.005s] open    /x (read)"}, written())
  end)

  it("makes one line of reads in a row, written when something else is shown", function()
    read {1000, time = 1000000}
    read {1000, time = 2000000}
    read {48, time = 3000000}
    assert.same({}, written())
    happen {type = "open", path = "/x", time = 4000000}
    assert.same({"[+0.001s] read      2.0 KB ← /a  (3 calls)", "[+0.004s] open    /x (read)"}, written())
  end)

  it("makes two lines of a copying loop", function()
    for i = 1, 50 do
      read {100, time = i * 1000000}
      write {100, time = i * 1000000}
    end
    live.finish {}
    assert.same({
      "[+0.001s] read      4.9 KB ← /a  (50 calls)", "[+0.001s] write     4.9 KB → /b  (50 calls)",
    }, written())
  end)

  it("keeps a conversation apart", function()
    local socket = {kind = "socket", name = "tcp4"}
    for _, type in ipairs {"send", "recv", "recv", "send"} do
      happen {type = type, fd = 5, file = socket, protocol = "tcp4", remote = "1.2.3.4:80", bytes = 10}
    end
    live.finish {}
    assert.same({
      "[+0.000s] send        10 B → tcp4 1.2.3.4:80", "[+0.000s] recv        20 B ← tcp4 1.2.3.4:80  (2 calls)",
      "[+0.000s] send        10 B → tcp4 1.2.3.4:80",
    }, written())
  end)

  it("does not mix peers of a datagram socket, files of one number, tasks, or failures", function()
    local socket = {kind = "socket", name = "udp4"}
    happen {type = "send", fd = 5, file = socket, protocol = "udp4", remote = "1.1.1.1:53", bytes = 1}
    happen {type = "send", fd = 5, file = socket, protocol = "udp4", remote = "2.2.2.2:53", bytes = 2}
    happen {type = "read", fd = 3, file = FILE_A, path = "/a", bytes = 3}
    happen {type = "read", fd = 3, file = FILE_B, path = "/b", bytes = 4}
    happen {type = "read", fd = 3, file = FILE_B, path = "/b", bytes = 5, tid = 101}
    happen {type = "read", fd = 3, file = FILE_B, path = "/b", error = "EIO"}
    live.finish {}
    local all = table.concat(written(), "\n")
    for _, part in ipairs {"1 B → udp4 1.1.1.1:53", "2 B → udp4 2.2.2.2:53", "3 B ← /a", "4 B ← /b", "5 B ← /b",
      "read             ← /b ✗ EIO"} do
      assert.truthy(all:find(part, 1, true), part .. " in\n" .. all)
    end
    assert.falsy(all:find("calls", 1, true))
  end)

  it("keeps lines in the order in which things began, across tasks", function()
    read {10, tid = 1, time = 1000000}
    happen {type = "open", path = "/x", tid = 2, time = 2000000}
    read {10, tid = 1, time = 3000000}
    assert.same({}, written())
    happen {type = "open", path = "/y", tid = 1, time = 4000000}
    assert.same({
      "[+0.001s] read        20 B ← /a  (2 calls)", "[+0.002s] open    /x (read)", "[+0.004s] open    /y (read)",
    }, written())
  end)

  it("does not keep a person waiting", function()
    read {10, time = 1000000}
    host.now = 100000000
    host.timers[1]()
    assert.same({}, written())
    host.now = 200000000
    host.timers[1]()
    assert.equal(1, #written())
    read {10, time = 210000000}
    host.now = 400000000
    host.timers[1]()
    assert.equal(1, #written()) -- a long run is told less often
    host.now = 600000000
    host.timers[1]()
    assert.equal(2, #written())
  end)

  it("loses nothing at the end, nor when ten thousand lines wait", function()
    read {10, tid = 1}
    for i = 1, 10000 do happen {type = "open", path = "/" .. i, tid = 2} end
    assert.truthy(#written() >= 9000)
    live.finish {}
    assert.equal(10001, #written())
  end)

  it("sees each transfer when a script wants its own line for them", function()
    host.load("lines").override("read", function(e) return "READ " .. e.bytes end)
    read {1}
    read {2}
    assert.same({"[+0.000s] READ 1", "[+0.000s] READ 2"}, written())
  end)

  it("counts every byte whatever the order of things", function()
    math.randomseed(3)
    local sum, files = 0, {FILE_A, FILE_B}
    for i = 1, 3000 do
      local file = files[math.random(2)]
      local bytes = math.random(1, 1000)
      happen {type = math.random(2) == 1 and "read" or "write", fd = math.random(3, 5), file = file, path = file.name,
        bytes = bytes, tid = math.random(3), time = i * 100000}
      sum = sum + bytes
      if math.random(20) == 1 then happen {type = "open", path = "/x", tid = math.random(3), time = i * 100000} end
      if math.random(50) == 1 then
        host.now = i * 100000
        host.timers[1]()
      end
    end
    live.finish {}
    local shown, unit = 0, {B = 1, KB = 1024, MB = 1048576}
    for line in host.text():gmatch("[^\n]+") do
      local number, name = line:match("%s([%d.]+) (%u+) [←→]")
      if number then shown = shown + number * unit[name] end
    end
    assert.truthy(math.abs(shown - sum) / sum < 0.01, shown .. " " .. sum)
  end)
end)

describe("terminal", function()
  local getenv = os.getenv

  before_each(function()
    os.getenv = function(name) return name == "TERM" and "xterm" or name ~= "NO_COLOR" and getenv(name) or nil end -- luacheck: ignore
  end)
  after_each(function() os.getenv = getenv end) -- luacheck: ignore

  it("paints kind and failure when it is asked to, in a file only always", function()
    begin {tty = true, options = {command = {"p"}, color = "auto", output = "/tmp/o"}}
    happen {type = "open", path = "/x", error = "ENOENT"}
    assert.truthy(host.text():find("\27[36mopen\27[0m    /x (read)\27[31m ✗ ENOENT\27[0m", 1, true))
    assert.truthy(host.text("/tmp/o"):find("open    /x (read) ✗ ENOENT", 1, true))
    begin {tty = true, options = {command = {"p"}, color = "never"}}
    happen {type = "open", path = "/x"}
    assert.falsy(host.text():find("\27", 1, true))
    begin {options = {command = {"p"}, color = "always", output = "/tmp/o"}}
    happen {type = "open", path = "/x"}
    assert.truthy(host.text():find("\27[36m", 1, true))
    assert.truthy(host.text("/tmp/o"):find("\27[36m", 1, true))
  end)

  it("cuts lines to a terminal's width, not what a script says, nor what goes to a file", function()
    begin {tty = true, width = 50, options = {command = {"sh", "-c", ("x"):rep(80)}, color = "never", output = "/tmp/o"}}
    local path = "/usr/" .. ("share/"):rep(20) .. "end"
    happen {type = "open", path = path, error = "ENOENT"}
    happen {type = "exec", exe = "/bin/cc1", path = "/bin/cc1", argv = {"cc1", ("y"):rep(90)}}
    for line in host.text():gmatch("[^\n]+") do
      assert.truthy(host.load("text").width(line) <= 50, line)
    end
    assert.truthy(host.text():find("open    /.*….*/end %(read%) ✗ ENOENT\n"))
    assert.truthy(host.text():find("─── cc1 exec ─── cc1 yyyy", 1, true))
    assert.truthy(host.text("/tmp/o"):find(path, 1, true))
    terminal.say("%s", path)
    assert.truthy(host.text():find(path, 1, true))
  end)

  it("says why an output cannot be written, before anything runs", function()
    host = fake.new {unwritable = "/no"}
    terminal = host.load("terminal")
    local ok, problem = pcall(terminal.open, {}, "/no")
    assert.falsy(ok)
    assert.equal("cannot write /no: Permission denied", problem)
  end)

  it("goes on with the other output when one fails, and remembers", function()
    begin {options = {command = {"p"}, output = "/tmp/o"}}
    host.outputs[2].failure = "Broken pipe"
    happen {type = "open", path = "/x"}
    assert.truthy(host.text("/tmp/o"):find("/x", 1, true))
    assert.same({"Output to stderr is incomplete: Broken pipe"}, terminal.failures())
    assert.same({}, terminal.failures()) -- said once
  end)

  it("says: absent is -, strings are harmless, a number that does not fit is no error", function()
    begin()
    local compose = terminal.compose
    assert.equal("a -  2 100%", compose("a %s %2d 100%%", nil, 2))
    assert.equal("\\x1b[0m x", compose("%s %s", "\27[0m", "x"))
    assert.equal("[        ab] [ab        ]", compose("[%10s] [%-10s]", "ab", "ab"))
    assert.equal("7 7 x", compose("%y %#d %q", 7, 7, "x"))
    assert.equal("x 7", compose("%1234s %1234d", "x", 7))
    assert.equal("1.5 ff 003.10", compose("%d %x %06.2f", 1.5, 255, 3.1))
    assert.equal("\\x1b", compose("\27"))
    assert.equal("- -", compose("%d %s"))
    assert.equal("   x|y  |", compose("%4s|%-3s|", "x", "y"))
    terminal.say(fake.event {time = 5000000}, "%s opened", "/x")
    terminal.say("no event %d", 3)
    assert.same({"[+0.005s] /x opened", "[+0.000s] no event 3"}, written())
  end)
end)
