-- What the collector does not see by itself: clients and pages that a program
-- drops, with their C memory and their descriptors.

local fault = require "spec.support.fault_server"
local process = require "spec.support.process"
local sandbox = require "celigo.sandbox"

-- Runs Lua code in a process of its own, which may open `most` descriptors;
-- returns what it printed.
local function run(most, code)
  local prelude = ("package.path=%q package.cpath=%q "):format(package.path, package.cpath)
  local lua = process.quote(process.lua()) .. " -e " .. process.quote(prelude .. code)
  local status, output = assert(process.start { "sh", "-c", ("ulimit -n %d; exec %s"):format(most, lua) }):wait()
  assert.equal(0, status, output)
  return output
end

-- A sanitizer or valgrind keeps what is freed; some systems do not tell.
local function tells_memory()
  local file <close> = io.open("/proc/self/maps", "r")
  local maps = file and file:read "a"
  return maps and not maps:find "lib[at]san" and not maps:find("valgrind", 1, true)
end

describe("the collector", function()
  local server

  after_each(function() server:stop() end)

  for _, mode in ipairs { "incremental", "generational" } do
    it("ends dropped clients before descriptors run out, " .. mode, function()
      server = assert(sandbox.start {})
      assert.equal(
        "all",
        run(
          64,
          ([[
        collectgarbage %q
        local celigo = require "celigo"
        for _ = 1, 600 do
          local client = celigo.new { base_url = %q, token = %q, max_retries = 0 }
          assert(client:list_connectors { follow = false, limit = 1 })
        end
        print "all" ]]):format(mode, server.url, server.token)
        )
      )
    end)
  end

  it("ends them with a large heap, too", function()
    server = assert(sandbox.start {})
    local most = run(
      512,
      ([[
        local heap = {}
        for i = 1, 200000 do heap[i] = { i } end
        local celigo = require "celigo"
        for _ = 1, 600 do
          local client = celigo.new { base_url = %q, token = %q, max_retries = 0 }
          assert(client:list_connectors { follow = false, limit = 1 })
        end
        local file = assert(io.open "/dev/null") -- the host's: there is room for it
        print(#heap) ]]):format(server.url, server.token)
    )
    assert.equal("200000", most)
  end)

  it("frees pages of walks that were dropped", function()
    if not tells_memory() then pending "nothing tells how much memory is in use" end
    server = fault.start()
    local record = ('{"text":"%s"}'):format(("x"):rep(1000))
    local page = "[" .. (record .. ","):rep(4000) .. record .. "]"
    server:script { { body = page, headers = { Link = '</v1/flows?page=2>; rel="next"' } } }
    local peak = run(
      256,
      ([[
        local celigo = require "celigo"
        local client = celigo.new { base_url = %q, token = "test" }
        for _ = 1, 60 do
          local next_record = client:each { path = "/v1/flows" }
          assert(next_record())
        end
        print((io.open("/proc/self/status"):read("a"):match "VmHWM:%%s+(%%d+)")) ]]):format(server.url)
    )
    -- 480 MB of pages have come
    assert.is_true(tonumber(peak) < 120000, peak .. " KB at the peak")
  end)

  it("stays stopped where the host has stopped it", function()
    server = assert(sandbox.start {})
    local ended = run(
      512,
      ([[
        collectgarbage "stop"
        local celigo = require "celigo"
        local ended = 0
        for _ = 1, 100 do
          setmetatable({}, { __gc = function() ended = ended + 1 end })
          celigo.new { base_url = %q, token = %q }
        end
        print(ended)
        os.exit(0) ]]):format(server.url, server.token)
    )
    assert.equal("0", ended)
  end)
end)
