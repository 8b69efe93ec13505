-- SPDX-License-Identifier: MIT
--
-- The sink of --report: which rows it makes of which events, what it says at the end, and what it leaves out.

package.path = "tests/lua/?.lua;" .. package.path
local fake = require "fake_core"

local host, report, writers, made

-- What core.report gives: keeps what it is told.
local function writer(path)
  local w = {path = path, tables = {}, rows = {}, columns = {}}
  function w:table(name, columns)
    self.tables[#self.tables + 1], self.rows[name], self.columns[name] = name, {}, columns
    return #self.tables
  end
  function w:put(number, ...)
    local name, row = self.tables[number], {}
    assert(select("#", ...) <= #self.columns[name], "too many values")
    for i, column in ipairs(self.columns[name]) do row[column[1]] = (select(i, ...)) end
    table.insert(self.rows[name], row)
  end
  function w:start(title, json) self.title, self.start_json = title, json end
  function w:flush() self.flushed = (self.flushed or 0) + 1 end
  function w:finish(json, summary)
    self.end_json, self.summary = json, summary
    return true
  end
  function w:size() return 2048 end
  return w
end

-- The sinks, by name; what is made into JSON is kept in `made`.
local function loaded(options, given)
  options = options or {}
  options.report, options.command = "r.html", options.command or {"prog", "a b"}
  given = given or {}
  given.options = options
  host = fake.new(given)
  writers, made = {}, {}
  host.core.report = function(path)
    if path == "/no" then return nil, "/no: Permission denied" end
    writers[#writers + 1] = writer(path)
    return writers[#writers]
  end
  local json = host.core.json
  host.core.json = function(value)
    made[#made + 1] = value
    return json(value)
  end
  host.core.calls, host.core.classes = function() return {} end, function() return {} end
  report = host.load "report"
  local sinks = {}
  for _, sink in ipairs(report.open(options)) do sinks[sink.name] = sink end
  return sinks
end

local function start(sinks)
  host.load("terminal").open(host.core.options)
  sinks.report.start {pid = 100, time = 0}
  return writers[1]
end

-- The object of the tag "start".
local function beginning()
  for _, value in ipairs(made) do
    if type(value) == "table" and value.format then return value end
  end
end

local function call(fields)
  fields.kind, fields.index, fields.args = "call", fields.index or 1, fields.args or fake.args {}
  fields.raw = fields.raw or {}
  return fake.event(fields)
end

local passwd

describe("the report's sink", function()
  before_each(function() passwd = {kind = "file", name = "/etc/passwd", path = "/etc/passwd", opened = 5} end)

  it("declares its tables and says what is traced", function()
    local w = start(loaded())
    assert.same({"events", "tasks", "objects", "memory", "usage", "faults"}, w.tables)
    assert.equal("prog 'a b'", w.title)
    local given = beginning()
    assert.same({"prog", "a b"}, given.command)
    assert.equal(1, given.format)
    assert.same({{"time", "delta"}, {"duration", "number"}}, {given.tables.events[1], given.tables.events[2]})
    assert.is_false(given.redacted)
  end)

  it("has a row for a call, with what it is about by number", function()
    local sinks = loaded()
    local w = start(sinks)
    sinks.report.event(call {
      time = 10, duration = 4, syscall = "openat", type = "open", ret = 3, file = passwd, path = "/etc/passwd",
      args = fake.args {-100, "/etc/passwd", 0},
    })
    sinks.report.event(call {
      time = 20, duration = 1, syscall = "read", type = "read", ret = 7, bytes = 7, file = passwd, path = "/etc/passwd",
      args = fake.args({3, nil, 100}, {[2] = 0x7f00}),
    })
    assert.same({
      time = 10, duration = 4, task = 1, name = "openat", type = "open", class = "file", ret = 3, object = 1,
      args = 'dirfd: AT_FDCWD, pathname: "/etc/passwd", flags: O_RDONLY',
    }, w.rows.events[1])
    assert.equal(7, w.rows.events[2].bytes)
    assert.equal(1, w.rows.events[2].object)
    assert.is_nil(w.rows.events[2].path)
    assert.same({}, w.rows.objects)
    sinks.report.finish {time = 100, status = 0}
    assert.same({{id = 1, kind = "file", name = "/etc/passwd", opened = 5, task = 1}}, w.rows.objects)
    assert.same({{id = 1, tid = 100, pid = 100, kind = "command", comm = "prog", start = 10}}, w.rows.tasks)
  end)

  it("has calls that failed, that did not end, and that are no event", function()
    local sinks = loaded()
    local w = start(sinks)
    sinks.report.event(call {
      syscall = "openat", type = "open", ret = -2, error = "ENOENT", path = "/no",
      args = fake.args {-100, "/no", 0},
    })
    sinks.report.event(call {syscall = "read", type = "read", unfinished = true, args = fake.args {0, nil, 1}})
    sinks.report.event(call {syscall = "getpid", class = "process", ret = 100, late = true, tampered = true})
    local rows = w.rows.events
    assert.same({-2, "ENOENT", "/no"}, {rows[1].ret, rows[1].error, rows[1].path})
    assert.same({1, nil}, {rows[2].flags, rows[2].duration})
    assert.same({"other calls", 6, nil}, {rows[3].hidden, rows[3].flags, rows[3].type})
    sinks.report.finish {time = 1, status = 0}
    assert.equal(1, made[#made].tampered)
  end)

  it("marks what noise hides, and drops nothing", function()
    local sinks = loaded()
    local w = start(sinks)
    sinks.report.event(call {
      syscall = "openat", type = "open", ret = 3, path = "/lib/libc.so.6", noise = "libraries",
      args = fake.args {-100, "/lib/libc.so.6", 0},
    })
    assert.equal("libraries", w.rows.events[1].hidden)
  end)

  it("has waits for a CPU and requests of disks as long as they took, and says when they are off", function()
    local sinks = loaded {sched = true}
    local w = start(sinks)
    sinks["report records"].event(fake.event {kind = "sched", type = "sched", class = "process", time = 5, duration = 700,
      what = "woken", cpu = 1, noise = "short waits"})
    sinks["report records"].event(fake.event {kind = "block", type = "block", class = "file", time = 9, duration = 80,
      what = "write", bytes = 4096, device = "8:0", sector = 7, error = "EIO"})
    local rows = w.rows.events
    assert.same({"sched", 700, "woken, cpu: 1", "short waits"}, {rows[1].name, rows[1].duration, rows[1].args, rows[1].hidden})
    assert.same({80, 4096, "write, device: 8:0, sector: 7", "EIO"},
      {rows[2].duration, rows[2].bytes, rows[2].args, rows[2].error})
    assert.same({faults = "off: --faults was not given", sched = "on", block_io = "off: --block-io was not given"},
      host.load("report_memory").features())
  end)

  it("has each message of a call in a row, of which only the first is a call", function()
    local sinks = loaded()
    local w = start(sinks)
    local socket = {kind = "socket", name = "udp4", protocol = "udp4", opened = 1}
    local fields = {syscall = "sendmmsg", type = "send", ret = 2, file = socket, remote = "1.2.3.4:53"}
    for i = 1, 2 do
      fields.index, fields.bytes = i, 10 * i
      local e = call(fields)
      if i == 1 then sinks.report.event(e) end
      sinks["report messages"].event(e)
    end
    assert.same({{10, nil}, {20, 8}}, {
      {w.rows.events[1].bytes, w.rows.events[1].flags}, {w.rows.events[2].bytes, w.rows.events[2].flags},
    })
    sinks.report.finish {time = 100, status = 0}
    assert.same({1, 2}, {made[#made].totals.calls, made[#made].totals.events})
  end)

  it("follows tasks and what is closed", function()
    local sinks = loaded()
    local w = start(sinks)
    local function record(e)
      sinks["report tasks"].event(e)
      sinks["report records"].event(e)
    end
    sinks.report.event(call {syscall = "getpid", ret = 1, class = "process"})
    record(fake.event {kind = "fork", type = "fork", time = 5, child = 200, raw = {200, 200, 17}})
    record(fake.event {
      kind = "exec", type = "exec", time = 6, pid = 200, tid = 200, comm = "ls", argv = {"ls", "-l"}, exe = "/bin/ls",
      path = "/bin/ls", raw = {200},
    })
    record(fake.event {kind = "exit", type = "exit", time = 9, pid = 200, tid = 200, code = 3, whole = true, raw = {1}})
    passwd.closed = 8
    sinks.report.event(call {syscall = "close", type = "close", ret = 0, file = passwd, args = fake.args {3}})
    assert.same({id = 2, tid = 200, pid = 200, parent = 1, kind = "fork", comm = "prog", start = 5}, w.rows.tasks[2])
    assert.same({id = 2, tid = 200, pid = 200, comm = "ls", argv = "ls -l", exe = "/bin/ls"}, w.rows.tasks[3])
    assert.same({id = 2, ["end"] = 9, code = 3}, w.rows.tasks[4])
    assert.same({{id = 1, kind = "file", name = "/etc/passwd", opened = 5, closed = 8, task = 1}}, w.rows.objects)
    local kinds = {}
    for i, row in ipairs(w.rows.events) do kinds[i] = ("%s %s"):format(row.name, row.flags or "-") end
    assert.same({"getpid -", "fork 16", "exec 16", "exit 16", "close -"}, kinds)
    assert.equal("ls -l", w.rows.events[3].args)
  end)

  it("knows the parent of a child whose fork a filter dropped", function()
    local sinks = loaded()
    local w = start(sinks)
    sinks["report tasks"].event(fake.event {kind = "fork", type = "fork", time = 5, child = 200, raw = {200, 200, 17}})
    sinks.report.event(call {syscall = "getpid", pid = 200, tid = 200, ret = 200})
    assert.same({"fork", 1}, {w.rows.tasks[2].kind, w.rows.tasks[2].parent})
    assert.equal(2, w.rows.events[1].task)
  end)

  it("writes what it has every five seconds of the trace", function()
    local sinks = loaded()
    local w = start(sinks)
    for _, time in ipairs {1, 4999999999, 5000000000, 5000000001, 12000000000} do
      sinks.report.event(call {syscall = "getpid", time = time, ret = 1})
    end
    assert.equal(2, w.flushed)
  end)

  it("writes what is open when it writes out, and once more what changed", function()
    local sinks = loaded()
    local w = start(sinks)
    local socket = {kind = "socket", name = "tcp4", protocol = "tcp4", opened = 1}
    local function send(time)
      sinks.report.event(call {syscall = "write", type = "send", time = time, ret = 1, bytes = 1, file = socket})
    end
    for _, time in ipairs {2, 5000000000, 10000000000} do send(time) end
    socket.remote = "1.2.3.4:80"
    for _, time in ipairs {15000000000, 20000000000} do send(time) end
    local rows = w.rows.objects
    assert.same({2, nil, "1.2.3.4:80"}, {#rows, rows[1].remote, rows[2].remote})
    socket.closed = 20000000001 -- with its process
    sinks.report.finish {time = 30000000000, status = 0}
    assert.same({3, 20000000001}, {#rows, rows[3].closed})
  end)

  it("keeps the first, the last and some of those that failed when there is a limit", function()
    local sinks = loaded {max_report_events = 8}
    local w = start(sinks)
    for i = 1, 20 do
      sinks.report.event(call {syscall = "getpid", time = i, ret = 1, error = (i == 6 or i == 9 or i == 12) and "EPERM" or nil})
    end
    sinks.report.finish {time = 100, status = 0}
    local times = {}
    for i, row in ipairs(w.rows.events) do times[i] = row.time end
    assert.same({1, 2, 3, 4, 6, 9, 19, 20}, times)
    assert.same({count = 12, why = "12 beyond --max-report-events 8: the first, the last and the failed ones are kept"},
      made[#made].left_out)
    assert.equal(20, made[#made].totals.calls)
  end)

  it("takes out what must not be shown, everywhere", function()
    local sinks = loaded()
    host.load("redact").add "secret%d+"
    local w = start(sinks)
    local file = {kind = "file", name = "/secret1", path = "/secret1", opened = 1}
    sinks.report.event(call {
      syscall = "openat", type = "open", ret = 3, file = file, path = "/secret1/x", comm = "secret2",
      args = fake.args {-100, "secret3", 0},
    })
    report.scripts.note(call {syscall = "getpid"}, "secret4")
    sinks.report.event(call {syscall = "getpid", ret = 1})
    local all = {}
    for _, rows in pairs(w.rows) do
      for _, row in ipairs(rows) do
        for _, value in pairs(row) do all[#all + 1] = tostring(value) end
      end
    end
    local text = table.concat(all, "\n")
    assert.is_nil(text:find "secret")
    assert.truthy(text:find("/[redacted]/x", 1, true) and text:find('"[redacted]"', 1, true))
  end)

  it("writes bytes that are no text into JSON so that they can be told", function()
    start(loaded {command = {"a\xffb"}})
    assert.same({"a\\xffb"}, beginning().command)
  end)

  it("says how it ended, what was lost, and the summary", function()
    local sinks = loaded()
    local w = start(sinks)
    sinks["report losses"].event(fake.event {kind = "lost", type = "lost", time = 50, count = 7, during = 10})
    sinks.report.finish {time = 100, status = 3 << 8}
    local ending = made[#made]
    assert.same({count = 7, intervals = {{40, 50, 7}}}, ending.lost)
    assert.same({100, 3, nil}, {ending.time, ending.code, ending.signal})
    assert.truthy(w.summary:find("Exit: 3", 1, true))
    assert.equal(w.summary, ending.summary)
    assert.truthy(ending.noise["libraries"] and ending.noise["other calls"])
    assert.equal("off: --faults was not given", ending.features.faults)
    assert.equal(" Report: r.html (2.0 KB)", report.remark())
  end)

  it("is refused when it cannot be written", function()
    loaded()
    assert.has_error(function() report.open {report = "/no"} end, "cannot write the report: /no: Permission denied")
  end)
end)

describe("a script's part of the report", function()
  it("is panels of rows and of text", function()
    local sinks = loaded()
    report.scripts.panel {
      title = "Files", columns = {{"path", "string"}, {"bytes", "number"}}, kind = "bars", x = "path", y = "bytes",
      rows = function() return {{"/a", 3}, {path = "/b", bytes = 4.0}, {"/c", "many"}} end,
    }
    report.scripts.panel {title = "Words", text = "some"}
    local w = start(sinks)
    sinks.report.finish {time = 1, status = 0}
    assert.same({{path = "/a", bytes = 3}, {path = "/b", bytes = 4}, {path = "/c"}}, w.rows.panel1)
    assert.same({
      {title = "Files", table = "panel1", kind = "bars", x = "path", y = "bytes"},
      {title = "Words", text = "some", kind = "text"},
    }, made[#made].panels)
    assert.has_error(function() report.scripts.panel {title = "late", text = ""} end)
  end)

  it("is checked", function()
    loaded()
    for message, panel in pairs {
      ["a panel has no 'titel'"] = {titel = "x"},
      ["a panel has a text, or columns"] = {title = "x"},
      ["a panel with columns has rows"] = {title = "x", columns = {"a"}},
      ["a panel's column is"] = {title = "x", columns = {{"a", "date"}}, rows = {}},
      ["a panel's kind is"] = {title = "x", text = "", kind = "pie"},
    } do
      local ok, problem = pcall(report.scripts.panel, panel)
      assert.is_false(ok)
      assert.truthy(problem:find(message, 1, true), problem)
    end
  end)

  it("fails without harm", function()
    local sinks = loaded()
    report.scripts.panel {title = "Bad", text = function() error "broken" end}
    start(sinks)
    sinks.report.finish {time = 1, status = 0}
    assert.truthy(host.logged[1]:find('the panel "Bad" failed', 1, true))
    assert.same({{title = "Bad", kind = "text"}}, made[#made].panels)
  end)

  it("is notes on events", function()
    local sinks = loaded()
    local w = start(sinks)
    local e = call {syscall = "getpid", time = 5, ret = 1}
    report.scripts.note(e, "first")
    report.scripts.note(e, "second")
    sinks.report.event(e)
    for _ = 1, 3 do report.scripts.note(call {syscall = "getpid", time = 6}, "of one that a filter drops") end
    sinks.report.event(call {syscall = "getpid", time = 7, ret = 1})
    assert.equal("first; second", w.rows.events[1].note)
    assert.is_nil(w.rows.events[2].note)
  end)
end)
