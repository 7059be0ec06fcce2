--- The client in a lua-ev (libev) loop: calls in any coroutine give way.
--
--     local ev = require "ev"
--     require("loops.lua_ev").attach(client)      -- or attach(client, ev_loop)
--     coroutine.wrap(function() print(#assert(client:list_connectors())) end)()
--     ev.Loop.default:loop()

local ev = require "ev"
local loop = require "celigo.loop"

local FLAGS = { r = ev.READ, w = ev.WRITE, rw = ev.READ | ev.WRITE }

local function new_backend(turn, ev_loop)
  ev_loop = ev_loop or ev.Loop.default
  local backend, timer = {}, nil

  function backend.watch(fd, events, ready)
    local watcher = ev.IO.new(function() ready() end, fd, FLAGS[events])
    watcher:start(ev_loop)
    return watcher
  end

  function backend.unwatch(watcher)
    watcher:stop(ev_loop)
  end

  function backend.timer(seconds)
    if timer then timer:stop(ev_loop) end
    timer = seconds and ev.Timer.new(function() turn() end, seconds)
    if not timer then return end
    ev_loop:update_now() -- else it counts from when the loop last looked
    timer:start(ev_loop)
  end

  -- lua-ev prints what leaves a callback, and only texts: `(null)` otherwise.
  function backend.park()
    local thread, main = coroutine.running()
    if main then return nil end
    return coroutine.yield, function()
      local good, err = coroutine.resume(thread)
      if not good then error(debug.traceback(thread, tostring(err)), 0) end
    end
  end

  function backend.close()
    backend.timer(nil)
  end

  return backend
end

return { attach = loop.adapter("lua-ev", new_backend) }
