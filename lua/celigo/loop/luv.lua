--- The client in a luv (libuv) loop.
--
-- While a call waits in a coroutine, the loop runs. Outside of coroutines (in a
-- plain callback, for example) a call blocks: write `coroutine.wrap(function()
-- … end)()` there. An error that leaves such a coroutine after it has waited
-- leaves a callback of the loop, with the coroutine's traceback: luv prints it
-- and exits.
--
-- @module celigo.loop.luv

local loop = require "celigo.loop"
local uv = require "luv"

local function resume(thread)
  local good, err = coroutine.resume(thread)
  if not good then error(debug.traceback(thread, tostring(err)), 0) end
end

local function park()
  local thread, main = coroutine.running()
  if main then return nil end
  return coroutine.yield, function() resume(thread) end
end

local function close(handle)
  if not handle:is_closing() then handle:close() end
end

local function new_backend(turn)
  local timer = assert(uv.new_timer())
  local backend = { park = park }
  local polls = {} -- to what is called when one is ready

  function backend.watch(fd, events, ready)
    local poll = assert(uv.new_poll(fd))
    assert(poll:start(events, function(err) ready(err ~= nil) end))
    polls[poll] = ready
    return poll
  end

  function backend.unwatch(poll)
    polls[poll] = nil
    close(poll)
  end

  -- For the first turn after the program has closed every handle of the loop
  -- (`uv.walk`): tells the client which descriptors nobody watches any more.
  local function resume_after_close()
    for poll, ready in pairs(polls) do
      if poll:is_closing() then return ready(true), resume_after_close() end -- which changes `polls`
    end
    turn()
  end

  function backend.timer(seconds)
    local callback = turn
    if timer:is_closing() then
      if not seconds then return end
      timer, seconds, callback = assert(uv.new_timer()), 0, resume_after_close
    end
    if not seconds then
      timer:stop()
      return
    end
    uv.update_time() -- else it counts from when the loop last looked
    timer:start(math.ceil(seconds * 1000), 0, callback)
  end

  function backend.close()
    close(timer)
  end

  return backend
end

return {
  --- Attaches a client to the state's luv loop.
  -- @function attach
  -- @tparam celigo.client client
  -- @treturn celigo.client the same client
  -- @raise where it is closed, or attached to another loop
  -- @usage
  -- local uv = require "luv"
  -- require("celigo.loop.luv").attach(client)
  -- coroutine.wrap(function()
  --   print(#assert(client:list_connectors()))
  -- end)()
  -- uv.run()
  attach = loop.adapter("luv", new_backend),
}
