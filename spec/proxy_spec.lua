-- Proxies: when one is used, by what it sees, and what its refusals are.

local celigo = require "celigo"
local fault = require "spec.support.fault_server"
local process = require "spec.support.process"

-- One call in a process with an environment of its own.
local function call_with(environment, base_url)
  local arguments = { "env" }
  for name, value in pairs(environment) do arguments[#arguments + 1] = name .. "=" .. value end
  for _, argument in ipairs {
    process.lua(), "-e", ("package.path=%q package.cpath=%q"):format(package.path, package.cpath), "-e",
    ([[local client = require("celigo").new { base_url = %q, token = "t", max_retries = 0, connect_timeout = 5 }
    print(select(2, client:list_connectors()).code)]]):format(base_url),
  } do
    arguments[#arguments + 1] = argument
  end
  local status, output = assert(process.start(arguments)):wait()
  assert.equal(0, status, output)
  return output:match "%S+"
end

describe("a proxy", function()
  local proxy

  setup(function() proxy = fault.start() end)
  teardown(function() proxy:stop() end)
  before_each(function() proxy:script { { status = 502, ending = "close" } } end)

  -- Whether a call to a host with that list goes through the proxy. Nobody
  -- listens on port 1.
  local function is_used(list, host)
    proxy:script { { status = 502, ending = "close" } }
    local code = call_with({ https_proxy = proxy.url, no_proxy = list }, ("https://%s:1"):format(host))
    local requests = proxy:requests()
    if #requests == 0 then
      assert.equal("connect_failed", code)
      return false
    end
    assert.equal("CONNECT", requests[1].method)
    assert.equal("proxy_failed", code)
    return true
  end

  it("of the environment is used for what no_proxy does not cover", function()
    for _, list in ipairs { "", "[::2]", "::1:0/112", "127.0.0.2", "localhost", "fe80::/10" } do
      assert.is_true(is_used(list, "[::1]"), list)
    end
    assert.is_true(is_used("::1,127.0.0.2,example.com", "127.0.0.1"))
    assert.is_true(is_used("127.0.0.1,::1", "localhost"))
  end)

  it("of the environment is not used for an address that no_proxy covers, however it is written", function()
    for _, list in ipairs {
      "::1", "[::1]", "0:0:0:0:0:0:0:1", "[0000:0000:0000:0000:0000:0000:0000:0001]", "::/64", "[::]/64",
      "10.0.0.0/8, ::1", "*",
    } do
      assert.is_false(is_used(list, "[::1]"), list)
    end
    for _, list in ipairs { "127.0.0.1", "127.0.0.0/8", "::ffff:127.0.0.1", "*" } do
      assert.is_false(is_used(list, "127.0.0.1"), list)
    end
    assert.is_false(is_used(".localhost", "localhost"))
  end)

  local ways = {
    blocking = function(client) return client:list_connectors() end,
    ["a write"] = function(client) return client:create_connector { name = "n" } end,
    submitted = function(client) return client:submit("list_connectors"):wait() end,
    map = function(client)
      local results, errors = client:map({ 1 }, function() return client:list_connectors() end)
      return results[1], errors[1]
    end,
  }

  for name, call in pairs(ways) do
    it("that wants a password is asked once: " .. name, function()
      local url = proxy.url:gsub("//", "//me:s3cret-word@")
      local client <close> = celigo.new {
        base_url = "https://127.0.0.1:1", token = "t", proxy = url, retry_base = 0.001,
      }
      proxy:script { { status = 407, headers = { ["Proxy-Authenticate"] = 'Basic realm="x"' }, ending = "close" } }
      local value, err = call(client)
      assert.is_nil(value)
      assert.equal("network", err.kind)
      assert.equal("proxy_failed", err.code)
      assert.is_false(err.retryable)
      assert.is_false(err.maybe_applied)
      assert.equal(1, err.attempts)
      assert.is_truthy(err.message:find("407", 1, true), err.message)
      assert.is_truthy(err.message:find("password", 1, true), err.message)
      assert.is_nil(tostring(err):find("s3cret", 1, true))
      local requests = proxy:requests()
      assert.equal(1, #requests)
      assert.equal("CONNECT", requests[1].method)
    end)
  end

  it("that refuses for good is asked once, one that has trouble again", function()
    for status, attempts in pairs {
      [403] = 1, [404] = 1, [405] = 1, [407] = 1, [408] = 3, [429] = 3, [500] = 3, [502] = 3, [503] = 3, [504] = 3,
    } do
      local client <close> = celigo.new {
        base_url = "https://127.0.0.1:1", token = "t", proxy = proxy.url, retry_base = 0.001, max_retries = 2,
      }
      proxy:script { { status = status, ending = "close" } }
      local _, err = client:create_connector { name = "n" } -- nothing of it leaves before there is a tunnel
      assert.equal("proxy_failed", err.code, status)
      assert.equal(attempts > 1, err.retryable)
      assert.is_false(err.maybe_applied)
      assert.equal(attempts, err.attempts, status)
      assert.equal(attempts, #proxy:requests(), status)
    end
  end)
end)
