-- The client in a luv loop: real luv, real sockets, a sandbox in a process
-- of its own. No time is measured: a timer that ticks meanwhile shows that
-- the loop was free, and turns are counted to show that nothing polls.

local celigo = require "celigo"
local uv = require "luv"
local attach = require("celigo.loop.luv").attach
local cases = require "spec.support.loop_cases"
local core = require "celigo.core"
local fault = require "spec.support.fault_server"
local process = require "spec.support.process"
local sandbox = require "celigo.sandbox"

local ID = "54fa0b38a7044f9252000036"

-- Runs functions as coroutines until the loop has nothing left to do;
-- raises what the first of them raised, or that one never ended.
local function run(...)
  local functions = { ... }
  local failure
  local ended = 0
  for _, f in ipairs(functions) do
    coroutine.wrap(function()
      local good, err = xpcall(f, debug.traceback)
      ended = ended + 1
      if not good then failure = failure or err end
    end)()
  end
  uv.run()
  if failure then error(failure, 0) end
  assert.equal(#functions, ended)
end

-- A timer that ticks every 5 ms until it is closed.
local function ticker()
  local self = { ticks = 0 }
  local timer = uv.new_timer()
  timer:start(5, 5, function() self.ticks = self.ticks + 1 end)
  function self.close() timer:close() end
  return self
end

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

local function handles()
  local n = 0
  uv.walk(function() n = n + 1 end)
  return n
end

describe("calls that go back to the queue, in luv", function()
  for _, case in ipairs(cases.of(attach, run)) do it(case.name, case.run) end
end)

describe("a client in a luv loop", function()
  local server, slow

  setup(function()
    server = sandbox.start()
    slow = sandbox.start { delay = 0.1 }
  end)

  teardown(function()
    server:stop()
    slow:stop()
  end)

  local function new_client(url, options)
    local all = { base_url = url, token = "t", timeout = 20 }
    for name, value in pairs(options or {}) do all[name] = value end
    return attach(celigo.new(all))
  end

  -- Collects what is not in use, and lets the loop close its handles.
  local function settle()
    collectgarbage()
    collectgarbage()
    uv.run()
  end

  -- Each test leaves the loop as it found it.
  local before
  before_each(function()
    settle()
    before = handles()
  end)
  after_each(function()
    uv.run()
    assert.is_false(uv.loop_alive())
    settle()
    assert.equal(before, handles())
  end)

  it("lets the loop run while a coroutine waits for a call", function()
    local client <close> = new_client(slow.url)
    local clock = ticker()
    run(function()
      local ticks = clock.ticks
      assert.equal(4, #assert(client:list_connectors()))
      assert.is_true(clock.ticks - ticks >= 2)
      clock.close()
    end)
  end)

  it("is woken by descriptors and timers, it does not poll", function()
    local late <close> = sandbox.start { delay = 0.3 }
    local client <close> = new_client(late.url)
    local turns = count_turns(function()
      run(function() assert(client:list_connectors()) end)
    end)
    assert.is_true(turns <= 10, turns)
  end)

  it("runs the calls of many coroutines side by side", function()
    local client <close> = new_client(slow.url)
    local under_way, most, list = 0, 0, {}
    for i = 1, 60 do
      list[i] = function()
        under_way = under_way + 1
        most = math.max(most, under_way)
        assert.equal(ID, assert(client:get_connector_by_id(ID))._id)
        under_way = under_way - 1
      end
    end
    local turns = count_turns(function() run(table.unpack(list)) end)
    assert.equal(60, most)
    assert.is_true(turns <= 400, turns)
  end)

  it("runs call after call in one coroutine", function()
    local client <close> = new_client(server.url)
    run(function()
      for _ = 1, 200 do assert(client:get_connector_by_id(ID)) end
    end)
  end)

  it("goes on when connections end, while others take their numbers",
    function()
      local brief <close> = sandbox.start { max_requests = 1 }
      local client <close> = new_client(brief.url)
      local host, port = brief.url:match "//(.*):(%d+)"
      local function connect()
        for _ = 1, 40 do
          local thread = coroutine.running()
          local tcp = uv.new_tcp()
          tcp:connect(host, tonumber(port), function(err)
            tcp:close()
            coroutine.resume(thread, err)
          end)
          assert.is_nil(coroutine.yield())
        end
      end
      local function call()
        for _ = 1, 40 do assert(client:get_connector_by_id(ID)) end
      end
      run(call, connect, call, connect, call)
    end)

  it("gives way in iterators", function()
    local client <close> = new_client(slow.url)
    local clock = ticker()
    local seen = 0
    local function each()
      local ticks = clock.ticks
      for connector in client:each_connector { limit = 1 } do
        assert.is_string(connector._id)
        seen = seen + 1
      end
      assert.is_true(clock.ticks > ticks)
      if seen == 8 then clock.close() end
    end
    run(each, each)
    assert.equal(8, seen)
  end)

  it("stops an iterator that the loop was left of", function()
    local client <close> = new_client(server.url)
    run(function()
      for connector in client:each_connector { limit = 1 } do
        if connector._id then break end
      end
    end)
  end)

  it("waits in a for loop for something else than the client", function()
    local client <close> = new_client(server.url)
    local seen = 0
    run(function()
      local thread = coroutine.running()
      for _ in client:each_connector { limit = 1 } do
        seen = seen + 1
        local pause = uv.new_timer()
        pause:start(5, 0, function()
          pause:close()
          assert(coroutine.resume(thread))
        end)
        coroutine.yield()
      end
    end)
    assert.equal(4, seen)
  end)

  it("gives way in map and gather", function()
    local client <close> = new_client(slow.url)
    local clock = ticker()
    local left = 2
    local function finish()
      left = left - 1
      if left == 0 then clock.close() end
    end
    run(function()
      local ids = { ID, ID, "54fa0b38a7044f9252000000", ID }
      local told = {}
      local ticks = clock.ticks
      local results, errors = client:map(ids, function(id)
        return client:get_connector_by_id(id)
      end, {
        concurrency = 2,
        on_progress = function(done) told[#told + 1] = done end,
      })
      assert.is_true(clock.ticks > ticks)
      assert.equal(ID, results[4]._id)
      assert.equal("invalid_ref", errors[3].code)
      assert.same({ 1, 2, 3, 4 }, told)
      finish()
    end, function()
      local connector, licenses, errors = client:gather(
        function() return client:get_connector_by_id(ID) end,
        function() return client:list_connector_licenses(ID) end)
      assert.equal(ID, connector._id)
      assert.equal(4, #licenses)
      assert.is_nil(errors)
      finish()
    end)
  end)

  it("maps functions that make no call, and maps in maps", function()
    local client <close> = new_client(server.url)
    run(function()
      local squares = client:map({ 1, 2, 3 }, function(n) return n * n end,
        { on_progress = function() end })
      assert.same({ 1, 4, 9 }, squares)
      local results, errors = client:map({ 1, 2 }, function()
        local inner = client:map({ ID, ID }, function(id)
          return client:get_connector_by_id(id)
        end)
        return #inner
      end)
      assert.same({}, errors)
      assert.same({ 2, 2 }, results)
    end)
  end)

  it("moves submitted calls on", function()
    local client <close> = new_client(slow.url)
    local outside = client:submit("get_connector_by_id", ID)
    local inside
    local timer = uv.new_timer()
    timer:start(10, 0, function()
      timer:close()
      inside = client:submit("request", { path = "/v1/connectors" })
    end)
    uv.run()
    assert.equal(ID, outside:result()._id)
    assert.equal(4, #inside:result())
  end)

  it("waits for a submitted call", function()
    local client <close> = new_client(slow.url)
    local call = client:submit("get_connector_by_id", ID)
    local clock = ticker()
    run(function()
      assert.equal(ID, call:wait()._id)
      assert.is_true(clock.ticks >= 2)
      assert.equal(ID, call:wait()._id)
      clock.close()
    end, function()
      assert.equal(ID, call:wait()._id)
    end)
  end)

  it("takes over calls that were under way before", function()
    local client <close> = celigo.new { base_url = slow.url, token = "t" }
    local call = client:submit("get_connector_by_id", ID)
    client:step()
    attach(client)
    uv.run()
    assert.equal(ID, call:result()._id)
  end)

  it("blocks outside of coroutines, and others go on afterwards", function()
    local client <close> = new_client(slow.url)
    local first, plain, mapped
    coroutine.wrap(function() first = client:get_connector_by_id(ID) end)()
    local timer = uv.new_timer()
    timer:start(0, 0, function()
      timer:close()
      plain = client:get_connector_by_id(ID)
      mapped = client:map({ ID, ID }, function(id)
        return client:get_connector_by_id(id)
      end)
    end)
    uv.run()
    assert.equal(ID, first._id)
    assert.equal(ID, plain._id)
    assert.equal(2, #mapped)
  end)

  it("blocks before the loop runs", function()
    local client <close> = new_client(server.url)
    local later
    coroutine.wrap(function() later = client:get_connector_by_id(ID) end)()
    assert.equal(4, #assert(client:list_connectors()))
    assert.equal(4, #(client:map({ 1, 2, 3, 4 }, function()
      return client:get_connector_by_id(ID)
    end)))
    assert.is_nil(later)
    uv.run()
    assert.equal(ID, later._id)
  end)

  it("blocks in the worker of another client", function()
    local client <close> = new_client(server.url)
    local other <close> = new_client(server.url)
    run(function()
      local results, errors = client:map({ 1, 2 }, function()
        return other:get_connector_by_id(ID)
      end)
      assert.same({}, errors)
      assert.equal(2, #results)
    end)
  end)

  it("returns errors", function()
    local client <close> = new_client(server.url)
    local refused <close> = new_client("http://127.0.0.1:1",
      { max_retries = 0 })
    run(function()
      local value, err = client:get_connector_by_id(
        "54fa0b38a7044f9252000000")
      assert.is_nil(value)
      assert.equal(404, err.status)
    end, function()
      local value, err = refused:list_connectors()
      assert.is_nil(value)
      assert.equal("network", err.kind)
    end, function()
      assert.has_error(function() client:delete_connector("") end)
    end)
  end)

  it("ends a stalled call at its deadline", function()
    local stalled <close> = fault.start()
    stalled:script { { stall = true } }
    local client <close> = new_client(stalled.url, { timeout = 0.2 })
    local turns = count_turns(function()
      run(function()
        local _, err = client:list_connectors()
        assert.equal("timeout", err.kind)
      end)
    end)
    assert.is_true(turns <= 12, turns)
  end)

  it("retries after pauses that the loop's timer makes", function()
    local failing <close> = fault.start()
    failing:script {
      { status = 503, body = "{}" }, { status = 503, body = "{}" },
      { status = 429, headers = { ["Retry-After"] = "1" }, body = "{}" },
      { body = "[]" },
    }
    local client <close> = new_client(failing.url,
      { retry_base = 0.05, retry_cap = 0.1 })
    local turns = count_turns(function()
      run(function()
        local list, response = client:list_connectors()
        assert.same({}, list)
        assert.equal(4, response.attempts)
      end)
    end)
    assert.is_true(turns <= 40, turns)
  end)

  it("waits for the client's own rate limit", function()
    local client <close> = new_client(server.url,
      { rate_limit = { rate = 20, burst = 1 } })
    local list = {}
    for i = 1, 5 do
      list[i] = function() assert(client:get_connector_by_id(ID)) end
    end
    local turns = count_turns(function() run(table.unpack(list)) end)
    assert.is_true(turns <= 60, turns)
  end)

  it("tells events in the loop", function()
    local seen = {}
    local client <close> = new_client(server.url, {
      on_event = function(event) seen[#seen + 1] = event.type end,
    })
    run(function() assert(client:get_connector_by_id(ID)) end)
    local call = client:submit("get_connector_by_id", ID)
    uv.run()
    assert.is_true(call:done())
    assert.same({ "request", "response", "request", "response" }, seen)
  end)

  it("does not keep an idle loop alive", function()
    local client <close> = new_client(server.url)
    uv.run()
    run(function() assert(client:list_connectors()) end)
    assert.is_false(uv.loop_alive())
  end)

  it("ends calls when the client is closed, and lets go", function()
    local stalled <close> = fault.start()
    stalled:script { { stall = true } }
    local client <close> = new_client(stalled.url)
    local function call()
      local value, err = client:list_connectors()
      assert.is_nil(value)
      assert.equal("closed", err.kind)
    end
    run(call, call, function()
      local _, errors = client:map({ 1, 2 }, function()
        return client:list_connectors()
      end)
      assert.equal("closed", errors[1].kind)
      assert.equal("closed", errors[2].kind)
    end, function()
      local thread = coroutine.running()
      local timer = uv.new_timer()
      timer:start(20, 0, function()
        timer:close()
        client:close()
        coroutine.resume(thread)
      end)
      coroutine.yield()
      call()
    end)
  end)

  it("ends a call that is cancelled", function()
    local stalled <close> = fault.start()
    stalled:script { { stall = true } }
    local client <close> = new_client(stalled.url)
    local call = client:submit("list_connectors")
    run(function()
      local _, err = call:wait()
      assert.equal("cancelled", err.kind)
    end, function()
      assert(new_client(server.url):list_connectors())
      call:cancel()
    end)
  end)

  it("lets the loop end when a call is dropped", function()
    local stalled <close> = fault.start()
    stalled:script { { stall = true } }
    local client <close> = new_client(stalled.url)
    local call = client:submit("list_connectors")
    local timer = uv.new_timer()
    timer:start(20, 0, function()
      timer:close()
      assert.is_false(call:done())
      call = nil
      collectgarbage()
      collectgarbage()
    end)
    uv.run()
  end)

  it("lets a client be collected", function()
    local weak = setmetatable({}, { __mode = "v" })
    weak.client = new_client(server.url)
    run(function() assert(weak.client:list_connectors()) end)
    collectgarbage()
    collectgarbage()
    assert.is_nil(weak.client)
  end)

  it("forgets a coroutine that was closed", function()
    local client <close> = new_client(slow.url)
    local closed = coroutine.create(function()
      client:get_connector_by_id(ID)
      error "must not come here"
    end)
    coroutine.resume(closed)
    run(function()
      assert(client:get_connector_by_id(ID))
    end, function()
      assert.is_true(coroutine.close(closed))
    end)
  end)

  it("says so when somebody else resumes a coroutine", function()
    local client <close> = new_client(slow.url)
    local thread = coroutine.create(function()
      return client:get_connector_by_id(ID)
    end)
    assert.is_true(coroutine.resume(thread))
    local good, err = coroutine.resume(thread)
    assert.is_false(good)
    assert.matches("only the event loop may resume it", err)
  end)

  local function generator(client)
    return coroutine.wrap(function()
      for connector in client:each_connector { limit = 1 } do
        coroutine.yield(connector._id)
      end
    end)
  end

  it("blocks in a generator within the function of a map", function()
    local client <close> = new_client(server.url)
    local other <close> = new_client(server.url)
    local function count()
      local results, errors = client:map({ client, other, client },
        function(used)
          assert(client:get_connector_by_id(ID))
          local ids = {}
          for id in generator(used) do ids[#ids + 1] = id end
          client:gather(function() -- a worker in a worker, and after it
            for id in generator(used) do ids[#ids + 1] = id end
          end)
          for id in generator(used) do ids[#ids + 1] = id end
          for _, id in ipairs(ids) do assert.is_string(id) end
          return #ids
        end)
      assert.same({}, errors)
      assert.same({ 12, 12, 12 }, results)
    end
    run(count, count)
    count()
  end)

  it("gives way again after a map in which a generator blocked", function()
    local client <close> = new_client(slow.url)
    local clock = ticker()
    run(function()
      client:map({ 1 }, function() return generator(client)() end)
      local ticks = clock.ticks
      assert(client:get_connector_by_id(ID))
      assert.is_true(clock.ticks > ticks)
      clock.close()
    end)
  end)

  it("never lets a generator seem to end, or to give a value", function()
    local client <close> = new_client(server.url)
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
    run(consume)
  end)

  it("passes on what a coroutine raises, with its traceback", function()
    local code = [[
      local celigo = require "celigo"
      local client = require("celigo.loop.luv").attach(celigo.new {
        base_url = "%s", token = "t" })
      local function culprit()
        assert(client:get_connector_by_id "54fa0b38a7044f9252000000")
      end
      coroutine.wrap(function() culprit() end)()
      require("luv").run()
    ]]
    local child = process.start { process.lua(), "-e",
      code:format(server.url) }
    local status, output = child:wait()
    assert.not_equal(0, status)
    assert.matches("404 invalid_ref", output)
    assert.matches("culprit", output)
  end)

  it("leaves no trouble to a state that closes with calls under way",
    function()
      local code = [[
        local celigo = require "celigo"
        local uv = require "luv"
        local attach = require("celigo.loop.luv").attach
        local client = attach(celigo.new { base_url = "%s", token = "t" })
        local other <close> = attach(
          celigo.new { base_url = "%s", token = "t" })
        local call = client:submit "list_connectors"
        local another = other:submit "list_connectors"
        coroutine.wrap(function() client:list_connectors() end)()
        for _ = 1, 4 do uv.run "nowait" end
        print "end"
      ]]
      local child = process.start { process.lua(), "-e",
        code:format(slow.url, slow.url) }
      local status, output = child:wait()
      assert.equal(0, status, output)
      assert.matches("end", output)
    end)

  it("leaves no trouble to a state that closes with calls that are older "
    .. "than the loop", function()
    local code = [[
      local celigo = require "celigo"
      local client = celigo.new { base_url = "%s", token = "t" }
      call = client:submit "list_connectors"
      require("celigo.loop.luv").attach(client)
      print "end"
    ]]
    local child = process.start { process.lua(), "-e",
      code:format(slow.url) }
    local status, output = child:wait()
    assert.equal(0, status, output)
    assert.matches("end", output)
  end)

  it("is attached once", function()
    local client <close> = new_client(server.url)
    assert.equal(client, attach(client))
    local other = require("celigo.loop").adapter("another", function() end)
    local good, err = pcall(function() other(client) end)
    assert.is_false(good)
    assert.matches("^spec/loop_luv_spec.lua:%d+: attach: the client has " ..
      "a loop already, luv$", err)
    assert.error_matches(function() attach {} end,
      "expected a client of celigo.new")
    local closed = celigo.new { base_url = server.url, token = "t" }
    closed:close()
    assert.error_matches(function() attach(closed) end,
      "the client is closed")
  end)
end)
