--- The sandbox's HTTP side: connections, the fields every answer has,
-- compression, delay, failures that are rehearsed, log and journal.

-- Modules that only the sandbox needs: checked before the files that use them
-- are loaded.
local NEEDED = {
  { module = "socket", name = "LuaSocket", rock = "luasocket", package = "lua-socket" },
  { module = "cjson", name = "lua-cjson", rock = "lua-cjson", package = "lua-cjson" },
}
for _, needed in ipairs(NEEDED) do
  local good, message = pcall(require, needed.module)
  if not good and tostring(message):find "^module '[%w.]+' not found" then
    error(("celigo.sandbox needs %s: luarocks --lua-version=%s install %s, or your system's package (%s)"):format(
      needed.name, _VERSION:match "%d%.%d", needed.rock, needed.package), 0)
  elseif not good then
    error(message, 0)
  end
end

local answers = require "celigo.sandbox.answers"
local api = require "celigo.sandbox.api"
local faults = require "celigo.sandbox.faults"
local gzip = require "celigo.sandbox.gzip"
local http = require "celigo.sandbox.http"
local journal = require "celigo.sandbox.journal"
local loop = require "celigo.sandbox.loop"
local rawjson = require "celigo.sandbox.rawjson"
local routes = require "celigo.sandbox.routes"
local seed = require "celigo.sandbox.seed"
local store = require "celigo.sandbox.store"

local GZIP_MIN = 1024 -- bytes; it is not worth it below that
local LINGER = 2 -- seconds

local Server = {}
Server.__index = Server

-- The state that a sandbox starts with, and returns to.
local function start_afresh(self)
  local options = self.options
  self.db = store.new()
  seed.fill(self.db, options.seed)
  seed.add_tokens(self.db, options.tokens)
  self.faults = faults.new(options.faults)
  self.journal = journal.new()
end

-- {====== Failures

local function content_type(body)
  if rawjson.check(body) then return "application/json; charset=utf-8" end
  return body:find "^%s*<" and "text/html; charset=utf-8" or "text/plain; charset=utf-8"
end

-- The answer that a rule describes, in the shape that the service's answers of
-- this status have.
local function told_answer(rule)
  local status = rule.status
  local answer
  if rule.body then
    answer = { status = status, body = rule.body, headers = { { "Content-Type", content_type(rule.body) } } }
  elseif status == 401 and not rule.code then
    answer = answers.bare(status, rule.message or "Bearer Authentication Failed")
  elseif status < 300 and not rule.code and not rule.message then
    answer = { status = status }
  else
    local code = rule.code or status == 429 and "rate_limited" or nil
    answer = answers.error(status, code, rule.message or http.reasons[status] or "a rehearsed failure")
  end
  if rule.retry_after then
    local after = rule.retry_after
    answer.headers = answer.headers or {}
    table.insert(answer.headers, { "Retry-After", type(after) == "number" and ("%.14g"):format(after) or after })
  end
  return answer
end

-- Writes the part of an answer that comes before its connection breaks.
local function break_off(connection, answer, method, close)
  if close == "before" then return end
  if close == "body" and (not answer.body or answer.body == "") then
    answer.status, answer.body = answer.status == 204 and 200 or answer.status, "{}"
  end
  local bytes = http.format(answer, method)
  local _, head_end = bytes:find("\r\n\r\n", 1, true)
  local last = close == "head" and head_end // 2 or head_end + (#bytes - head_end) // 2
  http.send(connection, bytes:sub(1, last))
end

-- }======

