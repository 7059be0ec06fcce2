-- The sandbox as an API: every operation and status of the contract, and
-- what it remembers. How it speaks HTTP is in sandbox_http_spec.lua.

local cjson = require "cjson"
local check = require "celigo.sandbox.check"
local http = require "spec.support.http"
local sandbox = require "celigo.sandbox"

local FULL = "/v1/connectors/54fa0b38a7044f9252000036"  -- everything set
local TRIAL = "/v1/connectors/54fa0b38a7044f9252000037" -- open for trials
local DRAFT = "/v1/connectors/54fa0b38a7044f9252000038" -- no integration
local UNKNOWN = "/v1/connectors/" .. ("0"):rep(24)
local BAD = "/v1/connectors/not-an-id"
local LICENSE = "/licenses/54fa0b38a7044f9253000001"

local function read_contract()
  local file <close> = assert(io.open("spec/contract/connectors.openapi.json"))
  return cjson.decode(file:read("a"))
end

local contract = read_contract()

describe("the sandbox's API", function()
  local server, connection

  before_each(function()
    server = sandbox.start()
    connection = http.connect(server.url)
  end)

  after_each(function()
    connection:close()
    server:stop()
  end)

  local function call(method, path, body, token)
    local answer = assert(connection:request {
      method = method, path = path, body = body, token = token,
    })
    if answer.body ~= "" then
      -- What lua-cjson refuses (a lone surrogate) has no `json`.
      local ok, value = pcall(cjson.decode, answer.body)
      answer.json = ok and value or nil
    end
    return answer
  end

  local function assert_error(answer, status, code, field)
    assert.equal(status, answer.status)
    local first = answer.json.errors[1]
    assert.equal(code, first.code)
    assert.equal(field, first.field)
    assert.is_string(first.message)
  end

  -- Each row: operation, status, method, path, body.
  local license_body = [[{"email":"a@example.com",
    "expires":"2030-01-01T00:00:00.000Z","opts":{}}]]
  local rows = {
    { "listConnectors", 200, "GET", "/v1/connectors" },
    { "listConnectors", 204, "GET", "/v1/connectors?skip=100" },
    { "createConnector", 201, "POST", "/v1/connectors", '{"name":"x"}' },
    { "createConnector", 422, "POST", "/v1/connectors", "{}" },
    { "getConnectorById", 200, "GET", FULL },
    { "getConnectorById", 400, "GET", BAD },
    { "getConnectorById", 404, "GET", UNKNOWN },
    { "updateConnector", 200, "PUT", FULL, '{"name":"x"}' },
    { "updateConnector", 400, "PUT", BAD, '{"name":"x"}' },
    { "updateConnector", 404, "PUT", UNKNOWN, '{"name":"x"}' },
    { "updateConnector", 422, "PUT", FULL, '{"name":1}' },
    { "deleteConnector", 204, "DELETE", FULL },
    { "deleteConnector", 400, "DELETE", BAD },
    { "deleteConnector", 404, "DELETE", UNKNOWN },
    { "getConnectorInstallBase", 200, "GET", FULL .. "/installBase" },
    { "getConnectorInstallBase", 204, "GET", DRAFT .. "/installBase" },
    { "getConnectorInstallBase", 400, "GET", BAD .. "/installBase" },
    { "getConnectorInstallBase", 404, "GET", UNKNOWN .. "/installBase" },
    { "pushConnectorUpdate", 200, "PUT", FULL .. "/update" },
    { "pushConnectorUpdate", 400, "PUT", BAD .. "/update" },
    { "pushConnectorUpdate", 404, "PUT", UNKNOWN .. "/update" },
    { "listConnectorLicenses", 200, "GET", FULL .. "/licenses" },
    { "listConnectorLicenses", 204, "GET", DRAFT .. "/licenses" },
    { "listConnectorLicenses", 400, "GET", BAD .. "/licenses" },
    { "listConnectorLicenses", 404, "GET", UNKNOWN .. "/licenses" },
    { "createConnectorLicense", 201, "POST", FULL .. "/licenses",
      license_body },
    { "createConnectorLicense", 404, "POST", UNKNOWN .. "/licenses",
      license_body },
    { "createConnectorLicense", 422, "POST", FULL .. "/licenses", "{}" },
    { "getConnectorLicenseById", 200, "GET", FULL .. LICENSE },
    { "getConnectorLicenseById", 400, "GET", FULL .. "/licenses/nine" },
    { "getConnectorLicenseById", 404, "GET", TRIAL .. LICENSE },
    { "updateConnectorLicense", 200, "PUT", FULL .. LICENSE, '{"opts":{}}' },
    { "updateConnectorLicense", 400, "PUT", BAD .. LICENSE, "{}" },
    { "updateConnectorLicense", 404, "PUT", UNKNOWN .. LICENSE, "{}" },
    { "updateConnectorLicense", 422, "PUT", FULL .. LICENSE,
      '{"expires":"soon"}' },
    { "deleteConnectorLicense", 204, "DELETE", FULL .. LICENSE },
    { "deleteConnectorLicense", 400, "DELETE", FULL .. "/licenses/nine" },
    { "deleteConnectorLicense", 404, "DELETE", TRIAL .. LICENSE },
    { "installConnector", 200, "POST", TRIAL .. "/install", "{}" },
    { "installConnector", 404, "POST", UNKNOWN .. "/install" },
    { "installConnector", 422, "POST", DRAFT .. "/install" },
    { "previewConnectorInstall", 200, "GET", TRIAL .. "/preview" },
    { "previewConnectorInstall", 404, "GET", BAD .. "/preview" },
    { "previewConnectorInstall", 422, "GET", DRAFT .. "/preview" },
  }

  for _, row in ipairs(rows) do
    local operation, status, method, path, body = table.unpack(row)
    it(("answers %s with %d"):format(operation, status), function()
      local answer = call(method, path, body)
      assert.equal(status, answer.status)
      if status >= 400 then assert.is_string(answer.json.errors[1].message) end
      local refused = call(method, path, body, "expired")
      assert.equal(401, refused.status)
      assert.same({ message = "Bearer Authentication Failed" },
        refused.json)
    end)
  end

  it("reaches every status that the contract documents", function()
    local reached, documented = {}, {}
    for _, row in ipairs(rows) do
      reached[row[1] .. " " .. row[2]] = true
      reached[row[1] .. " 401"] = true
    end
    for _, methods in pairs(contract.paths) do
      for _, operation in pairs(methods) do
        for status in pairs(operation.responses) do
          documented[operation.operationId .. " " .. status] = true
        end
      end
    end
    assert.same(documented, reached)
  end)

  -- The contract's schema in the form of `check.shapes`.
  local function shape_of(schema)
    if schema.oneOf then
      local types = {}
      for i, one in ipairs(schema.oneOf) do
        types[i] = one.type
      end
      return { types = types }
    end
    local shape = { types = { schema.type }, format = schema.format }
    shape.required = schema.required
    shape.items = schema.items and shape_of(schema.items)
    if schema.properties then
      shape.fields = {}
      for name, property in pairs(schema.properties) do
        shape.fields[name] = not property.readOnly and shape_of(property)
          or nil
      end
    end
    return shape
  end

  for _, name in ipairs { "Connector", "License", "LicenseCreateRequest" } do
    it("checks bodies by the contract's shape of a " .. name, function()
      local shape = shape_of(contract.components.schemas[name])
      if name == "Connector" then
        shape.trial_rule = true
        shape.fields.contactEmail.format = "list of emails" -- the service holds lists
      end
      assert.same(shape, check.shapes[name])
    end)
  end

  it("gives members back exactly as they were sent", function()
    local members = '"float":1.0,"exp":1E2,"big":9223372036854775807,'
      .. '"none":null,"empty":[],"object":{},"deep":[[[{"a":[]}]]],'
      .. [["text":"\u0000\ud834\udd1e\ud800 \/","é":true,"\ud800":1,]]
      .. '"spaced":[ 1 , 2 ]'
    for _, answer in ipairs {
      call("POST", "/v1/connectors", '{"name":"n",' .. members .. "}"),
      call("PUT", FULL, '{"name":"n",' .. members .. "}"),
    } do
      assert.is_true(answer.status < 300)
      assert.is_truthy(answer.body:find(members, 1, true))
    end
  end)

  it("makes ids, handle, dates and counts itself", function()
    local sent = [[{"_id":"mine","handle":"mine","numInstalls":7,]]
      .. [["lastModified":"mine","name":"n"}]]
    local made = call("POST", "/v1/connectors", sent).json
    assert.is_truthy(made._id:match("^%x+$"))
    assert.equal(24, #made._id)
    assert.equal(0, made.numInstalls)
    assert.not_equal("mine", made.handle)
    assert.is_truthy(made.lastModified:match(
      "^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%.%d%d%dZ$"))
    local put = call("PUT", "/v1/connectors/" .. made._id, sent).json
    assert.equal(made._id, put._id)
    assert.equal(made.handle, put.handle)
    assert.equal(0, put.numInstalls)
    local again = call("POST", "/v1/connectors", sent).json
    assert.not_equal(made._id, again._id)
  end)

  it("replaces a connector whole", function()
    local before = call("GET", FULL).json
    assert.is_string(before.description)
    call("PUT", FULL, '{"name":"renamed"}')
    local after = call("GET", FULL).json
    assert.equal("renamed", after.name)
    assert.is_nil(after.description)
    assert.equal(before.numInstalls, after.numInstalls)
  end)

  it("forgets what was deleted", function()
    call("DELETE", FULL .. LICENSE)
    assert_error(call("GET", FULL .. LICENSE), 404, "invalid_ref",
      "_licenseId")
    assert.equal(3, #call("GET", FULL .. "/licenses").json)
    call("DELETE", FULL)
    assert_error(call("DELETE", FULL), 404, "invalid_ref", "_id")
    assert.equal(3, #call("GET", "/v1/connectors").json)
  end)

  it("names all that is wrong with a body", function()
    local answer = call("POST", "/v1/connectors",
      '{"trialEnabled":true,"applications":["a",1],'
      .. '"contactEmail":"nowhere","published":null}')
    local fields = {}
    for _, entry in ipairs(answer.json.errors) do
      fields[entry.field] = entry.code or "no code is known"
    end
    assert.same({
      ["applications[1]"] = "no code is known",
      contactEmail = "no code is known",
      name = "missing_required_field",
      _trialLicenseId = "missing_required_field",
      trialPeriod = "missing_required_field",
    }, fields)
  end)

  it("tells arrays from objects", function()
    assert_error(call("PUT", FULL, '{"name":"n","applications":{}}'), 422,
      nil, "applications")
    assert_error(call("PUT", FULL, '{"name":"n","oAuthServerFlow":[]}'), 422,
      nil, "oAuthServerFlow")
  end)

  it("refuses what is no JSON", function()
    for _, text in ipairs { "{", "nonsense", '{"name":01}', '{"a":"\xff"}' }
    do
      assert_error(call("POST", "/v1/connectors", text), 400)
    end
  end)

  it("knows no user whose address begins with unknown", function()
    local answer = call("POST", FULL .. "/licenses", (license_body:gsub(
      "a@example", "unknown.person@example")))
    assert_error(answer, 422, "invalid_user", "email")
  end)

  it("gives a new license a user of an address alone", function()
    local made = call("POST", DRAFT .. "/licenses", license_body).json
    assert.same({ email = "a@example.com" }, made.user)
    assert.is_nil(made.email)
    assert.equal("2030-01-01T00:00:00.000Z", made.expires)
    assert.is_string(made.created)
    assert.equal(made._id, call("GET", DRAFT .. "/licenses").json[1]._id)
  end)

  it("keeps a license's user and creation through a PUT", function()
    local before = call("GET", FULL .. LICENSE).json
    local after = call("PUT", FULL .. LICENSE,
      '{"created":"2001-01-01T00:00:00Z","opts":{"a":[]},'
      .. '"expires":"2031-01-01T00:00:00Z"}')
    assert.equal(before.created, after.json.created)
    assert.same(before.user, after.json.user)
    assert.equal("2031-01-01T00:00:00Z", after.json.expires)
    assert.is_truthy(after.body:find('"opts":{"a":[]}', 1, true))
  end)

  it("installs: a license comes into use, the count goes up", function()
    local before = call("GET", TRIAL).json.numInstalls
    local result = call("POST", TRIAL .. "/install", '{"sandbox":true}').json
    local used
    for _, license in ipairs(call("GET", TRIAL .. "/licenses").json) do
      if license._integrationId == result._integrationId then used = license end
    end
    assert.is_nil(used.trialLicenseTemplate)
    assert.not_equal("integrationAppChild", used.type)
    assert.is_string(used.user._id)
    assert.is_string(used.user.name)
    assert.equal(before + 1, call("GET", TRIAL).json.numInstalls)
    local base = call("GET", TRIAL .. "/installBase").json
    assert.same({
      _integrationId = result._integrationId, name = "Parcel Tracker",
      email = used.user.email, sandbox = true, version = "1.0.0",
      updateInProgress = false,
    }, base[#base])
  end)

  it("installs no connector of the older framework", function()
    assert_error(call("POST", FULL .. "/install"), 422,
      "invalid_integration_app", "_integrationId")
  end)

  it("has records that look like the service's", function()
    local text = call("GET", FULL).body
    for _, part in ipairs {
      '"_sharedImportIds":[]', '"_id":false', '"imageURL":"/images/',
      '"settings":{}',
    } do
      assert.is_truthy(text:find(part, 1, true), part)
    end
    local licenses = call("GET", FULL .. "/licenses").json
    assert.is_string(licenses[1].user.name)
    assert.is_string(licenses[1]._integrationId)
    assert.is_nil(licenses[4].user.name)
    assert.is_nil(licenses[4]._integrationId)
  end)

  it("tells whose a token is", function()
    assert.is_string(call("GET", "/v1/tokenInfo").json._userId)
  end)
end)
