-- SPDX-License-Identifier: MIT
--
-- e.stack: where a program is when it makes a call, with function, file and line; of commands and of processes that
-- run, live and from a recording; and that no file of the program, nor its end, does harm.

local h <const> = require "tests.live.harness"

-- Says the functions of each stack of an open of that name, with lines where they are known.
local SAY <const> = [[
  want("stack", "open")
  on("open", function(e)
    if not (e.path or ""):find "/here$" then return end
    local words = {}
    for i, f in ipairs(e.stack or {}) do
      words[i] = f.name and f.name .. (f.line and ":" .. f.file:match "[^/]*$" or "")
        or ("%s+%d"):format((f.module or "?"):match "[^/]*$", f.offset or f.address)
    end
    print(e.tid == e.pid and "main" or "thread", table.concat(words, " "), e.stack and e.stack.truncated)
  end)
]]
local IN_MAIN <const> = "main\t[^\n]*open%S* third:deep%.c second:deep%.c first:deep%.c main:deep%.c [^\n]*_start[^\n]*nil\n"
local IN_THREAD <const> = "thread\t[^\n]*open%S* third:deep%.c second:deep%.c first:deep%.c in_thread:deep%.c [^\n]*nil\n"

local function has_names(out)
  assert.truthy(out:find(IN_MAIN), out)
  assert.truthy(out:find(IN_THREAD), out)
end

