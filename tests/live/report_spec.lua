-- SPDX-License-Identifier: MIT
--
-- --report: the page's data say what happened, the same as summary and JSON lines say; it is small, and nothing of a
-- program is HTML in it; it appears whole, or what there is of it is kept.

local h <const> = require "tests.live.harness"
local json <const> = require "cjson"
local lfs <const> = require "lfs"
local programs <const> = require "tests.live.programs"
local reader <const> = require "tests.live.report_reader"

local NAMES <const> = {
  "curl over IPv4", "git clone", "gcc", "sh with a pipeline", "python with threads", "python with multiprocessing", "tar",
  "a threaded accept server",
}
-- 8.4 where nothing else runs, and 9 is the aim; what a busy machine does to times has more digits.
local BYTES_PER_EVENT <const> = 10
local SIGINT <const>, SIGKILL <const> = 2, 9
local FURTHER <const>, RECORD <const>, PEEK <const> = 8, 16, 32

-- Where there is no npm the program has no page.
local function has_page()
  local result = h.run({h.compendium, "--report=/dev/null", "--", "/bin/true"}, {})
  h.clean()
  return not result.err:find("built without", 1, true)
end

local it_if_built <const> = has_page() and it or function(what, fn)
  it(what, fn and function() pending "this compendium was built without the report's page" end)
end

local function program_of(name)
  for _, program in ipairs(programs) do
    if program.name == name then return program end
  end
  error("no program " .. name)
end

-- Runs it with a report; the result, the page, and the report's path.
local function trace(arguments, command, options)
  local dir = h.folder(options and options.user)
  local path = dir .. "/r.html"
  local result = h.trace(h.join({"--report", path}, arguments), command, options)
  return result, h.exists(path) and reader.read(path) or nil, path
end

local function has(flags, flag)
  return (flags or 0) & flag ~= 0
end

-- ---- sums, as a reader of the page makes them and as one of JSON lines does

local KINDS <const> = {file = "read", directory = "read"}

local function add(sums, key, bytes)
  sums[key] = (sums[key] or 0) + bytes
end

local function sums_of_page(page)
  local objects, sums = reader.merged(page.tables.objects), {calls = 0, failed = 0}
  for _, row in ipairs(page.tables.events) do
    local object = objects[row.object or 0] or {}
    if not has(row.flags, FURTHER) and not has(row.flags, RECORD) then
      sums.calls = sums.calls + 1
      if row.error then sums.failed = sums.failed + 1 end
    end
    if row.bytes and not has(row.flags, PEEK) then
      add(sums, row.type, row.bytes)
      if row.type == "read" and KINDS[object.kind] then add(sums, "files read", row.bytes) end
      if row.type == "write" and KINDS[object.kind] then add(sums, "files written", row.bytes) end
    end
  end
  return sums
end

local function sums_of_json(text)
  local sums = {}
  for line in text:gmatch "[^\n]+" do
    local e = json.decode(line)
    if e.bytes and not e.peek then
      add(sums, e.type, e.bytes)
      local kind = e.file and e.file.kind
      if e.type == "read" and KINDS[kind] then add(sums, "files read", e.bytes) end
      if e.type == "write" and KINDS[kind] then add(sums, "files written", e.bytes) end
    end
  end
  return sums
end

local function check_sums(page, lines, name)
  local sums, other = sums_of_page(page), sums_of_json(lines)
  for _, type in ipairs {"read", "write", "send", "recv", "copy", "list", "files read", "files written"} do
    assert.equal(other[type] or 0, sums[type] or 0, name .. ": " .. type)
  end
  local totals = page["end"].totals
  assert.equal(sums.calls, totals.calls, name)
  assert.equal(sums.failed, totals.failed, name)
  if not sums.copy then
    assert.equal(sums["files read"] or 0, totals.read, name)
    assert.equal(sums["files written"] or 0, totals.written, name)
  end
end

-- The types and their numbers of JSON lines: all are in the report.
local function check_events(page, lines, name)
  local counts = {}
  for line in lines:gmatch "[^\n]+" do
    local e = json.decode(line)
    if e.type ~= "start" and e.type ~= "finish" and e.type ~= "task" and e.type ~= "note" then add(counts, e.type, 1) end
  end
  for _, row in ipairs(page.tables.events) do
    if row.type then add(counts, row.type, -1) end
  end
  for type, count in pairs(counts) do assert.equal(0, count, name .. ": " .. type) end
end

