--- The sandbox's HTTP side: connections, the fields every answer has,
-- compression, delay, log and journal.

-- What the client does without is looked for before the files that use it.
local NEEDED = {
  { module = "socket", name = "LuaSocket", rock = "luasocket",
    package = "lua-socket" },
  { module = "cjson", name = "lua-cjson", rock = "lua-cjson",
    package = "lua-cjson" },
}
for _, needed in ipairs(NEEDED) do
  local good, message = pcall(require, needed.module)
  if not good and tostring(message):find "^module '[%w.]+' not found" then
    error(("celigo.sandbox needs %s: luarocks --lua-version=%s install %s, "
           .. "or your system's package (%s)"):format(
             needed.name, _VERSION:match "%d%.%d", needed.rock, needed.package), 0)
  elseif not good then
    error(message, 0)
  end
end

local answers = require "celigo.sandbox.answers"
local api = require "celigo.sandbox.api"
local gzip = require "celigo.sandbox.gzip"
local http = require "celigo.sandbox.http"
local loop = require "celigo.sandbox.loop"
local rawjson = require "celigo.sandbox.rawjson"
local seed = require "celigo.sandbox.seed"
local store = require "celigo.sandbox.store"

local GZIP_MIN = 1024 -- bytes; below that it does not pay
local LINGER = 2      -- seconds

local Server = {}
Server.__index = Server

local function header_pairs(raw_headers)
  local list = {}
  for i, pair in ipairs(raw_headers) do
    list[i] = rawjson.join_elements {
      rawjson.string(pair[1]), rawjson.string(pair[2]),
    }
  end
  return rawjson.join_elements(list)
end

local function remember(self, request, connection)
  local headers = {}
  for name, value in pairs(request.headers) do
    headers[#headers + 1] = { name = name, raw = rawjson.string(value) }
  end
  self.journal[#self.journal + 1] = rawjson.join_members {
    { name = "method", raw = rawjson.string(request.method) },
    { name = "target", raw = rawjson.string(request.target) },
    { name = "path", raw = rawjson.string(request.path) },
    { name = "query", raw = rawjson.string(request.query) },
    { name = "headers", raw = rawjson.join_members(headers) },
    { name = "raw_headers", raw = header_pairs(request.raw_headers) },
    { name = "body", raw = rawjson.string(request.body) },
    { name = "connection", raw = tostring(connection.number) },
  }
end

local function journal_answer(self, request)
  if request.method == "GET" then
    return answers.json(200, '{"requests":'
      .. rawjson.join_elements(self.journal) .. "}")
  elseif request.method == "DELETE" then
    self.journal = {}
    return { status = 204 }
  end
  return { status = 405, headers = { { "Allow", "DELETE, GET" } } }
end

local function compress(self, request, answer, headers)
  local body = answer.body
  if not self.options.gzip or not body or #body < GZIP_MIN then
    return
  end
  headers[#headers + 1] = { "Vary", "Accept-Encoding" }
  if gzip.accepted(request.headers["accept-encoding"]) then
    headers[#headers + 1] = { "Content-Encoding", "gzip" }
    answer.body = gzip.encode(body)
  end
end

local function complete(self, request, answer)
  local headers = {
    { "Date", os.date("!%a, %d %b %Y %H:%M:%S GMT") },
    { "Server", "celigo-sandbox" },
    { "X-Request-Id", ("%016x"):format(math.random(0)) },
  }
  if answer.json then
    headers[#headers + 1] = { "Content-Type",
                              "application/json; charset=utf-8" }
  end
  if answer.link then
    headers[#headers + 1] = { "Link", answer.link }
  end
  for _, header in ipairs(answer.headers or {}) do
    headers[#headers + 1] = header
  end
  compress(self, request, answer, headers)
  if not request.keep_alive then
    headers[#headers + 1] = { "Connection", "close" }
  elseif request.minor == 0 then
    headers[#headers + 1] = { "Connection", "keep-alive" }
  end
  answer.headers = headers
end

local function answer_to(self, request, connection)
  local options = self.options
  if options.journal and request.path == "/__journal" then
    return journal_answer(self, request)
  end
  if options.journal then
    remember(self, request, connection)
  end
  if options.delay > 0 then
    self.loop:sleep(options.delay)
  end
  return api.handle(self.db, options, request)
end

local function refuse(self, connection, err)
  local request = { headers = {}, minor = 1, keep_alive = false }
  local answer = answers.error(err.status, "bad_request", err.message)
  complete(self, request, answer)
  http.answer(connection, answer)
  connection:linger(LINGER)
end

local function log(request, answer)
  io.stderr:write(("%s %s %d %d\n"):format(
    request.method, request.target, answer.status, #(answer.body or "")))
end

-- What runs for each connection.
local function serve_connection(self, connection)
  local reader = http.reader(connection)
  local served = 0
  while true do
    local request, err = reader:request(self.options.idle_timeout)
    if not request then
      return err.status and refuse(self, connection, err)
    end
    served = served + 1
    if served >= self.options.max_requests then
      request.keep_alive = false
    end
    local answer = answer_to(self, request, connection)
    complete(self, request, answer)
    if self.options.log then
      log(request, answer)
    end
    if not http.answer(connection, answer, request.method) then
      return
    elseif not request.keep_alive then
      return connection:linger(LINGER)
    end
  end
end

--- Opens a sandbox: listens, with the records that it starts with. Returns
-- it, with `port` and `url`; or nil and a message.
local function open(options)
  local self = setmetatable({
    options = options, db = store.new(), loop = loop.new(), journal = {},
  }, Server)
  local count = options.seed == true and seed.default_count
    or options.seed or 0
  seed.fill(self.db, count)
  local port, message = self.loop:listen(
    options.host, options.port, function(connection)
      return serve_connection(self, connection)
    end)
  if not port then
    return nil, ("cannot listen on %s:%d: %s"):format(
      options.host, options.port, message)
  end
  self.port = port
  local host = options.host
  self.url = ("http://%s:%d"):format(
    host:find(":", 1, true) and "[" .. host .. "]" or host, port)
  return self
end

--- Serves until an error is raised, or until `descriptor`, where one is
-- given, comes to its end.
function Server:run(descriptor)
  if descriptor then
    self.loop:spawn(function()
      self.loop:wait_descriptor(descriptor)
      self.loop:stop()
    end)
  end
  self.loop:run()
end

--- Stops listening and closes the connections.
function Server:close()
  self.loop:close()
end

return { open = open }
