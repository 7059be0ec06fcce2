-- What becomes of calls, in every way of waiting for them and over every
-- protocol: by what the server has applied, not by what the client says.
--
-- A success was applied exactly once; an error without maybe_applied was not
-- applied; one with it only where the client could not know; nothing that
-- must not be repeated is applied twice; nothing comes after its deadline.

local celigo = require "celigo"
local fate_server = require "spec.support.fate_server"
local fates = require "spec.support.fates"
local missing = require "spec.support.missing"
local nginx = require "spec.support.nginx"
local process = require "spec.support.process"
local seeded = require "spec.support.seeded"
local socket = require "socket"

local slow = seeded.slow
local JOBS = 16 -- of a round
local ROUNDS = 1
-- Seconds: what a silent server costs, and what a busy machine may need.
local LIMITS = { timeout = slow and 60 or process.instrumented and 5 or 2, max_retries = 4, guard = 20 }
local SHORT = slow and 4 or LIMITS.timeout / 10 -- seconds: of a call that is to meet its deadline
local WIDTH = 8
local ways = slow and { "submit" } or fates.way_names

-- Seconds for all rounds of one way and protocol; nil: so many rounds.
local seconds = tonumber(os.getenv "CELIGO_CHAOS_SECONDS")

local function new_client(url, server, options)
  local all = {
    base_url = url, ca_file = url:find "^https" and server.ca_file or nil, token = "test", rate_limit = false,
    timeout = LIMITS.timeout, connect_timeout = LIMITS.timeout, max_retries = LIMITS.max_retries,
    retry_base = 0.01, retry_cap = 0.05,
  }
  for name, value in pairs(options or {}) do all[name] = value end
  return celigo.new(all)
end

-- Makes the calls and holds them against the record.
local function run(url, server, way, jobs, late, options)
  server:reset()
  local client = new_client(url, server, options)
  fates.ways[way](client, jobs, WIDTH, late or function() end)
  client:close()
  local limits = setmetatable({}, { __index = LIMITS })
  for name, value in pairs(options or {}) do limits[name] = value end
  limits.front = server.front
  return fates.judge(jobs, server:record(not server.front), limits)
end

local function check(faults)
  if faults[1] then error(table.concat(faults, "\n"), 0) end
end

-- One round of random calls.
local function round(url, server, way, http2, random)
  local jobs = fates.random_jobs(random, JOBS, http2)
  check(run(url, server, way, jobs, function()
    if random:chance(0.03) then socket.sleep(random:integer(50, 300) / 1000) end
  end))
end

local function rounds(check_one)
  if not seconds then return seeded.each(ROUNDS, check_one) end
  local limit = socket.gettime() + seconds
  seeded.each(1000000, function(random)
    check_one(random)
    return socket.gettime() < limit
  end)
end

-- Waits until the server has ended every connection that it has been told to.
local function await_ends(server, count)
  local limit = socket.gettime() + LIMITS.guard
  while true do
    local ended = 0
    for _, connection in pairs(server:record().connections) do
      if connection.ends and connection.ends.to then ended = ended + 1 end
    end
    if ended >= count then return end
    assert(socket.gettime() < limit, "the server does not end its connections")
  end
end

local available, why = fate_server.available()

-- Both sides of each rule: a record that is changed by hand is found wrong.
describe("the judge of fates", function()
  local function judge(kind, result, entries, ends)
    local job = fates.job(kind, "x")
    job.started, job.ended = 100, 100.5
    job.value, job.other = result.value, result
    local connections = { { number = 1, ends = ends } }
    return fates.judge({ job }, { entries = entries, connections = connections }, LIMITS)[1]
  end

  local function entry(fields)
    local all = { id = "x", connection = 1, acted = "ok", applied = 1, time = 100.1, done = 100.2, step = "ok",
      protocol = "HTTP/1.1" }
    for name, value in pairs(fields or {}) do all[name] = value end
    return all
  end

  local good = { value = { _id = "x" }, attempts = 1 }
  local unsure = { kind = "network", attempts = 1, maybe_applied = true }
  local denied = { kind = "network", attempts = 5, maybe_applied = false }

  it("finds nothing where all is well", function()
    assert.is_nil(judge("post", good, { entry() }))
    assert.is_nil(judge("post", unsure, { entry { acted = "rst", done = false } }))
    assert.is_nil(judge("post", unsure, {}, { how = "fin", from = 100.1, to = 100.1 }))
    assert.is_nil(judge("post", denied, { entry { acted = "429", applied = 0 } }))
  end)

  it("finds what was not applied, applied twice, or denied", function()
    assert.matches("not applied once", judge("post", good, { entry { applied = 0 } }))
    assert.matches("applied twice", judge("post", good, { entry(), entry() }))
    assert.matches("denies it", judge("post", denied, { entry { acted = "rst", done = false } }))
    assert.matches("another call's", judge("post", { value = { _id = "y" }, attempts = 1 }, { entry() }))
  end)

  it("finds a doubt without a reason", function()
    assert.matches("server proved", judge("post", unsure, { entry() }))
    assert.matches("server proved", judge("post", unsure, {}, { how = "fin", from = 99, to = 99 }))
    assert.matches("server proved", judge("put", unsure, { entry { acted = "refused", applied = 0, done = false } }))
  end)

  it("finds what took too many attempts, or came too late", function()
    assert.matches("too many attempts", judge("post", { value = { _id = "x" }, attempts = 7 }, { entry() }))
    assert.matches("after the deadline", judge("post", good, { entry { time = 1000 } }))
  end)
end)

