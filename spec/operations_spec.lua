-- The operation table against the service's contract, and each operation
-- against the sandbox and against every status that the contract documents.

local celigo = require "celigo"
local probe = require "tables_probe"
local fault = require "spec.support.fault_server"
local http = require "spec.support.http"
local sandbox = require "celigo.sandbox"

local function read_contract()
  local file <close> = assert(io.open(
    "spec/contract/connectors.openapi.json", "rb"))
  return assert(celigo.json.decode(file:read("a")))
end

local function snake(name)
  return (name:gsub("%u", function(c) return "_" .. c:lower() end))
end

-- The contract's operations: path and HTTP method beside what it says.
local function documented()
  local list = {}
  for path, methods in pairs(read_contract().paths) do
    for method, operation in pairs(methods) do
      operation.path, operation.method = path, method:upper()
      list[snake(operation.operationId)] = operation
    end
  end
  return list
end

local contract = documented()
local rows = {}
for _, row in ipairs(probe.operations()) do
  rows[row.name] = row
end

local names = {}
for name in pairs(contract) do
  names[#names + 1] = name
end
table.sort(names)

local function success_statuses(operation)
  local statuses = {}
  for status in pairs(operation.responses) do
    if status:find("^2") then statuses[#statuses + 1] = math.tointeger(tonumber(status)) end
  end
  table.sort(statuses)
  return statuses
end

describe("the operation table", function()
  it("has the contract's operations and no others", function()
    local listed = {}
    for _, row in ipairs(probe.operations()) do
      listed[#listed + 1] = row.name
    end
    table.sort(listed)
    assert.same(names, listed)
    assert.equal(14, #listed)
  end)

  for _, name in ipairs(names) do
    describe(name, function()
      local row, operation = rows[name], contract[name]

      it("has the contract's method and path", function()
        assert.equal(operation.method, row.method)
        assert.equal(operation.path, row.path)
      end)

      it("takes the contract's parameters", function()
        local ids = {}
        for _, parameter in ipairs(operation.parameters or {}) do
          assert.equal("path", parameter["in"])
          assert.is_true(parameter.required)
          ids[#ids + 1] = parameter.name
        end
        local in_path = {}
        for id in row.path:gmatch("{(.-)}") do
          in_path[#in_path + 1] = id
        end
        assert.same(ids, in_path)
        assert.equal(#ids, row.ids)
      end)

      it("takes the contract's body", function()
        local body = operation.requestBody
        assert.equal(not body and "none"
          or body.required and "required" or "optional", row.body)
      end)

      it("knows the contract's success statuses", function()
        assert.same(success_statuses(operation), row.success)
      end)

      it("answers with what the contract's response holds", function()
        local ok = operation.responses["200"] or operation.responses["201"]
        local media = ok and ok.content
          and ok.content["application/json"]
        local expected = "record"
        if media and media.schema.type == "array" then
          expected = "list"
        elseif not ok then
          expected = "true"
        end
        assert.equal(expected, row.answer)
      end)
    end)
  end

  it("repeats only what may be repeated", function()
    local never = {
      create_connector = true, create_connector_license = true,
      install_connector = true, push_connector_update = true,
    }
    for name, row in pairs(rows) do
      assert.equal(never[name] and "never"
        or row.method == "DELETE" and "delete" or "safe",
        row["repeat"], name)
    end
  end)

  it("gives the slow operations their time", function()
    local slow = { install_connector = 360, push_connector_update = 360,
      preview_connector_install = 360 }
    for name, row in pairs(rows) do
      assert.equal(slow[name] or 0, row.timeout, name)
    end
  end)

  it("is a copy: what is done to it changes nothing", function()
    probe.operations()[1].path = "/elsewhere"
    assert.same(rows.list_connectors, probe.operations()[1])
  end)
end)

local ID = "54fa0b38a7044f9252000036"
local INSTALL = "54fa0b38a7044f9254000001"
local LICENSE = "54fa0b38a7044f9253000001"
local NEWER = "54fa0b38a7044f9252000037" -- of the framework that installs here

-- What each method is called with, and what it must send; the order of
-- members is not fixed.
local LICENSE_BODY = { email = "zoe@example.com", opts = {},
  expires = "2030-01-31T00:00:00.000Z" }
local calls = {
  list_connectors = { n = 0 },
  create_connector = { { name = "New" }, sent = '{"name":"New"}' },
  get_connector_by_id = { ID },
  update_connector = { ID, { name = "Renamed", _id = "x" },
    sent = '{"name":"Renamed"}' },
  delete_connector = { ID },
  get_connector_install_base = { ID },
  push_connector_update = { ID, { _integrationIds = { INSTALL } },
    sent = '{"_integrationIds":["' .. INSTALL .. '"]}' },
  list_connector_licenses = { ID },
  create_connector_license = { ID, LICENSE_BODY,
    sent = '{"email":"zoe@example.com",'
      .. '"expires":"2030-01-31T00:00:00.000Z","opts":{}}' },
  get_connector_license_by_id = { ID, LICENSE },
  update_connector_license = { ID, LICENSE,
    { expires = "2031-01-31T00:00:00.000Z" },
    sent = '{"expires":"2031-01-31T00:00:00.000Z"}' },
  delete_connector_license = { ID, LICENSE },
  install_connector = { NEWER, { anything = { 1 } },
    sent = '{"anything":[1]}' },
  preview_connector_install = { NEWER },
}

local function call(client, name, options)
  local arguments = { table.unpack(calls[name]) }
  arguments[#arguments + 1] = options
  return client[name](client, table.unpack(arguments))
end

describe("operations", function()
  local server, client

  before_each(function()
    server = sandbox.start { journal = true }
    client = celigo.new { base_url = server.url, token = "test" }
  end)

  after_each(function()
    client:close()
    server:stop()
  end)

  -- The one request that the sandbox has received.
  local function received()
    local requests = http.journal(server.url)
    assert.equal(1, #requests)
    return requests[1]
  end

  -- The same text but for the order of members.
  local function assert_same_text(expected, text)
    if expected == text then return end
    assert.equal(#expected, #text, text)
    assert.same(celigo.json.decode(expected), celigo.json.decode(text))
  end

  for _, name in ipairs(names) do
    it(name .. " sends its method, path and body to the byte", function()
      local value, response = assert(call(client, name))
      local request = received()
      local row = rows[name]
      local ids = { calls[name][1], LICENSE }
      local n = 0
      assert.equal(row.method, request.method)
      assert.equal(row.path:gsub("{.-}", function()
        n = n + 1
        return ids[n]
      end), request.target)
      assert_same_text(calls[name].sent or "", request.body)
      assert.equal(calls[name].sent and "application/json" or nil,
        request.headers["content-type"])
      assert.equal(1, response.attempts)
      assert.is_not_nil(value)
    end)
  end

  it("list every record", function()
    local connectors, response = assert(client:list_connectors())
    assert.equal(4, #connectors)
    assert.equal("Storefront to Ledger", connectors[1].name)
    assert.equal(200, response.status)
    assert.equal(4, #client:list_connector_licenses(ID))
    assert.equal(3, #client:get_connector_install_base(ID))
  end)

  it("create, read, change and delete a connector", function()
    local made, response = assert(client:create_connector { name = "Mine" })
    assert.equal(201, response.status)
    assert.equal("Mine", made.name)
    assert.equal("[]", celigo.json.encode(made._sharedImportIds))
    made.name = "Yours"
    local changed = assert(client:update_connector(made._id, made))
    assert.equal("Yours", changed.name)
    assert.equal(made._id, changed._id)
    assert.equal("Yours", client:get_connector_by_id(made._id).name)
    local gone, answer = client:delete_connector(made._id)
    assert.is_true(gone)
    assert.equal(204, answer.status)
    local nothing, err = client:get_connector_by_id(made._id)
    assert.is_nil(nothing)
    assert.equal(404, err.status)
    assert.is_true(err:has("invalid_ref"))
  end)

  it("create, read, change and delete a license", function()
    local made, response =
      assert(client:create_connector_license(ID, LICENSE_BODY))
    assert.equal(201, response.status)
    assert.equal("zoe@example.com", made.user.email)
    local changed = assert(client:update_connector_license(
      ID, made._id, { expires = "2031-01-01T00:00:00.000Z",
        opts = { connectorEdition = "premium" } }))
    assert.equal("premium", changed.opts.connectorEdition)
    assert.equal("2031-01-01T00:00:00.000Z",
      client:get_connector_license_by_id(ID, made._id).expires)
    assert.is_true(client:delete_connector_license(ID, made._id))
    local _, err = client:get_connector_license_by_id(ID, made._id)
    assert.equal(404, err.status)
  end)

  it("push an update with and without a body", function()
    for _, body in ipairs { false, {}, { _integrationIds = { INSTALL } } }
    do
      local value, response =
        client:push_connector_update(ID, body or nil)
      assert.is_true(value)
      assert.equal(200, response.status)
    end
    local bodies = {}
    for i, request in ipairs(http.journal(server.url)) do
      bodies[i] = request.body
    end
    assert.same({ "", "{}", '{"_integrationIds":["' .. INSTALL .. '"]}' }, bodies)
  end)

  it("take options after a body that is left out", function()
    assert(client:install_connector(NEWER, nil, { query = { a = 1 } }))
    assert.equal("a=1", received().query)
  end)

  it("preview and install", function()
    assert.is_table(assert(client:preview_connector_install(NEWER)))
    local id = assert(client:install_connector(NEWER))._integrationId
    local base = client:get_connector_install_base(NEWER)
    assert.equal(id, base[#base]._integrationId)
  end)
end)

describe("every status of the contract:", function()
  local server, client

  setup(function()
    server = fault.start()
    client = celigo.new { base_url = server.url, token = "test",
      max_retries = 0, rate_limit = false }
  end)

  teardown(function()
    client:close()
    server:stop()
  end)

  local record = '{"_id":"1","name":"n"}'

  local function check_success(name, status)
    local answer = rows[name].answer
    local empty = status == 204
    local body = not empty and (answer == "list" and "[" .. record .. "]"
      or record) or nil
    server:script { { status = status, body = body } }
    local value, response = call(client, name)
    assert.equal(status, response.status)
    if answer == "true" or empty and answer == "record" then
      assert.is_true(value)
    elseif empty then
      assert.equal("[]", celigo.json.encode(value))
    elseif answer == "list" then
      assert.same({ { _id = "1", name = "n" } }, value)
    else
      assert.same({ _id = "1", name = "n" }, value)
    end
  end

  local function check_failure(name, status)
    local bare = status == 401
    server:script { {
      status = status,
      body = bare and '{"message":"Unauthorized"}'
        or '{"errors":[{"code":"some_code","message":"Some words.",'
          .. '"field":"a.b","source":"application"}]}',
    } }
    local value, err = call(client, name)
    assert.is_nil(value)
    assert.is_true(celigo.is_error(err))
    assert.equal("http", err.kind)
    assert.equal(status, err.status)
    assert.equal(name, err.operation)
    assert.equal(rows[name].method, err.method)
    assert.equal(bare and "unauthorized" or "some_code", err.code)
    assert.equal(bare and "Unauthorized" or "Some words.", err.message)
    assert.equal(not bare and "a.b" or nil, err.field)
    assert.is_false(err.maybe_applied)
    assert.is_false(err.retryable)
  end

  for _, name in ipairs(names) do
    local statuses = {}
    for status in pairs(contract[name].responses) do
      statuses[#statuses + 1] = math.tointeger(tonumber(status))
    end
    table.sort(statuses)
    for _, status in ipairs(statuses) do
      it(("%s, %d"):format(name, status), function()
        local check = status < 300 and check_success or check_failure
        check(name, status)
      end)
    end

    it(name .. ", 2xx without a body", function()
      for _, status in ipairs { 200, 201, 202, 204 } do
        server:script { { status = status } }
        local value = assert(call(client, name))
        if rows[name].answer == "list" then
          assert.equal("[]", celigo.json.encode(value))
        else
          assert.is_true(value)
        end
      end
    end)
  end

  it("a DELETE is true whatever its 2xx carries", function()
    for _, body in ipairs { '{"a":1}', "[]", "null", "no JSON at all" } do
      server:script { { status = 200, body = body } }
      assert.is_true((client:delete_connector("1")))
      assert.is_true((client:delete_connector_license("1", "2")))
      assert.is_true((client:request { method = "DELETE", path = "/x" }))
    end
  end)

  it("a pushed update gives the body that the service sends", function()
    server:script { { status = 200, body = '{"queued":2}' } }
    assert.same({ queued = 2 }, (client:push_connector_update("1")))
  end)
end)
