--- HTTP/1.1 for servers on `celigo.sandbox.loop`: reads requests, writes
-- answers. A malformed request gives a failure, with the status for the answer.

local loop = require "celigo.sandbox.loop"

local http = {}

local MAX_HEAD = 65536            -- bytes of request line and header lines
local MAX_BODY = 64 * 1024 * 1024 -- bytes
local BODY_TIMEOUT = 30           -- seconds, from the first byte to the last
local SEND_TIMEOUT = 30           -- seconds in which no byte is taken

http.reasons = {
  [200] = "OK", [201] = "Created", [204] = "No Content",
  [302] = "Found", [400] = "Bad Request", [401] = "Unauthorized",
  [403] = "Forbidden", [404] = "Not Found", [405] = "Method Not Allowed",
  [408] = "Request Timeout", [413] = "Content Too Large",
  [422] = "Unprocessable Content", [429] = "Too Many Requests",
  [431] = "Request Header Fields Too Large",
  [500] = "Internal Server Error", [501] = "Not Implemented",
  [502] = "Bad Gateway", [503] = "Service Unavailable",
  [504] = "Gateway Timeout", [505] = "HTTP Version Not Supported",
}

local Reader = {}
Reader.__index = Reader

--- A buffered reader over a connection, for all its requests.
function http.reader(connection)
  return setmetatable({ connection = connection, buffer = "" }, Reader)
end

local function failure(status, message)
  return nil, { status = status, message = message }
end

-- Reads more bytes; nil and a failure without a status if the peer is gone.
local function fill(self, deadline)
  local bytes, err = self.connection:receive(deadline)
  if not bytes then return nil, { closed = err } end
  self.buffer = self.buffer .. bytes
  return true
end

