-- SPDX-License-Identifier: MIT
--
-- scripts/perfetto.lua: what it writes is read by the trace engine of Chrome's DevTools, which finds each task with its
-- name and all of its slices; arguments keep their types.

local h <const> = require "tests.live.harness"
local reader <const> = dofile "tests/lua/json_reader.lua"

local here <const> = assert(require("lfs").currentdir())
local MODULES <const> = here .. "/build/npm/node_modules"

local THREADS <const> = [[import threading
for thread in [threading.Thread(target=open, args=("/etc/hosts",)) for _ in range(3)]: thread.start()]]

-- The entries of a trace, which stand one a line.
local function entries_of(text)
  local body = text:match '^{"displayTimeUnit":"ns","traceEvents":%[\n(.*)\n%]}\n$'
  local entries = {}
  for line in (assert(body, text:sub(-200)) .. ",\n"):gmatch "(.-),\n" do entries[#entries + 1] = reader.line(line .. "\n") end
  return entries
end

local function find(entries, fields)
  for _, entry in ipairs(entries) do
    local fits = true
    for name, value in pairs(fields) do fits = fits and entry[name] == value end
    if fits then return entry end
  end
end

local function trace(user, argv, settings)
  local dir = h.folder(user)
  local result = h.trace({"-s", "perfetto.lua:" .. (settings or "") .. "out=" .. dir .. "/t.json"}, argv,
    {user = user, cwd = dir})
  local text = h.read_file(dir .. "/t.json")
  return entries_of(text), result, dir .. "/t.json"
end

local function shown(file)
  local result = h.run({h.which.node, h.program "timeline.mjs", MODULES, file}, {user = h.users[1]})
  assert.equal(0, result.status, result.err)
  return reader.line(result.out)
end

describe("perfetto.lua", function()
  after_each(h.clean)

  for _, user in ipairs(h.users) do
    it("writes what DevTools read, as " .. user, function()
      local entries, result, file = trace(user, {"/bin/sh", "-c",
        "trap : USR1; kill -USR1 $$; cat /etc/hosts | grep -c . >/dev/null; python3 -c '" .. THREADS .. "'"})
      assert.equal(0, result.status, result.err)
      local slices, names = {}, {}
      for _, entry in ipairs(entries) do
        if entry.ph == "X" then slices[entry.tid] = (slices[entry.tid] or 0) + 1 end
        if entry.ph == "M" and entry.name == "process_name" then names[entry.pid] = entry.args.name end
      end
      local seen = {}
      local view = shown(file)
      assert.is_true(view.generic)
      for pid, process in pairs(view.processes) do
        assert.equal(names[tonumber(pid)], process.name)
        seen[process.name] = true
        local tasks = 0
        for tid, task in pairs(process.tasks) do
          assert.equal(slices[tonumber(tid)], task.slices, tid)
          assert.is_false(task.nested) -- a task makes one call at a time
          slices[tonumber(tid)], tasks = nil, tasks + 1
        end
        assert.equal(process.name == "python3" and 4 or 1, tasks)
      end
      assert.same({}, slices) -- none that DevTools do not show
      assert.is_true(seen.sh and seen.cat and seen.grep and seen.python3)
      assert.is_truthy(find(entries, {ph = "i", name = "SIGUSR1", s = "t"}))
      assert.is_truthy(find(entries, {ph = "C", name = "memory"}))
    end)
  end

  it("keeps the types of arguments, and names that are no text", function()
    local entries = trace(h.users[1], {"/bin/sh", "-c", [[cat "$(printf '/tmp/\377')"; sleep 0.01; cat /etc/hosts]]})
    local cat
    for _, entry in ipairs(entries) do
      if entry.name == "open" and entry.args.path == "/etc/hosts" then cat = entry end
    end
    assert.equal("file", cat.cat)
    assert.same({3, false, 0, 3}, {cat.args.fd, cat.args.writable, cat.args.flags, cat.args.ret})
    assert.equal("float", math.type(cat.ts))
    local odd
    for _, entry in ipairs(entries) do
      if entry.args.escaped then odd = odd or entry.name == "open" and entry end
    end
    assert.same({"\\xff", "ENOENT", "path"}, {odd.args.path:sub(-4), odd.args.error, odd.args.escaped[1]})
    local sleep = find(entries, {name = "clock_nanosleep"})
    assert.is_true(sleep.dur >= 10000, sleep.dur)
  end)

  it("leaves out calls that are no events when told so", function()
    local entries = trace(h.users[1], {"/bin/sleep", "0.01"}, "events=yes,")
    assert.is_nil(find(entries, {name = "clock_nanosleep"}))
    assert.is_truthy(find(entries, {name = "mmap"}))
  end)

  it("says when the file cannot be written, before and at the end", function()
    local result = h.trace({"-s", "perfetto.lua:out=/nonexistent/t.json"}, {"/bin/true"})
    assert.equal(125, result.status)
    assert.matches("cannot write /nonexistent/t.json: No such file or directory", result.err)
    result = h.trace({"-s", "perfetto.lua:out=/dev/full"}, {"/bin/true"})
    assert.matches("/dev/full is incomplete: .*No space left", result.err)
  end)
end)
