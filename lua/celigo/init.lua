--- A client for the Connectors API of Celigo's integrator.io.
-- @module celigo
-- @usage
-- local celigo = require "celigo"
-- local client <close> = celigo.new { token = "…" }
-- for _, connector in ipairs(assert(client:list_connectors())) do
--   print(connector._id, connector.name)
-- end

local base = require "celigo.base"
local errors = require "celigo.errors"

local celigo = {
  _VERSION = base._VERSION,
  json = base.json,
  null = base.json.null,
  array = base.array,
  object = base.object,
  is_error = errors.is_error,
  timestamp = base.time.timestamp,
  parse_timestamp = base.time.parse_timestamp,
}

-- The first client brings the core and libcurl with it.
function celigo.new(options)
  celigo.new = require "celigo.client"
  local good, client = pcall(celigo.new, options)
  if not good then error(client, 2) end
  return client
end

function celigo.log(file)
  celigo.log = require "celigo.log"
  local good, on_event = pcall(celigo.log, file)
  if not good then error(on_event, 2) end
  return on_event
end

return celigo
