-- lua/celigo/types.lua against the service's contract, the tables of the C
-- core and what the library really returns, both ways.

local annotations = require "spec.support.annotations"
local celigo = require "celigo"
local core = require "celigo.core"
local probe = require "tables_probe"
local fault = require "spec.support.fault_server"
local missing = require "spec.support.missing"
local process = require "spec.support.process"
local reference = require "spec.support.reference"
local sandbox = require "celigo.sandbox"

local types = annotations.read "lua/celigo/types.lua"
local classes, aliases = types.classes, types.aliases

local function read_contract()
  local file <close> = assert(io.open("spec/contract/connectors.openapi.json", "rb"))
  return assert(celigo.json.decode(file:read "a"))
end

local contract = read_contract()
local schemas = contract.components.schemas

local function names(list)
  local set = {}
  for name in pairs(list) do set[name] = true end
  return set
end

-- The fields of a class and of those that it is made from.
local function all_fields(name)
  local class = assert(classes[name], name)
  local fields = classes[class.parent] and all_fields(class.parent) or {}
  for field, value in pairs(class.fields) do fields[field] = value end
  return fields
end

local function set_of(array)
  local set = {}
  for _, value in ipairs(array) do set[value] = true end
  return set
end

-- {====== The contract

local formats = {
  objectId = "celigo.Id", ["date-time"] = "celigo.Timestamp", email = "celigo.Email",
}

local check_class

-- What a class has beside the contract's members is said to be reported, and
-- may be missing.
local function check_reported(name, properties, path)
  assert.is_truthy(classes[name], path .. ": no class " .. name)
  for field, entry in pairs(classes[name].fields) do
    local here = path .. "." .. field
    assert.equal(properties[field] == nil, entry.text:find "^Reported%. " ~= nil, here)
    assert.is_truthy(properties[field] or entry.optional, here)
  end
end

-- What is sent has a class of its own where the contract has one for both.
local sent_as = { Connector = "ConnectorBody", License = "LicenseBody" }

-- Compares one type with its schema; nested classes are followed.
local function check_type(kind, schema, path, is_sent)
  if schema["$ref"] then
    local name = schema["$ref"]:match "[^/]+$"
    return assert.equal("celigo." .. (is_sent and sent_as[name] or name), kind, path)
  elseif schema.oneOf then
    local parts = {}
    for i, one in ipairs(schema.oneOf) do parts[i] = one.type end
    return assert.equal(table.concat(parts, "|"), kind, path)
  elseif schema.type == "array" then
    local item = kind:match "^(.*)%[%]$"
    assert.is_truthy(item, path .. ": expected an array, got " .. kind)
    return check_type(item, schema.items, path .. "[]")
  elseif schema.type == "object" and schema.properties then
    return check_class(kind, schema, path)
  elseif schema.type == "object" then
    return kind == "table<string, any>" or check_reported(kind, {}, path)
  end
  assert.equal(formats[schema.format] or schema.type, kind, path)
end

function check_class(name, schema, path)
  assert.is_truthy(classes[name], path .. ": no class " .. name)
  local fields = classes[name].fields
  check_reported(name, schema.properties, path)
  local required = set_of(schema.required or {})
  for field, property in pairs(schema.properties) do
    local here = path .. "." .. field
    assert.is_truthy(fields[field], here)
    assert.equal(not required[field], fields[field].optional, here)
    assert.equal(property.readOnly == true, fields[field].text:find "^Read%-only%." ~= nil, here)
    assert.is_truthy(fields[field].text:find "%a+.*%.$", here .. " is not explained")
    check_type(fields[field].type, property, here)
  end
end

local function content(holder)
  local json = holder and holder.content and holder.content["application/json"]
  return json and json.schema
end

local function snake(name)
  return (name:gsub("%u", function(letter) return "_" .. letter:lower() end))
end

local documented = {}
for path, methods in pairs(contract.paths) do
  for method, operation in pairs(methods) do
    operation.path, operation.method = path, method:upper()
    documented[snake(operation.operationId)] = operation
  end
end

describe("the types of records", function()
  for _, name in ipairs { "Connector", "License", "LicenseCreateRequest" } do
    it(name .. " is the contract's", function()
      check_class("celigo." .. (sent_as[name] or name), schemas[name], name)
    end)
  end

  for read, sent in pairs(sent_as) do
    it(read .. " is what is sent, and has its id for sure", function()
      local class, body = classes["celigo." .. read], classes["celigo." .. sent]
      assert.equal("celigo." .. sent, class.parent)
      assert.same({ _id = true }, names(class.fields))
      assert.is_false(class.fields._id.optional)
      assert.same({ body.fields._id.type, body.fields._id.text }, { class.fields._id.type, class.fields._id.text })
    end)
  end

  it("an error's entry is the contract's", function()
    local fields = classes["celigo.ErrorEntry"].fields
    local properties = schemas.Error.properties.errors.items.properties
    assert.same(names(properties), names(fields))
    for field, property in pairs(properties) do check_type(fields[field].type, property, field) end
  end)

  it("knows every format that the contract has", function()
    local function walk(schema)
      if type(schema) ~= "table" then return end
      if type(schema.format) == "string" then
        assert.equal("string", aliases[formats[schema.format]].type, schema.format)
      end
      for _, value in pairs(schema) do walk(value) end
    end
    walk(schemas)
  end)
end)

-- }======

