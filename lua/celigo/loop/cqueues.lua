--- The client in a cqueues controller.
--
-- While a call waits in a coroutine that a controller has started, the other
-- coroutines of that controller run. Anywhere else, also in a coroutine that
-- was made inside such a one, a call blocks. An error that leaves the coroutine
-- is handled by cqueues.
--
-- @module celigo.loop.cqueues

local condition = require "cqueues.condition"
local cqueues = require "cqueues"
local loop = require "celigo.loop"

-- The sockets and the timer of one client, and its driver: a coroutine in a
-- controller that waits for them. It ends when there is nothing to wait for.
local Backend = {}

function Backend:idle()
  return not self.seconds and next(self.watched) == nil
end

-- Waits for the next event. If a turn is due at once (0 seconds), the
-- descriptors are not used: they may have been collected with the client.
function Backend:poll()
  local list = { self.bell }
  if self.seconds ~= 0 then
    for watcher in pairs(self.watched) do list[#list + 1] = watcher end
  end
  list[#list + 1] = self.seconds
  cqueues.poll(table.unpack(list))
end

function Backend:drive(me)
  local good, err = true, nil
  while good and self.driver == me and not self:idle() do
    self:poll()
    if self.driver == me and not self:idle() then good, err = pcall(self.turn) end
  end
  if self.driver == me then self.driver = nil end
  if not good then error(err, 0) end
end

-- Starts a driver in the running controller, or else in the one that was used
-- last. Does nothing if there is one already.
function Backend:start()
  local last = self.weak.controller
  local controller = cqueues.running() or last
  if not controller or (self.driver and controller == last) then return end
  local me = {}
  self.driver, self.weak.controller = me, controller
  local good = pcall(controller.wrap, controller, function() self:drive(me) end)
  if not good then self.driver = nil end -- the controller has been closed
end

-- Suspends the running coroutine, if a controller has started it.
function Backend:park()
  local _, direct = cqueues.running()
  if not direct then return nil end
  self:start()
  local woken, signal = false, condition.new()
  local function wait()
    repeat signal:wait() until woken
  end
  return wait, function()
    woken = true
    signal:signal()
  end
end

local function new_backend(turn, controller)
  if controller ~= nil and cqueues.type(controller) ~= "controller" then
    error(("attach: expected a controller of cqueues, got a %s; it takes attach(client[, controller])"):format(
      type(controller)), 3)
  end
  local self = setmetatable({
    turn = turn,
    watched = {},
    bell = condition.new(),
    weak = setmetatable({ controller = controller }, { __mode = "v" }),
  }, { __index = Backend })
  local backend = {}

  function backend.watch(fd, events)
    local watcher = { pollfd = fd, events = events }
    self.watched[watcher] = true
    return watcher
  end

  function backend.unwatch(watcher)
    self.watched[watcher] = nil
    cqueues.cancel(watcher.pollfd)
  end

  function backend.timer(seconds)
    self.seconds = seconds
    if not self:idle() then self:start() end
    self.bell:signal()
  end

  function backend.park()
    return self:park()
  end

  function backend.close()
    self.seconds, self.watched = nil, {}
    self.bell:signal()
  end

  return backend
end

return {
  --- Attaches a client to the controllers that its callers run in, one at a
  -- time.
  -- @function attach
  -- @tparam celigo.client client
  -- @param[opt] controller where calls that are submitted outside of any
  --   controller progress; without it they wait for the next call inside one
  -- @treturn celigo.client the same client
  -- @raise where it is closed, or attached to another loop
  -- @usage
  -- local cqueues = require "cqueues"
  -- require("celigo.loop.cqueues").attach(client)
  -- local controller = cqueues.new()
  -- controller:wrap(function()
  --   print(#assert(client:list_connectors()))
  -- end)
  -- assert(controller:loop())
  attach = loop.adapter("cqueues", new_backend),
}
