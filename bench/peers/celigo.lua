-- This library.

local celigo = require "celigo"
require "celigo.client" -- and libcurl, which the other peers have by now

local harness = require "bench.peers.harness"

local function new_client(run)
  return celigo.new {
    base_url = run.base,
    token = "bench",
    rate_limit = false,
    ca_file = run.ca_file,
    max_connections = run.width,
  }
end

local ids = {}
for i = 0, 49 do
  ids[i] = harness.path(i):match("[^/]+$")
end

local operations = {}

function operations.get(run, tally)
  local client <close> = new_client(run)
  for i = 0, run.count - 1 do
    tally.connector(assert(client:get_connector_by_id(ids[i % 50])))
  end
end

function operations.list(run, tally)
  local client <close> = new_client(run)
  for _ = 1, run.count do
    tally.connectors(assert(client:list_connectors()))
  end
end

function operations.map(run, tally)
  local client <close> = new_client(run)
  local items = {}
  for i = 0, run.count - 1 do
    items[i + 1] = ids[i % 50]
  end
  local _, errors = client:map(items, function(id)
    tally.licenses(assert(client:list_connector_licenses(id)))
    return true
  end, { concurrency = run.width })
  assert(next(errors) == nil, select(2, next(errors)))
end

function operations.walk(run, tally)
  local client <close> = new_client(run)
  for connector in client:each_connector { limit = 1000 } do
    tally.connector(connector)
  end
end

local function consume(run, tally, prefetch)
  local client <close> = new_client(run)
  local options = { limit = 1000, prefetch = prefetch }
  for connector in client:each_connector(options) do
    tally.connector(connector)
    if tally.records % 1000 == 0 then harness.work() end
  end
end

function operations.consume(run, tally)
  consume(run, tally, true)
end

operations["consume-in-turn"] = function(run, tally)
  consume(run, tally, false)
end

harness.main(operations)
