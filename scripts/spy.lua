-- SPDX-License-Identifier: MIT
--
-- spy: what goes through one descriptor, file or connection, as a transcript.
--
--     compendium -s spy:fd=1 -- ./prog
--     compendium -s spy:path="/dev/pts/*" -p 4711
--     compendium -s spy:peer="*:80" -- curl http://example.com
--
--     [+0.005s] > GET / HTTP/1.1
--     [+0.006s] < HTTP/1.1 200 OK
--
-- Options: fd=N, path=GLOB, peer=ADDRESS: what is meant; without any, stdin, stdout and stderr. most=4k of each call.

local fd <const> = option("fd", -1, "a descriptor's number")
local path <const> = option("path", "", "files, as a glob")
local peer <const> = option("peer", "", "connections, as an address")
local most <const> = option("most", "4k", "how much of each call")

want("data", most)

local is_path <const> = path ~= "" and glob(path)
local is_peer <const> = peer ~= "" and address(peer)

local function is_meant(e)
  if fd >= 0 then return e.fd == fd end
  if is_path then return is_path(e.path) end
  if is_peer then return is_peer(e.remote) end
  return e.fd ~= nil and e.fd <= 2
end

local function transcript(arrow)
  return function(e)
    if e.error or not e.data or not is_meant(e) then return end
    for line in e.data:gmatch "[^\n]+" do say(e, "%s %s", arrow, (line:gsub("\r$", ""))) end
    if e.data_truncated then say(e, "%s ... %s in all", arrow, size(e.bytes)) end
  end
end

on({"read", "recv"}, transcript "<")
on({"write", "send"}, transcript ">")
