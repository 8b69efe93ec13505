-- SPDX-License-Identifier: MIT
--
-- The summary: numbers that add up, sections that come only when they have something to say, rows that fit.

package.path = "tests/lua/?.lua;" .. package.path
local fake = require "fake_core"

local SECOND <const> = 1000000000

local host, summary, traffic, memory, known, alive

local function exit_code(status) return status & 0x7f == 0 and status >> 8 & 0xff or nil end
local function exit_signal(status) return status & 0x7f ~= 0 and status & 0x7f or nil end

local function begin(given)
  given = given or {}
  given.options = given.options or {command = {"curl", "-s", "https://example.com"}, color = "auto"}
  host = fake.new(given)
  traffic, memory, known, alive = {connections = {}}, {peak = {bytes = 0, heap = 0, regions = 0}, most = {touched = 0, pss = 0},
    model = {records = {}}}, {}, 1
  package.loaded["compendium.traffic"], package.loaded["compendium.memory"] = traffic, memory
  package.loaded["compendium.processes"] = {
    alive = function() return alive end, list = function() return known end, dropped = 0,
    exit_code = exit_code, exit_signal = exit_signal,
    get = function(pid)
      for _, process in ipairs(known) do
        if process.pid == pid then return process end
      end
    end,
  }
  host.load("terminal").open(given.options, given.options.output)
  summary = host.load "summary"
end

local function happen(fields)
  summary.event(fake.event(fields))
end

-- Finishes and returns the text between the title's rules and the last one.
local function finish(info)
  info = info or {time = 340000000, status = 0}
  summary.finish(info)
  return host.text()
end

local function has(text, part)
  assert.truthy(text:find(part, 1, true), ("%q in\n%s"):format(part, text))
end

local function squeezed(text)
  return (text:gsub(" +", " "))
end

local function lacks(text, part)
  assert.falsy(text:find(part, 1, true), ("%q in\n%s"):format(part, text))
end

