--- A server of long lists in a process of its own, for specs of iterators
-- and of calls side by side. It answers by what the target says, however
-- often and in whatever order it is asked:
--
-- * `/list?pages=P&size=S&page=N`: page N (1) of P (1) pages with S (2)
--   records, `{ "n": 1 }` and so on, with a Link to the next one. Further
--   parameters go on into the links:
--   * `hold=1`: the second half of page 1 waits for the request of page 2
--   * `stall=K`: page K is answered only after `/release`
--   * `lie=1`: the first answer for page 1 links to page 99, waits for its
--     request and is then cut; the next answer is as it should be
--   * `seed=X`: faults at random; the same X gives the same ones
-- * `/meet?n=N`: answers when N of these requests wait at the same time
-- * `/echo?…`: its own target, in an object
-- * `/release`: lets go of what is stalled
-- * `/state`: what was seen, see `state`; `/reset` forgets it

local cjson = require "cjson"
local controlled = require "spec.support.controlled"
local http = require "celigo.sandbox.http"
local loop = require "celigo.sandbox.loop"
local seeded = require "spec.support.seeded"

local server = {}

local IDLE = 3600 -- seconds; idle connections are the client's business

-- In the server's process -------------------------------------------------

local Server = {}
Server.__index = Server

local function fresh()
  return { targets = {}, asked = {}, waiting = {}, meeting = 0, open = 0, peak = 0, busy = 0, busiest = 0 }
end

