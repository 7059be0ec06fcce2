--- Event loops: what every adapter shares, and how to write one.
--
-- An adapter is a function that makes a backend: a table of five functions
-- over its loop.
--
--     local loop = require "celigo.loop"
--     local attach = loop.adapter("my loop", function(turn) return backend end)
--     attach(client)
--
-- * `backend.watch(fd, events, ready)`: from now on calls `ready()` whenever
--   the descriptor is readable (`events` is `"r"`), writable (`"w"`) or either
--   (`"rw"`). Level-triggered. `ready(true)` says that the loop has given the
--   descriptor up; any other argument means nothing. Returns a value for
--   `unwatch`.
-- * `backend.unwatch(watcher)`: ends that; the descriptor is closed next.
-- * `backend.timer(seconds)`: calls `turn()` once, after that many seconds, not
--   earlier. It replaces an earlier request; nil only cancels that. For 0, too,
--   `turn` must be called by the loop, not by this function.
-- * `backend.park()`: nil where the running coroutine cannot be suspended in
--   this loop: its calls block. Else two functions: `wait(value)` suspends it
--   until `wake()` has been called, which happens once, inside a turn. Where
--   it yields to whoever resumed the coroutine, it yields that value.
-- * `backend.close()`: frees all that the backend has in the loop.
--
-- `watch`, `unwatch` and `close` are called inside a turn only, `timer` at
-- any time.
--
-- While nothing is watched and no timer is set, the backend must not keep
-- its loop alive. Everything else is here.
--
-- @module celigo.loop

require "celigo.client" -- whoever opens the core opens all of it
local core = require "celigo.core"
local new_queue = require "celigo.queue"
local tasks = require "celigo.tasks"

local RETRY = 0.05 -- seconds; when the process may open no more descriptors

-- The loop of one client. The host's loop refers to this object, so it refers
-- to the client weakly: otherwise no client would ever be collected. A call
-- that somebody waits for keeps its client alive.
local Loop = {}
local LOOP = { __index = Loop, __metatable = "celigo.loop" }

local WEAK = { __mode = "v" }

-- A coroutine that waits. When the coroutine is closed, this is too: nobody
-- wakes it any more, and its call ends. Only the coroutine refers strongly to
-- what it waits for: when the coroutine is dropped, both are collected.
local Parked = { __metatable = "celigo.parked" }

function Parked:__close()
  if self.woken then return end
  self.gone = true
  self.loop.parked[self] = nil
  local waited = self.weak.waited
  if type(waited) == "userdata" then core.drop(waited) end
end

-- What a coroutine yields while it waits. If it was not the loop that resumed
-- the coroutine, but a generator's caller for example, that one gets this
-- value: every use of it is an error.
local function refuse()
  error("this is no value: a coroutine that made it waits for a call of the client, in its event loop", 2)
end

local WAITING = setmetatable({}, {
  __name = "celigo.waiting",
  __metatable = "celigo.waiting",
  __index = refuse,
  __newindex = refuse,
  __call = refuse,
})

-- Suspends the running coroutine until the scheduler says that what it waits
-- for is ready. False if it has to block.
function Loop:park(waited, scheduler)
  if not self.attached then return false end -- the client is closed, or the state closes
  local wait, wake = self.backend.park()
  if not wait then return false end
  local weak = setmetatable({ waited = waited }, WEAK)
  local entry <close> = setmetatable({ loop = self, weak = weak, wake = wake }, Parked)
  self.parked[entry] = true
  scheduler:note(waited, entry)
  local client = self.weak.client
  if client then core.wake(client) end -- it may be ready by now
  wait(WAITING)
  if not entry.woken then
    error("this coroutine waits for a call of the client; only the event loop may resume it", 0)
  end
  return true
end

-- Resumes the coroutines that can go on; false if there was none. If one of
-- them raises an error, the others are resumed in the next turn.
function Loop:resume_ready()
  local woken = self.woken
  local last = woken.last
  local entry = woken:take(last)
  if not entry then return false end
  while entry do
    self.parked[entry] = nil
    if not entry.gone then -- one that was woken before may have closed it
      entry.woken = true
      entry.wake()
    end
    entry = woken:take(last)
  end
  return true
end

-- Ends calls whose waiting coroutines were collected.
function Loop:forget()
  for entry in pairs(self.parked) do
    if entry.weak.waited == nil then self.parked[entry] = nil end
  end
end

-- Does all that is due, and resumes all who wait for it, until nobody is left
-- who could go on: core.wants() needs that.
function Loop:work(client)
  if not core.serve(client) then return end
  local scheduler = tasks.scheduler_of(client)
  repeat -- a worker may end what a coroutine waits for, and the other way
    while scheduler:resume_ready(client) do end
  until not self:resume_ready()
