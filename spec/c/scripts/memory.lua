-- Calls under a memory limit. Globals: client, id.

local scripts = {}
function scripts.one_page()
  local page = assert(client:list_connectors { limit = 1000 })
  return #page
end

function scripts.by_hand()
  local call = client:submit("list_connectors", { limit = 1000 })
  return call:wait()
end

function scripts.iterator()
  local n = 0
  for record in client:each_connector { limit = 20 } do n = n + 1 end
  return n
end

function scripts.whole_walk()
  for record in client:each_connector { limit = 250 } do end
end

function scripts.left_walk()
  local n = 0
  for record in client:each_connector { limit = 250 } do
    n = n + 1
    if n > 600 then break end
  end
end

function scripts.small_call() assert(client:get_connector_by_id(id)._id == id) end

function scripts.little_room()
  for record in client:each_connector { limit = 500 } do end
end

-- One string, so that only the library's copies of it count.
local header = ("x"):rep(200000)

function scripts.large_requests()
  local calls = {}
  for i = 1, 100 do calls[i] = client:submit("list_connectors", { headers = { A = header } }) end
end

function scripts.whole_client() assert(client.map and client.each_connector and client.edit_connector) end

function scripts.find_id() id = assert(client:list_connectors { limit = 1, follow = false })[1]._id end

return scripts
