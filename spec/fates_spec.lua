-- What becomes of calls, in every way of waiting for them and over every
-- protocol: by what the server has applied, not by what the client says.
--
-- A success was applied exactly once; an error without maybe_applied was not
-- applied; one with it only where the client could not know; nothing that
-- must not be repeated is applied twice; nothing comes after its deadline.

local celigo = require "celigo"
local fate_server = require "spec.support.fate_server"
local fates = require "spec.support.fates"
local nginx = require "spec.support.nginx"
local seeded = require "spec.support.seeded"
local socket = require "socket"

local JOBS = 24 -- of a round
local ROUNDS = 2
local LIMITS = { timeout = 0.5, max_retries = 4, guard = 20 }
local WIDTH = 8

-- Seconds for all rounds of one way and protocol; nil: so many rounds.
local seconds = tonumber(os.getenv "CELIGO_CHAOS_SECONDS")

local function new_client(url, server, options)
  local all = {
    base_url = url, ca_file = url:find "^https" and server.ca_file or nil, token = "test", rate_limit = false,
    timeout = LIMITS.timeout, max_retries = LIMITS.max_retries, retry_base = 0.01, retry_cap = 0.05,
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

local available, why = fate_server.available()

describe("fates", function()
  if not available then
    pending(why)
    return
  end

  local server
  setup(function() server = fate_server.start() end)
  teardown(function() server:stop() end)

  for _, protocol in ipairs { "http", "https", "http2" } do
    for _, way in ipairs(fates.way_names) do
      it(("hold at random: %s, %s"):format(way, protocol), function()
        rounds(function(random) round(server.urls[protocol], server, way, protocol == "http2", random) end)
      end)
    end
  end
end)
