-- Another codec in place of celigo.json.

local cjson = require "cjson"
local celigo = require "celigo"
local fault = require "spec.support.fault_server"
local sandbox = require "celigo.sandbox"

local ID = "54fa0b38a7044f9252000036"

describe("json = require \"cjson\"", function()
  local server, client

  setup(function()
    server = sandbox.start()
    client = celigo.new { base_url = server.url, token = "t", json = cjson }
  end)

  teardown(function()
    client:close()
    server:stop()
  end)

  it("serves every sort of operation", function()
    assert.equal(4, #client:list_connectors())
    assert.is_string(client:install_connector("54fa0b38a7044f9252000037")._integrationId)
    local record = assert(client:get_connector_by_id(ID))
    assert.equal("Storefront to Ledger", record.name)
    record.name = "Renamed"
    local changed, response = client:update_connector(ID, {
      name = "Renamed", _id = ID, lastModified = record.lastModified })
    assert.equal("Renamed", changed.name)
    assert.equal(200, response.status)
    local license = assert(client:create_connector_license(ID, {
      email = "zoe@example.com", expires = "2030-01-01T00:00:00.000Z",
      opts = { connectorEdition = "premium" } }))
    assert.equal("zoe@example.com", license.user.email)
    assert.is_true(client:delete_connector_license(ID, license._id))
    assert.is_true(client:push_connector_update(ID))
  end)

  it("does not change what an error holds", function()
    local value, err = client:get_connector_by_id(("0"):rep(24))
    assert.is_nil(value)
    assert.equal("invalid_ref", err.code)
    assert.equal(1, #err.errors)
  end)

  it("has its own null", function()
    local record = client:get_connector_by_id("54fa0b38a7044f9252000037")
    assert.equal(cjson.null, record._parentId)
    assert.equal(celigo.null, record._parentId)
  end)
end)

describe("a codec", function()
  local server

  setup(function() server = fault.start() end)
  teardown(function() server:stop() end)
  before_each(function() server:script { { body = '{"a":1}' } } end)

  local function make(codec)
    return celigo.new { base_url = server.url, token = "t", json = codec,
      max_retries = 0 }
  end

  it("sees each body once, whole", function()
    local seen = {}
    local client <close> = make {
      encode = function(...)
        seen[#seen + 1] = { "encode", ... }
        return "text of a body"
      end,
      decode = function(...)
        seen[#seen + 1] = { "decode", ... }
        return { decoded = true }
      end,
    }
    local value = assert(client:request { method = "PUT", path = "/x",
      body = { b = 2 } })
    assert.same({ decoded = true }, value)
    assert.equal("text of a body", server:requests()[1].body)
    assert.same({ { "encode", { b = 2 } }, { "decode", '{"a":1}' } }, seen)
  end)

  it("is asked for no body where there is none", function()
    local client <close> = make { encode = error, decode = error }
    server:script { { status = 204 } }
    assert.is_true(client:get_connector_by_id("a"))
    assert.is_true(client:install_connector("a"))
    assert.equal("[]", celigo.json.encode((client:list_connectors())))
    server:script { { status = 200, body = "not for the codec" } }
    assert.is_true(client:delete_connector("a"))
    server:script { { status = 404, body = '{"message":"m"}' } }
    assert.equal("m", select(2, client:get_connector_by_id("a")).message)
  end)

  it("gets a body without its read-only members, after validation",
    function()
      local bodies = {}
      local client <close> = make {
        encode = function(value)
          bodies[#bodies + 1] = value
          return cjson.encode(value)
        end,
        decode = cjson.decode,
      }
      local body = { name = "n", _id = "x", handle = "h", numInstalls = 1,
        lastModified = "l", user = { _id = "u" } }
      assert(client:update_connector("a", body))
      assert.same({ { name = "n", user = { _id = "u" } } }, bodies)
      assert.equal("x", body._id)
      local value, err = client:update_connector("a", { _id = "x" })
      assert.is_nil(value)
      assert.equal("validation", err.kind)
      assert.equal(1, #bodies)
      assert(client:update_connector("a", { _id = "x", published = 5 },
        { validate = false }))
      assert.same({ published = 5 }, bodies[2])
    end)

  -- What a codec may do wrong when it encodes.
  for how, encode in pairs {
    raises = function() error("my words", 0) end,
    ["raises a table"] = function()
      error(setmetatable({}, { __tostring = function()
        return "my words"
      end }))
    end,
    ["returns nil and a message"] = function() return nil, "my words" end,
  } do
    it(how .. ": a validation error", function()
      local client <close> = make { encode = encode, decode = cjson.decode }
      local value, err = client:create_connector { name = "n" }
      assert.is_nil(value)
      assert.equal("validation", err.kind)
      assert.equal("invalid_field", err.code)
      assert.equal("my words", err.message)
      assert.equal("", err.field)
      assert.equal(0, err.attempts)
      assert.same({}, server:requests())
    end)
  end

  it("must encode to a string", function()
    for _, result in ipairs { 5, {}, true, false } do
      local client <close> = make { encode = function() return result end,
        decode = cjson.decode }
      local value, err = client:create_connector { name = "n" }
      assert.is_nil(value)
      assert.equal("validation", err.kind)
      assert.same({}, server:requests())
    end
  end)

  -- And when it decodes.
  for how, decode in pairs {
    raises = function() error("my words", 0) end,
    ["raises a table"] = function()
      error(setmetatable({}, { __tostring = function()
        return "my words"
      end }))
    end,
    ["returns nil and a message"] = function() return nil, "my words" end,
  } do
    it(how .. ": a decode error", function()
      local client <close> = make { encode = cjson.encode, decode = decode }
      local value, err = client:get_connector_by_id("a")
      assert.is_nil(value)
      assert.equal("decode", err.kind)
      assert.equal("my words", err.message)
      assert.equal(200, err.status)
      assert.equal('{"a":1}', err.body)
      value, err = client:list_connectors()
      assert.is_nil(value)
      assert.equal("decode", err.kind)
    end)
  end

  it("may return false", function()
    local client <close> = make { encode = cjson.encode,
      decode = function() return false end }
    local value, response = client:get_connector_by_id("a")
    assert.is_false(value)
    assert.equal(200, response.status)
  end)

  it("may close the client", function()
    local client
    client = make { encode = cjson.encode, decode = function()
      client:close()
      return {}
    end }
    assert.equal("closed", select(2, client:get_connector_by_id("a")).kind)
    client = make { decode = cjson.decode, encode = function()
      client:close()
      return "{}"
    end }
    server:script { { body = "{}" } }
    assert.equal("closed",
      select(2, client:create_connector { name = "n" }).kind)
    assert.same({}, server:requests())
  end)
end)

describe("a codec with one empty table", function()
  local server, client

  setup(function()
    server = fault.start()
    client = celigo.new { base_url = server.url, token = "t", json = cjson, max_retries = 0 }
  end)

  teardown(function()
    client:close()
    server:stop()
  end)

  it("sends empty arrays where the contract has arrays", function()
    local given = {
      name = "n", _id = "1", applications = {}, settings = {}, _sharedImportIds = {},
      _iClientIdMap = { { _id = "m", _iClientIds = {} } },
    }
    for _, validate in ipairs { true, false } do
      local shown = assert(client:create_connector(given, { dry_run = true, validate = validate }))
      local sent = celigo.json.decode(shown.body)
      assert.equal("[]", celigo.json.encode(sent._iClientIdMap[1]._iClientIds))
      for _, name in ipairs { "applications", "_sharedImportIds" } do
        assert.is_truthy(shown.body:find(('"%s":[]'):format(name), 1, true), shown.body)
      end
      assert.is_truthy(shown.body:find('"settings":{}', 1, true), shown.body)
      assert.is_nil(sent._id)
    end
    assert.same({}, given.applications) -- the caller's table is as it was
    assert.equal("1", given._id)
  end)

  it("puts empty arrays back that were read", function()
    server:script {
      { body = '{"_id":"1","name":"n","_sharedImportIds":[],"applications":[]}' },
      { body = '{"_id":"1","name":"m","_sharedImportIds":[],"applications":[]}' },
    }
    assert(client:edit_connector("1", function(record) record.name = "m" end))
    local body = server:requests()[2].body
    assert.is_truthy(body:find('"_sharedImportIds":[]', 1, true), body)
    assert.is_truthy(body:find('"applications":[]', 1, true), body)
  end)

  -- The same with either codec.
  for name, codec in pairs { own = celigo.json, cjson = cjson } do
    it("takes a nextPageURL for what it is: " .. name, function()
      local other <close> = celigo.new { base_url = server.url, token = "t", json = codec, max_retries = 0 }
      for text, last in pairs {
        ["null"] = true, ["false"] = true, ['""'] = true, ["5"] = false, ["true"] = false, ["{}"] = false,
      } do
        local step = { body = ('{"nextPageURL":%s,"items":[1,2]}'):format(text) }
        server:script { step }
        local list, err = other:list_connectors()
        assert.equal(last, list ~= nil, text .. " " .. tostring(err))
        if not last then assert.equal("pagination", err.kind, text) end
        server:script { step }
        local seen = 0
        local good, raised = pcall(function() for _ in other:each_connector() do seen = seen + 1 end end)
        assert.equal(last, good, text)
        assert.equal(last and 2 or 0, seen, text)
        if not last then assert.equal("pagination", raised.kind, text) end
      end
    end)
  end

  it("may make nothing of null, which ends no walk", function()
    local loose = { encode = cjson.encode }
    function loose.decode(text)
      local value = cjson.decode(text)
      for i = 1, #value do if value[i] == cjson.null then value[i] = nil end end
      return value
    end
    local other <close> = celigo.new { base_url = server.url, token = "t", json = loose }
    server:script { { body = "[1,null,3,4]" } }
    local seen = {}
    for record in other:each_connector() do seen[#seen + 1] = record end
    assert.same({ 1, celigo.null, 3, 4 }, seen)
  end)
end)