describe("a stack", function()
  local dir, here

  before_each(function()
    dir = h.folder(h.users[1])
    here = h.write_file(dir .. "/here", "x")
  end)
  after_each(h.clean)

  for _, user in ipairs(h.users) do
    it("has functions, files and lines, in main and in a thread, as " .. user, function()
      for _, way in ipairs {{}, {"--no-seccomp"}, {"--backend", "ptrace"}} do
        local result = h.trace(h.join(way, {"-e", SAY}), {h.tracee "deep", here}, {user = user})
        assert.equal(0, result.status, result.err)
        has_names(result.out)
        assert.truthy(result.out:find "done\n$", result.out)
      end
    end)
  end

  it("has modules and offsets where there are no names", function()
    local result = h.trace({"-e", SAY}, {h.tracee "deep_bare", here})
    local own = ("deep_bare%+%d+ "):rep(4)
    assert.truthy(result.out:find("main\t[^\n]*open%S* " .. own), result.out .. result.err)
    assert.truthy(result.out:find("thread\t[^\n]*open%S* " .. own), result.out .. result.err)
  end)

  it("is found in 32-bit programs too", function()
    has_names(h.trace({"-e", SAY}, {h.tracee "deep_32", here}).out)
  end)

  it("is found in a process that runs", function()
    local program = h.start {h.tracee "deep", here, "100000"}
    local code = SAY .. [[ local n = 0 on("open", function() n = n + 1 if n == 5 then os.exit(0) end end)]]
    local result = h.trace {"-p", tostring(program.pid), "-e", code}
    program:kill(9)
    program:wait()
    assert.truthy(result.out:find(IN_MAIN), result.out .. result.err)
  end)

  it("is found in one process after the other, by what its file is then", function()
    local copy = dir .. "/copy"
    local code = ("cat %s > %s; chmod +x %s; %s %s; %s %s; cat %s > %s; %s %s; :"):format(h.tracee "deep", copy, copy, copy, here,
      copy, here, h.tracee "deep_bare", copy, copy, here)
    local result = h.trace({"-e", SAY}, {"/bin/sh", "-c", code})
    local named, count = result.out:gsub(IN_MAIN, "")
    assert.equal(2, count, result.out .. result.err)
    assert.truthy(named:find("main\t[^\n]*open%S* " .. ("copy%+%d+ "):rep(4)), result.out)
  end)

  it("is there in \"enter:\" hooks, and when the call is changed", function()
    local code = [[want("stack", "openat")
      on("enter:openat", function(e)
        if e.path:find "/here$" then e:set("pathname", "/dev/null") print("enter", e.stack[2].name) end
      end)
      on("syscall:openat", function(e) if e.tampered then print("call", e.stack[2].name, e:copy().stack[3].name) end end)]]
    local result = h.trace({"-e", code}, {h.tracee "deep", here})
    assert.truthy(result.out:find "enter\tthird\ncall\tthird\tsecond\n", result.out .. result.err)
  end)

  it("is cut where it is too deep, and says so", function()
    local result = h.trace({"-e", SAY}, {h.tracee "deep", here, "1", "200"})
    assert.truthy(result.out:find "main\t[^\n]*open%S* third:deep.c second:deep.c first:deep.c[^\n]* down:deep.c\ttrue\n", result.out)
  end)

  it("is in a recording, and when it is not, that is said", function()
    h.trace({"--record", dir .. "/with.cpd", "-e", 'want("stack", "open")', "-q"}, {h.tracee "deep", here})
    local result = h.trace {"--replay", dir .. "/with.cpd", "-e", SAY}
    has_names(result.out)
    assert.falsy(result.err:find("not recorded", 1, true), result.err)
    h.trace({"--record", dir .. "/without.cpd", "-q"}, {h.tracee "deep", here})
    result = h.trace {"--replay", dir .. "/without.cpd", "-e", SAY}
    assert.truthy(result.out:find "main\t\tnil\n", result.out)
    assert.truthy(result.err:find("not recorded, and so not shown: stacks of some calls", 1, true), result.err)
  end)

  it("must be asked for", function()
    local result = h.trace({"-e", 'on("open", function(e) return e.stack end)'}, {"/bin/true"})
    assert.truthy(result.err:find('e.stack is only there after want("stack"', 1, true), result.err)
    result = h.trace({"-e", 'want("stack", "opened")'}, {"/bin/true"})
    assert.truthy(result.err:find("-e:1: there is no event 'opened'", 1, true), result.err)
    result = h.trace({"-e", 'want("stack", "start")'}, {"/bin/true"})
    assert.truthy(result.err:find("'start' is no system call", 1, true), result.err)
  end)

  it("stops nobody else: other calls have none, and cost nothing", function()
    local code = [[want("stack", "openat") on("syscall:close", function(e) print(e.stack) end)]]
    local result = h.trace({"-e", code}, {h.tracee "deep", here})
    assert.truthy(result.out:find "^nil\n", result.out)
    assert.falsy(result.out:find("table", 1, true), result.out)
  end)

  it("takes bpf's place, and cannot be had without stops", function()
    if h.users[1] ~= "root" then return pending "bpf needs root" end
    local result = h.trace({"-v", "-e", SAY}, {h.tracee "deep", here})
    assert.truthy(result.err:find("a script wants the stack of calls", 1, true), result.err)
    result = h.trace({"--backend", "bpf-only", "-e", SAY}, {h.tracee "deep", here})
    assert.truthy(result.err:find("a script wants the stack of calls, for which programs must be stopped", 1, true), result.err)
    assert.equal(125, result.status)
  end)
end)

-- Where the sections of an ELF file of 64 bits are, by name: {offset, size}.
local function sections(bytes)
  local list, at, count, names = {}, ("<I8"):unpack(bytes, 41), ("<I2"):unpack(bytes, 61), ("<I2"):unpack(bytes, 63)
  local function header(i) return ("<I4I4I8I8I8I8"):unpack(bytes, at + i * 64 + 1) end
  local _, _, _, _, texts = header(names)
  for i = 0, count - 1 do
    local name, _, _, _, offset, size = header(i)
    list[("z"):unpack(bytes, texts + name + 1)] = {offset, size}
  end
  return list
end

-- The file with some bytes of a section changed, the same way for the same seed.
local function damaged(bytes, section, seed)
  math.randomseed(seed)
  local parts = {bytes:sub(1, section[1]), bytes:sub(section[1] + 1, section[1] + section[2]),
    bytes:sub(section[1] + section[2] + 1)}
  local middle = {parts[2]:byte(1, -1)}
  for _ = 1, 1 + #middle // 8 do middle[math.random(#middle)] = math.random(0, 3) == 0 and 255 or math.random(0, 255) end
  for i, byte in ipairs(middle) do middle[i] = string.char(byte) end
  return parts[1] .. table.concat(middle) .. parts[3]
