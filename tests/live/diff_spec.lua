-- SPDX-License-Identifier: MIT
--
-- scripts/diff.lua on recordings: two of the same program show nothing; of programs that differ in one thing it
-- tells of that thing and of nothing else.

local h <const> = require "tests.live.harness"
local programs <const> = require "tests.live.programs"
local services <const> = require "tests.live.services"

local user <const> = h.users[#h.users]
local SAME <const> = {
  ["curl over IPv4"] = true, ["curl over a unix socket"] = true, ["git clone"] = true, gcc = true,
  ["sh with a pipeline"] = true, ["python with threads"] = true, ["python with multiprocessing"] = true, tar = true,
}

-- The call sleeps no less than it is told. Python's own time.sleep has a moment to wake at, which comes nearer while
-- a busy machine lets the call wait to begin.
local SLEEP <const> = [[python3 -c 'import ctypes, os; ctypes.CDLL(None).usleep(int(float(os.environ["DELAY"]) * 1000000))']]

local function record(file, argv, options)
  local result = h.trace({"-q", "--record", file}, argv, options)
  assert.is_truthy(h.read_file(file), result.err)
  return result
end

-- What diff.lua says of two recordings, without the two lines that name them.
local function diff(a, b, settings)
  local result = h.trace({"--replay", a, "--replay", b, "-s", "diff.lua" .. (settings or "")}, nil, {user = user})
  assert.equal(0, result.status, result.err)
  assert.equal("", result.err)
  local first, second, rest = result.out:match "^%-%-%- ([^\n]*)\n%+%+%+ ([^\n]*)\n(.*)$"
  assert.is_truthy(first and first:find(a, 1, true) and second:find(b, 1, true), result.out)
  return rest
end

describe("diff.lua", function()
  after_each(h.clean)

  local function recordings()
    local folder = h.folder(user)
    return folder .. "/a.cpd", folder .. "/b.cpd"
  end

  for _, program in ipairs(programs) do
    if SAME[program.name] and program.users[user] then
      it("says nothing about two runs of " .. program.name, function()
        local a, b = recordings()
        for _, file in ipairs {a, b} do
          programs.with(program, user, function(argv, options) return record(file, argv, options) end)
        end
        assert.equal("no differences\n", diff(a, b))
      end)
    end
  end

  -- Two runs of a shell script in one folder; `between` changes something, or env does.
  local function differing(script, between, env_a, env_b)
    local a, b = recordings()
    local dir = h.folder(user, "work")
    h.write_file(dir .. "/settings.conf", "one\n")
    h.write_file(dir .. "/other.conf", "one\n")
    record(a, {"/bin/bash", "-c", script}, {user = user, cwd = dir, env = env_a})
    if between then between(dir) end
    record(b, {"/bin/bash", "-c", script}, {user = user, cwd = dir, env = env_b})
    return diff(a, b), diff(b, a), dir
  end

  local function lines(...)
    local list = {}
    for i, line in ipairs {...} do
      list[i] = type(line) == "table" and ("  %s %-30s %s"):format(table.unpack(line)) or line
    end
    return table.concat(list, "\n") .. "\n"
  end

  local READS <const> = 'while read -r x; do :; done < "${CONFIG:-settings.conf}"; true'

  it("finds a missing file", function()
    local forth, back, dir = differing(READS, function(dir) os.remove(dir .. "/settings.conf") end)
    assert.equal(lines("Files:", {"~", dir .. "/settings.conf", "opened → not there"}), forth)
    assert.equal(lines("Files:", {"~", dir .. "/settings.conf", "not there → opened"}), back)
  end)

  it("finds a changed configuration path", function()
    local forth, back, dir = differing(READS, nil, {}, {CONFIG = "other.conf"})
    assert.equal(lines("Files:", {"+", dir .. "/other.conf", "opened"}, {"-", dir .. "/settings.conf", "opened"}), forth)
    assert.equal(lines("Files:", {"-", dir .. "/other.conf", "opened"}, {"+", dir .. "/settings.conf", "opened"}), back)
  end)

  it("finds a connection that is refused", function()
    local nginx = services.nginx(user, 1)
    local peer = "127.0.0.1:" .. nginx.port
    local forth, back = differing(("echo > /dev/tcp/127.0.0.1/%d; true"):format(nginx.port), function() nginx:stop() end)
    assert.is_truthy(forth:find(lines("Connections:", {"~", "tcp4 " .. peer, "reached → refused"}), 1, true), forth)
    assert.is_truthy(back:find(lines("Connections:", {"~", "tcp4 " .. peer, "refused → reached"}), 1, true), back)
    assert.is_nil(forth:find "Programs:")
    assert.is_nil(forth:find "Files:")
    assert.is_nil(forth:find "Times:")
  end)

  it("finds a call that takes ten times as long", function()
    local forth, back = differing(SLEEP, nil, {DELAY = "0.2"}, {DELAY = "2"})
    assert.matches("^Times:\n  ~ clock_nanosleep + 0%.%d%ds → [12]%.%d%ds: %d+ times slower, 1 call\n$", forth)
    assert.matches("^Times:\n  ~ clock_nanosleep + [12]%.%d%ds → 0%.%d%ds: %d+ times faster, 1 call\n$", back)
  end)

  it("finds a program that is run, and how one ends", function()
    local script = 'if [ -n "$MORE" ]; then /bin/true; fi; (exit "${MORE:-0}"); exit "${MORE:-0}"'
    local forth, back = differing(script, nil, {}, {MORE = "3"})
    assert.is_truthy(forth:find(lines({"+", "/bin/true", "began, exit 0"}), 1, true), forth)
    assert.matches("\n  ~ .* exit 0 → exit 3\n", forth)
    assert.is_truthy(back:find(lines({"-", "/bin/true", "began, exit 0"}), 1, true), back)
  end)

  it("tells of calls as slow as its options say", function()
    local a, b = recordings()
    for file, delay in pairs {[a] = "0.4", [b] = "1.6"} do
      record(file, {"/bin/bash", "-c", SLEEP}, {user = user, cwd = h.folder(user, "work"), env = {DELAY = delay}})
    end
    assert.equal("no differences\n", diff(a, b))
    assert.matches("^Times:\n  ~ clock_nanosleep", diff(a, b, ":slower=2"))
    assert.equal("no differences\n", diff(a, b, ":slower=2,floor=5s"))
  end)

  it("wants two recordings", function()
    local a = recordings()
    record(a, {"/bin/true"}, {user = user})
    local result = h.trace({"--replay", a, "-s", "diff.lua"}, nil, {user = user})
    assert.equal(125, result.status)
    assert.matches("diff compares two recordings: %-%-replay A %-%-replay B", result.err)
  end)
end)
