-- SPDX-License-Identifier: MIT
--
-- Profiles of seccomp-profile.lua, loaded by libseccomp: the same work runs under them, and other calls are refused.

local h <const> = require "tests.live.harness"
local services <const> = require "tests.live.services"

local function under(profile) return {h.which.python3, h.program "under_profile.py", profile} end

local function fetch(through, port)
  return h.run(h.join(through, {h.which.curl, "-sS", "--max-time", "20", ("http://localhost:%d/large"):format(port)}))
end

describe("a seccomp profile", function()
  after_each(h.clean)

  for _, user in ipairs(h.users) do
    it("of nginx that serves is enough to serve, and for nothing else, as " .. user, function()
      local profile = h.folder(user) .. "/nginx.json"
      local nginx = services.nginx(user, 1, {h.compendium, "-s", "seccomp-profile:to=" .. profile, "--"})
      assert.equal(300000, #fetch({}, nginx.port).out)
      nginx:stop()
      assert.truthy(h.read_file(profile), nginx.process.err)
      nginx = services.nginx(user, 1, under(profile))
      for _ = 1, 3 do
        local result = fetch({}, nginx.port)
        assert.equal(300000, #result.out, result.err)
      end
      nginx:stop()
      local err = nginx.process.err .. (h.read_file(nginx.dir .. "/error.log") or "")
      assert.truthy(err:find "^refused\n", err)
      assert.falsy(err:find("Operation not permitted", 1, true), err)
    end)
  end

  it("of curl is enough to fetch, again and again", function()
    local user = h.users[1]
    local nginx = services.nginx(user)
    local profile = h.folder(user) .. "/curl.json"
    local traced = fetch({h.compendium, "-s", "seccomp-profile:to=" .. profile, "--"}, nginx.port)
    assert.equal(300000, #traced.out, traced.err)
    for _ = 1, 5 do
      local result = fetch(under(profile), nginx.port)
      assert.equal("refused\n", result.err)
      assert.equal(0, result.status, result.err)
      assert.equal(300000, #result.out, result.err)
    end
    nginx:stop()
  end)

  it("of less than the work is not enough for it", function()
    local user = h.users[1]
    local profile = h.folder(user) .. "/true.json"
    h.trace({"-s", "seccomp-profile:to=" .. profile}, {"/bin/true"})
    local result = h.run(h.join(under(profile), {h.which.curl, "-sS", "http://127.0.0.1:1/"}))
    assert.not_equal(0, result.status)
    assert.equal(0, h.run(h.join(under(profile), {"/bin/true"})).status)
  end)

  it("has what a run does without being seen, or only now and then, and only names that are known", function()
    local code = "import ctypes; ctypes.CDLL(None).syscall(999)"
    local profile = h.trace({"-s", "seccomp-profile"}, {h.which.python3, "-c", code}).out
    for _, name in ipairs {"clock_gettime", "futex", "mremap", "execve", "restart_syscall"} do
      assert.truthy(profile:find('"' .. name .. '"', 1, true), profile)
    end
    assert.falsy(profile:find("999", 1, true), profile)
    assert.falsy(profile:find("getpriority", 1, true), profile)
  end)

  it("of a 32-bit program is for that", function()
    local profile = h.folder(h.users[1]) .. "/deep.json"
    h.trace({"-s", "seccomp-profile:to=" .. profile}, {h.tracee "deep_32", "/etc/hosts"})
    local result = h.run(h.join(under(profile), {h.tracee "deep_32", "/etc/hosts"}))
    assert.equal("done\n", result.out, result.err)
  end)
end)
