-- SPDX-License-Identifier: MIT
--
-- The independent witness: what compendium tells of a real program must be what Debian's strace tells of
-- another run of it: how often each call completed in each program, which names were opened with
-- which result, the bytes of each file, peer and pipe.

local h <const> = require "tests.live.harness"
local account <const> = require "tests.live.account"
local programs <const> = require "tests.live.programs"
local strace <const> = require "tests.live.strace"

local function by_strace(program, user)
  local output = h.folder(user) .. "/strace"
  local result, dir = programs.with(program, user, function(argv, options)
    return strace.run(argv, options, output)
  end)
  return account.normal(strace.account(h.read_file(output), dir)), result
end

local function by_compendium(program, user)
  local output = h.folder(user) .. "/account"
  local script = ("%s/witness.lua:out=%s"):format(h.scripts, output)
  local result = programs.with(program, user, function(argv, options)
    return h.trace({"-s", script}, argv, options)
  end)
  return account.normal(account.read(output)), result
end

describe("strace agrees", function()
  after_each(h.clean)

  for _, user in ipairs(h.users) do
    for _, program in ipairs(programs) do
      if program.users[user] then
        it(("about %s, as %s"):format(program.name, user), function()
          if program.cannot then
            pending(program.name .. ": " .. program.cannot)
          end
          local theirs, by_them = by_strace(program, user)
          local ours, by_us = by_compendium(program, user)
          assert.equal(by_them.status, by_us.status, by_us.err)
          assert.equal(by_them.err, by_us.err) -- the program's own words, and none of ours
          assert.equal(by_them.out, by_us.out)
          assert.same({}, account.differences(theirs, ours, program.vary))
        end)
      end
    end
  end
end)
