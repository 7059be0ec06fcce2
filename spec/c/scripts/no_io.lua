-- A log in a state without Lua's io and os.

local good, message = pcall(celigo.log, {})
assert(not good and message:find("io and os", 1, true), message)
