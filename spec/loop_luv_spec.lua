-- What is luv's own about a client in its loop: handles, timers, callbacks,
-- the end of a state. What all loops have in common is in loop_calls_spec.lua
-- and loop_turns_spec.lua.

local lacking = require("spec.support.missing").module "luv"
if lacking then
  describe("the luv loop", function()
    it("runs the client", function() pending(lacking) end)
  end)
  return
end

local celigo = require "celigo"
local fault = require "spec.support.fault_server"
local uv = require "luv"
local attach = require("celigo.loop.luv").attach
local process = require "spec.support.process"
local sandbox = require "celigo.sandbox"

local ID = "54fa0b38a7044f9252000036"

-- Runs functions as coroutines until the loop has nothing left to do;
-- raises what the first of them raised, or that one never ended.
local function run(...)
  local functions = { ... }
  local failure
  local ended = 0
  for _, f in ipairs(functions) do
    coroutine.wrap(function()
      local good, err = xpcall(f, debug.traceback)
      ended = ended + 1
      if not good then failure = failure or err end
    end)()
  end
  uv.run()
  if failure then error(failure, 0) end
  assert.equal(#functions, ended)
end

local function handles()
  local n = 0
  uv.walk(function() n = n + 1 end)
  return n
end

describe("a client in a luv loop", function()
  local server, slow

  setup(function()
    server = sandbox.start()
    slow = sandbox.start { delay = 0.1 }
  end)

  teardown(function()
    server:stop()
    slow:stop()
  end)

  local function new_client(url, options)
    local all = { base_url = url, token = "t", timeout = 20 }
    for name, value in pairs(options or {}) do all[name] = value end
    return attach(celigo.new(all))
  end

  -- Collects what is not in use, and lets the loop close its handles.
  local function settle()
    collectgarbage()
    collectgarbage()
    uv.run()
  end

  -- Each test leaves the loop as it found it.
  local before
  before_each(function()
    settle()
    before = handles()
  end)
  after_each(function()
    uv.run()
    assert.is_false(uv.loop_alive())
    settle()
    assert.equal(before, handles())
  end)

  it("goes on when connections end, while others take their numbers",
    function()
      local brief <close> = sandbox.start { max_requests = 1 }
      local client <close> = new_client(brief.url)
      local host, port = brief.url:match "//(.*):(%d+)"
      local function connect()
        for _ = 1, 40 do
          local thread = coroutine.running()
          local tcp = uv.new_tcp()
          tcp:connect(host, tonumber(port), function(err)
            tcp:close()
            coroutine.resume(thread, err)
          end)
          assert.is_nil(coroutine.yield())
        end
      end
      local function call()
        for _ = 1, 40 do assert(client:get_connector_by_id(ID)) end
      end
      run(call, connect, call, connect, call)
    end)

  it("waits in a for loop for something else than the client", function()
    local client <close> = new_client(server.url)
    local seen = 0
    run(function()
      local thread = coroutine.running()
      for _ in client:each_connector { limit = 1 } do
        seen = seen + 1
        local pause = uv.new_timer()
        pause:start(5, 0, function()
          pause:close()
          assert(coroutine.resume(thread))
        end)
        coroutine.yield()
      end
    end)
    assert.equal(4, seen)
  end)

  it("moves submitted calls on", function()
    local client <close> = new_client(slow.url)
    local outside = client:submit("get_connector_by_id", ID)
    local inside
    local timer = uv.new_timer()
    timer:start(10, 0, function()
      timer:close()
      inside = client:submit("request", { path = "/v1/connectors" })
    end)
    uv.run()
    assert.equal(ID, outside:result()._id)
    assert.equal(4, #inside:result())
  end)

  it("blocks outside of coroutines, and others go on afterwards", function()
    local client <close> = new_client(slow.url)
    local first, plain, mapped
    coroutine.wrap(function() first = client:get_connector_by_id(ID) end)()
    local timer = uv.new_timer()
    timer:start(0, 0, function()
      timer:close()
      plain = client:get_connector_by_id(ID)
      mapped = client:map({ ID, ID }, function(id)
        return client:get_connector_by_id(id)
      end)
    end)
    uv.run()
    assert.equal(ID, first._id)
    assert.equal(ID, plain._id)
    assert.equal(2, #mapped)
  end)

  it("makes new handles where the program has closed all of the loop's", function()
    local client <close> = new_client(slow.url, { timeout = 4 })
    local under_way
    coroutine.wrap(function() under_way = client:get_connector_by_id(ID) end)()
    local timer = uv.new_timer()
    timer:start(20, 0, function() -- the call has been sent, and its socket is watched
      uv.walk(function(handle) handle:close() end)
    end)
    uv.run()
    assert.is_nil(under_way)
    for _ = 1, 2 do
      local ids = {}
      run(function()
        for connector in client:each_connector { limit = 2 } do ids[#ids + 1] = connector._id end
      end, function()
        assert.equal(ID, assert(client:get_connector_by_id(ID))._id)
      end)
      assert.equal(4, #ids)
      uv.walk(function(handle) handle:close() end)
    end
    assert.equal(ID, under_way._id)
  end)

  it("lets go of a client whose handles the program has closed", function()
    local client = new_client(server.url)
    run(function() assert(client:list_connectors()) end)
    uv.walk(function(handle) handle:close() end)
    client:close()
  end)

  it("leaves no trouble to a state that closes with calls under way",
    function()
      local code = [[
        local celigo = require "celigo"
        local uv = require "luv"
        local attach = require("celigo.loop.luv").attach
        local client = attach(celigo.new { base_url = "%s", token = "t" })
        local other <close> = attach(
          celigo.new { base_url = "%s", token = "t" })
        local call = client:submit "list_connectors"
        local another = other:submit "list_connectors"
        coroutine.wrap(function() client:list_connectors() end)()
        for _ = 1, 4 do uv.run "nowait" end
        print "end"
      ]]
      local child = process.start { process.lua(), "-e",
        code:format(slow.url, slow.url) }
      local status, output = child:wait()
      assert.equal(0, status, output)
      assert.matches("end", output)
    end)

  it("leaves no trouble to a state that closes with calls that are older "
    .. "than the loop", function()
    local code = [[
      local celigo = require "celigo"
      local client = celigo.new { base_url = "%s", token = "t" }
      call = client:submit "list_connectors"
      require("celigo.loop.luv").attach(client)
      print "end"
    ]]
    local child = process.start { process.lua(), "-e",
      code:format(slow.url) }
    local status, output = child:wait()
    assert.equal(0, status, output)
    assert.matches("end", output)
  end)


  it("prints nothing of its own where servers reset connections", function()
    local faults <close> = fault.start()
    local steps = {}
    for i = 1, 40 do
      steps[i] = i % 2 == 1 and { body = "{}" } or { ending = "reset", raw = "" }
    end
    faults:script(steps)
    local child = assert(process.start_lua(([[
      local uv = require "luv"
      local client = require("celigo.loop.luv").attach(require("celigo").new {
        base_url = %q, token = "t", max_retries = 0, timeout = 20 })
      for _ = 1, 4 do
        coroutine.wrap(function()
          for _ = 1, 10 do client:get_connector_by_id "1" end
        end)()
      end
      uv.run()
      print "done" ]]):format(faults.url)))
    assert.same({ 0, "done" }, { child:wait() })
  end)
end)
