--- The ways in which a program waits for its calls: blocking, and in every
-- event loop that there is an adapter for, those of examples/loops and the one
-- that docs/event-loops.md prints included, as it is printed there.
--
-- A way is a table:
--
-- * `name`
-- * `attach(client)` returns the client, attached to the loop
-- * `run(client, f, …)` runs functions side by side until the loop has
--   nothing left to do, and raises what the first of them raised
--
-- and in those with a loop (`loop` is true)
--
-- * `spawn(f)` makes a coroutine of the loop; `finish()` runs the loop until
--   it has nothing left to do
-- * `any_coroutine`: whether any coroutine gives way, the user's own too
-- * `prints_errors`: whether an error that leaves a coroutine is only printed,
--   and the loop goes on
-- * `lacking`: what is missing on this system, which is all that there is then
-- * `program`: Lua code with a `%s` for the base URL; `client` and `run(f)`
--   are there then

local celigo = require "celigo"
local missing = require "spec.support.missing"

local ways = {}

--- A client of a server, not attached to anything: what `options` lack is taken
-- from `defaults`.
function ways.plain_client(server, defaults, options)
  local all = { base_url = server.url, token = "t", rate_limit = false }
  for _, given in ipairs { defaults, options } do
    for name, value in pairs(given) do all[name] = value end
  end
  return celigo.new(all)
end

-- Functions that note what went wrong, and one that raises it.
local function observe(functions)
  local ended, failure = 0, nil
  local observed = {}
  for i, f in ipairs(functions) do
    observed[i] = function()
      local good, err = xpcall(f, debug.traceback)
      ended = ended + 1
      if not good then failure = failure or err end
    end
  end
  return observed, function()
    if failure then error(failure, 0) end
    if ended ~= #functions then error(("%d of %d coroutines never ended"):format(#functions - ended, #functions), 0) end
  end
end

