-- Metatables without finalisers.

for _ = 1, 3 do
  local kept = {}
  for _, o in pairs(objects()) do
    local m = getmetatable(o)
    if type(m) == "table" and m.__gc then
      kept[m] = m.__gc
      m.__gc = nil
    end
  end
  assert(next(kept))
  local list = objects()
  local mine = celigo.new { token = "mine-0123456", base_url = url }
  mine:submit("list_connectors")
  mine:step()
  list = nil
  mine = nil
  collectgarbage()
  collectgarbage()
  for _ = 1, 500 do
    if client:step(0.01) == 0 then break end
  end
  assert(client:step() == 0)
  for m, gc in pairs(kept) do m.__gc = gc end
  use(objects())
end
