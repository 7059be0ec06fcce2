-- Calls that a host steps: submit, step, done, result, wait, cancel.

local celigo = require "celigo"
local fault = require "spec.support.fault_server"

describe("a submitted call", function()
  local server, client

  setup(function() server = fault.start() end)
  teardown(function() server:stop() end)

  before_each(function()
    server:script { { body = '{"a":1}' } }
    client = celigo.new { base_url = server.url, token = "t",
      max_retries = 0, rate_limit = false }
  end)

  after_each(function() client:close() end)

  -- Steps until so many calls are left; what each step returned.
  local function step_until(left)
    local counts = {}
    repeat
      counts[#counts + 1] = client:step(1)
    until counts[#counts] <= left
    return counts
  end

  local function step_until_received(n)
    repeat
      client:step(0.01)
    until #server:requests() >= n
  end

  it("returns at once and is done when its answer has come", function()
    local call = client:submit("get_connector_by_id", "x")
    assert.equal("userdata", type(call))
    assert.is_false(call:done())
    step_until(0)
    assert.is_true(call:done())
    local value, response = call:result()
    assert.same({ a = 1 }, value)
    assert.equal(200, response.status)
    assert.equal("/v1/connectors/x", server:requests()[1].target)
  end)

  it("gives its result as often as it is asked", function()
    local call = client:submit("get_connector_by_id", "x")
    step_until(0)
    local value, response = call:result()
    for _ = 1, 3 do
      local again, same = call:result()
      assert.equal(value, again)
      assert.equal(response, same)
      again, same = call:wait()
      assert.equal(value, again)
      assert.equal(response, same)
    end
  end)

  it("gives nil and the same error", function()
    server:script { { status = 404, body = '{"message":"m"}' } }
    local call = client:submit("get_connector_by_id", "x")
    local value, err = call:wait()
    assert.is_nil(value)
    assert.is_true(celigo.is_error(err))
    assert.equal("get_connector_by_id", err.operation)
    assert.equal(err, select(2, call:result()))
  end)

  it("may be any operation, and request", function()
    for name, arguments in pairs {
      list_connectors = {}, create_connector = { { name = "n" } },
      get_connector_by_id = { "a" },
      update_connector = { "a", { name = "n" } },
      delete_connector = { "a" }, get_connector_install_base = { "a" },
      push_connector_update = { "a" }, list_connector_licenses = { "a" },
      create_connector_license = { "a", { email = "a@example.com",
        expires = "2030-01-01T00:00:00Z", opts = {} } },
      get_connector_license_by_id = { "a", "b" },
      update_connector_license = { "a", "b", {} },
      delete_connector_license = { "a", "b" },
      install_connector = { "a" }, preview_connector_install = { "a" },
      request = { { path = "/x" } },
    } do
      server:script { { status = 204 } }
      local call = client:submit(name, table.unpack(arguments))
      assert.is_truthy(call:wait(), name)
      assert.equal(1, #server:requests())
      assert.is_truthy(tostring(call):find(name, 1, true))
    end
  end)

  it("walks the pages of a list", function()
    server:script { { body = "[1]", headers = { Link = "</b>; rel=next" } },
      { body = "[2]" } }
    local call = client:submit("list_connectors")
    step_until(0)
    local list, response = call:result()
    assert.same({ 1, 2 }, list)
    assert.equal(2, response.attempts)
  end)

  it("is tried again like any other", function()
    local patient <close> = celigo.new { base_url = server.url, token = "t",
      retry_base = 0 }
    server:script { { status = 503 }, { status = 429,
      headers = { ["Retry-After"] = "0" } }, { body = "{}" } }
    local call = patient:submit("get_connector_by_id", "x")
    repeat until patient:step(1) == 0
    assert.equal(3, select(2, call:result()).attempts)
  end)

  it("raises on misuse where it is submitted", function()
    for pattern, arguments in pairs {
      ["no operation 'nothing_like_it'; it starts an operation, or \"request\"$"] = { "nothing_like_it" },
      ["did you mean 'list_connectors'"] = { "list_conectors" },
      ["did you mean 'delete_connector'"] = { "delete_conector", "" },
      ["no operation '54fa.*'; the name of a method comes first"] = { ("54fa"):rep(6), "delete_connector" },
      ["delete_connector: id: expected"] = { "delete_connector", 5 },
      ["create_connector: body: expected"] = { "create_connector" },
      ["unknown option 'x'"] = { "list_connectors", { x = 1 } },
      ["request: option 'path'"] = { "request", {} },
      ["submit: string expected, got no value; the name of a method comes first"] = {},
      ["submit: string expected, got table; the name of a method comes first"] = { {} },
    } do
      local ok, message = pcall(function()
        client:submit(table.unpack(arguments))
      end)
      assert.is_false(ok)
      assert.is_truthy(message:find("^spec/call_spec.lua:%d+: "), message)
      assert.is_truthy(message:find(pattern), message)
    end
    assert.equal(0, client:step())
    assert.same({}, server:requests())
  end)

  it("with a body that is not valid is done at once", function()
    local call = client:submit("create_connector", {})
    assert.is_true(call:done())
    local value, err = call:result()
    assert.is_nil(value)
    assert.equal("validation", err.kind)
    assert.equal(0, client:step())
    assert.same({}, server:requests())
  end)

  it("that is a dry run is done at once, with what would be sent", function()
    local options = { dry_run = true }
    for _, arguments in ipairs {
      { "delete_connector", "x", options }, { "create_connector", { name = "n" }, options },
      { "push_connector_update", "x", nil, options }, { "request", { method = "PUT", path = "/x", dry_run = true } },
    } do
      local call = client:submit(table.unpack(arguments, 1, 4))
      assert.is_true(call:done())
      assert.same(client[arguments[1]](client, table.unpack(arguments, 2, 4)), (call:result()))
      assert.equal("Bearer ***", call:wait().headers.authorization)
    end
    assert.equal(0, client:step())
    assert.same({}, server:requests())
  end)

  it("has no result before it is done", function()
    local call = client:submit("get_connector_by_id", "x")
    local ok, message = pcall(call.result, call)
    assert.is_false(ok)
    assert.is_truthy(message:find("not done", 1, true), message)
    assert.is_truthy(call:wait())
  end)

  it("runs beside others, which wait may finish, too", function()
    server:script { { body = "{}", stall = 0.05 } }
    local calls = {}
    for i = 1, 6 do
      calls[i] = client:submit("get_connector_by_id", tostring(i))
    end
    assert.is_true(client:step() <= 6)
    assert(calls[4]:wait())
    for _, call in ipairs(calls) do
      assert(call:wait())
    end
    assert.equal(0, client:step())
    local targets = {}
    for _, request in ipairs(server:requests()) do
      targets[request.target] = true
    end
    for i = 1, 6 do
      assert.is_true(targets["/v1/connectors/" .. i])
    end
  end)

  it("goes on while a blocking call is made", function()
    local call = client:submit("get_connector_by_id", "x")
    repeat
      assert(client:get_connector_by_id("y"))
    until call:done()
    assert.same({ a = 1 }, (call:result()))
  end)

  it("is as many at once as there are connections", function()
    local narrow <close> = celigo.new { base_url = server.url, token = "t",
      max_connections = 2 }
    server:script { { body = "{}" } }
    local calls = {}
    for i = 1, 20 do
      calls[i] = narrow:submit("get_connector_by_id", tostring(i))
    end
    repeat until narrow:step(1) == 0
    for _, call in ipairs(calls) do
      assert(call:result())
    end
    assert.equal(20, #server:requests())
    assert.is_true(server:connections() <= 2)
  end)

  it("counts down in step", function()
    for i = 1, 5 do
      client:submit("get_connector_by_id", tostring(i))
    end
    collectgarbage()
    assert.is_true(client:step() <= 5)
    local calls = {}
    for i = 1, 5 do
      calls[i] = client:submit("get_connector_by_id", tostring(i))
    end
    local counts = step_until(0)
    for i = 2, #counts do
      assert.is_true(counts[i] <= counts[i - 1])
    end
    for _, call in ipairs(calls) do
      assert.is_true(call:done())
    end
  end)

  it("does not keep step waiting when there is nothing to do", function()
    assert.equal(0, client:step(1000))
    local call = client:submit("get_connector_by_id", "x")
    step_until(0)
    assert.is_true(call:done())
    assert.equal(0, client:step(1000))
  end)

  it("has a step that takes seconds", function()
    for _, seconds in ipairs { -1, 0 / 0, "soon", {} } do
      assert.has_error(function() client:step(seconds) end)
    end
    assert.equal(0, client:step(nil))
  end)

  describe("that is cancelled", function()
    it("is done, and its connection is given up", function()
      server:script { { body = "{}", stall = true } }
      local call = client:submit("get_connector_by_id", "x")
      step_until_received(1)
      call:cancel()
      assert.is_true(call:done())
      assert.equal(0, client:step())
      local value, err = call:result()
      assert.is_nil(value)
      assert.equal("cancelled", err.kind)
      assert.is_false(err.maybe_applied)
      assert.equal(err, select(2, call:wait()))
      server:await(function(requests) return requests[1].gone end)
    end)

    it("may have been applied, if it was a write", function()
      server:script { { body = "{}", stall = true } }
      local call = client:submit("create_connector", { name = "n" })
      step_until_received(1)
      call:cancel()
      assert.is_true(select(2, call:result()).maybe_applied)
    end)

    it("before it was sent was not applied", function()
      local slow <close> = celigo.new { base_url = server.url, token = "t",
        rate_limit = { rate = 0.001, burst = 1 }, timeout = 1e6 }
      local sent = slow:submit("create_connector", { name = "n" })
      local queued = slow:submit("create_connector", { name = "n" })
      assert(sent:wait())
      assert.is_false(queued:done())
      queued:cancel()
      local err = select(2, queued:result())
      assert.equal("cancelled", err.kind)
      assert.is_false(err.maybe_applied)
      assert.equal(0, err.attempts)
      assert.equal(1, #server:requests())
    end)

    it("after it was done keeps its result", function()
      local call = client:submit("get_connector_by_id", "x")
      assert(call:wait())
      call:cancel()
      call:cancel()
      assert.same({ a = 1 }, (call:result()))
    end)

    it("leaves the others alone", function()
      local calls = {}
      for i = 1, 8 do
        calls[i] = client:submit("get_connector_by_id", tostring(i))
      end
      for i = 1, 8, 2 do
        calls[i]:cancel()
      end
      step_until(0)
      for i, call in ipairs(calls) do
        local value, err = call:result()
        if i % 2 == 1 then
          assert.equal("cancelled", err.kind)
        else
          assert.same({ a = 1 }, value)
        end
      end
    end)

    it("by the end of its block", function()
      server:script { { body = "{}", stall = true } }
      do
        local _ <close> = client:submit("get_connector_by_id", "x")
        step_until_received(1)
      end
      assert.equal(0, client:step())
      server:await(function(requests) return requests[1].gone end)
    end)

    -- Many tables are made of the answer, so the collector runs meanwhile.
    it("by a block that a finaliser ends while its answer is read", function()
      server:script { { body = "[" .. ('{"a":[1,{"b":"text"},{"c":[]}]},')
        :rep(20000) .. "{}]" } }
      local mine, call, ended
      local owner = coroutine.create(function()
        local submitted <close> = mine:submit("list_connectors")
        call = submitted
        coroutine.yield()
      end)
      mine = celigo.new {
        base_url = server.url, token = "t",
        on_event = function(event)
          if event.type ~= "response" then return end
          setmetatable({}, { __gc = function()
            ended = coroutine.close(owner)
          end })
        end,
      }
      coroutine.resume(owner)
      while mine:step(1) > 0 do end
      assert.is_true(ended)
      assert.equal("cancelled", select(2, call:result()).kind)
      mine:close()
    end)

    it("after its answer came may have been applied", function()
      for _, way in ipairs { "cancel", "close" } do
        local mine, call
        mine = celigo.new {
          base_url = server.url, token = "t", max_retries = 0,
          on_event = function(event)
            if event.type == "response" then
              (way == "cancel" and call or mine)[way](
                way == "cancel" and call or mine)
            end
          end,
        }
        call = mine:submit("create_connector", { name = "n" })
        local _, err = call:wait()
        assert.is_true(err.maybe_applied)
        mine:close()
      end
    end)
  end)

  describe("that is dropped", function()
    it("is cancelled", function()
      server:script { { body = "{}", stall = true } }
      client:submit("get_connector_by_id", "x")
      local kept = client:submit("get_connector_by_id", "y")
      step_until_received(1)
      collectgarbage()
      collectgarbage()
      assert.equal(1, client:step())
      kept:cancel()
      assert.equal(0, client:step())
    end)

    it("before it was sent is never sent", function()
      local narrow <close> = celigo.new { base_url = server.url, token = "t",
        max_connections = 1 }
      server:script { { body = "{}", stall = 0.05 }, { body = "{}" } }
      local first = narrow:submit("get_connector_by_id", "1")
      for i = 2, 20 do
        narrow:submit("get_connector_by_id", tostring(i))
      end
      collectgarbage()
      collectgarbage()
      assert(first:wait())
      assert.equal(0, narrow:step())
      assert.equal(1, #server:requests())
    end)

    it("with its answer unread is no harm", function()
      for i = 1, 50 do
        client:submit("get_connector_by_id", tostring(i))
        client:step()
        if i % 10 == 0 then collectgarbage() end
      end
      collectgarbage()
      collectgarbage()
      assert.equal(0, client:step())
      assert(client:get_connector_by_id("x"))
    end)
  end)

  it("keeps its client alive", function()
    local call
    do
      local mine = celigo.new { base_url = server.url, token = "t" }
      call = mine:submit("get_connector_by_id", "x")
    end
    collectgarbage()
    collectgarbage()
    assert.same({ a = 1 }, (call:wait()))
  end)

  it("is closed with its client", function()
    server:script { { body = "{}", stall = true } }
    local sent = client:submit("create_connector", { name = "n" })
    step_until_received(1)
    local second = client:submit("get_connector_by_id", "x")
    client:close()
    for call, maybe in pairs { [sent] = true, [second] = false } do
      assert.is_true(call:done())
      local value, err = call:result()
      assert.is_nil(value)
      assert.equal("closed", err.kind)
      assert.equal(maybe, err.maybe_applied)
      assert.equal("closed", select(2, call:wait()).kind)
      call:cancel()
      assert.equal("closed", select(2, call:result()).kind)
    end
    assert.equal(0, client:step(1000))
  end)

  it("times out like any other", function()
    server:script { { body = "{}", stall = true } }
    local call = client:submit("get_connector_by_id", "x",
      { timeout = 0.05 })
    step_until(0)
    assert.equal("timeout", select(2, call:result()).kind)
  end)

  it("keeps what a callback raises for whoever asks", function()
    local mine <close> = celigo.new { base_url = server.url, token = "t",
      on_event = function(event)
        if event.type == "response" then error({ mine = event.path }) end
      end }
    local call = mine:submit("get_connector_by_id", "x")
    repeat until mine:step(1) == 0
    assert.is_true(call:done())
    for _, method in ipairs { "result", "wait", "result" } do
      local ok, err = pcall(call[method], call)
      assert.is_false(ok)
      assert.same({ mine = "/v1/connectors/x" }, err)
    end
  end)

  it("may be made, stepped and cancelled in callbacks", function()
    local mine, call
    local function new(on_event)
      mine = celigo.new { base_url = server.url, token = "t",
        on_event = on_event }
      call = mine:submit("get_connector_by_id", "x")
    end
    new(function() mine:step() end)
    assert.same({ a = 1 }, (call:wait()))
    new(function(event)
      if event.type == "response" and event.path:find "x$" then
        assert.same({ a = 1 }, (mine:get_connector_by_id("y")))
      end
    end)
    assert.same({ a = 1 }, (call:wait()))
    new(function(event)
      if event.type == "response" then call:cancel() end
    end)
    assert.equal("cancelled", select(2, call:wait()).kind)
    new(function(event)
      if event.type == "response" then
        call:wait() -- for itself: never
      end
    end)
    assert.is_false(pcall(call.wait, call))
    mine:close()
  end)

  it("is of a class of its own", function()
    local call = client:submit("get_connector_by_id", "x")
    for _, method in ipairs { "done", "result", "wait", "cancel" } do
      for _, value in ipairs { client, io.stdout, {}, "x" } do
        assert.has_error(function() call[method](value) end)
      end
      assert.has_error(function() call[method]() end)
    end
    assert.is_truthy(call:wait())
    assert.is_truthy(tostring(call):find(
      "^celigo.call: get_connector_by_id %(done%)$"))
  end)

  it("keeps its metatable from scripts", function()
    local call = client:submit("get_connector_by_id", "x")
    assert.equal("celigo.call", getmetatable(call))
    assert.has_error(function() setmetatable(call, {}) end)
    assert.has_error(function() call.done = true end)
    call:cancel()
  end)

  it("is ended by a block that it was declared in", function()
    server:script { { body = "{}", stall = true } }
    local kept
    do
      local call <close> = client:submit("get_connector_by_id", "x")
      step_until_received(1)
      kept = call
    end
    assert.is_true(kept:done())
    assert.equal("cancelled", select(2, kept:result()).kind)
    assert.equal(0, client:step())
  end)

  it("that a finaliser brings back is of no use", function()
    local kept
    do
      local call = client:submit("get_connector_by_id", "x")
      setmetatable({ call }, { __gc = function(self) kept = self[1] end })
    end
    collectgarbage()
    collectgarbage()
    for _, method in ipairs { "done", "ready", "result", "wait", "cancel" } do
      assert.error_matches(function() kept[method](kept) end, "collected")
    end
  end)

  -- Nobody has such a call but what the yield hook was given.
  it("never takes over those who watched the call before it", function()
    local core = require "celigo.core"
    local over
    core.set_yield(client, function(call)
      over = call
      return false
    end)
    coroutine.wrap(function() client:get_connector_by_id "x" end)()
    assert.error_matches(function() core.watch(over) end, "the call is over")
    assert.error_matches(function() core.await(over) end, "the call is over")
    server:script { { body = "{}", stall = true } }
    assert.equal(over, client:submit("get_connector_by_id", "x"))
    over = nil
    collectgarbage()
    collectgarbage()
    assert.is_nil((core.woken(client)))
  end)
end)
