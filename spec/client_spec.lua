-- celigo.new: every option's good and bad values; what a client is; closing.

local celigo = require "celigo"
local fault = require "spec.support.fault_server"
local process = require "spec.support.process"

local function options(more)
  local all = { token = "t", base_url = "http://127.0.0.1:1" }
  for name, value in pairs(more or {}) do
    all[name] = value
  end
  return all
end

-- The message that celigo.new raises, without its position, which must be
-- this file's.
local function refusal(given)
  local ok, message = pcall(function()
    local _ <close> = celigo.new(given)
  end)
  assert.is_false(ok)
  local rest = message:match("^spec/client_spec%.lua:%d+: (.*)$")
  assert.is_string(rest, message)
  return rest
end

local function assert_refused(name, value, expected)
  local message = refusal(options { [name] = value })
  assert.equal(("celigo.new: option '%s': expected %s"):format(
    name, expected), message)
end

local function accept(given)
  local client <close> = celigo.new(options(given))
  assert.equal("userdata", type(client))
end

-- A file of some text, for as long as f runs.
local function with_file(text, f)
  local name = os.tmpname()
  local _ <close> = setmetatable({}, { __close = function()
    os.remove(name)
  end })
  local file = assert(io.open(name, "wb"))
  file:write(text)
  file:close()
  f(name)
end

