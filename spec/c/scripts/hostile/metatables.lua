-- Metatables, which are closed.

local list = objects()
for name, o in pairs(list) do
  if type(o) ~= "function" then
    assert(type(getmetatable(o)) == "string", name)
    assert(not pcall(setmetatable, o, {}), name)
  end
  for _, key in ipairs { "__gc", "__index", "__close" } do
    pcall(function() assert(list[name][key] == nil) end)
    if type(o) == "userdata" then
      assert(not pcall(function() o[key] = error end))
    end
  end
end
local _, err = client:get_connector_by_id "ffffffffffffffffffffffff"
assert(type(getmetatable(err)) == "string" and celigo.is_error(err))
assert(not pcall(setmetatable, err, {}))
assert(err.__index == nil and list.walk.__index == nil)
use(list)
use(objects())
