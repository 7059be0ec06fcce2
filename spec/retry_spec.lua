-- The retry policy at the socket: which request goes out again after what,
-- how often, and when not.

local celigo = require "celigo"
local fault = require "spec.support.fault_server"
local socket = require "socket"

local LICENSE = { email = "zoe@example.com", opts = {},
  expires = "2030-01-31T00:00:00.000Z" }

-- Requests by what may be done with them.
local calls = {
  safe = {
    { "list_connectors" },
    { "get_connector_by_id", "1" },
    { "update_connector", "1", { name = "n" } },
    { "update_connector_license", "1", "2", LICENSE },
    { "delete_connector", "1" },
    { "delete_connector_license", "1", "2" },
    { "preview_connector_install", "1" },
    { "request", { path = "/v1/flows" } },
    { "request", { method = "PUT", path = "/v1/connectors/1", body = {} } },
    { "request", { method = "PUT", path = "/v1/connectors/1/licenses/2",
      body = {} } },
    { "request", { method = "DELETE", path = "/v1/connectors/1?a=b" } },
  },
  unsafe = {
    { "create_connector", { name = "n" } },
    { "create_connector_license", "1", LICENSE },
    { "push_connector_update", "1" },
    { "push_connector_update", "1", {} },
    { "install_connector", "1" },
    { "install_connector", "1", { a = 1 } },
    { "request", { method = "POST", path = "/v1/flows", body = {} } },
    { "request", { method = "PUT", path = "/v1/flows/1", body = {} } },
    { "request", { method = "PUT", path = "/v1/connectors/1/update" } },
    { "request", { method = "PUT", path = "/v1/connectors/..", body = {} } },
    { "request", { method = "DELETE", path = "/v1/connectors/./licenses/2" } },
    { "request", { method = "PATCH", path = "/v1/connectors/1",
      body = {} } },
    { "request", { method = "DELETE", path = "/v1/flows/1" } },
  },
}

local function make(client, call)
  return client[call[1]](client, table.unpack(call, 2))
end

local function name_of(call)
  local request = type(call[2]) == "table" and call[2] or {}
  return ("%s %s %s"):format(call[1], request.method or "",
    request.path or "")
end

