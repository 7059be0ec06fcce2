--- A real nginx for specs and benches: in front of an upstream or with files
-- of its own, with TLS, HTTP/2 and certificates made for the occasion. All
-- it writes is in a directory of its own, which `stop` removes.

local process = require "spec.support.process"
local shell = require "spec.support.shell"
local socket = require "socket"

local nginx = {}

local Server = {}
Server.__index = Server

local quote, run, write = process.quote, shell.run, shell.write

local function make_directory()
  local path = os.tmpname()
  os.remove(path)
  run("mkdir -m 700 " .. quote(path))
  return path
end

local NEW_KEY = " -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"

-- Makes NAME.pem and NAME.key, a certificate authority.
local function make_authority(directory, name)
  run(("cd %s && openssl req -x509 -days 2 -subj /CN=%s%s "
    .. "-keyout %s.key -out %s.pem"):format(
      quote(directory), name, NEW_KEY, name, name))
end

local DAY = 86400

-- What `openssl ca` has to know: it takes both dates, in the past as well.
local SIGNING = [[
[ca]
default_ca = mine
[mine]
database = index
new_certs_dir = .
default_md = sha256
policy = any
rand_serial = yes
x509_extensions = names
[any]
commonName = supplied
[names]
subjectAltName = ]]

-- Makes server.pem and server.key, signed by an authority: valid from one day
-- to another, counted from now.
local function make_certificate(directory, authority, names, first, last)
  local function date(days)
    return os.date("!%Y%m%d%H%M%SZ", os.time() + days * DAY)
  end
  write(directory .. "/signing", SIGNING .. names .. "\n")
  write(directory .. "/index", "")
  run(("cd %s && openssl req -subj /CN=server%s "
    .. "-keyout server.key -out server.csr"):format(
      quote(directory), NEW_KEY))
  run(("cd %s && openssl ca -batch -notext -config signing -cert %s.pem "
    .. "-keyfile %s.key -startdate %s -enddate %s -in server.csr "
    .. "-out server.pem"):format(
      quote(directory), authority, authority, date(first), date(last)))
end

local LOOPBACK = "IP:127.0.0.1,DNS:localhost"

local certificates = {
  good = function(directory)
    make_certificate(directory, "ca", LOOPBACK, -1, 2)
  end,
  expired = function(directory)
    make_certificate(directory, "ca", LOOPBACK, -2, -1)
  end,
  unknown_ca = function(directory)
    make_authority(directory, "stranger")
    make_certificate(directory, "stranger", LOOPBACK, -1, 2)
  end,
  wrong_host = function(directory)
    make_certificate(directory, "ca", "DNS:elsewhere.example.com", -1, 2)
  end,
}

-- A port that was free a moment ago.
local function free_port()
  local listener <close> = setmetatable(
    { socket = assert(socket.bind("127.0.0.1", 0)) },
    { __close = function(self) self.socket:close() end })
  local _, port = listener.socket:getsockname()
  return tonumber(port)
end

local CONFIG = [[
daemon off;
master_process off;
pid nginx.pid;
error_log stderr notice; # what it says until it is ready
events { worker_connections 512; }
http {
  access_log off;
  error_log error.log; # nobody reads the other one by then: it would fill up
  default_type application/json;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  client_max_body_size 0;
  keepalive_requests 1000000;
  $upstream
  $http
  server {
    listen 127.0.0.1:$port$listen;
    $tls
    $server
    location / {
      $location
    }
  }
}
]]

local function config(options, port)
  local tls = options.tls
  local parts = {
    port = port,
    listen = (tls and " ssl" or "") .. (options.http2 and " http2" or ""),
    tls = tls and "ssl_certificate server.pem;"
      .. " ssl_certificate_key server.key;" or "",
    http = options.http or "",
    server = options.server or "",
    upstream = "",
    location = "",
  }
  if options.upstream then
    parts.upstream = ("upstream sandbox { server %s; keepalive 32; }")
      :format(options.upstream:match("^http://([^/]+)"))
    parts.location = [[
      proxy_pass http://sandbox;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
    ]]
  elseif options.root then
    parts.location = ('root "%s";'):format(options.root)
  end
  parts.location = parts.location .. (options.location or "")
  -- Names that are not parts, such as $http_host, are nginx's own.
  return (CONFIG:gsub("%$(%a+)", parts))
end

local ATTEMPTS = 5 -- another port where somebody was faster

local function start_on_free_port(self, options)
  local output
  for _ = 1, ATTEMPTS do
    local port = free_port()
    write(self.directory .. "/nginx.conf", config(options, port))
    self.process, output = process.start(
      { options.program or "nginx", "-p", self.directory, "-e", "stderr",
        "-c", self.directory .. "/nginx.conf" },
      'using the ".-" event method')
    if self.process then
      self.port = port
      return
    end
  end
  error("nginx does not start:\n" .. output, 0)
end

--- Makes ca.pem, and server.pem and server.key for this machine signed by it,
-- for other servers than nginx.
function nginx.certify(directory)
  make_authority(directory, "ca")
  certificates.good(directory)
end

--- Starts nginx on a free port of 127.0.0.1. Options:
--
-- * `upstream`: "http://127.0.0.1:PORT", where requests go; or
-- * `root`: a directory of files to serve.
-- * `tls`: "good", "expired", "unknown_ca" (not signed by `ca_file`),
--   "wrong_host" (signed for another name), or false for plain HTTP.
-- * `http2`: whether HTTP/2 is offered.
-- * `location`, `server`, `http`: configuration added to that block.
--
-- Returns an object with `url`, `port`, `ca_file` (PEM, where there is TLS),
-- `directory` (for files of the test's own) and `stop()`.
function nginx.start(options)
  local self = setmetatable({ directory = make_directory() }, Server)
  local ok, err = pcall(function()
    if options.tls then
      make_authority(self.directory, "ca")
      certificates[options.tls](self.directory)
      self.ca_file = self.directory .. "/ca.pem"
    end
    start_on_free_port(self, options)
  end)
  if not ok then
    self:stop()
    error(err, 0)
  end
  self.url = ("%s://127.0.0.1:%d"):format(
    options.tls and "https" or "http", self.port)
  return self
end

--- Ends nginx, waits until it is gone and removes its files.
function Server:stop()
  if self.process then
    self.process:stop()
    self.process = nil
  end
  if self.directory then
    run("rm -rf " .. quote(self.directory))
    self.directory = nil
  end
end

Server.__close = Server.stop
Server.__gc = Server.stop

return nginx
