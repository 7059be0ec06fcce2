--- A stand-in for the Connectors API that keeps state, to try scripts without
-- an account. It needs LuaSocket (`luasocket`), which the client does not.
--
-- In a process of its own:
--
--     lua5.4 -e 'require("celigo.sandbox").serve{port=8090}'
--
-- or for as long as a script runs:
--
--     local sandbox <close> = require("celigo.sandbox").start()
--     local client = celigo.new { base_url = sandbox.url, token = "any" }
--
-- Its rules, where the service has records that a sandbox has not:
--
-- * Every token is good, but `invalid`, `expired` and `revoked`; with the
--   option `token` only those given.
-- * Every email address belongs to a user, unless it begins with `unknown`.
-- * Any connector with an `_integrationId` and an `installerFunction` can be
--   installed. An installation takes the oldest license that is not in use.
--
-- Options of `serve` and `start`:
--
-- * `host`, `port`: where to listen, 127.0.0.1 and 8090; port 0 takes a free
--   one. `start` has 0.
-- * `seed`: true (four connectors that differ, with licenses and
--   installations), a number of connectors, or false for none.
-- * `token`: the token that is accepted, or an array of them.
-- * `page_size`: records on a page where no `limit` is sent, 100.
-- * `empty_list_status`: 204, or 200 with `[]`.
-- * `link_base`: scheme and host in `Link` headers where they are to differ
--   from those called, such as `https://api.integrator.io`.
-- * `gzip`: false answers without compression.
-- * `rate_limit`: `{ rate = …, burst = … }`, requests per second and at
--   once; 429 beyond that. false.
-- * `delay`: seconds before each answer, 0.
-- * `max_requests`: on one connection, then it is closed; no limit.
-- * `idle_timeout`: seconds after which an unused connection is closed, 60.
-- * `log`: one line for each request on the standard error, false.
-- * `journal`: GET /__journal returns the requests received, as JSON, and
--   DELETE /__journal forgets them; false.
-- * `lua`: for `start`, the interpreter to use; the running one.
--
-- @module celigo.sandbox

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
  seed = { is_seed, "a boolean or a number of connectors" },
  token = { is_token, "a string or an array of strings" },
  page_size = { is_integer(1, 1000000), "a positive integer" },
  empty_list_status = {
    function(value) return value == 200 or value == 204 end, "200 or 204",
  },
  link_base = { is_string, "a string" },
  gzip = { is_boolean, "a boolean" },
  rate_limit = { is_rate, "false or { rate = number, burst = number }" },
  delay = { is_number(0, 86400), "a number of seconds" },
  max_requests = { is_integer(1, math.maxinteger), "a positive integer" },
  idle_timeout = { is_number(1e-3, 86400), "a number of seconds" },
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
      error("celigo.sandbox: unknown option " .. tostring(name), 3)
    elseif not known[1](value) then
      error(("celigo.sandbox: option %s must be %s"):format(name, known[2]),
            3)
    end
    all[name] = value
  end
  return all
end

local function load_server()
  local has_socket = pcall(require, "socket")
  if not has_socket then
    error("celigo.sandbox needs LuaSocket: luarocks install luasocket, or "
          .. "your system's package (lua-socket)", 0)
  end
  return require "celigo.sandbox.server"
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
-- @tparam[opt] table options see above
-- @raise where an option is wrong or the port is taken
function sandbox.serve(options)
  local all = read_options(options)
  local server, message = load_server().open(all)
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
-- @tparam[opt] table options see above; `port` is a free one by default
-- @treturn table `url`, `port`, `token` (one that it accepts), `stop()`
-- @raise where an option is wrong or the process does not come up
-- @usage local sandbox <close> = require("celigo.sandbox").start()
function sandbox.start(options)
  return require("celigo.sandbox.child").start(read_options(options, 0))
end

return sandbox
