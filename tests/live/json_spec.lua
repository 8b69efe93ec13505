-- SPDX-License-Identifier: MIT
--
-- JSON lines of real programs: each is as the JSON Schema of the build says, by the word of an independent
-- validator (Debian's python3-jsonschema), and says of which machine, boot and trace it is.

local h <const> = require "tests.live.harness"
local programs <const> = require "tests.live.programs"

local SCHEMA <const> = "build/docs/compendium.schema.json"
local TRACED <const> = {
  ["curl over IPv4"] = true, ["curl over a unix socket"] = true, ["git clone"] = true, ["sh with a pipeline"] = true,
  ["python with threads"] = true, tar = true,
}
local here <const> = assert(require("lfs").currentdir())

-- What the validator says of files: complaints, and how many lines it read.
local function validate(...)
  local result = h.run({"/usr/bin/python3", h.program "check_schema.py", here .. "/" .. SCHEMA, ...}, {user = "root"})
  assert.equal(0, result.status, result.err)
  local complaints, lines = result.out:match "^(.*)Draft202012Validator (%d+) lines\n$"
  return assert(complaints, result.out), tonumber(lines)
end

local function trace(argv, options)
  local out = h.folder(options and options.user) .. "/trace.jsonl"
  local result = h.trace({"--json", "-o", out}, argv, options)
  return out, result
end

describe("JSON lines", function()
  after_each(h.clean)

  for _, program in ipairs(programs) do
    if TRACED[program.name] then
      it("of " .. program.name .. " are as the schema says", function()
        local out
        local result = programs.with(program, h.users[#h.users], function(argv, options)
          local traced
          out, traced = trace(argv, options)
          return traced
        end)
        assert.equal(0, result.status)
        local complaints, lines = validate(out)
        assert.equal("", complaints)
        assert.is_true(lines > 100, lines)
      end)
    end
  end

  it("of names that are no text, failures, signals and a kill are as the schema says", function()
    local out = trace {"/bin/sh", "-c", [[
      n=$(printf '/nonexistent/\377\\x41'); cat "$n"; mkdir d d; ln -s "$n" d/l; mv d/l d/m; trap '' USR1; kill -USR1 $$
      sleep 100 & kill $!; wait $!; kill -SEGV $$]]}
    local complaints = validate(out)
    assert.equal("", complaints)
    local text = h.read_file(out)
    assert.is_truthy(text:find([["escaped":["path"]], 1, true))
    assert.is_truthy(text:find [["type":"finish","signal":"SIGSEGV"]])
  end)

  it("of waits are as the schema says", function()
    if not h.is_root then return pending "needs root" end
    local out = h.folder "root" .. "/trace.jsonl"
    h.trace({"--json", "-o", out, "--ebpf"}, {"/bin/dd", "status=none", "if=/dev/zero", "of=f", "bs=64k", "count=4", "conv=fsync"})
    local complaints = validate(out)
    assert.equal("", complaints)
  end)

  it("are refused by the schema when they are wrong", function()
    local out = trace {"/bin/cat", "/etc/hosts"}
    local good = h.read_file(out):match '[^\n]*"type":"open"[^\n]*"path":"/etc/hosts"[^\n]*\n'
    for _, wrong in ipairs {
      {'"fd":3', '"fd":"three"', "fd: "},
      {'"fd":3', '"fd":12345678901234567890', "fd: "},
      {'"fd":3', '"handle":3', "'handle' was unexpected"},
      {'"type":"open"', '"type":"opened"', "type: 'opened' is not one of"},
      {'"type":"open",', "", "'type' is a required property"},
      {'"host":"[^"]*",', "", "'host' is a required property"},
      {'"writable":false', '"writable":0', "writable: 0 is not of type 'boolean'"},
      {'"kind":"file",', "", "file: 'kind' is a required property"},
      {'"path":"[^"]*"', '"path":["/etc/hosts"]', "path: "},
    } do
      local bad, count = good:gsub(wrong[1], (wrong[2]:gsub("%%", "%%%%")))
      assert.equal(1, count, wrong[1] .. " in " .. good)
      local complaints = validate(h.write_file(h.folder "root" .. "/bad", bad))
      assert.is_truthy(complaints:find(wrong[3], 1, true), bad .. complaints)
    end
    assert.equal("", (validate(h.write_file(h.folder "root" .. "/good", good))))
  end)

  it("say of which machine, boot and trace they are, the same in each line", function()
    local runs, uuid = {}, "%x+%-%x+%-4%x+%-[89ab]%x+%-%x+"
    local host, boot = h.read_file "/proc/sys/kernel/hostname", h.read_file "/proc/sys/kernel/random/boot_id"
    for i = 1, 2 do
      local out = trace {"/bin/true"}
      local text = h.read_file(out)
      local _, lines = text:gsub("\n", "\n")
      runs[i] = text:match('"run":"(' .. uuid .. ')"')
      local tail = ('"host":"%s","boot":"%s","run":"%s"}\n'):format(host:gsub("\n", ""), boot:gsub("\n", ""), runs[i])
      assert.equal(lines, select(2, text:gsub(h.literal(tail), "")))
    end
    assert.are_not.equal(runs[1], runs[2])
  end)
end)
