-- Finalisers that make calls while the state closes: Lua calls no finaliser of
-- what they make.

local function at_the_end(f)
  setmetatable({}, { __gc = function() pcall(f) end })
end
local function fail() error "no" end
local busy = celigo.new { token = "mine-0123456", base_url = url, on_event = fail }
local rude = celigo.new { token = fail, base_url = url }
local id = assert(client:list_connectors())[1]._id
for _ = 1, 2 do
  at_the_end(function() client:get_connector_by_id(id) end)
  at_the_end(function() client:list_connectors() end)
  at_the_end(function() client:list_connectors { limit = 1 } end)
  at_the_end(function() client:get_connector_by_id "ffffffffffffffffffffffff" end)
  at_the_end(function() client:request { path = "/v1/connectors" } end)
  at_the_end(function() client:request { path = "no path" } end)
  at_the_end(function() client:list_connectors { query = { a = {} } } end)
  at_the_end(function() client:list_connectors { headers = { a = "b", c = "\n" } } end)
  at_the_end(function() client:create_connector { name = print } end)
  at_the_end(function() client:create_connector({ name = "n" }, { dry_run = true }) end)
  at_the_end(function() client:list_connectors { timeout = 0.001 } end)
  at_the_end(function() busy:list_connectors() end)
  at_the_end(function() rude:list_connectors() end)
  at_the_end(function()
    client:map({ id, id }, function(x) return client:get_connector_by_id(x) end)
  end)
end
