-- client:edit_connector and client:edit_connector_license: what is read,
-- what is written, what survives.

local celigo = require "celigo"
local fault = require "spec.support.fault_server"
local rawjson = require "celigo.sandbox.rawjson"
local sandbox = require "celigo.sandbox"
local seeded = require "spec.support.seeded"

-- A codec that leaves texts alone, so that a spec sees and sends the bytes.
local verbatim = {
  encode = function(value) return value.text end,
  decode = function(text) return { text = text } end,
}

-- JSON text to a text that is the same for the same value: members sorted,
-- numbers by value, strings by content. Independent of the library's codec.
local function canonical(raw)
  local kind = rawjson.kind(raw)
  if kind == "object" then
    local members = {}
    for i, member in ipairs(rawjson.members(raw)) do
      members[i] = ("%q:%s"):format(member.name, canonical(member.raw))
    end
    table.sort(members)
    return "{" .. table.concat(members, ",") .. "}"
  elseif kind == "array" then
    local elements = {}
    for i, element in ipairs(rawjson.elements(raw)) do elements[i] = canonical(element) end
    return "[" .. table.concat(elements, ",") .. "]"
  elseif kind == "number" and raw:find "[.eE]" then
    return ("%a"):format(tonumber(raw))
  elseif kind == "string" then
    return ("%q"):format(rawjson.value(raw))
  end
  return raw
end

local random_text

local scalars = {
  function() return "null" end,
  function(random) return random:chance(0.5) and "true" or "false" end,
  function(random) return tostring(random:bits()) end,
  function(random) return ("%.17g"):format(random:float() * 10.0 ^ random:integer(-300, 300)) end,
  function(random)
    local parts = {}
    for i = 1, random:integer(0, 12) do
      parts[i] = random:pick { "a", "é", "漢", "😀", " ", "/", '\\"', "\\u0000", "\\n", "\\\\", "\\ud83d\\ude00" }
    end
    return '"' .. table.concat(parts) .. '"'
  end,
}

local function random_key(random, i)
  return ('"%s%d"'):format(random:pick { "x", "_id", "é", "", "opts", "a b", "user" }, i)
end

function random_text(random, depth)
  local n = random:integer(0, 3)
  local parts = {}
  if depth > 0 and random:chance(0.3) then
    for i = 1, n do parts[i] = random_text(random, depth - 1) end
    return "[" .. table.concat(parts, ",") .. "]"
  elseif depth > 0 and random:chance(0.4) then
    for i = 1, n do parts[i] = random_key(random, i) .. ":" .. random_text(random, depth - 1) end
    return "{" .. table.concat(parts, ",") .. "}"
  end
  return random:pick(scalars)(random)
end

local function random_members(random)
  local parts = {}
  for i = 1, random:integer(1, 8) do
    parts[i] = ('"m%d":%s'):format(i, random_text(random, 4))
  end
  return table.concat(parts, ",")
end

