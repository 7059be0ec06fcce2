-- Nothing leaks: after 2,000 calls of every sort the collector counts what it
-- counted before, and no descriptor, userdata or curl handle is left over.

local celigo = require "celigo"
local fault = require "spec.support.fault_server"
local process = require "spec.support.process"
local sandbox = require "celigo.sandbox"
local seeded = require "spec.support.seeded"

local ID = "54fa0b38a7044f9252000036"
local CALLS = seeded.slow and 200 or 2000

-- Where the system shows them, the descriptors that are open.
local function descriptors()
  local pipe = assert(io.popen("ls /proc/$PPID/fd 2>/dev/null", "r"))
  local n = 0
  for _ in pipe:lines() do
    n = n + 1
  end
  pipe:close()
  return n
end

-- A sanitizer or valgrind, which find leaks themselves, keep what is freed.
local function keeps_freed_memory()
  local file <close> = io.open("/proc/self/maps", "r")
  local maps = file and file:read("a") or ""
  return maps:find("libasan", 1, true) or maps:find("valgrind", 1, true)
end

-- Where the system shows it, the memory that is in use, libcurl's included.
local function resident()
  local file <close> = io.open("/proc/self/statm", "r")
  if not file or keeps_freed_memory() then return 0 end
  local _, pages = file:read("n", "n")
  return pages * 4096
end

local function collect()
  for _ = 1, 3 do
    collectgarbage()
  end
  return collectgarbage("count") * 1024
end

-- Runs `work` until it has been warmed up (the interpreter's table of strings
-- has its size by then), and `rounds` times more: what these left over, as
-- bytes that the collector counts, bytes of the process, and descriptors.
local function left_over(work, rounds)
  for _ = 1, rounds // 2 do
    work()
  end
  local bytes, memory, open = collect(), resident(), descriptors()
  for _ = 1, rounds do
    work()
  end
  return collect() - bytes, resident() - memory, descriptors() - open
end

-- A few kilobytes are the interpreter's own (strings, stacks), a few
-- descriptors are connections that are kept; one leak in each round, fifty
-- at least, is far beyond that.
local SLACK = 8 * 1024
local KEPT = 8

-- The heap breathes; 500 curl handles are more than this.
local BREATH = 2 * 1024 * 1024

local function assert_no_leak(work, rounds)
  local bytes, memory, open = left_over(work, rounds)
  assert.is_true(bytes < SLACK, ("%d bytes"):format(bytes))
  assert.is_true(memory < BREATH, ("%d bytes of memory"):format(memory))
  assert.is_true(open <= KEPT, ("%d descriptors"):format(open))
end

describe("nothing leaks", function()
  local server, client

  setup(function()
    server = sandbox.start()
    client = celigo.new { base_url = server.url, token = "a-token",
      rate_limit = false, max_retries = 0 }
  end)

  teardown(function()
    client:close()
    server:stop()
  end)

  it("in 2,000 calls that go well", function()
    assert_no_leak(function()
      assert(client:get_connector_by_id(ID))
      assert(client:list_connector_licenses(ID, { limit = 2 }))
      assert(client:update_connector_license(
        ID, "54fa0b38a7044f9253000001", { note = "a member that no contract names" }))
      assert(client:request { path = "/v1/tokenInfo" })
    end, CALLS // 4)
  end)

  it("in 2,000 calls that fail", function()
    assert_no_leak(function()
      assert.is_nil((client:get_connector_by_id("x")))
      assert.is_nil((client:create_connector {}))
      assert.is_nil((client:create_connector { name = print }))
      assert.is_nil((client:install_connector("54fa0b38a7044f9252000038")))
    end, CALLS // 4)
  end)

  it("in 2,000 misuses", function()
    assert_no_leak(function()
      assert.is_false(pcall(client.get_connector_by_id, client, {}))
      assert.is_false(pcall(client.list_connectors, client, { x = 1 }))
      assert.is_false(pcall(client.list_connectors, client,
        { headers = { A = "b", C = "d\n" } }))
      assert.is_false(pcall(celigo.new, { token = "t", base_url = "x" }))
    end, CALLS // 4)
  end)

  it("in 2,000 submitted calls: kept, cancelled, dropped", function()
    assert_no_leak(function()
      local kept = client:submit("get_connector_by_id", ID)
      local cancelled = client:submit("get_connector_by_id", ID)
      client:submit("get_connector_by_id", ID)
      client:step()
      cancelled:cancel()
      client:submit("get_connector_by_id", ID):cancel()
      assert(kept:wait())
      collectgarbage()
      assert.equal(0, client:step())
    end, CALLS // 4)
  end)

  it("in 2,000 calls that nobody refers to any more", function()
    local calls = setmetatable({}, { __mode = "k" })
    for i = 1, CALLS do
      local call = client:submit("get_connector_by_id", ID)
      calls[call] = i
      if i % 4 == 0 then
        assert(call:wait())
      elseif i % 4 == 1 then
        call:cancel()
      end
    end
    collect()
    assert.is_nil(next(calls))
    assert.equal(0, client:step())
  end)

  it("in calls that callbacks end", function()
    local how
    local loud <close> = celigo.new { base_url = server.url,
      token = "a-token", rate_limit = false, on_event = function(event)
        if event.type == how then error "mine" end
      end }
    assert_no_leak(function()
      for _, name in ipairs { "request", "response", "page" } do
        how = name
        assert.is_false(pcall(loud.list_connectors, loud))
      end
    end, CALLS // 10)
  end)

  it("in clients that are made, used and closed", function()
    assert_no_leak(function()
      local mine <close> = celigo.new { base_url = server.url,
        token = "a-token" }
      assert(mine:get_connector_by_id(ID))
      local _ = mine:submit("get_connector_by_id", ID)
    end, 100)
  end)

  it("in clients that are dropped", function()
    assert_no_leak(function()
      local mine = celigo.new { base_url = server.url, token = "a-token" }
      assert(mine:get_connector_by_id(ID))
      mine:submit("get_connector_by_id", ID)
      mine:step()
      mine = nil -- luacheck: ignore 311
      collectgarbage()
      collectgarbage()
    end, 100)
  end)

  it("in answers that go wrong", function()
    local faulty <close> = fault.start()
    local mine <close> = celigo.new { base_url = faulty.url,
      token = "a-token", rate_limit = false, max_retries = 1,
      retry_base = 0, max_response_bytes = 100000 }
    local steps = {}
    for _, name in ipairs { "cut_in_status_line", "cut_in_headers",
      "cut_in_body", "reset_in_body", "length_too_long", "bad_chunk_size",
      "garbage", "bad_gzip", "huge_header" } do
      steps[#steps + 1] = fault.scenarios[name]
      steps[#steps + 1] = fault.scenarios[name]
    end
    steps[#steps + 1] = { body = ("x"):rep(100001) }
    steps[#steps + 1] = { body = "not JSON" }
    assert_no_leak(function()
      faulty:script(steps)
      for _ = 1, 12 do
        mine:get_connector_by_id("a")
      end
    end, 50)
  end)

  it("when the interpreter ends with calls under way", function()
    local child = assert(process.start_lua(([[
      local celigo = require "celigo"
      local client = celigo.new { base_url = %q, token = "a-token" }
      local calls = {}
      for i = 1, 20 do
        calls[i] = client:submit("get_connector_by_id", %q)
      end
      client:step()
      print "end"
    ]]):format(server.url, ID)))
    local status, output = child:wait()
    assert.equal("end", output)
    assert.equal(0, status)
  end)
end)
