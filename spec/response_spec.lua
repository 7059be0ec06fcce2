-- What a call gives when all went well: the value, and the response.

local celigo = require "celigo"
local fault = require "spec.support.fault_server"
local sandbox = require "celigo.sandbox"

describe("a response", function()
  local server, client

  setup(function()
    server = fault.start()
    client = celigo.new { base_url = server.url, token = "t",
      rate_limit = false }
  end)

  teardown(function()
    client:close()
    server:stop()
  end)

  local function get(step)
    server:script { step }
    return client:get_connector_by_id("a")
  end

  it("has these fields and no others", function()
    local value, response = get {
      status = 200, body = '{"_id":"a"}',
      headers = { ["X-Request-Id"] = "r-1", ["Content-Type"] = "text/json" },
    }
    assert.same({ _id = "a" }, value)
    assert.is_true(response.elapsed > 0)
    response.elapsed = nil
    assert.same({
      status = 200, attempts = 1, request_id = "r-1",
      headers = { ["x-request-id"] = "r-1", ["content-type"] = "text/json",
        ["content-length"] = "11" },
    }, response)
    assert.equal("integer", math.type(response.status))
    assert.equal("integer", math.type(response.attempts))
  end)

  it("is a plain table", function()
    local _, response = get { body = "{}" }
    assert.is_nil(getmetatable(response))
    assert.is_nil(getmetatable(response.headers))
    assert.is_nil(response.next_url)
    assert.is_nil(response.request_id)
  end)

  it("has every 2xx's status but a part's, which nobody asked for", function()
    for status = 200, 299 do
      if status == 206 then goto continue end
      local value, response = get { status = status, body = '{"a":1}' }
      assert.equal(status ~= 206 and status or nil, value and response.status) -- a part is no whole answer
      if status == 206 then
        assert.equal("cut_short", response.code)
      elseif status ~= 204 and status ~= 205 then
        assert.same({ a = 1 }, value)
      else
        assert.is_truthy(value)
      end
      ::continue::
    end
  end)

  it("counts attempts and time over all of them", function()
    server:script { { status = 503, headers = { ["Retry-After"] = "0" } },
      { status = 503 }, { body = "{}" } }
    local quick <close> = celigo.new { base_url = server.url, token = "t",
      retry_base = 0 }
    local _, response = quick:get_connector_by_id("a")
    assert.equal(3, response.attempts)
    assert.equal(3, #server:requests())
  end)

  it("is that of the last exchange", function()
    server:script { { status = 503, headers = { A = "1", B = "1" } },
      { body = "{}", headers = { A = "2" } } }
    local quick <close> = celigo.new { base_url = server.url, token = "t",
      retry_base = 0 }
    local _, response = quick:get_connector_by_id("a")
    assert.equal("2", response.headers.a)
    assert.is_nil(response.headers.b)
  end)

  describe("header", function()
    it("names are lower case, however long", function()
      local long = "X-" .. ("Abc"):rep(60)
      local _, response = get { body = "{}", headers = {
        ["X-UPPER-Case_9"] = "Value Kept", [long] = "1" } }
      assert.equal("Value Kept", response.headers["x-upper-case_9"])
      assert.equal("1", response.headers[long:lower()])
    end)

    it("fields of one name are joined in order", function()
      local _, response = get { body = "{}", headers = {
        { "Set-Cookie", "a=1" }, { "X-A", "1" }, { "set-cookie", "b=2" },
        { "SET-COOKIE", "" }, { "X-A", "2, 3" } } }
      assert.equal("a=1, b=2, ", response.headers["set-cookie"])
      assert.equal("1, 2, 3", response.headers["x-a"])
    end)

    it("values lose the white space around them, and only that", function()
      local _, response = get { raw = "HTTP/1.1 200 OK\r\nA:b\r\n"
        .. "B: \t c  d \t\r\nC:\r\nD:: e\r\nContent-Length: 2\r\n\r\n{}" }
      assert.same({ a = "b", b = "c  d", c = "", d = ": e",
        ["content-length"] = "2" }, response.headers)
    end)

    it("fields are not made of the status line", function()
      local value, response = get { raw =
        "HTTP/1.1 200 Fine: really\r\nContent-Length: 2\r\n\r\n{}" }
      assert.same({}, value)
      assert.same({ ["content-length"] = "2" }, response.headers)
    end)

    it("fields of interim answers and trailers are left out", function()
      local _, response = get { raw = "HTTP/1.1 103 Early Hints\r\n"
        .. "Link: </x>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\nA: b\r\n"
        .. "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nT: u\r\n\r\n" }
      assert.same({ a = "b", ["transfer-encoding"] = "chunked" },
        response.headers)
      assert.equal(200, response.status)
    end)

    it("bytes are kept as they are", function()
      local _, response = get { body = "{}", headers = { A = "é\xff" } }
      assert.equal("é\xff", response.headers.a)
    end)
  end)

  describe("body", function()
    it("may be any JSON value", function()
      for text, value in pairs {
        ['{"a":[1,{"b":null}]}'] = { a = { 1, { b = celigo.null } } },
        ["[]"] = {}, ["5"] = 5, ['"x"'] = "x", ["true"] = true,
        [" \r\n\t{} \n"] = {},
      } do
        assert.same(value, (get { body = text }))
      end
      assert.equal(celigo.null, (get { body = "null" }))
      server:script { { body = "false" } }
      local value, response = client:get_connector_by_id("a")
      assert.is_false(value)
      assert.equal(200, response.status)
    end)

    it("that is empty, or white space, is true", function()
      for _, text in ipairs { "", " ", "\r\n\t " } do
        assert.is_true((get { body = text }))
        assert.is_true((get { status = 201, body = text }))
      end
      assert.is_true((get { status = 204 }))
    end)

    it("may come in chunks, or end with the connection", function()
      local text = '{"a":"' .. ("x"):rep(300000) .. '"}'
      for _, step in ipairs { { body = text, chunked = 1000 },
        { body = text, chunked = 300000 },
        { body = text, unframed = true,
          ending = "close" } } do
        assert.equal(300000, #get(step).a)
      end
    end)

    it("may come a byte at a time", function()
      assert.same({ a = 1 }, (get { body = '{"a":1}', drip = 0.0005,
        headers = { Connection = "close" }, ending = "close" }))
    end)

    it("is read by its content, not by its type", function()
      assert.same({ a = 1 }, (get { body = '{"a":1}',
        headers = { ["Content-Type"] = "text/html" } }))
    end)
  end)

  describe("of a compressed answer", function()
    it("is decompressed", function()
      local service <close> = sandbox.start { seed = 60 }
      local mine <close> = celigo.new { base_url = service.url, token = "t" }
      local list, response = assert(mine:list_connectors())
      assert.equal("gzip", response.headers["content-encoding"])
      assert.equal(60, #list)
      local plain <close> = sandbox.start { seed = 60, gzip = false }
      local other <close> = celigo.new { base_url = plain.url, token = "t" }
      local again
      again, response = assert(other:list_connectors())
      assert.is_nil(response.headers["content-encoding"])
      for i, record in ipairs(again) do
        assert.equal(record._id, list[i]._id)
      end
    end)
  end)

  it("of the escape hatch tells the next page", function()
    server:script { { body = "[1]", headers = {
      Link = '<https://h.example.com/v1/flows?skip=1>; rel="next"' } } }
    local value, response = client:request { path = "/v1/flows" }
    assert.same({ 1 }, value)
    assert.equal("/v1/flows?skip=1", response.next_url)
    assert.equal(1, #server:requests())
  end)

  it("of two calls are two tables", function()
    server:script { { body = '{"a":1}' } }
    local one, first = client:get_connector_by_id("a")
    local two, second = client:get_connector_by_id("a")
    assert.are_not.equal(one, two)
    assert.are_not.equal(first, second)
    first.headers.x = 1
    assert.is_nil(second.headers.x)
  end)
end)
