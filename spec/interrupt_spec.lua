-- Ctrl-C and debug hooks end whatever a call waits for, leak nothing, and
-- leave the client as good as before.

local celigo = require "celigo"
local fault = require "spec.support.fault_server"
local process = require "spec.support.process"

-- What each child is blocked in. The server answers the first request with
-- the first step below and lets every other one hang.
local waits = {
  ["a call"] = 'client:get_connector_by_id("1")',
  ["a write"] = 'client:create_connector { name = "n" }',
  ["a list"] = "client:list_connectors()",
  ["an iterator"] = "for _ in client:each_connector() do end",
  ["an iterator without prefetch"] =
    "for _ in client:each_connector { prefetch = false } do end",
  ["pages"] = 'for _ in client:pages { path = "/v1/x" } do end',
  ["map"] = [[client:map({ "1", "2", "3" }, function(id)
    return client:get_connector_by_id(id)
  end)]],
  ["gather"] = [[client:gather(
    function() return client:list_connectors() end,
    function() for _ in client:each_connector() do end end)]],
  ["map over calls of another client"] = [[
    local other <close> = connect()
    client:map({ "1", "2", "3" }, function(id) return other:get_connector_by_id(id) end)]],
  ["gather of calls of another client"] = [[
    local other <close> = connect()
    client:gather(function() return other:get_connector_by_id("1") end, function() end)]],
  ["map in map, over calls of another client"] = [[
    local other <close> = connect()
    client:map({ "1", "2" }, function(id)
      return client:map({ id, id }, function(again) return other:get_connector_by_id(again) end)
    end)]],
  ["call:wait"] = 'client:submit("get_connector_by_id", "1"):wait()',
  ["step"] = [[local pending = client:submit("get_connector_by_id", "1")
    client:step(1000)]],
  ["a coroutine"] = [[coroutine.wrap(function()
    client:get_connector_by_id("1")
  end)()]],
  ["a coroutine in a coroutine"] = [[coroutine.wrap(function()
    coroutine.wrap(function() client:get_connector_by_id("1") end)()
  end)()]],
  ["a pause"] = 'client:request { path = "/busy" }',
  ["a pcall in a coroutine"] = [[
    local good, err = coroutine.wrap(function()
      return pcall(client.get_connector_by_id, client, "1")
    end)()
    assert(not good)
    error(err, 0)]],
}

local CHILD = [[
local celigo = require "celigo"
-- Open descriptors; none where the system does not show them. A pipe would
-- count, too, so a file takes the list.
local function descriptors()
  local name = os.tmpname()
  os.execute("ls /proc/$PPID/fd >" .. name .. " 2>/dev/null")
  local n = 0
  for _ in io.lines(name) do n = n + 1 end
  os.remove(name)
  return n
end

local function connect()
  return celigo.new {
    base_url = %q, token = "test", timeout = 1000, retry_base = 1000,
    retry_cap = 1000,
  }
end

connect():close() -- what libcurl opens once and for all is open now
local before = descriptors()
local client = connect()
print("ready")
io.stdout:flush()
local good, err = pcall(function() %s end)
print("interrupted", not good, err)
collectgarbage()
collectgarbage()
print("unfinished", client:step())
io.stdout:flush()
local value, message = client:request { path = "/after", timeout = 20 }
print("after", value and value[1], message)
client:close()
print("descriptors", descriptors() - before)
]]

local function sorted_names()
  local names = {}
  for name in pairs(waits) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

