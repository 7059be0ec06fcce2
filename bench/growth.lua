-- What must not grow: the cost of a call with how many are queued, and with how
-- many coroutines wait for theirs; a walk's memory with its pages, descriptors
-- and memory with clients that are dropped; and how much of its rate limit a
-- client uses, by the server's record.
--
--   lua5.4 bench/growth.lua          all of it
--   lua5.4 bench/growth.lua --quick  a tenth of the larger sizes
--
-- Each figure is a process of its own; a ratio is that of two of them.

local here = arg[0]:match "^(.*)/[^/]*$" or "."
package.path = here .. "/../?.lua;" .. package.path

local celigo = require "celigo"
local cjson = require "cjson"
local socket = require "socket"

local RATE = { rate = 300, burst = 1 }
local SECONDS = 3

-- In a process of its own: each gets the server's URL and a size, and returns
-- its figures ---------------------------------------------------------------

local function status(name)
  local file <close> = assert(io.open "/proc/self/status")
  return tonumber(file:read("a"):match(name .. ":%s*(%d+)")) / 1024
end

local function descriptors()
  local file <close> = assert(io.open "/proc/self/stat")
  local pipe <close> = assert(io.popen(("ls /proc/%d/fd | wc -l"):format(file:read "n")))
  return pipe:read "n"
end

local measures = {}

-- Who drops a call cancels it.
local function queue(client, n)
  local calls = {}
  for i = 1, n do calls[i] = client:submit("request", { path = "/echo" }) end
  return calls
end

-- Calls that a rate limit keeps back: CPU to queue and to drop each, and of
-- the time in which some of them are sent.
function measures.queue(url, n)
  local client = celigo.new { base_url = url, token = "t", timeout = 1e6, rate_limit = RATE }
  local start = os.clock()
  local calls = queue(client, n)
  local queued, stop = os.clock(), socket.gettime() + SECONDS
  repeat client:step(0.1) until socket.gettime() >= stop
  local turned = os.clock()
  client:close()
  local done = os.clock()
  assert(#calls == n)
  return { call = (queued - start + done - turned) / n * 1e6, turns = (turned - queued) * 1e3 }
end

-- As many coroutines as items, each of which waits for its call.
function measures.map(url, n)
  local client <close> = celigo.new { base_url = url, token = "t", timeout = 1e6, rate_limit = false }
  local items = {}
  for i = 1, n do items[i] = i end
  local start = os.clock()
  local results = client:map(items, function() return client:request { path = "/echo" } end, { concurrency = n })
  local cpu = os.clock() - start
  assert(#results == n)
  return { call = cpu / n * 1e6 }
end

-- The same in an event loop.
function measures.loop(url, n)
  local uv = require "luv"
  local client <close> = celigo.new { base_url = url, token = "t", timeout = 1e6, rate_limit = false }
  require("celigo.loop.luv").attach(client)
  local done = 0
  local start = os.clock()
  for _ = 1, n do
    coroutine.wrap(function()
      assert(client:request { path = "/echo" })
      done = done + 1
    end)()
  end
  uv.run()
  local cpu = os.clock() - start
  assert(done == n)
  return { call = cpu / n * 1e6 }
end

function measures.walk(url, n)
  local client <close> = celigo.new { base_url = url, token = "t", rate_limit = false }
  local records = 0
  for _ in client:each { path = "/list?size=2&pages=" .. n } do records = records + 1 end
  assert(records == 2 * n)
  return { peak = status "VmHWM" }
end

function measures.drop(url, n)
  local most = 0
  for i = 1, n do
    local client = celigo.new { base_url = url, token = "t" }
    assert(client:request { path = "/echo" })
    if i % 20 == 0 then most = math.max(most, descriptors()) end
  end
  return { descriptors = most, peak = status "VmHWM" }
end

function measures.rate(url, rate)
  local client = celigo.new { base_url = url, token = "t", timeout = 1e6, max_connections = 64,
    rate_limit = { rate = rate, burst = 1 } }
  local start = socket.gettime()
  local calls = queue(client, rate * (SECONDS + 1))
  repeat client:step(0.1) until socket.gettime() >= start + SECONDS
  local seconds = socket.gettime() - start
  client:close()
  return { seconds = seconds, calls = #calls }
end

if measures[arg[1]] then
  print(cjson.encode(measures[arg[1]](arg[2], tonumber(arg[3]))))
  return
end

-- The table -------------------------------------------------------------------

local page_server = require "spec.support.page_server"
local process = require "spec.support.process"

local quick = arg[1] == "--quick" and 10 or 1
local server <close> = page_server.start()

local function measure(name, size)
  local command = { process.lua(), arg[0], name, server.url, size }
  for i, word in ipairs(command) do command[i] = process.quote(word) end
  local pipe <close> = assert(io.popen(table.concat(command, " ")))
  return cjson.decode(assert(pipe:read "a"))
end

local function row(title, unit, of_small, of_large)
  print(("%-46s %9.2f %9.2f %-4s %6.2f"):format(title, of_small, of_large, unit, of_large / of_small))
end

print(("%-46s %9s %9s %-4s %6s"):format("", "small", "large", "", "ratio"))
local many = 100000 // quick
local few, all = measure("queue", 1000), measure("queue", many)
row(("CPU of a queued call, of 1,000 and %d"):format(many), "µs", few.call, all.call)
row(("CPU of %d s in which 300 a second go"):format(SECONDS), "ms", few.turns, all.turns)

many = 10000 // quick
few, all = measure("map", 100), measure("map", many)
row(("CPU of a call in a map of 100 and %d at once"):format(many), "µs", few.call, all.call)
if pcall(require, "luv") then
  few, all = measure("loop", 100), measure("loop", many)
  row(("CPU of a call of 100 and %d coroutines in luv"):format(many), "µs", few.call, all.call)
end

few, all = measure("walk", 100), measure("walk", many)
row(("peak memory of a walk of 100 and %d pages"):format(many), "MB", few.peak, all.peak)

many = 2000 // quick
few, all = measure("drop", 100), measure("drop", many)
row(("descriptors with 100 and %d dropped clients"):format(many), "", few.descriptors, all.descriptors)
row("peak memory with them", "MB", few.peak, all.peak)

for _, rate in ipairs { 300, 1000 } do
  server:reset()
  local seconds = measure("rate", rate).seconds
  local seen = #server:state().targets
  print(("%-46s %9d %9.0f %-4s %6.3f"):format(
    ("requests seen, allowed by %d a second"):format(rate), seen, rate * seconds + 1, "", seen / (rate * seconds + 1)))
end
