-- One deadline for all that a call does. What it does at which moment is
-- never asserted; that it ends, and how, is. A call that outlives its
-- deadline would hang on these servers.

local celigo = require "celigo"
local fault = require "spec.support.fault_server"
local process = require "spec.support.process"
local socket = require "socket"

describe("the deadline of a call", function()
  local server, client

  setup(function() server = fault.start() end)
  teardown(function() server:stop() end)

  local function open(options)
    options = options or {}
    options.base_url = options.base_url or server.url
    options.token, options.retry_base = "test", 0.001
    if client then client:close() end
    client = celigo.new(options)
    return client
  end

  before_each(function() open { timeout = 0.6 } end)
  after_each(function()
    client:close()
    client = nil
  end)

  local function check(err, maybe_applied)
    assert.is_true(celigo.is_error(err))
    assert.equal("timeout", err.kind, tostring(err))
    assert.equal("timed_out", err.code)
    assert.is_nil(err.status)
    assert.is_true(err.retryable)
    assert.equal(maybe_applied, err.maybe_applied)
    assert.equal("number", type(err.elapsed))
    assert.equal(0, client:step())
  end

  for _, name in ipairs { "stalled_before_headers", "stalled_in_headers",
    "stalled_in_body" } do
    it("ends a transfer that is " .. name, function()
      server:script { fault.scenarios[name] }
      check(select(2, client:list_connectors()), false)
      check(select(2, client:create_connector { name = "n" }), true)
      check(select(2, client:delete_connector("1")), true)
      assert.equal(3, #server:requests())
      -- The connection is not kept: its answer might still come.
      server:await(function(all)
        return all[1].gone and all[2].gone and all[3].gone
      end)
    end)
  end

  it("ends a transfer that drips", function()
    server:script { { body = ("x"):rep(10000), drip = 0.01 } }
    check(select(2, client:list_connectors()), false)
    server:script { { header_bytes = 50000, drip = 0.01 } }
    check(select(2, client:list_connectors()), false)
  end)

  it("ends interim answers without end", function()
    server:script { { informational = 10000, drip = 0.001 } }
    check(select(2, client:list_connectors()), false)
  end)

  it("covers all the pages of a list", function()
    local steps = {}
    for n = 1, 100 do
      steps[n] = { body = "[1]", stall = 0.05, headers = {
        Link = ('</v1/connectors?page=%d>; rel="next"'):format(n) } }
    end
    server:script(steps)
    local _, err = client:list_connectors()
    check(err, false)
    assert.is_true(err.attempts > 1)
    -- In an iterator it is for each page; together they take longer. (A page
    -- that was asked for ahead might reach the server in the next script.)
    local seen = 0
    for _ in client:each { path = "/v1/connectors", timeout = 0.5,
      prefetch = false } do
      seen = seen + 1
      if seen == 12 then break end
    end
    assert.equal(12, seen)
  end)

  it("ends an iterator whose page stalls", function()
    for _, prefetch in ipairs { true, false } do
      server:script {
        { body = "[1]", headers = { Link = '</v1/a?b>; rel="next"' } },
        fault.scenarios.stalled_in_body,
      }
      local seen = 0
      local good, err = pcall(function()
        for _ in client:each { path = "/v1/a", prefetch = prefetch } do
          seen = seen + 1
        end
      end)
      assert.is_false(good)
      assert.equal(1, seen)
      check(err, false)
      assert.equal("/v1/a?b", err.page)
    end
  end)

  it("covers attempts and the pauses between them", function()
    open { timeout = 0.15, max_retries = 1000 }
    server:script { { status = 503, stall = 0.02 } }
    local _, err = client:list_connectors()
    -- The last thing was either an answer, whose pause would have been too
    -- long, or an attempt that the deadline has cut.
    assert.is_true(err.kind == "timeout" or err.status == 503)
    assert.is_true(err.attempts > 1)
    assert.is_true(err.attempts < 1000)
  end)

  it("covers the time in the queue", function()
    open { max_connections = 1, timeout = 60 }
    server:script { fault.scenarios.stalled_before_headers }
    local first = client:submit("list_connectors")
    client:step(0.01)
    local _, err = client:create_connector({ name = "n" },
      { timeout = 0.15 })
    assert.equal("timeout", err.kind)
    assert.is_false(err.maybe_applied)
    assert.is_false(first:done())
    assert.equal(1, server:connections())
    first:cancel()
  end)

  it("is each call's own in map", function()
    server:script { fault.scenarios.stalled_before_headers }
    local results, errors = client:map({ "1", "2", "3" }, function(id)
      return client:get_connector_by_id(id)
    end)
    assert.same({}, results)
    for i = 1, 3 do
      check(errors[i], false)
    end
  end)

  it("is the operation's own where none is set", function()
    for _, options in ipairs { { timeout = 0.15 }, {} } do
      open(options)
      server:script { fault.scenarios.stalled_before_headers }
      local call = client:submit("preview_connector_install", "1",
        not options.timeout and { timeout = 0.15 }
          or nil)
      check(select(2, call:wait()), false)
    end
  end)

  describe("covers connecting:", function()
    local listener, waiting

    -- A port whose queue of connections is full: one more gets no answer.
    setup(function()
      listener = assert(socket.tcp4())
      assert(listener:bind("127.0.0.1", 0))
      assert(listener:listen(0))
      waiting = {}
      local _, port = listener:getsockname()
      repeat
        local connection = socket.tcp4()
        connection:settimeout(0.05)
        local connected = connection:connect("127.0.0.1", port)
        waiting[#waiting + 1] = connection
        assert.is_true(#waiting < 20)
      until not connected
    end)
    teardown(function()
      listener:close()
      for _, connection in ipairs(waiting) do
        connection:close()
      end
    end)

    local function url()
      local _, port = listener:getsockname()
      return "http://127.0.0.1:" .. port
    end

    it("by the call's timeout", function()
      open { base_url = url(), timeout = 0.15 }
      check(select(2, client:create_connector { name = "n" }), false)
    end)

    it("by connect_timeout", function()
      open { base_url = url(), connect_timeout = 0.05, max_retries = 2 }
      local _, err = client:create_connector { name = "n" }
      assert.equal("timeout", err.kind)
      assert.equal("connect_timed_out", err.code)
      assert.equal(3, err.attempts) -- nothing was sent: retried, a POST too
      assert.is_false(err.maybe_applied)
      assert.is_true(err.retryable)
    end)
  end)

  it("nor is a resolver that does not answer waited for", function()
    local host = assert(process.start(process.program "test_resolver"))
    local status, output = host:wait()
    assert.is_truthy(output:find "%f[%d][1-9]%d* passed, 0 failed$", output)
    assert.equal(0, status, output)
  end)
end)
