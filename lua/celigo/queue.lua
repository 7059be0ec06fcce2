-- A queue: what is put in first is taken out first.

local Queue = {}
local QUEUE = { __index = Queue, __metatable = "celigo.queue" }

function Queue:put(entry)
  self.last = self.last + 1
  self[self.last] = entry
end

-- Takes the next entry, up to the place `last`; nil if there is none. It is
-- out of the queue before anything is done with it.
function Queue:take(last)
  local first = self.first
  if first > last then return nil end
  local entry = self[first]
  self[first] = nil
  self.first = first + 1
  return entry
end

-- Makes an empty queue.
return function()
  return setmetatable({ first = 1, last = 0 }, QUEUE)
end
