-- JSON alone, one codec at a time.
--
--   lua5.4 codec.lua CODEC OPERATION FILE COUNT

local clock = require "bench.clock"

local codecs = {}

function codecs.celigo()
  local json = require("celigo").json
  return json.decode, json.encode
end

function codecs.cjson()
  local cjson = require "cjson"
  return cjson.decode, cjson.encode
end

-- What the tables alone cost, for any decoder.
function codecs.tape(text)
  local tape = require("bench.tape").record(require("cjson").decode(text))
  return function() return tape:build() end
end

local function tally(value)
  if value.numInstalls then return 1, value.numInstalls end
  local sum = 0
  for i = 1, #value do
    sum = sum + value[i].numInstalls
  end
  return #value, sum
end

local codec, operation, path, count = table.unpack(arg)
local file <close> = assert(io.open(path, "rb"))
local text = file:read("a")
local decode, encode = codecs[codec](text)
local value = decode(text)
local records, sum, bytes = 0, 0, 0
collectgarbage()

local cpu, wall = clock.now()
for _ = 1, tonumber(count) do
  if operation == "decode" then
    local n, s = tally(decode(text))
    records, sum = records + n, sum + s
  else
    bytes = bytes + #encode(value)
  end
end
local cpu_end, wall_end = clock.now()

if operation == "encode" then
  -- Every text had the same length; what one of them holds counts for all.
  local n, s = tally(decode(encode(value)))
  records, sum = n * bytes // #encode(value), s * bytes // #encode(value)
end
print(('{"records":%d,"sum":%d,"cpu":%.6f,"wall":%.6f}'):format(
  records, sum, cpu_end - cpu, wall_end - wall))
