-- Errors, dry runs, texts.

local function look_into(t)
  for k, v in pairs(t) do
    if type(v) == "table" then
      look_into(v)
    else
      look(k, tostring(v))
    end
  end
end
local _, err = client:get_connector_by_id "ffffffffffffffffffffffff"
look(tostring(err))
look_into(err)
look_into(client:update_connector(id, { name = "n" }, { dry_run = true, headers = { ["X-Other"] = "y" } }))
look(tostring(client), string.format("%p", client))
for _, f in pairs(debug.getmetatable(client).__index) do
  look(select(2, pcall(f, client, {}, {}, {})))
  look(select(2, pcall(f, io.stdout)))
end
