--- A small raw HTTP/1.1 client for specs, on LuaSocket: what is sent and what
-- comes back stays visible to the byte.

local cjson = require "cjson"
local socket = require "socket"

local http = {}

local TIMEOUT = 20 -- seconds; a guard against hanging, never a condition

local Connection = {}
Connection.__index = Connection

--- "http://host:port" to host and port.
function http.parse_url(url)
  local host, port = url:match("^https?://([^/:]+):(%d+)")
  return host, tonumber(port)
end

--- Opens a connection to a URL's host and port.
function http.connect(url)
  local host, port = http.parse_url(url)
  local sock = assert(socket.connect(host, port))
  sock:settimeout(TIMEOUT)
  sock:setoption("tcp-nodelay", true)
  return setmetatable({ socket = sock, authority = host .. ":" .. port },
    Connection)
end

--- Sends bytes as they are.
function Connection:send(bytes)
  return self.socket:send(bytes)
end

--- Reads until the other side ends or resets the connection. Returns the
-- bytes, and "closed", "reset" or "timeout".
function Connection:receive_all()
  local bytes, err, partial = self.socket:receive("*a")
  if err == "timeout" then return partial, err end
  -- LuaSocket calls both ends "closed"; but one can still write after the
  -- other side's proper end, and cannot after a reset.
  local writable = self.socket:send("\n")
  return bytes or partial, writable and "closed" or "reset"
end

local function read_headers(sock)
  local headers = {}
  while true do
    local line, err = sock:receive("*l")
    if not line then
      return nil, err
    elseif line == "" then
      return headers
    end
    local name, value = line:match("^([^:]+):%s*(.-)%s*$")
    name = name:lower()
    headers[name] = headers[name] and headers[name] .. ", " .. value or value
  end
end

local function read_chunked(sock)
  local parts = {}
  while true do
    local line, err = sock:receive("*l")
    if not line then return nil, err end
    local size = assert(tonumber(line:match("^%x+"), 16))
    local chunk = size > 0 and sock:receive(size) or ""
    sock:receive("*l")
    if size == 0 then return table.concat(parts) end
    parts[#parts + 1] = chunk
  end
end

--- Reads one answer: { status, reason, headers, body }, or nil and why not.
-- Answers to HEAD, and those before the last (1xx), have no body.
function Connection:receive(method)
  local line, err = self.socket:receive("*l")
  if not line then return nil, err end
  local status, reason = line:match("^HTTP/1%.1 (%d%d%d) ?(.*)$")
  if not status then return nil, "no status line: " .. line end
  local answer = { status = tonumber(status), reason = reason }
  answer.headers, err = read_headers(self.socket)
  if not answer.headers then return nil, err end
  local length = tonumber(answer.headers["content-length"])
  if answer.status < 200 or answer.status == 204 or method == "HEAD"
    or length == 0 then
    answer.body = ""
  elseif answer.headers["transfer-encoding"] == "chunked" then
    answer.body, err = read_chunked(self.socket)
  elseif length then
    answer.body, err = self.socket:receive(length)
  else
    answer.body = self:receive_all()
  end
  if not answer.body then return nil, err end
  return answer
end

--- Sends a request { method?, path, headers?, body?, token? } and reads the
-- answer. `token = false` sends no Authorization.
function Connection:request(request)
  local method = request.method or "GET"
  local lines = {
    ("%s %s HTTP/1.1"):format(method, request.path),
    "Host: " .. self.authority,
  }
  if request.token ~= false then
    lines[#lines + 1] = "Authorization: Bearer " .. (request.token or "test")
  end
  for name, value in pairs(request.headers or {}) do
    lines[#lines + 1] = name .. ": " .. value
  end
  if request.body then lines[#lines + 1] = "Content-Length: " .. #request.body end
  lines[#lines + 1] = "\r\n"
  local sent, err = self:send(table.concat(lines, "\r\n")
    .. (request.body or ""))
  if not sent then return nil, err end
  return self:receive(method)
end

function Connection:close()
  self.socket:close()
end

Connection.__close = Connection.close

--- One request on a connection of its own.
function http.request(url, request)
  local connection <close> = http.connect(url)
  return connection:request(request)
end

--- The requests that a sandbox started with `journal = true` has received,
-- decoded: { method, target, path, query, headers, raw_headers, body,
-- connection }.
function http.journal(url)
  local answer = assert(http.request(url, { path = "/__journal" }))
  return cjson.decode(answer.body).requests
end

--- Makes a sandbox forget the requests received so far.
function http.clear_journal(url)
  assert(http.request(url, { method = "DELETE", path = "/__journal" }))
end

return http
