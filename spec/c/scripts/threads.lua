-- What each thread does: calls by a client of the host and one of its own.

local celigo, client, url, calls = ...
local other <close> = celigo.new { token = "script", base_url = url, rate_limit = false }
local id = assert(client:list_connectors())[1]._id
local good = 0
for i = 1, calls do
  local c = i % 2 == 0 and client or other
  local record = assert(c:get_connector_by_id(id))
  if record._id == id then good = good + 1 end
end
local n = 0
for _ in client:each_connector() do n = n + 1 end
assert(n > 0)
local licenses, errors = client:map({ id, id, id }, function(item) return client:list_connector_licenses(item) end)
assert(#licenses == 3 and next(errors) == nil)
assert(celigo.json.encode(celigo.json.decode "[1.5,{}]") == "[1.5,{}]")
local _, err = client:get_connector_by_id("ffffffffffffffffffffffff")
assert(err.status == 404)
return good
