-- What on_event sees, in what order, and what becomes of its errors.

local celigo = require "celigo"
local fault = require "spec.support.fault_server"
local missing = require "spec.support.missing"
local socket = require "socket"

-- The fields that an event of each type has besides type, method, path,
-- operation and attempt.
local fields = {
  request = {},
  response = { "elapsed", "bytes", "?status", "?error" },
  retry = { "wait", "elapsed", "?status", "?error" },
  rate_limited = { "wait", "status" },
  page = { "elapsed", "bytes", "status" },
}

local function check_fields(event)
  local known = { type = true, method = true, path = true,
    operation = true, attempt = true }
  for name in pairs(known) do
    assert.is_not_nil(event[name], event.type .. "." .. name)
  end
  for _, name in ipairs(assert(fields[event.type], event.type)) do
    known[name:match("%w+")] = true
    if name:sub(1, 1) ~= "?" then assert.is_number(event[name], event.type .. "." .. name) end
  end
  -- Which page it is, where there are pages.
  if event.operation:find "^list_" or event.operation == "get_connector_install_base" then
    known.page = true
    assert.equal("integer", math.type(event.page))
  end
  for name in pairs(event) do
    assert.is_true(known[name], ("%s has %s"):format(event.type, name))
  end
  assert.equal("integer", math.type(event.attempt))
  assert.is_nil(event.path:find("?", 1, true))
end

