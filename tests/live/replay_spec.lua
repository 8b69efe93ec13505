-- SPDX-License-Identifier: MIT
--
-- --record and --replay: what is said of a recording is what was said live, byte for byte; and what becomes of
-- files that are cut, foreign, or do not have what a script asks for.

local h <const> = require "tests.live.harness"
local programs <const> = require "tests.live.programs"
local terminal <const> = require "tests.live.terminal"

local NAMES <const> = {
  "curl over IPv4", "curl over a unix socket", "git clone", "gcc", "sh with a pipeline", "python with threads",
  "python with multiprocessing", "node with fs.promises", "tar", "xz with threads", "a threaded accept server",
}
local MANY_CALLS <const> = "for i in $(seq 40000); do echo $i; done | tail -n1; exit 7"
local BOTH <const> = 'use "default" output.json(true)' -- lines and summary on stderr, JSON on stdout

local function program_of(name)
  for _, program in ipairs(programs) do
    if program.name == name then return program end
  end
  error("no program " .. name)
end

local function replay(file, arguments, options)
  return h.trace(h.join({"--replay", file}, arguments or {}), nil, options)
end

-- Where two texts differ, for the failure's message.
local function assert_same(expected, got, what)
  if expected == got then return end
  local number = 0
  local lines = got:gmatch "[^\n]*"
  for line in expected:gmatch "[^\n]*" do
    number = number + 1
    local other = lines() or "(nothing)"
    if line ~= other then
      error(("%s: line %d\nlive:   %s\nreplay: %s"):format(what, number, line, other), 2)
    end
  end
  error(what .. ": the replay says more", 2)
end

-- Only what compendium wrote: the program's own output is in files.
local function recording(arguments, command, options)
  local file = h.folder(options and options.user) .. "/run.cpd"
  local live = h.trace(h.join({"--record", file}, arguments or {}), command, options)
  return file, live
end

