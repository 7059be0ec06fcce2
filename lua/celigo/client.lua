--- Puts the client together: the C core and the methods that are Lua. It loads
-- libcurl, so celigo.new requires it for the first client only. A program may
-- require it earlier: nothing is loaded after it.

local core = require "celigo.core"
local errors = require "celigo.errors"
local log = require "celigo.log"

core.hide_file()
core.set_error_constructor(errors.new)

-- Open log files, by the value of the environment's CELIGO_LOG.
local files = {}

local function open_log(name)
  if not io or not os then return nil, "this host has not opened Lua's io and os libraries, which a log needs" end
  if name == "stderr" then return io.stderr end
  local message
  if io.type(files[name]) ~= "file" then files[name], message = io.open(name, "a") end
  return files[name], message
end

core.set_log_opener(function(name)
  local file, message = open_log(name)
  if not file then return nil, message end
  return log(file)
end)

require "celigo.pages"
require "celigo.tasks"
require "celigo.edit"

return core.new
