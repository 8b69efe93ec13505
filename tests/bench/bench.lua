-- SPDX-License-Identifier: MIT
--
-- bench: runs the rows of rows.lua, the runners of a row in turn and in several rounds, and compares medians.

local h <const> = require "tests.live.harness"
local table_of <const> = require "tests.bench.rows"

local bench = {}

-- The files that are compiled: of some size, so that all take about a second untraced, as they did where the bars were
-- found.
local SOURCES <const>, FUNCTIONS <const> = 24, 12
local INCLUDES <const> = "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <unistd.h>\n"
local FUNCTION <const> = [[
static int by_N(const void *a, const void *b) { return *(const int *)a - *(const int *)b + N; }
int sum_N(int *list, size_t n)
{
  char text[64];
  int sum = 0;
  qsort(list, n, sizeof *list, by_N);
  for (size_t i = 0; i < n; i++) {
    snprintf(text, sizeof text, "%d %s", list[i], i % 2 ? "odd" : "even");
    sum += (int)strlen(text) * (list[i] > N ? 1 : -1);
  }
  return sum;
}
]]

local prepare = {}

function prepare.sources(folder)
  local functions, objects = {}, {}
  for i = 1, FUNCTIONS do functions[i] = FUNCTION:gsub("N", i) end
  for i = 1, SOURCES do
    h.write_file(("%s/f%d.c"):format(folder, i), INCLUDES .. table.concat(functions))
    objects[i] = ("f%d.o"):format(i)
  end
  h.write_file(folder .. "/Makefile", "all: " .. table.concat(objects, " ") .. "\n")
end

function prepare.file(folder)
  h.write_file(folder .. "/file", ("x"):rep(4096))
end

local function expand(list, values)
  local argv = {}
  for i, word in ipairs(list) do
    argv[i] = word:gsub("%$(%u+)", values)
  end
  return argv
end

-- Runs a command; its output goes to a file, as a terminal or a pipe would be part of what is measured.
local function run(argv)
  local start = h.process.now()
  local proc = h.start(argv, {env = {LUA_PATH = false}})
  while not proc:ended(600) do
    error(table.concat(argv, " ") .. " does not end")
  end
  return h.process.now() - start, proc
end

local probed = {}

-- Does this runner exist here? Else why not.
function bench.missing(name)
  local runner = table_of.runners[name]
  if probed[name] == nil then
    probed[name] = false
    if runner.probe and not h.installed(runner.argv[1]) then
      probed[name] = runner.argv[1] .. " is not installed"
    elseif runner.backend or runner.probe then
      local argv = h.join(expand(runner.argv, {COMPENDIUM = h.compendium}), {"true"})
      argv[1] = argv[1]:find("/", 1, true) and argv[1] or h.which[argv[1]]
      local _, proc = run(argv)
      if proc.status ~= 0 then
        probed[name] = proc.err:match "[^\n]+" or "it failed"
      end
    end
  end
  return probed[name] or nil
end

local function median(list)
  table.sort(list)
  local middle = #list // 2
  return #list % 2 == 1 and list[middle + 1] or (list[middle] + list[middle + 1]) / 2
end

local function measure(row, name, values)
  local runner = table_of.runners[name]
  local argv = h.join(expand(runner.argv, values), expand(row.work, values))
  argv[1] = argv[1]:find("/", 1, true) and argv[1] or h.which[argv[1]]
  local seconds, proc = run(argv)
  if proc.status ~= 0 then
    error(("%s under %s: status %s\n%s"):format(row.name, name, proc.status, proc.err:sub(-1000)), 0)
  end
  local lost
  if row.counted and runner.counts then
    lost = values.N - (tonumber(proc.out:match "(%d+)%s*$") or 0)
  end
  return row.reads and tonumber(proc.out:match(row.reads)) / 1e9 or seconds, lost
end

local function judge(row, bars, results)
  local judged = {}
  for _, bar in ipairs(bars or {}) do
    local runner <const>, limit <const>, of <const> = table.unpack(bar)
    local result <const>, base <const> = results[runner], of and results[of]
    if result and (base or not of) then
      local value = of and result.median / base.median or result.median * 1e6
      judged[#judged + 1] = {row = row.name, runner = runner, of = of, limit = limit, value = value,
        pass = value <= limit and (result.lost or 0) == 0, lost = result.lost}
    end
  end
  return judged
end

-- Runs a row. Returns results[runner] = {median, times, lost}, and the bars with what became of them.
function bench.row(row, rounds, short)
  local folder = h.folder(h.users[1])
  if row.prepare then
    prepare[row.prepare](folder)
  end
  local build <const> = os.getenv "BENCH_BUILD" or "build/bench"
  local values <const> = {DIR = folder, N = short and row.short or row.count, COMPENDIUM = h.compendium,
    WORK = build .. "/work", DISPATCH = build .. "/dispatch"}
  for _, name in ipairs {"WORK", "DISPATCH"} do
    values[name] = values[name]:sub(1, 1) == "/" and values[name] or require "lfs".currentdir() .. "/" .. values[name]
  end
  local results = {}
  for _ = 1, rounds do
    for _, name in ipairs(row.runners) do
      if not bench.missing(name) then
        local seconds <const>, lost <const> = measure(row, name, values)
        local result = results[name] or {times = {}}
        results[name] = result
        result.times[#result.times + 1] = seconds
        result.lost = lost and math.max(lost, result.lost or 0)
      end
    end
  end
  for _, result in pairs(results) do
    result.median = median(result.times)
  end
  return results, judge(row, short and row.holds or row.bars, results)
end

bench.rows = table_of.rows

return bench
