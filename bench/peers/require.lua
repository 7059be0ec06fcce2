-- What it costs to load a module.
--
--   lua5.4 require.lua MODULE...

local clock = require "bench.clock"

local cpu, wall = clock.now()
for _, name in ipairs(arg) do
  assert(require(name))
end
local cpu_end, wall_end = clock.now()
print(('{"records":0,"sum":0,"cpu":%.6f,"wall":%.6f}'):format(
  cpu_end - cpu, wall_end - wall))
