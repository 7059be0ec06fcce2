--- A stand-in for the service that keeps state, to try scripts without an
-- account. It needs LuaSocket (`luasocket`) and lua-cjson, which the client
-- does not.
--
-- `serve` runs it in a process of its own, `start` for as long as a script
-- runs. Ids are the same at each start. Its rules, where the service has
-- records that a sandbox has not: every token is good, but `invalid`,
-- `expired`, `revoked` and what was deleted (with the option `token` only
-- those given, and those made since); every email address belongs to a user,
-- unless it begins with `unknown`; a connector of the newer framework can be
-- installed, and an installation takes the oldest license that is not in use.
-- docs/testing.md tells what is known of the service and what is a guess.
-- @module celigo.sandbox

--- Options of `serve` and `start`.
-- @table options
-- @tfield string host where to listen (127.0.0.1)
-- @tfield integer port 0 takes a free one (8090; 0 for `start`)
-- @tfield boolean|integer|table seed true: four connectors that differ, with
--   licenses and installations; or how many connectors; or
--   `{ connectors = 4, installs = 200 }`: so many, and on those that are in
--   use at least so many installations; false: no records (true)
-- @tfield string|{string,...} token the token that is accepted, or several
-- @tfield integer page_size records on a page where no `limit` is sent (100)
-- @tfield integer empty_list_status 204, or 200 with `[]` (204)
-- @tfield string link_base scheme and host in `Link` headers where they are
--   to differ from those called, such as `https://api.integrator.io`
-- @tfield boolean gzip false answers without compression (true)
-- @tfield table|boolean rate_limit `rate` (requests per second) and `burst`
--   (at once): 429 beyond that (false)
-- @tfield number delay seconds before each answer (0)
-- @tfield {table,...} faults rules for requests that fail, see `rule` (none)
-- @tfield number update_seconds how long an installation that an update was
--   pushed to shows `updateInProgress` (1)
-- @tfield table updates by `_integrationId`: `"failed"`, an update that ends
--   and leaves the version as it was, or `"stuck"`, one that never ends
--   (none)
-- @tfield integer max_requests on one connection, then it is closed (no
--   limit)
-- @tfield number idle_timeout seconds after which an unused connection is
--   closed (60)
-- @tfield boolean log one line for each request on the standard error (false)
-- @tfield boolean journal false keeps no journal (true)
-- @tfield string lua for `start`, the interpreter to use (the running one)

--- A rule for requests that fail: an element of the option `faults`, or given
-- to `fault`, or sent to `POST /__faults` as JSON. Each rule counts the
-- requests that match it; of several, the first that has let enough of them
-- pass takes the request. A rule must say at least one of `status`, `delay`,
-- `close` and `drop`.
-- @table rule
-- @tfield[opt] string operation the method's name or the operationId;
--   `request` for what is none of the 14 operations (any)
-- @tfield[opt] integer after so many matching requests pass first (0)
-- @tfield[opt] integer|boolean times so many are hit; false: all (1)
-- @tfield[opt] integer status the answer's. Without it: 429 where there is
--   `retry_after`, 422 where there are `code` or `message`, 200 for a `body`
-- @tfield[opt] string|integer code in the service's list of errors
-- @tfield[opt] string message in the service's list of errors
-- @tfield[opt] number|string retry_after seconds, or a date of HTTP
-- @tfield[opt] string body the answer's, as it is
-- @tfield[opt] number delay seconds before the answer; alone: a slow answer
-- @tfield[opt] string close where the connection ends: `"before"` the answer,
--   in the middle of its `"head"` or of its `"body"`
-- @tfield[opt] boolean applied whether the work is done before the failure
--   (false)
-- @tfield[opt] {string,...} drop names of members that a write leaves out in
--   silence

local base = require "celigo.base"
local faults = require "celigo.sandbox.faults"

local sandbox = {}

local WHAT = "celigo.sandbox" -- how its errors begin

local function is_string(value)
  return type(value) == "string" and value ~= ""
end

local function is_token(value)
  if type(value) ~= "table" then return is_string(value) end
  for _, token in ipairs(value) do
    if not is_string(token) then return false end
  end
  return #value > 0
end

local function is_rate(value)
  if type(value) ~= "table" then return value == false end
  for _, name in ipairs { "rate", "burst" } do
    local number = value[name]
    if type(number) ~= "number" or not (number >= 1e-3 and number <= 1e9) then return false end
  end
  return true
end

local function is_seed_count(value)
  return math.type(value) == "integer" and value >= 0 and value <= 100000
end

local function is_seed(value)
  if type(value) ~= "table" then return type(value) == "boolean" or is_seed_count(value) end
  for name, count in pairs(value) do
    if name ~= "connectors" and name ~= "installs" or not is_seed_count(count) then return false end
  end
  return true
end

local OUTCOMES = { failed = true, stuck = true }

local function are_updates(value)
  if type(value) ~= "table" then return false end
  for id, outcome in pairs(value) do
    if type(id) ~= "string" or not OUTCOMES[outcome] then return false end
  end
  return true
end

local SECONDS = "seconds, a number"

-- Used where the option `token` names none: no record has a word of it, for
-- clients mask their token in what they read.
local TOKEN = "local-test-token"

-- The options, as the library's own checker takes them: name, type, what is
-- expected, and for numbers the least and the most.
local rows = {
  { "host", "string" },
  { "port", "integer", false, 0, 65535 },
  { "seed", "other" },
  { "token", "other" },
  { "page_size", "integer", false, 1, 1000000 },
  { "empty_list_status", "other" },
  { "link_base", "string" },
  { "gzip", "boolean" },
  { "rate_limit", "other" },
  { "delay", "number", SECONDS, 0, 86400 },
  { "faults", "other" },
  { "update_seconds", "number", SECONDS, 0, 86400 },
  { "updates", "other" },
  { "max_requests", "integer", false, 1, 1e9 },
  { "idle_timeout", "number", SECONDS, 1e-3, 86400 },
  { "log", "boolean" },
  { "journal", "boolean" },
  { "lua", "string" },
}

