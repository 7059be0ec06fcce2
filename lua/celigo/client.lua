--- Puts the client together: the C core and the methods that are Lua. Loaded
-- when the first client is made, for it brings libcurl with it.

local core = require "celigo.core"
local errors = require "celigo.errors"

core.set_error_constructor(errors.new)
require "celigo.pages"
require "celigo.tasks"
require "celigo.edit"

return core.new
