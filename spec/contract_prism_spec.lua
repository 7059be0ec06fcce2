-- The client against a judge that is not ours: Prism knows the service's
-- contract and refuses what that does not allow. As a mock it gives every
-- documented answer; as a proxy it stands between the client and the sandbox
-- and judges both.

local celigo = require "celigo"
local prism = require "spec.support.prism"
local sandbox = require "celigo.sandbox"

local function read_contract()
  local file <close> = assert(io.open(
    "spec/contract/connectors.openapi.json", "rb"))
  return assert(celigo.json.decode(file:read "a"))
end

local function snake(name)
  return (name:gsub("%u", function(c) return "_" .. c:lower() end))
end

local CONNECTOR_ID = "54fa0b38a7044f9252000036"
local LICENSE_ID = "551b07f62db11ff30c000039"

local CONNECTOR = {
  name = "Orders", contactEmail = "support@example.com", published = false,
  applications = {}, trialEnabled = false,
}
local LICENSE = {
  email = "someone@example.com", expires = "2026-12-31T00:00:00.000Z",
  opts = { connectorEdition = "premium", addonLicenses = {} },
}
local CHANGE = { expires = "2027-12-31T00:00:00.000Z", opts = {} }

-- What each operation is called with, besides the ids in its path.
local bodies = {
  create_connector = { CONNECTOR },
  update_connector = { CONNECTOR },
  create_connector_license = { LICENSE },
  update_connector_license = { CHANGE },
  push_connector_update = { { _integrationIds = { CONNECTOR_ID } } },
  install_connector = { {} },
}

local function arguments(name, path)
  local list = {}
  for parameter in path:gmatch("{(.-)}") do
    list[#list + 1] = parameter == "_licenseId" and LICENSE_ID or CONNECTOR_ID
  end
  list[#list + 1] = bodies[name] and bodies[name][1]
  return list
end

local operations = {}
for path, methods in pairs(read_contract().paths) do
  for _, operation in pairs(methods) do
    if type(operation) == "table" and operation.operationId then
      operations[#operations + 1] = {
        name = snake(operation.operationId), path = path,
        responses = operation.responses,
      }
    end
  end
end
table.sort(operations, function(a, b) return a.name < b.name end)

describe("by the contract, as Prism reads it #prism", function()
  local server, client

  setup(function()
    server = prism.mock()
    client = celigo.new {
      base_url = server.url, token = "prism", max_retries = 0,
    }
  end)

  teardown(function()
    client:close()
    server:stop("KILL")
  end)

  -- Calls an operation; Prism answers with this documented status.
  local function call(operation, status)
    local list = arguments(operation.name, operation.path)
    list[#list + 1] = {
      headers = status and { Prefer = "code=" .. status },
    }
    return client[operation.name](client, table.unpack(list))
  end

  it("there are 14 operations", function()
    assert.equal(14, #operations)
  end)

  for _, operation in ipairs(operations) do
    it(operation.name .. " is called as documented", function()
      local value, response = call(operation)
      assert.is_nil(celigo.is_error(response) and tostring(response) or nil)
      assert.is_truthy(value)
      assert.is_nil(response.headers["sl-violations"])
    end)

    for status in pairs(operation.responses) do
      it(("%s takes a documented %s"):format(operation.name, status),
        function()
          local value, other = call(operation, status)
          assert.equal(tonumber(status), other.status)
          assert.is_nil(other.headers["sl-violations"])
          if status:find "^2" then
            assert.is_truthy(value)
          else
            assert.is_nil(value)
            assert.equal("http", other.kind)
            assert.equal("string", other.message) -- the example's
          end
        end)
    end
  end

  it("a body that the contract does not allow is refused", function()
    local value, err = client:create_connector({ description = "nameless" },
      { validate = false })
    assert.is_nil(value)
    assert.equal(422, err.status)
    assert.is_truthy(err.headers["sl-violations"]:find("name", 1, true))
  end)
end)

describe("the client and the sandbox, with Prism between #prism", function()
  local service, server, client

  setup(function()
    service = sandbox.start { seed = true }
    -- The service holds several addresses in one string; the contract does not
    -- allow that.
    local own <close> = celigo.new { base_url = service.url, token = service.token }
    for _, connector in ipairs(assert(own:list_connectors())) do
      if (connector.contactEmail or ""):find(",", 1, true) then
        connector.contactEmail = connector.contactEmail:match "^[^,]+"
        assert(own:update_connector(connector._id, connector))
      end
    end
    server = prism.proxy(service.url)
    client = celigo.new {
      base_url = server.url, token = service.token, max_retries = 0,
    }
  end)

  teardown(function()
    client:close()
    server:stop("KILL")
    service:stop()
  end)

  it("a connector lives and dies", function()
    local connector = assert(client:create_connector(CONNECTOR))
    local id = connector._id
    assert.same(connector, assert(client:get_connector_by_id(id)))
    connector.published = true
    local updated = assert(client:update_connector(id, connector))
    assert.is_true(updated.published)
    assert.is_true(assert(client:delete_connector(id)))
    local gone, err = client:get_connector_by_id(id)
    assert.is_nil(gone)
    assert.equal(404, err.status)
    gone, err = client:get_connector_by_id "no-id"
    assert.is_nil(gone)
    assert.equal(400, err.status)
    assert.equal("Bad Request", err.message)
  end)

  it("licenses of all kinds are what the contract allows", function()
    local kinds = {}
    for connector in client:each_connector() do
      for license in client:each_connector_license(connector._id) do kinds[license.type] = true end
    end
    assert.same({ connector = true, integrationApp = true, integrationAppChild = true }, kinds)
  end)

  it("a license lives and dies", function()
    local id = assert(client:create_connector(CONNECTOR))._id
    local license = assert(client:create_connector_license(id, LICENSE))
    local lid = license._id
    assert.equal(1, #assert(client:list_connector_licenses(id)))
    assert.is_truthy(client:get_connector_license_by_id(id, lid))
    assert(client:update_connector_license(id, lid, CHANGE))
    assert.is_true(assert(client:delete_connector_license(id, lid)))
    assert.same({}, assert(client:list_connector_licenses(id)))
  end)

  it("an install base is listed, previewed, installed and updated", function()
    local tried = 0
    for _, connector in ipairs(assert(client:list_connectors())) do
      local id = connector._id
      assert(client:get_connector_install_base(id))
      local preview, err = client:preview_connector_install(id)
      if preview then
        tried = tried + 1
        assert(client:install_connector(id))
        assert.is_true(#assert(client:get_connector_install_base(id)) > 0)
        assert(client:push_connector_update(id))
      else
        assert.equal("invalid_integration_app", err.code)
      end
    end
    assert.is_true(tried > 0)
  end)

  it("what the contract does not allow goes no further", function()
    local value, err = client:create_connector({ description = "nameless" },
      { validate = false })
    assert.is_nil(value)
    assert.equal(422, err.status)
    -- Prism's own answer, not the sandbox's.
    assert.is_truthy(err.body:find("must have required property 'name'", 1,
      true))
  end)
end)
