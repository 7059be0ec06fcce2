--- What the specs of fates share: a server, clients with short deadlines, and
-- a test for every protocol and way of waiting.

local celigo = require "celigo"
local fate_server = require "spec.support.fate_server"
local fates = require "spec.support.fates"
local process = require "spec.support.process"
local seeded = require "spec.support.seeded"

local cases = {}

--- Under valgrind one way stands for all.
cases.slow = seeded.slow
cases.ways = cases.slow and { "submit" } or fates.way_names

--- Of each client, and what the judge is told. Seconds: what a silent server
-- costs, and what a busy machine may need.
cases.LIMITS = {
  timeout = cases.slow and 60 or process.instrumented and 5 or 2, max_retries = 4, guard = 20,
}

--- A client of one of the server's addresses; `options` override the limits.
function cases.new_client(url, server, options)
  local limits = cases.LIMITS
  local all = {
    base_url = url, ca_file = url:find "^https" and server.ca_file or nil, token = "test", rate_limit = false,
    timeout = limits.timeout, connect_timeout = limits.timeout, max_retries = limits.max_retries,
    retry_base = 0.01, retry_cap = 0.05,
  }
  for name, value in pairs(options or {}) do all[name] = value end
  return celigo.new(all)
end

--- Raises what the judge has found, if anything.
function cases.check(faults)
  if faults[1] then error(table.concat(faults, "\n"), 0) end
end

local Fixture = {}
Fixture.__index = Fixture

--- A fixture: a server for the tests of a block, to be started in `setup` and stopped in
-- `teardown`.
function cases.fixture()
  return setmetatable({}, Fixture)
end

function Fixture:start() self.server = fate_server.start() end
function Fixture:stop() self.server:stop() end

--- Calls f(server). node 20 has been seen to abort within its own HTTP/2
-- ("corrupted size vs. prev_size") when it ends connections. A case whose
-- server has died says nothing of the client: it is run once more, with a new
-- one.
function Fixture:with(f)
  local good, err = xpcall(f, debug.traceback, self.server)
  if good then return end
  if not self.server.died then error(err, 0) end
  self:start()
  f(self.server)
end

--- A test for every protocol and way: f(server, protocol, way). `it` is
-- busted's.
function Fixture:each(it, name, f)
  for _, protocol in ipairs { "http", "https", "http2" } do
    for _, way in ipairs(cases.ways) do
      it(("%s: %s, %s"):format(name, way, protocol), function()
        self:with(function(server) f(server, protocol, way) end)
      end)
    end
  end
end

return cases