-- Waits, in a connection's coroutine, until a later request makes it so.
local function await(self, condition)
  while not condition() do
    self.waiting[#self.waiting + 1] = coroutine.running()
    coroutine.yield()
  end
end

local function wake(self)
  local waiting = self.waiting
  self.waiting = {}
  for _, co in ipairs(waiting) do coroutine.resume(co) end
end

local function parse(target)
  local path, query = target:match("^([^?]*)%??(.*)$")
  local parameters = {}
  for name, value in query:gmatch("([^&=]+)=([^&]*)") do parameters[name] = value end
  return path, parameters, query
end

local function page_target(query, page)
  local rest = ("&" .. query):gsub("&page=[^&]*", ""):sub(2)
  return ("/list?%s&page=%d"):format(rest, page)
end

-- Which requests for a page were there: the client may repeat one.
local function count(self, target)
  self.asked[target] = (self.asked[target] or 0) + 1
  return self.asked[target]
end

local function send(connection, status, headers, body, length)
  return connection:send(("HTTP/1.1 %d %s\r\nContent-Length: %d\r\nContent-Type: application/json\r\n%s\r\n%s"):format(
    status, http.reasons[status] or "", length or #body, headers, body))
end

-- What may go wrong with a page. Each gets the connection, the good answer's
-- headers and body, and a generator; and returns whether the connection is
-- still good.
local faults = {
  function(connection)
    return send(connection, 503, "", '{"errors":[{"code":"busy"}]}')
  end,
  function(connection)
    return send(connection, 429, "Retry-After: 0\r\n", '{"errors":[{"code":"rate_limited"}]}')
  end,
  function(connection)
    connection:reset()
  end,
  function(connection, headers, body, random)
    local whole = "HTTP/1.1 200 OK\r\n" .. headers .. ("Content-Length: %d\r\n\r\n%s"):format(#body, body)
    connection:send(whole:sub(1, random:integer(1, #whole - 1)))
    if random:chance(0.5) then connection:reset() end
  end,
  function(connection, headers, body, random)
    send(connection, 200, headers, body, #body + random:integer(1, 9))
  end,
  function(connection, headers, body, random) -- valid up to a point: all there, but no JSON
    return send(connection, 200, headers, body:sub(1, random:integer(1, #body - 1)))
  end,
  function(connection, headers, body)
    return send(connection, 200, headers, body .. "]")
  end,
  function(connection)
    return send(connection, 502, "", "<html>Bad gateway</html>")
  end,
}

local FAULTY = 0.4 -- of the answers

local function page_body(parameters, page)
  local size = tonumber(parameters.size or 2)
  local records = {}
  for i = 1, size do records[i] = ('{"n":%d,"page":%d}'):format((page - 1) * size + i, page) end
  return "[" .. table.concat(records, ",") .. "]"
end

local function link_to(target)
  return ('Link: <%s>; rel="next"\r\n'):format(target)
end

-- Page 1, of which the second half, or nothing more where it is a lie, comes
-- after the request of the page that its link leads to.
local function send_halves(self, connection, linked, body, lie)
  local head = ("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s\r\n"):format(#body, link_to(linked))
  connection:send(head .. body:sub(1, #body // 2))
  await(self, function() return self.asked[linked] end)
  if lie then return false end
  return connection:send(body:sub(#body // 2 + 1))
end

local function send_list(self, connection, target, parameters, query)
  local page = math.tointeger(tonumber(parameters.page or 1))
  local attempt = count(self, target)
  wake(self)
  local next_target = page_target(query, page + 1)
  local last = page >= tonumber(parameters.pages or 1)
  local body = page_body(parameters, page)
  if page == 1 and parameters.lie and attempt == 1 then
    return send_halves(self, connection, page_target(query, 99), body, true)
  elseif page == 1 and parameters.hold then
    return send_halves(self, connection, next_target, body, false)
  elseif tostring(page) == parameters.stall then
    await(self, function() return self.released end)
  end
  local headers = last and "" or link_to(next_target)
  if parameters.seed then
    local random = seeded.new(tonumber(parameters.seed) * 1000003 + page * 1009 + attempt)
    random:bits()
    if random:chance(FAULTY) then return random:pick(faults)(connection, headers, body, random) end
  end
  return send(connection, 200, headers, body)
end

local function meet(self, connection, n)
  self.meeting = self.meeting + 1
  local meeting = self.met or {}
  self.met = meeting
  if self.meeting >= n then
    meeting.complete, self.meeting, self.met = true, 0, nil
    wake(self)
  end
  await(self, function() return meeting.complete end)
  return send(connection, 200, "", '{"met":true}')
end

local function state(self)
  return cjson.encode { targets = self.targets, peak = self.peak, open = self.open, busiest = self.busiest }
end

local function answer(self, connection, target)
  local path, parameters, query = parse(target)
  if path == "/list" then
    return send_list(self, connection, target, parameters, query)
  elseif path == "/meet" then
    return meet(self, connection, tonumber(parameters.n))
  elseif path == "/release" then
    self.released = true
    wake(self)
    return send(connection, 200, "", "{}")
  end
  return send(connection, 200, "", cjson.encode { target = target })
end

local function serve(self, connection)
  local reader = http.reader(connection)
  self.open = self.open + 1
  self.peak = math.max(self.peak, self.open)
  local good = true
  while good do
    local request = reader:request(IDLE)
    if not request then break end
    self.targets[#self.targets + 1] = request.target
    self.busy = self.busy + 1
    self.busiest = math.max(self.busiest, self.busy)
    good = answer(self, connection, request.target)
    self.busy = self.busy - 1
  end
  self.open = self.open - 1
end

-- The spec's own questions, on a port that is not counted.
local function serve_control(self, connection)
  local reader = http.reader(connection)
  while true do
    local request = reader:request(IDLE)
    if not request then return end
    local told = state(self)
    if request.path == "/reset" then -- a stalled request may still come
      self.released = true
      wake(self)
      local open = self.open
      for name, value in pairs(fresh()) do self[name] = value end
      self.open, self.peak, self.released = open, open, nil
    elseif request.path == "/release" then
      self.released = true
      wake(self)
    end
    send(connection, 200, "", told)
  end
end

--- What runs in the server's process.
function server.run()
  local self = setmetatable(fresh(), Server)
  self.loop = loop.new()
  local function listen(handler)
    return assert(self.loop:listen("127.0.0.1", 0, function(connection)
      handler(self, connection)
    end))
  end
  print(("page server: %d %d"):format(listen(serve), listen(serve_control)))
  io.stdout:flush()
  self.loop:run()
end

-- In the spec's process ---------------------------------------------------

local Client = {}
Client.__index = Client

--- Starts a server; its `url` is where the client goes.
function server.start()
  local self, base = controlled.start(Client, "spec.support.page_server", "^page server: (%d+) (%d+)$")
  self.url = "http://127.0.0.1:" .. base
  return self
end

local function ask(self, path)
  assert(self.control:send(("GET %s HTTP/1.1\r\nHost: spec\r\n\r\n"):format(path)))
  local length
  repeat
    local line = assert(self.control:receive("*l"))
    length = line:match("^Content%-Length: (%d+)") or length
  until line == ""
  local body = assert(self.control:receive(tonumber(length)))
  return cjson.decode(body)
end

--- What was seen since the last `reset`: `targets` of all requests in their
-- order, `open` connections and their `peak`, and how many requests were
-- being answered at the same time at most (`busiest`).
function Client:state()
  return ask(self, "/state")
end

--- Lets go of what is stalled.
function Client:release()
  return ask(self, "/release")
end

--- Waits until `condition(state)` is true, and returns the state.
function Client:await(condition)
  return controlled.await(function() return self:state() end, condition)
end

--- Forgets what was seen, once every connection is closed.
function Client:reset()
  self:await(function() return ask(self, "/reset").open == 0 end)
end

--- Ends the server; returns what it printed.
Client.stop = controlled.stop
Client.__close = Client.stop

return server
