-- Scripts that make the library work: its caps come before the work, and
-- debug hooks have their turns in it, so that a host can end it.

local celigo = require "celigo"
local fault = require "spec.support.fault_server"

-- A value of 2^levels leaves, made of as many tables as levels.
local function shared(levels, leaf)
  local value = leaf or { 1 }
  for _ = 1, levels do value = { value, value } end
  return value
end

-- Runs f until a count hook has fired so many times; what f raised.
local function interrupted(times, f, ...)
  local fired = 0
  debug.sethook(function()
    fired = fired + 1
    if fired >= times then error("enough", 0) end
  end, "", 1000)
  local _, err = pcall(f, ...)
  debug.sethook()
  return err
end

describe("work that a script makes:", function()
  local server, client

  local function open(options)
    if client then client:close() end
    options.base_url, options.token = server.url, "test"
    client = celigo.new(options)
  end

  setup(function() server = fault.start() end)
  teardown(function() server:stop() end)
  before_each(function()
    open {}
    server:script { { body = "{}" } }
  end)
  after_each(function() client:close() end)

  local function count(prefix, n, value)
    local t = {}
    for i = 1, n do t[prefix .. i] = value end
    return t
  end

  it("a query has a limit, which is looked at before it is sorted", function()
    for _, n in ipairs { 60000, 500000 } do
      local good, err = pcall(client.request, client, { path = "/v1/x", query = count("name", n, "v") })
      assert.is_false(good)
      assert.is_truthy(err:find("request: path and query are longer than 262144 bytes", 1, true), err)
    end
    local good, err = pcall(client.request, client, { path = "/v1/x", query = { a = ("x"):rep(262144) } })
    assert.is_false(good)
    assert.is_truthy(err:find("are longer than", 1, true))
    good, err = pcall(client.request, client, { path = "/v1/x", query = { a = ("%"):rep(100000) } })
    assert.is_false(good)
    assert.is_truthy(err:find("are longer than", 1, true))
    assert.equal(0, #server:requests())
  end)

  it("a query is sent in the order of its names, however many", function()
    local query = count("n", 15000, true)
    query["n1\0"], query["n "], query["é"], query[""] = 2, 1.5, "x", "y"
    local sent = client:request { method = "POST", path = "/v1/x?a=b", query = query, limit = 7, dry_run = true }
    local names = {}
    for name in pairs(query) do names[#names + 1] = name end
    os.setlocale "C"
    table.sort(names)
    local function escape(text)
      return (tostring(text):gsub("[^%w._~-]", function(c) return ("%%%02X"):format(c:byte()) end))
    end
    local parts = { "a=b" }
    for _, name in ipairs(names) do parts[#parts + 1] = escape(name) .. "=" .. escape(query[name]) end
    parts[#parts + 1] = "limit=7"
    assert.equal(server.url .. "/v1/x?" .. table.concat(parts, "&"), sent.url)
  end)

  it("headers have a limit, and keep it", function()
    local good, err = pcall(client.request, client, { path = "/v1/x", headers = count("X-", 60000, "v") })
    assert.is_false(good)
    assert.is_truthy(err:find("headers: they are longer than 262144 bytes", 1, true), err)
    local sent = client:request { method = "POST", path = "/v1/x", headers = count("x-", 15000, "v"), dry_run = true }
    for i = 1, 15000 do assert.equal("v", sent.headers["x-" .. i]) end
    assert.equal(0, #server:requests())
  end)

  it("a body has a limit, which ends the encoding", function()
    open { max_request_bytes = 100000 }
    for _, body in ipairs { shared(60), { name = shared(60) }, shared(60, { a = {} }) } do
      for _, how in ipairs { "POST", "PUT", "PATCH", "DELETE" } do
        local value, e = client:request { method = how, path = "/v1/x", body = body }
        assert.is_nil(value)
        assert.equal("validation", e.kind)
        assert.equal("too_large", e.code)
        assert.equal("the body is larger than max_request_bytes (100000 bytes)", e.message)
        assert.is_false(e.maybe_applied)
        assert.equal(0, e.attempts)
      end
    end
    local _, e = client:create_connector { name = "n", x = shared(60) }
    assert.equal("too_large", e.code)
    _, e = client:create_connector({ name = "n", x = shared(60) }, { dry_run = true, validate = false })
    assert.equal("too_large", e.code)
    assert.equal(0, #server:requests())
  end)

  it("a body may have max_request_bytes, and not one more", function()
    open { max_request_bytes = 1000 }
    server:script { { body = "{}" } }
    assert(client:request { method = "POST", path = "/v1/x", body = ("x"):rep(998) })
    assert.equal(1000, #server:requests()[1].body)
    local _, e = client:request { method = "POST", path = "/v1/x", body = ("x"):rep(999) }
    assert.equal("too_large", e.code)
    assert.equal(1, #server:requests())
  end)

  it("what a codec makes has the same limit", function()
    local codec = { decode = celigo.json.decode, encode = function() return ("x"):rep(1001) end }
    open { max_request_bytes = 1000, json = codec }
    local _, e = client:request { method = "POST", path = "/v1/x", body = {} }
    assert.equal("too_large", e.code)
    _, e = client:create_connector { name = "n" }
    assert.equal("too_large", e.code)
    assert.equal(0, #server:requests())
  end)

  it("faults without end are not listed without end", function()
    local _, e = client:create_connector { name = "n", x = shared(60, print) }
    assert.equal("invalid_field", e.code)
    assert.equal(10000, #e.errors)
  end)

  it("a debug hook ends an encoding", function()
    open { max_request_bytes = 1 << 40 }
    for _, leaf in ipairs { { 1 }, { a = 1 }, "x" } do
      assert.equal("enough", interrupted(20, celigo.json.encode, shared(60, leaf)))
      assert.equal("enough",
        interrupted(20, client.request, client, { method = "POST", path = "/v1/x", body = shared(60, leaf) }))
    end
    local hole = {}
    for i = 1, 10000 do hole[i] = i end
    hole[20000] = 1
    assert.equal("enough", interrupted(20, celigo.json.encode, shared(60, hole)))
    assert.equal("{}", celigo.json.encode {})
  end)

  it("a debug hook ends a decoding, of a page, too", function()
    local text = "[" .. ("[1,2],"):rep(300000) .. "3]"
    assert.equal("enough", interrupted(5, celigo.json.decode, text))
    server:script { { body = text } }
    local err = interrupted(1e9, function()
      local fired = 0
      debug.sethook(function() fired = fired + 1 end, "", 1000)
      local value = client:list_connectors()
      debug.sethook()
      assert.is_true(fired > 5)
      assert.equal(300001, #value)
    end)
    assert.is_nil(err)
  end)
end)
