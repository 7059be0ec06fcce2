--- What the Lua peers share: arguments in, one line of JSON out.
--
--   lua5.4 PEER.lua OPERATION BASE CA_FILE COUNT WIDTH

local clock = require "bench.clock"

local harness = {}

--- Path of the i-th connector (from 0); there are 50.
function harness.path(i)
  return ("/v1/connectors/54fa0b38a7044f92%08x"):format(i % 50)
end

--- Counts records and sums one number of each.
function harness.tally()
  local tally = { records = 0, sum = 0 }
  function tally.connector(record)
    tally.records = tally.records + 1
    tally.sum = tally.sum + record.numInstalls
  end
  function tally.connectors(list)
    local sum = 0
    for i = 1, #list do
      sum = sum + list[i].numInstalls
    end
    tally.records = tally.records + #list
    tally.sum = tally.sum + sum
  end
  function tally.licenses(list)
    local sum = 0
    for i = 1, #list do
      sum = sum + list[i].opts.seats
    end
    tally.records = tally.records + #list
    tally.sum = tally.sum + sum
  end
  return tally
end

--- Runs the operation that the command line names. Its clock starts after
-- the libraries are loaded and before anything of theirs is made.
-- @tparam {[string]=function(run,tally)} operations run has base, ca_file
-- (nil for none), count and width
function harness.main(operations)
  local operation = assert(operations[arg[1]], "no such operation")
  local run = {
    base = arg[2],
    ca_file = arg[3] ~= "" and arg[3] or nil,
    count = tonumber(arg[4]),
    width = tonumber(arg[5]),
  }
  local tally = harness.tally()
  local cpu, wall = clock.now()
  operation(run, tally)
  local cpu_end, wall_end = clock.now()
  print(('{"records":%d,"sum":%d,"cpu":%.6f,"wall":%.6f}'):format(
    tally.records, tally.sum, cpu_end - cpu, wall_end - wall))
end

--- What the consumer does with a page in the prefetch workload: 50 ms that
-- are spent elsewhere, writing to a database, say.
function harness.work()
  clock.sleep(0.05)
end

return harness