-- {====== The sandbox's own paths

local controls = {}

controls["/__journal"] = {
  GET = function(self)
    if not self.options.journal then return answers.bare(404, "the option journal is false") end
    return answers.json(200, self.journal:json())
  end,
  DELETE = function(self)
    self.journal = journal.new()
    return { status = 204 }
  end,
}

controls["/__reset"] = {
  POST = function(self)
    start_afresh(self)
    return { status = 204 }
  end,
}

-- A rule from a request's body, or nil and what is wrong with it. Its strings
-- may hold any bytes.
local function read_rule(body)
  if not body:find "^%s*{" then return nil, "a rule must be an object" end
  local good, rule = pcall(rawjson.table, body)
  if not good then return nil, "the rule is no valid JSON: " .. tostring(rule) end
  return faults.check(rule)
end

controls["/__faults"] = {
  POST = function(self, request)
    local rule, message = read_rule(request.body)
    if not rule then return answers.bare(400, message) end
    self.faults:add(rule)
    return { status = 204 }
  end,
  DELETE = function(self)
    self.faults:clear()
    return { status = 204 }
  end,
}

local function control(self, request)
  local control_methods = controls[request.path]
  if not control_methods then return nil end
  local handler = control_methods[request.method]
  if handler then return handler(self, request) end
  local allowed = {}
  for method in pairs(control_methods) do allowed[#allowed + 1] = method end
  table.sort(allowed)
  return { status = 405, headers = { { "Allow", table.concat(allowed, ", ") } } }
end

-- }======

local function compress(self, request, answer, headers)
  local body = answer.body
  if not self.options.gzip or not body or #body < GZIP_MIN then return end
  headers[#headers + 1] = { "Vary", "Accept-Encoding" }
  if gzip.accepted(request.headers["accept-encoding"]) then
    headers[#headers + 1] = { "Content-Encoding", "gzip" }
    answer.body = gzip.encode(body)
  end
end

local function complete(self, request, answer)
  self.answered = self.answered + 1
  local headers = {
    { "Date", os.date "!%a, %d %b %Y %H:%M:%S GMT" },
    { "Server", "celigo-sandbox" },
    { "X-Request-Id", ("%016x"):format(self.answered) },
  }
  if answer.json then headers[#headers + 1] = { "Content-Type", "application/json; charset=utf-8" } end
  if answer.link then headers[#headers + 1] = { "Link", answer.link } end
  for _, header in ipairs(answer.headers or {}) do headers[#headers + 1] = header end
  compress(self, request, answer, headers)
  if not request.keep_alive then
    headers[#headers + 1] = { "Connection", "close" }
  elseif request.minor == 0 then
    headers[#headers + 1] = { "Connection", "keep-alive" }
  end
  answer.headers = headers
end

local function is_write(request)
  return request.method ~= "GET" and request.method ~= "HEAD"
end

-- Does what a request asks for, unless the rule that is applied to it prevents
-- that. Returns the answer. `entry` is the request's entry in the journal.
local function perform(self, request, rule, entry)
  local answer
  local stopped = rule and faults.fails(rule) and not rule.applied
  if not stopped or not is_write(request) then
    answer = api.handle(self.db, self.options, request, rule and rule.drop)
    entry.applied = is_write(request) and answer.status < 300
  end
  if rule and rule.status then answer = told_answer(rule) end
  return answer or { status = 200, body = "{}", json = true }
end

-- Returns the answer, and where the connection must break, or nil.
local function answer_to(self, request, connection)
  local own = control(self, request)
  if own then return own end
  local operation = routes.operation(request.method, request.path)
  local entry = self.options.journal and self.journal:add(request, operation, connection) or {}
  if self.options.delay > 0 then self.loop:sleep(self.options.delay) end
  local rule = self.faults:take(operation, request.method)
  local answer = perform(self, request, rule, entry)
  if rule and rule.delay then self.loop:sleep(rule.delay) end
  if rule and rule.close then return answer, rule.close end
  entry.status = answer.status
  return answer
end

local function refuse(self, connection, err)
  local request = { headers = {}, minor = 1, keep_alive = false }
  local answer = answers.error(err.status, nil, err.message)
  complete(self, request, answer)
  http.answer(connection, answer)
  connection:linger(LINGER)
end

local function log(request, answer)
  io.stderr:write(("%s %s %d %d\n"):format(request.method, request.target, answer.status, #(answer.body or "")))
end

-- Answers one request; true if the connection can take another.
local function serve_request(self, connection, request)
  local answer, close = answer_to(self, request, connection)
  complete(self, request, answer)
  if self.options.log then log(request, answer) end
  if close then
    break_off(connection, answer, request.method, close)
    connection:linger(LINGER)
    return false
  end
  if not http.answer(connection, answer, request.method) then return false end
  if not request.keep_alive then connection:linger(LINGER) end
  return request.keep_alive
end

-- What runs for each connection.
local function serve_connection(self, connection)
  local reader = http.reader(connection)
  local served = 0
  repeat
    local request, err = reader:request(self.options.idle_timeout)
    if not request then return err.status and refuse(self, connection, err) end
    served = served + 1
    if served >= self.options.max_requests then request.keep_alive = false end
  until not serve_request(self, connection, request)
end

--- Opens a sandbox: listens, with the records that it starts with. Returns
-- it, with `port` and `url`; or nil and a message.
local function open(options)
  local self = setmetatable({ options = options, loop = loop.new(), answered = 0 }, Server)
  start_afresh(self)
  local port, message = self.loop:listen(options.host, options.port, function(connection)
    return serve_connection(self, connection)
  end)
  if not port then return nil, ("cannot listen on %s:%d: %s"):format(options.host, options.port, message) end
  self.port = port
  local host = options.host
  self.url = ("http://%s:%d"):format(host:find(":", 1, true) and "[" .. host .. "]" or host, port)
  return self
end

--- Serves until an error is raised, or until the end of `descriptor`, if one is
-- given.
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
