-- A client whose token is in the environment.

local client <close> = celigo.new { base_url = url }
assert(client:list_connectors())
