-- What adapters are built on; the adapters themselves are run by the suites
-- loop_calls_spec.lua and loop_turns_spec.lua.

local celigo = require "celigo"
local core = require "celigo.core"
local sandbox = require "celigo.sandbox"
local ways = require "spec.support.ways"

local ID = "54fa0b38a7044f9252000036"

describe("an adapter", function()
  local server

  setup(function() server = sandbox.start { delay = 0.05 } end)
  teardown(function() server:stop() end)

  -- The adapter that the document prints, with `ready` called in another way:
  -- code that sees the watcher `w`.
  local function load_adapter(call)
    local code, count = ways.example():gsub("w%.ready%(%)", (call:gsub("%%", "%%%%")))
    assert.equal(2, count)
    return assert(load(code, "=an adapter"))()
  end

  local function descriptors()
    local listing <close> = assert(io.popen "ls /proc/self/fd /dev/fd 2>/dev/null")
    local n = 0
    for _ in listing:lines() do n = n + 1 end
    return n
  end

  local function run_calls(loop, calls)
    local client <close> = loop.attach(celigo.new { base_url = server.url, token = "t", timeout = 4 })
    local done = 0
    for _ = 1, calls do
      coroutine.wrap(function()
        assert.equal(ID, assert(client:get_connector_by_id(ID))._id)
        assert.equal(4, #assert(client:list_connectors { limit = 4 }))
        done = done + 1
      end)()
    end
    loop.run()
    assert.equal(calls, done)
  end

  it("may hand its own arguments to ready", function()
    run_calls(load_adapter "w.ready(w, 'r', 1)", 4)
    run_calls(load_adapter "w.ready(false, true)", 4)
  end)

  it("may give a descriptor up, again and again: nothing is left of it", function()
    local loop = load_adapter "w.ready(true)"
    run_calls(loop, 1) -- what is loaded late is there
    local before = descriptors()
    for _ = 1, 3 do run_calls(loop, 4) end
    assert.equal(before, descriptors())
  end)

  it("passes on what a coroutine raises, with its traceback", function()
    local loop = load_adapter "w.ready()"
    local client <close> = loop.attach(celigo.new { base_url = server.url, token = "t", timeout = 4 })
    local function culprit()
      assert(client:get_connector_by_id "54fa0b38a7044f9252000000")
    end
    coroutine.wrap(function() culprit() end)()
    local good, err = pcall(loop.run)
    assert.is_false(good)
    assert.matches("404 invalid_ref", err)
    assert.matches("culprit", err)
  end)
end)

-- A loop whose turns the test makes itself, and which keeps no coroutine alive.
describe("coroutines that wait", function()
  local server, client, turn

  local function none() end

  local attach = require("celigo.loop").adapter("by hand", function(f)
    turn = f
    return { watch = none, unwatch = none, timer = none, close = none, park = function()
      local weak = setmetatable({ thread = coroutine.running() }, { __mode = "v" })
      return coroutine.yield, function()
        if not weak.thread then return end
        local good, err = coroutine.resume(weak.thread)
        if not good then error(err, 0) end
      end
    end }
  end)

  setup(function() server = sandbox.start { delay = 0.05 } end)
  teardown(function() server:stop() end)
  before_each(function() client = attach(celigo.new { base_url = server.url, token = "t" }) end)
  after_each(function() client:close() end)

  local function spawn(f)
    local thread = coroutine.create(f)
    assert(coroutine.resume(thread))
    return thread
  end

  -- Makes turns until that is so; what they raised.
  local function run_until(is_over)
    local raised = {}
    while not is_over() do
      local good, err = pcall(turn)
      if not good then raised[#raised + 1] = err end
    end
    return raised
  end

  it("may be many for one call, and each goes on", function()
    local call, done = client:submit("get_connector_by_id", ID), 0
    local threads = {}
    for i = 1, 5 do
      threads[i] = spawn(function()
        assert.equal(ID, assert(call:wait())._id)
        done = done + 1
      end)
    end
    assert.same({}, run_until(function() return done == 5 end))
    for _, thread in ipairs(threads) do assert.equal("dead", coroutine.status(thread)) end
  end)

  it("go on though one of them raises", function()
    local call, ended = client:submit("get_connector_by_id", ID), 0
    local threads = {}
    for i = 1, 5 do
      threads[i] = spawn(function()
        call:wait()
        ended = ended + 1
        if i % 2 == 0 then error("in " .. i, 0) end
      end)
    end
    assert.same({ "in 2", "in 4" }, run_until(function() return ended == 5 end))
    for _, thread in ipairs(threads) do assert.equal("dead", coroutine.status(thread)) end
  end)

  it("hear that the one which fetched their page was dropped", function()
    local next_record = client:each_connector { limit = 1 }
    local message
    spawn(function() next_record() end)
    local waits = spawn(function() message = select(2, pcall(next_record)) end)
    collectgarbage()
    collectgarbage()
    assert.equal("suspended", coroutine.status(waits))
    assert.same({}, run_until(function() return message end))
    assert.matches("left halfway", message)
  end)

  it("are forgotten with the calls that they wait for", function()
    local kept = setmetatable({}, { __mode = "k" })
    for i = 1, 100 do kept[spawn(function() client:get_connector_by_id(ID) end)] = i end
    collectgarbage()
    collectgarbage()
    assert.is_nil(next(kept))
    assert.equal(0, client:step())
    local done
    local last = spawn(function() done = client:get_connector_by_id(ID) end)
    assert.same({}, run_until(function() return done end))
    assert.equal("dead", coroutine.status(last))
    assert.same({ nil, {} }, { core.wants(client) })
  end)
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
