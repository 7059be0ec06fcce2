-- What a script does in its day.

local list = assert(client:list_connectors())
local id = list[1]._id
assert(client:get_connector_by_id(id))
assert(client:edit_connector(id, function(c) c.name = "Other" end))
local n = 0
for _ in client:each_connector { limit = 1 } do n = n + 1 end
assert(n == #list)
for page in client:pages { path = "/v1/connectors" } do assert(#page == n) end
local results, errors = client:map({ id, id }, function(item) return client:list_connector_licenses(item) end)
assert(#results == 2 and next(errors) == nil)
local call = client:submit("get_connector_by_id", id)
while client:step(0.1) > 0 do end
assert(call:result())
local _, err = client:get_connector_by_id "ffffffffffffffffffffffff"
assert(celigo.is_error(err) and err.status == 404)
local good, message = pcall(client.list_connectors, client, { tiemout = 1 })
assert(not good and message:find "timeout")
assert(celigo.timestamp(0) == "1970-01-01T00:00:00.000Z")
