-- Prints the connectors of the account, each with its number of licenses.
-- Run by examples/embed/host.c, which gives it `client`.

local ids = {}
for connector in client:each_connector() do ids[#ids + 1] = connector._id end

local licenses, errors = client:map(ids, function(id)
  return client:list_connector_licenses(id)
end)
for i, id in ipairs(ids) do
  print(id, errors[i] and tostring(errors[i]) or #licenses[i] .. " licenses")
end

-- These go on after the script has ended: the host's loop steps them.
for i, id in ipairs(ids) do
  if errors[i] == nil then client:submit("get_connector_by_id", id) end
end