describe("edit_connector", function()
  local service, client, raw, id

  setup(function()
    service = sandbox.start { seed = false, journal = true }
    client = celigo.new { base_url = service.url, token = "t", rate_limit = false }
    raw = celigo.new { base_url = service.url, token = "t", rate_limit = false, json = verbatim, validate = false }
  end)
  teardown(function()
    client:close()
    raw:close()
    service:stop()
  end)

  local function create(text)
    local made = assert(raw:create_connector { text = text })
    return assert(celigo.json.decode(made.text))._id
  end

  -- The requests since the last time: "METHOD path" each, and all of each.
  local function take_journal()
    local entries = assert(client:request { path = "/__journal" }).requests
    assert(client:request { method = "DELETE", path = "/__journal" })
    local lines = {}
    for i, entry in ipairs(entries) do lines[i] = entry.method .. " " .. entry.path end
    return lines, entries
  end

  before_each(function()
    id = create '{"name":"One","published":false,"applications":["a"],"settings":{},"_iClientIdMap":[{"_id":false}]}'
    take_journal()
  end)

  it("reads, calls, writes back, and returns what the write returned", function()
    local seen
    local connector, response = client:edit_connector(id, function(record)
      seen = record.name
      record.name = "Two"
    end)
    assert.equal("One", seen)
    assert.equal("Two", connector.name)
    assert.equal(200, response.status)
    assert.same({}, response.dropped)
    assert.equal("Two", client:get_connector_by_id(id).name)
    local path = " /v1/connectors/" .. id
    assert.same({ "GET" .. path, "PUT" .. path, "GET" .. path }, (take_journal()))
  end)

  it("keeps every member of random documents as it was", function()
    seeded.each(150, function(random)
      local members = random_members(random)
      local one = create('{"name":"before",' .. members .. "}")
      assert(client:edit_connector(one, function(record) record.name = "after" end))
      local text = assert(raw:get_connector_by_id(one)).text
      local expected, got = {}, {}
      for _, member in ipairs(rawjson.members("{" .. members .. "}")) do
        expected[member.name] = canonical(member.raw)
      end
      for _, member in ipairs(rawjson.members(text)) do
        if member.name:find "^m%d$" then got[member.name] = canonical(member.raw) end
      end
      assert.same(expected, got)
    end)
  end)

  it("leaves out what the service makes, at the top level only", function()
    client:edit_connector(id, function() end)
    local _, entries = take_journal()
    local body
    for _, entry in ipairs(entries) do
      if entry.method == "PUT" then body = entry.body end
    end
    local sent = assert(celigo.json.decode(body))
    for _, name in ipairs { "_id", "handle", "lastModified", "numInstalls" } do
      assert.is_nil(sent[name], name)
    end
    assert.is_false(sent._iClientIdMap[1]._id)
    assert.truthy(body:find('"_sharedImportIds":[]', 1, true))
    assert.truthy(body:find('"settings":{}', 1, true))
  end)

  it("keeps an array that was emptied an array", function()
    local connector = client:edit_connector(id, function(record) record.applications[1] = nil end)
    assert.equal("[]", celigo.json.encode(connector.applications))
  end)

  it("writes nothing where the function returns false", function()
    local connector, response = client:edit_connector(id, function(record)
      record.changed = true
      return false
    end)
    assert.equal(id, connector._id)
    assert.is_nil(connector.changed) -- as it was read, whatever was done to it
    local emptied = client:edit_connector(id, function(record)
      record.applications[1] = nil
      return false
    end)
    assert.same({ "a" }, emptied.applications)
    assert.equal("GET", (take_journal())[1]:sub(1, 3))
    assert.is_nil(response.dropped)
    assert.is_nil(client:get_connector_by_id(id).changed)
  end)

  it("writes a table that the function returns instead", function()
    local connector = client:edit_connector(id, function() return { name = "Three" } end)
    assert.equal("Three", connector.name)
    assert.is_nil(connector.settings)
  end)

  it("takes any other value of the function for nothing", function()
    for _, value in ipairs { true, 7, "x", print } do
      local connector = client:edit_connector(id, function(record)
        record.name = type(value)
        return value
      end)
      assert.equal(type(value), connector.name)
    end
  end)

  it("lets an error of the function through, and writes nothing", function()
    local problem = { "mine" }
    local good, err = pcall(client.edit_connector, client, id, function() error(problem) end)
    assert.is_false(good)
    assert.equal(problem, err)
    assert.same({ "GET /v1/connectors/" .. id }, (take_journal()))
  end)

  it("returns the error of the reading call", function()
    local called = false
    local connector, err = client:edit_connector(("f"):rep(24), function() called = true end)
    assert.is_nil(connector)
    assert.equal("get_connector_by_id", err.operation)
    assert.equal(404, err.status)
    assert.is_false(called)
  end)

  it("returns the error of the writing call", function()
    local connector, err = client:edit_connector(id, function(record) record.published = "yes" end)
    assert.is_nil(connector)
    assert.equal("validation", err.kind)
    assert.equal("update_connector", err.operation)
    assert.is_nil(err.dropped)
  end)

  it("passes per-call options to both calls", function()
    client:edit_connector(id, function() end, { query = { a = "b" }, headers = { ["X-Mine"] = "yes" } })
    local _, entries = take_journal()
    local seen = {}
    for i, entry in ipairs(entries) do
      seen[i] = ("%s %s %s"):format(entry.method, entry.query, entry.headers["x-mine"])
    end
    assert.same({ "GET a=b yes", "PUT a=b yes" }, seen)
  end)

  it("shows the PUT in a dry run, and sends only the GET", function()
    local options = { dry_run = true }
    local shown, response = client:edit_connector(id, function(record) record.name = "Two" end, options)
    assert.equal("PUT", shown.method)
    assert.equal(service.url .. "/v1/connectors/" .. id, shown.url)
    assert.equal("Two", celigo.json.decode(shown.body).name)
    assert.is_nil(response)
    assert.same({ dry_run = true }, options)
    assert.same({ "GET /v1/connectors/" .. id }, (take_journal()))
  end)

  it("raises for wrong arguments, with the caller's position, and sends nothing", function()
    local function nothing() end
    local cases = {
      { "id: expected a string", nil, nothing },
      { "edit_connector: expected a function, got a nil", id },
      { "edit_connector: expected a function, got a table", id, {} },
      { "timeot", id, nothing, { timeot = 1 } },
    }
    for _, case in ipairs(cases) do
      local good, message = pcall(function()
        client:edit_connector(case[2], case[3], case[4])
      end)
      assert.is_false(good)
      assert.truthy(message:find("edit_spec.lua:%d+: "), message)
      assert.truthy(message:find(case[1], 1, true), message)
    end
    assert.same({}, (take_journal()))
  end)

  it("works side by side in map", function()
    local ids = {}
    for i = 1, 12 do ids[i] = create(('{"name":"%d"}'):format(i)) end
    local results, errors = client:map(ids, function(one)
      return client:edit_connector(one, function(record) record.name = record.name .. "!" end)
    end, { concurrency = 6 })
    assert.same({}, errors)
    for i = 1, 12 do assert.equal(i .. "!", results[i].name) end
  end)

  it("returns an error of kind closed for a closed client", function()
    local other = celigo.new { base_url = service.url, token = "t" }
    other:close()
    local connector, err = other:edit_connector(id, function() end)
    assert.is_nil(connector)
    assert.equal("closed", err.kind)
  end)
end)

