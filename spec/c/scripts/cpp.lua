-- Errors pass through the library in both directions, from a hook too.

local client = ...
local id = assert(client:list_connectors())[1]._id
assert(client:get_connector_by_id(id))
assert(not pcall(client.get_connector_by_id, client, 5))
assert(not pcall(client.list_connectors, client, { tiemout = 1 }))
local n = 0
for _ in client:each_connector { limit = 1 } do n = n + 1 end
assert(n > 1)
local _, errors = client:map({ 1, 2 }, function() error "mine" end)
assert(#errors == 2)
local count = 0
debug.sethook(function()
  count = count + 1
  if count > 3 then error "enough" end
end, "", 100)
local good, message = pcall(function()
  for i = 1, 1e5 do client:get_connector_by_id(id) end
end)
debug.sethook()
assert(not good and message:find "enough")
assert(client:get_connector_by_id(id))
error "the end"
