-- Runs the C host that forks (spec/c/test_fork.c): over plain HTTP/1.1, TLS
-- and HTTP/2.

local nginx = require "spec.support.nginx"
local process = require "spec.support.process"
local sandbox = require "celigo.sandbox"

describe("a fork", function()
  local server

  setup(function() server = assert(sandbox.start {}) end)
  teardown(function() server:stop() end)

  local function run(url, ca_file)
    local host = assert(process.start(process.program("test_fork", url, ca_file)))
    local status, output = host:wait()
    assert.is_truthy(output:find "%f[%d][1-9]%d* passed, 0 failed$", output)
    assert.equal(0, status, output)
  end

  it("leaves the parent's connections alone over HTTP/1.1", function() run(server.url) end)

  for _, http2 in ipairs { false, true } do
    it("leaves the parent's connections alone over " .. (http2 and "HTTP/2" or "TLS"), function()
      local front <close> = nginx.start { upstream = server.url, tls = "good", http2 = http2 }
      run(front.url, front.ca_file)
    end)
  end
end)
