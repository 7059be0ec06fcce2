-- What adapters are built on; the adapters themselves are run by the suites
-- loop_calls_spec.lua and loop_turns_spec.lua.

local celigo = require "celigo"
local core = require "celigo.core"
local sandbox = require "celigo.sandbox"

local ID = "54fa0b38a7044f9252000036"

describe("what the core offers to loops", function()
  local server

  setup(function() server = sandbox.start { delay = 0.05 } end)
  teardown(function() server:stop() end)

  it("rings once until it is asked", function()
    local client = celigo.new { base_url = server.url, token = "t" }
    local rings = 0
    core.set_bell(client, function() rings = rings + 1 end)
    local call = client:submit("get_connector_by_id", ID)
    client:submit("get_connector_by_id", ID):cancel()
    client:step()
    assert.equal(1, rings)
    core.serve(client)
    assert.equal(1, rings)
    core.wants(client)
    call:cancel()
    assert.equal(2, rings)
    client:close()
    assert.equal(3, rings)
    client:close()
    assert.equal(3, rings)
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
    for _, name in ipairs { "set_bell", "serve", "wants", "closed",
      "descriptor" } do
      assert.error_matches(function() core[name]({}) end, "celigo.client")
    end
    local client <close> = celigo.new { base_url = server.url, token = "t" }
    assert.error_matches(function() core.set_bell(client, 1) end,
      "function expected")
  end)
end)
