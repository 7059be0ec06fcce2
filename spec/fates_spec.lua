-- What becomes of calls, in every way of waiting for them and over every
-- protocol: by what the server has applied, not by what the client says.
--
-- A success was applied exactly once; an error without maybe_applied was not
-- applied; one with it only where the client could not know; nothing that
-- must not be repeated is applied twice; nothing comes after its deadline.

local cases = require "spec.support.fate_cases"
local fate_server = require "spec.support.fate_server"
local fates = require "spec.support.fates"
local nginx = require "spec.support.nginx"
local seeded = require "spec.support.seeded"
local socket = require "socket"

local LIMITS = cases.LIMITS
local JOBS = 16 -- of a round
local ROUNDS = 1
local WIDTH = 8

-- Seconds for all rounds of one way and protocol; nil: so many rounds.
local seconds = tonumber(os.getenv "CELIGO_CHAOS_SECONDS")

-- Makes the calls and holds them against the record.
local function run(url, server, way, jobs, late)
  server:reset()
  local client = cases.new_client(url, server)
  fates.ways[way](client, jobs, WIDTH, late or function() end)
  client:close()
  local limits = setmetatable({ front = server.front }, { __index = LIMITS })
  return fates.judge(jobs, server:record(not server.front), limits)
end

-- One round of random calls.
local function round(url, server, way, http2, random)
  local jobs = fates.random_jobs(random, JOBS, http2)
  cases.check(run(url, server, way, jobs, function()
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

local available, why = fate_server.available()

-- Both sides of each rule: a record that is changed by hand is found wrong.
describe("the judge of fates", function()
  local function judge(kind, result, entries, ends)
    local job = fates.job(kind, "x")
    job.started, job.ended = 100, 100.5
    job.value, job.other = result.value, result
    local connections = { { number = 1, ends = ends }, { number = 2 } }
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
  local refused = { kind = "http", status = 422, attempts = 2, maybe_applied = true }
  local goaway = { how = "goaway", from = 100.1, to = 100.2 }
  local denied = { kind = "network", attempts = 5, maybe_applied = false }

  it("finds nothing where all is well", function()
    assert.is_nil(judge("post", good, { entry() }))
    assert.is_nil(judge("post", unsure, { entry { acted = "rst", done = false } }))
    assert.is_nil(judge("post", unsure, {}, { how = "fin", from = 100.1, to = 100.1 }))
    assert.is_nil(judge("post", denied, { entry { acted = "429", applied = 0 } }))
    assert.is_nil(judge("put", refused, { entry { acted = "422", applied = 0 } }, goaway))
    local unread = entry { acted = "refused", applied = 0, done = false }
    local answered = entry { acted = "422", applied = 0, connection = 2 }
    assert.is_nil(judge("put", refused, { entry { id = "another" }, unread, answered }))
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
    assert.matches("server proved", judge("put", refused, { entry { acted = "422", applied = 0 } }))
    local both = { entry { acted = "429", applied = 0 }, entry { acted = "422", applied = 0 } }
    assert.matches("server proved", judge("put", refused, both, goaway))
    local unread = entry { acted = "refused", applied = 0, done = false }
    local answered = entry { acted = "422", applied = 0, connection = 2 }
    assert.matches("server proved", judge("put", refused, { unread, answered }))
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

  local fixture = cases.fixture()
  setup(function() fixture:start() end)
  teardown(function() fixture:stop() end)

  fixture:each(it, "hold at random", function(server, protocol, way)
    rounds(function(random) round(server.urls[protocol], server, way, protocol == "http2", random) end)
  end)

  fixture:each(it, "hold by table", function(server, protocol, way)
    cases.check(run(server.urls[protocol], server, way, fates.table_jobs(protocol == "http2")))
  end)

  -- On a connection that is new, and on one that has served: where that ends,
  -- newer libcurls find it dead, which has its free repeat.
  for _, fault in ipairs { "refused", "internal", "cancel", "undone" } do
    it(("a stream that ends by %s takes no more than max_retries + 1 exchanges"):format(fault), function()
      fixture:with(function(server)
        for _, kind in ipairs { "get", "put", "delete", "get" } do
          server:reset()
          local client <close> = cases.new_client(server.urls.http2, server)
          local jobs = { fates.job(kind, "first", fault), fates.job(kind, "kept"), fates.job(kind, "second", fault) }
          fates.ways.blocking(client, jobs)
          cases.check(fates.judge(jobs, server:record(), LIMITS))
          assert.is_true(jobs[1].other.attempts <= LIMITS.max_retries + 1)
          assert.is_true(jobs[1].seen.received <= LIMITS.max_retries + 1)
          assert(jobs[2].value, jobs[2].other)
          assert.is_true(jobs[3].seen.received <= LIMITS.max_retries + (fault == "undone" and 2 or 1))
        end
      end)
    end)
  end

  it("what a server refuses over HTTP/2 it gets over HTTP/1.1", function()
    local server = fixture.server
    for _, kind in ipairs { "get", "put", "delete", "list", "post" } do
      server:reset()
      local client <close> = cases.new_client(server.urls.http2, server)
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
      local server = fixture.server
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
      for _, proxy in pairs { front, tls, quota } do proxy:stop() end
    end)

    for _, way in ipairs(cases.ways) do
      it(("fates hold at random: %s, HTTP/1.1"):format(way), function()
        rounds(function(random) round(front.url, front, way, false, random) end)
      end)

      it(("fates hold at random: %s, HTTP/2"):format(way), function()
        rounds(function(random) round(tls.url, tls, way, false, random) end)
      end)
    end

    -- Calls without failures, many at once.
    local function run_many(proxy, way, pick)
      local jobs = {}
      for i = 1, seconds and 2000 or 200 do jobs[i] = fates.job(pick(i), "many-" .. i) end
      proxy:reset()
      local client <close> = cases.new_client(proxy.url, proxy, { timeout = 60 })
      fates.ways[way](client, jobs, 16, function() end)
      local record = proxy:record()
      cases.check(fates.judge(jobs, record, setmetatable({ timeout = 60, front = "nginx" }, { __index = LIMITS })))
      for _, job in ipairs(jobs) do assert(job.value, job.other) end
      return record
    end

    local side_by_side = table.move(fates.way_names, 2, #fates.way_names, 1, {}) -- without blocking
    for _, way in ipairs(cases.slow and cases.ways or side_by_side) do
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