describe("Ctrl-C in the standalone interpreter ends", function()
  local server

  setup(function() server = fault.start() end)
  teardown(function() server:stop() end)

  local page = { body = '[{"n":1}]', headers = {
    Link = '</v1/connectors?page=2>; rel="next"' } }
  local hang = { body = "[]", stall = true }

  -- What is answered before a request hangs; and how many requests there
  -- are then, where it is not one for each step.
  local scripts = {
    ["a list"] = { page, hang },
    ["an iterator"] = { page, hang },
    ["an iterator without prefetch"] = {
      page, fault.scenarios.stalled_in_body },
    ["pages"] = { page, fault.scenarios.stalled_in_headers },
    ["a pause"] = { { status = 503 } },
  }
  local counts = { map = 3, gather = 2 }

  for _, name in ipairs(sorted_names()) do
    it(name, function()
      local script = scripts[name] or { hang }
      local count = counts[name] or #script
      server:script(script)
      local child <close> = assert(process.start_lua(
        CHILD:format(server.url, waits[name]), "^(ready)$"))
      server:await(function(all) return #all == count end)
      server:script { { body = '["fine"]' } }
      child:signal("INT")
      local status, output = child:wait()
      assert.equal(0, status, output)
      assert.is_truthy(output:find("interrupted\ttrue\t[^\n]*interrupted!"),
        output)
      assert.is_truthy(output:find("after\tfine\tnil", 1, true)
        or output:find("after\tfine\ttable", 1, true), output)
      assert.is_truthy(output:find("unfinished\t0\n", 1, true), output)
      assert.is_truthy(output:find("descriptors\t0", 1, true), output)
    end)
  end
end)

describe("a count hook ends", function()
  local server, client

  setup(function()
    server = fault.start()
  end)
  teardown(function() server:stop() end)

  before_each(function()
    server:script { fault.scenarios.stalled_before_headers }
    client = celigo.new { base_url = server.url, token = "test",
      timeout = 1000, rate_limit = false }
  end)
  after_each(function() client:close() end)

  -- Runs f under a hook that raises once the server hangs.
  local function interrupt(f, count)
    local turns = 0
    local function hook()
      turns = turns + 1
      if turns == 3 then
        debug.sethook()
        error("enough", 0)
      end
    end
    local good, err = pcall(function()
      debug.sethook(hook, "", count)
      f()
    end)
    debug.sethook()
    return good, err
  end

  local blocked = {
    ["a call"] = function() client:list_connectors() end,
    ["an iterator"] = function()
      for _ in client:each_connector() do end
    end,
    ["map"] = function()
      client:map({ "1", "2" }, function(id)
        return client:get_connector_by_id(id)
      end)
    end,
    ["call:wait"] = function()
      client:submit("list_connectors"):wait()
    end,
    ["a step"] = function()
      local call = client:submit("list_connectors")
      client:step(1000)
      return call
    end,
  }

  for name, f in pairs(blocked) do
    it(name, function()
      for _, count in ipairs { 1000, 100000 } do
        local good, err = interrupt(f, count)
        assert.is_false(good)
        assert.equal("enough", err)
        collectgarbage()
        collectgarbage()
        assert.equal(0, client:step())
      end
      server:script { { body = "[]" } }
      assert(client:list_connectors())
    end)
  end

  it("a call in a coroutine that has the hook", function()
    local good, err = pcall(coroutine.wrap(function()
      local thread = coroutine.running()
      debug.sethook(thread, function() error("enough", 0) end, "", 100000)
      client:list_connectors()
    end))
    assert.is_false(good)
    assert.equal("enough", err)
    assert.equal(0, client:step())
  end)

  it("a map with a call that gives way to others", function()
    local good, err = pcall(client.map, client, { "1", "2" }, function(id)
      local turns = 0
      debug.sethook((coroutine.running()), function()
        turns = turns + 1
        if turns == 20 then
          debug.sethook((coroutine.running()))
          error("enough", 0)
        end
      end, "", 1)
      return client:get_connector_by_id(id)
    end, { concurrency = 1 })
    assert.is_false(good)
    assert.equal("enough", err)
    assert.equal(0, client:step())
  end)

  it("a map whose function computes for too long, and not one that catches it itself", function()
    local function compute()
      debug.sethook((coroutine.running()), function()
        debug.sethook((coroutine.running()))
        error("enough", 0)
      end, "", 1000)
      local n = 0
      for i = 1, 1e6 do n = n + i end
      return n
    end
    local good, err = pcall(client.map, client, { 1, 2 }, compute)
    assert.is_false(good)
    assert.equal("enough", err)
    local results, errors = client:map({ 1, 2 }, function(i)
      pcall(compute)
      if i == 2 then error "mine" end
      return i
    end)
    assert.same({ 1 }, results)
    assert.matches("mine", errors[2])
    assert.is_nil(errors[1])
  end)

  -- Waits that are each too short for a turn of the hook come to one together.
  local quick = {
    ["a list of quick pages"] = function() assert(client:list_connectors()) end,
    ["an iterator over quick pages"] = function()
      for _ in client:each_connector() do end
    end,
    ["many quick calls"] = function()
      for _ = 1, 40 do assert(client:list_connectors { follow = false }) end
    end,
    ["a map of quick calls"] = function()
      local items = {}
      for i = 1, 40 do items[i] = i end
      client:map(items, function()
        return assert(client:list_connectors { follow = false })
      end, { concurrency = 1 })
    end,
    ["steps of quick calls"] = function()
      for _ = 1, 40 do
        local call = client:submit("list_connectors", { follow = false })
        client:step(10)
        assert(call:result())
      end
    end,
  }
  for name, f in pairs(quick) do
    it(name, function()
      local steps = {}
      for i = 1, 41 do
        steps[i] = { body = "[1]", stall = 0.05, headers = {
          Link = ("</v1/x?p=%d>; rel=next"):format(i),
        } }
      end
      server:script(steps)
      local good, err = interrupt(f, 1000000)
      assert.is_false(good)
      assert.equal("enough", err)
      assert.is_true(#server:requests() < 40)
      collectgarbage()
      collectgarbage()
      assert.equal(0, client:step())
    end)
  end

  it("nothing where it only looks on", function()
    local turns = 0
    server:script { { body = "[]", stall = 0.5 } }
    debug.sethook(function() turns = turns + 1 end, "", 1000)
    local value = client:list_connectors()
    debug.sethook()
    assert.same({}, value)
    assert.is_true(turns > 0)
  end)
end)

describe("A debug hook has its turn", function()
  local json = celigo.json
  local numbers, records = {}, {}

  setup(function()
    for i = 1, 2000000 do numbers[i] = i * 7 end
    for i = 1, 100000 do records[i] = { name = "x", count = i } end
  end)

  -- How often a hook was called while f ran, and what f returned; an error
  -- where the hook raises one.
  local function watch(f, argument, err)
    local turns = 0
    local hook = function()
      turns = turns + 1
      if err then error(err, 0) end
    end
    debug.sethook(hook, "", 100000) -- fewer instructions than f itself has here
    local good, value = pcall(f, argument)
    debug.sethook()
    assert.equal(not err, good)
    return turns, value
  end

  for name, value in pairs { ["many numbers"] = numbers, ["many records"] = records } do
    it("while " .. name .. " are encoded and decoded", function()
      local turns, text = watch(json.encode, value)
      assert.is_true(turns > 0)
      local again
      turns, again = watch(json.decode, text)
      assert.is_true(turns > 0)
      assert.equal(#value, #again)
      for _, work in ipairs { { json.encode, value }, { json.decode, text } } do
        local err = {}
        local raised
        turns, raised = watch(work[1], work[2], err)
        assert.equal(1, turns)
        assert.equal(err, raised)
      end
      local round = json.decode(json.encode(again)) -- members may stand in another order
      assert.equal(#again, #round)
      assert.same(again[#again], round[#round])
    end)
  end
end)