local function read_exactly(self, count, deadline)
  local parts, have = { self.buffer }, #self.buffer
  while have < count do
    local bytes, err = self.connection:receive(deadline)
    if not bytes then return nil, { closed = err } end
    parts[#parts + 1] = bytes
    have = have + #bytes
  end
  local all = table.concat(parts)
  self.buffer = all:sub(count + 1)
  return all:sub(1, count)
end

local function read_line(self, deadline)
  while true do
    local line, after = self.buffer:match "^([^\n]*)\n()"
    if line then
      self.buffer = self.buffer:sub(after)
      return (line:gsub("\r$", ""))
    elseif #self.buffer > MAX_HEAD then
      return failure(431, "a line is too long")
    end
    local ok, err = fill(self, deadline)
    if not ok then return nil, err end
  end
end

-- The text up to the empty line, without it.
local function read_head(self, deadline)
  local from = 1
  while true do
    -- Empty lines before a request are skipped (RFC 9112, 2.2).
    self.buffer = self.buffer:gsub("^[\r\n]+", "")
    local stop, after = self.buffer:find("\r?\n\r?\n", from)
    if (stop or #self.buffer) > MAX_HEAD then
      return failure(431, "the header section is too large")
    elseif stop then
      local head = self.buffer:sub(1, stop - 1)
      self.buffer = self.buffer:sub(after + 1)
      return head
    end
    -- Garbage may never hold an empty line: so the first line is checked at
    -- once.
    local line = self.buffer:match "^([^\n]*)\n"
    if line and not line:find "^%S+ %S+ HTTP/%d%.%d\r?$" then
      return failure(400, "malformed request line")
    end
    from = math.max(1, #self.buffer - 3)
    local ok, err = fill(self, deadline)
    if not ok then return nil, err end
  end
end

local TOKEN = "^[%w!#$%%&'*+.^_`|~-]+$"

-- Header lines to { lower-case name = value }, repeated ones joined.
local function parse_fields(lines)
  local fields, raw = {}, {}
  for _, line in ipairs(lines) do
    local name, value = line:match "^([^:]*):[ \t]*(.-)[ \t]*$"
    if not name or not name:find(TOKEN) or value:find "[%z\r]" then
      return failure(400, "malformed header line")
    end
    raw[#raw + 1] = { name, value }
    name = name:lower()
    if fields[name] and name == "content-length" and fields[name] ~= value then
      return failure(400, "contradictory Content-Length")
    end
    local repeated = fields[name] and name ~= "content-length"
    fields[name] = repeated and fields[name] .. ", " .. value or value
  end
  return fields, raw
end

local function parse_head(head)
  local lines = {}
  for line in (head .. "\n"):gmatch "([^\n]*)\n" do lines[#lines + 1] = (line:gsub("\r$", "")) end
  local method, target, major, minor = table.remove(lines, 1):match "^(%S+) (%S+) HTTP/(%d)%.(%d)$"
  if not method or not method:find(TOKEN) then
    return failure(400, "malformed request line")
  elseif major ~= "1" then
    return failure(505, "only HTTP/1.1 and HTTP/1.0 are spoken here")
  end
  local headers, raw = parse_fields(lines)
  if not headers then
    return nil, raw
  elseif minor ~= "0" and not headers.host then
    return failure(400, "no Host header")
  end
  local path, query = target:gsub("^https?://[^/?]*", "", 1):match "^([^?]*)%??(.*)$"
  return {
    method = method, target = target, path = path, query = query,
    minor = tonumber(minor), headers = headers, raw_headers = raw,
  }
end

local function read_chunked(self, deadline)
  local parts, total = {}, 0
  while true do
    local line, err = read_line(self, deadline)
    if not line then return nil, err end
    local digits = line:match "^0*(%x+)%s*$" or line:match "^0*(%x+)%s*;"
    if not digits then return failure(400, "malformed chunk size") end
    local size = #digits < 9 and tonumber(digits, 16) or math.huge
    total = total + size
    if total > MAX_BODY then
      return failure(413, "the body is too large")
    elseif size == 0 then
      break
    end
    local chunk
    chunk, err = read_exactly(self, size + 2, deadline)
    if not chunk then
      return nil, err
    elseif chunk:sub(-2) ~= "\r\n" then
      return failure(400, "a chunk is longer than its size")
    end
    parts[#parts + 1] = chunk:sub(1, -3)
  end
  repeat -- trailer fields are not used
    local line, err = read_line(self, deadline)
    if not line then return nil, err end
  until line == ""
  return table.concat(parts)
end

local function read_body(self, request, deadline)
  local coding = request.headers["transfer-encoding"]
  local length = request.headers["content-length"]
  if coding and length then
    return failure(400, "both Transfer-Encoding and Content-Length")
  elseif coding and coding:lower() ~= "chunked" then
    return failure(501, "unknown transfer coding")
  elseif length and not length:find "^%d+$" then
    return failure(400, "malformed Content-Length")
  elseif length and tonumber(length) > MAX_BODY then
    return failure(413, "the body is too large")
  elseif not coding and not length then
    return ""
  end
  local expect = request.headers.expect
  if expect and expect:lower() == "100-continue" and request.minor > 0 and self.buffer == "" then
    self.connection:send("HTTP/1.1 100 Continue\r\n\r\n", deadline)
  end
  if coding then return read_chunked(self, deadline) end
  return read_exactly(self, math.tointeger(tonumber(length)), deadline)
end

local function keeps_alive(request)
  local connection = (request.headers.connection or ""):lower()
  if request.minor == 0 then return connection:find("keep-alive", 1, true) ~= nil end
  return not connection:find("close", 1, true)
end

--- Reads the next request: { method, target, path, query, headers,
-- raw_headers, body, keep_alive }. nil and a failure otherwise: with
-- `status` and `message` the peer should be told so, without them it is
-- gone or idle for longer than `idle` seconds.
function Reader:request(idle)
  local head, err = read_head(self, loop.now() + idle)
  if not head then return nil, err end
  local request
  request, err = parse_head(head)
  if not request then return nil, err end
  request.body, err = read_body(self, request, loop.now() + BODY_TIMEOUT)
  if not request.body then return nil, err end
  request.keep_alive = keeps_alive(request)
  return request
end

--- The bytes of an answer { status, headers = array of { name, value },
-- body }. An answer to HEAD has no body but its length.
function http.format(answer, method)
  local body = answer.body or ""
  local lines = {
    ("HTTP/1.1 %d %s"):format(answer.status, http.reasons[answer.status] or "Unknown"),
  }
  for _, header in ipairs(answer.headers or {}) do lines[#lines + 1] = header[1] .. ": " .. header[2] end
  if answer.status ~= 204 then lines[#lines + 1] = "Content-Length: " .. #body end
  lines[#lines + 1] = "\r\n"
  return table.concat(lines, "\r\n") .. (method == "HEAD" and "" or body)
end

--- Writes bytes; true, or nil if the peer is gone.
function http.send(connection, bytes)
  return connection:send(bytes, loop.now() + SEND_TIMEOUT)
end

--- Writes an answer; true, or nil if the peer is gone.
function http.answer(connection, answer, method)
  return connection:send(http.format(answer, method), loop.now() + SEND_TIMEOUT)
end

local function unescape(text)
  return (text:gsub("%%(%x%x)", function(hex)
    return string.char(tonumber(hex, 16))
  end))
end

http.unescape = unescape

--- An array of { name, value } from a query string.
function http.query(text)
  local list = {}
  for item in text:gmatch "[^&]+" do
    local name, value = item:match "^([^=]*)=?(.*)$"
    list[#list + 1] = {
      unescape((name:gsub("+", " "))), unescape((value:gsub("+", " "))),
    }
  end
  return list
end

--- Percent-encodes a query's name or value.
function http.escape(text)
  return (text:gsub("[^%w._~-]", function(char)
    return ("%%%02X"):format(char:byte())
  end))
end

return http
