-- The nginx helper: each kind of certificate is what it claims to be, and
-- nothing is left behind.

local http = require "spec.support.http"
local nginx = require "spec.support.nginx"
local process = require "spec.support.process"
local sandbox = require "celigo.sandbox"

-- Shakes hands with full verification: the program's words.
local function handshake(server)
  local pipe = assert(io.popen(("openssl s_client -connect 127.0.0.1:%d "
    .. "-CAfile %s -verify_ip 127.0.0.1 -alpn h2,http/1.1 </dev/null 2>&1")
    :format(server.port, process.quote(server.ca_file))))
  local output = pipe:read("a")
  pipe:close()
  return output
end

describe("the nginx helper", function()
  local verdicts = {
    good = "Verify return code: 0 ",
    expired = "certificate has expired",
    unknown_ca = "unable to get local issuer certificate",
    wrong_host = "IP address mismatch",
  }
  for kind, verdict in pairs(verdicts) do
    it("has a certificate that is " .. kind, function()
      local server <close> = nginx.start { tls = kind }
      assert.is_truthy(handshake(server):find(verdict, 1, true))
    end)
  end

  it("offers HTTP/2 only where it is told to", function()
    local plain <close> = nginx.start { tls = "good" }
    assert.is_truthy(handshake(plain):find("ALPN protocol: http/1.1", 1,
      true))
    local server <close> = nginx.start { tls = "good", http2 = true }
    assert.is_truthy(handshake(server):find("ALPN protocol: h2", 1, true))
  end)

  it("stands in front of an upstream", function()
    local upstream <close> = sandbox.start()
    local server <close> = nginx.start { upstream = upstream.url }
    local answer = http.request(server.url, { path = "/v1/connectors" })
    assert.equal(200, answer.status)
    assert.equal("celigo-sandbox",
      http.request(upstream.url, { path = "/" }).headers.server)
  end)

  it("serves files, with configuration of the test's own", function()
    local server <close> = nginx.start {
      location = 'add_header X-Mine yes; return 200 "[]";',
    }
    local answer = http.request(server.url, { path = "/" })
    assert.equal("yes", answer.headers["x-mine"])
    assert.equal("[]", answer.body)
  end)

  it("goes on, however much it has to say of its upstream", function()
    local server <close> = nginx.start { upstream = "http://127.0.0.1:1" }
    local path = "/" .. ("a"):rep(1000) -- twice in the log, for each request
    for _ = 1, 100 do assert.equal(502, http.request(server.url, { path = path }).status) end
    local log <close> = assert(io.open(server.directory .. "/error.log"))
    assert.is_true(#log:read "a" > 100 * 1000) -- more than a pipe holds
  end)

  it("says what nginx does not like", function()
    local ok, message = pcall(nginx.start, { location = "nonsense;" })
    assert.is_false(ok)
    assert.is_truthy(message:find('unknown directive "nonsense"', 1, true))
  end)

  it("leaves no process and no file behind", function()
    local server = nginx.start { tls = "good" }
    local pid, directory = server.process.pid, server.directory
    server:stop()
    server:stop()
    assert.is_nil((io.open(directory .. "/nginx.conf")))
    assert.is_falsy((os.execute(("kill -0 %d 2>/dev/null"):format(pid))))
  end)
end)
