-- What every event loop sees of its clients, by the same cases in luv, in
-- cqueues, by the adapters of examples/loops and by the one that
-- docs/event-loops.md prints: others go on meanwhile, nothing polls, nothing keeps a loop alive, nobody else may
-- resume who waits.
--
-- No time is measured: requests that are answered only when they are there
-- together show that the loop was free, and turns are counted to show that
-- nothing polls.

local core = require "celigo.core"
local fault = require "spec.support.fault_server"
local page_server = require "spec.support.page_server"
local ways = require "spec.support.ways"

-- Counts the turns that loops take while f runs.
local function count_turns(f)
  local serve, turns = core.serve, 0
  core.serve = function(client)
    turns = turns + 1
    return serve(client)
  end
  local good, err = pcall(f)
  core.serve = serve
  if not good then error(err, 0) end
  return turns
end

local function collect()
  collectgarbage()
  collectgarbage()
end

for _, way in ipairs(ways) do
  if not way.loop then goto continue end

  describe("a client, " .. way.name .. ",", function()
    if way.lacking then
      it("runs", function() pending(way.lacking) end)
      return
    end

    local faulty, pages

    setup(function()
      faulty = fault.start()
      pages = page_server.start()
    end)
    teardown(function()
      faulty:stop()
      pages:stop()
    end)
    before_each(function() pages:reset() end)
    after_each(function()
      collect()
      way.finish() -- raises where something keeps the loop alive
    end)

    local function plain_client(server, options)
      return ways.plain_client(server, { timeout = 20 }, options)
    end

    local function new_client(server, options)
      return way.attach(plain_client(server, options))
    end

    local function echo(client) return assert(client:request { path = "/echo" }) end

    it("lets the loop run while a coroutine waits for a call", function()
      local client <close> = new_client(pages)
      local other <close> = new_client(pages)
      local function meet(used)
        return function() assert(used:request { path = "/meet?n=2" }) end
      end
      way.run(client, meet(client), meet(other))
    end)

    it("lets the loop run in iterators, map and gather", function()
      local client <close> = new_client(pages)
      local function meet() return client:request { path = "/meet?n=4" } end
      way.run(client, function()
        local good, err = pcall(client:each { path = "/meet?n=4" })
        assert.is_false(good)
        assert.equal("decode", err.kind) -- there is no list in the answer
      end, function()
        assert.is_true(client:map({ 1 }, meet)[1].met)
      end, function()
        assert.is_true(client:gather(meet).met)
      end, function()
        assert.is_true(client:submit("request", { path = "/meet?n=4" }):wait().met)
      end)
    end)

    it("runs the calls of many coroutines side by side", function()
      local client <close> = new_client(pages, { max_connections = 60 })
      local functions = {}
      for i = 1, 60 do
        functions[i] = function() assert(client:request { path = "/meet?n=60" }) end
      end
      local turns = count_turns(function() way.run(client, table.unpack(functions)) end)
      assert.is_true(turns <= 400, turns)
    end)

    it("is woken by descriptors and timers, it does not poll", function()
      faulty:script { { body = "[]", stall = 0.3 } }
      local client <close> = new_client(faulty)
      local turns = count_turns(function()
        way.run(client, function() assert(client:list_connectors()) end)
      end)
      assert.is_true(turns <= 10, turns)
    end)

    it("takes few turns to a deadline", function()
      faulty:script { { stall = true } }
      local client <close> = new_client(faulty, { timeout = 0.2 })
      local turns = count_turns(function()
        way.run(client, function()
          local _, err = client:list_connectors()
          assert.equal("timeout", err.kind)
        end)
      end)
      assert.is_true(turns <= 12, turns)
    end)

    it("takes few turns through pauses", function()
      local busy = { status = 503, body = "{}" }
      faulty:script { busy, busy, { status = 429, headers = { ["Retry-After"] = "1" }, body = "{}" }, { body = "[]" } }
      local client <close> = new_client(faulty, { retry_base = 0.05, retry_cap = 0.1 })
      local turns = count_turns(function()
        way.run(client, function()
          local _, response = client:list_connectors()
          assert.equal(4, response.attempts)
        end)
      end)
      assert.is_true(turns <= 40, turns)
    end)

    it("takes few turns for the client's own rate limit", function()
      local client <close> = new_client(pages, { rate_limit = { rate = 20, burst = 1 } })
      local functions = {}
      for i = 1, 5 do functions[i] = function() echo(client) end end
      local turns = count_turns(function() way.run(client, table.unpack(functions)) end)
      assert.is_true(turns <= 60, turns)
    end)

    it("moves submitted calls on", function()
      local client <close> = new_client(pages)
      local call
      way.run(client, function() call = client:submit("request", { path = "/echo" }) end)
      assert.equal("/echo", call:result().target)
    end)

    it("lets two coroutines wait for one submitted call", function()
      local client <close> = new_client(pages)
      local call = client:submit("request", { path = "/echo" })
      local function wait()
        assert.equal("/echo", call:wait().target)
        assert.equal("/echo", call:wait().target)
      end
      way.run(client, wait, wait)
    end)

    it("takes over calls that were under way before", function()
      local client <close> = plain_client(pages)
      local call = client:submit("request", { path = "/echo" })
      client:step()
      way.run(client, function() way.attach(client) end)
      assert.equal("/echo", call:result().target)
    end)

    it("blocks outside of coroutines, and others go on afterwards", function()
      local client <close> = new_client(pages)
      local later
      way.spawn(function() later = echo(client) end)
      assert.equal("/echo", echo(client).target)
      assert.equal(4, #client:map({ 1, 2, 3, 4 }, function() return echo(client) end))
      assert.is_nil(later)
      way.finish()
      assert.equal("/echo", later.target)
    end)

    it("blocks in the worker of another client", function()
      local client <close> = new_client(pages)
      local other <close> = new_client(pages)
      way.run(client, function()
        local results, errors = client:map({ 1, 2 }, function() return echo(other) end)
        assert.same({}, errors)
        assert.equal(2, #results)
      end)
    end)

    it("tells events in the loop", function()
      local seen = {}
      local client <close> = new_client(pages, {
        on_event = function(event) seen[#seen + 1] = event.type end,
      })
      local call
      way.run(client, function()
        echo(client)
        call = client:submit("request", { path = "/echo" })
      end)
      assert.is_true(call:done())
      assert.same({ "request", "response", "request", "response" }, seen)
    end)

    it("does not keep an idle loop alive", function()
      local client <close> = new_client(pages)
      way.finish()
      way.run(client, function() echo(client) end)
      way.finish()
      way.run(client, function() echo(client) end)
    end)

    it("lets the loop end when a call is dropped", function()
      faulty:script { { stall = true } }
      local client <close> = new_client(faulty)
      local other <close> = new_client(pages)
      way.run(client, function()
        local call = client:submit "list_connectors"
        repeat echo(other) until #faulty:requests() == 1
        assert.is_false(call:done())
        call = nil -- luacheck: ignore
        collect()
      end)
      faulty:await(function(seen) return seen[1].gone end)
    end)

    it("lets a client be collected", function()
      local weak = setmetatable({}, { __mode = "v" })
      weak.client = new_client(pages)
      way.run(weak.client, function() echo(weak.client) end)
      collect()
      assert.is_nil(weak.client)
    end)

    it("is attached once", function()
      local client <close> = new_client(pages)
      assert.equal(client, way.attach(client))
      local other = require("celigo.loop").adapter("another", function() end)
      local good, err = pcall(function() other(client) end)
      assert.is_false(good)
      assert.matches("^spec/loop_turns_spec.lua:%d+: attach: the client has a loop already, [%l-]+$", err)
      assert.error_matches(function() way.attach {} end, "expected a client of celigo.new")
      local closed = plain_client(pages)
      closed:close()
      assert.error_matches(function() way.attach(closed) end, "the client is closed")
    end)

    if not way.any_coroutine then return end

    local function generator(client)
      return coroutine.wrap(function()
        for record in client:each { path = "/list?pages=4&size=1" } do coroutine.yield(record.n) end
      end)
    end

    it("says so when somebody else resumes a coroutine", function()
      local client <close> = new_client(pages)
      local thread = coroutine.create(function() return echo(client) end)
      local good, value = coroutine.resume(thread)
      assert.is_true(good)
      assert.error_matches(function() return value.target end, "no value")
      local resumed, err = coroutine.resume(thread)
      assert.is_false(resumed)
      assert.matches("only the event loop may resume it", err)
    end)

    it("forgets a coroutine that was closed", function()
      local client <close> = new_client(pages)
      local closed = coroutine.create(function()
        client:request { path = "/list?stall=1" }
        error "must not come here"
      end)
      coroutine.resume(closed)
      way.run(client, function() echo(client) end, function()
        assert.is_true(coroutine.close(closed))
      end)
    end)

    it("blocks in a generator within the function of a map", function()
      local client <close> = new_client(pages)
      local other <close> = new_client(pages)
      local function count()
        local results, errors = client:map({ client, other, client }, function(used)
          echo(client)
          local list = {}
          for n in generator(used) do list[#list + 1] = n end
          client:gather(function() -- a worker in a worker, and after it
            for n in generator(used) do list[#list + 1] = n end
          end)
          for n in generator(used) do list[#list + 1] = n end
          return table.concat(list, " ")
        end)
        local thrice = "1 2 3 4 1 2 3 4 1 2 3 4"
        assert.same({}, errors)
        assert.same({ thrice, thrice, thrice }, results)
      end
      way.run(client, count, count)
      count()
    end)

    it("gives way again after a map in which a generator blocked", function()
      local client <close> = new_client(pages)
      local function meet() assert(client:request { path = "/meet?n=2" }) end
      way.run(client, function()
        client:map({ 1 }, function() return generator(client)() end)
        meet()
      end, meet)
    end)

    it("never lets a generator seem to end, or to give a value", function()
      local client <close> = new_client(pages)
      local function consume()
        local seen = 0
        local good, err = pcall(function()
          for value in generator(client) do
            seen = seen + 1
            assert.error_matches(function() return value.name end, "no value")
            assert.error_matches(function() value.name = 1 end, "no value")
            assert.error_matches(function() value() end, "no value")
            assert.has_error(function() return value + 1 end)
            assert.has_error(function() return value .. "" end)
          end
        end)
        assert.is_false(good)
        assert.matches("only the event loop may resume it", err)
        assert.equal(1, seen)
      end
      consume()
      way.run(client, consume)
    end)
  end)

  ::continue::
end
