-- Calls whose answers are far too large, and what became of them.

return {
  list = function() return client:list_connectors() end,
  get = function() return client:get_connector_by_id "1" end,
  create = function() return client:create_connector { name = "n" } end,
  submit = function() return client:submit("list_connectors"):wait() end,
  walk = function() for _ in client:each_connector() do end end,
  map = function()
    return client:map({ 1 }, function() return client:list_connectors() end)
  end,

  -- The code of the error that was returned or raised, or of its first item.
  code_of = function(...)
    for i = 1, select("#", ...) do
      local value = select(i, ...)
      if type(value) == "table" and type(value[1]) == "table" then value = value[1] end
      if type(value) == "table" and value.code then return value.code end
    end
    return tostring((...))
  end,
}
