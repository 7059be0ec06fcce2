-- What goes over the wire: targets, headers and bodies to the byte; and what
-- is refused before anything goes.

local celigo = require "celigo"
local fault = require "spec.support.fault_server"

local AGENT = "celigo-lua/" .. celigo._VERSION:match("%S+$")

describe("a request", function()
  local server, client

  setup(function()
    server = fault.start()
    client = celigo.new { base_url = server.url, token = "s3cret" }
  end)

  teardown(function()
    client:close()
    server:stop()
  end)

  before_each(function()
    server:script { { status = 200, body = "{}" } }
  end)

  -- What the one request that came looked like: its request line, its header
  -- lines in order of the alphabet, its body.
  local function received()
    local requests = server:requests()
    assert.equal(1, #requests)
    local head, body = requests[1].raw:match("^(.-\r\n)\r\n(.*)$")
    local line, rest = head:match("^(.-)\r\n(.*)$")
    local lines = {}
    for header in rest:gmatch("(.-)\r\n") do
      lines[#lines + 1] = header
    end
    table.sort(lines)
    return line, lines, body
  end

  local function host()
    return "Host: " .. server.url:match("//(.*)$")
  end

  -- Leaves out the one header that depends on how libcurl was built.
  local function without_encodings(lines)
    local kept = {}
    for _, line in ipairs(lines) do
      if line:find("^Accept%-Encoding: ") then
        assert.is_truthy(line:find("gzip", 1, true), line)
      else
        kept[#kept + 1] = line
      end
    end
    assert.equal(#lines - 1, #kept)
    return kept
  end

  -- Nothing may have been sent.
  local function assert_silence()
    assert.same({}, server:requests())
  end

  -- The message of an error that must be raised, and must name this file.
  local function raised(call, ...)
    local ok, message = pcall(call, ...)
    assert.is_false(ok)
    assert.is_string(message)
    assert.is_truthy(message:find("spec/request_spec.lua:%d+: "), message)
    assert_silence()
    return message
  end

  local function assert_raises(pattern, call)
    local message = raised(call)
    assert.is_truthy(message:find(pattern), message)
  end

  describe("has these headers and no others:", function()
    it("without a body", function()
      assert(client:get_connector_by_id("a"))
      local line, lines, body = received()
      assert.equal("GET /v1/connectors/a HTTP/1.1", line)
      assert.same({
        "Accept: application/json", "Authorization: Bearer s3cret", host(),
        "User-Agent: " .. AGENT,
      }, without_encodings(lines))
      assert.equal("", body)
    end)

    it("with a body", function()
      assert(client:create_connector { name = "é\0\u{1F600}" })
      local line, lines, body = received()
      assert.equal("POST /v1/connectors HTTP/1.1", line)
      assert.same({
        "Accept: application/json", "Authorization: Bearer s3cret",
        "Content-Length: " .. #body, "Content-Type: application/json",
        host(), "User-Agent: " .. AGENT,
      }, without_encodings(lines))
      assert.equal('{"name":"é\\u0000\u{1F600}"}', body)
    end)

    it("where a body may be and is not", function()
      for _, name in ipairs { "install_connector",
        "push_connector_update" } do
        server:script { { status = 200 } }
        assert(client[name](client, "a"))
        local _, lines, body = received()
        assert.same({
          "Accept: application/json", "Authorization: Bearer s3cret",
          "Content-Length: 0", host(), "User-Agent: " .. AGENT,
        }, without_encodings(lines))
        assert.equal("", body)
      end
    end)

    it("in a request of one's own with no body", function()
      for _, method in ipairs { "POST", "PUT", "PATCH" } do
        server:script { { status = 200 } }
        assert(client:request { method = method, path = "/v1/flows/1" })
        local line, lines = received()
        assert.equal(method .. " /v1/flows/1 HTTP/1.1", line)
        assert.same({
          "Accept: application/json", "Authorization: Bearer s3cret",
          "Content-Length: 0", host(), "User-Agent: " .. AGENT,
        }, without_encodings(lines))
      end
    end)

    it("in a DELETE", function()
      assert(client:delete_connector("a"))
      local line, lines = received()
      assert.equal("DELETE /v1/connectors/a HTTP/1.1", line)
      assert.same({
        "Accept: application/json", "Authorization: Bearer s3cret", host(),
        "User-Agent: " .. AGENT,
      }, without_encodings(lines))
    end)
  end)

  it("puts the user_agent before the library's own", function()
    local mine <close> = celigo.new {
      base_url = server.url, token = "t", user_agent = "nightly/2 (é)",
    }
    assert(mine:get_connector_by_id("a"))
    assert.equal("nightly/2 (é) " .. AGENT,
      server:requests()[1].headers["user-agent"])
  end)

  it("sends a large body whole, without waiting for leave", function()
    local text = ("x"):rep(3 * 1024 * 1024)
    assert(client:create_connector { name = text })
    local _, lines, body = received()
    assert.equal('{"name":"' .. text .. '"}', body)
    for _, line in ipairs(lines) do
      assert.is_nil(line:lower():find("^expect"))
      assert.is_nil(line:lower():find("^transfer%-encoding"))
    end
  end)

  describe("ids", function()
    local ids = {
      ["54fa0b38a7044f9252000036"] = "54fa0b38a7044f9252000036",
      ["a-b._~Z9"] = "a-b._~Z9",
      ["a/b"] = "a%2Fb",
      ["../../v1"] = "..%2F..%2Fv1",
      ["a b"] = "a%20b",
      ["%2e%2e"] = "%252e%252e",
      ["..."] = "...",
      ["?x=1&y#z"] = "%3Fx%3D1%26y%23z",
      ["é\u{1F600}"] = "%C3%A9%F0%9F%98%80",
      ["\0\r\n\127"] = "%00%0D%0A%7F",
      ["!$'()*+,;:@[]\\\"<>^`{|}"] =
        "%21%24%27%28%29%2A%2B%2C%3B%3A%40%5B%5D%5C%22%3C%3E%5E%60%7B%7C%7D",
      ["\xff\xfe"] = "%FF%FE",
    }
    for id, encoded in pairs(ids) do
      it(("%q is one segment"):format(id), function()
        assert(client:get_connector_by_id(id))
        assert.equal("/v1/connectors/" .. encoded,
          server:requests()[1].target)
        server:script { { status = 204 } }
        assert(client:delete_connector_license(id, id))
        assert.equal(("/v1/connectors/%s/licenses/%s"):format(
          encoded, encoded), server:requests()[1].target)
      end)
    end

    it("of every byte", function()
      local bytes = {}
      for i = 0, 255 do
        bytes[#bytes + 1] = string.char(i)
      end
      local id = table.concat(bytes)
      assert(client:get_connector_by_id(id))
      local path = server:requests()[1].target:match("^/v1/connectors/(.*)$")
      assert.equal(id, (path:gsub("%%(%x%x)", function(hex)
        return string.char(tonumber(hex, 16))
      end)))
      assert.is_nil(path:find("[^%w%%._~-]"))
    end)

    it("as long as the server takes", function()
      local id = ("é"):rep(2000)
      client:get_connector_by_id(id)
      assert.equal("/v1/connectors/" .. ("%C3%A9"):rep(2000),
        server:requests()[1].target)
    end)

    local bad = { 1, true, {}, false }
    for _, id in ipairs(bad) do
      it(("%s %q is refused"):format(type(id), tostring(id)), function()
        assert_raises("get_connector_by_id: id: expected", function()
          client:get_connector_by_id(id)
        end)
        assert_raises("delete_connector: id: expected", function()
          client:delete_connector(id)
        end)
        assert_raises("delete_connector_license: license id: expected",
          function() client:delete_connector_license("a", id) end)
        assert_raises("update_connector: id: expected", function()
          client:update_connector(id, { name = "n" })
        end)
      end)
    end

    it("that would change the path are errors, and nothing is sent", function()
      for _, id in ipairs { "", ".", ".." } do
        for _, call in ipairs {
          function() return client:get_connector_by_id(id) end,
          function() return client:delete_connector(id) end,
          function() return client:delete_connector_license("a", id) end,
          function() return client:update_connector(id, { name = "n" }) end,
          function() return client:update_connector(id, { name = "n" }, { dry_run = true }) end,
          function() return client:submit("delete_connector", id):wait() end,
          function() return client:edit_connector(id, function() end) end,
          function() return client:edit_connector_license("a", id, function() end) end,
          function()
            local _, errors = client:map({ id }, function(one) return client:delete_connector(one) end)
            return nil, errors[1]
          end,
          function()
            return select(2, pcall(function() for _ in client:each_connector_license(id) do error "a turn" end end))
          end,
        } do
          local value, err = call()
          err = err or value -- what an iterator raises
          assert.is_true(celigo.is_error(err), tostring(err))
          assert.equal("validation", err.kind)
          assert.equal("invalid_id", err.code)
          assert.is_nil(err.page)
          assert.is_false(err.retryable or err.maybe_applied)
          assert.equal(0, err.attempts)
          assert.truthy(tostring(err):find('id is "' .. id .. '"', 1, true), tostring(err))
          assert.is_nil(tostring(err):find("validate = false", 1, true))
        end
      end
      assert_silence()
    end)

    it("that are missing are refused", function()
      for _, name in ipairs {
        "get_connector_by_id", "delete_connector", "push_connector_update",
        "get_connector_install_base", "list_connector_licenses",
        "get_connector_license_by_id", "delete_connector_license",
        "install_connector", "preview_connector_install",
      } do
        assert_raises(name .. ": id: expected a string, got n", function()
          client[name](client)
        end)
      end
      assert_raises("license id: expected a string, got n", function()
        client:get_connector_license_by_id("a")
      end)
    end)
  end)

  describe("bodies", function()
    it("that are missing are refused", function()
      assert_raises("create_connector: body: expected a table, got n",
        function() client:create_connector() end)
      assert_raises("update_connector: body: expected a table, got n",
        function() client:update_connector("a") end)
      assert_raises("create_connector_license: body: expected a table",
        function() client:create_connector_license("a") end)
      assert_raises("update_connector_license: body: expected a table",
        function() client:update_connector_license("a", "b") end)
    end)

    it("that are no tables are refused", function()
      for _, body in ipairs { "{}", 1, true, false, print } do
        assert_raises("create_connector: body: expected a table, got",
          function() client:create_connector(body) end)
        assert_raises("install_connector: body: expected a table, got",
          function() client:install_connector("a", body) end)
      end
    end)

    it("are not changed", function()
      local body = { name = "n", _id = "x", applications = {} }
      assert(client:update_connector("a", body))
      assert.same({ name = "n", _id = "x", applications = {} }, body)
      assert.is_nil(getmetatable(body.applications))
    end)
  end)

  describe("options for one call:", function()
    it("query, encoded and in order", function()
      server:script { { status = 200, body = "[]" } }
      assert(client:list_connectors { query = {
        b = true, a = "x y&z=é", n = 5, f = 0.5, ["k=&"] = "", no = false,
      }, follow = false })
      assert.equal("/v1/connectors?a=x%20y%26z%3D%C3%A9&b=true&f=0.5"
        .. "&k%3D%26=&n=5&no=false",
        server:requests()[1].target)
    end)

    it("limit, which is an integer", function()
      server:script { { status = 200, body = "[]" } }
      assert(client:list_connectors { limit = 500 })
      assert(client:list_connector_licenses("a", { limit = 20.0,
        query = { skip = 1 } }))
      local requests = server:requests()
      assert.equal("/v1/connectors?limit=500", requests[1].target)
      assert.equal("/v1/connectors/a/licenses?skip=1&limit=20",
        requests[2].target)
    end)

    it("limit given twice is refused", function()
      assert_raises("list_connectors: limit is given twice", function()
        client:list_connectors { limit = 5, query = { limit = 6 } }
      end)
    end)

    it("headers, which replace the client's", function()
      assert(client:get_connector_by_id("a", { headers = {
        Accept = "application/xml", ["user-agent"] = "me",
        ["X-Number"] = 5, ["X-Text"] = "a:b, c", ["X-Empty"] = "",
        ["X-Blank"] = " \t",
      } }))
      local _, lines = received()
      lines = without_encodings(lines)
      assert.same({
        "Accept: application/xml", "Authorization: Bearer s3cret", host(),
        "X-Blank:", "X-Empty:", "X-Number: 5", "X-Text: a:b, c",
        "user-agent: me",
      }, lines)
    end)

    it("a content type of one's own", function()
      assert(client:request { method = "POST", path = "/x", body = {},
        headers = { ["content-type"] = "application/merge-patch+json" } })
      assert.equal("application/merge-patch+json",
        server:requests()[1].headers["content-type"])
    end)

    it("headers are gone in the next call", function()
      assert(client:get_connector_by_id("a", { headers = { X = "1" } }))
      assert(client:get_connector_by_id("a"))
      assert.equal("1", server:requests()[1].headers.x)
      assert.is_nil(server:requests()[2].headers.x)
    end)

    it("headers that cannot be sent are refused", function()
      for name, value in pairs {
        ["X Y"] = "1", [""] = "1", ["X:"] = "1", ["X\r\nY"] = "1",
        ["X\0"] = "1", ["É"] = "1",
        A = "a\r\nB: c", B = "a\nb", C = "a\0b", D = "\127", E = {},
        F = true,
        Authorization = "Bearer other", authorization = "x", Host = "h",
        ["Content-Length"] = "5", ["Transfer-Encoding"] = "chunked",
        Connection = "close", Expect = "100-continue",
        ["Accept-Encoding"] = "br", ["Proxy-Authorization"] = "x",
        Range = "bytes=0-4", ["if-range"] = "x",
        ["Request-Range"] = "bytes=0-4",
      } do
        assert_raises("get_connector_by_id: headers: ", function()
          client:get_connector_by_id("a", { headers = { [name] = value } })
        end)
      end
      assert_raises("headers: expected names and values", function()
        client:get_connector_by_id("a", { headers = { "X: 1" } })
      end)
    end)

    it("queries that cannot be sent are refused", function()
      assert_raises("query parameter 'a': expected a string", function()
        client:list_connectors { query = { a = {} } }
      end)
      assert_raises("query parameter names are strings", function()
        client:list_connectors { query = { "a=b" } }
      end)
      assert_raises("query parameter 'a': expected", function()
        client:list_connectors { query = { a = celigo.null } }
      end)
    end)

    -- Every option's bad values; the message names option and method.
    local nan = 0 / 0
    local bad = {
      timeout = { 0, -1, "5", nan, math.huge, true, {} },
      max_retries = { -1, 0.5, "1", nan, true },
      validate = { 1, "true", {} },
      headers = { "X: 1", 1, true },
      query = { "a=b", 1, true },
      follow = { 1, "false" },
      limit = { 0, -1, 1.5, "5", nan, true },
      dry_run = { 1, "yes" },
    }
    for option, values in pairs(bad) do
      it(option .. " refuses what it cannot be", function()
        for _, value in ipairs(values) do
          local pattern = ("list_connectors: option '%s': expected .+, got ")
            :format(option)
          assert_raises(pattern, function()
            client:list_connectors { [option] = value }
          end)
          assert_raises("request: option '" .. option .. "': expected",
            function() client:request { path = "/x", [option] = value } end)
        end
      end)
    end

    it("every option's good values", function()
      for _, options in ipairs {
        { timeout = 0.001, dry_run = true }, { timeout = 10000000 },
        { max_retries = 0 }, { max_retries = 3.0 }, { validate = false },
        { validate = true }, { headers = {} }, { query = {} },
        { follow = true }, { follow = false }, { limit = 1 },
        { dry_run = false }, {},
      } do
        server:script { { status = 200, body = "[]" } }
        assert(client:list_connectors(options))
      end
      server:script { { status = 200, body = "[]" } }
      assert(client:list_connectors(nil))
    end)

    it("that are unknown are refused, the nearest named", function()
      assert_raises("unknown option 'time_out'; did you mean 'timeout'",
        function() client:list_connectors { time_out = 5 } end)
      assert_raises("unknown option 'wholly_other'; there are: timeout, max_retries, .*, dry_run$", function()
        client:list_connectors { wholly_other = 5 }
      end)
      assert_raises("unknown option 'timeout'; there are: timeout, ", function()
        client:list_connectors { ["timeout\0x"] = 5 }
      end)
      assert_raises("option names are strings", function()
        client:list_connectors { 5 }
      end)
      assert_raises("unknown option 'path'", function()
        client:list_connectors { path = "/x" }
      end)
      assert_raises("expected a table of options, got a string", function()
        client:list_connectors "x"
      end)
    end)
  end)

  describe("of the escape hatch", function()
    it("takes every method", function()
      for _, method in ipairs { "GET", "POST", "PUT", "PATCH", "DELETE" } do
        server:script { { status = 200, body = '{"a":1}' } }
        local value = assert(client:request { method = method,
          path = "/v1/x" })
        assert.same(method == "DELETE" or { a = 1 }, value)
        assert.equal(method .. " /v1/x HTTP/1.1", (received()))
      end
    end)

    it("is a GET where no method is given", function()
      assert(client:request { path = "/v1/tokenInfo" })
      assert.equal("GET /v1/tokenInfo HTTP/1.1", (received()))
    end)

    it("joins the path's query and its own", function()
      assert(client:request { path = "/v1/x?a=b%20c", query = { d = 1 },
        limit = 2 })
      assert.equal("/v1/x?a=b%20c&d=1&limit=2", server:requests()[1].target)
    end)

    it("sends the path as it is", function()
      for _, path in ipairs { "/", "/v1/../x", "//elsewhere.example.com/y",
        "/a%2Fb", "/a;b=c:@!$'()*+,", "/x?", "/x??a" }
      do
        server:script { { status = 200, body = "{}" } }
        assert(client:request { path = path })
        assert.equal(path, server:requests()[1].target)
      end
    end)

    it("sends any value as its body", function()
      for text, body in pairs {
        ["[]"] = celigo.array {}, ["{}"] = {}, ["null"] = celigo.null,
        ["false"] = false, ["true"] = true, ["5"] = 5, ['"x"'] = "x",
        ["[1,[2]]"] = { 1, { 2 } },
      } do
        server:script { { status = 200, body = "{}" } }
        assert(client:request { method = "POST", path = "/x", body = body })
        assert.equal(text, server:requests()[1].body)
      end
    end)

    it("sends no body of a value that JSON does not hold", function()
      for path, body in pairs { ["a%[1%]"] = { a = { print } },
        b = { b = 0 / 0 } } do
        local value, err = client:request { method = "PUT", path = "/x",
          body = body }
        assert.is_nil(value)
        assert.equal("validation", err.kind)
        assert.is_truthy(err.field:find("^" .. path .. "$"), err.field)
        assert.equal("request", err.operation)
        assert.equal(0, err.attempts)
        assert_silence()
      end
    end)

    it("refuses what it cannot be", function()
      for pattern, request in pairs {
        ["option 'method': expected GET"] = { method = "get", path = "/x" },
        ["option 'method': expected GET, POST"] = { method = "HEAD",
          path = "/x" },
        ["option 'method': expected a string, got 5"] = { method = 5,
          path = "/x" },
        ["option 'path': expected a path"] = { method = "GET" },
        ["option 'path': expected a string"] = { path = 5 },
        ["option 'path': it must begin"] = { path = "v1/x" },
        ["option 'path': it must begin with"] = { path = "" },
        ["option 'path': it must"] = { path = "https://a.example.com/x" },
        ["option 'path': spaces"] = { path = "/a b" },
        ["option 'path': spaces, control"] = { path = "/a\r\nHost: h" },
        ["option 'path': spaces, control characters and"] = { path = "/é" },
        ["option 'path': .*fragment"] = { path = "/a#b" },
        ["option 'path': expected a string without NUL"] = { path = "/\0" },
        ["a GET takes no body"] = { path = "/x", body = {} },
        ["unknown option 'params'"] = { path = "/x", params = {} },
        ["unknown option 'url'; there are: .*, method, path, body$"] =
          { url = "/x" },
      } do
        assert_raises("request: " .. pattern, function()
          client:request(request)
        end)
      end
      assert_raises("request: expected a table such as", function()
        client:request "/v1/x"
      end)
      assert_raises("request: expected a table such as", function()
        client:request()
      end)
    end)
  end)

  describe("that is run dry", function()
    it("tells what would be sent, the token masked", function()
      local dry = client:update_connector("a/b", { name = "n", _id = "x" },
        { dry_run = true, headers = { ["X-Y"] = "z" }, query = { q = 1 } })
      assert.same({
        method = "PUT",
        url = server.url .. "/v1/connectors/a%2Fb?q=1",
        headers = {
          accept = "application/json", authorization = "Bearer ***",
          ["content-type"] = "application/json", ["user-agent"] = AGENT,
          ["x-y"] = "z",
        },
        body = '{"name":"n"}',
      }, dry)
      assert_silence()
    end)

    it("without a body", function()
      local dry = client:delete_connector("a", { dry_run = true })
      assert.same({
        method = "DELETE", url = server.url .. "/v1/connectors/a",
        headers = { accept = "application/json",
          authorization = "Bearer ***", ["user-agent"] = AGENT },
      }, dry)
      assert_silence()
    end)

    it("is what is sent", function()
      for _, arguments in ipairs {
        { "create_connector", { name = "n" } },
        { "update_connector", "a", { name = "n" } },
        { "delete_connector", "a" },
        { "push_connector_update", "a", { _integrationIds = { "i" } } },
        { "push_connector_update", "a", nil },
        { "create_connector_license", "a", { email = "a@example.com",
          expires = "2030-01-01T00:00:00Z", opts = {} } },
        { "update_connector_license", "a", "b", { trialStarted = true } },
        { "delete_connector_license", "a", "b" },
        { "install_connector", "a", {} },
        { "request", { method = "PATCH", path = "/x?a=b", body = { 1 } } },
      } do
        local name, n = arguments[1], #arguments
        if name == "push_connector_update" then n = 3 end
        local function run(dry)
          local a = table.pack(table.unpack(arguments, 2, n))
          if name == "request" then
            a[1].dry_run = dry
          else
            a[a.n + 1] = { dry_run = dry }
          end
          return client[name](client, table.unpack(a, 1, a.n + 1))
        end
        server:script { { status = 200, body = "{}" } }
        local dry = run(true)
        assert_silence()
        assert(run(false))
        local line, lines, body = received()
        assert.equal(("%s %s HTTP/1.1"):format(
          dry.method, dry.url:sub(#server.url + 1)), line)
        if dry.body and #dry.body == #body then -- members in any order
          assert.same(celigo.json.decode(dry.body),
            celigo.json.decode(body))
        else
          assert.equal(dry.body or "", body)
        end
        for header, value in pairs(dry.headers) do
          local found = false
          for _, other in ipairs(lines) do
            local mask = other:gsub("s3cret", "***")
            local sent_name, sent_value = mask:match("^(.-): (.*)$")
            if sent_name:lower() == header then
              assert.equal(value, sent_value)
              found = true
            end
          end
          assert.is_true(found, header)
        end
      end
    end)

    it("validates", function()
      local value, err = client:create_connector({}, { dry_run = true })
      assert.is_nil(value)
      assert.equal("validation", err.kind)
      assert.equal("missing_required_field", err.code)
      assert.equal("name", err.field)
      assert_silence()
    end)

    it("never asks the token function", function()
      local mine <close> = celigo.new {
        base_url = server.url, token = function() error("asked") end,
      }
      assert.equal("Bearer ***", mine:delete_connector(
        "a", { dry_run = true }).headers.authorization)
    end)
  end)

  it("keeps a path before all others", function()
    for _, prefix in ipairs { "/proxy", "/proxy/", "/a/b%20c" } do
      local mine <close> = celigo.new { base_url = server.url .. prefix,
        token = "t" }
      server:script { { status = 404, body = "" } }
      local _, err = mine:get_connector_by_id("a")
      assert.equal(prefix:gsub("/$", "") .. "/v1/connectors/a",
        server:requests()[1].target)
      assert.equal("/v1/connectors/a", err.path)
    end
  end)

  it("goes whole to a proxy where there is no TLS", function()
    for _, proxy in ipairs { server.url, (server.url:gsub("^http://", "")) }
    do
      local mine <close> = celigo.new { base_url = "http://127.0.0.1:9/x/",
        token = "t", proxy = proxy }
      server:script { { status = 404 } }
      local _, err = mine:get_connector_by_id("a")
      assert.equal(404, err.status)
      assert.equal("/v1/connectors/a", err.path)
      local request = server:requests()[1]
      assert.equal("http://127.0.0.1:9/x/v1/connectors/a",
        request.raw:match("^GET (%S+) HTTP/1.1\r\n"))
    end
  end)

  it("through a tunnel shows a proxy nothing of itself", function()
    local mine <close> = celigo.new { base_url = "https://h.example.com",
      token = "s3cret-token", user_agent = "mine", max_retries = 0,
      proxy = server.url:gsub("//", "//user:pa55@") }
    server:script { { status = 403, body = "no" } }
    local value, err = mine:create_connector({ name = "n" },
      { headers = { X = "y" } })
    assert.is_nil(value)
    assert.equal("network", err.kind)
    assert.is_false(err.maybe_applied)
    assert.is_nil(tostring(err):find("pa55", 1, true))
    local raw = server:requests()[1].raw
    assert.equal("CONNECT h.example.com:443 HTTP/1.1\r\n",
      raw:match("^.-\n"))
    for _, secret in ipairs { "s3cret", "pa55", "/v1/", "\nX:" } do
      assert.is_nil(raw:find(secret, 1, true), raw)
    end
  end)

  it("does not follow a redirect, nor hand its token to one", function()
    for _, status in ipairs { 301, 302, 303, 307, 308 } do
      server:script { { redirect = "/stolen", status = status } }
      local value, err = client:create_connector { name = "n" }
      assert.is_nil(value)
      assert.equal("http", err.kind)
      assert.equal(status, err.status)
      local requests = server:requests()
      assert.equal(1, #requests)
      assert.equal("base", requests[1].origin)
    end
  end)
end)

describe("a request that is too large", function()
  it("is refused with the caller's position, and nothing is sent", function()
    local server <close> = fault.start()
    local client <close> = celigo.new { base_url = server.url, token = "t", max_retries = 0 }
    local long = ("a"):rep(1100000)
    for _, use in ipairs {
      function() client:request { path = "/" .. long } end,
      function() client:request { method = "POST", path = "/" .. long, body = {} } end,
      function() client:get_connector_by_id(long) end,
      function() client:get_connector_by_id("1", { query = { q = long } }) end,
      function() client:get_connector_by_id("1", { headers = { A = long } }) end,
    } do
      local good, message = pcall(use)
      assert.is_false(good)
      assert.is_truthy(message:find("request_spec.lua:%d+: [%w_]+: .* longer than 262144 bytes"), message)
    end
    assert.same({}, server:requests())
    server:script { { body = "[]" } }
    assert(client:get_connector_by_id("1", { headers = { A = ("b"):rep(9000) } }))
  end)

  it("is none for a limit that stands in the path already", function()
    local client <close> = celigo.new { base_url = "http://127.0.0.1:1", token = "t", max_retries = 0 }
    local good, message = pcall(client.request, client, { path = "/v1/x?a=b&limit=5", limit = 10 })
    assert.is_false(good)
    assert.is_truthy(message:find("limit is given twice", 1, true), message)
  end)
end)

describe("no proxy", function()
  it("has the path alone in its request line", function()
    local server <close> = fault.start()
    local client <close> = celigo.new { base_url = server.url, token = "t", proxy = "" }
    server:script { { body = "[]" } }
    assert(client:list_connectors())
    assert.is_truthy(server:requests()[1].raw:find("^GET /v1/connectors HTTP/1.1\r\n"))
  end)
end)

describe("a connection", function()
  it("is not handed to the programs that a script starts", function()
    if not os.execute "test -d /proc/self/fd" then return end
    local server <close> = fault.start()
    local client <close> = celigo.new { base_url = server.url, token = "t", proxy = "" }
    local function sockets()
      local pipe <close> = assert(io.popen "ls -l /proc/self/fd")
      return select(2, pipe:read "a":gsub("socket:", ""))
    end
    local before = sockets()
    server:script { { body = "[]" } }
    assert(client:list_connectors())
    assert.equal(before, sockets())
  end)
end)

-- The body of these two may be left out, and so be forgotten before options.
describe("options in the body's place", function()
  local client = celigo.new { token = "t", base_url = "http://127.0.0.1:1", max_retries = 0 }

  teardown(function() client:close() end)

  it("are refused before anything is sent", function()
    for _, name in ipairs { "install_connector", "push_connector_update" } do
      for option, body in pairs {
        dry_run = { dry_run = true, note = "a body of its own" },
        timeout = { timeout = 900 },
        max_retries = { max_retries = 0 },
      } do
        local good, message = pcall(client[name], client, "1", body)
        assert.is_false(good)
        assert.is_truthy(message:find(("%s: body: '%s' is an option, and options come after the body: ")
          :format(name, option), 1, true), message)
      end
    end
  end)

  it("are a body's members where it has others, too", function()
    local shown = assert(client:install_connector("1", { timeout = 5, note = "n" }, { dry_run = true }))
    assert.same({ timeout = 5, note = "n" }, celigo.json.decode(shown.body))
    assert.is_truthy(client:push_connector_update("1", {}, { dry_run = true }))
  end)
end)
