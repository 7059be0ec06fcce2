-- An ordinary libcurl binding with lua-cjson.

local cjson = require "cjson"

local harness = require "bench.peers.harness"
local plain = require "bench.plain"

local function next_link(headers)
  return headers:match('\n[Ll]ink: <([^>]*)>; rel="next"')
end

local operations = {}

function operations.get(run, tally)
  local easy = plain.easy(run.ca_file)
  for i = 0, run.count - 1 do
    tally.connector(cjson.decode((easy:perform(run.base .. harness.path(i)))))
  end
end

function operations.list(run, tally)
  local easy = plain.easy(run.ca_file)
  for _ = 1, run.count do
    tally.connectors(cjson.decode((easy:perform(run.base
      .. "/v1/connectors"))))
  end
end

local function licenses_url(run, i)
  return run.base .. harness.path(i) .. "/licenses"
end

-- Side by side: a fresh handle for each request in one multi handle.
function operations.map(run, tally)
  local multi = plain.multi(run.ca_file)
  local started = 0
  local function start()
    if started < run.count then
      multi:add(licenses_url(run, started), started + 1)
      started = started + 1
    end
  end
  for _ = 1, run.width do
    start()
  end
  for _, body in multi.next, multi do
    start()
    tally.licenses(cjson.decode(body))
  end
end

-- The same requests one after another, on one kept connection.
operations["map-in-turn"] = function(run, tally)
  local easy = plain.easy(run.ca_file)
  for i = 0, run.count - 1 do
    tally.licenses(cjson.decode((easy:perform(licenses_url(run, i)))))
  end
end

local function walk(run, tally, work)
  local easy = plain.easy(run.ca_file)
  local url = run.base .. "/v1/connectors?limit=1000"
  repeat
    local body, headers = easy:perform(url)
    tally.connectors(cjson.decode(body))
    url = next_link(headers)
    work()
  until not url
end

function operations.walk(run, tally)
  walk(run, tally, function() end)
end

function operations.consume(run, tally)
  walk(run, tally, harness.work)
end

harness.main(operations)
