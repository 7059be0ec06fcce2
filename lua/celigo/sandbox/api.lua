--- From a request to an answer: who may ask, how often, and which operation
-- it is. Knows nothing of sockets.

local answers = require "celigo.sandbox.answers"
local http = require "celigo.sandbox.http"
local operations = require "celigo.sandbox.operations"

local api = {}

local ID = "([^/]+)"
local ONE = "^/v1/connectors/" .. ID

local routes = {
  { path = "^/v1/connectors$",
    GET = "list_connectors", POST = "create_connector" },
  { path = ONE .. "$",
    GET = "get_connector_by_id", PUT = "update_connector",
    DELETE = "delete_connector" },
  { path = ONE .. "/installBase$", GET = "get_connector_install_base" },
  { path = ONE .. "/update$", PUT = "push_connector_update" },
  { path = ONE .. "/licenses$",
    GET = "list_connector_licenses", POST = "create_connector_license" },
  { path = ONE .. "/licenses/" .. ID .. "$",
    GET = "get_connector_license_by_id", PUT = "update_connector_license",
    DELETE = "delete_connector_license" },
  { path = ONE .. "/install$", POST = "install_connector" },
  { path = ONE .. "/preview$", GET = "preview_connector_install" },
  { path = "^/v1/tokenInfo$", GET = "token_info" },
}

-- The contract has no 400 for these: a malformed id is an unknown one.
local NO_BAD_REQUEST = {
  create_connector_license = true,
  install_connector = true,
  preview_connector_install = true,
}

local handlers = setmetatable({
  token_info = function()
    return answers.json(
      200, '{"_userId":"54fa0b38a7044f9255000000","scope":"fullaccess"}')
  end,
}, { __index = operations })

local REFUSED = { invalid = true, expired = true, revoked = true }

local function accepts(token, wanted)
  if wanted == nil then
    return token ~= "" and not REFUSED[token]
  elseif type(wanted) == "string" then
    return token == wanted
  end
  for _, one in ipairs(wanted) do
    if token == one then
      return true
    end
  end
  return false
end

-- nil where the request may pass, else the 401.
local function unauthorized(request, wanted)
  local value = request.headers.authorization
  if not value then
    return answers.bare(401, "Unauthorized")
  end
  local token = value:match("^[Bb][Ee][Aa][Rr][Ee][Rr] +(%S+)$")
  if not token or not accepts(token, wanted) then
    return answers.bare(401, "Bearer Authentication Failed")
  end
  return nil
end

-- nil where the request may pass, else the 429.
local function over_rate(db, limit)
  local seconds = limit and db:take_token(limit) or 0
  if seconds <= 0 then
    return nil
  end
  local answer = answers.error(429, "rate_limited", "too many requests")
  answer.headers = { { "Retry-After", tostring(math.ceil(seconds)) } }
  return answer
end

local function find_route(path)
  for _, route in ipairs(routes) do
    local ids = { path:match(route.path) }
    if ids[1] then
      for i, id in ipairs(ids) do
        ids[i] = http.unescape(id)
      end
      return route, ids
    end
  end
  return nil
end

local function not_allowed(route)
  local methods = {}
  for _, method in ipairs { "DELETE", "GET", "POST", "PUT" } do
    if route[method] then
      methods[#methods + 1] = method
      methods[#methods + 1] = method == "GET" and "HEAD" or nil
    end
  end
  local answer = answers.error(405, "method_not_allowed",
                               "the path does not know this method")
  answer.headers = { { "Allow", table.concat(methods, ", ") } }
  return answer
end

--- Answers a request. `options` are those of `celigo.sandbox.serve`.
function api.handle(db, options, request)
  local answer = unauthorized(request, options.token)
    or over_rate(db, options.rate_limit)
  if answer then
    return answer
  end
  local route, ids = find_route(request.path)
  if not route then
    return answers.error(404, "not_found", "there is nothing at this path")
  end
  local method = request.method == "HEAD" and "GET" or request.method
  local name = method:find("^%u+$") and route[method]
  if not name then
    return not_allowed(route)
  end
  return handlers[name] {
    db = db, request = request, ids = ids, options = options,
    query = http.query(request.query),
    link_base = options.link_base
      or "http://" .. (request.headers.host or "localhost"),
    strict_id = not NO_BAD_REQUEST[name],
  }
end

return api
