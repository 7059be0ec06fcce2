--- The client in prosody's loop (network_backend "epoll", the default): calls
-- in a runner of util.async, as in every handler of HTTP and of stanzas, give
-- way; anywhere else they block.
--
--     require("loops.prosody").attach(client)     -- in a module of prosody

local async = require "util.async"
local loop = require "celigo.loop"
local server = require "net.server"
local timers = require "util.timer"

-- A runner is the first local of its coroutine's outermost function, which is
-- how prosody finds it, too.
local function in_runner()
  local thread, main = coroutine.running()
  if main then return false end
  local level = 0
  while debug.getinfo(thread, level + 1, "l") do level = level + 1 end
  local _, runner = debug.getlocal(thread, level, 1)
  return type(runner) == "table" and rawget(runner, "thread") == thread
end

local function new_backend(turn)
  local backend, timer = {}, nil

  -- Both functions always: where a connection breaks, prosody calls both.
  function backend.watch(fd, events, ready)
    local function on_ready() ready() end
    local watcher = server.watchfd(fd, on_ready, on_ready)
    watcher:set(events:find "r" ~= nil, events:find "w" ~= nil)
    return watcher
  end

  function backend.unwatch(watcher)
    watcher:close()
  end

  function backend.timer(seconds)
    if timer then timers.stop(timer) end
    timer = seconds and timers.add_task(seconds, function()
      timer = nil
      turn()
    end)
  end

  function backend.park()
    if in_runner() then return async.waiter() end
  end

  function backend.close()
    backend.timer(nil)
  end

  return backend
end

return { attach = loop.adapter("prosody", new_backend) }