describe("retries:", function()
  local server, client, events

  setup(function() server = fault.start() end)
  teardown(function() server:stop() end)

  local function open(options)
    options = options or {}
    options.base_url, options.token = server.url, options.token or "test"
    options.rate_limit = options.rate_limit or false
    options.retry_base = options.retry_base or 0.001
    local veto = options.veto
    options.veto = nil
    options.on_event = function(event)
      events[#events + 1] = event
      if event.type == "retry" and veto then return false end
    end
    if client then client:close() end
    client = celigo.new(options)
    return client
  end

  before_each(function()
    events = {}
    open()
  end)
  after_each(function()
    client:close()
    client = nil
  end)

  local function of_type(kind)
    local list = {}
    for _, event in ipairs(events) do
      list[#list + 1] = event.type == kind and event or nil
    end
    return list
  end

  -- Makes the call on a server that answers so first, then with success;
  -- checks that it goes out the right number of times.
  local function check(call, step, again)
    server:script { step, { body = "[]" } }
    local value, other = make(client, call)
    local row = ("%s, %s"):format(name_of(call), step.status or "reset")
    assert.equal(again and 2 or 1, #server:requests(), row)
    if again then
      assert.is_truthy(value, row)
      assert.equal(2, other.attempts, row)
    else
      assert.is_nil(value, row)
      assert.equal(step.status, other.status, row)
      assert.equal(1, other.attempts, row)
    end
    return other
  end

  for _, status in ipairs { 408, 500, 502, 503, 504 } do
    it(status .. " is retried where that is safe", function()
      local step = { status = status, body = "{}" }
      for _, call in ipairs(calls.safe) do
        check(call, step, true)
      end
      for _, call in ipairs(calls.unsafe) do
        local err = check(call, step, false)
        assert.is_true(err.retryable)
        assert.is_true(err.maybe_applied) -- the answer does not tell
      end
    end)
  end

  it("429 is retried for every method", function()
    for _, list in pairs(calls) do
      for _, call in ipairs(list) do
        check(call, { status = 429 }, true)
      end
    end
  end)

  it("resets and cut answers are retried where that is safe", function()
    for _, name in ipairs { "reset_without_a_byte", "cut_in_body",
      "closed_without_a_byte" } do
      open() -- no connection is kept
      for _, call in ipairs(calls.safe) do
        check(call, fault.scenarios[name], true)
        open()
      end
      for _, call in ipairs(calls.unsafe) do
        local err = check(call, fault.scenarios[name], false)
        assert.equal("network", err.kind)
        assert.is_true(err.maybe_applied)
        assert.is_true(err.retryable)
        open()
      end
    end
  end)

  it("other statuses never are", function()
    for _, status in ipairs { 300, 304, 400, 401, 402, 403, 404, 405, 409,
      410, 412, 415, 422, 423, 425, 431, 501, 505,
      507, 599 } do
      for _, list in pairs(calls) do
        check(list[1], { status = status }, false)
      end
    end
  end)

  it("end after max_retries", function()
    for _, retries in ipairs { 0, 1, 2, 4 } do
      for _, step in ipairs { { status = 503 }, { status = 429 } } do
        for _, per_call in ipairs { true, false } do
          open { max_retries = not per_call and retries or nil }
          server:script { step }
          local value, err = client:get_connector_by_id(
            "1", { max_retries = per_call and retries or nil })
          assert.is_nil(value)
          assert.equal(step.status, err.status)
          assert.equal(retries + 1, err.attempts)
          assert.equal(retries + 1, #server:requests())
          assert.is_true(err.retryable)
        end
      end
    end
  end)

  it("back off by full jitter below a doubling ceiling", function()
    open { retry_base = 0.001, retry_cap = 0.004, max_retries = 8 }
    server:script { { status = 500 } }
    assert.is_nil(client:list_connectors())
    local retries = of_type "retry"
    assert.equal(8, #retries)
    local different = false
    for n, event in ipairs(retries) do
      assert.is_true(event.wait >= 0)
      assert.is_true(event.wait <= math.min(0.004, 0.001 * 2 ^ (n - 1)))
      assert.equal(n, event.attempt)
      assert.equal(500, event.status)
      different = different or event.wait ~= retries[1].wait
    end
    assert.is_true(different)
  end)

  it("differ between clients", function()
    local waits = {}
    for i = 1, 8 do
      events = {}
      open { veto = true }
      server:script { { status = 500 } }
      client:list_connectors()
      waits[i] = of_type("retry")[1].wait
    end
    table.sort(waits)
    assert.is_true(waits[8] - waits[1] > 0.02 * 0.001) -- of retry_base
  end)

  describe("Retry-After", function()
    -- The wait that the client would take; it is vetoed, not waited for.
    local function wait_for(status, value, options, headers)
      events = {}
      options = options or {}
      options.veto = true
      open(options)
      headers = headers or {}
      headers["Retry-After"] = value
      server:script { { status = status, headers = headers } }
      local _, err = client:list_connectors()
      assert.equal(status, err.status)
      assert.equal(1, err.attempts)
      local retry = of_type("retry")[1]
      return retry and retry.wait, err
    end

    local function date(seconds)
      return os.date("!%a, %d %b %Y %H:%M:%S GMT", os.time() + seconds)
    end

    it("in seconds is a floor under the backoff", function()
      for _, status in ipairs { 429, 503, 500 } do
        local wait, err = wait_for(status, "7")
        assert.equal(7, wait)
        assert.equal(7, err.retry_after)
        wait = wait_for(status, "0")
        assert.is_true(wait <= 0.001)
      end
      -- A floor only: the backoff may well be longer.
      local longer = false
      for _ = 1, 20 do
        local wait = wait_for(503, "1", { retry_base = 8 })
        assert.is_true(wait >= 1 and wait <= 8)
        longer = longer or wait > 1
      end
      assert.is_true(longer)
    end)

    it("may be a date", function()
      for _, status in ipairs { 429, 503 } do
        local wait, err = wait_for(status, date(30))
        assert.is_true(wait > 20 and wait <= 30)
        assert.equal(wait, err.retry_after)
        wait, err = wait_for(status, "Wed, 21 Oct 2015 07:28:00 GMT")
        assert.is_true(wait <= 0.001)
        assert.equal(0, err.retry_after)
      end
    end)

    it("is rounded up to whole seconds", function()
      for value, seconds in pairs { ["1.5"] = 2, ["2.0"] = 2, ["0.1"] = 1 } do
        for _, status in ipairs { 429, 503 } do
          local wait, err = wait_for(status, value)
          assert.equal(seconds, wait)
          assert.equal(seconds, err.retry_after)
        end
      end
    end)

    it("that is a date is read by the server's clock", function()
      for _, off in ipairs { -3600, 3600, 86400 * 400 } do
        for _, status in ipairs { 429, 503 } do
          local wait, err = wait_for(status, date(off + 5), nil, { Date = date(off) })
          assert.equal(5, wait)
          assert.equal(5, err.retry_after)
        end
      end
      -- One that cannot be read is none.
      local wait = wait_for(503, date(30), nil, { Date = "today" })
      assert.is_true(wait > 20 and wait <= 30)
    end)

    it("beyond a day fails that call, and pauses the client for retry_cap", function()
      for _, value in ipairs { tostring(os.time()), "86401", date(90000) } do
        for _, status in ipairs { 429, 503 } do
          local wait, err = wait_for(status, value, { timeout = 1e6, retry_cap = 0.05 })
          assert.is_nil(wait)
          assert.equal("http", err.kind)
          assert.equal(1, #server:requests())
          local pauses = of_type "rate_limited"
          assert.equal(status == 429 and 1 or 0, #pauses)
          assert.equal(status == 429 and 0.05 or nil, pauses[1] and pauses[1].wait)
          server:script { { body = "[]" } }
          assert.same({}, (client:list_connectors()))
        end
      end
    end)

    it("that cannot be read counts as none", function()
      for _, value in ipairs { "soon", "-1", "1.", "0x10", "1 2",
        "Wed, 99 Oct 2015 07:28:00 GMT" } do
        for _, status in ipairs { 429, 503 } do
          local wait, err = wait_for(status, value)
          assert.is_true(wait <= 0.001, value)
          assert.is_nil(err.retry_after)
        end
      end
      local wait, err = wait_for(429)
      assert.is_true(wait <= 0.001)
      assert.is_nil(err.retry_after)
    end)

    it("beyond the timeout is not waited for", function()
      for _, status in ipairs { 429, 503 } do
        for _, value in ipairs { "30", date(60), ("9"):rep(40) } do
          local wait, err = wait_for(status, value, { timeout = 20 })
          assert.is_nil(wait)
          assert.equal("http", err.kind)
          assert.is_true(err.retry_after >= 30)
          assert.is_true(err.retryable)
          assert.equal(1, #server:requests())
        end
      end
    end)
  end)

  it("a backoff beyond the timeout is not waited for", function()
    open { retry_base = 1e6, retry_cap = 1e6 }
    server:script { { status = 502 } }
    -- One backoff in two million would be short enough.
    local _, err = client:list_connectors { max_retries = 1, timeout = 0.5 }
    assert.equal(502, err.status)
    assert.equal(1, err.attempts)
  end)

  it("a callback may veto each", function()
    open { veto = true }
    server:script { { status = 503, body = '{"errors":[{"code":"busy"}]}' } }
    local _, err = client:list_connectors()
    assert.equal(503, err.status)
    assert.equal("busy", err.code)
    assert.equal(1, err.attempts)
    assert.equal(1, #of_type "retry")
    server:script { fault.scenarios.closed_without_a_byte }
    open { veto = true }
    _, err = client:list_connectors()
    assert.equal("empty_reply", err.code)
    assert.equal(1, #server:requests())
  end)

  describe("a DELETE that is answered 404 on a retry", function()
    local gone = { status = 404, body = '{"errors":[{"code":"gone"}]}' }
    local reset = fault.scenarios.reset_without_a_byte

    local function delete(steps)
      steps[#steps + 1] = gone
      open()
      server:script(steps)
      local value, other = client:delete_connector("1")
      assert.equal(#steps, #server:requests())
      if value then
        assert.is_true(value)
        assert.equal(404, other.status)
        assert.equal(#steps, other.attempts)
      else
        assert.equal(404, other.status)
        assert.equal("gone", other.code)
      end
      return value
    end

    it("is a success where an earlier attempt may have done it", function()
      for _, status in ipairs { 408, 500, 502, 503, 504 } do
        assert.is_true(delete { { status = status } })
      end
      assert.is_true(delete { reset })
      assert.is_true(delete { fault.scenarios.cut_in_headers })
      assert.is_true(delete { { status = 429 }, { status = 500 } })
      assert.is_true(delete { { status = 500 }, { status = 429 } })
    end)

    it("is a failure where none can have", function()
      assert.is_nil(delete {})
      assert.is_nil(delete { { status = 429 } })
      assert.is_nil(delete { { status = 429 }, { status = 429 } })
    end)

    it("is what the first attempt was, for anything but a DELETE",
      function()
        server:script { { status = 500 }, gone }
        local value, err = client:update_connector("1", { name = "n" })
        assert.is_nil(value)
        assert.equal(404, err.status)
      end)
  end)

  describe("401", function()
    local asked

    local function open_rotating()
      asked = 0
      return open { token = function()
        asked = asked + 1
        return "token-" .. asked
      end }
    end

    it("asks the token function once more, for every method", function()
      for _, list in pairs(calls) do
        for _, call in ipairs(list) do
          open_rotating()
          check(call, { status = 401 }, true)
          assert.equal(2, asked)
          local requests = server:requests()
          assert.equal("Bearer token-1", requests[1].headers.authorization)
          assert.equal("Bearer token-2", requests[2].headers.authorization)
          assert.equal(requests[1].body, requests[2].body)
        end
      end
      assert.same({}, of_type "retry")
    end)

    it("asks only once in a call, and again in the next", function()
      open_rotating()
      server:script { { status = 401 } }
      for n = 1, 3 do
        local _, err = client:list_connectors()
        assert.equal(401, err.status)
        assert.equal(2, err.attempts)
        assert.equal(n + 1, asked)
        assert.equal(2 * n, #server:requests())
      end
    end)

    it("is no retry: max_retries = 0 still asks", function()
      open_rotating()
      server:script { { status = 401 }, { body = "[]" } }
      assert(client:list_connectors { max_retries = 0 })
      assert.equal(2, asked)
    end)

    it("between retries leaves their number alone", function()
      open_rotating()
      server:script { { status = 503 }, { status = 401 }, { status = 503 },
        { body = "[]" } }
      local _, response = assert(client:list_connectors { max_retries = 2 })
      assert.equal(4, response.attempts)
    end)

    it("with a fixed token is final", function()
      server:script { { status = 401, body = '{"message":"no"}' } }
      local _, err = client:list_connectors()
      assert.equal(1, err.attempts)
      assert.equal("unauthorized", err.code)
    end)

    it("then 404 is no deletion", function()
      open_rotating()
      server:script { { status = 401 }, { status = 404 } }
      assert.is_nil((client:delete_connector("1")))
    end)

    it("raises what the token function raises", function()
      for _, broken in ipairs {
        function() error("no token today", 0) end,
        function() return nil end,
        function() return "" end,
        function() return "a\r\nb" end,
      } do
        local first = true
        open { token = function()
          if first then
            first = false
            return "fine"
          end
          return broken()
        end }
        server:script { { status = 401 }, { body = "[]" } }
        local good, err = pcall(client.list_connectors, client)
        assert.is_false(good)
        assert.is_truthy(tostring(err):find("token", 1, true))
        assert.equal(0, client:step())
        assert(client:list_connectors()) -- with the old one
      end
    end)
  end)

  it("a page that fails is asked for again, the others are not", function()
    local function page(n, more)
      return { body = ('[{"n":%d}]'):format(n), headers = more and {
        Link = ('</v1/connectors?page=%d>; rel="next"'):format(n + 1) } }
    end
    local script = {
      page(1, true), { status = 503 }, fault.scenarios.cut_in_body,
      page(2, true), { status = 429 }, page(3),
    }
    server:script(script)
    local list, response = assert(client:list_connectors { max_retries = 2 })
    assert.same({ { n = 1 }, { n = 2 }, { n = 3 } }, list)
    assert.equal(6, response.attempts)
    server:script(script)
    local seen = {}
    for record in client:each_connector { max_retries = 2 } do
      seen[#seen + 1] = record.n
    end
    assert.same({ 1, 2, 3 }, seen)
  end)

  describe("a refused connection", function()
    -- A listener on a port that refuses connections until it is told.
    local function late_listener()
      local first = assert(socket.bind("127.0.0.1", 0))
      local _, port = first:getsockname()
      first:close()
      local self = { port = port, received = {} }
      function self.listen()
        self.socket = self.socket
          or assert(socket.bind("127.0.0.1", math.tointeger(port)))
        self.socket:settimeout(0)
      end
      -- Answers what has arrived; one request for each connection.
      function self.serve()
        local connection = self.socket and self.socket:accept()
        if connection then
          connection:settimeout(5)
          local line = connection:receive("*l")
          repeat local header = connection:receive("*l") until header == ""
          self.received[#self.received + 1] = line:match("^%u+")
          connection:send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
            .. "Connection: close\r\n\r\n[]")
          self.last = connection
        end
      end
      return self
    end

    it("is tried again for every method, until there is one", function()
      for _, list in pairs(calls) do
        for _, call in ipairs(list) do
          local listener = late_listener()
          local refused = 0
          local late <close> = celigo.new {
            base_url = "http://127.0.0.1:" .. listener.port, token = "t",
            retry_base = 0.001, max_retries = 50,
            on_event = function(event)
              if event.type == "retry" then
                assert.equal("connect_failed", event.error)
                refused = refused + 1
                if refused == 2 then listener.listen() end
              end
            end,
          }
          local pending = late:submit(table.unpack(call))
          while not pending:done() do
            late:step(0.01)
            listener.serve()
          end
          local value, response = pending:result()
          assert.is_truthy(value, name_of(call) .. tostring(response))
          assert.equal(3, response.attempts)
          assert.equal(1, #listener.received)
          listener.socket:close()
        end
      end
    end)

    it("fails in the end, and nothing was applied", function()
      local listener = late_listener()
      local none <close> = celigo.new {
        base_url = "http://127.0.0.1:" .. listener.port, token = "t",
        retry_base = 0.001 }
      for _, call in ipairs(calls.unsafe) do
        local value, err = make(none, call)
        assert.is_nil(value)
        assert.equal("network", err.kind)
        assert.equal("connect_failed", err.code)
        assert.equal(5, err.attempts)
        assert.is_true(err.retryable)
        assert.is_false(err.maybe_applied)
      end
      local _, err = make(none, { "create_connector", { name = "n" },
        { max_retries = 0 } })
      assert.equal(1, err.attempts)
    end)
  end)
end)