end

-- One turn: a descriptor is ready, or the timer is due.
function Loop:turn()
  local client = self.weak.client
  if not client or not self.attached then return self:detach() end
  local good, err = pcall(self.work, self, client)
  self:update(client)
  if not good then
    if self.attached then core.wake(client) end -- others may be left
    error(err, 0)
  end
end

function Loop:watch(client, serial, events)
  local descriptor = core.descriptor(client, serial)
  if not descriptor then return false end
  local watch = { descriptor = descriptor, events = events }
  watch.watcher = self.backend.watch(descriptor:fd(), events, function(lost)
    if lost == true then watch.lost = true end -- many loops pass arguments of their own
    self:turn()
  end)
  self.watched[serial] = watch
  return true
end

function Loop:unwatch(serial)
  local watch = self.watched[serial]
  self.watched[serial] = nil
  if watch.descriptor:fd() < 0 then return end -- collected with the loop that watched it
  self.backend.unwatch(watch.watcher)
  watch.descriptor:close()
end

-- Sets descriptors and timer to what the client waits for now.
function Loop:update(client)
  if not self.attached then return end
  if core.closed(client) and next(self.parked) == nil then return self:detach() end
  local seconds, wanted = core.wants(client)
  for serial, watch in pairs(self.watched) do
    if watch.lost or wanted[serial] ~= watch.events then self:unwatch(serial) end
  end
  for serial, events in pairs(wanted) do
    if not self.watched[serial] and not self:watch(client, serial, events) then
      seconds = math.min(seconds or RETRY, RETRY)
    end
  end
  self.backend.timer(seconds)
end

-- Frees all that is in the host's loop: the client was closed, or collected.
function Loop:detach()
  local backend = self.backend
  if not backend then return end
  for serial in pairs(self.watched) do self:unwatch(serial) end
  self.attached, self.backend = false, nil
  backend.close()
end

local loop = {}

--- Makes the function that attaches clients to a loop.
-- @function adapter
-- @tparam string name the loop's, for messages
-- @tparam function new_backend `new_backend(turn, ...)` returns a backend for
--   one client; the rest is what the user gave after the client
-- @treturn function `attach(client, ...)`, which returns the client; again
--   for the same loop it does nothing, for another one it raises
-- @usage
-- local attach = require("celigo.loop").adapter("none", function(turn)
--   local backend = {}
--   function backend.watch(fd, events, ready) return fd end
--   function backend.unwatch(watcher) end
--   function backend.timer(seconds) end
--   function backend.park() return nil end   -- calls block
--   function backend.close() end
--   return backend
-- end)
-- attach(client)
-- print(client:get_connector_by_id(id).name)
function loop.adapter(name, new_backend)
  if type(name) ~= "string" or type(new_backend) ~= "function" then
    error(("adapter: expected a name and a function that makes a backend, got a %s and a %s%s"):format(
      type(name), type(new_backend), rawequal(name, loop) and ": it is called with a dot, not a colon" or ""), 2)
  end
  return function(client, ...)
    local good, closed = pcall(core.closed, client)
    if not good then
      local colon = type(client) == "table" and rawget(client, "attach")
      error(("attach: expected a client of celigo.new, got a %s%s"):format(type(client),
        colon and ": it is called with a dot, not a colon: attach(client)" or ""), 2)
    end
    if closed then error("attach: the client is closed", 2) end
    local scheduler = tasks.scheduler_of(client)
    local old = scheduler.loop
    if old and old.name == name then return client end
    if old then error(("attach: the client has a loop already, %s"):format(old.name), 2) end
    local self = setmetatable({
      name = name,
      weak = setmetatable({ client = client }, WEAK),
      parked = {}, -- a set of coroutines that wait
      woken = new_queue(), -- those of them that are to go on
      watched = {},
    }, LOOP)
    self.backend = new_backend(function() self:turn() end, ...)
    self.attached = true -- wake-ups reach the host's loop
    scheduler.loop = self
    -- Asks the host's loop for a turn: something outside the loop has made,
    -- stepped or ended calls, or the client was collected.
    local function wake_up()
      if self.attached then self.backend.timer(0) end
    end
    -- This is finalised with the client, or when the state closes: then before
    -- the host's loop, which is older.
    scheduler.guard = setmetatable({}, {
      __gc = function()
        pcall(wake_up)
        self.attached = false
      end,
    })
    core.set_wakeup(client, wake_up)
    wake_up() -- calls may be under way already
    return client
  end
end

return loop --[[@as celigo.loop]]
