-- Calls that go well, fail and raise.

for c in client:each_connector() do assert(client:get_connector_by_id(c._id)) end
assert(not client:get_connector_by_id "ffffffffffffffffffffffff")
assert(not client:get_connector_by_id "")
assert(not pcall(client.get_connector_by_id, client, 5))
client:close()
assert(not client:list_connectors())
