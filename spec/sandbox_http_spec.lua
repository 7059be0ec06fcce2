-- The sandbox as an HTTP server: authorization, pages, compression, many
-- connections, and peers that do not keep to the rules.

local cjson = require "cjson"
local gzip = require "celigo.sandbox.gzip"
local http = require "spec.support.http"
local process = require "spec.support.process"
local sandbox = require "celigo.sandbox"
local socket = require "socket"

local FULL = "/v1/connectors/54fa0b38a7044f9252000036"

describe("the sandbox's HTTP", function()
  local server

  after_each(function()
    if server then server:stop() end
    server = nil
  end)

  local function get(path, headers)
    return assert(http.request(server.url, { path = path,
      headers = headers }))
  end

  local function send_raw(bytes)
    local connection <close> = http.connect(server.url)
    connection:send(bytes)
    return (connection:receive_all())
  end

  describe("authorization", function()
    it("asks for a header", function()
      server = sandbox.start()
      local answer = http.request(server.url, { path = "/v1/connectors",
        token = false })
      assert.equal(401, answer.status)
      assert.equal('{"message":"Unauthorized"}', answer.body)
    end)

    it("can be limited to some tokens", function()
      server = sandbox.start { token = { "one", "two" } }
      for token, status in pairs { one = 200, two = 200, three = 401 } do
        local answer = http.request(server.url, { path = "/v1/connectors",
          token = token })
        assert.equal(status, answer.status)
      end
    end)

    it("comes before everything else", function()
      server = sandbox.start()
      local answer = http.request(server.url, { path = "/v1/nothing",
        token = "invalid" })
      assert.equal(401, answer.status)
      assert.equal('{"message":"Bearer Authentication Failed"}', answer.body)
    end)
  end)

  describe("pages", function()
    -- Follows one relation to its end; returns the ids met.
    local function walk(path, relation)
      local ids = {}
      while path do
        local answer = get(path)
        for _, record in ipairs(cjson.decode(answer.body)) do
          ids[#ids + 1] = record._id
        end
        local link = answer.headers.link or ""
        path = link:match('<http://[^/]+(/[^>]+)>; rel="' .. relation .. '"')
      end
      return ids
    end

    it("hold every record once, in order", function()
      server = sandbox.start { seed = 250 }
      local all = walk("/v1/connectors?limit=1000", "next")
      assert.equal(250, #all)
      assert.same(all, walk("/v1/connectors", "next"))
      assert.same(all, walk("/v1/connectors?limit=7", "next"))
      assert.is_nil(get("/v1/connectors?limit=250").headers.link)
    end)

    it("go back, too", function()
      server = sandbox.start { seed = 6 }
      assert.equal(6, #walk("/v1/connectors?limit=2&skip=4", "prev"))
    end)

    it("have a size to set, and may name another host", function()
      server = sandbox.start {
        page_size = 3, link_base = "https://api.integrator.io",
      }
      local answer = get("/v1/connectors?a=b%20c")
      assert.equal(3, #cjson.decode(answer.body))
      assert.equal("<https://api.integrator.io/v1/connectors"
        .. '?skip=3&limit=3&a=b%20c>; rel="next"',
        answer.headers.link)
    end)

    it("refuse a number that is none", function()
      server = sandbox.start()
      for _, query in ipairs { "limit=0", "limit=x", "skip=-1" } do
        assert.equal(400, get("/v1/connectors?" .. query).status)
      end
    end)

    it("that are empty are 204, or 200 by option", function()
      server = sandbox.start { seed = false }
      assert.equal(204, get("/v1/connectors").status)
      server:stop()
      server = sandbox.start { seed = false, empty_list_status = 200 }
      local answer = get("/v1/connectors")
      assert.equal(200, answer.status)
      assert.equal("[]", answer.body)
    end)
  end)

  describe("gzip", function()
    local function inflate(bytes)
      local path = os.tmpname()
      local file = assert(io.open(path, "wb"))
      file:write(bytes)
      file:close()
      local pipe = io.popen("gzip -dc < " .. process.quote(path) .. " 2>&1")
      local text = pipe:read("a")
      local ok = pipe:close()
      os.remove(path)
      assert.is_true(ok, text)
      return text
    end

    it("is used where it is asked for and pays", function()
      server = sandbox.start()
      local plain = get("/v1/connectors")
      assert.is_nil(plain.headers["content-encoding"])
      local packed = get("/v1/connectors", { ["Accept-Encoding"] = "gzip" })
      assert.equal("gzip", packed.headers["content-encoding"])
      assert.equal(plain.body, inflate(packed.body))
      local small = get("/v1/tokenInfo", { ["Accept-Encoding"] = "gzip" })
      assert.is_nil(small.headers["content-encoding"])
      local refused = get("/v1/connectors",
        { ["Accept-Encoding"] = "gzip;q=0" })
      assert.is_nil(refused.headers["content-encoding"])
    end)

    it("holds in stored blocks of any number", function()
      for _, size in ipairs { 0, 1, 65535, 65536, 200000 } do
        local text = ("celigo "):rep(size // 7 + 1):sub(1, size)
        assert.equal(text, inflate(gzip.store(text)))
        assert.equal(text, inflate(gzip.encode(text)))
      end
    end)
  end)

  describe("connections", function()
    it("are kept, for as many requests as the option says", function()
      server = sandbox.start { journal = true, max_requests = 3 }
      local connection <close> = http.connect(server.url)
      for count = 1, 3 do
        local answer = assert(connection:request { path = FULL })
        assert.equal(count == 3 and "close" or nil,
          answer.headers.connection)
      end
      local rest, how = connection:receive_all()
      assert.equal("", rest)
      assert.equal("closed", how)
      local numbers = {}
      for i, request in ipairs(http.journal(server.url)) do
        numbers[i] = request.connection
      end
      assert.same({ 1, 1, 1 }, numbers)
    end)

    it("are served side by side", function()
      server = sandbox.start { delay = 0.3 }
      local connections, started = {}, socket.gettime()
      for i = 1, 40 do
        connections[i] = http.connect(server.url)
        connections[i]:send("GET /v1/connectors HTTP/1.1\r\nHost: x\r\n"
          .. "Authorization: Bearer t\r\n\r\n")
      end
      for _, connection in ipairs(connections) do
        assert.equal(200, connection:receive().status)
        connection:close()
      end
      -- One after the other they would take 12 s.
      assert.is_true(socket.gettime() - started < 6)
    end)

    it("that are slow do not hold up others", function()
      server = sandbox.start()
      local slow <close> = http.connect(server.url)
      slow:send("GET " .. FULL .. " HTTP/1.1\r\nHos")
      assert.equal(200, get(FULL).status)
      slow:send("t: x\r\nAuthorization: Bearer t\r\n\r\n")
      assert.equal(200, slow:receive().status)
    end)

    it("that are idle are closed", function()
      server = sandbox.start { idle_timeout = 0.05 }
      assert.equal("", send_raw(""))
    end)
  end)

  describe("requests", function()
    it("may have a body in chunks, after a 100 Continue", function()
      server = sandbox.start()
      local connection <close> = http.connect(server.url)
      connection:send("POST /v1/connectors HTTP/1.1\r\nHost: x\r\n"
        .. "Authorization: Bearer t\r\nExpect: 100-continue\r\n"
        .. "Transfer-Encoding: chunked\r\n\r\n")
      assert.equal(100, connection:receive().status)
      connection:send('9\r\n{"name":"\r\n3;x=y\r\nabc\r\n2\r\n"}\r\n'
        .. "0\r\nTrailer: x\r\n\r\n")
      local answer = assert(connection:receive())
      assert.equal(201, answer.status)
      assert.equal("abc", cjson.decode(answer.body).name)
      assert.equal(200, connection:request({ path = FULL }).status)
    end)

    it("of HEAD have the header fields of GET", function()
      server = sandbox.start()
      local length = #get(FULL).body
      local connection <close> = http.connect(server.url)
      local answer = connection:request { method = "HEAD", path = FULL }
      assert.equal(tostring(length), answer.headers["content-length"])
      assert.equal(200, connection:request({ path = FULL }).status)
    end)

    it("of unknown methods and paths are refused", function()
      server = sandbox.start()
      local answer = http.request(server.url, { method = "PATCH",
        path = FULL })
      assert.equal(405, answer.status)
      assert.equal("DELETE, GET, HEAD, PUT", answer.headers.allow)
      assert.equal(404, get("/v1/flows").status)
      assert.equal(404, get("/").status)
    end)

    local HEAD = "GET " .. FULL .. " HTTP/1.1\r\nHost: x\r\n"
    local malformed = {
      ["HTTP/1.1 without a Host"] = { 400, "GET / HTTP/1.1\r\n\r\n" },
      ["a request line that is none"] = { 400, "hello\r\n" },
      ["a header line without a colon"] = { 400, HEAD .. "x\r\n\r\n" },
      ["a folded header"] = { 400, HEAD .. "A: b\r\n c\r\n\r\n" },
      ["two lengths"] =
        { 400, HEAD .. "Content-Length: 1\r\nContent-Length: 2\r\n\r\n" },
      ["a length that is none"] =
        { 400, HEAD .. "Content-Length: -1\r\n\r\n" },
      ["a length and chunks"] = { 400, HEAD
        .. "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n" },
      ["a chunk size that is none"] =
        { 400, HEAD .. "Transfer-Encoding: chunked\r\n\r\nzz\r\n" },
      ["an enormous chunk"] = { 413, HEAD
        .. "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffffff\r\n" },
      ["an enormous body"] =
        { 413, HEAD .. "Content-Length: 99999999999\r\n\r\n" },
      ["an unknown coding"] =
        { 501, HEAD .. "Transfer-Encoding: gzip\r\n\r\n" },
      ["too many headers"] =
        { 431, HEAD .. ("A: " .. ("b"):rep(1000) .. "\r\n"):rep(70) },
      ["another version"] =
        { 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" },
    }
    for what, case in pairs(malformed) do
      it(("with %s are %d"):format(what, case[1]), function()
        server = sandbox.start()
        local bytes = send_raw(case[2])
        assert.equal(case[1], tonumber(bytes:match("^HTTP/1.1 (%d+)")))
        local body = cjson.decode(bytes:match("\r\n\r\n(.*)"))
        assert.is_string(body.errors[1].message)
        assert.is_truthy(bytes:find("\r\nConnection: close\r\n", 1, true))
        assert.equal(200, get(FULL).status)
      end)
    end

    it("of random bytes do no harm", function()
      server = sandbox.start()
      math.randomseed(20240229)
      for _ = 1, 200 do
        local bytes = {}
        for i = 1, math.random(300) do
          bytes[i] = string.char(math.random(0, 255))
        end
        local connection <close> = http.connect(server.url)
        connection:send(table.concat(bytes))
      end
      assert.equal(200, get(FULL).status)
    end)

    it("are kept in a journal on demand, to the byte", function()
      server = sandbox.start { journal = true }
      local body = '{"name": "a\\u0000", "n" : 1.0}'
      http.request(server.url, {
        method = "POST", path = "/v1/connectors?a=%20b", body = body,
        headers = { ["X-Mine"] = "A b" },
      })
      local request = http.journal(server.url)[1]
      assert.equal("POST", request.method)
      assert.equal("/v1/connectors?a=%20b", request.target)
      assert.equal("/v1/connectors", request.path)
      assert.equal("a=%20b", request.query)
      assert.equal(body, request.body)
      assert.equal("A b", request.headers["x-mine"])
      assert.equal("Bearer test", request.headers.authorization)
      assert.equal("Host", request.raw_headers[1][1])
      http.clear_journal(server.url)
      assert.equal(0, #http.journal(server.url))
    end)
  end)

  it("limits the rate where it is told to", function()
    server = sandbox.start { rate_limit = { rate = 0.01, burst = 2 } }
    assert.equal(200, get(FULL).status)
    assert.equal(200, get(FULL).status)
    local answer = get(FULL)
    assert.equal(429, answer.status)
    assert.is_truthy(answer.headers["retry-after"]:match("^%d+$"))
    assert.equal("rate_limited",
      cjson.decode(answer.body).errors[1].code)
  end)
end)
