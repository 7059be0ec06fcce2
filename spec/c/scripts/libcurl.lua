-- What celigo.new says, with a base URL that may be plain.

local base_url = ...
local celigo = require "celigo"
local good, message = pcall(celigo.new, { token = "a-token-that-is-long", base_url = base_url })
return not good and message or "made"
