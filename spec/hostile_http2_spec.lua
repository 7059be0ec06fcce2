-- Servers that send HTTP/2 frames without end. libcurl reads on for as long as
-- there is something to read, whatever it says: a client that does not trust
-- its server speaks HTTP/1.1 only.

local celigo = require "celigo"
local fate_server = require "spec.support.fate_server"
local nginx = require "spec.support.nginx"
local process = require "spec.support.process"

local has_node, why = fate_server.available()

describe("HTTP/2 frames without end", function()
  local directory

  setup(function()
    directory = os.tmpname()
    os.remove(directory)
    assert(os.execute("mkdir -m 700 " .. process.quote(directory)))
    nginx.certify(directory)
  end)

  teardown(function() os.execute("rm -rf " .. process.quote(directory)) end)

  -- What a call comes to, of a server with this flood.
  local function call(flood, http2, timeout)
    local server = assert(process.start({ "node", "spec/support/flood_server.js", directory, flood },
      "^flood server: (%d+)$"))
    local client <close> = celigo.new {
      base_url = "https://127.0.0.1:" .. server.captures[1], ca_file = directory .. "/ca.pem", token = "test",
      timeout = timeout or 2, max_retries = 0, http2 = http2,
    }
    local value, err = client:get_connector_by_id "1"
    server:stop "KILL"
    return value, err
  end

  local function check(name, f)
    it(name, function()
      if not has_node then return pending(why) end
      f()
    end)
  end

  check("are none where a server answers", function()
    assert.same({}, (call("ok", true)))
  end)

  -- libcurl refuses them, in a fraction of a second where the machine is not
  -- slow: the deadline must not come before that.
  check("end a call where each wants an answer, or has headers", function()
    for _, flood in ipairs { "settings", "headers" } do
      local value, err = call(flood, true, 100)
      assert.is_nil(value)
      assert.equal("network", err.kind, flood)
    end
  end)

  -- What such a server makes of HTTP/1.1 is its own affair: it may refuse the
  -- handshake, or never answer.
  check("are not read with http2 = false", function()
    for _, flood in ipairs { "data", "priority", "window", "unknown", "ping" } do
      local value, err = call(flood, false)
      assert.is_nil(value)
      assert.is_truthy(err.kind == "network" or err.kind == "timeout", flood)
    end
  end)
end)
