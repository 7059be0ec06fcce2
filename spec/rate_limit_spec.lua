-- The client's own rate limit, and the pause that a 429 puts on it.

local celigo = require "celigo"
local fault = require "spec.support.fault_server"

describe("the rate limit", function()
  local server, client, events

  setup(function() server = fault.start() end)
  teardown(function() server:stop() end)

  before_each(function() events = {} end)
  after_each(function()
    client:close()
  end)

  local function open(options)
    options.base_url, options.token = server.url, "test"
    options.retry_base = 0.001
    options.on_event = function(event)
      events[#events + 1] = event
    end
    client = celigo.new(options)
  end

  local function submit(n, options)
    local pending = {}
    for i = 1, n do
      pending[i] = client:submit("get_connector_by_id", tostring(i), options)
    end
    return pending
  end

  local function finish()
    repeat until client:step(1) == 0
  end

  -- How many events of a type are among the first ones.
  local function count_before(kind, last)
    local n = 0
    for i = 1, last do
      n = n + (events[i].type == kind and 1 or 0)
    end
    return n
  end

  local function index_of(kind, status)
    for i = 1, #events do
      if events[i].type == kind and (not status or events[i].status == status)
      then
        return i
      end
    end
  end

  it("lets a burst go, and the rest one by one, in order", function()
    open { rate_limit = { rate = 3, burst = 3 } }
    server:script { { body = "{}" } }
    local pending = submit(5)
    finish()
    for _, call in ipairs(pending) do
      assert.is_table((call:result()))
    end
    assert.equal(5, #server:requests())
    local order = {}
    for _, event in ipairs(events) do
      if event.type == "request" then order[#order + 1] = event.path:match("%d+$") end
    end
    assert.same({ "1", "2", "3", "4", "5" }, order)
    -- Were they let go together, all would be requested before one is
    -- answered.
    assert.is_true(count_before("request", index_of "response") < 5)
  end)

  it("that would outlast the timeout fails a call at once", function()
    open { rate_limit = { rate = 0.001, burst = 1 } }
    server:script { { body = "{}" } }
    assert(client:get_connector_by_id("1"))
    for _ = 1, 2 do
      local value, err = client:create_connector({ name = "n" },
        { timeout = 500 })
      assert.is_nil(value)
      assert.equal("timeout", err.kind)
      assert.equal("timed_out", err.code)
      assert.is_truthy(err.message:find("rate limit", 1, true))
      assert.is_false(err.maybe_applied)
      assert.is_true(err.retryable)
    end
    for _, call in ipairs(submit(3, { timeout = 900 })) do
      local _, err = call:wait()
      assert.equal("timeout", err.kind)
    end
    assert.equal(1, #server:requests())
  end)

  it("counts those in front when it says so", function()
    open { rate_limit = { rate = 0.01, burst = 1 } }
    server:script { { body = "{}" } }
    assert(client:get_connector_by_id("1"))
    local pending = submit(3, { timeout = 250 }) -- each waits 100 s
    client:step()
    assert.is_false(pending[1]:done())
    assert.is_false(pending[2]:done())
    assert.is_true(pending[3]:done())
    local _, err = pending[3]:result()
    assert.equal("timeout", err.kind)
  end)

  it("off lets all go", function()
    open { rate_limit = false }
    server:script { { body = "{}" } }
    submit(1)
    local pending = submit(50, { timeout = 20 })
    finish()
    for _, call in ipairs(pending) do
      assert.is_table((call:result()))
    end
  end)

  it("refuses what is no limit", function()
    for _, limit in ipairs { true, 5, "fast", { rate = 0 }, { burst = 0 },
      { rate = -1 }, { rate = 0 / 0 },
      { speed = 1 } } do
      local good, err = pcall(celigo.new, { token = "t",
        rate_limit = limit })
      assert.is_false(good)
      assert.is_truthy(err:find("rate_limit", 1, true))
    end
    open {}
  end)

  describe("after a 429", function()
    local limited = { status = 429, headers = { ["Retry-After"] = "1" } }

    local function await_pause()
      repeat client:step(0.05) until index_of("rate_limited")
    end

    it("holds the whole client back", function()
      for _, limit in ipairs { { rate = 5, burst = 100 }, false } do
        events = {}
        open { rate_limit = limit }
        server:script { { status = 429,
          headers = { ["Retry-After"] = "3600" } },
          { body = "{}" } }
        local pending = submit(1, { timeout = 10000 })
        await_pause()
        assert.equal(3600, events[index_of "rate_limited"].wait)
        pending[2] = submit(1, { timeout = 10000 })[1]
        -- A step sends all that may be sent; nothing may.
        for _ = 1, 5 do
          assert.equal(2, client:step(0.01))
        end
        assert.equal(1, #server:requests())
        client:close()
      end
    end)

    it("lets calls go one by one afterwards", function()
      open { rate_limit = { rate = 3, burst = 100 } }
      server:script { limited, { body = "{}" } }
      local pending = submit(1)
      await_pause()
      for _, call in ipairs(submit(3)) do
        pending[#pending + 1] = call
      end
      finish()
      for _, call in ipairs(pending) do
        assert.is_table((call:result()))
      end
      assert.equal(5, #server:requests())
      local answer = index_of("response", 200)
      assert.is_true(count_before("request", answer) < 5)
    end)

    it("fails later calls at once that it would outlast", function()
      open {}
      server:script { { status = 429,
        headers = { ["Retry-After"] = "3600" } } }
      local value, err = client:get_connector_by_id("1")
      assert.is_nil(value)
      assert.equal(429, err.status)
      assert.equal(3600, err.retry_after)
      assert.equal(1, err.attempts)
      assert.is_nil(index_of "retry")
      assert.equal(3600, events[index_of "rate_limited"].wait)
      for _, options in ipairs { {}, { timeout = 1000 },
        { timeout = 3000, max_retries = 0 } } do
        value, err = client:create_connector({ name = "n" }, options)
        assert.is_nil(value)
        assert.equal("timeout", err.kind)
        assert.is_false(err.maybe_applied)
      end
      local good, raised = pcall(function()
        for _ in client:each_connector { timeout = 1000 } do end
      end)
      assert.is_false(good)
      assert.equal("timeout", raised.kind)
      local _, errors = client:map({ "1", "2" }, function(id)
        return client:get_connector_by_id(id, { timeout = 1000 })
      end)
      assert.equal("timeout", errors[1].kind)
      assert.equal("timeout", errors[2].kind)
      assert.equal(1, #server:requests())
    end)

    it("fails a call that waits already, and that it would outlast, with the answer at hand", function()
      open {}
      server:script { limited, { status = 429, headers = { ["Retry-After"] = "3600" } } }
      local pending = submit(2, { timeout = 100 })
      finish()
      for _, call in ipairs(pending) do
        local value, err = call:result()
        assert.is_nil(value)
        assert.equal("http", err.kind)
        assert.equal(429, err.status)
        assert.equal(1, err.attempts)
        assert.is_true(err.retryable)
      end
      assert.equal(2, #server:requests())
    end)

    it("pauses even where it is not retried", function()
      open { max_retries = 0 }
      server:script { { status = 429,
        headers = { ["Retry-After"] = "3600" } },
        { body = "{}" } }
      local _, err = client:get_connector_by_id("1", { timeout = 10000 })
      assert.equal(429, err.status)
      _, err = client:get_connector_by_id("1", { timeout = 1000 })
      assert.equal("timeout", err.kind)
      assert.equal(1, #server:requests())
    end)
  end)

  -- Waits are random; that 64 of them all fall into one half of the time does
  -- not happen.
  local function assert_spread(waits, from, to)
    assert.equal(64, #waits)
    local low, high = 0, 0
    for _, wait in ipairs(waits) do
      assert.is_true(wait >= from and wait < to, wait)
      if wait < (from + to) / 2 then low = low + 1 else high = high + 1 end
    end
    assert.is_true(low > 0 and high > 0, ("%d early, %d late"):format(low, high))
  end

  local function waits_of_retries()
    local waits = {}
    for _, event in ipairs(events) do
      if event.type == "retry" then waits[#waits + 1] = event.wait end
    end
    return waits
  end

  it("spreads calls that a 429 has met over the time that follows", function()
    local step = { status = 429, headers = { ["Retry-After"] = "2" } }
    open { rate_limit = false, max_connections = 64 }
    server:script { step }
    local pending = submit(64, { timeout = 60 })
    repeat client:step(0.05) until #waits_of_retries() == 64
    assert_spread(waits_of_retries(), 2, 4)
    for _, call in ipairs(pending) do call:cancel() end

    -- Where little time is left, over half of that.
    events = {}
    client:close()
    open { rate_limit = false, max_connections = 64 }
    local ids, script = {}, {}
    for i = 1, 64 do
      ids[i], script[i] = tostring(i), step
    end
    script[65] = { body = "{}" }
    server:script(script)
    local _, errors = client:map(ids, function(id) return client:get_connector_by_id(id, { timeout = 4 }) end,
      { concurrency = 64 })
    assert.same({}, errors)
    assert_spread(waits_of_retries(), 2, 3)
    assert.equal(128, #server:requests())
  end)

  it("does not make a call that is alone wait longer", function()
    open { rate_limit = false }
    server:script { { status = 429, headers = { ["Retry-After"] = "1" } }, { body = "{}" } }
    assert(client:get_connector_by_id "1")
    assert.same({ 1 }, waits_of_retries())
  end)

  -- What the 429 has not met itself is held back in the queue.
  it("lets what waits in the queue go when a pause is over", function()
    open { rate_limit = false, max_connections = 1 }
    server:script { { status = 429, headers = { ["Retry-After"] = "1" } }, { body = "{}" } }
    for _, call in ipairs(submit(8, { timeout = 20 })) do assert(call:wait()) end
    assert.equal(9, #server:requests())
    local first = index_of("response", 429)
    assert.equal("rate_limited", events[first + 1].type)
  end)

  it("a 503 makes its own call wait, and no other", function()
    open { rate_limit = false }
    server:script { { status = 503, headers = { ["Retry-After"] = "30" } },
      { body = "{}" } }
    local first = submit(1)[1]
    repeat client:step(0.05) until index_of("retry")
    assert.equal(30, events[index_of "retry"].wait)
    assert.is_table((client:get_connector_by_id("2", { timeout = 10 })))
    assert.is_false(first:done())
    assert.is_nil(index_of "rate_limited")
    assert.equal(1, client:step())
    first:cancel()
    assert.equal(0, client:step())
  end)
end)
