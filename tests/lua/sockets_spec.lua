-- SPDX-License-Identifier: MIT
--
-- Sockets: addresses, connections and what went through them; descriptors sent from one to another.

package.path = "tests/lua/?.lua;" .. package.path
local fake = require "fake"
local inet, unix = fake.inet, fake.unix

local INET, INET6, UNIX, NETLINK = 2, 10, 1, 16
local STREAM, DGRAM, CLOEXEC = 1, 2, 0x80000
local PEEK = 2

describe("sockets", function()
  local world

  before_each(function()
    world = fake.world()
    world.task(10, 10, 1, {1, 1, 1}, "prog", "/home")
  end)

  local function socket(fd, family, type, protocol)
    return world.call(10, "socket", fd, {family or INET, type or STREAM, protocol or 0})
  end

  local function connect(fd, address, ret)
    return world.call(10, "connect", ret or 0, {fd, address, 16})
  end

  local function read(fd, n) return world.call(10, "read", n, {fd, 0, 4096}) end
  local function write(fd, n) return world.call(10, "write", n, {fd, 0, 4096}) end
  local function last() return world.sockets.connections[#world.sockets.connections] end

  it("protocols", function()
    local cases = {
      {INET, STREAM | CLOEXEC, 0, "tcp4"}, {INET, STREAM, 6, "tcp4"}, {INET6, DGRAM, 0, "udp6"},
      {INET, DGRAM, 1, "other"}, {INET, 3, 1, "other"}, {UNIX, 5, 0, "unix"}, {NETLINK, 3, 0, "netlink"},
      {17, 3, 0, "other"}, {INET, STREAM, 132, "other"},
    }
    for i, case in ipairs(cases) do
      local e = socket(10 + i, case[1], case[2], case[3])
      assert.same({"socket", case[4], 10 + i}, {e.type, e.protocol, e.fd})
    end
    local e = world.call(10, "socket", "EPERM", {INET, DGRAM, 0})
    assert.same({"udp4", "EPERM", nil}, {e.protocol, e.error, e.fd})
  end)

  it("connect, exchange, close", function()
    socket(3)
    local e = connect(3, inet(93, 184, 216, 34, 443))
    assert.same({"connect", "tcp4", "93.184.216.34:443", "network"}, {e.type, e.protocol, e.remote, e.class})
    assert.same({"93.184.216.34", 443}, {e.remote_host, e.remote_port})
    assert.is_nil(e["local"])
    world.call(10, "getsockname", 0, {3, inet(10, 0, 0, 1, 5555), 16})
    e = write(3, 100)
    assert.same({"send", 100, "93.184.216.34:443", "10.0.0.1:5555"}, {e.type, e.bytes, e.remote, e["local"]})
    assert.equal("10.0.0.1:5555", e.local_address)
    e = read(3, 5000)
    assert.same({"recv", 5000}, {e.type, e.bytes})
    assert.equal("recv", read(3, 0).type)
    e = world.call(10, "close", 0, {3})
    assert.same({"93.184.216.34:443", "network"}, {e.remote, e.class})
    local c = last()
    assert.same({"out", 100, 5000, "10.0.0.1:5555", e.time}, {c.direction, c.sent, c.received, c["local"], c.closed})
  end)

  it("texts of addresses", function()
    local cases = {
      {{family = INET6, address = ("\0"):rep(15) .. "\1", port = 80}, "[::1]:80"},
      {{family = INET6, address = "\xfe\x80" .. ("\0"):rep(13) .. "\1", port = 1, scope = 2},
        "[fe80:0000:0000:0000:0000:0000:0000:0001%eth0]:1"},
      {unix("/run/s"), "/run/s"}, {unix("\0name\0\0"), "@name"}, {unix("rel"), "/home/rel"},
      {{family = NETLINK, pid = 0}, "kernel"}, {{family = 40, data = "x"}, "family 40"},
    }
    socket(3, UNIX)
    for _, case in ipairs(cases) do assert.equal(case[2], connect(3, case[1]).remote) end
  end)

  it("refused at once, refused later, made later", function()
    socket(3)
    local e = connect(3, inet(1, 2, 3, 4, 5), "ECONNREFUSED")
    assert.same({"1.2.3.4:5", "ECONNREFUSED"}, {e.remote, last().failed})
    assert.is_nil(world.fds.file(10, 3).remote)

    e = connect(3, inet(1, 2, 3, 4, 6), "EINPROGRESS")
    assert.is_true(e.in_progress)
    assert.is_true(last().connecting)
    world.call(10, "getsockopt", 0, {3, 1, 4, string.pack("<i4", 111), 4})
    assert.same({"ECONNREFUSED", nil}, {last().failed, last().connecting})

    connect(3, inet(1, 2, 3, 4, 7), "EINPROGRESS")
    world.call(10, "getsockopt", 0, {3, 1, 4, string.pack("<i4", 0), 4})
    assert.same({nil, nil}, {last().failed, last().connecting})

    connect(3, inet(1, 2, 3, 4, 8), "EINPROGRESS")
    world.call(10, "write", "EAGAIN", {3, 0, 1})
    assert.is_true(last().connecting)
    write(3, 1)
    assert.same({nil, nil, 1}, {last().failed, last().connecting, last().sent})

    connect(3, inet(1, 2, 3, 4, 9), "EINPROGRESS")
    local n = #world.sockets.connections
    connect(3, inet(1, 2, 3, 4, 9), "EALREADY")
    assert.is_true(last().connecting)
    connect(3, inet(1, 2, 3, 4, 9), "EISCONN")
    assert.is_nil(last().connecting)
    assert.equal(n, #world.sockets.connections)

    connect(3, inet(1, 2, 3, 4, 10), "EINPROGRESS")
    world.call(10, "read", "ECONNREFUSED", {3, 0, 1})
    assert.equal("ECONNREFUSED", last().failed)
  end)

  it("accept knows both sides", function()
    socket(3)
    world.call(10, "bind", 0, {3, inet(0, 0, 0, 0, 0), 16})
    world.call(10, "getsockname", 0, {3, inet(0, 0, 0, 0, 8080), 16})
    assert.equal("0.0.0.0:8080", world.call(10, "listen", 0, {3, 5})["local"])
    local e = world.call(10, "accept4", 4, {3, inet(9, 9, 9, 9, 1000), 16, CLOEXEC})
    assert.same({"accept", 4, 3, "9.9.9.9:1000", "0.0.0.0:8080", "tcp4"},
      {e.type, e.fd, e.listener, e.remote, e["local"], e.protocol})
    assert.equal("in", last().direction)
    e = world.call(10, "accept", 5, {3, nil, nil})
    assert.is_nil(e.remote)
    world.call(10, "getpeername", 0, {5, inet(8, 8, 8, 8, 1), 16})
    assert.equal("8.8.8.8:1", last().remote)
    assert.equal("8.8.8.8:1", read(5, 1).remote)
    e = world.call(10, "accept4", "EAGAIN", {3, nil, nil, 0})
    assert.same({"accept", "tcp4", nil}, {e.type, e.protocol, e.remote})
    world.exec(10, "/bin/x")
    assert.is_nil(world.fds.file(10, 4))
  end)

  it("a failed bind says what was tried, and changes nothing", function()
    socket(3)
    assert.equal("127.0.0.1:80", world.call(10, "bind", "EPERM", {3, inet(127, 0, 0, 1, 80), 16})["local"])
    assert.is_nil(world.fds.file(10, 3)["local"])
  end)

  it("datagrams have a peer each", function()
    socket(3, INET, DGRAM)
    local e = world.call(10, "sendto", 30, {3, 0, 30, 0, inet(10, 0, 0, 2, 53), 16})
    assert.same({"send", "udp4", "10.0.0.2:53", 30}, {e.type, e.protocol, e.remote, e.bytes})
    e = world.call(10, "recvfrom", 90, {3, 0, 512, 0, inet(10, 0, 0, 2, 53), 16})
    assert.same({"recv", "10.0.0.2:53"}, {e.type, e.remote})
    world.call(10, "sendto", 7, {3, 0, 7, 0, inet(10, 0, 0, 3, 53), 16})
    local list = world.sockets.connections
    assert.equal(2, #list)
    assert.same({30, 90, "out"}, {list[1].sent, list[1].received, list[1].direction})
    assert.equal(7, list[2].sent)
  end)

  it("a datagram socket can change its peer, and leave it", function()
    socket(3, INET, DGRAM)
    connect(3, inet(1, 1, 1, 1, 53))
    write(3, 5)
    connect(3, inet(2, 2, 2, 2, 53))
    write(3, 6)
    connect(3, {family = 0})
    assert.is_nil(world.fds.file(10, 3).remote)
    local list = world.sockets.connections
    assert.same({5, 6}, {list[1].sent, list[2].sent})
    assert.is_truthy(list[1].closed)
  end)

  it("sendmmsg and recvmmsg are an event a message", function()
    socket(3, INET, DGRAM)
    local e = world.call(10, "sendmmsg", 2, {3, {{msg_len = 10}, {msg_len = 20}, {msg_len = 0}}, 3, 0},
      {pieces = {["2 name 1"] = inet(1, 1, 1, 1, 1), ["2 name 2"] = inet(2, 2, 2, 2, 2)}})
    assert.equal(2, world.events.split["call:sendmmsg"](e))
    assert.same({"1.1.1.1:1", 10}, {e.remote, e.bytes})
    assert.same({10, 20}, {world.sockets.connections[1].sent, world.sockets.connections[2].sent})
    assert.equal(30, world.fds.file(10, 3).sent)
  end)

  it("what is only peeked at does not count", function()
    socket(3)
    connect(3, inet(1, 2, 3, 4, 5))
    local e = world.call(10, "recvfrom", 100, {3, 0, 100, PEEK, nil, nil})
    assert.same({"recv", true, 100}, {e.type, e.peek, e.bytes})
    assert.equal(0, last().received)
    e = world.call(10, "recvfrom", 100, {3, 0, 100, 0, nil, nil})
    assert.is_false(e.peek)
    assert.equal(100, last().received)
  end)

  it("copies count on the side that is a socket", function()
    socket(3)
    connect(3, inet(1, 2, 3, 4, 5))
    world.call(10, "open", 4, {"/srv/file", 0})
    local e = world.call(10, "sendfile", 1000, {3, 4, 0, 1000})
    assert.same({"copy", "/srv/file", "tcp4", 1000, 4, 3}, {e.type, e.path, e.to, e.bytes, e.fd, e.to_fd})
    assert.equal(1000, last().sent)
  end)

  it("sockets from before the trace are shared by inode", function()
    local address = {family = INET, type = STREAM, ["local"] = inet(1, 1, 1, 1, 80), remote = inet(2, 2, 2, 2, 99)}
    world.fd(10, 7, "socket:[55]", 2, 0xc000, 55, address)
    world.task(11, 11, 10, {2, 2, 2})
    world.fd(11, 8, "socket:[55]", 2, 0xc000, 55, address)
    assert.equal(world.fds.file(10, 7), world.fds.file(11, 8))
    local e = write(7, 3)
    assert.same({"tcp4", "1.1.1.1:80", "2.2.2.2:99"}, {e.protocol, e["local"], e.remote})
    assert.equal(1, #world.sockets.connections)
  end)

  it("a connection ends with its last descriptor", function()
    socket(3)
    connect(3, inet(1, 2, 3, 4, 5))
    world.fork(10, 11)
    world.call(10, "close", 0, {3})
    assert.is_nil(last().closed)
    world.exit(11)
    assert.is_truthy(last().closed)
  end)

  it("long runs are added up by peer", function()
    for i = 1, 5000 do
      socket(3)
      connect(3, inet(1, 2, 3, i % 4, 80))
      write(3, 10)
      world.call(10, "close", 0, {3})
    end
    socket(3)
    connect(3, inet(5, 5, 5, 5, 80))
    local list = world.sockets.connections
    assert.is_true(#list <= 4100)
    local count, sent = 0, 0
    for _, c in ipairs(list) do count, sent = count + (c.count or 1), sent + c.sent end
    assert.same({5001, 50000}, {count, sent})
    assert.same({"1.2.3.1", "5.5.5.5:80"}, {list[1].remote, list[#list].remote})
  end)

  describe("pass descriptors", function()
    local function send(tid, fd, numbers, bytes, where)
      where = where or {}
      where.passed = {numbers}
      return world.call(tid, "sendmsg", bytes or 1, {fd, {}, 0}, where)
    end

    local function receive(tid, fd, numbers, bytes, where, flags)
      where = where or {}
      where.passed = {numbers}
      return world.call(tid, "recvmsg", bytes or 1, {fd, {}, flags or 0}, where)
    end

    local function path_of(pid, fd)
      local file = world.fds.file(pid, fd)
      return file and file.path
    end

    before_each(function()
      world.call(10, "socketpair", 0, {UNIX, STREAM, 0, {3, 4}})
      world.fork(10, 11)
      world.call(10, "open", 5, {"/a", 0})
      world.call(10, "open", 6, {"/b", 0})
    end)

    it("to the other end of a pair", function()
      send(10, 3, {5, 6})
      world.call(10, "close", 0, {5})
      assert.is_nil(world.fds.file(10, 6).closed)
      receive(11, 4, {7, 8})
      assert.equal("/a", path_of(11, 7))
      assert.equal(world.fds.file(10, 6), world.fds.file(11, 8))
      assert.is_nil(world.fds.file(11, 7).closed)
    end)

    it("with close-on-exec when asked", function()
      send(10, 3, {5})
      receive(11, 4, {7}, 1, nil, 0x40000000)
      world.exec(11, "/bin/x")
      assert.is_nil(world.fds.file(11, 7))
    end)

    it("in order, by their place in the stream", function()
      world.call(10, "write", 10, {3, 0, 10})
      send(10, 3, {5})
      send(10, 3, {6})
      world.call(11, "read", 10, {4, 0, 10})
      receive(11, 4, {7})
      receive(11, 4, {8})
      assert.same({"/a", "/b"}, {path_of(11, 7), path_of(11, 8)})
    end)

    it("that were dropped by a plain read do not shift the rest", function()
      send(10, 3, {5})
      send(10, 3, {6})
      world.call(11, "read", 1, {4, 0, 1})
      receive(11, 4, {8})
      assert.equal("/b", path_of(11, 8))
    end)

    it("seen first by the receiver", function()
      receive(11, 4, {7})
      assert.equal("unknown", world.fds.file(11, 7).kind)
      send(10, 3, {5})
      assert.equal("/a", path_of(11, 7))
    end)

    it("without a known sender are unknown", function()
      socket(9, UNIX)
      connect(9, unix("/run/somebody"))
      receive(10, 9, {12})
      assert.same({"unknown", nil}, {world.fds.file(10, 12).kind, world.fds.file(10, 12).path})
    end)

    it("by two senders at once are unknown", function()
      world.thread(10, 20)
      send(10, 3, {5}, 1, {time = 5000, duration = 20})
      send(20, 3, {6}, 1, {time = 5005, duration = 20})
      receive(11, 4, {7})
      assert.equal("unknown", world.fds.file(11, 7).kind)
    end)

    it("through a connect and an accept that belong together", function()
      world.call(11, "socket", 7, {UNIX, STREAM, 0})
      world.call(11, "bind", 0, {7, unix("/run/s"), 16})
      world.call(11, "listen", 0, {7, 5})
      socket(8, UNIX)
      connect(8, unix("/run/s"))
      world.call(11, "accept", 9, {7, nil, nil})
      assert.equal(world.fds.file(10, 8), world.fds.file(11, 9).peer)
      send(10, 8, {5})
      receive(11, 9, {12})
      assert.equal("/a", path_of(11, 12))
    end)

    it("sent before anybody accepted", function()
      world.call(11, "socket", 7, {UNIX, STREAM, 0})
      world.call(11, "bind", 0, {7, unix("/run/s"), 16})
      socket(8, UNIX)
      connect(8, unix("/run/s"))
      send(10, 8, {5})
      world.call(10, "close", 0, {5})
      world.call(11, "accept", 9, {7, nil, nil})
      receive(11, 9, {12})
      assert.equal("/a", path_of(11, 12))
      assert.is_nil(world.fds.file(11, 12).closed)
    end)

    it("an accept that was over before the connect began is not its", function()
      world.call(11, "socket", 7, {UNIX, STREAM, 0})
      world.call(11, "bind", 0, {7, unix("/run/s"), 16})
      world.call(11, "accept", 9, {7, nil, nil}) -- of somebody who is not traced
      socket(8, UNIX)
      connect(8, unix("/run/s"))
      assert.is_nil(world.fds.file(11, 9).peer)
    end)

    it("two connects at a time are nobody's", function()
      world.call(11, "socket", 7, {UNIX, STREAM, 0})
      world.call(11, "bind", 0, {7, unix("/run/s"), 16})
      for fd = 8, 9 do
        socket(fd, UNIX)
        connect(fd, unix("/run/s"))
      end
      world.call(11, "accept", 9, {7, nil, nil})
      assert.is_nil(world.fds.file(11, 9).peer)
    end)

    it("lost on the way are let go with the socket", function()
      send(10, 3, {5})
      local file = world.fds.file(10, 5)
      world.call(10, "close", 0, {5})
      assert.is_nil(file.closed)
      world.exit(11)
      world.exit(10)
      assert.is_truthy(file.closed)
    end)
  end)
end)
