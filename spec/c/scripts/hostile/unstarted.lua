-- A wait for a call that nothing can end ends at once.

local next_one, _, _, walk = client:each_connector { limit = 1 }
assert(tostring(walk.first):find "new")
for _ = 1, 2 do
  local value, err = walk.first:wait()
  assert(value == nil and err.kind == "cancelled")
end
assert(not pcall(next_one))

-- A prefetched page has no deadline, until somebody waits for it.
next_one, _, _, walk = client:each_connector { limit = 1 }
assert(next_one())
pcall(walk.prefetched.wait, walk.prefetched)
assert(next_one())
