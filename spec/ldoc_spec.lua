-- The reference: every public function is in it, with an example that works
-- against the sandbox as it stands there.

local celigo = require "celigo"
local core = require "celigo.core"
local lacks = require "spec.support.missing"
local probe = require "tables_probe"
local process = require "spec.support.process"
local reference = require "spec.support.reference"
local sandbox = require "celigo.sandbox"

local service = sandbox.start()
local keeper = celigo.new { base_url = service.url, token = service.token }

teardown(function()
  keeper:close()
  service:stop()
end)

local items = reference.items()

-- The example of a module, which serves for its one function, too.
local function module_usage(module)
  for _, item in ipairs(items) do
    if item.module == module and item.kind == "module" and item.usage then return item.usage end
  end
  return ""
end

local function find(module, name)
  local found
  for _, item in ipairs(items) do
    if item.module == module and item.kind == "function" and item.name == name then
      assert.is_nil(found, ("%s: %s is documented twice"):format(module, name))
      found = item
    end
  end
  return found
end

-- The functions that there really are: of each module, the names.
local function public()
  local call = keeper:submit "list_connectors"
  local _, err = keeper:get_connector_by_id "missing"
  local tables = {
    celigo = celigo,
    ["celigo.json"] = celigo.json,
    ["celigo.client"] = core.methods,
    ["celigo.call"] = debug.getmetatable(call).__index,
    ["celigo.error"] = debug.getmetatable(err).__index,
    ["celigo.sandbox"] = sandbox,
  }
  for _, module in ipairs { "celigo.loop", "celigo.loop.luv", "celigo.loop.cqueues" } do
    tables[module] = require(module)
  end
  local list = {}
  for module, members in pairs(tables) do
    for name, value in pairs(members) do
      if type(value) == "function" and not name:find "^__" then
        list[#list + 1] = { module = module, name = name }
      end
    end
  end
  return list
end

-- A connector of its own for an example: with two licenses, installed once.
local function new_connector(name)
  local connector = assert(keeper:create_connector {
    name = name,
    contactEmail = "support@example.com",
    framework = "twoDotZero",
    twoDotZero = { _integrationId = "54fa0b38a7044f9254000036" },
  })
  local license
  for _, email in ipairs { "ada@example.com", "grace@example.com" } do
    license = assert(keeper:create_connector_license(connector._id, {
      email = email,
      expires = celigo.timestamp(os.time() + 86400),
      opts = { connectorEdition = "starter" },
    }))
  end
  assert(keeper:install_connector(connector._id))
  return connector, license
end

-- What an example finds around it, and what the client in it has done.
local function surroundings(path)
  local connector, license = new_connector "Of an example"
  local done = {}
  local client = celigo.new {
    base_url = service.url, token = service.token,
    on_event = function(event) done[#done + 1] = event end,
  }
  local globals = {
    celigo = celigo, client = client,
    connector = connector, id = connector._id,
    license = license, license_id = license._id,
    ids = { connector._id, (new_connector "Another")._id },
    path = path,
    print = function() end,
  }
  return setmetatable(globals, { __index = _G }), done
end

-- Runs an example where the environment points at the sandbox.
local function run(item)
  local path = os.tmpname()
  local env, done = surroundings(path)
  local name = ("=%s:%d: @usage"):format(item.file, item.line)
  local chunk = assert(load(item.usage, name, "t", env))
  local getenv = os.getenv
  local _ <close> = setmetatable({}, { __close = function()
    os.getenv = getenv -- luacheck: ignore 122
    env.client:close()
    os.remove(path)
  end })
  os.getenv = function(variable) -- luacheck: ignore 122
    if variable == "CELIGO_BASE_URL" then return service.url end
    if variable == "CELIGO_API_TOKEN" then return service.token or "sandbox" end
    return getenv(variable)
  end
  chunk()
  return done
end

local operations = {}
for _, row in ipairs(probe.operations()) do operations[row.name] = row end

-- Statuses that an example asks for on purpose.
local wanted_failures = { has = 404, is_error = 404 }

local function check_events(item, done)
  local called = false
  for _, event in ipairs(done) do
    called = called or event.operation == item.name
    if event.type == "response" and event.status >= 400 then
      assert.equal(wanted_failures[item.name], event.status, event.operation)
    end
  end
  if operations[item.name] or item.name == "request" then
    assert.is_true(called, "its example makes no such call")
  end
end

describe("the reference", function()
  it("has every public function, with an example", function()
    if lacks.any() then return pending(lacks.any()) end
    local missing = {}
    for _, wanted in ipairs(public()) do
      local item = find(wanted.module, wanted.name)
      if not item then
        missing[#missing + 1] = ("%s: %s"):format(wanted.module, wanted.name)
      elseif not item.usage and not module_usage(wanted.module):find("." .. wanted.name .. "(", 1, true) then
        missing[#missing + 1] = ("%s: %s has no example"):format(wanted.module, wanted.name)
      end
    end
    table.sort(missing)
    assert.same({}, missing)
  end)

  it("has no function that is not there", function()
    if lacks.any() then return pending(lacks.any()) end
    local there, unknown = {}, {}
    for _, entry in ipairs(public()) do there[entry.module .. "." .. entry.name] = true end
    for _, item in ipairs(items) do
      if item.kind == "function" and not there[item.module .. "." .. item.name] then
        unknown[#unknown + 1] = ("%s: %s"):format(item.module, item.name)
      end
    end
    assert.same({}, unknown)
  end)

  it("names the statuses that the contract documents for each operation", function()
    local file <close> = assert(io.open("spec/contract/connectors.openapi.json", "rb"))
    local contract = assert(celigo.json.decode(file:read "a"))
    for name, row in pairs(operations) do
      local responses = contract.paths[row.path][row.method:lower()].responses
      local text = find("celigo.client", name).text
      local told = text:match "@treturn%[2%] celigo%.error(.-)\n@usage"
      for _, status in ipairs { "400", "404", "422" } do
        assert.equal(responses[status] ~= nil, told:find(status, 1, true) ~= nil,
          ("%s: %s"):format(name, status))
      end
    end
  end)

  it("takes the parameters that each operation takes", function()
    for name, row in pairs(operations) do
      local parameters = {}
      for flag, kind, word in find("celigo.client", name).text:gmatch "@tparam(%S*) (%S+) (%S+)" do
        parameters[#parameters + 1] = { kind, flag == "[opt]", word }
      end
      assert.equal(row.ids + (row.body == "none" and 1 or 2), #parameters, name)
      for i = 1, row.ids do assert.same({ "string", false }, { parameters[i][1], parameters[i][2] }, name) end
      if row.body ~= "none" then
        assert.same({ "table", row.body == "optional" },
          { parameters[row.ids + 1][1], parameters[row.ids + 1][2] }, name)
      end
      assert.same({ "call_options", true, "options" }, parameters[#parameters], name)
    end
  end)

  it("has the options that there are", function()
    local tables = {
      [probe.client_options] = { "celigo", "options" },
      [probe.call_options] = { "celigo.client", "call_options" },
    }
    for show, place in pairs(tables) do
      local real, told = {}, reference.fields(place[1], place[2])
      for _, option in ipairs(show()) do
        real[option.name] = true
        if option.type ~= "other" then assert.equal(option.type, told[option.name], option.name) end
      end
      for name in pairs(told) do told[name] = true end
      assert.same(real, told)
    end
  end)
end)

describe("the example of", function()
  for _, item in ipairs(items) do
    if item.usage and item.name ~= "serve" then
      it(item.kind == "module" and item.module or item.module .. "." .. item.name, function()
        local lacking = lacks.in_code(item.usage)
        if lacking then return pending(lacking) end
        local last = item.name:match "[%w_]+$"
        if item.kind == "function" then
          assert.is_truthy(item.usage:find(last, 1, true), "it does not show " .. last)
        end
        check_events(item, run(item))
      end)
    end
  end

  it("celigo.sandbox.serve", function()
    local child = assert(process.start_lua(find("celigo.sandbox", "serve").usage,
      "celigo sandbox: listening on (http://127%.0%.0%.1:%d+)"))
    local client <close> = celigo.new { base_url = child.captures[1], token = "t" }
    local connectors, response = assert(client:list_connectors())
    assert.equal(4, #connectors)
    assert.equal(2, response.attempts)
    child:stop()
  end)
end)
