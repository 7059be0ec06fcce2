-- Random cases that can be had again. Each case has a seed of its own; when
-- one fails its seed is printed, and CELIGO_TEST_SEED=<seed> makes that case
-- the first of the next run. CELIGO_TEST_CASES is the share of all cases that
-- is run, for slow machines (0.05: one in twenty). math.random is neither
-- used nor disturbed.
--
--   local seeded = require "spec.support.seeded"
--   it("round-trips", function()
--     seeded.each(500, function(random, n)
--       local text = random:bytes(random:integer(0, 40))
--       ...
--     end)
--   end)

local seeded = {}

local Random = {}
Random.__index = Random

--- A generator: the same seed, an integer, gives the same numbers on every
-- machine.
function seeded.new(seed)
  return setmetatable({ state = seed }, Random)
end

--- 64 random bits as an integer. The state counts up by an odd constant, so
-- it visits every value; shifts and products (the finaliser of SplitMix64)
-- stir it.
function Random:bits()
  self.state = self.state + 0x9E3779B97F4A7C15
  local z = self.state
  z = (z ~ (z >> 30)) * 0xBF58476D1CE4E5B9
  z = (z ~ (z >> 27)) * 0x94D049BB133111EB
  return z ~ (z >> 31)
end

--- A float in [0, 1), a multiple of 2^-53.
function Random:float()
  return (self:bits() >> 11) * 0x1p-53
end

--- An integer from low to high, both included, each as likely; low <= high.
function Random:integer(low, high)
  local span = high - low -- unsigned: wraps for more than half of them all
  local mask = span
  for shift = 0, 5 do mask = mask | mask >> (1 << shift) end
  local offset
  repeat offset = self:bits() & mask until not math.ult(span, offset)
  return low + offset
end

--- True with probability p.
function Random:chance(p)
  return self:float() < p
end

--- One element of an array that is not empty.
function Random:pick(list)
  return list[self:integer(1, #list)]
end

--- A string of n bytes of any value.
function Random:bytes(n)
  local parts = {}
  for i = 1, n do parts[i] = string.char(self:integer(0, 255)) end
  return table.concat(parts)
end

local share = tonumber(os.getenv "CELIGO_TEST_CASES") or 1

--- How many cases of `count` are tried.
function seeded.share(count)
  return math.ceil(count * share)
end

--- Whether less than all is to be tried: under valgrind, say.
seeded.slow = share < 1

--- Calls check(random, n) for that many cases, or until it returns false. An
-- error in one goes through untouched, after its seed has been printed.
function seeded.each(count, check)
  local first = math.tointeger(os.getenv "CELIGO_TEST_SEED") or os.time()
  for n = 1, seeded.share(count) do
    local seed = first + n - 1
    local _ <close> = setmetatable({}, {
      __close = function(_, failure)
        if failure ~= nil then io.stderr:write("\nfailed with CELIGO_TEST_SEED=", seed, "\n") end
      end,
    })
    if check(seeded.new(seed), n) == false then return end
  end
end

return seeded
