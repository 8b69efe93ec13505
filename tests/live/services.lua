-- SPDX-License-Identifier: MIT
--
-- services: what programs under test talk to. nginx with a configuration of its own, on free ports of
-- both loopback addresses and a unix socket.

local h <const> = require "tests.live.harness"

local services = {}

local CONFIG <const> = [[
daemon off;
worker_processes WORKERS;
pid DIR/nginx.pid;
error_log DIR/error.log;
USER
events { worker_connections 64; }
http {
  log_format bytes '$remote_addr $request_uri $status $bytes_sent';
  access_log DIR/access.log bytes;
  client_body_temp_path DIR/body;
  proxy_temp_path DIR/proxy;
  fastcgi_temp_path DIR/fastcgi;
  uwsgi_temp_path DIR/uwsgi;
  scgi_temp_path DIR/scgi;
  server {
    listen 127.0.0.1:PORT;
    listen [::1]:PORT;
    listen unix:DIR/socket;
    root DIR/www;
  }
}
]]

-- The same in every run, so that peers have the same names.
local port <const> = assert(h.process.free_port())

local Nginx = {}
Nginx.__index = Nginx

-- Starts nginx and waits until it serves. Its files: /small (11 bytes), /large (300000 bytes). through: words before the
-- command, of who runs it.
function services.nginx(user, workers, through)
  local dir = h.folder(user, "nginx")
  local www = dir .. "/www"
  local nginx = setmetatable({dir = dir, port = port, socket = dir .. "/socket"},
    Nginx)
  require "lfs".mkdir(www)
  h.write_file(www .. "/small", "hello world")
  h.write_file(www .. "/large", ("0123456789"):rep(30000))
  local config = CONFIG:gsub("%u%u%u%u?%u*", {
    DIR = dir, PORT = tostring(nginx.port), WORKERS = tostring(workers or 1),
    USER = user == "root" and "user root;" or "",
  })
  h.write_file(dir .. "/nginx.conf", config)
  local command = {h.which.nginx, "-c", dir .. "/nginx.conf", "-p", dir, "-e", dir .. "/error.log"}
  nginx.process = h.start(h.join(through or {}, command), {user = user, cwd = dir})
  h.eventually("nginx listens", function()
    if nginx.process:ended(0) then
      error("nginx ended: " .. nginx.process.err .. (h.read_file(dir .. "/error.log") or ""))
    end
    local pid = tonumber(h.read_file(dir .. "/nginx.pid"))
    nginx.workers = pid and h.children(pid) or {}
    return h.exists(nginx.socket) and #nginx.workers == (workers or 1)
  end)
  return nginx
end

-- What nginx itself says it sent for a request of `uri`, once it has finished that.
function Nginx:bytes_sent(uri)
  return h.eventually("nginx's log of " .. uri, function()
    local log = h.read_file(self.dir .. "/access.log") or ""
    return tonumber(log:match(uri:gsub("%p", "%%%0") .. " %d+ (%d+)\n"))
  end)
end

function Nginx:stop()
  return h.stop(self.process)
end

return services