describe("a replay", function()
  after_each(h.clean)

  for _, name in ipairs(NAMES) do
    it("says what was said live of " .. name, function()
      local program = program_of(name)
      for _, user in ipairs(h.users) do
        local run = program.users[user] and programs.with(program, user, function(argv, options)
          local folder = h.folder(user)
          local file, lines, json = folder .. "/run.cpd", folder .. "/lines", folder .. "/json"
          -- -o is the JSON's file here, the program's stdout and stderr are its own
          local live = h.trace({"--record", file, "-o", json, "-e", BOTH}, argv, {
            user = user, cwd = options.cwd, same_addresses = true, out = options.out, err = lines,
          })
          local again = replay(file, nil, {user = user})
          local as_json = replay(file, {"--json"}, {user = user})
          return {live = live, lines = live.err, json = h.read_file(json), again = again, as_json = as_json}
        end)
        if run then
          assert.equal(0, run.live.status, run.lines)
          assert.truthy(run.lines:find("FINAL:", 1, true))
          assert.truthy(#run.json > 1000)
          -- A program's own words on stderr are among the lines of the live run.
          assert_same(run.lines, run.again.err, name .. ", lines")
          assert_same(run.json, run.as_json.out, name .. ", JSON")
          assert.equal(0, run.again.status)
        end
      end
    end)
  end

  it("tells of each call with -v what the live run told", function()
    local file, live = recording({"-v"}, {"/bin/ls", "/"})
    local pattern <const> = "compendium: tracing.*" -- before it: how the source works, which is not replayed
    assert_same(live.err:match(pattern), replay(file, {"-v"}).err:match(pattern), "-v")
  end)

  it("works with another script than the live run had", function()
    local file = recording({"-q"}, {"/bin/cat", "/etc/hostname"})
    local again = replay(file, {"-e", 'on("open", function(e) print(e.path) end)'})
    assert.truthy(again.out:find("/etc/hostname\n", 1, true))
    local lines = replay(file).err
    assert.truthy(lines:find("open    /etc/hostname (read)", 1, true), lines)
  end)

  it("runs timers that the live run did not have, by the time of the records", function()
    local file = recording({"-q"}, {"/bin/sleep", "0.55"})
    local again = replay(file, {"-e", 'local n = 0 on("every:100ms", function() n = n + 1 end) '
      .. 'on("finish", function() print(n) end)'})
    assert.truthy(tonumber(again.out) >= 5 and tonumber(again.out) < 500, again.out)
  end)

  it("repeats the ticks that the live run had", function()
    local script <const> = 'local n = 0 on("every:10ms", function() n = n + 1 say("tick %d", n) end) '
      .. 'on("syscall", function(e) say(e, "%s at tick %d", e.syscall, n) end)'
    local file, live = recording({"-e", script}, {"/bin/sleep", "0.2"})
    assert.truthy(live.err:find("tick 10", 1, true), live.err)
    assert_same(live.err, replay(file, {"-e", script}).err, "ticks")
  end)

  it("reads from a pipe", function()
    local file = recording({"-q"}, {"/bin/true"})
    local piped = h.trace({"--replay", "-"}, nil, {stdin = h.read_file(file)})
    assert_same(replay(file).err, piped.err, "stdin")
    local shell = h.run({"/bin/sh", "-c", 'cat "$1" | "$2" --replay -', "sh", file, h.compendium})
    assert_same(replay(file).err, shell.err, "a pipe")
  end)

  it("ends with status 0 whatever the program's was, and says that", function()
    local file, live = recording({}, {"/bin/sh", "-c", "exit 3"})
    assert.equal(3, live.status)
    local again = replay(file)
    assert.equal(0, again.status)
    assert.truthy(again.err:find("Exit: 3", 1, true))
  end)

  -- The program is killed; what its tasks did until they were dead is seen by the models alone.
  for name, code in pairs {
    ["in a hook"] = 'local n = 0 on("syscall", function() n = n + 1 if n == 40 then os.exit() end end)',
    ["at the start"] = 'on("start", function() os.exit() end)',
    ["in a timer"] = 'on("every:50ms", function() os.exit(1) end)',
    ["by --strict"] = 'on("write", function() error "x" end)',
  } do
    it("ends as the live run did when a script ended that " .. name, function()
      local arguments = {"--strict", "-e", 'use "default" ' .. code}
      local program = {"/bin/sh", "-c", "i=0; while [ $i -lt 2000 ]; do echo $i; i=$((i+1)); done; ls /; sleep 60"}
      local file, live = recording(arguments, program, {out = h.folder() .. "/out"})
      local again = replay(file, arguments)
      assert_same(live.err, again.err, "lines and summary")
      assert.equal(live.status, again.status)
      assert.truthy(live.err:find("Exit: killed by SIGKILL", 1, true), live.err)
    end)
  end

  it("ends where a script ends it, when the live run did not", function()
    local file = recording({"-q"}, {"/bin/sh", "-c", "ls /; ls /; exit 3"}, {out = h.folder() .. "/out"})
    local again = replay(file, {"-e", 'use "default" on("fork", function() os.exit() end)'})
    assert.equal(0, again.status)
    assert.truthy(again.err:find("Exit: not seen", 1, true), again.err)
    assert.is_nil(again.err:find("ls exec", 1, true))
  end)

  it("ends with 125 under --strict when a hook fails", function()
    local file = recording({"-q"}, {"/bin/true"})
    assert.equal(125, replay(file, {"--strict", "-e", 'on("exec", function() error "x" end)'}).status)
  end)

  it("says what was not recorded, once, and goes on", function()
    local file = recording({"-q"}, {"/bin/true"})
    local data = replay(file, {"-e", 'want("data", "1k") on("exit", function() print "went on" end)'})
    assert.truthy(data.err:find("not recorded, and so not shown: the bytes that were read and written", 1, true), data.err)
    assert.equal("went on\n", data.out)
    local enter = replay(file, {"-e", 'on("enter:openat", function() end)'})
    assert.truthy(enter.err:find('not recorded, and so not shown: what is before a call ("enter:" hooks)', 1, true))
    assert.equal("", replay(file, {"-e", 'on("open", function() end)'}).err)
  end)

  it("has the data that a script wanted while it was recorded", function()
    local script <const> = 'want("data", "1k") on("read", function(e) '
      .. 'if e.path == "/etc/hostname" then io.write(e.data) end end)'
    local file, live = recording({"-e", script}, {h.which.head, "-n1", "/etc/hostname"}, {out = h.folder() .. "/out"})
    local again = replay(file, {"-e", script})
    assert.equal(h.read_file "/etc/hostname", again.out)
    assert.equal("", again.err)
    assert.equal(0, live.status)
  end)

  it("knows the names of the environment's variables, and values only when they were to be kept", function()
    local script <const> = 'for _, variable in ipairs(run.environment) do print(variable) end'
    local secret <const> = {"-q", "-E", "SECRET_WORD=xyzzy\tplugh"}
    local file = recording(secret, {"/bin/true"})
    local names = replay(file, {"-e", script}).out
    assert.truthy(names:find("\nSECRET_WORD\n", 1, true), names)
    assert.is_nil(names:find("=", 1, true))
    assert.is_nil(replay(file, {"--json"}).out:find("xyzzy", 1, true))
    local kept = recording(h.join(secret, {"--record-env"}), {"/bin/true"})
    assert.truthy(replay(kept, {"-e", script}).out:find("\nSECRET_WORD=xyzzy\tplugh\n", 1, true))
  end)

  it("says that faults were not recorded, whoever asks for them", function()
    local file = recording({"-q"}, {"/bin/true"})
    local missing <const> = "not recorded, and so not shown: page faults"
    assert.truthy(replay(file, {"-e", 'on("fault", function() end)'}).err:find(missing, 1, true))
    assert.truthy(replay(file, {"-q", "--faults"}).err:find(missing, 1, true))
    assert.is_nil(replay(file).err:find(missing, 1, true))
    assert.is_nil(replay(file, {"--json"}).err:find(missing, 1, true))
  end)

  it("shows faults that were recorded, and need not be asked to", function()
    local file, live = recording({"--faults", "-e", BOTH}, {"/bin/true"})
    assert.truthy(live.err:find("Page faults:", 1, true), live.err)
    local again = replay(file, {"-e", BOTH})
    assert_same(live.err, again.err, "lines")
    assert_same(live.out, again.out, "JSON")
  end)

  it("says with -v what the live run said of what it could see", function()
    local pattern <const> = "compendium: events come from .-\ncompendium: tracing "
    local file, live = recording({"-v"}, {"/bin/true"})
    local said = assert(live.err:match(pattern), live.err)
    assert.truthy(said:find("not in this trace: page faults, waits for a CPU, block I/O, what goes through io_uring\n", 1, true), said)
    local again = replay(file, {"-v"}).err
    assert.equal(said, again:match(pattern))
    assert.truthy(again:find("was recorded on [^\n]+ %(Linux [^\n]+%) at 20[%d:%- ]+\n"), again)
    local length, records, tasks = again:match "it is ([%d.]+) s long and has (%d+) records of (%d+) tasks\n"
    assert.equal("1", tasks)
    assert.truthy(tonumber(length) > 0 and tonumber(records) > 20, again)
    assert.is_nil(replay(file, {"-q"}).err:find("recorded on", 1, true))
  end)

  it("warns of faults that the live run could not see", function()
    local paranoid = tonumber(h.read_file "/proc/sys/kernel/perf_event_paranoid" or "")
    if paranoid ~= 2 then return pending "needs kernel.perf_event_paranoid to be 2" end
    local file, live = recording({"-q", "--faults"}, {"/bin/true"}, {user = "user"})
    local warning = live.err:match "compendium: page faults in the kernel [^\n]*\n"
    assert.truthy(warning, live.err)
    assert.equal(live.err, replay(file, {"-q"}, {user = "user"}).err)
  end)

  it("of a part shows each event in one part, and knows what was before", function()
    local folder = h.folder()
    local file = recording({"-q"}, {"/bin/sh", "-c", 'exec 3</etc/hostname; ls / >/dev/null & ls /etc >/dev/null; '
      .. "wait; read name <&3"}, {out = folder .. "/out"})
    local whole, times, reads = {}, {}, {}
    for line in replay(file, {"--json"}).out:gmatch "[^\n]+" do
      whole[#whole + 1] = line
      local time, duration = line:match '^{"time":(%d+)', line:match '"duration":(%d+)'
      times[#times + 1] = tonumber(time) + tonumber(duration or 0)
      if line:find('"path":"/etc/hostname"', 1, true) and line:find('"type":"read"', 1, true) then reads[#reads + 1] = #whole end
    end
    local cuts <const> = {times[#times // 3], times[reads[1]] - 1, times[reads[1]]}
    table.sort(cuts)
    local joined, from = {whole[1]}, nil
    for i = 1, #cuts + 1 do
      local arguments = {"--json"}
      if from then arguments = h.join(arguments, {"--from", from .. "ns"}) end
      if cuts[i] then arguments = h.join(arguments, {"--to", cuts[i] .. "ns"}) end
      local part = replay(file, arguments)
      assert.equal(0, part.status, part.err)
      local rows = {}
      for line in part.out:gmatch "[^\n]+" do rows[#rows + 1] = line end
      table.move(rows, 2, #rows - 1, #joined + 1, joined) -- without "start" and "finish"
      from = cuts[i] and cuts[i] + 1
    end
    joined[#joined + 1] = whole[#whole]
    assert_same(table.concat(whole, "\n"), table.concat(joined, "\n"), "parts")
    -- The file was opened by the shell, long before.
    local lines = replay(file, {"--from", times[reads[1]] .. "ns"}).err
    assert.truthy(lines:find("%[%+[%d.]+s%] .-read +%d+ B ← /etc/hostname") or lines:find("/etc/hostname", 1, true), lines)
    assert.truthy(lines:find("FINAL: [^\n]+ %(%+[%d.]+s to %+[%d.]+s%)\n"), lines)
    assert.truthy(lines:find("Of a part of the trace", 1, true), lines)
  end)

  it("of the last part finds the end by the index, or by the frames of a file that was cut", function()
    local script <const> = 'on("exec", function(e) print(e.comm) end)'
    local file = recording({"-q"}, {"/bin/sh", "-c", "ls /; sleep 1.5; cat /etc/hostname; sleep 0.1; exit 3"},
      {out = h.folder() .. "/out"})
    local whole = replay(file, {"-e", script}).out
    assert.equal("sh\nls\nsleep\ncat\nsleep\n", whole)
    assert.equal("cat\nsleep\n", replay(file, {"-e", script, "--from", "-1"}).out)
    assert.equal("sh\nls\nsleep\n", replay(file, {"-e", script, "--to", "-1s"}).out)
    local bytes = h.read_file(file)
    local cut = h.write_file(h.folder() .. "/cut.cpd", bytes:sub(1, bytes:find("CEND", 1, true) - 1))
    assert.equal("cat\nsleep\n", replay(cut, {"-e", script, "--from", "-1"}).out)
    assert.equal("", replay(cut, {"-e", script, "--from", "-1"}).err)
    local piped = h.trace({"--replay", "/dev/stdin", "--from", "-1"}, nil, {stdin = bytes})
    assert.equal(0, piped.status) -- a file all the same
    local shell = h.run({"/bin/sh", "-c", 'cat "$1" | "$2" --replay - --from -1', "sh", file, h.compendium})
    assert.equal(125, shell.status)
    assert.truthy(shell.err:find("where a pipe ends is not known before", 1, true), shell.err)
  end)

  it("gives what is before a cut, says where that is, and succeeds", function()
    local file = recording({"-q"}, {"/bin/sh", "-c", "ls /; sleep 1.2; ls /"})
    local bytes = h.read_file(file)
    local index
    for at in bytes:gmatch "()CFRM" do index = at end -- the last frame but for the tail
    local cut = h.write_file(h.folder() .. "/cut.cpd", bytes:sub(1, index - 10))
    local again = replay(cut)
    assert.equal(0, again.status)
    assert.truthy(again.err:find("%-%-replay [^\n]*cut.cpd: ends within the frame at byte %d+\n"), again.err)
    assert.truthy(again.err:find("sh exec", 1, true))
    local count = select(2, again.err:gsub("at byte", ""))
    assert.equal(1, count)
  end)

  it("ends with 125 when nothing could be read", function()
    local folder = h.folder()
    for name, bytes in pairs {empty = "", text = ("no trace\n"):rep(20), short = "hi\n", head = "\x89CPD\r\n\x1a\n"} do
      local result = replay(h.write_file(folder .. "/" .. name, bytes))
      assert.equal(125, result.status, name)
      assert.truthy(result.err:find("^compendium: %-%-replay [^\n]*not a trace file[^\n]*\n$"), result.err)
    end
    assert.equal(125, replay(folder .. "/none").status)
  end)

  it("runs each of several files, and hands on what a script leaves", function()
    local one, two = recording({"-q"}, {"/bin/true"}), recording({"-q"}, {"/bin/sh", "-c", "exit 4"})
    local result = h.trace({"--replay", one, "--replay", two, "-e", [[
      on("finish", function(info)
        run.result{status = info.status, file = run.file, list = {1, {"x"}}, nothing = run.results[run.number]}
        for i, r in ipairs(run.results) do print(run.number, run.count, i, r.status, r.file, r.list[2][1]) end
      end)]]})
    assert.equal(("2\t2\t1\t0\t%s\tx\n"):format(one), result.out)
    assert.equal("", result.err)
  end)

  it("takes no functions for results, and says where", function()
    local file = recording({"-q"}, {"/bin/true"})
    local result = replay(file, {"-e", 'on("finish", function() run.result(print) end)'})
    assert.truthy(result.err:find("-e:1: run.result() takes plain values, not a function", 1, true), result.err)
    local loop = replay(file, {"-e", 'on("finish", function() local t = {} t.t = t run.result(t) end)'})
    assert.truthy(loop.err:find("a table that is in itself, or too deep", 1, true), loop.err)
  end)

  it("cannot be asked for together with a live trace", function()
    for _, arguments in ipairs {{"--replay", "x", "--", "true"}, {"--replay", "x", "-p", "1"},
      {"--replay", "x", "--record", "y"}} do
      local result = h.run(h.join({h.compendium}, arguments))
      assert.equal(125, result.status)
      assert.truthy(result.err:find("it cannot", 1, true), result.err)
    end
  end)

  it("shows on a terminal how far it is, and takes that away", function()
    local file = recording({"-q"}, {"/bin/true"})
    local on_terminal = terminal.start {"/bin/sh", "-c", '(cat "$1"; sleep 2) | exec "$2" --replay - -q', "sh", file,
      h.compendium}
    on_terminal:expect "million records %([%d.]+ a second%)\r\27%[K"
    on_terminal:expect "FINAL: /bin/true"
    on_terminal:wait()
    assert.is_nil(on_terminal.shown:match "a second%)[^\r]*FINAL")
    local piped = h.run({"/bin/sh", "-c", '(cat "$1"; sleep 2) | exec "$2" --replay - -q', "sh", file, h.compendium})
    assert.is_nil(piped.err:find("million", 1, true))
    local lines = terminal.start {"/bin/sh", "-c", '(cat "$1"; sleep 2) | exec "$2" --replay -', "sh", file, h.compendium}
    lines:expect "FINAL: /bin/true"
    lines:wait()
    assert.is_nil(lines.shown:find("million", 1, true)) -- it has live lines
  end)

  it("ends at Ctrl-C, with the summary", function()
    local file = recording({"-q"}, {"/bin/true"})
    local shell = h.start({"/bin/sh", "-c", '(cat "$1"; sleep 60) | exec "$2" --replay -', "sh", file, h.compendium})
    h.eventually("the first line", function()
      return (h.read_file(shell.err_path) or ""):find("exec", 1, true)
    end)
    local found
    h.eventually("the replay", function()
      for _, pid in ipairs(h.children(shell.pid)) do
        local status = h.status(pid)
        found = status and status.Name == "compendium" and pid or found
      end
      return found
    end)
    h.process.kill(found, 2)
    h.eventually("the summary", function()
      return (h.read_file(shell.err_path) or ""):find("trace ended by SIGINT", 1, true)
    end)
    h.kill_all()
  end)
end)

describe("a recording", function()
  after_each(h.clean)

  it("changes neither what is said nor the program's status", function()
    local _, live = recording({}, {"/bin/sh", "-c", "echo out; exit 5"})
    assert.equal(5, live.status)
    assert.equal("out\n", live.out)
    assert.truthy(live.err:find("Exit: 5", 1, true))
  end)

  it("whose disk is full says so once; the trace goes on", function()
    local result = h.trace({"--record", "/dev/full"}, {"/bin/sh", "-c", "echo out; exit 6"})
    assert.equal(6, result.status)
    assert.equal("out\n", result.out)
    assert.equal(1, (select(2, result.err:gsub("No space left on device", ""))))
    assert.truthy(result.err:find("%d+ records are not in it"))
    assert.truthy(result.err:find("Exit: 6", 1, true))
  end)

  it("that reaches the limit of a file's size says so once; the trace goes on", function()
    local folder = h.folder()
    local shell = h.run({"/bin/sh", "-c", 'ulimit -f 200; exec "$1" --record "$2" -- /bin/sh -c "$3"', "sh", h.compendium,
      folder .. "/run.cpd", MANY_CALLS})
    assert.equal(7, shell.status, shell.err)
    assert.equal("40000\n", shell.out)
    assert.equal(1, (select(2, shell.err:gsub("File too large", ""))))
    assert.truthy(shell.err:find("%d+ records are not in it"))
    local again = replay(folder .. "/run.cpd") -- all whole frames are kept, and no part of one
    assert.equal(0, again.status)
    assert.truthy(again.err:find("has no end (was the trace cut off?): it stops at byte", 1, true), again.err)
    assert.truthy(again.err:find("sh exec", 1, true), again.err)
  end)

  it("on a disk that fills up keeps what there was room for", function()
    if not h.is_root then return pending "needs root, to mount a disk that is small" end
    local disk = h.folder() .. "/disk"
    local result = h.run({"/usr/bin/unshare", "--mount", "--propagation", "private", "/bin/sh", "-c",
      'mkdir "$2"; mount -t tmpfs -o size=100k none "$2" || exit; "$1" --record "$2/run.cpd" -- /bin/sh -c "$3"; s=$?; '
      .. '"$1" -q --replay "$2/run.cpd"; exit $s', "sh", h.compendium, disk, MANY_CALLS})
    assert.equal(7, result.status, result.err)
    assert.equal("40000\n", result.out)
    assert.equal(1, (select(2, result.err:gsub("No space left on device", ""))))
    assert.truthy(result.err:find("has no end (was the trace cut off?): it stops at byte", 1, true), result.err)
  end)

  it("that cannot be made starts no program", function()
    local result = h.trace({"--record", "/none/x.cpd"}, {"/bin/echo", "out"})
    assert.equal(125, result.status)
    assert.equal("", result.out)
  end)

  it("of a tracer that was killed has all but its last second", function()
    local file = h.folder() .. "/run.cpd"
    local live = h.start_trace({"-q", "--record", file}, {"/bin/sh", "-c", "ls / >/dev/null; sleep 60"})
    h.eventually("a frame", function() return #(h.read_file(file) or "") > 1000 end)
    live:kill(9)
    live:wait()
    local again = replay(file)
    assert.equal(0, again.status)
    assert.truthy(again.err:find("has no end (was the trace cut off?): it stops at byte", 1, true), again.err)
    assert.truthy(again.err:find("ls exec", 1, true), again.err)
  end)
end)
