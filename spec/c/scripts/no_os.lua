-- A client in a state that cannot read the environment.

local good, message = pcall(celigo.new, { base_url = url })
assert(not good and message:find("CELIGO_API_TOKEN", 1, true))
