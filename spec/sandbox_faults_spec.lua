-- Failures that the sandbox rehearses: rules by option, by method and over
-- HTTP; what the client makes of them; what the sandbox says was done.

local celigo = require "celigo"
local http = require "spec.support.http"
local sandbox = require "celigo.sandbox"

local ID <const> = "54fa0b38a7044f9252000036"
local LICENSE <const> = "54fa0b38a7044f9253000001"

describe("a rule of the sandbox", function()
  local server, client

  setup(function() server = sandbox.start { update_seconds = 0, seed = { installs = 5 } } end)

  teardown(function() server:stop() end)

  before_each(function()
    server:reset()
    client = celigo.new { base_url = server.url, token = server.token, max_retries = 0 }
  end)

  after_each(function() client:close() end)

  local function rename(name)
    return client:update_connector(ID, { name = name })
  end

  local function name_of(id)
    return assert(client:get_connector_by_id(id)).name
  end

  it("hits one request, of any operation, unless it says otherwise", function()
    server:fault { status = 503 }
    local _, err = client:list_connectors()
    assert.equal(503, err.status)
    assert(client:list_connectors())
  end)

  it("hits an operation by the method's name or the operationId", function()
    for _, name in ipairs { "get_connector_by_id", "getConnectorById" } do
      server:fault { operation = name, status = 500 }
      assert(client:list_connectors())
      assert(client:request { path = "/v1/tokenInfo" })
      local _, err = client:get_connector_by_id(ID)
      assert.equal(500, err.status)
      assert(client:get_connector_by_id(ID))
    end
  end)

  it("hits what is none of the operations as request", function()
    server:fault { operation = "request", status = 403, body = '{"message":"no"}' }
    assert(client:list_connectors())
    local _, err = client:request { path = "/v1/tokenInfo" }
    assert.equal(403, err.status)
    assert.equal("no", err.message)
  end)

  it("lets so many pass, then hits so many", function()
    server:fault { operation = "list_connectors", after = 2, times = 3, status = 500 }
    local statuses = {}
    for i = 1, 7 do
      assert(client:get_connector_by_id(ID))
      local value, other = client:list_connectors()
      statuses[i] = other.status
      assert.equal(other.status == 200, value ~= nil)
    end
    assert.same({ 200, 200, 500, 500, 500, 200, 200 }, statuses)
  end)

  it("hits all of them where times is false", function()
    server:fault { times = false, status = 500 }
    for _ = 1, 20 do assert.is_nil((client:list_connectors())) end
  end)

  it("takes its turn after those that came before it", function()
    server:fault { status = 500 }
    server:fault { status = 502 }
    server:fault { after = 3, status = 504 }
    local statuses = {}
    for i = 1, 5 do
      local _, other = client:list_connectors()
      statuses[i] = other.status
    end
    assert.same({ 500, 502, 200, 504, 200 }, statuses)
  end)

  describe("answers", function()
    it("in the service's envelope", function()
      server:fault { status = 422, code = "invalid_user", message = "No such user." }
      local _, err = client:list_connectors()
      assert.equal("invalid_user", err.code)
      assert.equal("No such user.", err.message)
      assert.equal(1, #err.errors)
    end)

    it("with a code that is an integer", function()
      server:fault { status = 422, code = 404, message = "upstream" }
      assert.equal(404, (select(2, client:list_connectors())).code)
    end)

    it("with a bare message where it is a 401", function()
      server:fault { status = 401 }
      assert.equal('{"message":"Bearer Authentication Failed"}', (select(2, client:list_connectors())).body)
    end)

    it("with a 429 and when to come back", function()
      server:fault { retry_after = 7 }
      local _, err = client:list_connectors()
      assert.same({ 429, "rate_limited", 7 }, { err.status, err.code, err.retry_after })
      server:fault { status = 503, retry_after = "Wed, 21 Oct 2037 07:28:00 GMT" }
      local answer = http.request(server.url, { path = "/v1/connectors" })
      assert.equal("Wed, 21 Oct 2037 07:28:00 GMT", answer.headers["retry-after"])
    end)

    it("with a body as it is", function()
      local bodies = {
        ["<html>Bad Gateway</html>"] = "text/html; charset=utf-8",
        ["not { JSON"] = "text/plain; charset=utf-8",
        ["\xff\0\r\n\xfe"] = "text/plain; charset=utf-8",
        ['{"error":"odd"}'] = "application/json; charset=utf-8",
      }
      for body, content_type in pairs(bodies) do
        server:fault { status = 502, body = body }
        local _, err = client:list_connectors()
        assert.equal(502, err.status)
        assert.equal(body, err.body)
        assert.equal(content_type, err.headers["content-type"])
      end
      server:fault { body = "not { JSON" }
      local _, err = client:list_connectors()
      assert.equal("decode", err.kind)
      assert.equal(200, err.status)
    end)

    it("late, and as ever", function()
      server:fault { delay = 0.3 }
      local _, err = client:list_connectors { timeout = 0.05 }
      assert.equal("timeout", err.kind)
      assert(client:list_connectors())
      server:fault { delay = 0.01 }
      assert.equal(4, #assert(client:list_connectors()))
    end)
  end)

  describe("ends the connection", function()
    for _, close in ipairs { "before", "head", "body" } do
      it(close, function()
        for _, applied in ipairs { true, false } do
          server:reset()
          server:fault { close = close, applied = applied }
          local _, err = rename "new"
          assert.equal("network", err.kind)
          assert.is_true(err.maybe_applied)
          assert.equal(applied, name_of(ID) == "new")
          local first = server:journal()[1]
          assert.equal(applied, first.applied)
          assert.is_nil(first.status)
        end
      end)
    end

    it("in the middle of an answer that has no body", function()
      server:fault { operation = "push_connector_update", close = "body", applied = true }
      local _, err = client:push_connector_update(ID)
      assert.equal("network", err.kind)
      server:fault { operation = "delete_connector", close = "body", applied = true }
      _, err = client:delete_connector(ID)
      assert.equal("network", err.kind)
      assert.equal(404, (select(2, client:get_connector_by_id(ID))).status)
    end)
  end)

  describe("shows both fates of a lost write:", function()
    for _, applied in ipairs { true, false } do
      it("applied = " .. tostring(applied), function()
        server:fault { operation = "createConnectorLicense", status = 504, applied = applied }
        local before = #assert(client:list_connector_licenses(ID))
        local _, err = client:create_connector_license(ID, {
          email = "grace@example.com", expires = "2040-01-01T00:00:00.000Z", opts = {},
        })
        assert.equal(504, err.status)
        assert.equal(before + (applied and 1 or 0), #assert(client:list_connector_licenses(ID)))
      end)
    end

    it("a DELETE that was done is a success when it is repeated", function()
      server:fault { operation = "delete_connector", status = 503, applied = true }
      local value, response = client:delete_connector(ID, { max_retries = 2 })
      assert.is_true(value)
      assert.equal(2, response.attempts)
    end)
  end)

  it("leaves members of a write out in silence, and no other request", function()
    server:fault { drop = { "description", "websiteURL" } }
    local answer, response = client:edit_connector(ID, function(connector)
      connector.name, connector.description = "kept", "dropped"
    end)
    assert.equal("kept", answer.name)
    assert.is_nil(answer.description)
    table.sort(response.dropped)
    assert.same({ "description", "websiteURL" }, response.dropped)
    server:fault { operation = "update_connector_license", drop = { "expires" } }
    local license = assert(client:update_connector_license(ID, LICENSE, { expires = "2040-01-01T00:00:00.000Z" }))
    assert.is_nil(license.expires)
  end)

  it("can also be given when the sandbox starts", function()
    local other <close> = sandbox.start { faults = { { times = 2, status = 500 }, { status = 502 } } }
    local own <close> = celigo.new { base_url = other.url, token = other.token, max_retries = 0 }
    local function statuses()
      local list = {}
      for i = 1, 4 do list[i] = (select(2, own:list_connectors())).status end
      return list
    end
    assert.same({ 500, 500, 502, 200 }, statuses())
    other:fault { times = false, status = 503 }
    other:reset()
    assert.same({ 500, 500, 502, 200 }, statuses())
    other:reset()
    assert.equal(204, http.request(other.url, { method = "DELETE", path = "/__faults" }).status)
    assert.same({ 200, 200, 200, 200 }, statuses())
  end)

  it("comes over HTTP, too", function()
    local function post(rule)
      return http.request(server.url, { method = "POST", path = "/__faults", body = rule, token = false })
    end
    assert.equal(204, post('{"operation":"listConnectors","status":422,"times":1.0,"code":null}').status)
    assert.equal(422, (select(2, client:list_connectors())).status)
    for rule, part in pairs {
      ['{"staus":500}'] = "unknown field 'staus' in a rule; there are: after, applied, ",
      ['{"status":"500"}'] = "status of a rule must be an integer from 200 to 599",
      ['{"status":500,"times":0}'] = "times of a rule must be an integer from 1, or false",
      ['{"status":500,"operation":"nope"}'] = "operation of a rule must be the name of a method",
      ["{}"] = "a rule must say what happens",
      ["[1]"] = "a rule must be an object",
      ["{"] = "the rule is no valid JSON",
      ['{"body":"\\ud800"}'] = "the rule is no valid JSON",
    } do
      local answer = post(rule)
      assert.equal(400, answer.status, rule)
      assert.is_truthy(celigo.json.decode(answer.body).message:find(part, 1, true), answer.body)
    end
    assert(client:list_connectors())
    local answer = http.request(server.url, { path = "/__faults" })
    assert.equal(405, answer.status)
    assert.equal("DELETE, POST", answer.headers.allow)
  end)

  it("that is wrong raises where it is given", function()
    for _, rule in ipairs {
      { staus = 500 }, {}, { applied = true }, { status = 99 }, { status = 500, after = -1 }, { close = "tail" },
      { drop = {} }, { drop = { 1 } }, { drop = "name" }, { delay = -1 }, { status = 500, retry_after = "\r\nX: 1" },
      { body = 5 }, { status = 500, applied = 1 }, 5,
    } do
      local good, message = pcall(function() server:fault(rule) end)
      assert.is_false(good)
      assert.is_truthy(message:find "^spec/sandbox_faults_spec%.lua:%d+: celigo%.sandbox: ", message)
    end
    local good, message = pcall(function() sandbox.start { faults = { { status = 500 }, { staus = 1 } } } end)
    assert.is_false(good)
    assert.is_truthy(message:find("option 'faults': unknown field 'staus'", 1, true), message)
    assert.has_error(function() sandbox.start { faults = { status = 500 } } end)
    assert(client:list_connectors())
  end)
end)

describe("the sandbox's journal", function()
  it("tells what arrived, what was answered and what was done", function()
    local server <close> = sandbox.start { faults = { { operation = "update_connector", status = 503 } } }
    local client <close> = celigo.new { base_url = server.url, token = server.token, retry_base = 0.01 }
    assert(client:update_connector(ID, { name = "n" }))
    local _, err = client:create_connector({}, { validate = false })
    assert.equal(422, err.status)
    local told = {}
    for i, request in ipairs(server:journal()) do
      told[i] = { request.method, request.operation, request.status, request.applied }
    end
    assert.same({
      { "PUT", "update_connector", 503, false }, { "PUT", "update_connector", 200, true },
      { "POST", "create_connector", 422, false },
    }, told)
    assert.equal('{"name":"n"}', server:journal()[2].body)
  end)

  it("is JSON, whatever arrived", function()
    local server <close> = sandbox.start { seed = false }
    local connection <close> = http.connect(server.url)
    connection:send("POST /v1/\xff?\xe2\x82 HTTP/1.1\r\nHost: x\r\nX-Odd: \xfe\r\n"
      .. "Content-Length: 4\r\n\r\n\xc3\xa9\xff\0")
    assert.equal(401, connection:receive().status)
    local answer = http.request(server.url, { path = "/__journal" })
    local request = assert(celigo.json.decode(answer.body)).requests[1]
    assert.equal("/v1/\u{FFFD}?\u{FFFD}\u{FFFD}", request.target)
    assert.equal("\u{FFFD}", request.headers["x-odd"])
    assert.equal("é\u{FFFD}\0", request.body)
  end)

  it("keeps the last 10,000", function()
    local server <close> = sandbox.start { seed = false }
    local connection <close> = http.connect(server.url)
    local request = "GET /v1/tokenInfo?%d HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n\r\n"
    for i = 1, 10001, 73 do
      local burst = {}
      for n = i, math.min(i + 72, 10001) do burst[#burst + 1] = request:format(n) end
      connection:send(table.concat(burst))
      for _ = 1, #burst do assert.equal(200, connection:receive().status) end
    end
    local journal = server:journal()
    assert.equal(10000, #journal)
    assert.equal("2", journal[1].query)
    assert.equal("10001", journal[10000].query)
  end)

  it("can be left out", function()
    local server <close> = sandbox.start { journal = false }
    assert.equal(200, http.request(server.url, { path = "/v1/connectors" }).status)
    assert.has_error(function() server:journal() end, "celigo.sandbox: the option journal is false")
  end)
end)

describe("a reset of the sandbox", function()
  it("brings records and ids back, and forgets the journal", function()
    local server <close> = sandbox.start { update_seconds = 0 }
    local client <close> = celigo.new { base_url = server.url, token = server.token }
    local function everything()
      local all = {}
      for _, connector in ipairs(assert(client:list_connectors())) do
        connector.lastModified = nil
        all[#all + 1] = celigo.json.encode(connector, { sort = true })
        all[#all + 1] = celigo.json.encode(client:get_connector_install_base(connector._id), { sort = true })
        for _, license in ipairs(client:list_connector_licenses(connector._id)) do all[#all + 1] = license._id end
      end
      return all
    end
    local before = everything()
    local made = assert(client:create_connector { name = "new" })._id
    assert(client:delete_connector(ID))
    assert(client:push_connector_update "54fa0b38a7044f9252000037")
    assert.not_same(before, everything())
    server:reset()
    assert.same({}, server:journal())
    assert.same(before, everything())
    assert.equal(made, assert(client:create_connector { name = "another" })._id)
    assert.equal(204, http.request(server.url, { method = "POST", path = "/__reset", token = false }).status)
    assert.same(before, everything())
  end)

  it("is what every start is", function()
    local ids = {}
    for i = 1, 2 do
      local server <close> = sandbox.start { seed = { connectors = 6, installs = 9 } }
      local client <close> = celigo.new { base_url = server.url, token = server.token }
      local own = {}
      for connector in client:each_connector() do
        own[#own + 1] = connector._id
        for license in client:each_connector_license(connector._id) do own[#own + 1] = license._id end
        for row in client:each_connector_install(connector._id) do own[#own + 1] = row._integrationId end
      end
      own[#own + 1] = client:create_connector({ name = "x" })._id
      ids[i] = own
    end
    assert.same(ids[1], ids[2])
  end)

  it("raises where the sandbox has been stopped", function()
    local server = sandbox.start()
    server:stop()
    for _, method in ipairs { "reset", "journal" } do
      assert.has_error(function() server[method](server) end, "celigo.sandbox: the sandbox has been stopped")
    end
  end)
end)
