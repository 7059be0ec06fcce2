--- What holds in every event loop, and blocking: a call that goes back to the
-- queue goes on at once. A call that nobody sends again fails at its timeout,
-- which no case here comes near otherwise.
--
--     for _, case in ipairs(cases.of(attach, run)) do it(case.name, case.run) end
--
-- `attach(client)` returns the client in the loop; `run(f, …)` runs functions
-- in coroutines of the loop until all have ended, and raises what one raised.

local assert = require "luassert"
local celigo = require "celigo"
local fault = require "spec.support.fault_server"

local ID = "54fa0b38a7044f9252000036"
local TIMEOUT = 2 -- seconds

local function page(first, last, following)
  local records = {}
  for i = first, last do records[#records + 1] = ('{"_id":"%d"}'):format(i) end
  return {
    body = "[" .. table.concat(records, ",") .. "]",
    headers = following and { Link = ('<%s>; rel="next"'):format(following) } or nil,
  }
end

local THREE_PAGES = { page(1, 2, "/v1/connectors?skip=2"), page(3, 4, "/v1/connectors?skip=4"), page(5, 5) }

local function ids_of(records)
  local ids = {}
  for i, record in ipairs(records) do ids[i] = record._id end
  return table.concat(ids, " ")
end

local cases = {}

function cases.of(attach, run)
  local all_cases = {}
  local server

  local function it(name, f)
    all_cases[#all_cases + 1] = {
      name = name,
      run = function()
        local started <close> = fault.start()
        server = started
        f()
      end,
    }
  end

  local function new_client(options)
    local all = { base_url = server.url, token = "t", timeout = TIMEOUT }
    for option, value in pairs(options or {}) do all[option] = value end
    return attach(celigo.new(all))
  end

  it("lists of several pages", function()
    local client <close> = new_client()
    server:script(THREE_PAGES)
    run(function() assert.equal("1 2 3 4 5", ids_of(assert(client:list_connectors()))) end)
    assert.equal(3, #server:requests())
  end)

  it("lists in map, more of them than connections", function()
    local client <close> = new_client { max_connections = 2 }
    server:script {
      page(1, 1, "/v1/connectors/1/licenses?skip=1"), page(2, 2), page(3, 3), page(4, 4, "/v1/a?skip=1"), page(5, 5),
    }
    run(function()
      local results, errors = client:map({ 1, 2, 3, 4, 5, 6 }, function()
        return client:list_connector_licenses(ID)
      end, { concurrency = 6 })
      assert.same({}, errors)
      assert.equal(6, #results)
    end)
  end)

  it("lists in gather", function()
    local client <close> = new_client()
    server:script(THREE_PAGES)
    run(function()
      local list, other, errors = client:gather(
        function() return client:list_connectors() end,
        function() return client:get_connector_by_id(ID) end)
      assert.is_nil(errors)
      assert.is_true(#list + #other > 0)
    end)
  end)

  it("lists that are submitted", function()
    local client <close> = new_client()
    server:script(THREE_PAGES)
    run(function()
      local call = client:submit("list_connectors")
      assert.equal("1 2 3 4 5", ids_of(assert(call:wait())))
    end)
  end)

  it("iterators", function()
    for _, prefetch in ipairs { true, false } do
      local client <close> = new_client()
      server:script(THREE_PAGES)
      run(function()
        local records = {}
        for record in client:each_connector { prefetch = prefetch } do records[#records + 1] = record end
        assert.equal("1 2 3 4 5", ids_of(records))
      end)
    end
  end)

  it("a token that is renewed", function()
    local asked = 0
    local client <close> = new_client {
      token = function()
        asked = asked + 1
        return "t" .. asked
      end,
    }
    server:script { { status = 401, body = '{"message":"Unauthorized"}' }, { body = '{"_id":"1"}' } }
    run(function() assert.equal("1", assert(client:get_connector_by_id(ID))._id) end)
    assert.equal(2, asked)
  end)

  it("a repeat on a fresh connection where the kept one is dead", function()
    local client <close> = new_client()
    run(function()
      server:script {
        { body = '{\"_id\":\"1\"}' }, { cut = "start", ending = "close" }, { body = '{"_id":"2"}' },
      }
      assert.equal("1", assert(client:get_connector_by_id(ID))._id)
      assert.equal("2", assert(client:get_connector_by_id(ID))._id)
    end)
    assert.equal(3, #server:requests())
  end)

  it("a retry without a pause", function()
    local client <close> = new_client { retry_base = 0 }
    server:script { { status = 503 }, { status = 503 }, { body = '{"_id":"1"}' } }
    run(function() assert.equal("1", assert(client:get_connector_by_id(ID))._id) end)
    assert.equal(3, #server:requests())
  end)

  it("several coroutines, lists and renewals side by side", function()
    local client <close> = new_client { max_connections = 2, retry_base = 0 }
    server:script {
      page(1, 1, "/v1/connectors?skip=1"), { status = 503 }, page(2, 2, "/v1/connectors?skip=2"), { status = 503 },
      page(3, 3),
    }
    local list = {}
    for i = 1, 5 do
      list[i] = function() assert.is_true(#assert(client:list_connectors()) > 0) end
    end
    run(table.unpack(list))
  end)

  it("calls that wait for another's connection, which is cancelled", function()
    local client <close> = new_client { max_connections = 1, rate_limit = false }
    server:script { { stall = true }, { body = '{"_id":"2"}' } }
    run(function()
      local stalled = client:submit("get_connector_by_id", ID)
      client:step(0.05)
      local waits = client:submit("get_connector_by_id", ID)
      stalled:cancel()
      assert.equal("2", assert(waits:wait())._id)
    end)
  end)

  return all_cases
end

return cases