-- What a row cannot say: a function that checks the value, and what is
-- expected.
local checks = {
  host = { is_string, "the name or the address of a host" },
  seed = { is_seed, "a boolean, a number of connectors, 0 to 100000, or { connectors = number, installs = number }" },
  token = { is_token, "a string or an array of strings" },
  empty_list_status = { function(value) return value == 200 or value == 204 end, "200 or 204" },
  link_base = { is_string, "a scheme and a host" },
  rate_limit = { is_rate, "false or { rate = number, burst = number }" },
  updates = { are_updates, 'a table of _integrationId to "failed" or "stuck"' },
  lua = { is_string, "the name of an interpreter" },
}

local defaults = {
  host = "127.0.0.1", port = 8090, seed = true, page_size = 100, empty_list_status = 204, gzip = true,
  rate_limit = false, delay = 0, faults = {}, update_seconds = 1, updates = {}, max_requests = math.maxinteger,
  idle_timeout = 60, log = false, journal = true,
}

-- Calls a check of the library; what it raises is raised with the position of
-- the caller of `serve` or `start`.
local function check(f, ...)
  local good, message = pcall(f, ...)
  if not good then error(message, 4) end
end

-- Checks options and adds the defaults.
local function read_options(what, port, options, ...)
  local takes = ('require("celigo.sandbox").%s { ... }'):format(what)
  if rawequal(options, sandbox) then
    error(("celigo.sandbox: it is called with a dot, not a colon: %s"):format(takes), 3)
  elseif options ~= nil and type(options) ~= "table" then
    error(("celigo.sandbox: options must be a table, not a %s: %s"):format(type(options), takes), 3)
  elseif next { ... } ~= nil then
    error(("celigo.sandbox: too many arguments; it takes one table of options: %s"):format(takes), 3)
  end
  check(base.check_options, rows, options, WHAT)
  local all = {}
  for name, value in pairs(defaults) do all[name] = value end
  all.port = port or all.port
  for name, value in pairs(options or {}) do
    local known = checks[name]
    if known and not known[1](value) then check(base.option_error, WHAT, name, known[2], value) end
    all[name] = type(value) == "number" and math.tointeger(value) or value
  end
  local rules, message = faults.check_all(all.faults)
  if not rules then error(("%s: option 'faults': %s"):format(WHAT, message), 3) end
  all.faults = rules
  all.tokens = type(all.token) == "table" and all.token or { all.token or TOKEN }
  return all
end

local function announce(server, token)
  io.stdout:write(
    "celigo sandbox: listening on ", server.url, "\n",
    "  to use it: export CELIGO_BASE_URL=", server.url, " CELIGO_API_TOKEN=", token, "\n")
  io.stdout:flush()
end

--- Serves in this process until Ctrl-C. Prints where it listens, as the
-- first line: `celigo sandbox: listening on http://127.0.0.1:8090`.
--
-- Other processes reach what `start` gives as methods over HTTP, without a
-- token: `POST /__faults` (a rule as JSON), `DELETE /__faults` (forgets all
-- rules), `POST /__reset`, `GET /__journal` (`{"requests": […]}`) and
-- `DELETE /__journal`.
-- @function serve
-- @tparam[opt] options options
-- @raise where an option is wrong or the port is taken
-- @usage require("celigo.sandbox").serve { port = 0, page_size = 2 }
function sandbox.serve(...)
  local all = read_options("serve", nil, ...)
  local server, message = require("celigo.sandbox.server").open(all)
  if not server then error("celigo.sandbox: " .. message, 0) end
  local ok, err = pcall(function()
    announce(server, all.tokens[1])
    server:run()
  end)
  server:close()
  -- The standalone interpreter raises this for Ctrl-C, which is the proper end.
  if not ok and not tostring(err):find "interrupted!$" then error(err, 0) end
  io.stdout:write "\nceligo sandbox: stopped\n"
end

--- Starts a sandbox in a child process and waits until it listens. The
-- process ends upon `stop()`, when the returned object is closed or
-- collected, and when this process ends.
--
-- The object has `url`, `port`, `token` (one that it accepts) and `pid`, and
-- these methods:
--
-- - `fault(rule)` arms a rule; raises where it is wrong.
-- - `reset()` brings the first state back: records and ids as at the start,
--   the rules of the option `faults` armed again, later ones and the journal
--   forgotten.
-- - `journal()` returns the requests received, at most the last 10,000: an
--   array of tables with `method`, `target`, `path`, `query`, `headers` (by
--   name in lower case), `raw_headers` (pairs, as they came), `body`,
--   `connection` (a number), `operation` (the method's name), `applied`
--   (whether a write was done) and `status` (none where the answer was cut).
-- - `stop()` ends the process.
--
-- Any other name raises.
-- @function start
-- @tparam[opt] options options
-- @treturn table the sandbox
-- @raise where an option is wrong or the process does not come up
-- @usage
-- local sandbox <close> = require("celigo.sandbox").start { seed = 25 }
-- local client <close> = celigo.new {
--   base_url = sandbox.url,
--   token = sandbox.token,
-- }
-- sandbox:fault { operation = "list_connectors", status = 503 }
-- print(#assert(client:list_connectors())) --> 25
-- print(#sandbox:journal()) --> 2
function sandbox.start(...)
  return require("celigo.sandbox.child").start(read_options("start", 0, ...))
end

return sandbox --[[@as celigo.sandbox]]
