-- The targets that a walk has visited, in the same memory however many they
-- are: fingerprints of the first and of the last 1,000.
--
-- A link back to one of those is seen at once: to the page itself, a few
-- pages back, to the beginning. Any other loop is seen in its second round or
-- soon after: one more target is kept, each time that the count of pages has
-- doubled, and a walk that goes in circles comes by there (R. P. Brent's way
-- to find cycles).

local core = require "celigo.core"

local KEPT = 1000

local Visited = {}

-- Scripts can reach these objects by their walks, but not the class.
local class = { __index = Visited, __metatable = "celigo.visited" }

--- Whether a target is known to have been visited.
function Visited:has(target)
  local code = core.fingerprint(target)
  return self.first[code] or self.last[code] or code == self.mark
end

function Visited:add(target)
  local code = core.fingerprint(target)
  self.count = self.count + 1
  if self.count <= KEPT then
    self.first[code] = true
  else
    local slot = self.count % KEPT + 1
    local old = self.ring[slot]
    if old then self.last[old] = nil end
    self.ring[slot], self.last[code] = code, true
  end
  if self.count & (self.count - 1) == 0 then self.mark = code end
end

return {
  new = function()
    return setmetatable({ count = 0, first = {}, last = {}, ring = {} }, class)
  end,
}
