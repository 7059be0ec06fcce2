--- A real nginx on free ports of the loopback, with a certificate authority
-- made for the occasion.

local socket = require "socket"

local data = require "bench.data"

local nginx = {}

local SYSTEM_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"

local CONFIG = [[
$user
daemon on;
worker_processes 1;
pid $dir/nginx.pid;
error_log $dir/error.log error;
events { worker_connections 1024; }
http {
  access_log off;
  types { }
  default_type application/json;
  sendfile on;
  tcp_nodelay on;
  keepalive_requests 1000000;
  keepalive_timeout 60;
  open_file_cache max=200;
  output_buffers 2 1m;
  client_body_temp_path $dir/body;
  proxy_temp_path $dir/proxy;
  fastcgi_temp_path $dir/fastcgi;
  uwsgi_temp_path $dir/uwsgi;
  scgi_temp_path $dir/scgi;
  ssl_certificate $dir/server.pem;
  ssl_certificate_key $dir/server.key;
  ssl_session_cache shared:tls:1m;
  root $dir/www;
  # Of a query without limit there is one page; with it, all of them.
  map "$arg_limit:$arg_skip" $page {
    default 0;
$pages  }
  map "$arg_limit:$arg_skip" $next {
    default "";
$links  }
  server { listen 127.0.0.1:$http; include $dir/routes; }
  server { listen 127.0.0.1:$tls1 ssl; include $dir/routes; }
  server { listen 127.0.0.1:$tls2 ssl http2; include $dir/routes; }
  server {
    listen 127.0.0.1:$late;
    auth_request /late;
    include $dir/routes;
    location = /late {
      internal;
      auth_request off;
      proxy_pass http://unix:$dir/late.sock;
      proxy_pass_request_body off;
    }
  }
}
]]

local ROUTES = [[
location = /v1/connectors {
  add_header Link $next;
  try_files /page-$page.json =404;
}
location ~ ^/v1/connectors/([0-9a-f]+)$ {
  try_files /connector-$1.json =404;
}
location ~ ^/v1/connectors/([0-9a-f]+)/licenses$ {
  try_files /licenses-$1.json =404;
}
]]

local function shell(command, ...)
  command = command:format(...)
  if not os.execute(command) then error("failed: " .. command, 2) end
end

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read("a")
end

local function write(path, text)
  local file <close> = assert(io.open(path, "wb"))
  assert(file:write(text))
end

local function free_ports(n)
  local servers, ports = {}, {}
  for i = 1, n do
    servers[i] = assert(socket.bind("127.0.0.1", 0))
    ports[i] = select(2, servers[i]:getsockname())
  end
  for i = 1, n do
    servers[i]:close()
  end
  return table.unpack(ports)
end

local function make_certificates(dir)
  write(dir .. "/server.ext", "subjectAltName = IP:127.0.0.1\n")
  shell([[cd '%s' && {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
      -nodes -days 2 -subj '/CN=benchmark authority' \
      -keyout ca.key -out ca.pem &&
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
      -nodes -subj /CN=127.0.0.1 -keyout server.key -out server.csr &&
    openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key \
      -CAcreateserial -days 2 -extfile server.ext -out server.pem
  } 2>openssl.log]], dir)
  write(dir .. "/bundle.pem", read(SYSTEM_BUNDLE) .. read(dir .. "/ca.pem"))
end

--- Lines of the two maps: which file answers ?limit=&skip=, and its link.
local function page_maps()
  local pages, links = {}, {}
  for page = 0, data.PAGES - 1 do
    local skip = page == 0 and "" or page * data.PAGE
    local key = ('    "%d:%s" '):format(data.PAGE, skip)
    pages[#pages + 1] = ("%s%d;\n"):format(key, page)
    if page < data.PAGES - 1 then
      links[#links + 1] = (
        "%s'<$scheme://$http_host/v1/connectors?limit=%d&skip=%d>;"
        .. ' rel="next"\';\n'):format(key, data.PAGE, (page + 1) * data.PAGE)
    end
  end
  return table.concat(pages), table.concat(links)
end

local function wait_for(what, ready)
  for _ = 1, 500 do
    if ready() then return end
    socket.sleep(0.01)
  end
  error(what .. " does not answer")
end

local function output_of(command)
  local pipe <close> = assert(io.popen(command))
  return pipe:read("l")
end

--- Starts the server.
-- @tparam string dir a scratch directory; `www` under it holds the files
-- @tparam number delay seconds by which the base URL `late` answers later
-- @treturn table base URLs http, late, tls1 and tls2 (HTTP/1.1 and HTTP/2
-- over TLS); ca_file, the authority alone; bundle, the system's authorities
-- and ours; stop()
function nginx.start(dir, delay)
  make_certificates(dir)
  local http, late, tls1, tls2 = free_ports(4)
  local pages, links = page_maps()
  local values = {
    dir = dir, pages = pages, links = links,
    http = http, late = late, tls1 = tls1, tls2 = tls2,
    user = output_of("id -u") == "0" and "user root;" or "",
  }
  write(dir .. "/routes", ROUTES)
  -- What is not ours, such as $arg_limit, is nginx's own variable.
  write(dir .. "/nginx.conf", (CONFIG:gsub("%$(%w+)", values)))

  local here = debug.getinfo(1, "S").source:match("^@(.*)nginx%.lua$")
  local gate = output_of(("lua5.4 '%sdelay.lua' '%s/late.sock' %g "
    .. ">/dev/null 2>'%s/late.log' & echo $!"):format(here, dir, delay, dir))
  local function stop()
    os.execute(("kill %s"):format(gate))
    os.execute(("nginx -c '%s/nginx.conf' -e '%s/error.log' -s stop"):format(
      dir, dir))
  end
  local started, message = pcall(function()
    shell("nginx -c '%s/nginx.conf' -e '%s/error.log'", dir, dir)
    for _, port in ipairs { http, late, tls1, tls2 } do
      wait_for("port " .. port, function()
        local connection = socket.connect("127.0.0.1", port)
        return connection and connection:close()
      end)
    end
    wait_for("the delaying gate", function()
      return os.execute(("test -S '%s/late.sock'"):format(dir))
    end)
  end)
  if not started then
    stop()
    error(message, 0)
  end
  return {
    http = "http://127.0.0.1:" .. http,
    late = "http://127.0.0.1:" .. late,
    tls1 = "https://127.0.0.1:" .. tls1,
    tls2 = "https://127.0.0.1:" .. tls2,
    ca_file = dir .. "/ca.pem",
    bundle = dir .. "/bundle.pem",
    stop = stop,
  }
end

return nginx