end

describe("finding stacks does no harm", function()
  local dir, here

  before_each(function()
    dir = h.folder(h.users[1])
    here = h.write_file(dir .. "/here", "x")
  end)
  after_each(h.clean)

  it("when the program's own tables are nonsense", function()
    local bytes = h.read_file(h.tracee "deep")
    local all = sections(bytes)
    for i, name in ipairs {".eh_frame", ".eh_frame_hdr", ".symtab", ".strtab", ".debug_info", ".debug_abbrev", ".debug_line",
      ".debug_aranges", ".debug_str"} do
      for seed = 1, all[name] and 2 or 0 do
        local copy = h.write_file(("%s/damaged%d-%d"):format(dir, i, seed), damaged(bytes, all[name], i * 10 + seed), 493)
        local result = h.trace({"-e", SAY}, {copy, here})
        assert.equal(0, result.status, name .. "\n" .. result.err)
        assert.truthy(result.out:find "done\n$", name .. result.out)
        assert.truthy(result.out:find("main\t[^\n]*open"), name .. result.out)
        assert.falsy(result.err:find("traceback", 1, true), name .. result.err)
      end
    end
  end)

  it("when its file is cut or another one meanwhile", function()
    local bytes = h.read_file(h.tracee "deep")
    for i, change in ipairs {"os.remove(%q)", "os.rename(%q, %q .. '.old') os.execute('mkfifo ' .. %q)"} do
      local copy = h.write_file(dir .. "/copy" .. i, bytes, 493)
      local code = ([[on("exec", function(e) if e.path == %q then %s end end)]]):format(copy, (change:gsub("%%q", ("%q"):format(copy))))
      local result = h.trace({"-e", code .. SAY}, {copy, here})
      assert.equal(0, result.status, result.err)
      assert.truthy(result.out:find "main\t[^\n]*open", result.out .. result.err)
    end
  end)

  local KILL <const> = [[local function worker()
      for pid in io.open("/proc/self/task/" .. io.open "/proc/self/stat":read "n" .. "/children"):read "a":gmatch "%d+" do
        local comm = io.open("/proc/" .. pid .. "/comm")
        if comm and comm:read "l" == "stacks" then return pid end
      end
    end
    local kills = 0
    on("open", function(e)
      local pid = kills < KILLS and worker()
      kills = kills + (pid and 1 or 0)
      if pid then os.execute("kill -9 " .. pid) end
    end)]]

  it("when who finds them dies: another one does", function()
    local result = h.trace({"-e", SAY .. KILL:gsub("KILLS", "1")}, {h.tracee "deep", here})
    assert.equal(0, result.status, result.err)
    assert.truthy(result.out:find(IN_THREAD), result.out .. result.err)
    assert.falsy(result.err:find("no more from here on", 1, true), result.err)
  end)

  it("when it dies again and again: there are none, and that is said", function()
    local code = "use 'default'; output.summary(true)\n" .. SAY .. KILL:gsub("KILLS", "3")
    local result = h.trace({"-e", code}, {h.tracee "deep", here, "20"})
    assert.equal(0, result.status, result.err)
    assert.truthy(result.err:find("stacks cannot be found: there are no more from here on", 1, true), result.err)
    assert.truthy(result.err:find("Without stacks from some point on, as they could not be found: deep", 1, true), result.err)
    assert.truthy(result.out:find "thread\t%?%+%d+\ttrue\n", result.out)
  end)

  it("when the program vanishes meanwhile", function()
    for i = 1, 10 do
      local code = ([[local n = 0 on("open", function(e) n = n + 1 if n == %d then os.execute("kill -9 " .. e.pid) end end)]])
        :format(i * 3)
      local result = h.trace({"-e", SAY .. code}, {h.tracee "deep", here, "200"})
      assert.equal(9, result.signal, result.err)
      assert.falsy(result.err:find("traceback", 1, true), result.err)
    end
  end)
end)
