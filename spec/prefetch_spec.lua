-- Prefetched pages: when their requests go out, and what may
-- go wrong with a request that nobody waits for.

local celigo = require "celigo"
local fault = require "spec.support.fault_server"
local page_server = require "spec.support.page_server"
local socket = require "socket"

local function link(target)
  return { Link = ("<%s>; rel=\"next\""):format(target) }
end

local function numbers(iterator)
  local seen = {}
  for record in iterator do seen[#seen + 1] = record.n end
  return seen
end

describe("prefetch", function()
  local server, faults

  setup(function()
    server, faults = page_server.start(), fault.start()
  end)
  teardown(function()
    server:stop()
    faults:stop()
  end)
  before_each(function() server:reset() end)

  local function new_client(at, options)
    options = options or {}
    options.base_url, options.token = at.url, "test"
    options.retry_base = 0.001
    if options.rate_limit == nil then options.rate_limit = false end
    return celigo.new(options)
  end

  it("asks for the next page while the rest of this one is on its way", function()
    -- The server gives page 1 whole only after it has the request of page 2.
    local client <close> = new_client(server, { timeout = 10 })
    assert.same({ 1, 2, 3, 4 }, numbers(client:each { path = "/list?pages=2&hold=1" }))
    assert.equal(0, client:step())
  end)

  it("does so over connections that are there, and for pages", function()
    local client <close> = new_client(server, { timeout = 10 })
    assert(client:request { path = "/echo" })
    local n = 0
    for page in client:pages { path = "/list?pages=3&hold=1" } do n = n + #page end
    assert.equal(6, n)
  end)

  it("is off with prefetch = false: the request waits for its consumer", function()
    local client <close> = new_client(server)
    local next_record = client:each { path = "/list?pages=2&size=2", prefetch = false }
    assert.equal(1, next_record().n)
    assert.equal(2, next_record().n)
    client:step(0.05)
    assert.equal(1, #server:state().targets)
    assert.equal(3, next_record().n)
    assert.equal(2, #server:state().targets)
  end)

  it("asks for one page ahead, not more", function()
    local client <close> = new_client(server)
    local next_record = client:each { path = "/list?pages=5&size=2" }
    assert.equal(1, next_record().n)
    server:await(function(state) return #state.targets == 2 end)
    client:step(0.05)
    assert.equal(2, next_record().n)
    assert.equal(2, #server:state().targets)
  end)

  it("counts as no unfinished call", function()
    local client <close> = new_client(server)
    local next_record = client:each { path = "/list?pages=2&stall=2" }
    assert.equal(1, next_record().n)
    server:await(function(state) return #state.targets == 2 end)
    assert.equal(0, client:step())
    server:release()
    assert.equal(2, next_record().n)
    assert.equal(3, next_record().n)
  end)

  it("has no deadline while nobody waits", function()
    local client <close> = new_client(server, { timeout = 0.3, max_retries = 0 })
    local next_record = client:each { path = "/list?pages=2&stall=2" }
    assert.equal(1, next_record().n)
    assert.equal(2, next_record().n)
    server:await(function(state) return #state.targets == 2 end)
    local late = socket.gettime() + 0.4 -- the consumer is slower than the timeout
    repeat client:step(0.05) until socket.gettime() > late
    server:release()
    assert.equal(3, next_record().n)
    assert.equal(2, #server:state().targets)
  end)

  it("has one as soon as somebody waits", function()
    local client <close> = new_client(server, { timeout = 0.1, max_retries = 0 })
    local seen = {}
    local good, err = pcall(function()
      for record in client:each { path = "/list?pages=2&stall=2" } do seen[#seen + 1] = record.n end
    end)
    assert.is_false(good)
    assert.equal("timeout", err.kind)
    assert.equal("/list?pages=2&stall=2&page=2", err.page)
    assert.same({ 1, 2 }, seen)
    assert.equal(2, #server:state().targets)
  end)

  it("repeats a page that was lost before anybody waited, even without retries", function()
    for _, name in ipairs { "reset_in_body", "closed_without_a_byte", "cut_in_headers", "garbage" } do
      local client <close> = new_client(faults, { max_retries = 0, timeout = 10 })
      faults:script {
        { body = '[{"n":1}]', headers = link "/v1/x?p=2" },
        fault.scenarios[name],
        { body = '[{"n":2}]', headers = link "/v1/x?p=3" },
        fault.scenarios[name],
        { body = '[{"n":3}]' },
      }
      local seen = {}
      for record in client:each { path = "/v1/x" } do
        seen[#seen + 1] = record.n
        if record.n < 3 then
          faults:await(function(requests) return #requests >= 2 * record.n end)
        end
      end
      assert.same({ 1, 2, 3 }, seen)
      assert.equal(5, #faults:requests())
    end
  end)

  it("repeats it once: the next failure counts", function()
    local client <close> = new_client(faults, { max_retries = 1, timeout = 10 })
    faults:script { { body = '[{"n":1}]', headers = link "/v1/x?p=2" }, fault.scenarios.reset_in_body }
    local good, err = pcall(numbers, client:each { path = "/v1/x" })
    assert.is_false(good)
    assert.equal("network", err.kind)
    assert.equal(3, err.attempts) -- the lost one, the first and its retry
    assert.equal(4, #faults:requests())
  end)

  it("retries a page that answers with an error as any other", function()
    local client <close> = new_client(faults, { max_retries = 1, timeout = 10 })
    faults:script {
      { body = '[{"n":1}]', headers = link "/v1/x?p=2" },
      { status = 503 },
      { body = '[{"n":2}]' },
    }
    assert.same({ 1, 2 }, numbers(client:each { path = "/v1/x" }))
  end)

  it("believes the answer that is whole, not the one that was cut", function()
    local client <close> = new_client(server, { timeout = 10 })
    assert.same({ 1, 2, 3, 4, 5, 6 }, numbers(client:each { path = "/list?pages=3&lie=1" }))
    local targets = server:state().targets
    local asked = {}
    for _, target in ipairs(targets) do asked[target] = (asked[target] or 0) + 1 end
    assert.equal(1, asked["/list?pages=3&lie=1&page=99"])
    assert.equal(2, asked["/list?pages=3&lie=1"])
    assert.equal(1, asked["/list?pages=3&lie=1&page=2"])
    assert.equal(1, asked["/list?pages=3&lie=1&page=3"])
    assert.equal(0, client:step())
  end)

  it("leaves a connection to the calls that are waited for", function()
    local client <close> = new_client(server, { max_connections = 2, timeout = 10 })
    local first = client:each { path = "/list?pages=2&stall=2&a=1" }
    local second = client:each { path = "/list?pages=2&stall=2&a=2" }
    assert.equal(1, first().n)
    assert.equal(1, second().n)
    assert.equal("/echo?i=1", assert(client:request { path = "/echo?i=1" }).target)
    assert.equal(4, #server:state().targets) -- the second's page 2 has to wait
    server:release()
    for n = 2, 4 do
      assert.equal(n, first().n)
      assert.equal(n, second().n)
    end
  end)

  it("lets calls that are waited for go first, with a small rate limit", function()
    local client <close> = new_client(server, { rate_limit = { rate = 20, burst = 1 }, timeout = 10 })
    local next_record = client:each { path = "/list?pages=3" }
    assert.equal(1, next_record().n)
    for i = 1, 3 do assert(client:request { path = "/echo?i=" .. i }) end
    local seen = { 1 }
    for record in next_record do seen[#seen + 1] = record.n end
    assert.same({ 1, 2, 3, 4, 5, 6 }, seen)
    local targets = server:state().targets
    assert.same({ "/list?pages=3", "/echo?i=1", "/echo?i=2", "/echo?i=3" }, { table.unpack(targets, 1, 4) })
    assert.equal(6, #targets)
  end)

  it("works with a single connection, calls in the loop included", function()
    local client <close> = new_client(server, { max_connections = 1, timeout = 10 })
    local seen = {}
    for record in client:each { path = "/list?pages=4&size=2" } do
      seen[#seen + 1] = record.n
      assert(client:request { path = "/echo?i=" .. record.n })
    end
    assert.equal(8, #seen)
    assert.equal(12, #server:state().targets)
    assert.equal(1, server:state().peak)
  end)

  it("announces a request that went out, also where the loop is left", function()
    local announced = 0
    local client <close> = new_client(server, {
      on_event = function(event)
        if event.type == "request" then announced = announced + 1 end
      end,
    })
    for _ in client:each { path = "/list?pages=3" } do
      server:await(function(state) return #state.targets == 2 end)
      client:step()
      break
    end
    assert.equal(2, announced)
  end)
end)
