-- The client in a cqueues controller: real cqueues, real sockets, a sandbox
-- in a process of its own. No time is measured: a coroutine that ticks
-- meanwhile shows that the controller was free, and turns are counted to
-- show that nothing polls.

local celigo = require "celigo"
local cqueues = require "cqueues"
local socket = require "cqueues.socket"
local attach = require("celigo.loop.cqueues").attach
local cases = require "spec.support.loop_cases"
local core = require "celigo.core"
local fault = require "spec.support.fault_server"
local sandbox = require "celigo.sandbox"

local ID = "54fa0b38a7044f9252000036"

local function run_in(controller, ...)
  for _, f in ipairs { ... } do controller:wrap(f) end
  assert(controller:loop())
  assert.is_true(controller:empty())
end

-- Runs functions in a controller of their own until there is nothing left;
-- raises what one of them raised.
local function run(...)
  local controller = cqueues.new()
  run_in(controller, ...)
  controller:close()
end

-- Counts how often the controller comes by while f runs.
local function count_ticks(f)
  local ticks, over = 0, false
  local result
  run(function()
    while not over do
      cqueues.sleep(0.005)
      ticks = ticks + 1
    end
  end, function()
    local start = ticks
    f()
    result = ticks - start
    over = true
  end)
  return result
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

describe("calls that go back to the queue, in cqueues", function()
  for _, case in ipairs(cases.of(attach, run)) do it(case.name, case.run) end
end)