-- {====== The operations

describe("the types of operations", function()
  local client = classes["celigo.Client"]

  for _, row in ipairs(probe.operations()) do
    local method, operation = client.functions[row.name], documented[row.name]

    it(row.name .. " has its parameters", function()
      assert.is_true(method.method)
      for i, param in ipairs(method.params) do assert.equal(param.name, method.names[i]) end
      assert.equal(#method.names, #method.params)
      local body = content(operation.requestBody)
      for i = 1, row.ids do
        assert.equal("celigo.Id", method.params[i].type)
        assert.is_false(method.params[i].optional)
      end
      if body then
        local param = method.params[row.ids + 1]
        check_type(param.type, body, row.name, true)
        assert.equal(row.body == "optional", param.optional)
      end
      local last = method.params[row.ids + (body and 2 or 1)]
      assert.same({ "options", "celigo.CallOptions", true }, { last.name, last.type, last.optional })
      assert.equal(row.ids + (body and 2 or 1), #method.params)
    end)

    -- What writes can be a dry run.
    it(row.name .. " has its results", function()
      assert.same({ 2, "celigo.Error|celigo.Response" }, { #method.returns, method.returns[2] })
      assert.same({}, method.overloads)
      local ending = row.method == "GET" and "?" or "|celigo.DryRun|nil"
      local value = method.returns[1]
      assert.equal(ending, value:sub(-#ending))
      value = value:sub(1, -#ending - 1)
      local body
      for status in pairs(operation.responses) do
        if status:find "^2" then body = body or content(operation.responses[status]) end
      end
      if row.answer == "true" then
        assert.equal("true", value)
      elseif body then
        check_type(value, body, row.name)
      else -- the service says nothing of a body
        assert.equal("true|table<string, any>", value)
      end
    end)
  end

  it("names them all for submit", function()
    local wanted = { request = true }
    for _, row in ipairs(probe.operations()) do wanted[row.name] = true end
    assert.same(wanted, set_of(aliases["celigo.OperationName"].literals))
  end)
end)

-- }======

-- {====== What there is

local function functions_of(members)
  local set = {}
  for name, value in pairs(members) do
    if type(value) == "function" and not name:find "^__" then set[name] = true end
  end
  return set
end

describe("the types of modules and objects", function()
  local service = sandbox.start()
  local client = celigo.new { base_url = service.url, token = service.token }
  teardown(function()
    client:close()
    service:stop()
  end)

  it("have the functions that there are", function()
    local call = client:submit "list_connectors"
    local _, err = client:get_connector_by_id "missing"
    local there = {
      celigo = celigo,
      ["celigo.json"] = celigo.json,
      ["celigo.loop"] = require "celigo.loop",
      ["celigo.Client"] = core.methods,
      ["celigo.Call"] = debug.getmetatable(call).__index,
      ["celigo.Error"] = debug.getmetatable(err).__index,
      ["celigo.sandbox"] = sandbox,
      ["celigo.SandboxProcess"] = getmetatable(service).__index,
    }
    for class in pairs(classes) do
      if class:find "^celigo%.loop%." and not missing.module(class) then there[class] = require(class) end
    end
    for class, members in pairs(there) do
      assert.same(functions_of(members), names(classes[class].functions), class)
    end
  end)

  it("have the values that there are", function()
    for class, members in pairs { celigo = celigo, ["celigo.json"] = celigo.json } do
      local values = {}
      for name, value in pairs(members) do
        if type(value) ~= "function" then values[name] = true end
      end
      assert.same(values, names(classes[class].fields), class)
    end
    for name, field in pairs(classes["celigo.SandboxProcess"].fields) do
      assert.equal(field.type, math.type(service[name]) or type(service[name]), name)
    end
  end)

  it("explain each function", function()
    for class, members in pairs(classes) do
      for name, entry in pairs(members.functions) do
        assert.is_truthy(entry.text, class .. "." .. name)
        assert.equal(#entry.names, #entry.params, class .. "." .. name)
      end
    end
  end)

  it("mention no type that is not there", function()
    local function check(kind, where)
      for _, name in ipairs(annotations.mentioned(kind)) do
        assert.is_truthy(classes[name] or aliases[name], where .. ": " .. name)
      end
    end
    for name, class in pairs(classes) do
      check(class.parent or "", name)
      for field, entry in pairs(class.fields) do check(entry.type, name .. "." .. field) end
      for method, entry in pairs(class.functions) do
        for _, param in ipairs(entry.params) do check(param.type, name .. "." .. method) end
        check(table.concat(entry.returns, " "), name .. "." .. method)
        check(table.concat(entry.overloads, " "), name .. "." .. method)
      end
    end
  end)
end)

-- }======

-- {====== Options

describe("the types of options", function()
  local tables = {
    ["celigo.Options"] = probe.client_options,
    ["celigo.CallOptions"] = probe.call_options,
    ["celigo.Request"] = probe.request_options,
  }
  local known = { string = true, boolean = true, number = true, integer = true }

  for class, show in pairs(tables) do
    it(class .. " has those that the code knows", function()
      local rows, fields = {}, all_fields(class)
      for _, row in ipairs(show()) do rows[row.name] = row.type end
      assert.same(names(rows), names(fields))
      for name, kind in pairs(rows) do
        local told = fields[name].type
        if told:find '^"' then told = "string" end
        if kind == "function" then
          assert.is_truthy(told:find "^fun%(", name)
        elseif kind == "table" then
          assert.is_truthy(told:find "^table<", name)
        elseif known[kind] then
          assert.equal(kind, told, name)
        end
        assert.equal(name ~= "path", fields[name].optional, name)
      end
    end)
  end

  -- What an option table refuses: the names that it does not know.
  local function refused(try, fields)
    local list = {}
    for name in pairs(fields) do
      local _, message = pcall(try, name)
      if tostring(message):find("unknown option", 1, true) then list[#list + 1] = name end
    end
    assert.is_truthy(select(2, pcall(try, "no_such")):find("unknown option 'no_such'", 1, true))
    return list
  end

  it("has those of iterators, map and rate_limit", function()
    local client <close> = celigo.new { token = "t", base_url = "http://127.0.0.1:1", max_retries = 0 }
    assert.same({}, refused(function(name)
      client:each_connector { [name] = {} }
    end, all_fields "celigo.IteratorOptions"))
    assert.same({}, refused(function(name)
      client:each { path = "/", [name] = {} }
    end, all_fields "celigo.IteratorRequest"))
    assert.same({}, refused(function(name)
      client:map({}, print, { [name] = {} })
    end, all_fields "celigo.MapOptions"))
    assert.same({}, refused(function(name)
      celigo.new { token = "t", rate_limit = { [name] = {} } }
    end, all_fields "celigo.RateLimit"))
    assert.same(set_of { "rate", "burst" }, names(all_fields "celigo.RateLimit"))
    assert.same(set_of { "concurrency", "on_progress" }, names(all_fields "celigo.MapOptions"))
  end)

  it("has those of the sandbox, and the reference has them, too", function()
    local told = names(all_fields "celigo.SandboxOptions")
    assert.same(told, names(reference.fields("celigo.sandbox", "options")))
    for name in pairs(told) do
      local _, message = pcall(sandbox.start, { [name] = {} })
      assert.is_falsy(tostring(message):find("unknown option", 1, true), name)
    end
    assert.is_truthy(select(2, pcall(sandbox.start, { no_such = 1 })):find("unknown option", 1, true))
  end)

  it("has those of a rule of the sandbox, and the reference has them, too", function()
    local fields = set_of(require("celigo.sandbox.faults").fields())
    assert.same(fields, names(all_fields "celigo.SandboxRule"))
    assert.same(fields, names(reference.fields("celigo.sandbox", "rule")))
  end)

  it("has what the sandbox tells of a request", function()
    local server <close> = sandbox.start()
    server:fault { status = 503 }
    local client <close> = celigo.new { base_url = server.url, token = server.token }
    assert(client:list_connectors())
    local told = all_fields "celigo.SandboxRequest"
    for _, request in ipairs(server:journal()) do
      assert.same(names(told), names(request))
      for name, value in pairs(request) do
        local kind = told[name].type:find "^table<" and "table" or told[name].type:find "%[%]$" and "table"
          or told[name].type:find "^celigo%." and "string" or told[name].type
        assert.equal(kind, math.type(value) or type(value), name)
      end
    end
  end)

  it("has the regions and methods that there are", function()
    for region in classes["celigo.Options"].fields.region.type:gmatch '"(.-)"' do
      celigo.new { token = "t", region = region }:close()
    end
    local client <close> = celigo.new { token = "t" }
    for method in classes["celigo.Request"].fields.method.type:gmatch '"(.-)"' do
      if method ~= "GET" then -- a dry run that only reads is none
        assert.equal(method, client:request { method = method, path = "/", dry_run = true }.method)
      end
    end
  end)
end)

-- }======

-- {====== What comes back

-- Collects the fields of values, and checks each against its type.
local function collector(class)
  local fields, seen = all_fields(class), {}
  local function add(value)
    for name, field in pairs(fields) do
      local kind = math.type(value[name]) or type(value[name])
      if value[name] == nil then
        assert.is_true(field.optional, ("%s.%s is missing in %s"):format(class, name, tostring(value)))
      else
        local told = field.type
        local alias = aliases[told]
        if alias and alias.literals[1] then
          assert.is_truthy(set_of(alias.literals)[value[name]], ("%s.%s: %s"):format(class, name, value[name]))
        elseif told:find "^table" or told:find "%[%]$" then
          assert.equal("table", kind, name)
        elseif told == "number" then
          assert.equal("number", type(value[name]), name)
        else
          assert.is_truthy(set_of { told:match "^([^|]*)|?([^|]*)" }[kind], ("%s.%s: %s"):format(class, name, kind))
        end
      end
    end
    for name in pairs(value) do seen[name] = true end
  end
  return add, function() assert.same(names(fields), seen) end
end

-- One failure of each kind, and one with everything that the service says.
local function failures()
  local server <close> = fault.start()
  local function try(script, f, options)
    options = options or {}
    options.base_url, options.token, options.max_retries = server.url, "secret", 0
    local client <close> = celigo.new(options)
    server:script(script)
    local good, value, err = pcall(f, client)
    return good and err or value
  end
  local list = function(client) return client:list_connectors() end
  return {
    try({ { status = 429, headers = { ["Retry-After"] = "1" },
      body = '{"errors":[{"code":"c","message":"m","field":"f","source":"s"}]}' } }, list),
    try({ { cut = 0, ending = "close" } }, list),
    try({ { stall = true } }, list, { timeout = 0.1 }),
    try({ { body = "{" } }, list),
    try({ { body = "[      ]" } }, list, { max_response_bytes = 4 }),
    try({ {} }, function(client) return client:create_connector {} end),
    try({ { body = "[]", headers = { Link = '<no link; rel="next"' } } }, function(client)
      for _ in client:each_connector() do error "there is none" end
    end),
    try({ {} }, function(client)
      local call = client:submit "list_connectors"
      call:cancel()
      return call:result()
    end),
    try({ {} }, function(client)
      client:close()
      return client:list_connectors()
    end),
  }
end

describe("the types of what comes back", function()
  it("has each kind of error, and its fields", function()
    local add, finish = collector "celigo.Error"
    local kinds = {}
    for _, err in ipairs(failures()) do
      assert.is_true(celigo.is_error(err), tostring(err))
      kinds[err.kind] = true
      add(err)
    end
    finish()
    assert.same(set_of(aliases["celigo.ErrorKind"].literals), kinds)
    local told = names(reference.fields("celigo.error", "fields"))
    assert.same(names(all_fields "celigo.Error"), told)
  end)

  it("has each type of event, and its fields", function()
    local server <close> = fault.start()
    local add, finish = collector "celigo.Event"
    local seen = {}
    local options = {
      base_url = server.url, token = "secret", retry_base = 0,
      on_event = function(event)
        seen[event.type] = true
        add(event)
      end,
    }
    local client <close> = celigo.new(options)
    server:script { { status = 503 }, { cut = 0, ending = "close" }, { body = "[]" } }
    assert(client:list_connectors())
    options.max_retries = 0 -- the client pauses, but nobody has to wait for it
    local paused <close> = celigo.new(options)
    server:script { { status = 429, headers = { ["Retry-After"] = "1" } } }
    assert.is_nil((paused:list_connectors()))
    finish()
    assert.same(set_of(aliases["celigo.EventType"].literals), seen)
    assert.same(names(all_fields "celigo.Event"), names(reference.fields("celigo", "event")))
  end)

  it("has the fields of a response", function()
    local server <close> = fault.start()
    local add, finish = collector "celigo.Response"
    local client <close> = celigo.new { base_url = server.url, token = "secret" }
    server:script {
      { body = "[]", headers = { Link = '</v1/connectors?skip=1>; rel="next"', ["X-Request-Id"] = "r" } },
      { body = '{"name":"n","description":"d"}' },
      { body = '{"name":"n"}' },
    }
    add(select(2, assert(client:list_connectors { follow = false })))
    add(select(2, assert(client:edit_connector("id", function() end))))
    finish()
    assert.same(names(all_fields "celigo.Response"), names(reference.fields("celigo.client", "response")))
  end)

  it("has the fields of a dry run", function()
    local add, finish = collector "celigo.DryRun"
    local client <close> = celigo.new { token = "secret" }
    add(assert(client:create_connector({ name = "n" }, { dry_run = true })))
    add(assert(client:delete_connector("id", { dry_run = true })))
    finish()
    assert.same(names(all_fields "celigo.DryRun"), names(reference.fields("celigo.client", "dry_run")))
  end)
end)

-- }======

describe("types.lua", function()
  it("does nothing to a program that loads it", function()
    local child = assert(process.start_lua [[
      local before = {}
      for name, value in pairs(_G) do before[name] = value end
      local loaded = {}
      for name in pairs(package.loaded) do loaded[name] = true end
      assert(require "celigo.types" == true)
      for name, value in pairs(_G) do assert(before[name] == value, name) end
      for name in pairs(package.loaded) do
        assert(loaded[name] or name == "celigo.types", name)
      end
      print "nothing"
    ]])
    local status, output = child:wait()
    assert.equal(0, status, output)
    assert.equal("nothing", output:match "%a+")
  end)
end)
