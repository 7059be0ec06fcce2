-- client:gather: several functions at the same time.

local celigo = require "celigo"
local page_server = require "spec.support.page_server"

describe("gather", function()
  local server, client

  setup(function() server = page_server.start() end)
  teardown(function() server:stop() end)
  before_each(function()
    server:reset()
    client = celigo.new { base_url = server.url, token = "test", rate_limit = false, timeout = 10 }
  end)
  after_each(function()
    assert.equal(0, client:step())
    client:close()
  end)

  local function meet(n)
    return function() return client:request { path = "/meet?n=" .. n } end
  end

  it("runs all its functions at the same time", function()
    local values = table.pack(client:gather(meet(3), meet(3), meet(3)))
    assert.equal(4, values.n)
    for i = 1, 3 do assert.same({ met = true }, values[i]) end
    assert.is_nil(values[4])
  end)

  it("returns first values, and errors by position after them", function()
    local values = table.pack(client:gather(
      function() return false, "more" end,
      function() error({ mine = 1 }) end,
      function() return nil end,
      function() return nil, "told" end,
      function() coroutine.yield() end,
      function() return 6 end
    ))
    assert.equal(7, values.n)
    assert.is_false(values[1])
    for i = 2, 5 do assert.is_nil(values[i]) end
    assert.equal(6, values[6])
    local errors = values[7]
    assert.same({ mine = 1 }, errors[2])
    assert.equal("told", errors[4])
    assert.matches("yielded", errors[5])
    assert.is_nil(errors[1])
    assert.is_nil(errors[3])
    assert.is_nil(errors[6])
  end)

  it("gives nil for the errors of no functions", function()
    local values = table.pack(client:gather())
    assert.equal(1, values.n)
    assert.is_nil(values[1])
  end)

  it("lets the others be when one fails", function()
    local a, b, errors = client:gather(function() error("mine", 0) end, function()
      local n = 0
      for _ in client:each { path = "/list?pages=4" } do n = n + 1 end
      return n
    end)
    assert.is_nil(a)
    assert.equal(8, b)
    assert.same({ "mine" }, errors)
  end)

  it("a function that waits after another yielded by itself goes on", function()
    local a, b, errors = client:gather(function()
      assert(client:request { path = "/echo" })
      coroutine.yield()
    end, function()
      assert(client:request { path = "/echo" })
      return assert(client:request { path = "/echo?x=2" }).target
    end)
    assert.is_nil(a)
    assert.equal("/echo?x=2", b)
    assert.matches("yielded", errors[1])
  end)

  it("checks its arguments", function()
    assert.has_error(function() client:gather(print, 1) end)
    local _, message = pcall(client.gather, client, print, 1)
    assert.matches("argument 2", message)
  end)
end)
