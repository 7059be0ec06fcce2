-- celigo.log: one JSON line for each event.

local celigo = require "celigo"
local fault = require "spec.support.fault_server"
local sandbox = require "celigo.sandbox"

describe("celigo.log", function()
  local service, path

  setup(function() service = sandbox.start() end)
  teardown(function() service:stop() end)
  before_each(function() path = os.tmpname() end)
  after_each(function() os.remove(path) end)

  local function lines()
    local list = {}
    for line in io.lines(path) do list[#list + 1] = line end
    return list
  end

  it("writes a line for each event, in order, with its time and fields", function()
    local file <close> = assert(io.open(path, "w"))
    local events, log = {}, celigo.log(file)
    local client <close> = celigo.new {
      base_url = service.url,
      token = "secret-token",
      on_event = function(event)
        events[#events + 1] = event
        return log(event)
      end,
    }
    local before = os.time()
    assert(client:list_connectors { limit = 2 })
    client:get_connector_by_id "nope"
    local written = lines() -- while the file is open: nothing is held back
    assert.equal(#events, #written)
    assert.is_true(#events >= 6)
    for i, line in ipairs(written) do
      local record = assert(celigo.json.decode(line))
      local time = assert(celigo.parse_timestamp(record.time))
      assert.is_true(time >= before and time <= os.time())
      record.time = nil
      local event = events[i]
      for name, value in pairs(record) do
        if math.type(event[name]) == "float" then
          assert.near(event[name], value, 1e-6)
        else
          assert.equal(event[name], value, name)
        end
      end
      for name in pairs(event) do assert.not_nil(record[name], name) end
      assert.is_nil(line:find("secret-token", 1, true))
      assert.is_nil(line:find "\27")
    end
  end)

  it("begins each line with the time and the type", function()
    local file <close> = assert(io.open(path, "w"))
    celigo.log(file) { type = "retry", operation = "list_connectors", wait = 0.25, error = "429 x" }
    assert.truthy(lines()[1]:find(
      '^{"time":"%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%dZ","type":"retry","operation":"list_connectors",'
      .. '"wait":0.25,"error":"429 x"}$'))
  end)

  it("writes any text as one line of valid JSON", function()
    local file <close> = assert(io.open(path, "w"))
    local log = celigo.log(file)
    for _, text in ipairs { "two\nlines", 'a "quote"', "\xff\xfe", "漢", "\0" } do
      log { type = "retry", error = text }
    end
    local written = lines()
    assert.equal(5, #written)
    for _, line in ipairs(written) do assert(celigo.json.decode(line)) end
    assert.equal("two\nlines", celigo.json.decode(written[1]).error)
    assert.equal("??", celigo.json.decode(written[3]).error)
  end)

  it("writes whole numbers of seconds and small fractions as JSON numbers", function()
    local file <close> = assert(io.open(path, "w"))
    local log = celigo.log(file)
    for _, seconds in ipairs { 0.0, 10.0, 100.5, 1e-9, 0.000123 } do
      log { type = "response", elapsed = seconds }
    end
    local seen = {}
    for i, line in ipairs(lines()) do seen[i] = line:match '"elapsed":(.-)}' end
    assert.same({ "0", "10", "100.5", "0", "0.000123" }, seen)
  end)

  it("never vetoes a retry", function()
    local server <close> = fault.start()
    local file <close> = assert(io.open(path, "w"))
    local client <close> = celigo.new {
      base_url = server.url, token = "t", retry_base = 0.001, on_event = celigo.log(file),
    }
    server:script { { status = 503 }, { body = "[]" } }
    assert(client:list_connectors())
    local types = {}
    for i, line in ipairs(lines()) do types[i] = celigo.json.decode(line).type end
    assert.same({ "request", "response", "retry", "request", "response", "page" }, types)
  end)

  it("lets the calls go on where the file cannot be written", function()
    local file <close> = assert(io.open(path, "r"))
    local client <close> = celigo.new { base_url = service.url, token = "t", on_event = celigo.log(file) }
    assert(client:list_connectors())
  end)

  it("raises for anything but an open file, with the caller's position", function()
    local closed = assert(io.open(path, "w"))
    closed:close()
    for _, value in ipairs { "path", {}, closed, 1 } do
      local good, message = pcall(function() celigo.log(value) end)
      assert.is_false(good)
      assert.truthy(message:find "log_spec.lua:%d+: log: expected an open file, got a ", message)
    end
    assert.is_false((pcall(celigo.log)))
  end)
end)