describe("a report", function()
  after_each(h.clean)

  for _, name in ipairs(NAMES) do
    it_if_built("says of " .. name .. " what JSON lines and the summary say", function()
      local program = program_of(name)
      for _, user in ipairs(h.users) do
        local run = program.users[user] and programs.with(program, user, function(argv, options)
          local folder = h.folder(user)
          local file, path = folder .. "/run.cpd", folder .. "/r.html"
          options.err = folder .. "/lines"
          local live = h.trace({"--record", file, "--report", path}, argv, options)
          local again = folder .. "/again.html"
          h.trace({"-q", "--replay", file, "--report", again}, nil, {user = user})
          local lines = h.trace({"--json", "--replay", file}, nil, {user = user}).out
          return {live = live, page = reader.read(path), again = reader.read(again), lines = lines}
        end)
        if run then
          assert.equal(0, run.live.status, run.live.err)
          check_sums(run.page, run.lines, name)
          check_events(run.page, run.lines, name)
          assert.same(run.page.tables.events, run.again.tables.events)
          assert.same(run.page["end"].totals, run.again["end"].totals)
          local read = run.page["end"].summary:match "Files read: +([^\n]-)   in"
          assert.truthy(not read or run.live.err:find(read, 1, true), run.live.err)
        end
      end
    end)
  end

  it_if_built("has all calls, their arguments, tasks and what was opened", function()
    local _, page = trace({}, {"/bin/sh", "-c", "cat /etc/hostname; exit 3"})
    local tasks, objects = reader.merged(page.tables.tasks), reader.merged(page.tables.objects)
    local opened
    for _, row in ipairs(page.tables.events) do
      if row.name == "openat" and row.args:find("/etc/hostname", 1, true) then opened = row end
    end
    assert.equal('dirfd: AT_FDCWD, pathname: "/etc/hostname", flags: O_RDONLY', opened.args)
    assert.same({"file", "/etc/hostname"}, {objects[opened.object].kind, objects[opened.object].name})
    assert.truthy(objects[opened.object].closed > opened.time)
    assert.equal("cat", tasks[opened.task].comm)
    assert.equal("cat /etc/hostname", tasks[opened.task].argv)
    assert.same({"command", "/bin/sh -c 'cat /etc/hostname; exit 3'"}, {tasks[1].kind, tasks[1].argv})
    assert.same({tasks[1].id, 0}, {tasks[opened.task].parent, tasks[opened.task].code})
    assert.equal(3, page["end"].code)
    assert.is_true(#page.tables.memory > 5)
    assert.equal(0, page["end"].lost.count)
  end)

  it_if_built("works without lines and beside JSON lines", function()
    local result, page = trace({"--json"}, {"/bin/cat", "/etc/hostname"})
    check_events(page, result.out:gsub("%f[^\n%z][^{\n][^\n]*\n", ""), "beside JSON lines")
    result, page = trace({"-e", ""}, {"/bin/cat", "/etc/hostname"})
    assert.equal("", result.err)
    assert.truthy(#page.tables.events > 20)
    assert.truthy(page["end"].summary:find("FINAL: /bin/cat /etc/hostname", 1, true))
  end)

  it_if_built("has what was there before with -p", function()
    local dir = h.folder(h.users[1])
    local target = h.start({"/usr/bin/python3", "-c", "import time\nwhile True: time.sleep(0.01); open('/etc/hosts').read()"},
      {user = h.users[1]})
    local tracer = h.start_trace({"-q", "--report", "-p", tostring(target.pid)}, nil, {cwd = dir})
    h.eventually("a report that has begun", function()
      local name = h.list(dir)[1]
      return name and (h.read_file(dir .. "/" .. name) or ""):find("data-k", 1, true)
    end)
    h.process.sleep(0.3)
    tracer:kill(SIGINT)
    assert.equal(0, tracer:wait().status)
    h.stop(target)
    local page = reader.read(dir .. "/report.html")
    assert.same({target.pid}, page.start.pids)
    assert.equal("attached", page.tables.tasks[1].kind)
    local names = {}
    for _, row in ipairs(page.tables.objects) do names[row.name or ""] = true end
    assert.truthy(names["/etc/hosts"])
  end)

  it_if_built("leaves out what a filter drops, and says how much", function()
    local _, all = trace({"-q"}, {"/bin/cat", "/etc/hostname"})
    local _, page = trace({"-q", "-f", 'type == "open"'}, {"/bin/cat", "/etc/hostname"})
    for _, row in ipairs(page.tables.events) do assert.equal("open", row.type) end
    assert.truthy(#page.tables.events > 1)
    assert.equal(#all.tables.events - #page.tables.events, page["end"].left_out.count)
    assert.truthy(page["end"].left_out.why:find("by filters", 1, true))
    assert.is_nil(all["end"].left_out)
  end)

  it_if_built("has no more events than --max-report-events, and says so", function()
    local file = h.folder(h.users[1]) .. "/run.cpd"
    h.trace({"-q", "--record", file}, {"/bin/sh", "-c", "for i in 1 2 3 4 5; do cat /no; done"})
    local _, all = trace({"-q", "--replay", file})
    local _, page = trace({"-q", "--max-report-events", "100", "--replay", file})
    local rows, whole = page.tables.events, all.tables.events
    assert.equal(100, #rows)
    assert.same(whole[50], rows[50])
    assert.same(whole[#whole], rows[100])
    assert.equal(#whole - 100, page["end"].left_out.count)
    assert.same(all["end"].totals, page["end"].totals)
    for i = 51, 75 do assert.truthy(rows[i].error) end
  end)

  it_if_built("has a script's panel and notes", function()
    local dir = h.folder(h.users[1])
    local _, page = trace({"-s", "fsyncs", "-e", 'on("sync", function(e) report.note(e, "one more") end)'},
      {"/usr/bin/python3", "-c", "import os; f = open('f', 'w'); os.fsync(f.fileno()); os.fsync(f.fileno())"}, {cwd = dir})
    assert.equal("Forced to the disk", page["end"].panels[1].title)
    local row = page.tables[page["end"].panels[1].table][1]
    assert.same({dir .. "/f", 2}, {row.file, row.syncs})
    assert.truthy(row.max >= row.median and row.sum >= row.max)
    local notes = 0
    for _, event in ipairs(page.tables.events) do notes = notes + (event.note == "one more" and 1 or 0) end
    assert.equal(2, notes)
  end)

  it_if_built("takes out what is redacted", function()
    local dir = h.folder(h.users[1])
    h.write_file(dir .. "/hush1234", "x")
    local path = dir .. "/r.html"
    h.trace({"-q", "-e", 'use "default" redact "hush%d+"', "--report", path},
      {"/bin/sh", "-c", "cat " .. dir .. "/hush1234; cat hush5678"}, {cwd = dir})
    local page = reader.read(path)
    for _, string in pairs(page.strings) do assert.is_nil(string:find "hush%d") end
    assert.is_nil(json.encode(page.start):find "hush%d")
    assert.is_nil(json.encode(page["end"]):find "hush%d")
    assert.is_nil((page.head .. page.tail):find "hush%d")
    assert.is_true(page.start.redacted)
  end)

  it_if_built("is small", function()
    local dir = h.folder(h.users[1])
    h.write_file(dir .. "/main.c", "#include <stdio.h>\n#include <stdlib.h>\nint main(void) { return puts(\"hello\") < 0; }\n")
    local _, page, path = trace({"-q"}, {"/bin/sh", "-c",
      "for i in 1 2 3 4 5 6; do gcc -c main.c; done; find /usr/share -name copyright"},
      {cwd = dir, out = "/dev/null"})
    local size = lfs.attributes(path, "size") - #page.head - #page.tail
    assert.truthy(#page.tables.events > 10000, #page.tables.events)
    assert.truthy(size / #page.tables.events <= BYTES_PER_EVENT, ("%.2f bytes of %d events"):format(
      size / #page.tables.events, #page.tables.events))
  end)
end)

describe("the file of a report", function()
  after_each(h.clean)

  it_if_built("is its owner's only, and takes the place of what was there when it is whole", function()
    local dir = h.folder(h.users[1])
    h.write_file(dir .. "/report.html", "before", 420)
    local code = ('on("finish", function() local f = io.open(%q) print(f:read "a") end)'):format(dir .. "/report.html")
    local result = h.trace({"--report", "-e", code}, {"/bin/true"}, {cwd = dir})
    assert.equal("before\n", result.out)
    assert.equal("rw-------", lfs.attributes(dir .. "/report.html", "permissions"))
    assert.truthy(reader.read(dir .. "/report.html")["end"])
    assert.equal(1, #h.list(dir))
  end)

  it_if_built("is no link's target", function()
    local dir = h.folder(h.users[1])
    h.write_file(dir .. "/victim", "mine")
    assert(lfs.link("victim", dir .. "/report.html", true))
    assert.equal(0, h.trace({"-q", "--report"}, {"/bin/true"}, {cwd = dir}).status)
    assert.equal("mine", h.read_file(dir .. "/victim"))
    assert.equal("file", lfs.symlinkattributes(dir .. "/report.html", "mode"))
  end)

  it_if_built("is kept as far as it came when we are killed", function()
    local dir = h.folder(h.users[1])
    h.write_file(dir .. "/report.html", "before")
    local proc = h.start_trace({"-q", "--report"}, {"/bin/sh", "-c", "while :; do :; done"}, {cwd = dir})
    local partial = h.eventually("a partial file", function()
      for _, name in ipairs(h.list(dir)) do
        local text = name:find "^report%.html%.partial%-%w+%.html$" and h.read_file(dir .. "/" .. name)
        if text and text:find 'data%-k="start"' then return dir .. "/" .. name end
      end
    end)
    proc:kill(SIGKILL)
    proc:wait()
    assert.equal("before", h.read_file(dir .. "/report.html"))
    local page = reader.read(partial)
    assert.equal("/bin/sh -c 'while :; do :; done'", page.start.title)
    assert.is_nil(page["end"])
  end)

  it_if_built("is refused before the program starts when it cannot be written", function()
    local dir = h.folder(h.users[1])
    local result = h.trace({"--report=" .. dir .. "/no/r.html"}, {"/bin/touch", dir .. "/ran"})
    assert.equal(125, result.status)
    assert.truthy(result.err:find("cannot write the report: " .. dir .. "/no/r.html: No such file", 1, true), result.err)
    assert.is_false(h.exists(dir .. "/ran"))
  end)

  it_if_built("leaves the program alone when the disk is full, and one message", function()
    local result = h.trace({"-q", "--report=/dev/full"}, {"/bin/sh", "-c", "exit 3"})
    assert.equal(3, result.status)
    assert.equal(1, select(2, result.err:gsub("No space left on device", "")))
    assert.truthy(result.err:find("Exit: 3", 1, true))
  end)

  it_if_built("is stdout with a replay", function()
    local dir = h.folder(h.users[1])
    h.trace({"-q", "--record", dir .. "/run.cpd"}, {"/bin/true"})
    local page = reader.decode(h.trace({"-q", "--replay", dir .. "/run.cpd", "--report=-"}).out)
    assert.truthy(page["end"])
  end)

  it_if_built("is not there when nothing could be traced", function()
    local dir = h.folder(h.users[1])
    assert.equal(127, h.trace({"--report"}, {"/nonexistent"}, {cwd = dir}).status)
    assert.same({}, h.list(dir))
  end)
end)

-- ---- hostile bytes

local HOSTILE <const> = {
  ["an escape sequence"] = "red\27[31m\27]0;title\7", ["the end of a script"] = "x</script><img src=x onerror=a()>",
  ["the end of a SCRIPT"] = "</SCRIPT >", ["a comment"] = "<!--<script>", ["no UTF-8"] = "bad\255\254\192\128",
  ["a newline"] = "two\nlines\r", ["quotes"] = "a\"b'c`${d}\\", ["what marks texts"] = "\1\2\3", ["our marks"] =
  "<!--TITLE--><!--SUMMARY-->", ["a formula"] = "=cmd|' /C calc'!A0", ["4 KiB"] = ("n"):rep(200) .. "<" .. ("n"):rep(40),
}

local function strip(name)
  return (name:gsub("/", "-"))
end

describe("a program with a hostile", function()
  after_each(h.clean)

  for what, name in pairs(HOSTILE) do
    it_if_built("name: " .. what, function()
      local dir = h.folder(h.users[1])
      local file, path = dir .. "/" .. strip(name), dir .. "/r.html"
      h.write_file(file, "content")
      h.write_file(dir .. "/p.py", [[
import ctypes, os, sys
ctypes.CDLL(None).prctl(15, sys.argv[1].encode("utf-8", "surrogateescape")[:15], 0, 0, 0)
open(sys.argv[2]).read()
]])
      local result = h.trace({"-q", "--report", path}, {"/usr/bin/python3", dir .. "/p.py", name, file},
        {cwd = dir, env = {HOSTILE = name}})
      assert.equal(0, result.status, result.err)
      local page = reader.read(path) -- between head and tail there is nothing but tags of base64
      local whole, argument = false, false
      for _, string in pairs(page.strings) do whole = whole or string == file end
      for _, word in ipairs(page.start.command) do argument = argument or word:sub(1, 3) == name:sub(1, 3) end
      assert.is_true(whole and argument)
      local title, summary = page.head:match "<title>(.-)</title>", page.tail:match "<pre>(.*)</pre>"
      for _, text in ipairs {title, summary} do
        assert.falsy(text:find "[<>\"'%z\1-\8\11-\31\127]", text)
        assert.falsy(text:gsub("&#?%w+;", ""):find "&", text)
      end
    end)
  end
end)
