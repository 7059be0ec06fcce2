-- submit, step and calls, beyond a single call: with iterators, map and
-- callbacks around them.

local celigo = require "celigo"
local fault = require "spec.support.fault_server"
local page_server = require "spec.support.page_server"

describe("submitted calls", function()
  local server, faults, client

  setup(function()
    server, faults = page_server.start(), fault.start()
  end)
  teardown(function()
    server:stop()
    faults:stop()
  end)
  before_each(function()
    server:reset()
    client = celigo.new { base_url = server.url, token = "test", rate_limit = false, timeout = 10 }
  end)
  after_each(function() client:close() end)

  local function submit(path)
    return client:submit("request", { path = path })
  end

  it("are moved on by step until none is unfinished", function()
    local calls = {}
    for i = 1, 20 do calls[i] = submit("/echo?i=" .. i) end
    local rounds = 0
    while client:step(1) > 0 do rounds = rounds + 1 end
    assert.is_true(rounds < 200)
    for i = 1, 20 do
      assert.is_true(calls[i]:done())
      assert.equal("/echo?i=" .. i, calls[i]:result().target)
    end
  end)

  it("go on while an iterator is at work", function()
    local call = submit "/echo"
    local n = 0
    for _ in client:each { path = "/list?pages=20&size=50" } do n = n + 1 end
    assert.equal(1000, n)
    assert.is_true(call:done())
  end)

  it("give way in map when they are waited for", function()
    -- All three have to meet; the first is waited for before the others are
    -- sent.
    local call = submit "/meet?n=3"
    local results, errors = client:map({ 1, 2, 3 }, function(i)
      if i == 1 then return call:wait() end
      return client:request { path = "/meet?n=3" }
    end)
    assert.same({}, errors)
    assert.same({ met = true }, results[1])
  end)

  it("can be waited for by several workers", function()
    local call = submit "/meet?n=2"
    local results, errors = client:map({ 1, 2, 3 }, function(i)
      if i == 3 then assert(client:request { path = "/meet?n=2" }) end
      return (call:wait())
    end)
    assert.same({}, errors)
    for i = 1, 3 do assert.same({ met = true }, results[i]) end
  end)

  it("are cancelled when they are dropped", function()
    local other <close> = celigo.new { base_url = faults.url, token = "test" }
    faults:script { { body = "[]", stall = true } }
    local call = other:submit "list_connectors"
    assert.is_false(call:done())
    while #faults:requests() == 0 do other:step(0.01) end
    assert.equal(1, other:step())
    call = nil -- luacheck: ignore
    collectgarbage()
    assert.equal(0, other:step())
    faults:await(function(requests) return requests[1].gone end)
  end)

  it("come to `closed` when the client is closed", function()
    local calls = { submit "/list?stall=1", submit "/list?stall=1&size=3" }
    client:step()
    client:close()
    for _, call in ipairs(calls) do
      assert.is_true(call:done())
      local value, err = call:result()
      assert.is_nil(value)
      assert.equal("closed", err.kind)
      assert.equal("closed", select(2, call:wait()).kind)
    end
    assert.equal(0, client:step(1))
  end)

  it("may have a callback that steps the client", function()
    local types, watched = {}, nil
    watched = celigo.new {
      base_url = server.url,
      token = "test",
      on_event = function(event)
        types[#types + 1] = event.type
        watched:step()
      end,
    }
    local call = watched:submit("request", { path = "/echo" })
    assert(call:wait())
    assert.same({ "request", "response" }, types)
    watched:close()
  end)

  it("cannot be waited for by their own callbacks", function()
    local call, watched
    watched = celigo.new {
      base_url = server.url,
      token = "test",
      on_event = function(event)
        if event.type == "response" then call:wait() end
      end,
    }
    call = watched:submit("request", { path = "/echo" })
    local good, message = pcall(call.wait, call)
    assert.is_false(good)
    assert.matches("its own call", message)
    watched:close()
  end)

  it("an iterator cannot be asked by a callback of its own page", function()
    local next_record, watched
    watched = celigo.new {
      base_url = server.url,
      token = "test",
      on_event = function() next_record() end,
    }
    next_record = watched:each { path = "/list" }
    local good, message = pcall(next_record)
    assert.is_false(good)
    assert.matches("waiting for a page already", message)
    assert.is_nil(next_record())
    assert.equal(0, watched:step())
    watched:close()
  end)
end)
