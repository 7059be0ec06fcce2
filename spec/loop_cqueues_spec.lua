-- What is cqueues' own about a client in its controllers: several of them,
-- closed or dropped ones. What all loops have in common is in
-- loop_calls_spec.lua and loop_turns_spec.lua.

local lacking = require("spec.support.missing").module "cqueues"
if lacking then
  describe("the cqueues loop", function()
    it("runs the client", function() pending(lacking) end)
  end)
  return
end

local celigo = require "celigo"
local cqueues = require "cqueues"
local socket = require "cqueues.socket"
local attach = require("celigo.loop.cqueues").attach
local fault = require "spec.support.fault_server"
local sandbox = require "celigo.sandbox"

local ID = "54fa0b38a7044f9252000036"

local function run_in(controller, ...)
  for _, f in ipairs { ... } do controller:wrap(f) end
  assert(controller:loop())
  assert.is_true(controller:empty())
end

-- Runs functions in a controller of their own until there is nothing left;
-- raises what one of them raised.
local function run(...)
  local controller = cqueues.new()
  run_in(controller, ...)
  controller:close()
end

describe("a client in a cqueues controller", function()
  local server, slow

  setup(function()
    server = sandbox.start()
    slow = sandbox.start { delay = 0.1 }
  end)

  teardown(function()
    server:stop()
    slow:stop()
  end)

  local function new_client(url, options, ...)
    local all = { base_url = url, token = "t", timeout = 20 }
    for name, value in pairs(options or {}) do all[name] = value end
    return attach(celigo.new(all), ...)
  end

  it("goes on when connections end, while others take their numbers",
    function()
      local brief <close> = sandbox.start { max_requests = 1 }
      local client <close> = new_client(brief.url)
      local host, port = brief.url:match "//(.*):(%d+)"
      local function connect()
        for _ = 1, 40 do
          local s = socket.connect(host, tonumber(port))
          assert(s:connect())
          s:close()
        end
      end
      local function call()
        for _ = 1, 40 do assert(client:get_connector_by_id(ID)) end
      end
      run(call, connect, call, connect, call)
    end)

  it("moves calls on that were submitted outside, in a controller that it "
    .. "was given", function()
    local controller = cqueues.new()
    local client <close> = new_client(slow.url, nil, controller)
    local call = client:submit("get_connector_by_id", ID)
    assert(controller:loop())
    assert.equal(ID, call:result()._id)
    local another = client:submit("get_connector_by_id", ID)
    assert(controller:loop())
    assert.equal(ID, another:result()._id)
  end)

  it("moves calls on that were submitted outside once one is made inside",
    function()
      local client <close> = new_client(slow.url)
      local call = client:submit("get_connector_by_id", ID)
      run(function() assert(client:get_connector_by_id(ID)) end)
      assert.equal(ID, call:result()._id)
    end)

  it("works in one controller after the other, and in nested ones",
    function()
      local client <close> = new_client(server.url)
      local function call() assert(client:get_connector_by_id(ID)) end
      run(call)
      run(call, call)
      local inner = cqueues.new()
      run(call, function()
        inner:wrap(call)
        inner:wrap(call)
        assert(inner:loop())
        call()
      end, call)
    end)

  it("survives a controller that is dropped with a call under way",
    function()
      local client <close> = new_client(slow.url)
      local dropped = cqueues.new()
      dropped:wrap(function() client:get_connector_by_id(ID) end)
      dropped:step(0)
      dropped:step(0)
      dropped:close()
      run(function() assert(client:get_connector_by_id(ID)) end)
    end)

  -- Runs f in a controller until its requests have stalled; closes or drops
  -- the controller then, and sees that nothing of f is left.
  local function abandon(close, requests, f)
    local stalled = fault.start()
    local steps = {}
    for i = 1, requests do steps[i] = { stall = true } end
    steps[requests + 1] = { body = "{}" }
    stalled:script(steps)
    local client <close> = new_client(stalled.url)
    local controller = cqueues.new()
    controller:wrap(function() f(client) end)
    stalled:await(function(seen)
      assert(controller:step(0.01))
      return #seen == requests
    end)
    if close then controller:close() end
    controller = nil -- luacheck: ignore
    collectgarbage()
    collectgarbage()
    assert.equal(0, client:step())
    run(function()
      for _ = 1, 8 do assert(client:get_connector_by_id "mine") end
    end)
    local seen = stalled:await(function(all)
      for i = 1, requests do
        if not all[i].gone then return false end
      end
      return true
    end)
    assert.equal(requests + 8, #seen)
    for i = requests + 1, #seen do assert.matches("mine$", seen[i].target) end
    stalled:stop()
  end

  it("ends calls and iterators whose controller is closed or dropped",
    function()
      for _, close in ipairs { true, false } do
        abandon(close, 1, function(client) client:list_connectors() end)
        abandon(close, 1, function(client)
          for _ in client:each_connector() do end -- luacheck: ignore
        end)
      end
    end)

  it("sends nothing more of a map or gather whose controller is closed or "
    .. "dropped", function()
    for _, close in ipairs { true, false } do
      abandon(close, 2, function(client)
        local ids = { "a", "b", "c", "d", "e", "f" }
        client:map(ids, function(id)
          return client:delete_connector(id)
        end, { concurrency = 2 })
      end)
      abandon(close, 2, function(client)
        local function delete_two()
          client:delete_connector "a"
          client:delete_connector "b"
        end
        client:gather(delete_two, delete_two)
      end)
    end
  end)

  it("lets a client be collected in another controller than its calls were "
    .. "in", function()
    local stalled <close> = fault.start()
    stalled:script { { stall = true } }
    local function leave()
      local client = new_client(stalled.url)
      local controller = cqueues.new()
      controller:wrap(function() client:list_connectors() end)
      stalled:await(function(seen)
        assert(controller:step(0.01))
        return #seen == 1
      end)
      controller:close()
    end
    leave()
    run(function()
      collectgarbage()
      collectgarbage()
      cqueues.sleep(0.01)
    end)
    stalled:await(function(seen) return seen[1].gone end)
  end)

  it("blocks in coroutines that are not the controller's", function()
    local client <close> = new_client(server.url)
    run(function()
      local thread = coroutine.create(function()
        return client:get_connector_by_id(ID)
      end)
      local good, connector = coroutine.resume(thread)
      assert.is_true(good)
      assert.equal(ID, connector._id)
      assert.equal("dead", coroutine.status(thread))
    end)
  end)

  it("returns errors, and raises where cqueues sees it", function()
    local client <close> = new_client(server.url)
    local refused <close> = new_client("http://127.0.0.1:1",
      { max_retries = 0 })
    run(function()
      local value, err = client:get_connector_by_id(
        "54fa0b38a7044f9252000000")
      assert.is_nil(value)
      assert.equal(404, err.status)
    end, function()
      local value, err = refused:list_connectors()
      assert.is_nil(value)
      assert.equal("network", err.kind)
    end)
    local controller = cqueues.new()
    controller:wrap(function()
      client:get_connector_by_id(ID)
      error "mine"
    end)
    local good, err = controller:loop()
    assert.is_falsy(good)
    assert.matches("mine", tostring(err))
  end)

end)
