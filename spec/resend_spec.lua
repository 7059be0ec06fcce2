-- Nothing goes out twice that must not: every operation on a kept connection
-- that the server ends, seen at the socket.
--
-- libcurl by itself sends a request again, POST and PUT included, where a
-- reused connection dies before the first byte of an answer.

local celigo = require "celigo"
local fault = require "spec.support.fault_server"

local LICENSE = { email = "zoe@example.com", opts = {},
  expires = "2030-01-31T00:00:00.000Z" }

-- Every way to send something: once only, or as often as it takes.
local safe = {
  ["list_connectors"] = {},
  ["get_connector_by_id"] = { "1" },
  ["update_connector"] = { "1", { name = "n" } },
  ["delete_connector"] = { "1" },
  ["get_connector_install_base"] = { "1" },
  ["list_connector_licenses"] = { "1" },
  ["get_connector_license_by_id"] = { "1", "2" },
  ["update_connector_license"] = { "1", "2", LICENSE },
  ["delete_connector_license"] = { "1", "2" },
  ["preview_connector_install"] = { "1" },
  ["request GET"] = { { path = "/v1/flows" } },
  ["request PUT of a connector"] = {
    { method = "PUT", path = "/v1/connectors/1", body = {} } },
  ["request DELETE of a license"] = {
    { method = "DELETE", path = "/v1/connectors/1/licenses/2" } },
}

local once = {
  ["create_connector"] = { { name = "n" } },
  ["create_connector_license"] = { "1", LICENSE },
  ["push_connector_update"] = { "1", {} },
  ["push_connector_update without a body"] = { "1" },
  ["install_connector"] = { "1", { a = 1 } },
  ["install_connector without a body"] = { "1" },
  ["request POST"] = { { method = "POST", path = "/v1/flows", body = {} } },
  ["request POST without a body"] = {
    { method = "POST", path = "/v1/flows" } },
  ["request PUT"] = { { method = "PUT", path = "/v1/flows/1", body = {} } },
  ["request PUT without a body"] = {
    { method = "PUT", path = "/v1/flows/1" } },
  ["request PATCH"] = {
    { method = "PATCH", path = "/v1/flows/1", body = {} } },
  ["request PATCH without a body"] = {
    { method = "PATCH", path = "/v1/flows/1" } },
  ["request DELETE"] = { { method = "DELETE", path = "/v1/flows/1" } },
}

-- How the server ends the kept connection: at the request's first bytes,
-- before they are read, or when the whole request has been read.
local deaths = {
  "closed_at_first_bytes", "reset_at_first_bytes",
  "closed_without_a_byte", "reset_without_a_byte",
}

local function sorted_names(t)
  local names = {}
  for name in pairs(t) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

describe("on a kept connection that dies,", function()
  local server, client, waits

  setup(function() server = fault.start() end)
  teardown(function() server:stop() end)

  before_each(function()
    waits = {}
    client = celigo.new {
      base_url = server.url, token = "test", rate_limit = false,
      retry_base = 0.001,
      on_event = function(event)
        if event.type == "retry" then waits[#waits + 1] = event.wait end
      end,
    }
  end)
  after_each(function() client:close() end)

  -- Makes the call on a connection that has served one request already.
  local function call(name, arguments, death)
    server:script { { body = "[]" }, fault.scenarios[death],
      { body = "[]" } }
    assert(client:request { path = "/warm" })
    local value, other = client[name:match("^%S+")](
      client, table.unpack(arguments))
    local requests = server:requests()
    assert.equal("GET /warm ", requests[1].raw:sub(1, 10))
    assert.equal(requests[1].connection, requests[2].connection)
    return value, other, requests
  end

  for _, name in ipairs(sorted_names(safe)) do
    it(name .. " goes out again at once", function()
      for _, death in ipairs(deaths) do
        local value, response, requests = call(name, safe[name], death)
        assert.is_truthy(value, death)
        assert.equal(2, response.attempts)
        assert.equal(3, #requests)
        assert.not_equal(requests[2].connection, requests[3].connection)
        assert.is_not_nil(requests[3].method)
      end
      assert.same({ 0, 0, 0, 0 }, waits)
    end)
  end

  it("that happens without a pause however often connections die",
    function()
      for _ = 1, 12 do
        assert.is_truthy((call("list_connectors", {}, deaths[1])))
      end
      local none = {}
      for i = 1, 12 do none[i] = 0 end
      assert.same(none, waits)
    end)

  it("nothing goes out again where retries are turned off", function()
    for _, death in ipairs(deaths) do
      local value, err, requests = call(
        "list_connectors", { { max_retries = 0 } }, death)
      assert.is_nil(value)
      assert.equal("connection_reset", err.code)
      assert.equal(2, #requests)
    end
  end)

  for _, name in ipairs(sorted_names(once)) do
    it(name .. " goes out once", function()
      for _, death in ipairs(deaths) do
        local value, err, requests = call(name, once[name], death)
        assert.is_nil(value)
        assert.equal("network", err.kind)
        assert.equal("connection_reset", err.code)
        assert.is_true(err.maybe_applied)
        assert.equal(1, err.attempts)
        assert.equal(2, #requests, death)
      end
      assert.same({}, waits)
      assert(client:request { path = "/after" })
    end)
  end

  it("a deletion done before the death is a success", function()
    for _, death in ipairs(deaths) do
      server:script { { body = "[]" }, fault.scenarios[death],
        { status = 404, body = '{"message":"gone"}' } }
      assert(client:request { path = "/warm" })
      assert.is_true((client:delete_connector("1")))
      assert.equal(3, #server:requests())
    end
  end)

  it("one that was closed while idle is not used again", function()
    for name, arguments in pairs(once) do
      server:script { { body = "[]", ending = "close" }, { body = "[]" } }
      assert(client:request { path = "/warm" })
      server:await(function(all) return #all == 1 end)
      local value, err = client[name:match("^%S+")](
        client, table.unpack(arguments))
      local requests = server:requests()
      -- The end of the connection may be seen before the request is sent or
      -- after; in neither case is it sent twice.
      assert.is_true(value ~= nil or err.maybe_applied, name)
      assert.equal(value ~= nil and 2 or 1, #requests, name)
    end
  end)
end)
