--- An HTTP server in a process of its own that misbehaves as it is told, to
-- the byte.
--
--     local server <close> = fault.start()
--     server:script { { status = 503 }, { status = 200, body = "[]" } }
--     … requests to server.url …
--     server:requests()
--
-- A script is an array of steps. Each request takes the next step; the last
-- one serves all that come after it. A step with `only`, a pattern, waits for a
-- request whose target it matches; others take the step after it. A step is an
-- answer:
--
-- * `status` (200), `headers` (name = value, or an array of pairs), `body`
-- * `length`: what Content-Length claims; `chunked`: the size of chunks;
--   `unframed`: neither, the body ends with the connection
-- * `informational`: so many 103 answers come before
-- * `header_count`, `header_bytes`: more headers, or one of that size
-- * `redirect`: a path on the other origin, `server.other_url`, for Location
-- * `raw`: these bytes and nothing else
-- * `fill`: the body is an array of so many bytes of white space
-- * `bomb`: the body is gzip that decodes to so many bytes of white space
--   (about 1/159 on the wire) and has no end
-- * `trailers`: after the body, in chunks, so many bytes of trailer fields
-- * `echo`: the body shows bytes of the request as it came, those that the
--   query names by `from` and `to`, escaped `as` "json", "json2" (in a string
--   in a string), "percent" or "html"; "fold" puts them into a header, folded
--
-- how it is sent:
--
-- * `cut`: no more than so many bytes, or up to a place: "start", within the
--   "status" line, the "headers" or the "body"
-- * `drip`: seconds after each single byte
-- * `stall`: seconds, or true (until the client leaves), at `stall_at` (a
--   place or a number of bytes; the start)
--
-- and what follows it: `ending` is "keep" (nothing), "close" or "reset". With
-- `last` no connection is let in after this one: further ones are refused.
--
-- `at = "connect"` takes the step when a connection is accepted, before a
-- byte is read, and `at = "readable"` when the first bytes of a request are
-- there; both only end the connection, as `ending` says.

local cjson = require "cjson"
local controlled = require "spec.support.controlled"
local http = require "celigo.sandbox.http"
local loop = require "celigo.sandbox.loop"
local answer = require "spec.support.fault_answer"

local fault = {}

local IDLE = 3600 -- seconds; idle connections are the client's business

-- In the server's process -------------------------------------------------

local Server = {}
Server.__index = Server

