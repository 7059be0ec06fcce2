--- A server that keeps a record of what it received and what it applied, and
-- fails as each request asks; node's own HTTP/1.1, TLS and HTTP/2
-- (fate_server.js).
--
--     local server <close> = fate_server.start()
--     client:create_connector("c", { headers = { ["X-Id"] = "1", ["X-Plan"] = "503,ok" } })
--     server:record()
--
-- X-Id names a call, so that all attempts of it are found, and answers carry
-- it back: in `_id`, and as a header. X-Plan is what happens to it: each
-- request of that id and target takes the next step; the last one serves all
-- that come after it. A step is a name:
--
-- * `ok`; a status such as `503` (not done, unless marked as below)
-- * `fin`, `cut`, `rst`: the connection is ended without an answer, by
--   close_notify (over TLS) and FIN, by FIN alone, by RST
-- * `head`, `body`: so is an answer, in the middle of it
-- * `silent`: nothing on this connection is answered any more; it stays open
-- * `goaway`: `ok`, and the last request of its connection
-- * `undone`: GOAWAY that leaves this stream out; in HTTP/1.1 as `cut`
-- * `refused`, `internal`, `cancel`, `h11`: RST_STREAM with that code; in
--   HTTP/1.1 as `ok`
--
-- and marks, in this order: `+` (done, then failed), `@20` (after 20 ms),
-- `~20` (the connection is ended 20 ms later by close_notify and FIN, unless
-- it is in use) or `=20` (by FIN alone).

local cjson = require "cjson"
local http = require "spec.support.http"
local nginx = require "spec.support.nginx"
local process = require "spec.support.process"

local fate_server = {}

local Server = {}
Server.__index = Server

--- Whether node is installed; where it is not, false and why that matters.
function fate_server.available()
  local pipe = assert(io.popen("node --version 2>&1"))
  local version = pipe:read "a"
  if pipe:close() then return true end
  return false, "node is missing: " .. version
end

--- Starts a server. With `quota` each connection is ended after so many
-- requests. The object has `urls` (by protocol: http, https, http2), `ca_file`
-- and the methods below; `died` is true once it was found gone.
function fate_server.start(quota)
  local directory = os.tmpname()
  os.remove(directory)
  assert(os.execute("mkdir -m 700 " .. process.quote(directory)))
  nginx.certify(directory)
  local child, output = process.start(
    { "node", "spec/support/fate_server.js", directory, quota }, "^fate server: (%d+) (%d+) (%d+) (%d+)$")
  local self = setmetatable({ process = child, directory = directory, ca_file = directory .. "/ca.pem" }, Server)
  if not child then
    self:stop()
    error("the server does not start:\n" .. output, 2)
  end
  local plain, tls, http2, control = table.unpack(child.captures)
  self.urls = {
    http = "http://127.0.0.1:" .. plain, https = "https://127.0.0.1:" .. tls, http2 = "https://127.0.0.1:" .. http2,
  }
  self.control = "http://127.0.0.1:" .. control
  return self
end

local function ask(self, path)
  local good, answer = pcall(http.request, self.control, { path = path })
  if not good or not answer then
    self.died = true
    error("the server does not answer; it said:\n" .. tostring(self:stop()), 0)
  end
  return cjson.decode(answer.body)
end

--- What was received since `reset`, when all that was sent has been seen:
--
-- * `entries`: each request that was received whole: { id, method, target,
--   protocol, connection (number), step, acted (the step's name as it was
--   done), applied (0 or 1), time, done (when its answer was handed to the
--   system, or nil) }
-- * `connections`, by number: each { number, name, ends }; `ends` is { how,
--   from, to } where the server has ended it or fell silent
--
-- Times are seconds of the system's clock. With `closed` the client has gone:
-- waits until every connection is closed.
function Server:record(closed)
  local record = ask(self, closed and "/record?closed" or "/record")
  local by_number = {}
  for _, connection in ipairs(record.connections) do by_number[connection.number] = connection end
  record.connections = by_number
  return record
end

--- Forgets the record.
function Server:reset()
  ask(self, "/reset")
end

--- Ends the server, and waits until it is gone.
function Server:stop()
  local output
  if self.process then
    output = select(2, self.process:stop())
    self.process = nil
  end
  if self.directory then
    os.execute("rm -rf " .. process.quote(self.directory))
    self.directory = nil
  end
  return output
end

Server.__close = Server.stop
Server.__gc = Server.stop

return fate_server
