-- A globals table that lies.

local native = { pcall = pcall, collectgarbage = collectgarbage }
for _, name in ipairs { "setmetatable", "pairs", "ipairs", "type", "error", "pcall", "tostring", "require" } do
  local before = _G[name]
  _G[name] = function(...)
    for i = 1, select("#", ...) do look((select(i, ...))) end
    return before(...)
  end
end
native.pcall(function()
  use(objects())
  client:map({ id }, function(x) return client:get_connector_by_id(x) end)
end)