describe("a client in a cqueues controller", function()
  local server, slow

  setup(function()
    server = sandbox.start()
    slow = sandbox.start { delay = 0.1 }
  end)

  teardown(function()
    server:stop()
    slow:stop()
  end)

  local function new_client(url, options, ...)
    local all = { base_url = url, token = "t", timeout = 20 }
    for name, value in pairs(options or {}) do all[name] = value end
    return attach(celigo.new(all), ...)
  end

  it("lets the controller run while a coroutine waits for a call", function()
    local client <close> = new_client(slow.url)
    local ticks = count_ticks(function()
      assert.equal(4, #assert(client:list_connectors()))
    end)
    assert.is_true(ticks >= 2)
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
    assert.equal(0, under_way)
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
          local s = socket.connect(host, tonumber(port))
          assert(s:connect())
          s:close()
        end
      end
      local function call()
        for _ = 1, 40 do assert(client:get_connector_by_id(ID)) end
      end
      run(call, connect, call, connect, call)
    end)

  it("gives way in iterators", function()
    local client <close> = new_client(slow.url)
    local seen = 0
    local ticks = count_ticks(function()
      for connector in client:each_connector { limit = 1 } do
        assert.is_string(connector._id)
        seen = seen + 1
        cqueues.sleep(0.001)
      end
    end)
    assert.equal(4, seen)
    assert.is_true(ticks >= 2)
    run(function()
      for connector in client:each_connector { limit = 1 } do
        if connector._id then break end
      end
    end)
  end)

  it("gives way in map and gather", function()
    local client <close> = new_client(slow.url)
    local ticks = count_ticks(function()
      local ids = { ID, ID, "54fa0b38a7044f9252000000", ID }
      local told = {}
      local results, errors = client:map(ids, function(id)
        return client:get_connector_by_id(id)
      end, {
        concurrency = 2,
        on_progress = function(done) told[#told + 1] = done end,
      })
      assert.equal(ID, results[4]._id)
      assert.equal("invalid_ref", errors[3].code)
      assert.same({ 1, 2, 3, 4 }, told)
    end)
    assert.is_true(ticks >= 2)
    run(function()
      local connector, licenses, errors = client:gather(
        function() return client:get_connector_by_id(ID) end,
        function() return client:list_connector_licenses(ID) end)
      assert.equal(ID, connector._id)
      assert.equal(4, #licenses)
      assert.is_nil(errors)
    end, function()
      local squares = client:map({ 1, 2, 3 }, function(n) return n * n end,
        { on_progress = function() end })
      assert.same({ 1, 4, 9 }, squares)
    end)
  end)

  it("moves submitted calls on", function()
    local client <close> = new_client(slow.url)
    local call
    run(function() call = client:submit("get_connector_by_id", ID) end)
    assert.equal(ID, call:result()._id)
  end)

  it("moves calls on that were submitted outside, in a controller that it "
    .. "was given", function()
    local controller = cqueues.new()
    local client <close> = new_client(slow.url, nil, controller)
    local call = client:submit("get_connector_by_id", ID)
    assert(controller:loop())
    assert.equal(ID, call:result()._id)
    local another = client:submit("get_connector_by_id", ID)
    assert(controller:loop())
    assert.equal(ID, another:result()._id)
  end)

  it("moves calls on that were submitted outside once one is made inside",
    function()
      local client <close> = new_client(slow.url)
      local call = client:submit("get_connector_by_id", ID)
      run(function() assert(client:get_connector_by_id(ID)) end)
      assert.equal(ID, call:result()._id)
    end)

  it("waits for a submitted call", function()
    local client <close> = new_client(slow.url)
    local call = client:submit("get_connector_by_id", ID)
    local function wait()
      assert.equal(ID, call:wait()._id)
      assert.equal(ID, call:wait()._id)
    end
    run(wait, wait)
  end)

  it("works in one controller after the other, and in nested ones",
    function()
      local client <close> = new_client(server.url)
      local function call() assert(client:get_connector_by_id(ID)) end
      run(call)
      run(call, call)
      local inner = cqueues.new()
      run(call, function()
        inner:wrap(call)
        inner:wrap(call)
        assert(inner:loop())
        call()
      end, call)
    end)

  it("survives a controller that is dropped with a call under way",
    function()
      local client <close> = new_client(slow.url)
      local dropped = cqueues.new()
      dropped:wrap(function() client:get_connector_by_id(ID) end)
      dropped:step(0)
      dropped:step(0)
      dropped:close()
      run(function() assert(client:get_connector_by_id(ID)) end)
    end)

  -- Runs f in a controller until its requests have stalled; closes or drops
  -- the controller then, and sees that nothing of f is left.
  local function abandon(close, requests, f)
    local stalled = fault.start()
    local steps = {}
    for i = 1, requests do steps[i] = { stall = true } end
    steps[requests + 1] = { body = "{}" }
    stalled:script(steps)
    local client <close> = new_client(stalled.url)
    local controller = cqueues.new()
    controller:wrap(function() f(client) end)
    stalled:await(function(seen)
      assert(controller:step(0.01))
      return #seen == requests
    end)
    if close then controller:close() end
    controller = nil -- luacheck: ignore
    collectgarbage()
    collectgarbage()
    assert.equal(0, client:step())
    run(function()
      for _ = 1, 8 do assert(client:get_connector_by_id "mine") end
    end)
    local seen = stalled:await(function(all)
      for i = 1, requests do
        if not all[i].gone then return false end
      end
      return true
    end)
    assert.equal(requests + 8, #seen)
    for i = requests + 1, #seen do assert.matches("mine$", seen[i].target) end
    stalled:stop()
  end

  it("ends calls and iterators whose controller is closed or dropped",
    function()
      for _, close in ipairs { true, false } do
        abandon(close, 1, function(client) client:list_connectors() end)
        abandon(close, 1, function(client)
          for _ in client:each_connector() do end -- luacheck: ignore
        end)
      end
    end)

  it("sends nothing more of a map or gather whose controller is closed or "
    .. "dropped", function()
    for _, close in ipairs { true, false } do
      abandon(close, 2, function(client)
        local ids = { "a", "b", "c", "d", "e", "f" }
        client:map(ids, function(id)
          return client:delete_connector(id)
        end, { concurrency = 2 })
      end)
      abandon(close, 2, function(client)
        local function delete_two()
          client:delete_connector "a"
          client:delete_connector "b"
        end
        client:gather(delete_two, delete_two)
      end)
    end
  end)

  it("lets a client be collected in another controller than its calls were "
    .. "in", function()
    local stalled <close> = fault.start()
    stalled:script { { stall = true } }
    local function leave()
      local client = new_client(stalled.url)
      local controller = cqueues.new()
      controller:wrap(function() client:list_connectors() end)
      stalled:await(function(seen)
        assert(controller:step(0.01))
        return #seen == 1
      end)
      controller:close()
    end
    leave()
    run(function()
      collectgarbage()
      collectgarbage()
      cqueues.sleep(0.01)
    end)
    stalled:await(function(seen) return seen[1].gone end)
  end)

  it("blocks in coroutines that are not the controller's", function()
    local client <close> = new_client(server.url)
    run(function()
      local thread = coroutine.create(function()
        return client:get_connector_by_id(ID)
      end)
      local good, connector = coroutine.resume(thread)
      assert.is_true(good)
      assert.equal(ID, connector._id)
      assert.equal("dead", coroutine.status(thread))
    end)
  end)

  it("blocks outside of the controller, and others go on afterwards",
    function()
      local client <close> = new_client(slow.url)
      local controller = cqueues.new()
      local inside
      controller:wrap(function()
        inside = client:get_connector_by_id(ID)
      end)
      controller:step(0)
      assert.equal(ID, client:get_connector_by_id(ID)._id)
      assert.equal(2, #(client:map({ ID, ID }, function(id)
        return client:get_connector_by_id(id)
      end)))
      assert(controller:loop())
      assert.equal(ID, inside._id)
    end)

  it("returns errors, and raises where cqueues sees it", function()
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
    end)
    local controller = cqueues.new()
    controller:wrap(function()
      client:get_connector_by_id(ID)
      error "mine"
    end)
    local good, err = controller:loop()
    assert.is_falsy(good)
    assert.matches("mine", tostring(err))
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

  it("retries after pauses that the timer makes", function()
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

  it("does not keep a controller alive", function()
    local client <close> = new_client(server.url)
    local controller = cqueues.new()
    run_in(controller, function() assert(client:list_connectors()) end)
    run_in(controller, function() assert(client:list_connectors()) end)
    controller:close()
    client:close()
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
      cqueues.sleep(0.02)
      client:close()
      call()
    end)
  end)

  it("ends a call that is cancelled", function()
    local stalled <close> = fault.start()
    stalled:script { { stall = true } }
    local client <close> = new_client(stalled.url)
    run(function()
      local call = client:submit("list_connectors")
      cqueues.running():wrap(function()
        cqueues.sleep(0.02)
        call:cancel()
      end)
      local _, err = call:wait()
      assert.equal("cancelled", err.kind)
    end)
  end)

  it("lets the controller end when a call is dropped", function()
    local stalled <close> = fault.start()
    stalled:script { { stall = true } }
    local client <close> = new_client(stalled.url)
    run(function()
      local call = client:submit("list_connectors")
      cqueues.sleep(0.02)
      assert.is_false(call:done())
      call = nil -- luacheck: ignore
      collectgarbage()
      collectgarbage()
    end)
  end)

  it("lets a client be collected", function()
    local weak = setmetatable({}, { __mode = "v" })
    weak.client = new_client(server.url)
    run(function() assert(weak.client:list_connectors()) end)
    collectgarbage()
    collectgarbage()
    assert.is_nil(weak.client)
  end)

  it("is attached once", function()
    local client <close> = new_client(server.url)
    assert.equal(client, attach(client))
    assert.error_matches(function() attach(42) end,
      "expected a client of celigo.new")
  end)
end)
