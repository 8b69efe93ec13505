-- SPDX-License-Identifier: MIT
--
-- Attribution on recordings of small programs (tests/lua/recorded), made by the build: what the kernel said goes
-- through the whole library, and comes out as what the programs did. Nothing is traced here.

package.path = "tests/lua/?.lua;" .. package.path
local reader = require "json_reader"

local build <const> = os.getenv "B" or "build"
local program <const> = build == "build" and "./compendium" or build .. "/compendium"

-- What a program prints.
local function output_of(...)
  local words = {}
  for i, word in ipairs {...} do words[i] = "'" .. word:gsub("'", "'\\''") .. "'" end
  local pipe <close> = assert(io.popen(table.concat(words, " ")))
  local text = pipe:read "a"
  local ok, how, status = pipe:close()
  assert(ok, ("%s %s: %s"):format(how, status, table.concat(words, " ")))
  return text
end

-- The lines of a recording, and the folder in which it was made with a "/" at the end.
local function replay(name)
  local file = ("%s/recordings/%s.cpd"):format(build, name)
  local events = {}
  for line in output_of(program, "--replay", file, "--json"):gmatch "[^\n]+\n" do
    events[#events + 1] = reader.line(line)
  end
  assert.equal(0, events[#events].code) -- the program made sure of what it did
  return events, file
end

-- The events of these types that are about something the test made, as texts: "write data/one 5".
local function told(events, types, text)
  local list = {}
  for _, e in ipairs(events) do
    local line = types[e.type] and text(e)
    if line then list[#list + 1] = line end
  end
  return list
end

local function set(...)
  local found = {}
  for _, name in ipairs {...} do found[name] = true end
  return found
end

describe("a recording of descriptors", function()
  it("has each byte and name where it belongs", function()
    local list = told(replay "files", set("open", "read", "write", "close", "rename", "remove", "create", "chdir"),
      function(e)
        local path = (e.path or ""):match "%.cpd%.d/(.*)$"
        if not path and not e.error then return nil end
        if not path and e.type ~= "write" then return nil end
        return (("%s %s %s"):format(e.type, path or "?", e.error or e.bytes or e.type == "rename" and e.to:match "[^/]*$"
          or "")):gsub(" $", "")
      end)
    assert.same({
      "create data", "open data", "open data/one", "write data/one 5", "close data/one", "write data/one 4", "chdir data",
      "open data/one", "read data/one 9", "rename data/one two", "write data/one 5", "close data/one",
      "open data/nothing ENOENT", "remove data/two", "write ? EBADF", "read data/one 5",
    }, list)
  end)

  it("knows what each descriptor was when it was used", function()
    local events = replay "files"
    local numbers = told(events, set("open", "dup", "read", "write"), function(e)
      return (e.path or ""):find "%.cpd%.d/data/one$" and ("%s %d"):format(e.type, e.fd) or nil
    end)
    local first = numbers[1]:match "%d+"
    assert.same({"open " .. first, "write " .. first, "dup 40", "write 40", "open " .. first, "read " .. first, "write 40",
      "dup 39", "read 39"}, numbers)
  end)
end)

describe("a recording of sockets", function()
  it("knows both ends of each connection", function()
    local events = replay "network"
    local server, client
    for _, e in ipairs(events) do
      if e.type == "connect" then server = server or e.remote end
      if e.type == "accept" then client = e.remote end
    end
    assert.matches("^127%.0%.0%.1:%d+$", server)
    assert.matches("^127%.0%.0%.1:%d+$", client)
    assert.are_not.equal(server, client)
    local function side(comes_first)
      return told(events, set("connect", "send", "recv"), function(e)
        if e.protocol ~= "tcp4" or (e.pid == events[1].pid) ~= comes_first then return nil end
        local remote = e.remote == server and "server" or e.remote == client and "client" or tostring(e.remote)
        return ("%s %s %s"):format(e.type, remote, e.error or e.bytes or e.ret)
      end)
    end
    assert.same({"recv client 7", "send client 3", "recv client 0", "connect server ECONNREFUSED"}, side(true))
    assert.same({"connect server 0", "send server 7", "recv server 3"}, side(false))
  end)

  it("has a pair of sockets as what it is", function()
    local list = told(replay "network", set("pipe", "send"), function(e)
      return e.protocol == "unix" and ("%s %s"):format(e.type, e.what or e.bytes) or nil
    end)
    assert.same({"pipe socketpair", "send 4"}, list)
  end)
end)

describe("a recording of processes", function()
  it("knows who made whom, what ran and how it ended", function()
    local events = replay "processes"
    local names, forks = {[events[1].pid] = "main"}, 0
    local list = told(events, set("fork", "thread", "exec", "exit", "kill", "wait"), function(e)
      if e.type == "fork" then
        forks = forks + 1
        names[e.child] = "child" .. forks
      end
      local who = names[e.pid]
      if e.type == "fork" then return ("%s fork %s"):format(who, names[e.child]) end
      if e.type == "thread" then return who .. " thread" end
      if e.type == "exec" then return ("%s exec %s"):format(who, table.concat(e.argv, " ")) end
      if e.type == "kill" then return ("%s kill %s %s"):format(who, names[e.target], e.signal) end
      if e.type == "wait" then return ("%s wait %s %s"):format(who, names[e.child], e.signal or e.code) end
      return ("%s exit %s%s"):format(who, e.signal or e.code, e.whole and "" or " (a thread)")
    end)
    assert.same({
      "main exec ../processes", "main fork child1", "child1 exec renamed 4", "child1 exit 4", "main wait child1 4",
      "main fork child2", "main kill child2 SIGTERM", "child2 exit SIGTERM", "main wait child2 SIGTERM", "main thread",
      "main exit 0 (a thread)", "main exit 0",
    }, list)
  end)

  it("names threads, and knows that they share descriptors", function()
    local opened = told(replay "processes", set "open", function(e)
      return e.path == "/etc/passwd" and ("%s %s"):format(e.comm, e.pid ~= e.tid) or nil
    end)
    assert.same({"opener true"}, opened)
  end)
end)

describe("the models", function()
  it("can be asked by a script at any moment of a recording", function()
    local code = [[
      local fds, processes = require("compendium").fds, require("compendium").processes
      on("write", function(e)
        local file = fds.file(e.pid, 40)
        print(#processes.list(), file and file.path:match "[^/]*$" or "-")
      end)]]
    local _, file = replay "files"
    assert.equal("1\t-\n1\tone\n2\tone\n2\t-\n", output_of(program, "--replay", file, "-e", code))
  end)

  it("are new for each of several recordings", function()
    local _, file = replay "processes"
    local code = [[on("finish", function()
      run.result(#require("compendium").processes.list())
      print(run.number, run.count, run.results[1], #require("compendium").processes.list())
    end)]]
    assert.equal("1\t2\tnil\t3\n2\t2\t3\t3\n", (output_of(program, "--replay", file, "--replay", file, "-e", code)))
  end)
end)
