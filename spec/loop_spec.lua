-- The documented way to add a loop: the example of docs/event-loops.md is
-- run as it stands there.

local celigo = require "celigo"
local cases = require "spec.support.loop_cases"
local core = require "celigo.core"
local fault = require "spec.support.fault_server"
local sandbox = require "celigo.sandbox"

local ID = "54fa0b38a7044f9252000036"

local function load_example()
  local file <close> = assert(io.open("docs/event-loops.md"))
  local code = file:read("a"):match "## Another loop.-```lua\n(.-)```"
  return assert(load(code, "=docs/event-loops.md"))()
end

describe("a loop of the user's own", function()
  local tiny = load_example()
  local server

  setup(function() server = sandbox.start { delay = 0.05 } end)
  teardown(function() server:stop() end)

  local function new_client(url, options)
    local all = { base_url = url, token = "t", timeout = 20 }
    for name, value in pairs(options or {}) do all[name] = value end
    return tiny.attach(celigo.new(all))
  end

  it("drives calls, iterators and maps side by side", function()
    local client <close> = new_client(server.url)
    local list, seen, mapped = nil, 0, nil
    coroutine.wrap(function() list = client:list_connectors() end)()
    coroutine.wrap(function()
      for _ in client:each_connector { limit = 1 } do seen = seen + 1 end
    end)()
    coroutine.wrap(function()
      mapped = client:map({ ID, ID, ID }, function(id)
        return client:get_connector_by_id(id)
      end)
    end)()
    local call = client:submit("get_connector_by_id", ID)
    assert.is_nil(list)
    tiny.run()
    assert.equal(4, #list)
    assert.equal(4, seen)
    assert.equal(3, #mapped)
    assert.equal(ID, call:result()._id)
  end)

  it("says so when somebody else resumes a coroutine", function()
    local client <close> = new_client(server.url)
    local thread = coroutine.create(function()
      return client:get_connector_by_id(ID)
    end)
    local good, value = coroutine.resume(thread)
    assert.is_true(good)
    assert.error_matches(function() return value._id end, "no value")
    local err
    good, err = coroutine.resume(thread)
    assert.is_false(good)
    assert.matches("only the event loop may resume it", err)
    tiny.run()
  end)

  it("ends when there is nothing left", function()
    local stalled <close> = fault.start()
    stalled:script { { stall = true } }
    local client = new_client(stalled.url, { timeout = 0.2 })
    local kind
    coroutine.wrap(function()
      local _, err = client:list_connectors()
      kind = err.kind
    end)()
    tiny.run()
    assert.equal("timeout", kind)
    client:close()
    tiny.run()
  end)
end)

describe("calls that go back to the queue", function()
  local tiny = load_example()

  local function run(...)
    local failure
    for _, f in ipairs { ... } do
      coroutine.wrap(function()
        local good, err = xpcall(f, debug.traceback)
        if not good then failure = failure or err end
      end)()
    end
    tiny.run()
    if failure then error(failure, 0) end
  end

  local function run_blocking(...)
    for _, f in ipairs { ... } do f() end
  end

  for _, case in ipairs(cases.of(tiny.attach, run)) do it(case.name .. ", in a loop of the user's own", case.run) end
  for _, case in ipairs(cases.of(function(client) return client end, run_blocking)) do
    it(case.name .. ", blocking", case.run)
  end
end)

describe("what the core offers to loops", function()
  local server

  setup(function() server = sandbox.start { delay = 0.05 } end)
  teardown(function() server:stop() end)

  it("is woken once until it has looked", function()
    local client = celigo.new { base_url = server.url, token = "t" }
    local wakeups = 0
    core.set_wakeup(client, function() wakeups = wakeups + 1 end)
    local call = client:submit("get_connector_by_id", ID)
    client:submit("get_connector_by_id", ID):cancel()
    client:step()
    assert.equal(1, wakeups)
    core.serve(client)
    assert.equal(1, wakeups)
    core.wants(client)
    call:cancel()
    assert.equal(2, wakeups)
    core.serve(client)
    core.wants(client)
    client:close()
    assert.equal(3, wakeups)
    client:close()
    assert.equal(3, wakeups)
    assert.is_true(core.closed(client))
  end)

  it("tells what to wait for, and gives descriptors of the loop's own",
    function()
      local client <close> = celigo.new { base_url = server.url, token = "t" }
      local seconds, wanted = core.wants(client)
      assert.is_nil(seconds)
      assert.same({}, wanted)
      local call = client:submit("get_connector_by_id", ID)
      assert.equal(0, (core.wants(client)))
      local serial
      repeat
        core.serve(client)
        seconds, wanted = core.wants(client)
        serial = next(wanted)
      until serial
      assert.is_true(seconds <= 60)
      local one, two = core.descriptor(client, serial),
        core.descriptor(client, serial)
      assert.not_equal(one:fd(), two:fd())
      one:close()
      one:close()
      assert.equal(-1, one:fd())
      assert.is_nil(core.descriptor(client, serial + 1000))
      assert.equal(ID, call:wait()._id)
      core.serve(client)
      assert.same({ nil, {} }, { core.wants(client) })
      assert.is_nil(core.descriptor(client, serial))
    end)

  it("refuses what is no client", function()
    for _, name in ipairs { "set_wakeup", "wake", "serve", "wants", "closed",
      "descriptor" } do
      assert.error_matches(function() core[name]({}) end, "celigo.client")
    end
    local client <close> = celigo.new { base_url = server.url, token = "t" }
    assert.error_matches(function() core.set_wakeup(client, 1) end,
      "function expected")
  end)
end)
