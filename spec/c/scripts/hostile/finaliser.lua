-- The finaliser, called by hand.

for _, name in ipairs { "call", "list", "cursor", "page_call", "ahead", "client" } do
  local list = objects()
  local gc = debug.getmetatable(list[name] or client).__gc
  gc(list[name] or list.call)
  use(list)
  pcall(gc, list[name])
  pcall(gc, list[name])
  use(list)
  for _, value in pairs(junk) do pcall(gc, value) end
  for _, other in pairs(list) do pcall(gc, other) end
  use(list)
end
local value, err = client:list_connectors()
assert(value == nil and err.kind == "closed")
look(tostring(client))