describe("fates", function()
  if not available then
    pending(why)
    return
  end

  local server
  setup(function() server = fate_server.start() end)
  teardown(function() server:stop() end)

  -- node 20 has been seen to abort within its own HTTP/2 ("corrupted size vs.
  -- prev_size") when it ends connections. A case whose server has died says
  -- nothing of the client: it is run once more, with a new one.
  local function with_server(f)
    local good, err = xpcall(f, debug.traceback)
    if good then return end
    if not server.died then error(err, 0) end
    server = fate_server.start()
    f()
  end

  -- For every protocol and way.
  local function each(name, f)
    for _, protocol in ipairs { "http", "https", "http2" } do
      for _, way in ipairs(ways) do
        it(("%s: %s, %s"):format(name, way, protocol), function()
          with_server(function() f(protocol, way) end)
        end)
      end
    end
  end

  each("hold at random", function(protocol, way)
    rounds(function(random) round(server.urls[protocol], server, way, protocol == "http2", random) end)
  end)

  each("hold by table", function(protocol, way)
    check(run(server.urls[protocol], server, way, fates.table_jobs(protocol == "http2")))
  end)

  -- The connection is ended while the program does something else, and the
  -- end is there before the next write.
  for mark, ending in pairs { ["~"] = "close_notify and FIN", ["="] = "FIN alone" } do
    each("a write after a pause in which the server ended the connection by " .. ending, function(protocol, way)
      server:reset()
      local client <close> = new_client(server.urls[protocol], server)
      local jobs = {}
      for i = 1, 6 do
        jobs[i] = fates.job("post", "pause-" .. i, "ok" .. mark .. "10")
        fates.ways[way](client, { jobs[i] }, 1, function() end)
        assert(jobs[i].value, jobs[i].other)
        await_ends(server, i)
      end
      check(fates.judge(jobs, server:record(), LIMITS))
    end)
  end

  -- The silence lasts until that call's deadline.
  for _, kind in ipairs { "get", "post" } do
    each(("a silent connection is not used again (%s)"):format(kind), function(protocol, way)
      server:reset()
      local client <close> = new_client(server.urls[protocol], server)
      local jobs = { fates.job(kind, "before"), fates.job(kind, "silent", "silent"), fates.job(kind, "after"),
        fates.job(kind, "later") }
      local arguments = jobs[2].arguments
      arguments[arguments.n + 1].timeout = SHORT
      for _, job in ipairs(jobs) do fates.ways[way](client, { job }, 1, function() end) end
      assert.equal("timeout", jobs[2].other.kind)
      assert(jobs[3].value, jobs[3].other)
      assert(jobs[4].value, jobs[4].other)
    end)
  end

  -- A program that looks late: after its deadline.
  local busy = {}
  local DEADLINE = slow and 4 or LIMITS.timeout / 4

  local function until_answered(step)
    local limit = socket.gettime() + DEADLINE
    repeat step() until server:record().entries[1] or socket.gettime() > limit
    socket.sleep(DEADLINE)
  end

  function busy.submit(client, job)
    local call = client:submit(job.method, table.unpack(job.arguments, 1, job.arguments.n))
    until_answered(function() client:step(0.005) end)
    return call:wait()
  end

  function busy.luv(client, job)
    local uv = require "luv"
    require("celigo.loop.luv").attach(client)
    local result
    coroutine.wrap(function()
      result = table.pack(client[job.method](client, table.unpack(job.arguments, 1, job.arguments.n)))
    end)()
    until_answered(function() uv.run "once" end)
    uv.run()
    return table.unpack(result)
  end

  function busy.cqueues(client, job)
    local controller = require("cqueues").new()
    require("celigo.loop.cqueues").attach(client)
    local result
    controller:wrap(function()
      result = table.pack(client[job.method](client, table.unpack(job.arguments, 1, job.arguments.n)))
    end)
    until_answered(function() assert(controller:step(0.005)) end)
    assert(controller:loop())
    return table.unpack(result)
  end

  for _, name in ipairs { "luv", "cqueues" } do
    if missing.module(name) then busy[name] = nil end
  end

  for _, case in ipairs { { "http", "post" }, { "https", "post" }, { "http2", "post" }, { "http2", "get" } } do
    local protocol, kind = table.unpack(case)
    for way, f in pairs(slow and { submit = busy.submit } or busy) do
      it(("an answer that came in time counts, however late the program looks (%s): %s, %s"):format(
        kind, way, protocol), function()
        with_server(function()
          local value, other, started, entry
          for _ = 1, 5 do -- a busy machine's answer may come late indeed
            server:reset()
            local client <close> = new_client(server.urls[protocol], server, { timeout = DEADLINE })
            started = socket.gettime()
            value, other = f(client, fates.job(kind, "late", "ok@50"))
            entry = server:record().entries[1]
            if entry and entry.done and entry.done < started + DEADLINE * 0.8 then break end
          end
          assert(value, other)
          assert.equal(1, #server:record().entries)
        end)
      end)
    end
  end

  -- On a connection that is new, and on one that has served: where that ends,
  -- newer libcurls find it dead, which has its free repeat.
  for _, fault in ipairs { "refused", "internal", "cancel", "undone" } do
    it(("a stream that ends by %s takes no more than max_retries + 1 exchanges"):format(fault), function()
      with_server(function()
        for _, kind in ipairs { "get", "put", "delete", "get" } do
          server:reset()
          local client <close> = new_client(server.urls.http2, server)
          local jobs = { fates.job(kind, "first", fault), fates.job(kind, "kept"), fates.job(kind, "second", fault) }
          fates.ways.blocking(client, jobs)
          check(fates.judge(jobs, server:record(), LIMITS))
          assert.is_true(jobs[1].other.attempts <= LIMITS.max_retries + 1)
          assert.is_true(jobs[1].seen.received <= LIMITS.max_retries + 1)
          assert(jobs[2].value, jobs[2].other)
          assert.is_true(jobs[3].seen.received <= LIMITS.max_retries + (fault == "undone" and 2 or 1))
        end
      end)
    end)
  end

  it("what a server refuses over HTTP/2 it gets over HTTP/1.1", function()
    for _, kind in ipairs { "get", "put", "delete", "list", "post" } do
      server:reset()
      local client <close> = new_client(server.urls.http2, server)
      local job = fates.job(kind, "h11", "h11")
      fates.ways.blocking(client, { job })
      assert(job.value, job.other)
      for _, entry in ipairs(server:record().entries) do
        if entry.acted == "ok" then assert.equal("HTTP/1.1", entry.protocol) end
      end
    end
  end)

  describe("behind nginx", function()
    local front, tls, quota

    local function start(options)
      options.upstream = server.urls.http
      options.location = "proxy_set_header X-Front $server_protocol; proxy_next_upstream off;"
      local self = nginx.start(options)
      self.front = "nginx"
      function self.reset() server:reset() end
      function self.record(_, closed) return server:record(closed) end
      return self
    end

    setup(function()
      front = start { server = "keepalive_requests 7;" }
      tls = start { tls = "good", http2 = true, server = "keepalive_requests 7;" }
      quota = start { tls = "good", http2 = true, server = "keepalive_requests 50;" }
    end)
    teardown(function()
      for _, stand in pairs { front, tls, quota } do stand:stop() end
    end)

    for _, way in ipairs(ways) do
      it(("fates hold at random: %s, HTTP/1.1"):format(way), function()
        rounds(function(random) round(front.url, front, way, false, random) end)
      end)

      it(("fates hold at random: %s, HTTP/2"):format(way), function()
        rounds(function(random) round(tls.url, tls, way, false, random) end)
      end)
    end

    -- Calls without failures, many at once.
    local function run_many(stand, way, pick)
      local jobs = {}
      for i = 1, seconds and 2000 or 200 do jobs[i] = fates.job(pick(i), "many-" .. i) end
      stand:reset()
      local client <close> = new_client(stand.url, stand, { timeout = 60 })
      fates.ways[way](client, jobs, 16, function() end)
      local record = stand:record()
      check(fates.judge(jobs, record, setmetatable({ timeout = 60, front = "nginx" }, { __index = LIMITS })))
      for _, job in ipairs(jobs) do assert(job.value, job.other) end
      return record
    end

    local side_by_side = table.move(fates.way_names, 2, #fates.way_names, 1, {}) -- without blocking
    for _, way in ipairs(slow and ways or side_by_side) do
      it("POSTs side by side survive the quota of a connection: " .. way, function()
        run_many(quota, way, function() return "post" end)
      end)

      it("answers of reads and writes at once are never crossed: " .. way, function()
        local kinds = { "get", "post", "get", "put", "list", "delete", "post" }
        local record = run_many(quota, way, function(i) return kinds[i % #kinds + 1] end)
        -- Reads share a connection of HTTP/2, but for the few that it refused
        -- at its end; what must not be repeated goes over HTTP/1.1.
        local shared, reads = 0, 0
        for _, entry in ipairs(record.entries) do
          if entry.method == "POST" then assert.equal("HTTP/1.1", entry.protocol) end
          if entry.method == "GET" then
            reads = reads + 1
            if entry.protocol == "HTTP/2.0" then shared = shared + 1 end
          end
        end
        assert.is_true(shared > reads / 2)
      end)
    end
  end)
end)