-- The way of a loop by what it has of its own.
local function add_loop(way)
  way.loop = true
  function way.run(_, ...)
    local observed, judge = observe { ... }
    for _, f in ipairs(observed) do way.spawn(f) end
    way.finish()
    judge()
  end
  ways[#ways + 1] = way
end

ways[1] = {
  name = "blocking",
  attach = function(client) return client end,
  -- Several functions are run side by side by the client itself.
  run = function(client, ...)
    local observed, judge = observe { ... }
    if #observed == 1 then
      observed[1]()
    else
      client:gather(table.unpack(observed))
    end
    judge()
  end,
  program = [[
    local client = require("celigo").new { base_url = "%s", token = "t" }
    local function run(f) f() end
  ]],
}

local function add_luv()
  local uv = require "luv"
  add_loop {
    name = "luv",
    attach = require("celigo.loop.luv").attach,
    any_coroutine = true,
    spawn = function(f) coroutine.wrap(f)() end,
    finish = function()
      uv.run()
      assert(not uv.loop_alive(), "the loop is alive")
    end,
    program = [[
      local client = require("celigo.loop.luv").attach(require("celigo").new { base_url = "%s", token = "t" })
      local function run(f)
        coroutine.wrap(f)()
        require("luv").run()
      end
    ]],
  }
end

local function add_cqueues()
  local cqueues = require "cqueues"
  local controller
  add_loop {
    name = "cqueues",
    attach = require("celigo.loop.cqueues").attach,
    spawn = function(f)
      controller = controller or cqueues.new()
      controller:wrap(f)
    end,
    finish = function()
      if not controller then return end
      local used = controller
      controller = nil
      assert(used:loop())
      assert(used:empty(), "the controller is not empty")
      used:close()
    end,
    program = [[
      local client = require("celigo.loop.cqueues").attach(require("celigo").new { base_url = "%s", token = "t" })
      local function run(f)
        local controller = require("cqueues").new()
        controller:wrap(f)
        assert(controller:loop())
      end
    ]],
  }
end

--- The code of the adapter that docs/event-loops.md prints.
function ways.example()
  local file <close> = assert(io.open("docs/event-loops.md"))
  return (assert(file:read("a"):match "## Another loop.-```lua\n(.-)```", "docs/event-loops.md prints no adapter"))
end

local function add_documented()
  local code = ways.example()
  local tiny = assert(load(code, "=docs/event-loops.md"))()
  add_loop {
    name = "the documented adapter",
    attach = tiny.attach,
    any_coroutine = true,
    spawn = function(f) coroutine.wrap(f)() end,
    finish = tiny.run,
    program = ("local tiny = load(%q, '=docs/event-loops.md')()\n"):format(code):gsub("%%", "%%%%") .. [[
      local client = tiny.attach(require("celigo").new { base_url = "%s", token = "t" })
      local function run(f)
        coroutine.wrap(f)()
        tiny.run()
      end
    ]],
  }
end

local function add_lua_ev()
  local ev = require "ev"
  add_loop {
    name = "lua-ev",
    attach = require("examples.loops.lua_ev").attach,
    any_coroutine = true,
    prints_errors = true,
    spawn = function(f) coroutine.wrap(f)() end,
    finish = function() ev.Loop.default:loop() end,
    program = [[
      local client = require("examples.loops.lua_ev").attach(require("celigo").new { base_url = "%s", token = "t" })
      local function run(f)
        coroutine.wrap(f)()
        require("ev").Loop.default:loop()
      end
    ]],
  }
end

local PROSODY_FOLDER = "/usr/lib/prosody"

-- Prosody's loop has no end. What is watched and timed in it is counted, so
-- that it can be run until there is nothing left.
local PROSODY = [[
  local epoll = require "net.server_epoll"
  local alive = {}
  package.loaded["net.server"] = {
    watchfd = function(...)
      local watcher = epoll.watchfd(...)
      local close = watcher.close
      function watcher:close()
        alive[self] = nil
        return close(self)
      end
      alive[watcher] = true
      return watcher
    end,
    timer = {
      add_task = function(seconds, f)
        local id
        id = epoll.timer.add_task(seconds, function(...)
          alive[id] = nil
          return f(...)
        end)
        alive[id] = true
        return id
      end,
      stop = function(id)
        alive[id] = nil
        epoll.timer.stop(id)
      end,
    },
  }
  local async = require "util.async"
  async.set_nexttick(function(f) return require("util.timer").add_task(0, f) end)
  local failure
  local function is_over()
    return failure or not next(alive)
  end
  local function finish()
    if not is_over() then
      local quitting = false
      epoll.setquitting(false)
      local look = epoll.add_task(0.005, function() -- goes on, so that the loop comes round and ends
        if is_over() and not quitting then
          quitting = true
          epoll.setquitting(true)
        end
        return 0.005
      end)
      epoll.loop()
      epoll.timer.stop(look)
    end
    if failure then error(failure, 0) end
  end
  local function spawn(f)
    async.runner(f, { error = function(_, err) failure = failure or err end }):run(true)
  end
]]

local function add_prosody()
  local spawn, finish = assert(load(PROSODY .. " return spawn, finish", "=prosody's loop"))()
  add_loop {
    name = "prosody",
    attach = require("examples.loops.prosody").attach,
    spawn = spawn,
    finish = finish,
    program = ("package.path = %q package.cpath = %q pcall(dofile, '%s/loader.lua')\n")
      :format(package.path, package.cpath, PROSODY_FOLDER):gsub("%%", "%%%%") .. PROSODY .. [[
      local client = require("examples.loops.prosody").attach(require("celigo").new { base_url = "%s", token = "t" })
      local function run(f)
        spawn(f)
        finish()
      end
    ]],
  }
end

-- A way whose loop this system may lack.
local function add(name, add_way)
  local lacking = missing.module(name)
  if lacking then
    ways[#ways + 1] = { name = name, lacking = lacking, loop = true }
  else
    add_way()
  end
end

add("luv", add_luv)
add("cqueues", add_cqueues)
add("ev", add_lua_ev)
missing.look_in(PROSODY_FOLDER)
pcall(dofile, PROSODY_FOLDER .. "/loader.lua") -- from prosody 13 on it finds what was renamed
add("net.server_epoll", add_prosody)
add_documented()

return ways