describe("celigo.new", function()
  local nan, huge = 0 / 0, math.huge

  describe("token", function()
    it("is a string of visible ASCII or a function", function()
      accept { token = "a" }
      accept { token = "abc.DEF-123_~+/=" }
      accept { token = ("x"):rep(100000) }
      accept { token = function() return "t" end }
    end)

    it("is nothing else", function()
      for _, value in ipairs { 5, true, false, {}, io.stdout } do
        local message = refusal(options { token = value })
        assert.equal("celigo.new: option 'token': expected a string or a "
          .. "function, got a " .. type(value), message)
      end
    end)

    it("is not shown when it cannot be sent", function()
      for _, token in ipairs { "sekret\n", "sekret\r\nA: b", "sek ret",
        "sekret\0", "sekrét", "sekret\127", "\t" } do
        local message = refusal(options { token = token })
        assert.is_truthy(message:find("option 'token'", 1, true))
        assert.is_nil(message:find("sek", 1, true), message)
      end
    end)

    it("that is empty is none", function()
      assert.is_truthy(refusal(options { token = "" })
        :find("CELIGO_API_TOKEN", 1, true))
    end)
  end)

  describe("region and base_url", function()
    it("choose the service", function()
      for region, url in pairs {
        us = "https://api.integrator.io", eu = "https://api.eu.integrator.io",
      } do
        local client <close> = celigo.new { token = "t", region = region }
        assert.equal("celigo.client: " .. url, tostring(client))
      end
      local client <close> = celigo.new { token = "t" }
      assert.equal("celigo.client: https://api.integrator.io",
        tostring(client))
    end)

    it("know two regions", function()
      for _, region in ipairs { "US", "", "asia" } do
        assert.equal(([[celigo.new: option 'region': expected "us" or ]]
          .. [["eu", got "%s"]]):format(region),
          refusal { token = "t", region = region })
      end
      assert_refused("region", 5, "a string, got 5")
      assert_refused("region", {}, "a string, got table")
    end)

    it("refuse a region even where a base URL overrides it", function()
      assert.is_truthy(refusal(options { region = "mars" })
        :find("option 'region'", 1, true))
    end)

    it("a base URL overrides the region", function()
      local client <close> = celigo.new(options { region = "eu" })
      assert.equal("celigo.client: http://127.0.0.1:1", tostring(client))
    end)

    for _, url in ipairs {
      "https://api.integrator.io", "https://api.integrator.io/",
      "https://example.com:8443", "https://example.com/a/b",
      "HTTPS://EXAMPLE.com", "https://[2001:db8::1]:99",
      "http://127.0.0.1", "http://127.0.0.1:8080/x", "http://127.9.8.7",
      "http://127.1", "http://localhost", "http://LOCALHOST:80",
      "http://[::1]:8080", "http://[0:0:0:0:0:0:0:1]",
    } do
      it("accept " .. url, function() accept { base_url = url } end)
    end

    for _, url in ipairs {
      "http://example.com", "http://api.integrator.io", "http://128.0.0.1",
      "http://126.255.255.255", "http://0.0.0.0", "http://10.0.0.1",
      "http://localhost.example.com", "http://127.0.0.1.example.com",
      "http://localhost@example.com", "http://[::2]",
      "http://[::ffff:127.0.0.1]", "http://2130706434.example.com",
      "ftp://example.com", "file:///etc/passwd", "ws://localhost",
      "example.com", "localhost:8080", "/v1", "", " ", "https://",
      "https://user@example.com", "https://u:p@example.com",
      "https://example.com/?a=b", "https://example.com/#f",
      "https://exa mple.com", "https://example.com\r\nX: y",
      "https://example.com:99999", "https://example.com:port",
    } do
      it(("refuse %q"):format(url), function()
        local message = refusal(options { base_url = url })
        assert.is_truthy(message:find("^celigo.new: option 'base_url': .+"),
          message)
      end)
    end

    it("refuse a name that is not ASCII, in any locale, and say what helps", function()
      for _, url in ipairs { "https://bücher.example", "https://b%C3%BCcher.example/x", "https://\xFC.example",
        "https://xn--a.例え" } do
        local message = refusal(options { base_url = url })
        assert.is_truthy(message:find("option 'base_url': the host has to be written in ASCII", 1, true), message)
        assert.is_truthy(message:find("xn--", 1, true), message)
      end
      assert.is_truthy(refusal(options { proxy = "http://bücher.example:3128" }):find("ASCII", 1, true))
      accept { base_url = "https://xn--bcher-kva.example" }
    end)

    it("refuse what is no string", function()
      assert_refused("base_url", 5, "a string, got 5")
      assert_refused("base_url", false, "a string, got false")
      assert_refused("base_url", "https://a\0b",
        "a string without NUL, got string")
    end)
  end)

  -- Every option that a row describes: what is accepted, what is refused.
    local rows = {
    { "timeout", good = { 0.001, 1, 60.5, 1e7 },
      bad = { 0, -1, nan, huge, 1e8, "60", true, {} },
      expected = "seconds, a number from 0.001 to 10000000" },
    { "connect_timeout", good = { 0.001, 10, 1e6 },
      bad = { 0, -0.5, nan, huge, 1e7, "1", {} },
      expected = "seconds, a number from 0.001 to 1000000" },
    { "max_retries", good = { 0, 4, 3.0, 1000000 },
      bad = { -1, 0.5, nan, huge, "4", false },
      expected = "an integer from 0 to 1000000" },
    { "retry_base", good = { 0, 0.5, 60 }, bad = { -1, nan, huge, "1" },
      expected = "seconds, a number from 0 to 1000000" },
    { "retry_cap", good = { 0, 8, 3600 }, bad = { -1, nan, huge, "1" },
      expected = "seconds, a number from 0 to 1000000" },
    { "max_connections", good = { 1, 8, 256, 2.0 },
      bad = { 0, -1, 1.5, 257, nan, "8" },
      expected = "an integer from 1 to 256" },
    { "max_response_bytes", good = { 1, 67108864, 1 << 40 },
      bad = { 0, -1, 0.5, nan, huge, "5" },
      expected = "bytes, an integer from 1 to 9007199254740992" },
    { "max_request_bytes", good = { 1, 67108864, 1 << 40 },
      bad = { 0, -1, 0.5, nan, huge, "5" },
      expected = "bytes, an integer from 1 to 9007199254740992" },
    { "validate", good = { true, false }, bad = { 1, "true", {} },
      expected = "a boolean" },
    { "on_event", good = { print, function() end }, bad = { 1, "f", {} },
      expected = "a function" },
    { "proxy", good = { "http://127.0.0.1:3128", "", "socks5h://h:1",
      "https://u:p@h.example.com", "h.example.com", "127.0.0.1:3128",
      "[::1]:3128", "socks4://h", "socks4a://h", "socks5://h" },
      bad = { 5, {}, false, "a\0b" }, expected = "a string" },
    { "user_agent", good = { "x", "", "app/1 (é)" },
      bad = { 5, {}, "a\0b" }, expected = "a string" },
    { "ca_file", good = {}, bad = { 5, {}, "a\0b" },
      expected = "a string" },
  }
  for _, row in ipairs(rows) do
    local name = row[1]
    for _, value in ipairs(row.good) do
      it(("%s = %s is accepted"):format(name, tostring(value):sub(1, 30)),
        function() accept { [name] = value } end)
    end
    for _, value in ipairs(row.bad) do
      it(("%s = %q is refused"):format(name, tostring(value):gsub(
        "0x%x+", "")), function()
        local message = refusal(options { [name] = value })
        local start = ("celigo.new: option '%s': expected %s"):format(
          name, row.expected)
        assert.equal(start, message:sub(1, #start))
        assert.is_truthy(message:find("^[^,]*, got %S+$", #start + 1),
          message)
      end)
    end
  end

  it("user_agent holds no control characters", function()
    for _, agent in ipairs { "a\nb", "a\r\nX: y", "\127" } do
      assert.is_truthy(refusal(options { user_agent = agent })
        :find("option 'user_agent'", 1, true))
    end
  end)

  it("proxy is a URL of a kind that can be used, and is not shown",
    function()
      for _, proxy in ipairs { "ftp://u:pa55@h", "unix:///u:pa55",
        "http://u:pa55@[bad", "http://u:pa55@h:99999", "pa55 word",
        "http://", "http://pa55\nX: y" } do
        local message = refusal(options { proxy = proxy })
        assert.is_truthy(message:find("^celigo.new: option 'proxy': .+"),
          message)
        assert.is_nil(message:find("pa55", 1, true), message)
      end
    end)

  describe("rate_limit", function()
    it("is false or a table of rate and burst", function()
      accept { rate_limit = false }
      accept { rate_limit = {} }
      accept { rate_limit = { rate = 300, burst = 1000 } }
      accept { rate_limit = { rate = 0.5 } }
      accept { rate_limit = { burst = 1 } }
    end)

    it("is nothing else", function()
      local form = "false or a table such as "
        .. "{ rate = 300, burst = 1000 }, got "
      assert_refused("rate_limit", true, form .. "true")
      assert_refused("rate_limit", 300, form .. "300")
      assert_refused("rate_limit", "300", form .. "string")
    end)

    it("has fields of its own", function()
      for pattern, limit in pairs {
        ["option 'rate': expected requests per second, a number "
          .. "from 0%.001 to 1000000000, got 0$"] =
          { rate = 0 },
        ["option 'rate': .+, got %-1$"] = { rate = -1 },
        ["option 'rate': .+, got string$"] = { rate = "300" },
        ["option 'burst': expected requests, .+, got 0$"] = { burst = 0 },
        ["option 'burst': .+, got %-?nan$"] = { burst = nan },
        ["unknown option 'rates'; did you mean 'rate'%?$"] = { rates = 1 },
        ["option names are strings, got a number$"] = { 300 },
      } do
        local message = refusal(options { rate_limit = limit })
        assert.is_truthy(message:find("^celigo.new: option 'rate_limit': "
          .. pattern), message)
      end
    end)
  end)

  describe("json", function()
    it("is a table with encode and decode", function()
      accept { json = celigo.json }
      accept { json = require "cjson" }
      accept { json = { encode = print, decode = print } }
    end)

    it("is nothing else", function()
      for _, value in ipairs { 1, "cjson", true, {}, { encode = print },
        { decode = print },
        { encode = print, decode = 5 }, print } do
        assert.equal("celigo.new: option 'json': expected a table with the "
          .. "functions encode and decode, such as require \"cjson\"",
          refusal(options { json = value }))
      end
    end)
  end)

  describe("ca_file", function()
    it("is a file that can be read", function()
      for _, name in ipairs { "/nowhere/at/all.pem", "", "." } do
        local message = refusal(options { ca_file = name })
        assert.is_truthy(message:find("option 'ca_file'", 1, true), message)
        assert.is_truthy(message:find(name, 1, true), message)
      end
      with_file("no certificate", function(name)
        assert.equal(("celigo.new: option 'ca_file': %s: the file holds no "
          .. "certificate (PEM)"):format(name), refusal(options { ca_file = name }))
      end)
    end)
  end)

  it("refuses options that it does not know, and names the nearest",
    function()
      for name, nearest in pairs {
        tokn = "token", Token = "token", timeouts = "timeout",
        max_retry = "max_retries",
        retires_cap = "retry_cap", baseurl = "base_url",
        proxi = "proxy", verify = false, ["token\0"] = false,
      } do
        local expected = ("celigo.new: unknown option '%s'"):format(
          name:gsub("\0", ""))
        if nearest then
          expected = ("%s; did you mean '%s'?"):format(expected, nearest)
        else
          expected = expected .. "; there are: token, region, base_url, "
            .. "timeout, connect_timeout, max_retries, retry_base, "
            .. "retry_cap, rate_limit, max_connections, max_response_bytes, max_request_bytes, "
            .. "ca_file, proxy, user_agent, validate, read_only, http2, json, on_event"
        end
        assert.equal(expected, refusal(options { [name] = 1 }))
      end
      assert.equal("celigo.new: option names are strings, got a number",
        refusal(options { [1] = "t" }))
      assert.equal("celigo.new: option names are strings, got a boolean",
        refusal(options { [true] = "t" }))
    end)

  it("takes a table", function()
    for _, value in ipairs { "t", 5, true, print } do
      assert.equal("celigo.new: expected a table of options, got a "
        .. type(value), refusal(value))
    end
  end)

  it("leaves the table of options alone", function()
    local given = options { rate_limit = { rate = 5 } }
    local _ <close> = celigo.new(given)
    assert.same(options { rate_limit = { rate = 5 } }, given)
  end)

  it("keeps what it was given, not the table", function()
    local server <close> = fault.start()
    server:script { { body = "{}" } }
    local given = { token = "one", base_url = server.url }
    local client <close> = celigo.new(given)
    given.token, given.base_url = "two", "http://127.0.0.1:1"
    collectgarbage()
    assert(client:get_connector_by_id("a"))
    assert.equal("Bearer one", server:requests()[1].headers.authorization)
  end)

  describe("reads the environment:", function()
    -- Runs celigo.new with some variables set: what it prints.
    local function run(variables, code)
      local words = { "env", "-u", "CELIGO_API_TOKEN", "-u",
        "CELIGO_BASE_URL" }
      for name, value in pairs(variables) do
        words[#words + 1] = name .. "=" .. value
      end
      words[#words + 1] = process.lua()
      words[#words + 1] = "-e"
      words[#words + 1] = ("package.path=%q package.cpath=%q "
        .. "local celigo = require 'celigo' "
        .. "local function new(o) print(pcall(celigo.new, o)) end "
        .. "%s"):format(package.path, package.cpath, code)
      local child = assert(process.start(words))
      local status, output = child:wait()
      assert.equal(0, status, output)
      return output
    end

    it("the token and the base URL", function()
      assert.equal("true\tceligo.client: https://h.example.com",
        run({ CELIGO_API_TOKEN = "t",
          CELIGO_BASE_URL = "https://h.example.com" }, "new()"))
    end)

    it("options come first", function()
      assert.equal("true\tceligo.client: https://two.example.com",
        run({ CELIGO_API_TOKEN = "\n", CELIGO_BASE_URL = "ftp://one" },
          "new { token = 't', base_url = 'https://two.example.com' }"))
    end)

    it("no token, and an empty one", function()
      for _, variables in ipairs { {}, { CELIGO_API_TOKEN = "" } } do
        local output = run(variables, "new() new {} new { token = '' }")
        local n = select(2, output:gsub("false\tceligo.new: there is no "
          .. "token: .- CELIGO_API_TOKEN", ""))
        assert.equal(3, n, output)
      end
    end)

    it("an empty token option is not replaced", function()
      assert.is_truthy(run({ CELIGO_API_TOKEN = "t" }, "new { token = '' }")
        :find("^false\tceligo.new: .*CELIGO_API_TOKEN"))
    end)

    it("a base URL overrides the region; an empty one is none", function()
      assert.equal("true\tceligo.client: https://h.example.com",
        run({ CELIGO_BASE_URL = "https://h.example.com" },
          "new { token = 't', region = 'eu' }"))
      assert.equal("true\tceligo.client: https://api.eu.integrator.io",
        run({ CELIGO_BASE_URL = "" }, "new { token = 't', region = 'eu' }"))
    end)

    it("a bad base URL is refused", function()
      assert.is_truthy(run({ CELIGO_BASE_URL = "http://example.com" },
        "new { token = 't' }")
        :find("^false\tceligo.new: environment variable CELIGO_BASE_URL: "))
    end)

    it("the token is sent, and shown nowhere", function()
      local server <close> = fault.start()
      server:script { { status = 401, body = '{"message":"no s3cret"}' } }
      local output = run({ CELIGO_API_TOKEN = "s3cret",
        CELIGO_BASE_URL = server.url },
        "local c = celigo.new() local _, e = c:list_connectors() "
        .. "print(c, e) for k, v in pairs(e) do print(k, v) end "
        .. "for k, v in pairs(e.headers) do print(k, v) end")
      assert.equal("Bearer s3cret",
        server:requests()[1].headers.authorization)
      assert.is_truthy(output:find("status\t401", 1, true), output)
      assert.is_nil(output:find("s3cret", 1, true), output)
    end)
  end)
end)

describe("a client", function()
  local server, client

  setup(function() server = fault.start() end)
  teardown(function() server:stop() end)

  before_each(function()
    server:script { { body = "[]" } }
    client = celigo.new { base_url = server.url, token = "t" }
  end)

  after_each(function() client:close() end)

  it("is a full userdata that says what it is", function()
    assert.equal("userdata", type(client))
    assert.equal("celigo.client: " .. server.url, tostring(client))
  end)

  it("has methods of its class only", function()
    assert.has_error(function()
      client.list_connectors(io.stdout)
    end)
    local ok, message = pcall(function() client.list_connectors() end)
    assert.is_false(ok)
    assert.is_truthy(message:find("expected the client as the first argument", 1, true), message)
  end)

  it("says which method was meant", function()
    local ok, message = pcall(function() client:list_conectors() end)
    assert.is_false(ok)
    assert.is_truthy(message:find("did you mean 'list_connectors'", 1, true),
      message)
    assert.is_truthy(message:find("spec/client_spec.lua:", 1, true))
    ok, message = pcall(function() return client.something_else end)
    assert.is_false(ok)
    assert.is_truthy(message:find("no method 'something_else'", 1, true))
  end)

  -- Every way to make a call must say that the client is closed.
  local function assert_closed(closed)
    local id = "a"
    for name, arguments in pairs {
      list_connectors = {}, get_connector_by_id = { id },
      create_connector = { { name = "n" } }, delete_connector = { id },
      update_connector = { id, { name = "n" } },
      get_connector_install_base = { id }, push_connector_update = { id },
      list_connector_licenses = { id }, install_connector = { id },
      create_connector_license = { id, { email = "a@b.co", opts = {},
        expires = "2030-01-01T00:00:00Z" } },
      get_connector_license_by_id = { id, id },
      update_connector_license = { id, id, {} },
      delete_connector_license = { id, id },
      preview_connector_install = { id },
      request = { { path = "/x" } },
    } do
      local value, err = closed[name](closed, table.unpack(arguments))
      assert.is_nil(value)
      assert.is_true(celigo.is_error(err))
      assert.equal("closed", err.kind)
      assert.equal(name, err.operation)
      assert.equal(0, err.attempts)
      assert.is_false(err.maybe_applied)
      assert.is_truthy(tostring(err):find("closed", 1, true))
    end
    local call = closed:submit("get_connector_by_id", id)
    assert.is_true(call:done())
    assert.equal("closed", select(2, call:result()).kind)
    assert.equal("closed", select(2, call:wait()).kind)
    assert.equal(0, closed:step())
    assert.equal(0, closed:step(10))
    assert.same({}, server:requests())
  end

  it("is closed by close, which may be called again", function()
    client:close()
    client:close()
    assert_closed(client)
  end)

  it("is closed at the end of its block", function()
    local kept
    do
      local mine <close> = celigo.new { base_url = server.url, token = "t" }
      kept = mine
    end
    assert_closed(kept)
    kept:close()
  end)

  it("is closed when the block ends with an error", function()
    local kept
    local ok, message = pcall(function()
      local mine <close> = celigo.new { base_url = server.url, token = "t" }
      kept = mine
      error("mine", 0)
    end)
    assert.is_false(ok)
    assert.equal("mine", message)
    assert_closed(kept)
  end)

  it("keeps its metatable from scripts", function()
    assert.equal("celigo.client", getmetatable(client))
    assert.has_error(function() setmetatable(client, {}) end)
    assert.has_error(function() client.list_connectors = nil end)
  end)

  it("that a finaliser brings back is of no use", function()
    local kept
    do
      local mine = celigo.new { base_url = server.url, token = "t" }
      setmetatable({ mine }, { __gc = function(self) kept = self[1] end })
    end
    collectgarbage()
    collectgarbage()
    assert.error_matches(function() kept:list_connectors() end, "collected")
    assert.error_matches(function() kept:step() end, "collected")
  end)

  it("still raises on misuse when it is closed", function()
    client:close()
    assert.has_error(function() client:get_connector_by_id(5) end)
    assert.has_error(function() client:create_connector() end)
    assert.has_error(function() client:list_connectors { nope = 1 } end)
    assert.has_error(function() client:request {} end)
  end)

  it("never asks for a token when it is closed", function()
    local asked = 0
    local mine = celigo.new { base_url = server.url, token = function()
      asked = asked + 1
      return "t"
    end }
    mine:close()
    assert.equal("closed", select(2, mine:list_connectors()).kind)
    assert.equal(0, asked)
  end)

  it("may be closed by its own callbacks", function()
    for _, event in ipairs { "request", "response", "page" } do
      server:script { { body = "[]" } }
      local mine
      mine = celigo.new { base_url = server.url, token = "t",
        on_event = function(e)
          if e.type == event then mine:close() end
        end }
      local value, err = mine:list_connectors()
      assert.is_nil(value, event)
      assert.equal("closed", err.kind)
    end
    local mine
    mine = celigo.new { base_url = server.url, token = function()
      mine:close()
      return "t"
    end }
    assert.equal("closed", select(2, mine:list_connectors()).kind)
  end)

  it("gives back its connections when it is closed", function()
    assert(client:list_connectors())
    assert.equal(1, server:connections())
    server:script { { body = "[]", stall = true } }
    local call = client:submit("list_connectors")
    repeat
      client:step(0.01)
    until #server:requests() == 1
    client:close()
    server:await(function(requests) return requests[1].gone end)
    assert.equal("closed", select(2, call:result()).kind)
  end)

  it("and another have nothing in common", function()
    local other <close> = celigo.new { base_url = server.url, token = "u" }
    client:close()
    assert(other:list_connectors())
    assert.equal("Bearer u", server:requests()[1].headers.authorization)
  end)
end)

describe("a token function", function()
  local server

  setup(function() server = fault.start() end)
  teardown(function() server:stop() end)
  before_each(function() server:script { { body = "{}" } } end)

  local function tokens(list)
    local asked = 0
    return function()
      asked = asked + 1
      return list[asked] or list[#list]
    end, function() return asked end
  end

  local function sent()
    local list = {}
    for i, request in ipairs(server:requests()) do
      list[i] = request.headers.authorization
    end
    return list
  end

  it("is called for the first request, and no more", function()
    local token, asked = tokens { "one", "two" }
    local client <close> = celigo.new { base_url = server.url,
      token = token }
    assert.equal(0, asked())
    for _ = 1, 3 do
      assert(client:get_connector_by_id("a"))
    end
    assert.equal(1, asked())
    assert.same({ "Bearer one", "Bearer one", "Bearer one" }, sent())
  end)

  it("is called once more for each call that meets a 401", function()
    local unauthorized = { status = 401, body = '{"message":"no"}' }
    for _, method in ipairs { "GET", "POST", "PUT", "PATCH", "DELETE" } do
      local token, asked = tokens { "one", "two", "three" }
      local client <close> = celigo.new { base_url = server.url,
        token = token, max_retries = 0 }
      server:script { unauthorized, { body = "{}" } }
      local value, response = client:request { method = method, path = "/x" }
      assert.is_truthy(value)
      assert.equal(2, response.attempts)
      assert.equal(2, asked())
      assert.same({ "Bearer one", "Bearer two" }, sent())
      server:script { unauthorized }
      local _, err = client:request { method = method, path = "/x" }
      assert.equal(401, err.status)
      assert.equal(2, err.attempts)
      assert.equal(3, asked())
      assert.same({ "Bearer two", "Bearer three" }, sent())
    end
  end)

  it("that is a string is not asked again", function()
    local client <close> = celigo.new { base_url = server.url, token = "t" }
    server:script { { status = 401 } }
    local _, err = client:get_connector_by_id("a")
    assert.equal(401, err.status)
    assert.equal(1, err.attempts)
    assert.equal(1, #server:requests())
  end)

  it("raises from the call that asked", function()
    local client <close> = celigo.new { base_url = server.url,
      token = function() error({ mine = true }) end }
    local ok, err = pcall(client.get_connector_by_id, client, "a")
    assert.is_false(ok)
    assert.same({ mine = true }, err)
    ok, err = pcall(client.submit, client, "get_connector_by_id", "a")
    assert.is_false(ok)
    assert.same({ mine = true }, err)
    assert.equal(0, client:step())
    assert.same({}, server:requests())
  end)

  it("must return a token", function()
    for _, value in ipairs { "", "a b", "sekret\n", 5, {}, false } do
      local client <close> = celigo.new { base_url = server.url,
        token = function() return value end }
      local ok, message = pcall(client.get_connector_by_id, client, "a")
      assert.is_false(ok)
      assert.is_truthy(message:find("token function: ", 1, true), message)
      assert.is_nil(message:find("sekret", 1, true))
    end
    assert.same({}, server:requests())
  end)

  it("is not asked for a body that cannot be sent", function()
    local token, asked = tokens { "one" }
    local client <close> = celigo.new { base_url = server.url,
      token = token }
    local _, err = client:create_connector {}
    assert.equal("validation", err.kind)
    assert.equal(0, asked())
  end)
end)
