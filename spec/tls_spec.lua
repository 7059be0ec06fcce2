-- HTTPS against a real nginx: certificates, HTTP/2, trust anchors.

local celigo = require "celigo"
local http = require "spec.support.http"
local nginx = require "spec.support.nginx"
local process = require "spec.support.process"
local sandbox = require "celigo.sandbox"
local socket = require "socket"

local ID = "54fa0b38a7044f9252000036"

describe("HTTPS", function()
  local service

  setup(function() service = sandbox.start { journal = true } end)
  teardown(function() service:stop() end)
  before_each(function() http.clear_journal(service.url) end)

  local function start(tls, http2, more)
    local options = { upstream = service.url, tls = tls, http2 = http2 }
    for name, value in pairs(more or {}) do
      options[name] = value
    end
    return nginx.start(options)
  end

  local function new(url, ca_file, more)
    local options = { base_url = url, token = "t", ca_file = ca_file,
      max_retries = 0, connect_timeout = 60 }
    for name, value in pairs(more or {}) do
      options[name] = value
    end
    return celigo.new(options)
  end

  -- A call that must fail before anything was sent.
  local function assert_tls_failure(client)
    for name, arguments in pairs {
      get_connector_by_id = { ID }, create_connector = { { name = "n" } },
    } do
      local value, err = client[name](client, table.unpack(arguments))
      assert.is_nil(value)
      assert.equal("network", err.kind)
      assert.equal("tls_failed", err.code)
      assert.equal(1, err.attempts)
      assert.is_false(err.retryable)
      assert.is_false(err.maybe_applied)
      assert.is_nil(err.status)
      assert.is_truthy(tostring(err):find("certificate", 1, true),
        tostring(err))
    end
    assert.same({}, http.journal(service.url))
  end

  it("works where ca_file signs the certificate", function()
    local front <close> = start("good")
    local client <close> = new(front.url, front.ca_file)
    assert.equal(4, #client:list_connectors())
    local made = assert(client:create_connector { name = "n" })
    assert.is_true(client:delete_connector(made._id))
    for _, request in ipairs(http.journal(service.url)) do
      assert.equal("Bearer t", request.headers.authorization)
    end
  end)

  it("works by name, too", function()
    local front <close> = start("good")
    local client <close> = new("https://localhost:" .. front.port,
      front.ca_file)
    assert(client:get_connector_by_id(ID))
  end)

  it("fails where nobody signs the certificate", function()
    local front <close> = start("unknown_ca")
    local client <close> = new(front.url, front.ca_file)
    assert_tls_failure(client)
  end)

  it("fails without the ca_file", function()
    local front <close> = start("good")
    local client <close> = new(front.url)
    assert_tls_failure(client)
  end)

  it("fails where the certificate has expired", function()
    local front <close> = start("expired")
    local client <close> = new(front.url, front.ca_file)
    assert_tls_failure(client)
  end)

  it("fails where the certificate is another host's", function()
    local front <close> = start("wrong_host")
    local client <close> = new(front.url, front.ca_file)
    local value, err = client:get_connector_by_id(ID)
    assert.is_nil(value)
    assert.equal("network", err.kind)
    assert.equal("tls_failed", err.code)
    assert.is_truthy(err.message:find("the certificate is for another name: check base_url", 1, true), err.message)
    assert.is_nil(err.message:find("ca_file", 1, true), err.message) -- which cannot help
    assert.same({}, http.journal(service.url))
  end)

  it("is not tried again with a certificate that is not trusted", function()
    local front <close> = start("unknown_ca")
    local client <close> = new(front.url, front.ca_file,
      { max_retries = 5, retry_base = 0 })
    assert.equal(1, select(2, client:get_connector_by_id(ID)).attempts)
  end)

  it("fails where the other side speaks plain HTTP", function()
    local client <close> = new("https://127.0.0.1:" .. service.port)
    local value, err = client:get_connector_by_id(ID)
    assert.is_nil(value)
    assert.equal("network", err.kind)
    assert.equal("tls_failed", err.code)
    assert.is_false(err.maybe_applied)
  end)

  it("says what was waited for where no connection comes about", function()
    local listener = assert(socket.bind("127.0.0.1", 0))
    local _, port = listener:getsockname()
    local front <close> = start("good") -- for its ca_file: a bare system has no other
    for option, code in pairs { timeout = "timed_out",
      connect_timeout = "connect_timed_out" } do
      local client <close> = new("https://127.0.0.1:" .. port, front.ca_file,
        { [option] = 0.1 })
      local value, err = client:create_connector { name = "n" }
      assert.is_nil(value)
      assert.equal("timeout", err.kind)
      assert.equal(code, err.code)
      assert.is_false(err.maybe_applied)
      assert.equal(1, err.attempts)
      assert.is_truthy(err.message:find("connect", 1, true), err.message)
      assert.is_nil(err.message:find("rate limit", 1, true), err.message)
    end
    listener:close()
  end)

  it("asks for TLS 1.2 at least", function()
    local front <close> = start("good", false, {
      server = "ssl_protocols TLSv1 TLSv1.1; ssl_ciphers ALL:@SECLEVEL=0;" })
    local client <close> = new(front.url, front.ca_file)
    local value, err = client:get_connector_by_id(ID)
    assert.is_nil(value)
    assert.equal("network", err.kind)
    assert.equal("tls_failed", err.code)
  end)

  it("cannot be had without verification", function()
    local front <close> = start("unknown_ca")
    for _, name in ipairs { "verify", "insecure", "tls_verify",
      "ssl_verifypeer" } do
      assert.has_error(function()
        new(front.url, nil, { [name] = false })
      end)
    end
  end)

  describe("ca_file", function()
    it("is needed beside others, not instead of them", function()
      local front <close> = start("good")
      local other <close> = start("unknown_ca")
      local both = front.directory .. "/both.pem"
      local out <close> = assert(io.open(both, "w"))
      for _, name in ipairs { other.directory .. "/stranger.pem",
        front.ca_file } do
        local file <close> = assert(io.open(name))
        out:write("text between\n", file:read("a"))
      end
      out:close()
      for _, server in ipairs { front, other } do
        local client <close> = new(server.url, both)
        assert(client:get_connector_by_id(ID))
      end
    end)

    it("is read when the client is made", function()
      local front <close> = start("good")
      local client <close> = new(front.url, front.ca_file)
      assert(os.rename(front.ca_file, front.ca_file .. ".gone"))
      assert(client:get_connector_by_id(ID))
    end)

    it("without a certificate is refused", function()
      local front <close> = start("good")
      assert.has_error(function()
        new(front.url, front.directory .. "/nginx.conf")
      end)
    end)

    it("is opened only where it is a regular file", function()
      local front <close> = start("good")
      local fifo = front.directory .. "/fifo"
      assert(os.execute("mkfifo '" .. fifo .. "'"))
      for _, path in ipairs { fifo, front.directory, "/dev/zero", "/dev/tty" } do
        for _, url in ipairs { front.url, "http://127.0.0.1:9" } do
          local good, message = pcall(new, url, path)
          assert.is_false(good)
          assert.is_truthy(message:find("option 'ca_file': " .. path .. ": this is no regular file", 1, true), message)
        end
      end
      assert(os.execute(("ln -s ca.pem '%s/link.pem'"):format(front.directory)))
      local client <close> = new(front.url, front.directory .. "/link.pem")
      assert(client:get_connector_by_id(ID))
    end)
  end)

  describe("negotiates", function()
    local PROTOCOL = "add_header X-Protocol $server_protocol always;"

    it("HTTP/2 where it is offered", function()
      local front <close> = start("good", true, { location = PROTOCOL })
      local client <close> = new(front.url, front.ca_file)
      local _, response = assert(client:get_connector_by_id(ID))
      assert.equal("HTTP/2.0", response.headers["x-protocol"])
      assert.equal(200, response.status)
      local made
      made, response = assert(client:create_connector { name = "é" })
      assert.equal("HTTP/1.1", response.headers["x-protocol"]) -- see docs/design.md
      assert.equal("é", made.name)
      made, response = assert(client:update_connector(ID, { name = "è" }))
      assert.equal("HTTP/2.0", response.headers["x-protocol"])
      assert.equal("è", made.name)
      local _, err = client:get_connector_by_id("x")
      assert.equal(400, err.status)
      assert.equal("HTTP/2.0", err.headers["x-protocol"])
    end)

    it("HTTP/1.1 where it is not", function()
      local front <close> = start("good", false, { location = PROTOCOL })
      local client <close> = new(front.url, front.ca_file)
      local _, response = assert(client:get_connector_by_id(ID))
      assert.equal("HTTP/1.1", response.headers["x-protocol"])
    end)

    it("one connection for many streams", function()
      local front <close> = start("good", true, {
        location = "add_header X-Connection $connection always;" })
      local client <close> = new(front.url, front.ca_file)
      local calls, connections, n = {}, {}, 0
      for i = 1, 40 do
        calls[i] = client:submit("get_connector_by_id", ID)
      end
      for _, call in ipairs(calls) do
        local _, response = assert(call:wait())
        local number = response.headers["x-connection"]
        n = n + (connections[number] and 0 or 1)
        connections[number] = true
      end
      assert.equal(1, n)
    end)
  end)

  -- By TLS 1.3 the server says so only after the request has gone out.
  for _, version in ipairs { "tls1_2", "tls1_3" } do
    it("fails where the server wants a certificate of the client: " .. version, function()
      if os.getenv "CELIGO_TEST_WRAPPER" then
        return pending "the server resets the connection after its alert, and a slow client reads the reset only"
      end
      local front <close> = start("good")
      local server <close> = assert(process.start({
        "openssl", "s_server", "-accept", "127.0.0.1:0", "-" .. version, "-Verify", "1", "-verify_return_error",
        "-www", "-cert", front.directory .. "/server.pem", "-key", front.directory .. "/server.key",
      }, "^ACCEPT.*:(%d+)$"))
      local client <close> = new("https://127.0.0.1:" .. server.captures[1], front.ca_file,
        { max_retries = 2, retry_base = 0.001, timeout = 20 })
      local calls = {
        function() return client:get_connector_by_id(ID) end,
        function() return client:create_connector { name = "n" } end,
        function() return client:submit("update_connector", ID, { name = "n" }):wait() end,
        function()
          local results, errors = client:map({ ID }, function(id) return client:delete_connector(id) end)
          return results[1], errors[1]
        end,
      }
      for _, call in ipairs(calls) do
        local value, err = call()
        assert.is_nil(value)
        assert.equal("network", err.kind)
        assert.equal("tls_failed", err.code, tostring(err))
        assert.is_false(err.retryable, tostring(err))
        assert.is_false(err.maybe_applied)
        assert.equal(1, err.attempts)
        assert.is_truthy(err.message:find("certificate of the client", 1, true), err.message)
      end
      local _, output = server:stop()
      local refused = select(2, output:gsub("peer did not return a certificate", ""))
      assert.equal(#calls, refused, output)
    end)
  end

  it("makes a dry run's URL", function()
    local client <close> = new("https://h.example.com:8443/x/")
    assert.equal("https://h.example.com:8443/x/v1/connectors/a",
      client:delete_connector("a", { dry_run = true }).url)
  end)
end)