describe("summary", function()
  before_each(function() begin() end)

  it("of a program that did nothing is its title and its exit", function()
    local rule = ("━"):rep(64)
    assert.equal(table.concat({
      rule, " FINAL: curl -s https://example.com (0.34s)", rule, " Exit: 0", rule, "",
    }, "\n"), finish())
  end)

  it("adds up bytes by what they moved through", function()
    local file, pipe, tty = {kind = "file"}, {kind = "pipe", name = "pipe"}, {kind = "tty", name = "/dev/pts/0"}
    happen {type = "read", file = file, path = "/etc/big", bytes = 12000}
    happen {type = "read", file = file, path = "/etc/big", bytes = 185}
    happen {type = "read", file = file, path = "/etc/small", bytes = 512}
    happen {type = "read", file = file, path = "/etc/small", error = "EIO"}
    happen {type = "write", file = pipe, bytes = 221}
    happen {type = "read", file = pipe, bytes = 220}
    happen {type = "write", file = tty, path = "/dev/pts/0", bytes = 7}
    happen {type = "send", class = "network", file = {kind = "socket"}, protocol = "tcp4", remote = "a", bytes = 517}
    happen {type = "send", class = "network", file = {kind = "socket"}, protocol = "udp4", remote = "b", bytes = 29}
    happen {type = "recv", class = "network", file = {kind = "socket"}, protocol = "tcp4", remote = "a", bytes = 2662}
    happen {type = "recv", class = "network", file = {kind = "socket"}, protocol = "tcp4", bytes = 999, peek = true}
    happen {type = "send", class = "network", file = {kind = "socket"}, protocol = "unix", remote = "/s", bytes = 11}
    happen {type = "send", class = "network", file = {kind = "socket"}, protocol = "netlink", bytes = 20}
    happen {type = "copy", file = file, path = "/etc/big", to_file = {kind = "socket", protocol = "tcp4"}, to = "tcp4",
      bytes = 100, syscall = "sendfile"}
    local text = finish()
    has(squeezed(text), " Files read: 12.5 KB in 2 files: /etc/big 12.0 KB")
    has(squeezed(text), " Files written: 0 B\n")
    has(squeezed(text), " Net sent: 646 B\n")
    has(squeezed(text), " Net received: 2.6 KB\n")
    has(squeezed(text), " Local sent: 11 B\n")
    has(squeezed(text), " Pipes read: 220 B\n")
    has(squeezed(text), " Pipes written: 221 B\n")
    has(squeezed(text), " Terminal out: 7 B\n")
    has(squeezed(text), " Other out: 20 B\n")
    for label, amount in text:gmatch("\n   (%u[%a ]+: +)([%d.]+ %u+)") do assert.equal(25, #label + #amount) end
  end)

  it("names files that a person cares about before libraries", function()
    local file = {kind = "file"}
    happen {type = "read", file = file, path = "/lib/libc.so.6", bytes = 100000}
    happen {type = "read", file = file, path = "/home/me/data", bytes = 5}
    has(squeezed(finish()), "97.7 KB in 2 files: /home/me/data 5 B, ")
  end)

  it("stays right, and small, with 200000 files", function()
    collectgarbage()
    local before = collectgarbage("count")
    local file = {kind = "file"}
    for i = 1, 200000 do
      happen {type = "read", file = file, path = "/many/" .. i, bytes = i == 777 and 5000 or 1}
    end
    collectgarbage()
    assert.truthy(collectgarbage("count") - before < 16000)
    has(squeezed(finish()), "Files read: 200.2 KB in about 200000 files: /many/777 4.9 KB")
  end)

  it("shows memory at its peak", function()
    memory.peak = {bytes = 9052160, heap = 135168, regions = 24}
    happen {type = "mmap", class = "memory", size = 1}
    happen {type = "exit", whole = true, code = 0, peak_rss = 12478054}
    local text = finish()
    has(text, " Memory:\n   Heap:     132.0 KB\n   Mmap:       8.5 MB (24 regions)\n")
    has(text, "   Total:      8.6 MB   peak RSS 11.9 MB\n")
  end)

  it("shows connections: open, refused, unanswered, listening, many", function()
    local made = {protocol = "tcp4", remote = "93.184.216.34:443", direction = "out", sent = 517, received = 2662,
      opened = 10, closed = 220000010}
    local refused = {protocol = "tcp4", remote = "127.0.0.1:1", direction = "out", sent = 0, received = 0, opened = 0,
      failed = "ECONNREFUSED", closed = 5}
    local silent = {protocol = "tcp6", remote = "[2001:db8::1]:80", direction = "out", sent = 0, received = 0,
      opened = 0,
      connecting = true}
    traffic.connections = {made}
    happen {type = "send", class = "network", file = {connection = made}, protocol = "tcp4",
      remote = made.remote, bytes = 1}
    table.insert(traffic.connections, refused)
    happen {type = "connect", class = "network", file = {}, protocol = "tcp4", remote = refused.remote,
      error = "ECONNREFUSED"}
    table.insert(traffic.connections, silent)
    happen {type = "connect", class = "network", file = {connection = silent}, protocol = "tcp6",
      remote = silent.remote,
      error = "EINPROGRESS", in_progress = true}
    for i = 1, 30 do
      local client = {protocol = "tcp4", remote = "10.0.0.9:" .. 5000 + i, host = "10.0.0.9", ["local"] = "10.0.0.1:80",
        direction = "in", sent = 10, received = 1, opened = 0, closed = SECOND}
      table.insert(traffic.connections, client)
      happen {type = "accept", class = "network", file = {connection = client}, protocol = "tcp4",
        remote = client.remote}
    end
    table.insert(traffic.connections, {protocol = "tcp4", remote = "6.6.6.6:6", sent = 9, received = 9, opened = 0})
    happen {type = "listen", class = "network", protocol = "tcp4", ["local"] = "0.0.0.0:80"}
    local text = finish()
    has(text, "   tcp4 → 93.184.216.34:443         sent 517 B, received 2.6 KB, open 0.22s\n")
    has(text, "   tcp4 → 127.0.0.1:1               refused\n")
    has(text, "   tcp6 → [2001:db8::1]:80          no answer seen\n")
    has(text, "   tcp4 ← 10.0.0.9 on 10.0.0.1:80   ×30, sent 300 B, received 30 B\n")
    has(text, "   tcp4 listening on 0.0.0.0:80\n")
    lacks(text, "6.6.6.6") -- no event about it came through the filters
    has(text, "Failed calls: connect ECONNREFUSED 1: tcp4 127.0.0.1:1\n")
  end)

  it("keeps AF_UNIX and netlink out of the network", function()
    local one = {protocol = "unix", remote = "/run/x.sock", direction = "out", sent = 3, received = 4,
      opened = 0, closed = 1}
    traffic.connections = {one}
    happen {type = "connect", class = "network", file = {connection = one}, protocol = "unix", remote = one.remote}
    local text = finish()
    lacks(text, "Network connections")
    has(text, " Local sockets:\n   unix → /run/x.sock   sent 3 B, received 4 B, open 0.00s\n")
  end)

  it("groups failed calls by kind and error", function()
    for i = 1, 14 do happen {type = "open", path = "/missing/" .. i % 7, error = "ENOENT"} end
    has(finish(), " Failed calls: open ENOENT 14 in 7 names: /missing/0 ×2, ")
    begin()
    happen {type = "open", path = "/missing", error = "ENOENT"}
    happen {type = "open", path = "/secret", error = "EACCES"}
    happen {type = "open", path = "/secret", error = "EACCES"}
    happen {type = "recv", error = "EAGAIN", noise = "would block"}
    happen {type = "open", path = "/lib/libfoo.so.1", error = "ENOENT", noise = "libraries"}
    local text = finish()
    has(text,
      " Failed calls:\n   open EACCES 2: /secret ×2\n   open ENOENT 1: /missing\n   and 2 that are hidden as noise\n")
    lacks(text, "EAGAIN")
  end)

  it("shows names changed, signals, slow calls, tampering", function()
    happen {type = "remove", path = "/tmp/a"}
    happen {type = "remove", path = "/tmp/b", error = "ENOENT"}
    happen {type = "rename", path = "/tmp/new", to = "/etc/conf"}
    happen {type = "signal", class = "signal", signal = "SIGTERM", number = 15, sender = 77}
    happen {type = "signal", class = "signal", signal = "SIGCHLD", number = 17}
    happen {type = "sync", path = "/db", duration = 1200 * 1000000}
    happen {type = "recv", class = "network", file = {kind = "socket"}, protocol = "tcp4",
      duration = 9 * SECOND, bytes = 1}
    happen {type = "open", path = "/x", tampered = true, syscall = "openat"}
    local text = finish()
    has(text, "   removed 1: /tmp/a\n")
    has(text, "   renamed 1: /tmp/new\n")
    has(text, " Signals: SIGTERM from 77\n")
    has(text, " Slow calls:\n      1.20s   sync /db\n")
    has(text, " Tampered with: openat\n")
    lacks(text, "9.00s")
  end)

  it("says what noise hid", function()
    local noise = host.load "noise"
    for _ = 1, 3 do noise.count "mmap" end
    noise.count "closes"
    has(finish(), " Hidden: 4 events (mmap 3, closes 1); -v shows every call\n")
  end)

  it("says what is missing or failed, coloured or not", function()
    summary.losses.event(fake.event {type = "lost", count = 12})
    host.failed_hooks = 2
    host.outputs[2].failed = "No space left on device"
    local text = finish()
    has(text, " Lost: 12 events; the numbers above are too small\n")
    has(text, " Hooks that failed: 2, first in mine.lua:1 open\n")
    has(text, " Output to stderr is incomplete: No space left on device\n")
    assert.truthy(summary.losses.before_filters)
  end)

  it("shows the tree of processes with how each ended", function()
    local shell = {pid = 10, argv = {"sh", "-c", "x"}, comm = "sh", start = 0, finish = SECOND, exit_code = 0,
      children = {}}
    known[1] = shell
    happen {type = "exec", class = "process", process = shell}
    lacks(finish(), "Processes")
    begin()
    known[1] = shell
    happen {type = "exec", class = "process", process = shell}
    for i = 1, 9 do
      local child = {pid = 10 + i, argv = {"cat", "f" .. i}, exe = "/bin/cat", start = 0, finish = SECOND // 2,
        exit_code = i == 9 and 1 or 0, children = {}, parent = shell}
      table.insert(shell.children, child)
      table.insert(known, child)
      happen {type = "fork", class = "process", child = child.pid}
    end
    known[2].exit_code, known[2].exit_signal, known[2].core = nil, "SIGSEGV", true
    local text = finish()
    has(text, " Processes:\n   10 sh -c x")
    has(text, "   ├─ 11 cat f1            killed by SIGSEGV, core dumped, 0.50s\n")
    has(text, "   ├─ 12 cat f2            exit 0, 0.50s\n")
    has(text, "   │  and 4 more like it\n")
    has(text, "   └─ 19 cat f9            exit 1, 0.50s\n")
  end)

  it("says how it ended", function()
    has(finish {time = 1, status = 3 << 8}, " Exit: 3\n")
    begin()
    has(finish {time = 1, status = 15}, " Exit: killed by SIGTERM\n")
    begin()
    has(finish {time = 1, status = 11 | 0x80}, " Exit: killed by SIGSEGV (core dumped)\n")
    begin()
    has(finish {time = 1, status = 9, signal = 2}, " Exit: killed by SIGKILL (trace ended by SIGINT)\n")
    begin {options = {pids = {70}, color = "auto"}}
    has(finish {time = 1, signal = 2}, " Exit: still running, let go (trace ended by SIGINT)\n")
    has(host.text(), " FINAL: process 70 (0.00s)\n")
    begin {options = {pids = {70, 71}, color = "auto"}}
    known = {{pid = 70, comm = "nginx", exit_status = 0, start = 0, children = {}}}
    has(finish {time = 1}, " FINAL: processes 70 (nginx), 71 (0.00s)\n")
    has(host.text(), " Exit: 70: 0, 1 still running, let go\n")
  end)

  it("fits the terminal, with hostile names and in ASCII too", function()
    for _, width in ipairs {40, 80, 120} do
      for _, ascii in ipairs {false, true} do
        begin {tty = true, width = width, ascii = ascii, options = {command = {"p", ("y"):rep(300), "\27[31m"},
          color = "never"}}
        local process = {pid = 1, argv = {("z"):rep(500)}, start = 0, children = {}, thread_count = 3}
        known[1] = process
        happen {type = "exec", class = "process", process = process}
        for i = 1, 40 do
          local path = "/dir\n\27]0;x\7/" .. ("é"):rep(i * 3) .. i
          happen {type = "read", file = {kind = "file"}, path = path, bytes = i * 1000}
          happen {type = "open", path = path, error = "ENOENT"}
          happen {type = "remove", path = path}
        end
        local text = host.load "text"
        for line in finish():gmatch("[^\n]+") do
          assert.truthy(text.width(line) <= width, width .. " " .. line)
          assert.falsy(line:find("%c"))
          assert.falsy(ascii and line:find("[\x80-\xff]"))
        end
      end
    end
  end)
end)
