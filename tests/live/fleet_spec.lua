-- SPDX-License-Identifier: MIT
--
-- Many machines: the JSON lines of ten runs on three of them (each with a name of its own, in a UTS namespace) are
-- loaded into DuckDB by the statements of scripts/README.md, and its questions have the answers we know.

local h <const> = require "tests.live.harness"
local services <const> = require "tests.live.services"
local reader <const> = dofile "tests/lua/json_reader.lua"

local here <const> = assert(require("lfs").currentdir())
local MODULES <const> = here .. "/build/npm/node_modules"
local RUNS <const> = {web1 = 4, web2 = 3, db1 = 3}
local SLEEP <const> = {web1 = "0.4", web2 = "0.6", db1 = "0.8"}

-- $1: the machine, $2: how long a read waits, $3: a port to talk to
local JOB <const> = [[
hostname "$1"
exec "$0" --json -o "runs/$1-$$.jsonl" -- bash -c '
  echo "$1" >> shared.log
  echo only >> "own-$1.log"
  sleep "$2" | cat
  curl -s -o /dev/null "http://127.0.0.1:$3/small"
  if [ "$1" != db1 ]; then echo > /dev/tcp/127.0.0.1/1; fi
  true' bash "$@"
]]

local function sql_of_the_guide()
  local statements = {}
  for statement in h.read_file("scripts/README.md"):gmatch "```sql\n(.-);\n```" do
    statements[#statements + 1] = statement
  end
  return statements
end

-- The rows of each statement.
local function ask(dir, statements)
  local result = h.run(h.join({h.which.node, h.program "duckdb.js", MODULES}, statements), {
    user = h.users[1], cwd = dir})
  assert.equal(0, result.status, result.err)
  local answers = {}
  for line in result.out:gmatch "[^\n]+" do
    answers[#answers + 1] = reader.line('{"rows":' .. line .. "}\n").rows
  end
  return answers
end

local function find(rows, column, value)
  for _, row in ipairs(rows) do
    if row[column] == value then return row end
  end
end

describe("the JSON lines of ten runs on three machines", function()
  after_each(h.clean)

  it("answer in SQL what each machine did", function()
    local user = h.users[1]
    local own_names = h.is_root and {"/usr/bin/unshare", "-u"} or {"/usr/bin/unshare", "-ru"}
    local probe = h.run(h.join(own_names, {"/bin/true"}), {user = user})
    if probe.status ~= 0 then pending("no machine can have a name of its own here: " .. probe.err) end
    local nginx, dir = services.nginx(user, 1), h.folder(user)
    h.run({"/bin/mkdir", dir .. "/runs"}, {user = user})
    for machine, times in pairs(RUNS) do
      for _ = 1, times do
        local result = h.run(h.join(own_names, {"/bin/sh", "-c", JOB, h.compendium, machine, SLEEP[machine],
          tostring(nginx.port)}), {user = user, cwd = dir})
        assert.equal(0, result.status, result.err)
      end
    end
    nginx:stop()
    assert.equal(10, #h.list(dir .. "/runs"))

    local statements = sql_of_the_guide()
    assert.equal(5, #statements)
    table.insert(statements, 2, "SELECT count(DISTINCT run), count(DISTINCT boot), count(DISTINCT host) FROM events")
    local answers = ask(dir, statements)
    assert.same({{"10", "1", "3"}}, answers[2])

    local slowest = answers[3]
    assert.equal(3, #slowest)
    for i, machine in ipairs {"db1", "web1", "web2"} do
      assert.same({machine, "cat", "read"}, {table.unpack(slowest[i], 1, 3)})
      local ms = tonumber(slowest[i][4])
      assert.is_true(ms > tonumber(SLEEP[machine]) * 900, ms)
    end

    assert.same({{dir .. "/shared.log", "3", tostring(7 * #"web1\n" + 3 * #"db1\n")}}, answers[4])

    local served = find(answers[5], 2, "127.0.0.1:" .. nginx.port)
    assert.same({"tcp4", "127.0.0.1:" .. nginx.port, "10", "3", "0"}, served)
    assert.same({"tcp4", "127.0.0.1:1", "7", "2", "7"}, find(answers[5], 2, "127.0.0.1:1"))

    local refused = 0
    for _, row in ipairs(answers[6]) do
      refused = refused + (row[3] == "connect" and row[4] == "ECONNREFUSED" and 1 or 0)
      assert.matches("^20%d%d%-%d%d%-%d%d %d%d:%d%d:%d%d", row[2])
    end
    assert.equal(7, refused)

  end)
end)
