--- A client for the Connectors API of Celigo's integrator.io.
-- @module celigo
-- @usage
-- local celigo = require "celigo"
-- local client <close> = celigo.new { token = "…" }
-- for _, connector in ipairs(assert(client:list_connectors())) do
--   print(connector._id, connector.name)
-- end

local core = require "celigo.core"
local errors = require "celigo.errors"
require "celigo.pages"
require "celigo.tasks"

local celigo = {
  _VERSION = core._VERSION,
  new = core.new,
  json = core.json,
  null = core.json.null,
  array = core.array,
  object = core.object,
  is_error = errors.is_error,
  timestamp = core.time.timestamp,
  parse_timestamp = core.time.parse_timestamp,
}

return celigo
