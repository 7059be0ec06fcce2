-- The misbehaving server, seen from the socket: each thing that it can do
-- wrong really goes wrong that way.

local fault = require "spec.support.fault_server"
local http = require "spec.support.http"
local process = require "spec.support.process"
local socket = require "socket"

local REQUEST = "GET /v1/x?y=z HTTP/1.1\r\nHost: h\r\n\r\n"

describe("the fault server", function()
  local server

  setup(function() server = fault.start() end)

  teardown(function()
    -- What a handler raised would have been printed.
    local output = server:stop()
    assert.is_nil(output:find("traceback", 1, true), output)
  end)

  -- Sends a request by a step: what came back, and how it ended.
  local function exchange(step)
    server:script { step }
    local connection <close> = http.connect(server.url)
    connection:send(REQUEST)
    return connection:receive_all()
  end

  local function scenario(name)
    return exchange(assert(fault.scenarios[name]))
  end

  it("answers a script in order, its last step for ever", function()
    server:script {
      { status = 503, headers = { ["Retry-After"] = "1" } },
      { status = 429, headers = { ["Retry-After"] =
        "Wed, 21 Oct 2015 07:28:00 GMT" } },
      { status = 200, body = "[]", headers = { A = "b" } },
    }
    local connection <close> = http.connect(server.url)
    local first = connection:request { path = "/" }
    assert.equal(503, first.status)
    assert.equal("1", first.headers["retry-after"])
    local second = connection:request { path = "/" }
    assert.equal(429, second.status)
    assert.equal("Wed, 21 Oct 2015 07:28:00 GMT",
      second.headers["retry-after"])
    for _ = 1, 2 do
      local answer = connection:request { path = "/" }
      assert.equal(200, answer.status)
      assert.equal("[]", answer.body)
      assert.equal("b", answer.headers.a)
    end
  end)

  it("keeps what it received, to the byte", function()
    server:script { { status = 200 } }
    local connection <close> = http.connect(server.url)
    local bytes = "PUT /a?b=%20 HTTP/1.1\r\nHost: h\r\nX-Y:  z\r\n"
      .. "Content-Length: 4\r\n\r\n\0\255\r\n"
    connection:send(bytes)
    connection:receive()
    connection:request { path = "/second" }
    local requests = server:requests()
    assert.equal(2, #requests)
    assert.equal(bytes, requests[1].raw)
    assert.equal("PUT", requests[1].method)
    assert.equal("/a?b=%20", requests[1].target)
    assert.equal("z", requests[1].headers["x-y"])
    assert.equal("\0\255\r\n", requests[1].body)
    assert.equal("base", requests[1].origin)
    assert.equal(requests[1].connection, requests[2].connection)
    assert.equal(1, server:connections())
  end)

  it("keeps the bytes of a request that never became whole", function()
    server:script { { status = 200 } }
    do
      local connection <close> = http.connect(server.url)
      connection:send("POST / HTTP/1.1\r\nContent-Le")
    end
    local requests = server:await(function(all) return #all == 1 end)
    assert.equal("POST / HTTP/1.1\r\nContent-Le", requests[1].raw)
    assert.is_true(requests[1].gone)
  end)

  describe("ends connections:", function()
    for name, how in pairs {
      closed_at_first_bytes = "closed",
      reset_at_first_bytes = "reset",
      closed_without_a_byte = "closed",
      reset_without_a_byte = "reset",
    } do
      it(name, function()
        local bytes, ended = scenario(name)
        assert.equal("", bytes)
        assert.equal(how, ended)
      end)
    end

    it("on connecting", function()
      for _, name in ipairs { "closed_at_connect", "reset_at_connect" } do
        server:script { fault.scenarios[name] }
        local sock = socket.connect("127.0.0.1", server.port)
        if sock then -- else the reset was faster than connect()
          assert.equal("", sock:receive("*a") or "")
          sock:close()
        end
        assert.equal(0, #server:requests())
        assert.equal(1, server:connections())
      end
    end)

    it("that were kept, at their next request", function()
      for _, name in ipairs { "reset_at_first_bytes", "closed_at_first_bytes",
        "closed_without_a_byte" } do
        server:script { { body = "[]" }, fault.scenarios[name],
          { body = "[1]" } }
        do
          local warm <close> = http.connect(server.url)
          assert.equal("[]", warm:request({ path = "/" }).body)
          assert.is_nil(warm:request { path = "/" })
        end
        assert.equal("[1]", http.request(server.url, { path = "/" }).body)
        assert.equal(2, server:connections())
      end
    end)

    it("after an answer that promised to keep them", function()
      server:script { { body = "[]", ending = "close" } }
      local connection <close> = http.connect(server.url)
      local answer = connection:request { path = "/" }
      assert.is_nil(answer.headers.connection)
      assert.equal("", (connection:receive_all()))
    end)
  end)

  describe("cuts answers short:", function()
    it("in the status line", function()
      assert.equal("HTTP/1.1 2", scenario("cut_in_status_line"):sub(1, 10))
      assert.is_nil(scenario("cut_in_status_line"):find("\n"))
    end)

    it("in the headers", function()
      local bytes = scenario "cut_in_headers"
      assert.is_truthy(bytes:find("^HTTP/1.1 200 OK\r\n."))
      assert.is_nil(bytes:find("\r\n\r\n", 1, true))
    end)

    it("in the body, by a close or a reset", function()
      local bytes, how = scenario "cut_in_body"
      assert.is_truthy(bytes:find("Content-Length: 9\r\n", 1, true))
      assert.equal('[{"a', bytes:match("\r\n\r\n(.*)"))
      assert.equal("closed", how)
      bytes, how = scenario "reset_in_body"
      assert.equal('[{"a', bytes:match("\r\n\r\n(.*)"))
      assert.equal("reset", how)
    end)

    it("at any byte", function()
      assert.equal("HTT", (exchange { cut = 3, ending = "close" }))
    end)

    it("between chunks", function()
      assert.equal("2\r\n[]\r\n",
        scenario("chunks_cut_short"):match("\r\n\r\n(.*)"))
    end)
  end)

  describe("frames answers wrongly:", function()
    it("lengths", function()
      assert.is_truthy(scenario("length_too_long"):find(
        "Content-Length: 10\r\n\r\n[]", 1, true))
      assert.is_truthy(scenario("length_too_short"):find(
        'Content-Length: 2\r\n\r\n[{"a":1}]', 1, true))
    end)

    it("chunks", function()
      assert.is_truthy(scenario("bad_chunk_size"):find("\r\nzz\r\n", 1,
        true))
      assert.is_truthy(scenario("chunk_longer_than_its_size"):find(
        "1\r\n[]]]", 1, true))
    end)

    it("not at all", function()
      assert.is_truthy(scenario("garbage"):find("^%z\255"))
    end)
  end)

  it("sends proper chunks, and bodies that end with the connection",
    function()
      server:script { { body = "[1,2,3]", chunked = 3 } }
      local answer = http.request(server.url, { path = "/" })
      assert.equal("chunked", answer.headers["transfer-encoding"])
      assert.equal("[1,2,3]", answer.body)
      local bytes = exchange { body = "[]", unframed = true,
        ending = "close" }
      assert.is_nil(bytes:find("Content-Length", 1, true))
      assert.is_truthy(bytes:find("\r\n\r\n[]", 1, true))
    end)

  it("drips", function()
    server:script { { body = "[]", drip = 3600 } }
    do
      local connection <close> = http.connect(server.url)
      connection:send(REQUEST)
      assert.equal("H", connection.socket:receive(1))
      assert.equal(1, server:requests()[1].sent)
    end
    server:await(function(all) return all[1].gone end)
    assert.matches("^HTTP/1.1 200 OK\r\n.*%[%]$",
      (exchange { body = "[]", drip = 0.0001, ending = "close" }))
  end)

  describe("stalls", function()
    for name, before in pairs {
      stalled_before_headers = "^$",
      stalled_in_headers = "^HTTP/1.1 200 OK\r\nA: b\r\nCon%a*$",
      stalled_in_body = '\r\n\r\n%[{"a$',
    } do
      it(name .. " until the client leaves", function()
        server:script { fault.scenarios[name] }
        do
          local connection <close> = http.connect(server.url)
          connection:send(REQUEST)
          local entry = server:await(function(all)
            return all[1] and (all[1].sent > 0 or before == "^$")
          end)[1]
          assert.is_false(entry.gone)
          local bytes = entry.sent > 0
            and connection.socket:receive(math.tointeger(entry.sent)) or ""
          assert.is_truthy(bytes:find(before), bytes)
        end
        server:await(function(all) return all[1].gone end)
      end)
    end

    it("for a while, then goes on", function()
      server:script { { body = "[]", stall = 0.01, stall_at = "body" } }
      assert.equal("[]", http.request(server.url, { path = "/" }).body)
    end)
  end)

  it("sends huge header sections", function()
    assert.is_truthy(scenario("huge_header"):find("X-Huge: h", 1, true))
    assert.is_truthy(#scenario("huge_header") > 2000000)
    assert.is_truthy(scenario("many_headers"):find("X-Filler-100000:", 1,
      true))
  end)

  it("sends many answers before the answer", function()
    server:script { { informational = 50, body = "[]" } }
    local connection <close> = http.connect(server.url)
    connection:send(REQUEST)
    for _ = 1, 50 do
      assert.equal(103, connection:receive().status)
    end
    assert.equal("[]", connection:receive().body)
  end)

  it("redirects to another origin, which records", function()
    server:script { { redirect = "/elsewhere" } }
    local answer = http.request(server.url, { path = "/" })
    assert.equal(302, answer.status)
    assert.equal(server.other_url .. "/elsewhere", answer.headers.location)
    assert.equal("[]", http.request(answer.headers.location, {
      path = "/elsewhere", token = "t" }).body)
    local requests = server:requests()
    assert.equal("other", requests[2].origin)
    assert.equal("/elsewhere", requests[2].target)
    assert.equal("Bearer t", requests[2].headers.authorization)
  end)

  it("sends gzip that is none", function()
    local bytes = scenario "bad_gzip"
    assert.is_truthy(bytes:find("Content-Encoding: gzip", 1, true))
    assert.is_truthy(bytes:find("\31\139\8 not deflate", 1, true))
  end)

  it("sends a small gzip body that grows enormously", function()
    local bytes = exchange { bomb = 20000000 }
    local body = bytes:match("\r\n\r\n(.*)")
    assert.is_true(#body < 200000)
    local path = os.tmpname()
    local file = assert(io.open(path, "wb"))
    file:write(body)
    file:close()
    local pipe = io.popen("gzip -dc < " .. process.quote(path)
      .. " 2>/dev/null")
    local text = pipe:read("a")
    pipe:close()
    os.remove(path)
    assert.is_true(#text >= 20000000)
    assert.is_truthy(text:sub(1, 100):find("^%[ +$"))
  end)

  it("counts what a client takes that stops reading", function()
    for _, step in ipairs { fault.scenarios.gzip_bomb, { fill = 2 ^ 31 } } do
      server:script { step }
      do
        local connection <close> = http.connect(server.url)
        connection:send(REQUEST)
        assert.is_truthy(connection.socket:receive(100000))
      end
      local entry = server:await(function(all) return all[1].gone end)[1]
      assert.is_true(entry.sent >= 100000)
      assert.is_true(entry.sent < 27000000)
    end
  end)

  it("fills a body with white space that is a JSON array", function()
    local body = exchange({ fill = 200000 }):match("\r\n\r\n(.*)")
    assert.equal("[" .. (" "):rep(200000) .. "]", body)
  end)
end)
