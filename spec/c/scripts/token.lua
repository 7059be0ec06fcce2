-- Calls of every kind, then the end of the client.

local client = ...
local id = assert(client:list_connectors())[1]._id
assert(client:get_connector_by_id(id, { headers = { A = "b" } }))
assert(client:update_connector(id, { name = "n" }))
local _, err = client:get_connector_by_id("none")
assert(err.kind == "http")
local pending = client:submit("list_connectors")
client:step()
client:close()
collectgarbage()
assert(pending and not client:list_connectors())
