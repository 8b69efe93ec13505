-- SPDX-License-Identifier: MIT
--
-- http: request and status lines of HTTP/1 on sockets without encryption, with the time between them.
--
--     compendium -s http -- curl http://127.0.0.1:8080/x
--
--     [+0.005s] → GET http://127.0.0.1:8080/x
--     [+0.007s] ← 200 OK  (2.0ms)  GET /x
--
-- Options: headers=yes shows headers too (not those that hold secrets).

want("data", "16k")

local headers <const> = option("headers", false, "also headers, but for cookies and authorization")

local METHODS <const> = {GET = true, HEAD = true, POST = true, PUT = true, DELETE = true, PATCH = true,
  OPTIONS = true, CONNECT = true, TRACE = true}
local SECRET <const> = {cookie = true, ["set-cookie"] = true, authorization = true, ["proxy-authorization"] = true}

local open = {} -- requests by file description: {method, path, time}

local function tell_headers(e, data)
  for name, value in data:gmatch "\r\n([%w-]+): ([^\r\n]*)" do
    say(e, "    %s: %s", name, SECRET[name:lower()] and "[redacted]" or value)
  end
end

local function message(e, arrow)
  local data = e.data
  if e.error or not data or e.peek then return end
  local method, target = data:match "^(%u+) (%S+) HTTP/1%.%d\r?\n"
  if method and METHODS[method] then
    open[e.file] = {method = method, target = target, time = e.time}
    say(e, "%s %s %s", arrow, method, target:find "^http" and target or ("http://%s%s"):format(
      data:match "\r\n[Hh]ost: ([^\r\n]*)" or e.remote or "?", target))
  else
    local status, reason = data:match "^HTTP/1%.%d (%d%d%d) ?([^\r\n]*)"
    if not status then return end
    local request = open[e.file]
    say(e, "%s %s %s  (%s)  %s", arrow, status, reason, request and duration(e.time - request.time) or "?",
      request and request.method .. " " .. request.target or "")
  end
  if headers then tell_headers(e, data:match "^(.-\r\n)\r\n" or data) end
end

on("send", function(e) message(e, "→") end)
on("recv", function(e) message(e, "←") end)
on({"read", "write"}, function(e)
  if e.file and e.file.kind == "socket" then message(e, e.type == "read" and "←" or "→") end
end)