describe("edit_connector_license", function()
  local service <const> = sandbox.start()
  local client <const> = celigo.new { base_url = service.url, token = "t" }
  local id <const> = "54fa0b38a7044f9252000036"
  local license_id <const> = "54fa0b38a7044f9253000001"

  teardown(function()
    client:close()
    service:stop()
  end)

  it("reads, calls, and writes back", function()
    local expires = celigo.timestamp(os.time() + 30 * 86400)
    local before = client:get_connector_license_by_id(id, license_id)
    local license, response = client:edit_connector_license(id, license_id, function(record)
      record.expires = expires
      record.opts.addonLicenses[1] = nil
    end)
    assert.equal(expires, license.expires)
    assert.equal("[]", celigo.json.encode(license.opts.addonLicenses))
    assert.same(before.user, license.user)
    assert.equal(before._integrationId, license._integrationId)
    assert.same({}, response.dropped)
  end)

  it("raises for a missing license id with the caller's position", function()
    local good, message = pcall(function()
      client:edit_connector_license(id, nil, function() end)
    end)
    assert.is_false(good)
    assert.truthy(message:find "edit_spec.lua:%d+: .*license id", message)
  end)

  it("shows the PUT in a dry run", function()
    local shown = client:edit_connector_license(id, license_id, function(record)
      record.expires = "2030-01-01T00:00:00Z"
    end, { dry_run = true })
    assert.equal("PUT", shown.method)
    assert.truthy(shown.url:find(license_id, 1, true))
  end)
end)