describe("events:", function()
  local server, client, events, react

  setup(function() server = fault.start() end)
  teardown(function() server:stop() end)

  before_each(function()
    events, react = {}, nil
    client = celigo.new {
      base_url = server.url, token = "test", retry_base = 0.001,
      rate_limit = false, timeout = 20,
      on_event = function(event)
        events[#events + 1] = event
        return react and react(event)
      end,
    }
  end)
  after_each(function() client:close() end)

  local function types()
    local list = {}
    for i, event in ipairs(events) do
      check_fields(event)
      list[i] = event.type
    end
    return table.concat(list, " ")
  end

  local function page(n, more)
    return { body = ('[{"n":%d}]'):format(n), headers = more and {
      Link = ('</v1/connectors?page=%d>; rel="next"'):format(n + 1) } }
  end

  it("a plain call", function()
    server:script { { status = 201, body = '{"_id":"1"}' } }
    assert(client:create_connector({ name = "n" }, { query = { a = 1 } }))
    assert.equal("request response", types())
    assert.equal("POST", events[1].method)
    assert.equal("/v1/connectors", events[1].path)
    assert.equal("create_connector", events[1].operation)
    assert.equal(1, events[1].attempt)
    assert.equal(201, events[2].status)
    assert.equal(11, events[2].bytes)
    assert.is_nil(events[2].error)
  end)

  it("the escape hatch", function()
    server:script { { body = "{}" } }
    assert(client:request { path = "/v1/flows?limit=1" })
    assert.equal("request response", types())
    assert.equal("request", events[1].operation)
    assert.equal("/v1/flows", events[1].path)
  end)

  it("a retry", function()
    server:script { { status = 503 }, fault.scenarios.closed_without_a_byte,
      { body = "{}" } }
    assert(client:get_connector_by_id("1"))
    assert.equal("request response retry request response retry "
      .. "request response", types())
    assert.equal(503, events[2].status)
    assert.equal(503, events[3].status)
    assert.equal(1, events[3].attempt)
    assert.equal(2, events[4].attempt)
    assert.is_nil(events[5].status)
    assert.is_string(events[5].error)
    assert.equal(events[5].error, events[6].error)
    assert.equal(3, events[8].attempt)
  end)

  it("a 429", function()
    server:script { { status = 429 }, { body = "{}" } }
    assert(client:get_connector_by_id("1"))
    assert.equal("request response rate_limited retry request response",
      types())
    assert.equal(429, events[3].status)
    assert.equal(events[3].wait, events[4].wait)
  end)

  it("a 429 that is not retried", function()
    server:script { { status = 429, headers = { ["Retry-After"] = "60" } } }
    client:get_connector_by_id("1")
    assert.equal("request response rate_limited", types())
    assert.equal(60, events[3].wait)
  end)

  it("a list of pages", function()
    server:script { page(1, true), page(2, true), page(3) }
    assert(client:list_connectors())
    assert.equal("request response page request response page "
      .. "request response page", types())
    assert.equal(9, events[3].bytes)
    assert.equal(200, events[3].status)
    for i, event in ipairs(events) do
      assert.equal((i + 2) // 3, event.page)
      assert.equal(1, event.attempt)
    end
  end)

  it("attempts are counted from 1 for each page", function()
    local walks = {
      list = function() assert.equal(3, #assert(client:list_connectors())) end,
      iterator = function()
        for _ in client:each_connector() do end
      end,
      pages = function()
        for _ in client:pages { path = "/v1/connectors" } do end
      end,
      submitted = function() assert.equal(3, #assert(client:submit("list_connectors"):wait())) end,
      map = function()
        local results = client:map({ 1 }, function() return client:list_connectors() end)
        assert.equal(3, #results[1])
      end,
    }
    for name, walk in pairs(walks) do
      events = {}
      server:script { { status = 503 }, page(1, true), page(2, true), { status = 503 }, { status = 503 }, page(3) }
      walk()
      local seen = {}
      for _, event in ipairs(events) do
        if event.type == "request" then seen[#seen + 1] = event.page .. "." .. event.attempt end
        if event.type == "retry" then assert.equal(503, event.status) end
      end
      assert.equal("1.1 1.2 2.1 3.1 3.2 3.3", table.concat(seen, " "), name)
      assert.equal(6, #server:requests())
    end
  end)

  it("a callback that forbids a third attempt forbids it for each page alone", function()
    react = function(event) return not (event.type == "retry" and event.attempt >= 2) end
    server:script { page(1, true), page(2, true), { status = 503 }, page(3) }
    assert.equal(3, #assert(client:list_connectors()))
    server:script { page(1, true), page(2, true), { status = 503 }, page(3) }
    local n = 0
    for _ in client:each_connector() do n = n + 1 end
    assert.equal(3, n)
    server:script { page(1, true), { status = 503 }, { status = 503 }, page(2) }
    local _, err = client:list_connectors()
    assert.equal(503, err.status)
    assert.equal(3, #server:requests())
  end)

  it("a call that is no list has no page", function()
    server:script { { body = "{}" } }
    assert(client:request { path = "/v1/x" })
    assert(client:get_connector_by_id "1")
    for _, event in ipairs(events) do assert.is_nil(event.page) end
    events = {}
    server:script { { body = "[]" } }
    for _ in client:each { path = "/v1/x" } do end
    assert(client:list_connectors { follow = false })
    for _, event in ipairs(events) do assert.equal(1, event.page) end
  end)

  it("what a loop does while the next page is on its way is not that page's time", function()
    server:script { page(1, true), page(2, true), page(3) }
    local start, own = socket.gettime(), 0
    for _ in client:each_connector() do
      local before = socket.gettime()
      socket.sleep(0.1)
      own = own + socket.gettime() - before
    end
    local rest = socket.gettime() - start - own
    local told = 0
    for _, event in ipairs(events) do
      if event.type == "response" then told = told + event.elapsed end
      if event.type == "page" then assert.is_true(event.elapsed <= rest + 0.001) end
    end
    assert.is_true(told <= rest + 0.001)
  end)

  -- The system knows when the answer came, and to a few milliseconds. The server
  -- may be slow, too: one good try is enough, for where the loop's own time was
  -- counted none would be.
  it("nor is it in an event loop", function()
    local lacking = missing.module "luv"
    if lacking then return pending(lacking) end
    if not io.open "/proc/self/status" then return pending "this system does not tell when a byte came" end
    require("celigo.loop.luv").attach(client)
    local own, least = 0.3, math.huge
    for _ = 1, 10 do
      events = {}
      local second = page(2)
      second.stall = 0.05
      server:script { page(1, true), second }
      coroutine.wrap(function()
        for _ in client:each_connector() do socket.sleep(own) end
      end)()
      require("luv").run()
      local told = {}
      for _, event in ipairs(events) do
        if event.type == "response" then told[#told + 1] = event.elapsed end
      end
      assert.equal(2, #told)
      least = math.min(least, told[2])
      if least < own / 2 then break end
    end
    assert.is_true(least < own / 2, tostring(least))
  end)

  it("an iterator", function()
    for _, prefetch in ipairs { true, false } do
      events = {}
      server:script { page(1, true), page(2, true), page(3) }
      for _ in client:each_connector { prefetch = prefetch } do end
      local counts = {}
      types()
      for _, event in ipairs(events) do
        counts[event.type] = (counts[event.type] or 0) + 1
        assert.equal("list_connectors", event.operation)
      end
      assert.same({ request = 3, response = 3, page = 3 }, counts)
    end
  end)

  it("failed calls", function()
    server:script { { status = 404, body = "{}" } }
    client:get_connector_by_id("1")
    assert.equal("request response", types())
    assert.equal(404, events[2].status)
    events = {}
    server:script { fault.scenarios.stalled_in_body }
    client:get_connector_by_id("1", { timeout = 0.1 })
    assert.equal("request response", types())
    assert.equal("timed_out", events[2].error)
    events = {}
    client:create_connector { name = 1 }
    assert.equal("", types())
  end)

  it("false vetoes a retry, and nothing else", function()
    react = function(event) return event.type == "retry" end
    server:script { page(1, true), { status = 503 }, page(2) }
    assert.equal(2, #assert(client:list_connectors()))
    react = function() return false end
    server:script { page(1, true), page(2) }
    assert.equal(2, #assert(client:list_connectors()))
    server:script { { status = 503 }, page(2) }
    local _, err = client:list_connectors()
    assert.equal(503, err.status)
  end)

  describe("an error in the callback,", function()
    local steps = {
      request = { { body = "[]" } },
      response = { { body = "[]" } },
      retry = { { status = 503 }, { body = "[]" } },
      rate_limited = { { status = 429 }, { body = "[]" } },
      page = { { body = "[]" } },
    }
    local token = setmetatable({}, { __tostring = function()
      return "an error object"
    end })

    local ways = {
      ["a blocking call"] = function() client:list_connectors() end,
      ["a submitted call"] = function()
        local call = client:submit("list_connectors")
        while not call:done() do client:step(1) end
        assert.is_true(call:done())
        call:result()
      end,
      ["wait"] = function() client:submit("list_connectors"):wait() end,
      ["an iterator"] = function()
        for _ in client:each_connector() do end
      end,
      ["map"] = function()
        local _, errors = client:map({ 1 }, function()
          return client:list_connectors()
        end)
        error(errors[1], 0)
      end,
      ["a coroutine"] = function()
        local good, err = coroutine.resume(coroutine.create(function()
          client:list_connectors()
        end))
        if not good then error(err, 0) end
      end,
    }

    for kind, script in pairs(steps) do
      for way, f in pairs(ways) do
        it(("for a %s event, is raised by %s"):format(kind, way), function()
          server:script(script)
          react = function(event)
            if event.type == kind then error(token, 0) end
          end
          local good, err = pcall(f)
          assert.is_false(good)
          assert.is_true(rawequal(token, err), tostring(err))
          react = nil
          assert.equal(0, client:step())
          server:script { { body = "[5]" } }
          assert.same({ 5 }, (client:list_connectors()))
        end)
      end
    end

    it("ends its own call only", function()
      server:script { { body = "{}" } }
      react = function(event)
        if event.path:find("2$") and event.type == "response" then error("two", 0) end
      end
      local results, errors = client:map({ "1", "2", "3" }, function(id)
        return client:get_connector_by_id(id)
      end)
      assert.same({ [1] = {}, [3] = {} }, results)
      assert.same({ [2] = "two" }, errors)
    end)
  end)

  describe("a callback that closes the client,", function()
    local steps = {
      request = { { body = "[]" } },
      response = { { body = "[]" } },
      retry = { { status = 503 } },
      rate_limited = { { status = 429 } },
      page = { { body = "[]", headers = { Link = '</a>; rel="next"' } } },
    }
    for kind, script in pairs(steps) do
      it("at a " .. kind .. " event, ends all calls", function()
        server:script(script)
        react = function(event)
          if event.type == kind then client:close() end
        end
        local other = client:submit("list_connectors")
        local value, err = client:list_connectors()
        assert.is_nil(value)
        assert.equal("closed", err.kind)
        value, err = other:result()
        assert.is_nil(value)
        assert.equal("closed", err.kind)
        assert.equal(0, client:step())
      end)
    end
  end)

  it("an attempt that is never sent has none", function()
    local types_seen = {}
    local slow <close> = celigo.new {
      base_url = server.url, token = "test", retry_base = 0, timeout = 5,
      rate_limit = { rate = 0.01, burst = 1 },
      on_event = function(event)
        types_seen[#types_seen + 1] = event.type .. event.attempt
      end,
    }
    server:script { { status = 503 } }
    local _, err = slow:list_connectors()
    assert.equal("timeout", err.kind)
    assert.equal(1, err.attempts)
    assert.same({ "request1", "response1", "retry1" }, types_seen)
  end)

  it("a callback may make calls itself", function()
    server:script { { body = "[]" } }
    local inner
    react = function(event)
      if event.type == "response" and event.path == "/outer" then
        inner = client:request { path = "/inner" }
      end
    end
    assert.same({}, (client:request { path = "/outer" }))
    assert.same({}, inner)
    assert.equal("request response request response", types())
  end)

  it("a callback may cancel what it sees", function()
    server:script { { body = "[]" } }
    local call
    react = function(event)
      if event.type == "response" then call:cancel() end
    end
    call = client:submit("list_connectors")
    local value, err = call:wait()
    assert.is_nil(value)
    assert.equal("cancelled", err.kind)
  end)
end)