-- The step that is next for a request to this target (nil: whatever it is),
-- without taking it, and its place.
local function next_step(self, target)
  for place = self.position, #self.steps do
    local step = self.steps[place]
    if not (step.only and target) or target:find(step.only) then return step, place end
  end
  return self.steps[#self.steps] or { status = 500, body = "no script" }
end

local function take_step(self, target)
  local step, place = next_step(self, target)
  -- Those that are passed over stay next.
  if place then table.insert(self.steps, self.position, table.remove(self.steps, place)) end
  self.position = self.position + 1
  return step
end

local function finish(connection, step)
  if step.ending == "reset" then
    connection:reset()
    return false
  end
  return step.ending ~= "close"
end

-- The connection as a reader sees it; all that is received is kept in
-- `raw`, until it is taken.
local function recorder(connection)
  local self = { raw = {} }
  function self.receive(_, deadline)
    local bytes, err = connection:receive(deadline)
    self.raw[#self.raw + 1] = bytes
    return bytes, err
  end
  function self.send(_, bytes, deadline)
    return connection:send(bytes, deadline)
  end
  function self.take()
    local bytes = table.concat(self.raw)
    self.raw = {}
    return bytes
  end
  return self
end

local function record(self, connection, origin, recording, request)
  local entry = {
    connection = connection.number, origin = origin, raw = recording.take(),
    sent = 0, gone = false,
  }
  if request then
    entry.method, entry.target = request.method, request.target
    entry.headers, entry.body = request.headers, request.body
  end
  self.requests[#self.requests + 1] = entry
  return entry
end

local function redirect(self, step)
  if not step.redirect then return step end
  local copy = {}
  for name, value in pairs(step) do
    copy[name] = value
  end
  copy.status = step.status or 302
  copy.headers = { { "Location", self.other_url .. step.redirect } }
  return copy
end

local function each_byte(format) return function(c) return format:format(c:byte()) end end

local shown_as = {
  json = function(text) return text end,
  json2 = function(text) return cjson.encode(text) end,
  percent = function(text) return (text:gsub("%W", each_byte "%%%02X")) end,
  html = function(text) return (text:gsub("[^%w ]", each_byte "&#%d;")) end,
}

-- The step of `echo`, made an answer to this request.
local function echo(step, entry)
  if not step.echo then return step end
  local from, to, as = entry.target:match "from=(%d+)&to=(%d+)&as=(%w+)"
  local text = entry.raw:sub(math.tointeger(from), math.tointeger(to))
  if as == "fold" then
    return { body = "{}", headers = { ["X-Echo"] = (text:gsub("%c", ""):gsub(("."):rep(20), "%0\r\n ")) } }
  end
  return { body = cjson.encode { echo = shown_as[as](text) }, status = step.status }
end

-- Closes the port that `url` names; connections that are there stay.
local function refuse_others(self)
  for listener in pairs(self.loop.listeners) do
    if select(2, listener:getsockname()) == self.port then
      self.loop.listeners[listener] = nil
      return listener:close()
    end
  end
end

-- Whether the connection may go on to its next request.
local function serve_request(self, connection, recording, reader)
  if reader.buffer == "" then
    reader.buffer = recording:receive(loop.now() + IDLE)
    if not reader.buffer then return false end
  end
  local request, err
  if not next_step(self).at then request, err = reader:request(IDLE) end
  local entry = record(self, connection, "base", recording, request)
  if err and not err.status then -- the client left halfway
    entry.gone = true
    return false
  end
  local step = echo(redirect(self, take_step(self, request and request.target)), entry)
  if step.last then refuse_others(self) end
  local kept = step.at or answer.send(connection, entry, step)
  return finish(connection, step) and kept and request ~= nil
    and request.keep_alive
end

local function serve_base(self, connection)
  self.connections = self.connections + 1
  if next_step(self).at == "connect" then return finish(connection, take_step(self)) end
  local recording = recorder(connection)
  local reader = http.reader(recording)
  repeat until not serve_request(self, connection, recording, reader)
end

-- The other origin is well-behaved: it records, and answers 200 with [].
local function serve_other(self, connection)
  local recording = recorder(connection)
  local reader = http.reader(recording)
  while true do
    local request = reader:request(IDLE)
    if not request then return end
    local entry = record(self, connection, "other", recording, request)
    if not answer.send(connection, entry, { body = "[]" }) then return end
  end
end

local commands = {}

function commands.script(self, command)
  self.steps, self.position = command.steps, 1
  self.requests, self.connections = {}, 0
end

function commands.state() end

-- A connection of commands, each a line of JSON; every answer is the state.
local function serve_control(self, connection)
  local buffer = ""
  while true do
    local line, after = buffer:match("^([^\n]*)\n()")
    if line then
      buffer = buffer:sub(after)
      local command = cjson.decode(line)
      commands[command.name](self, command)
      connection:send(cjson.encode {
        requests = self.requests, connections = self.connections,
      } .. "\n")
    else
      local bytes = connection:receive()
      if not bytes then return end
      buffer = buffer .. bytes
    end
  end
end

--- What runs in the server's process.
function fault.run()
  local self = setmetatable({
    loop = loop.new(), steps = {}, position = 1, requests = {},
    connections = 0,
  }, Server)
  local function listen(handler)
    return assert(self.loop:listen("127.0.0.1", 0, function(connection)
      handler(self, connection)
    end))
  end
  local base, other = listen(serve_base), listen(serve_other)
  self.port = tostring(base)
  self.other_url = "http://127.0.0.1:" .. other
  print(("fault server: %d %d %d"):format(base, other,
    listen(serve_control)))
  io.stdout:flush()
  self.loop:run()
end

-- In the spec's process ---------------------------------------------------

local Client = {}
Client.__index = Client

--- Starts a server. The object has `url`, `other_url` (the origin that
-- redirects lead to), and the methods below.
function fault.start()
  local self, base, other = controlled.start(Client, "spec.support.fault_server",
    "^fault server: (%d+) (%d+) (%d+)$")
  self.port = tonumber(base)
  self.url = "http://127.0.0.1:" .. base
  self.other_url = "http://127.0.0.1:" .. other
  return self
end

local function command(self, name, fields)
  fields = fields or {}
  fields.name = name
  assert(self.control:send(cjson.encode(fields) .. "\n"))
  return cjson.decode((assert(self.control:receive("*l"))))
end

--- Sets the steps and forgets what was received.
function Client:script(steps)
  command(self, "script", { steps = steps })
end

--- What was received since the script was set: an array of { connection
-- (number), origin ("base" or "other"), raw (all bytes), method, target,
-- headers (lower-case names), body, sent (bytes of the answer that the
-- system took), gone (the client left before the answer's end) }. A request
-- that never became whole has only `raw`.
function Client:requests()
  return command(self, "state").requests
end

--- How many connections were accepted since the script was set.
function Client:connections()
  return math.tointeger(command(self, "state").connections)
end

--- Waits until `condition(requests)` is true of the requests received, and
-- returns them; raises where that takes too long.
function Client:await(condition)
  return controlled.await(function() return self:requests() end, condition)
end

--- Ends the server and waits until it is gone; returns what it printed.
Client.stop = controlled.stop
Client.__close = Client.stop

--- Steps that go wrong, by name, for specs that go through all of them.
fault.scenarios = {
  closed_at_connect = { at = "connect", ending = "close" },
  reset_at_connect = { at = "connect", ending = "reset" },
  closed_at_first_bytes = { at = "readable", ending = "close" },
  reset_at_first_bytes = { at = "readable", ending = "reset" },
  closed_without_a_byte = { raw = "", ending = "close" },
  reset_without_a_byte = { raw = "", ending = "reset" },
  cut_in_status_line = { cut = "status", ending = "close" },
  cut_in_headers = { headers = { A = "b" }, cut = "headers",
    ending = "close" },
  cut_in_body = { body = '[{"a":1}]', cut = "body", ending = "close" },
  reset_in_body = { body = '[{"a":1}]', cut = "body", ending = "reset" },
  length_too_long = { body = "[]", length = 10, ending = "close" },
  -- The rest of the body is taken for the next answer, or for nothing.
  length_too_short = { body = '[{"a":1}]', length = 2, ending = "close" },
  bad_chunk_size = {
    raw = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
      .. "zz\r\n[]\r\n0\r\n\r\n", ending = "close",
  },
  chunk_longer_than_its_size = {
    raw = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
      .. "1\r\n[]]]\r\n0\r\n\r\n", ending = "close",
  },
  chunks_cut_short = {
    raw = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n",
    ending = "close",
  },
  garbage = { raw = "\0\255\1 this is no HTTP\r\n\r\n", ending = "close" },
  stalled_before_headers = { body = "[]", stall = true },
  stalled_in_headers = { body = "[]", headers = { A = "b" }, stall = true,
    stall_at = "headers" },
  stalled_in_body = { body = '[{"a":1}]', stall = true, stall_at = "body" },
  huge_header = { body = "[]", header_bytes = 2000000, ending = "close" },
  many_headers = { body = "[]", header_count = 100000, ending = "close" },
  bad_gzip = { body = "\31\139\8 not deflate at all",
    headers = { ["Content-Encoding"] = "gzip" },
    ending = "close" },
  gzip_bomb = { bomb = 4 * 2 ^ 30 },
}

return fault