describe("response.dropped", function()
  local server <const> = fault.start()
  local client <const> = celigo.new { base_url = server.url, token = "t" }

  teardown(function()
    client:close()
    server:stop()
  end)

  -- What is dropped of a record that is read as `read` and whose write is
  -- answered with `written`.
  local function dropped(read, written)
    server:script { { body = read }, { body = written } }
    local _, response = assert(client:edit_connector("a", function() end, { validate = false }))
    return response.dropped
  end

  it("lists members that were sent and did not come back, by path", function()
    assert.same({ "contactEmail" }, dropped('{"name":"x","contactEmail":"bad"}', '{"name":"x"}'))
    assert.same({ "a.b.c", "a.d" }, dropped('{"a":{"b":{"c":1},"d":[]}}', '{"a":{"b":{}}}'))
    assert.same({ '["a b"]["1"]', '["x.y"]' }, dropped('{"a b":{"1":2},"x.y":3}', '{"a b":{}}'))
    assert.same({ "list[2].key" }, dropped('{"list":[{"key":1},{"key":2}]}', '{"list":[{"key":1},{}]}'))
  end)

  it("lists the elements that an array has lost", function()
    assert.same({ "ids[2]" }, dropped('{"ids":["a","b","c"]}', '{"ids":["a","c"]}'))
    assert.same({ "ids[1]", "ids[2]" }, dropped('{"ids":["a","b"]}', '{"ids":[]}'))
    assert.same({ "m[1]" }, dropped('{"m":[{"t":{"x":1}},{"t":{"x":2}}]}', '{"m":[{"t":{"x":2}}]}'))
  end)

  it("is empty where values are only written in another way, or added", function()
    assert.same({}, dropped('{"t":"2030-01-01T00:00:00Z"}', '{"t":"2030-01-01T00:00:00.000Z","new":1}'))
  end)

  it("takes a null that is left out for no loss", function()
    assert.same({}, dropped('{"a":null,"b":{"c":null}}', '{"b":{}}'))
  end)

  it("does not count what the contract calls read-only: it is never sent", function()
    local file <close> = assert(io.open "spec/contract/connectors.openapi.json")
    local schemas = assert(celigo.json.decode(file:read "a")).components.schemas
    for schema, edit in pairs {
      Connector = function(...) return client:edit_connector("a", ...) end,
      License = function(...) return client:edit_connector_license("a", "b", ...) end,
    } do
      local record = { name = "x" }
      for name, property in pairs(schemas[schema].properties) do
        if property.readOnly then record[name] = "1" end
      end
      assert.not_nil(record._id)
      server:script { { body = assert(celigo.json.encode(record)) }, { body = '{"name":"x"}' } }
      local _, response = assert(edit(function() end, { validate = false }))
      assert.same({}, response.dropped)
    end
  end)

  it("is empty where the write has no body to compare with", function()
    server:script { { body = '{"name":"x"}' }, { status = 204 } }
    local value, response = client:edit_connector("a", function() end)
    assert.is_true(value)
    assert.same({}, response.dropped)
  end)
end)

describe("an edit whose read is no record", function()
  it("is an error, and the function is not called", function()
    local server <close> = fault.start()
    local client <close> = celigo.new { base_url = server.url, token = "t", max_retries = 0 }
    for _, step in ipairs {
      { status = 204 }, { body = '"text"' }, { body = "5" }, { body = "null" }, { body = "[]" },
      { body = '[{"_id":"1"}]' },
    } do
      server:script { step }
      local called = false
      local record, err = client:edit_connector("1", function() called = true end)
      assert.is_nil(record)
      assert.is_true(celigo.is_error(err))
      assert.equal("decode", err.kind)
      assert.equal("unexpected_answer", err.code)
      assert.equal(step.status or 200, err.status)
      assert.same({ 1, false, false }, { err.attempts, err.retryable, err.maybe_applied })
      assert.is_truthy(err.elapsed > 0 and err.headers and err.where:find("edit_spec.lua:", 1, true))
      assert.equal("/v1/connectors/1", err.path)
      assert.equal("get_connector_by_id", err.operation)
      assert.is_false(called)
      assert.equal(1, #server:requests())
    end
  end)

  it("tells of what came back as null, or as something else", function()
    local server <close> = fault.start()
    local client <close> = celigo.new { base_url = server.url, token = "t", max_retries = 0 }
    server:script {
      { body = '{"name":"n"}' },
      { body = '{"name":"n","description":null,"applications":null,"settings":false,"cleared":null}' },
    }
    local _, response = assert(client:edit_connector("1", function(record)
      record.description, record.applications = "x", { "a" }
      record.settings, record.cleared = { p = 1 }, celigo.null
    end))
    assert.same({ "applications", "description", "settings" }, response.dropped)
  end)
end)
