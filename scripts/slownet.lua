-- SPDX-License-Identifier: MIT
--
-- slownet: a network that is far away: connecting, sending and receiving are delayed.
--
--     compendium -s slownet:by=200ms,peer="10.0.0.0/8" -- ./client
--
--     slownet: 12 calls were delayed, by 2.40s in all
--
-- Options: by=100ms; peer=ADDRESS which peers ("*:443", "10.0.0.0/8").

local by <const> = option("by", "100ms", "how long each call is delayed")
local peer <const> = option("peer", "", "which peers")

local is_meant <const> = peer ~= "" and address(peer)
local n = 0

on({
  "enter:connect", "enter:sendto", "enter:sendmsg", "enter:recvfrom", "enter:recvmsg", "enter:read", "enter:write",
    "enter:accept4",
  "enter:accept",
}, function(e)
  if (e.file or {}).kind ~= "socket" or e.protocol == "unix" or is_meant and not is_meant(e.remote) then return end
  n = n + 1
  e:delay(by)
end)

on("finish", function() tell("slownet: %d calls were delayed, by %s in all", n, duration(n * by)) end)
