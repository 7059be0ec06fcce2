--- A stand-in for the Connectors API that keeps state, to try scripts without
-- an account. It needs LuaSocket (`luasocket`) and lua-cjson, which the
-- client does not.
--
-- `serve` runs it in a process of its own, `start` for as long as a script
-- runs. Its rules, where the service has records that a sandbox has not:
-- every token is good, but `invalid`, `expired` and `revoked` (with the
-- option `token` only those given); every email address belongs to a user,
-- unless it begins with `unknown`; any connector with an `_integrationId` and
-- an `installerFunction` can be installed, and an installation takes the
-- oldest license that is not in use.
-- @module celigo.sandbox

--- Options of `serve` and `start`.
-- @table options
-- @tfield string host where to listen (127.0.0.1)
-- @tfield integer port 0 takes a free one (8090; 0 for `start`)
-- @tfield boolean|integer seed true: four connectors that differ, with
--   licenses and installations; or how many connectors; false: none (true)
-- @tfield string|{string,...} token the token that is accepted, or several
-- @tfield integer page_size records on a page where no `limit` is sent (100)
-- @tfield integer empty_list_status 204, or 200 with `[]` (204)
-- @tfield string link_base scheme and host in `Link` headers where they are
--   to differ from those called, such as `https://api.integrator.io`
-- @tfield boolean gzip false answers without compression (true)
-- @tfield table|boolean rate_limit `rate` (requests per second) and `burst`
--   (at once): 429 beyond that (false)
-- @tfield number delay seconds before each answer (0)
-- @tfield integer max_requests on one connection, then it is closed (no
--   limit)
-- @tfield number idle_timeout seconds after which an unused connection is
--   closed (60)
-- @tfield boolean log one line for each request on the standard error (false)
-- @tfield boolean journal GET /__journal returns the requests received, as
--   JSON, and DELETE /__journal forgets them (false)
-- @tfield string lua for `start`, the interpreter to use (the running one)

local sandbox = {}

local function is_number(least, most)
  return function(value)
    return type(value) == "number" and value >= least and value <= most
  end
end

local function is_integer(least, most)
  local in_range = is_number(least, most)
  return function(value)
    return math.type(value) == "integer" and in_range(value)
  end
end

local function is_string(value)
  return type(value) == "string" and value ~= ""
end

local function is_boolean(value)
  return type(value) == "boolean"
end

local function is_token(value)
  if type(value) ~= "table" then
    return is_string(value)
  end
  for _, token in ipairs(value) do
    if not is_string(token) then
      return false
    end
  end
  return #value > 0
end

local function is_rate(value)
  local positive = is_number(1e-3, 1e9)
  return value == false or type(value) == "table"
    and positive(value.rate) and positive(value.burst)
end

local MAX_SEED = 100000

local function is_seed(value)
  return is_boolean(value) or is_integer(0, MAX_SEED)(value)
end

local option_types = {
  host = { is_string, "a string" },
  port = { is_integer(0, 65535), "an integer from 0 to 65535" },
  seed = { is_seed, "a boolean or a number of connectors, 0 to 100000" },
  token = { is_token, "a string or an array of strings" },
  page_size = { is_integer(1, 1000000), "an integer from 1 to 1000000" },
  empty_list_status = {
    function(value) return value == 200 or value == 204 end, "200 or 204",
  },
  link_base = { is_string, "a string" },
  gzip = { is_boolean, "a boolean" },
  rate_limit = { is_rate, "false or { rate = number, burst = number }" },
  delay = { is_number(0, 86400), "seconds, a number from 0 to 86400" },
  max_requests = { is_integer(1, math.maxinteger), "an integer from 1" },
  idle_timeout = { is_number(1e-3, 86400), "seconds, a number from 0.001 to 86400" },
  log = { is_boolean, "a boolean" },
  journal = { is_boolean, "a boolean" },
  lua = { is_string, "the name of an interpreter" },
}

local defaults = {
  host = "127.0.0.1", port = 8090, seed = true, page_size = 100,
  empty_list_status = 204, gzip = true, rate_limit = false, delay = 0,
  max_requests = math.maxinteger, idle_timeout = 60, log = false,
  journal = false,
}

-- "did you mean 'port'?" for `prot`, all names where none is near. The
-- core is not needed for anything else, so that a sandbox runs without it.
local function hint(name)
  local has_core, core = pcall(require, "celigo.core")
  local names = {}
  for known in pairs(option_types) do
    names[#names + 1] = known
  end
  table.sort(names)
  local near = has_core and core.nearest(tostring(name), names)
  return near and ("did you mean '%s'?"):format(near)
    or "there are: " .. table.concat(names, ", ")
end

-- Checks options and adds the defaults. Errors blame the caller's caller.
local function read_options(options, port)
  if options ~= nil and type(options) ~= "table" then
    error("celigo.sandbox: options must be a table, not "
          .. type(options), 3)
  end
  local all = {}
  for name, value in pairs(defaults) do
    all[name] = value
  end
  all.port = port or all.port
  for name, value in pairs(options or {}) do
    local known = option_types[name]
    if not known then
      error(("celigo.sandbox: unknown option '%s'; %s"):format(
        tostring(name), hint(name)), 3)
    elseif not known[1](value) then
      error(("celigo.sandbox: option %s must be %s"):format(name, known[2]),
            3)
    end
    all[name] = value
  end
  return all
end

local function announce(server, token)
  io.stdout:write(
    "celigo sandbox: listening on ", server.url, "\n",
    "  to use it: export CELIGO_BASE_URL=", server.url,
    " CELIGO_API_TOKEN=", token, "\n")
  io.stdout:flush()
end

--- Serves in this process until Ctrl-C. Prints where it listens, as the
-- first line: `celigo sandbox: listening on http://127.0.0.1:8090`.
-- @function serve
-- @tparam[opt] options options
-- @raise where an option is wrong or the port is taken
-- @usage require("celigo.sandbox").serve { port = 0, page_size = 2 }
function sandbox.serve(options)
  local all = read_options(options)
  local server, message = require("celigo.sandbox.server").open(all)
  if not server then
    error("celigo.sandbox: " .. message, 0)
  end
  local token = type(all.token) == "table" and all.token[1] or all.token
  local ok, err = pcall(function()
    announce(server, token or "sandbox")
    server:run()
  end)
  server:close()
  -- What the standalone interpreter raises upon Ctrl-C is our proper end.
  if not ok and not tostring(err):find("interrupted!$") then
    error(err, 0)
  end
  io.stdout:write("\nceligo sandbox: stopped\n")
end

--- Starts a sandbox in a child process and waits until it listens. The
-- process ends upon `stop()`, when the returned object is closed or
-- collected, and when this process ends.
-- @function start
-- @tparam[opt] options options
-- @treturn table `url`, `port`, `token` (one that it accepts), `stop()`
-- @raise where an option is wrong or the process does not come up
-- @usage
-- local sandbox <close> = require("celigo.sandbox").start { seed = 25 }
-- local client <close> = celigo.new {
--   base_url = sandbox.url,
--   token = sandbox.token,
-- }
-- print(#assert(client:list_connectors()))
function sandbox.start(options)
  return require("celigo.sandbox.child").start(read_options(options, 0))
end

return sandbox --[[@as celigo.sandbox]]
