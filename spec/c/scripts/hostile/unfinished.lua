-- An answer that is not whole yet.

local core
each_value(function(v)
  if type(v) == "table" and rawget(v, "cursor") and rawget(v, "fetch") then core = v end
end)
local call = client:submit("get_connector_by_id", id)
for _, name in ipairs { "cursor", "next_target", "response", "decode_error", "link_error" } do
  assert(not pcall(assert(core)[name], call, "a", "b", "c"))
end
assert(call:wait())
