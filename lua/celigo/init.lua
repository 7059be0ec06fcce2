--- A client for the Connectors API of Celigo's integrator.io.
-- @module celigo
-- @usage
-- local celigo = require "celigo"
-- local client <close> = celigo.new() -- the token: $CELIGO_API_TOKEN
-- for _, connector in ipairs(assert(client:list_connectors())) do
--   print(connector._id, connector.name)
-- end

-- Every Lua version must be able to read this file, so that it can show this
-- message.
if _VERSION and _VERSION ~= "Lua 5.4" and _VERSION ~= "Lua 5.5" then
  error("celigo is for Lua 5.4 and 5.5, and this program runs " .. _VERSION, 0)
end

local loaded, base = pcall(require, "celigo.base")
if not loaded then
  -- The messages of dlopen on Linux and on macOS.
  if base:find("undefined symbol: lua", 1, true) or base:find("ymbol not found.-'_lua") then
    base = "celigo is a C module for Lua 5.4 or 5.5, and this program hides the functions of the Lua in it, "
      .. "or has another version: " .. base
  elseif base:find("version mismatch", 1, true) then
    base = ("celigo is here for another Lua than the %s of this program: %s"):format(_VERSION, base)
  end
  error(base, 0)
end

-- The class of error objects is loaded with the first client.
local errors

local celigo

-- The module's functions are no methods: with a colon the module itself is
-- their first argument.
local function refuse_colon(v, name)
  if not rawequal(v, celigo) then return end
  error(("celigo.%s: it is called with a dot, not a colon: celigo.%s(...)"):format(name, name), 3)
end

local function is_error(v)
  refuse_colon(v, "is_error")
  errors = errors or require "celigo.errors"
  return errors.is_error(v)
end

local function assert_string(value, err, ...)
  refuse_colon(value, "assert")
  if value then return value, err, ... end
  error(err == nil and "assertion failed!" or tostring(err), 0)
end

celigo = {
  --- `"celigo "` and the version.
  -- @field _VERSION
  _VERSION = base._VERSION,

  --- JSON that loses nothing, see @{celigo.json}.
  -- @field json
  json = base.json,

  --- JSON null, the same value as `cjson.null`.
  -- @field null
  null = base.json.null,

  --- Marks a table as a JSON array, so that it is one even when it is empty.
  -- @function array
  -- @tparam table t a table without a metatable of its own
  -- @treturn table t
  -- @usage
  -- local settings = { tags = celigo.array {} }
  -- assert(celigo.json.encode(settings) == '{"tags":[]}')
  array = base.array,

  --- Marks a table as a JSON object, so that it is one even when it is empty.
  -- @function object
  -- @tparam table t a table without a metatable of its own
  -- @treturn table t
  -- @usage
  -- local steps = { celigo.object {} }
  -- assert(celigo.json.encode(steps) == "[{}]")
  object = base.object,

  --- Whether a value is an error object.
  -- @function is_error
  -- @param v any value
  -- @treturn boolean
  -- @usage
  -- local good, err = pcall(function()
  --   return assert(client:get_connector_by_id(("0"):rep(24)))
  -- end)
  -- if not good and celigo.is_error(err) then
  --   print(err.status, err.code)
  -- end
  is_error = is_error,

  --- Like Lua's `assert`, but raises a string, `tostring(err)`: for hosts that
  -- expect uncaught errors to be strings.
  -- @function assert
  -- @param value returned, with all that follows it, unless it is false or nil
  -- @param err an error object, or any other value
  -- @return all its arguments
  -- @raise `tostring(err)`, where value is false or nil
  -- @usage
  -- local connectors = celigo.assert(client:list_connectors())
  -- print(#connectors)
  assert = assert_string,

  timestamp = base.time.timestamp,
  parse_timestamp = base.time.parse_timestamp,
}

-- The first client loads the core and libcurl.
function celigo.new(...)
  celigo.new = require "celigo.client"
  local good, client = pcall(celigo.new, ...)
  if not good then error(client, client == "not enough memory" and 0 or 2) end
  return client
end

function celigo.log(...)
  if rawequal(..., celigo) then
    error("celigo.log: it is called with a dot, not a colon: celigo.log(file)", 2)
  end
  celigo.log = require "celigo.log"
  local good, on_event = pcall(celigo.log, ...)
  if not good then error(on_event, on_event == "not enough memory" and 0 or 2) end
  return on_event
end

return celigo --[[@as celigo]]
