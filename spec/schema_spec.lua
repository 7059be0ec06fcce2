-- The C tables of csrc/contract/schema.c against the service's contract, both ways: a
-- change of either fails here until the other follows.

local celigo = require "celigo"
local probe = require "schema_probe"

local function read_contract()
  local file <close> = assert(io.open(
    "spec/contract/connectors.openapi.json", "rb"))
  return assert(celigo.json.decode(file:read "a"))
end

local contract = read_contract()

--- The schema, with a reference to another followed.
local function resolve(schema)
  local name = (schema["$ref"] or ""):match "^#/components/schemas/(.+)$"
  if not name then return schema end
  return assert(contract.components.schemas[name], name)
end

local ALL = { "string", "boolean", "integer", "number", "array", "object" }

--- The set of types that a schema allows.
local function types_of(schema)
  local types = {}
  for _, choice in ipairs(schema.oneOf or { schema }) do
    types[choice.type] = true
  end
  if next(types) == nil then
    for _, name in ipairs(ALL) do types[name] = true end
  end
  return types
end

--- What the contract says, in the words of the probe.
local function normal(schema)
  schema = resolve(schema)
  local required = {}
  for _, name in ipairs(schema.required or {}) do required[name] = true end
  local fields = {}
  for name, member in pairs(schema.properties or {}) do
    local field = normal(member)
    field.required = required[name] or false
    field.read_only = member.readOnly or false
    fields[name] = field
  end
  for name in pairs(required) do
    assert(fields[name], "required but not described: " .. name)
  end
  return {
    types = types_of(schema),
    format = schema.format,
    items = schema.items and normal(schema.items),
    fields = fields,
  }
end

--- The body that an operation takes.
local function body_of(operation_id)
  for _, path in pairs(contract.paths) do
    for _, operation in pairs(path) do
      if type(operation) == "table" and operation.operationId == operation_id
      then
        return operation.requestBody.content["application/json"].schema
      end
    end
  end
  error("no operation " .. operation_id)
end

--- The probe's shape without what the contract cannot say.
local function plain(shape)
  local copy = {}
  for key, value in pairs(shape) do
    if value == "emails" then value = "email" end -- as the service holds them
    local own = key == "trial_rule" or key == "closed" or key == "kinds" or key == "beyond"
    if not own and not (type(value) == "table" and value.beyond) then
      copy[key] = type(value) == "table" and plain(value) or value
    end
  end
  return copy
end

local bodies = {
  createConnector = "connector",
  updateConnector = "connector",
  createConnectorLicense = "license_create",
  updateConnectorLicense = "license",
  pushConnectorUpdate = "push_update",
  installConnector = "install",
}

describe("the C tables", function()
  for operation_id, name in pairs(bodies) do
    it("say what the contract says of " .. operation_id, function()
      assert.same(normal(body_of(operation_id)), plain(probe.shapes[name]))
    end)
  end

  it("cover each operation that takes a body, and no other", function()
    local found, known = {}, {}
    for _, path in pairs(contract.paths) do
      for _, operation in pairs(path) do
        if type(operation) == "table" and operation.requestBody then
          found[operation.operationId] = true
        end
      end
    end
    for operation_id in pairs(bodies) do known[operation_id] = true end
    assert.same(found, known)
    local used = {}
    for _, name in pairs(bodies) do used[name] = probe.shapes[name] end
    assert.same(used, probe.shapes)
  end)

  it("use no word of JSON Schema that the comparison does not read",
    function()
      local read = {
        type = true, format = true, readOnly = true, items = true,
        properties = true, required = true, oneOf = true,
        additionalProperties = true,
      }
      local function walk(schema)
        for word, value in pairs(schema) do
          assert(read[word], word)
          if word == "additionalProperties" then assert.is_true(value) end
        end
        for _, member in pairs(schema.properties or {}) do walk(member) end
        if schema.items then walk(schema.items) end
        for _, choice in ipairs(schema.oneOf or {}) do
          assert.same({ "type" }, { (next(choice)) })
          assert.is_nil(next(choice, "type"))
        end
      end
      for operation_id in pairs(bodies) do
        walk(resolve(body_of(operation_id)))
      end
    end)

  it("know which body has which rule of its own", function()
    for name, shape in pairs(probe.shapes) do
      assert.equal(name == "connector", shape.trial_rule)
      assert.equal(name == "push_update", shape.closed)
      assert.equal(name == "license_create", shape.kinds)
    end
    assert.equal("emails", probe.shapes.connector.fields.contactEmail.format)
  end)

  it("leave out the same read-only members of every record", function()
    for _, name in ipairs { "connector", "license", "license_create" } do
      for _, member in ipairs { "_id", "handle", "lastModified", "numInstalls" } do
        assert.is_true(probe.shapes[name].fields[member].read_only, name .. "." .. member)
      end
    end
  end)
end)
