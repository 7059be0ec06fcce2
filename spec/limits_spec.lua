-- What a server may make the client hold: bodies after decompression,
-- headers, nesting.

local celigo = require "celigo"
local compressed = require "spec.support.compressed"
local fault = require "spec.support.fault_server"
local nginx = require "spec.support.nginx"
local process = require "spec.support.process"

describe("limits:", function()
  local server, client

  setup(function() server = fault.start() end)
  teardown(function() server:stop() end)

  local function open(bytes)
    if client then client:close() end
    client = celigo.new { base_url = server.url, token = "test",
      max_response_bytes = bytes, timeout = 20,
      rate_limit = false, retry_base = 0.001 }
  end

  after_each(function()
    if client then client:close() end
    client = nil
  end)

  local function check(value, err, code)
    assert.is_nil(value)
    assert.equal("limit", err.kind, tostring(err))
    assert.equal(code, err.code)
    assert.is_false(err.retryable)
    assert.equal(1, err.attempts) -- never retried
    assert.is_nil(err.body)
    assert.equal(0, client:step())
    server:script { { body = "[7]" } }
    assert.same({ 7 }, (client:list_connectors()))
  end

  it("a body may have max_response_bytes, and not one more", function()
    local body = '["' .. ("x"):rep(996) .. '"]'
    open(#body)
    for _, how in ipairs { {}, { chunked = 7 }, { drip = 0.00001 },
      { unframed = true, ending = "close" } } do
      how.body = body
      server:script { how }
      assert.equal(996, #client:list_connectors()[1])
      how.body = body .. " "
      server:script { how }
      local value, err = client:list_connectors()
      assert.is_truthy(err.message:find("max_response_bytes (1000 bytes)",
        1, true))
      check(value, err, "response_too_large")
    end
  end)

  it("a body without end is left early", function()
    open(1000000)
    server:script { { fill = 2 ^ 31 } }
    local value, err = client:list_connectors()
    local request = server:await(function(all) return all[1].gone end)[1]
    assert.is_true(request.sent < 100e6)
    check(value, err, "response_too_large")
  end)

  it("a small body that unpacks to an enormous one is left early",
    function()
      open(1000000)
      server:script { fault.scenarios.gzip_bomb }
      local value, err = client:list_connectors()
      local request = server:await(function(all) return all[1].gone end)[1]
      assert.is_true(request.sent < 20e6) -- of 27 million
      check(value, err, "response_too_large")
    end)

  it("bodies of errors count, too", function()
    open(1000)
    for _, status in ipairs { 404, 500, 401 } do
      server:script { { status = status, fill = 5000 } }
      local value, err = client:list_connectors()
      check(value, err, "response_too_large")
    end
  end)

  it("each page of a walk counts by itself", function()
    open(1000)
    local steps = {}
    for n = 1, 3 do
      steps[n] = { body = '["' .. ("x"):rep(900) .. '"]', headers = n < 3 and
        { Link = ('</v1/connectors?p=%d>; rel="next"'):format(n) } or nil }
    end
    server:script(steps)
    assert.equal(3, #assert(client:list_connectors()))
    server:script { steps[1], { fill = 5000 } }
    local seen = 0
    local good, err = pcall(function()
      for _ in client:each_connector() do seen = seen + 1 end
    end)
    assert.is_false(good)
    assert.equal(1, seen)
    assert.equal("/v1/connectors?p=1", err.page)
    check(nil, err, "response_too_large")
  end)

  it("headers are limited, one line and all together", function()
    open()
    for _, step in ipairs { { header_bytes = 3000000 },
      { header_count = 100000 } } do
      step.body, step.ending = "[]", "close"
      server:script { step }
      local value, err = client:list_connectors()
      assert.is_truthy(err.message:find("headers are too large", 1, true))
      check(value, err, "headers_too_large")
    end
    server:script { { header_count = 1000, header_bytes = 50000,
      body = "[]" } }
    local _, response = assert(client:list_connectors())
    assert.equal(50000, #response.headers["x-huge"])
    assert.equal("x", response.headers["x-filler-1000"])
  end)

  it("interim answers and trailers count with them", function()
    open()
    for _, step in ipairs { { informational = 10000 }, { trailers = 2 ^ 31 },
      { informational = 2000, header_bytes = 90000,
        trailers = 80000 } } do
      step.body = "[]"
      server:script { step }
      local value, err = client:list_connectors()
      local request = server:await(function(all) return all[1].gone or all[1].sent > 0 end)[1]
      assert.is_true(request.sent < 20e6)
      check(value, err, "headers_too_large")
    end
    server:script { { informational = 500, header_bytes = 50000, trailers = 20000, body = "[]" } }
    assert.same({}, (assert(client:list_connectors())))
  end)

  it("a trailer without end is left early", function()
    open()
    local head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n"
    server:script { { raw = head .. "A: " .. ("x"):rep(300000) .. "\r\n\r\n", ending = "close" } }
    local value, err = client:list_connectors()
    check(value, err, "headers_too_large")
  end)

  -- Under a state's own limit, see spec/c/test_bomb.c.
  for name, row in pairs {
    ["a gzip bomb"] = { "memory", fault.scenarios.gzip_bomb },
    ["a gzip bomb of an error"] = { "memory", { status = 500, bomb = 2 ^ 30 } },
    ["a gzip bomb in gzip"] = { "memory", { headers = { ["Content-Encoding"] = "gzip, gzip" },
      body = compressed.gzip(compressed.gzip((" "):rep(2 ^ 26))) } },
    ["a body without end"] = { "memory", { fill = 2 ^ 31 } },
    ["trailers without end"] = { "headers_too_large", { body = "[]", trailers = 2 ^ 31 } },
    ["interim answers without end"] = { "headers_too_large", { body = "[]", informational = 10000 } },
  } do
    it("a small state meets " .. name, function()
      server:script { row[2] }
      local host = assert(process.start(process.program("test_bomb", server.url, row[1])))
      local status, output = host:wait()
      assert.is_truthy(output:find "%f[%d][1-9]%d* passed, 0 failed$", output)
      assert.equal(0, status, output)
    end)
  end

  -- HTTP/2 has windows of its own, and TLS buffers.
  it("a small state meets a body without end over HTTP/2", function()
    local front <close> = nginx.start { upstream = server.url, tls = "good", http2 = true }
    server:script { { fill = 2 ^ 31 } }
    local host = assert(process.start(process.program("test_bomb", front.url, "memory", front.ca_file)))
    local status, output = host:wait()
    assert.is_truthy(output:find "%f[%d][1-9]%d* passed, 0 failed$", output)
    assert.equal(0, status, output)
  end)

  it("nesting is limited", function()
    open()
    local function nested(depth)
      return ("["):rep(depth) .. ("]"):rep(depth)
    end
    server:script { { body = nested(128) } }
    assert.is_table((client:get_connector_by_id("1")))
    assert.is_table((client:list_connectors()))
    for _, depth in ipairs { 129, 100000 } do
      for _, name in ipairs { "list_connectors",
        "preview_connector_install" } do
        server:script { { body = nested(depth) } }
        local value, err = client[name](client, name ~= "list_connectors"
          and "1" or nil)
        assert.is_nil(value)
        assert.equal("decode", err.kind)
        assert.equal("invalid_json", err.code)
        assert.equal(200, err.status)
        assert.is_truthy(err.message:find("128", 1, true), err.message)
        assert.is_false(err.retryable)
        assert.equal(1, err.attempts)
        assert.is_true(#err.body <= 65536)
      end
      server:script { { body = nested(depth) } }
      local good, raised = pcall(function()
        for _ in client:each_connector() do end
      end)
      assert.is_false(good)
      assert.equal("decode", raised.kind)
    end
  end)

  it("an error's body is cut at 64 KiB, its list is read whole", function()
    open()
    local entries = {}
    for n = 1, 2000 do
      entries[n] = ('{"code":"c%d","message":"%s"}'):format(
        n, ("m"):rep(50))
    end
    server:script { { status = 422, body = '{"errors":['
      .. table.concat(entries, ",") .. "]}" } }
    local _, err = client:create_connector { name = "n" }
    assert.equal(65536, #err.body)
    assert.equal(2000, #err.errors)
    assert.is_true(err:has("c2000"))
    assert.is_true(#tostring(err) < 2000)
  end)
end)
