-- A token function under load and under stress: how often it is asked, what
-- goes out with which token (by the server's journal), what it must not do.

local celigo = require "celigo"
local fault = require "spec.support.fault_server"
local sandbox = require "celigo.sandbox"
local ways = require "spec.support.ways"

local ID <const> = "54fa0b38a7044f9252000036"
local CALLS <const> = 8

-- A function that returns the tokens in order, the last one for ever, and one
-- that tells how often it was asked.
local function tokens(list)
  local asked = 0
  return function()
    asked = asked + 1
    return list[asked] or list[#list]
  end, function() return asked end
end

describe("a token function and a rotation", function()
  local service

  setup(function() service = sandbox.start { token = "new", journal = true } end)
  teardown(function() service:stop() end)
  before_each(function() service:reset() end)

  -- How many requests came with each token.
  local function sent()
    local counts = {}
    for _, request in ipairs(service:journal()) do
      local token = request.headers.authorization
      counts[token] = (counts[token] or 0) + 1
    end
    return counts
  end

  for _, way in ipairs(ways) do
    it("is asked once, however many calls meet the 401: " .. way.name, function()
      if way.lacking then return pending(way.lacking) end
      local token, asked = tokens { "old", "new" }
      local client <close> = way.attach(celigo.new { base_url = service.url, token = token, timeout = 20 })
      local got, functions = 0, {}
      for i = 1, CALLS do
        functions[i] = function()
          assert(client:get_connector_by_id(ID))
          got = got + 1
        end
      end
      way.run(client, table.unpack(functions))
      assert.equal(CALLS, got)
      assert.equal(2, asked())
      assert.same({ ["Bearer old"] = CALLS, ["Bearer new"] = CALLS }, sent())
    end)
  end

  it("is asked once by submitted calls of every kind", function()
    local token, asked = tokens { "old", "new" }
    local client <close> = celigo.new { base_url = service.url, token = token, timeout = 20, max_retries = 0 }
    local calls = {}
    for i = 1, CALLS, 2 do
      calls[i] = client:submit("get_connector_by_id", ID)
      calls[i + 1] = client:submit("create_connector", { name = "made " .. i })
    end
    for _, call in ipairs(calls) do assert(call:wait()) end
    assert.equal(2, asked())
    assert.same({ ["Bearer old"] = CALLS, ["Bearer new"] = CALLS }, sent())
    assert.equal(4 + CALLS // 2, #assert(client:list_connectors()))
  end)

  it("is asked once by map", function()
    local token, asked = tokens { "old", "new" }
    local client <close> = celigo.new { base_url = service.url, token = token, timeout = 20 }
    local ids = {}
    for i = 1, CALLS do ids[i] = ID end
    local results, errors = client:map(ids, function(id) return client:get_connector_by_id(id) end,
      { concurrency = CALLS })
    assert.equal(CALLS, #results)
    assert.same({}, errors)
    assert.equal(2, asked())
    assert.same({ ["Bearer old"] = CALLS, ["Bearer new"] = CALLS }, sent())
  end)

  it("is asked by each call once where no token is any good", function()
    local n = 0
    local client <close> = celigo.new {
      base_url = service.url,
      timeout = 20,
      token = function()
        n = n + 1
        return "bad-" .. n
      end,
    }
    local calls = {}
    for i = 1, 3 do calls[i] = client:submit("get_connector_by_id", ID) end
    for _, call in ipairs(calls) do
      local value, err = call:wait()
      assert.is_nil(value)
      assert.equal(401, err.status)
      assert.is_true(err.attempts <= 3)
    end
    assert.is_true(n <= 1 + #calls)
    -- The next call meets the 401 with the newest one, asks, and gives up.
    local before = n
    local _, err = client:get_connector_by_id(ID)
    assert.equal(401, err.status)
    assert.equal(2, err.attempts)
    assert.equal(before + 1, n)
  end)

  it("is asked again where another page of a list meets a 401", function()
    local faults <close> = fault.start()
    local token, asked = tokens { "one", "two", "three" }
    local client <close> = celigo.new { base_url = faults.url, token = token, timeout = 20 }
    local function page(n, more)
      local link = more and { Link = ('</v1/connectors?p=%d>; rel="next"'):format(n + 1) }
      return { body = ("[%d]"):format(n), headers = link }
    end
    local unauthorized = { status = 401, body = '{"message":"no"}' }
    local steps = { unauthorized, page(1, true), unauthorized, page(2) }
    faults:script(steps)
    assert.same({ 1, 2 }, (client:list_connectors()))
    assert.equal(3, asked())
    local seen = {}
    for i, request in ipairs(faults:requests()) do seen[i] = request.headers.authorization:match "%S+$" end
    assert.same({ "one", "two", "two", "three" }, seen)
  end)

  it("costs no retry", function()
    local faults <close> = fault.start()
    for retries, requests in pairs { [0] = 2, [1] = 3, [2] = 4 } do
      local client <close> = celigo.new {
        base_url = faults.url, token = (tokens { "one", "two" }), timeout = 20, retry_base = 0.001,
        max_retries = retries,
      }
      faults:script { { status = 401 }, { status = 503 } }
      local _, err = client:list_connectors()
      assert.equal(503, err.status)
      assert.equal(requests, #faults:requests(), retries)
    end
  end)
end)

describe("a token function", function()
  local server

  setup(function() server = fault.start() end)
  teardown(function() server:stop() end)
  before_each(function() server:script { { body = "[]" } } end)

  -- What must not be done in there, by name.
  local uses = {
    ["a call"] = function(client) return client:list_connectors() end,
    ["a write"] = function(client) return client:create_connector { name = "n" } end,
    ["the escape hatch"] = function(client) return client:request { path = "/v1/x" } end,
    ["submit"] = function(client) return client:submit "list_connectors" end,
    ["an iterator"] = function(client)
      for _ in client:each_connector() do end
    end,
    ["edit"] = function(client) return client:edit_connector("1", function() end) end,
    ["step"] = function(client) return client:step() end,
    ["a coroutine"] = function(client) coroutine.wrap(function() client:list_connectors() end)() end,
  }

  for name, use in pairs(uses) do
    it("that uses its own client raises at once: " .. name, function()
      local client
      local depth, deepest = 0, 0
      client = celigo.new {
        base_url = server.url,
        token = function()
          depth = depth + 1
          deepest = math.max(deepest, depth)
          use(client)
          depth = depth - 1
          return "t"
        end,
      }
      local good, err = pcall(client.list_connectors, client)
      assert.is_false(good)
      assert.is_truthy(tostring(err):find("must not use the client that it serves", 1, true), tostring(err))
      assert.equal(1, deepest)
      assert.equal(0, #server:requests())
      -- The client is none the worse, and so is one that was submitted.
      good, err = pcall(client.submit, client, "list_connectors")
      assert.is_false(good)
      assert.is_truthy(tostring(err):find("must not use the client", 1, true))
      assert.equal(0, client:step())
      client:close()
    end)
  end

  it("may go on where it catches that", function()
    local client
    local message
    client = celigo.new {
      base_url = server.url,
      token = function()
        local good
        good, message = pcall(client.list_connectors, client)
        assert(not good)
        return "t"
      end,
    }
    assert.same({}, (client:list_connectors()))
    assert.is_truthy(tostring(message):find("must not use", 1, true))
    assert.equal(1, #server:requests())
    client:close()
  end)

  it("may use another client, and close its own", function()
    local other <close> = celigo.new { base_url = server.url, token = "for-tokens" }
    local client
    client = celigo.new {
      base_url = server.url,
      token = function()
        assert(other:list_connectors())
        return "t"
      end,
    }
    assert(client:list_connectors())
    assert.equal(2, #server:requests())
    client:close()
    client = celigo.new {
      base_url = server.url,
      token = function()
        client:close()
        return "t"
      end,
    }
    local value, err = client:list_connectors()
    assert.is_nil(value)
    assert.equal("closed", err.kind)
  end)

  it("that returns nil and a message fails with that message", function()
    local reason = setmetatable({}, { __tostring = function() return "vault: sealed" end })
    for _, message in ipairs { "vault: permission denied", reason } do
      local client <close> = celigo.new { base_url = server.url, token = function() return nil, message end }
      for _, call in ipairs {
        function() return client:list_connectors() end,
        function() return client:create_connector { name = "n" } end,
        function() return client:submit "list_connectors" end,
        function()
          for _ in client:each_connector() do end
        end,
        function() client:edit_connector("1", print) end,
      } do
        local good, err = pcall(call)
        assert.is_false(good)
        assert.is_truthy(tostring(err):find("token function: " .. tostring(message), 1, true), tostring(err))
        assert.matches("^spec/token_function_spec.lua:%d+: ", err)
      end
    end
    assert.equal(0, #server:requests())
  end)

  it("that has no new token tells why, and what it had stays in use", function()
    local n = 0
    local client <close> = celigo.new {
      base_url = server.url,
      token = function()
        n = n + 1
        if n > 1 then return nil, "vault: permission denied" end
        return "t"
      end,
    }
    server:script { { status = 401 }, { body = "[]" } }
    local good, err = pcall(client.list_connectors, client)
    assert.is_false(good)
    assert.is_truthy(tostring(err):find("vault: permission denied", 1, true))
    assert.same({}, (client:list_connectors()))
    assert.equal("Bearer t", server:requests()[2].headers.authorization)
  end)
end)
