--- An event loop for small servers: one thread, a coroutine for each
-- connection, on LuaSocket. Part of the sandbox, not of the client.
--
-- All times are seconds; deadlines are on the clock of `loop.now`.

local socket = require "socket"

-- The longest sleep. LuaSocket's select starts again when a signal interrupts
-- it, so Ctrl-C is noticed only after this.
local TICK = 0.1

-- select() cannot watch more descriptors than this; some are the host's.
local MAX_CONNECTIONS = (socket._SETSIZE or 256) - 64

-- Connections that the system keeps until they are accepted. Beyond that a
-- client's attempt is lost, and it tries again after a second, then three.
local BACKLOG = 4096

-- How many connections are accepted in one turn: the others need their turn,
-- too.
local MAX_ACCEPTED = 64

local Loop = {}
Loop.__index = Loop

local Connection = {}
Connection.__index = Connection

local loop = { now = socket.gettime }

--- Makes an empty loop.
function loop.new()
  return setmetatable({
    readers = {},   -- socket -> the coroutine that waits to read it
    writers = {},   -- socket -> the coroutine that waits to write it
    deadlines = {}, -- coroutine -> when it is resumed at the latest
    waits = {},     -- coroutine that waits to read a connection -> since when
    listeners = {}, -- socket -> function(connection)
    connections = 0,
    accepted = 0,
    stopped = false,
  }, Loop)
end

local function resume(self, co, ...)
  self.deadlines[co] = nil
  local ok, err = coroutine.resume(co, ...)
  if not ok then io.stderr:write(debug.traceback(co, tostring(err)), "\n") end
end

--- Runs `body(...)` in a coroutine of its own.
function Loop:spawn(body, ...)
  resume(self, coroutine.create(body), ...)
end

-- Yields until the socket is ready. true, or nil and "timeout".
local function wait(self, set, sock, deadline)
  local co = coroutine.running()
  set[sock] = co
  self.deadlines[co] = deadline
  local ready = coroutine.yield()
  if set[sock] == co then set[sock] = nil end
  if ready then return true end
  return nil, "timeout"
end

--- Pauses the running coroutine.
function Loop:sleep(seconds)
  self.deadlines[coroutine.running()] = loop.now() + seconds
  coroutine.yield()
end

--- Waits, in a coroutine, until a descriptor can be read.
function Loop:wait_descriptor(descriptor)
  local stand_in = {
    getfd = function() return descriptor end,
    dirty = function() return false end,
  }
  return wait(self, self.readers, stand_in)
end

--- Listens; `handler(connection)` runs in a coroutine for each connection,
-- which is closed when it returns. Returns the port, or nil and a message.
function Loop:listen(host, port, handler)
  local listener, message = socket.bind(host, port, BACKLOG)
  if not listener then return nil, message end
  listener:settimeout(0)
  self.listeners[listener] = handler
  local _, bound = listener:getsockname()
  return math.tointeger(tonumber(bound))
end

local function serve_connection(self, sock, handler)
  sock:settimeout(0)
  sock:setoption("tcp-nodelay", true)
  self.connections = self.connections + 1
  self.accepted = self.accepted + 1
  local connection = setmetatable({
    loop = self, socket = sock, number = self.accepted,
  }, Connection)
  local ok, err = xpcall(handler, debug.traceback, connection)
  if not ok then io.stderr:write(tostring(err), "\n") end
  connection:close()
  self.connections = self.connections - 1
end

-- Ends the wait of the connection that has been silent for the longest time.
local function make_room(self)
  local silent, since
  for co, began in pairs(self.waits) do
    if not since or began < since then silent, since = co, began end
  end
  if silent then resume(self, silent, false) end
end

-- Whether another connection can be accepted. If there are too many, a silent
-- one is closed.
local function has_room(self)
  return self.connections < MAX_CONNECTIONS or next(self.waits) ~= nil
end

local function accept(self, listener)
  local handler = self.listeners[listener]
  for _ = 1, MAX_ACCEPTED do
    local sock = has_room(self) and listener:accept()
    if not sock then return end
    if self.connections >= MAX_CONNECTIONS then make_room(self) end
    self:spawn(serve_connection, self, sock, handler)
  end
end

local function watched(self)
  local reading, writing = {}, {}
  if has_room(self) then
    for listener in pairs(self.listeners) do reading[#reading + 1] = listener end
  end
  for sock in pairs(self.readers) do reading[#reading + 1] = sock end
  for sock in pairs(self.writers) do writing[#writing + 1] = sock end
  return reading, writing
end

local function until_next_deadline(self)
  local now, seconds = loop.now(), TICK
  for _, deadline in pairs(self.deadlines) do seconds = math.min(seconds, deadline - now) end
  return math.max(seconds, 0)
end

local function resume_ready(self, ready, set)
  for _, sock in ipairs(ready) do
    if self.listeners[sock] then
      accept(self, sock)
    elseif set[sock] then
      resume(self, set[sock], true)
    end
  end
end

local function resume_expired(self)
  local now, expired = loop.now(), {}
  for co, deadline in pairs(self.deadlines) do
    if deadline <= now then expired[#expired + 1] = co end
  end
  for _, co in ipairs(expired) do
    if self.deadlines[co] then resume(self, co, false) end
  end
end

--- Works until `stop` is called.
function Loop:run()
  while not self.stopped do
    local reading, writing = watched(self)
    local readable, writable = socket.select(reading, writing, until_next_deadline(self))
    resume_ready(self, readable, self.readers)
    resume_ready(self, writable, self.writers)
    resume_expired(self)
  end
end

--- Ends `run` after the current round.
function Loop:stop()
  self.stopped = true
end

--- Closes the listeners and every connection that is waiting.
function Loop:close()
  for _, set in ipairs { self.listeners, self.readers, self.writers } do
    for sock in pairs(set) do
      if sock.close then sock:close() end
    end
  end
end

--- Waits for bytes. Returns them, or nil and "closed" or "timeout".
function Connection:receive(deadline)
  while true do
    local bytes, err, partial = self.socket:receive(65536)
    bytes = bytes or partial
    if bytes and #bytes > 0 then return bytes end
    if err ~= "timeout" then return nil, "closed" end
    local co, waits = coroutine.running(), self.loop.waits
    waits[co] = loop.now()
    local ready, late = wait(self.loop, self.loop.readers, self.socket, deadline)
    waits[co] = nil
    if not ready then return nil, late end
  end
end

--- Sends all bytes. Returns true, or nil, "closed" or "timeout", and how
-- many bytes the system took.
function Connection:send(bytes, deadline)
  local sent = 0
  while sent < #bytes do
    local last, err, partial = self.socket:send(bytes, sent + 1)
    sent = last or partial or sent
    if not last then
      if err ~= "timeout" then return nil, "closed", sent end
      local ready, late = wait(self.loop, self.loop.writers, self.socket, deadline)
      if not ready then return nil, late, sent end
    end
  end
  return true
end

--- Ends our side, then reads what the other side still sends, for a while:
-- closing over unread bytes would reset the connection and could destroy
-- the answer on its way.
function Connection:linger(seconds)
  self.socket:shutdown "send"
  local deadline = loop.now() + seconds
  repeat
    local bytes = self:receive(deadline)
  until not bytes or loop.now() >= deadline
end

--- Closes with a reset instead of a proper end.
function Connection:reset()
  self.socket:setoption("linger", { on = true, timeout = 0 })
  self:close()
end

--- Closes the connection. May be called again.
function Connection:close()
  self.socket:close()
end

return loop
