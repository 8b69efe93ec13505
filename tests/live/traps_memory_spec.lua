-- SPDX-License-Identifier: MIT
--
-- The kernel's traps, 37 to 42: registers, memory and other ways into the kernel.

local h <const> = require "tests.live.harness"
local traps <const> = require "tests.live.traps"

local function same(...)
  return traps.same(traps.command("trap_memory", ...))
end

describe("memory", function()
  after_each(h.clean)

  for _, user in ipairs(h.users) do
    it("is read up to its last byte and no further, as " .. user, function()
      local dir = h.folder(user)
      local text = traps.same(traps.command("trap_memory", "ends", dir), 0, {user = user, cwd = dir})
      for _, pattern in ipairs {
        'openat%([^\n]*pathname: "last"[^\n]*%) = 3', 'openat%([^\n]*pathname: "none"[^\n]*%) = 4',
        'pathname: "x+"\u{2026}, flags: O_RDONLY%) = %-1 EFAULT', 'open%(pathname: NULL[^\n]*EFAULT',
        "pathname: 0xfffffffffffff000[^\n]*EFAULT", "pathname: 0xffffffff81000000[^\n]*EFAULT",
        'write%(fd: 3[^\n]*buf: "xxxxxxxxxx"[^\n]*count: 100%) = 10',
        'write%(fd: 3[^\n]*count: 1048576%) = 4096', 'read%(fd: 3[^\n]*count: 700%) = 7',
      } do
        assert.truthy(text:find(pattern), pattern .. text:sub(-6000))
      end
      local result = h.trace({"-e", 'on("write", function(e) print(e.path and e.path:match "[^/]*$", e.bytes) end)'},
        traps.command("trap_memory", "ends", dir), {user = user})
      assert.equal("last\t10\nlast\t4096\nlast\t5\nnil\tnil\nnil\tnil\n",
        (result.out:gsub("last\tnil", "nil\tnil")), result.err)
    end)
  end

  it("that the kernel did not write is not shown", function()
    local text = same "failures"
    assert.falsy(text:find("stale", 1, true), text:sub(-3000))
    assert.falsy(text:find("23130", 1, true)) -- 0x5a5a, the status that wait4 left alone
    assert.truthy(text:find "poll%(fds: %[{fd: 0[^\n]*events: POLLIN")
    local result = h.trace({}, traps.command("trap_memory", "failures"))
    assert.truthy(result.err:find "Local received: +6 B", result.err) -- what was only peeked at is not counted
  end)

  it("that changes meanwhile is one name or the other", function()
    local result = h.trace({"-e", [[
      local other = 0
      on("open", function(e)
        if e.error and not e.path:find "^/etc/%l%l%l%l%l$" and e.path ~= "/etc/ld.so.preload" then other = other + 1 end
      end)
      on("finish", function() print(other) end)]]}, traps.command("trap_memory", "race"))
    assert.equal(0, result.status, result.err)
    assert.equal("0\n", result.out)
    same "race"
  end)

  it("that is written over while a call waits is shown as the kernel was told it", function()
    local dir = h.folder(h.users[1])
    local text = traps.same(traps.command("trap_memory", "overwritten", dir))
    assert.truthy(text:find('pathname: "first", flags: O_RDONLY%) = %d'), text:sub(-3000))
    assert.falsy(text:find('pathname: "other"', 1, true), text:sub(-3000))
  end)

  -- What scripts are told at each getppid is what /proc says then, page by page. By ptrace, as the program has to stand still
  -- for that.
  it("is added up as the kernel does: mapped over, cut, moved, copied by fork, gone with its process", function()
    local dir = h.folder(h.users[1])
    local command = traps.command("trap_memory", "maps", dir .. "/file")
    traps.same(command)
    local result = h.trace({"--backend", "ptrace", "-e", [[
      local memory = require "compendium.memory"
      local PLACE <const>, PAGE <const>, PAGES <const> = 0x100000000000, 4096, 256
      on({"mmap", "munmap", "mprotect", "brk", "fork", "exit"}, function() end)

      local function letters(prot)
        return (prot & 1 ~= 0 and "r" or "-") .. (prot & 2 ~= 0 and "w" or "-") .. (prot & 4 ~= 0 and "x" or "-")
      end

      local function kernels(pid)
        local pages, heap = {}, 0
        for line in io.lines("/proc/" .. pid .. "/maps") do
          local first, last, perms, shared, rest = line:match "^(%x+)%-(%x+) (...)(.)(.*)"
          first, last = math.tointeger(tonumber(first, 16)), math.tointeger(tonumber(last, 16))
          local kind = rest:find("/file", 1, true) and "file" or shared == "s" and "shared" or "anon"
          for at = first, first >= PLACE and first < PLACE + PAGES * PAGE and last - 1 or first - 1, PAGE do
            pages[(at - PLACE) // PAGE] = perms .. " " .. kind
          end
          if rest:find("[heap]", 1, true) then heap = last - first end
        end
        return pages, heap
      end

      local count, before = 0
      on("syscall:getppid", function(e)
        local pages, heap = kernels(e.pid)
        local sums, ours, found = {anon = 0, file = 0, shared = 0}, memory.of(e.pid), 0
        for i = 0, PAGES - 1 do
          local region = memory.find(e.pid, PLACE + i * PAGE)
          local text = region and letters(region.prot) .. " " .. region.kind
          if text ~= pages[i] then print("page", i, text, pages[i]) end
          found = found + (text and 1 or 0)
        end
        if ours.heap ~= heap then print("heap", ours.heap, heap) end
        count = count + 1
        if count == 2 then before = memory.total.bytes end
        print("pages", found)
      end)
      on("finish", function() print(count, memory.total.bytes, before > 0 and memory.peak.bytes > before * 3 // 2) end)
      on("exit", function(e) if e.whole and count == 3 then print("back", memory.total.bytes - before) end end)]]}, command)
    assert.equal(0, result.status, result.err)
    assert.equal("pages\t27\npages\t27\npages\t74\nback\t0\npages\t27\n4\t0\ttrue\n", result.out, result.err)
  end)

  it("of a ring is not seen, which is said", function()
    local dir = h.folder(h.users[1])
    if h.run(traps.command("trap_memory", "ring", dir .. "/file")).status == 77 then
      pending "io_uring is forbidden here"
    end
    local text = traps.same(traps.command("trap_memory", "ring", dir .. "/file"))
    assert.equal(1, traps.count(text, "\n io_uring: [^\n]*cannot be seen by this backend: trap_memory"), text:sub(-2000))
    assert.falsy(h.trace({}, {"/bin/true"}).err:find("io_uring", 1, true))
  end)
end)

describe("numbers", function()
  after_each(h.clean)

  it("that are no call's, and -1 among them, do not shift those after them", function()
    local text = same "numbers"
    assert.equal(3, traps.count(text, "syscall_%-1%([^\n]*%) = %-1 ENOSYS"), text:sub(-3000))
    assert.equal(3, traps.count(text, "syscall_9999%([^\n]*%) = %-1 ENOSYS"))
    assert.equal(6, traps.count(text, "getppid%(%) = %d+"))
    -- x32 is a bit of the number, whether this kernel runs such calls or not.
    assert.truthy(text:find "[^p]getpid%(%) = %-?%d+[^\n]*\n[^\n]*[^p]getpid%(%) = %d+", text:sub(-1000))
    assert.falsy(text:find("syscall_1073741863", 1, true))
  end)

  it("that are no call's do not shift those after them, through int 0x80", function()
    if h.no_32bit then
      pending(h.no_32bit)
    end
    local text = same "numbers32"
    assert.equal(3, traps.count(text, "syscall_%-1%([^\n]*%) = %-1 ENOSYS"), text:sub(-3000))
    assert.equal(3 * 2, traps.count(text, "getppid%(%) = %d+"))
    assert.equal(3 * 2, traps.count(text, "getpid%(%) = %d+"))
  end)

  it("mean what they mean in the table of the call: int 0x80, i386", function()
    if h.no_32bit then
      pending(h.no_32bit)
    end
    local dir = h.folder(h.users[1])
    for _, program in ipairs {"int80", "static32"} do
      local text = traps.same(traps.command(program, dir .. "/file"), 0)
      assert.truthy(text:find('pathname: "' .. dir .. '/file"', 1, true), text:sub(-3000))
      assert.truthy(text:find "write%(fd: 3")
    end
  end)

  it("are not needed by the page that old programs ask for the time", function()
    same "vsyscall"
  end)
end)

describe("reading memory", function()
  after_each(h.clean)

  it("of processes whose threads execute never waits for them", function()
    local text = traps.same(traps.command("trap_exec", "storm", "40"), 3)
    assert.truthy(text:find('pathname: "/nonexistent/for/a/while"', 1, true))
  end)
end)
