--- The paths that the sandbox knows, and the operation of each. Needs no
-- other module: the rules for failures are checked by it before a sandbox
-- runs.

local routes = {}

local ID = "([^/]+)"
local ONE = "^/v1/connectors/" .. ID

-- The contract's 14 operations.
local connectors = {
  { path = "^/v1/connectors$", GET = "list_connectors", POST = "create_connector" },
  { path = ONE .. "$", GET = "get_connector_by_id", PUT = "update_connector", DELETE = "delete_connector" },
  { path = ONE .. "/installBase$", GET = "get_connector_install_base" },
  { path = ONE .. "/update$", PUT = "push_connector_update" },
  { path = ONE .. "/licenses$", GET = "list_connector_licenses", POST = "create_connector_license" },
  {
    path = ONE .. "/licenses/" .. ID .. "$",
    GET = "get_connector_license_by_id", PUT = "update_connector_license", DELETE = "delete_connector_license",
  },
  { path = ONE .. "/install$", POST = "install_connector" },
  { path = ONE .. "/preview$", GET = "preview_connector_install" },
}

-- What scripts reach by `client:request`.
local others = {
  { path = "^/v1/tokenInfo$", GET = "token_info" },
  { path = "^/v1/accesstokens$", GET = "list_access_tokens", POST = "create_access_token" },
  { path = "^/v1/accesstokens/" .. ID .. "$", DELETE = "delete_access_token" },
  { path = "^/v1/jobs$", GET = "list_jobs" },
  { path = "^/v1/syncs/" .. ID .. "/syncJobs$", GET = "list_sync_jobs" },
}

local METHODS = { "DELETE", "GET", "POST", "PUT" }

local is_operation = {}
for _, route in ipairs(connectors) do
  for _, method in ipairs(METHODS) do
    if route[method] then is_operation[route[method]] = true end
  end
end

local function unescape(text)
  return (text:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

--- The route of a path and its ids, or nil.
function routes.find(path)
  for _, list in ipairs { connectors, others } do
    for _, route in ipairs(list) do
      local ids = { path:match(route.path) }
      if ids[1] then
        for i, id in ipairs(ids) do ids[i] = unescape(id) end
        return route, ids
      end
    end
  end
  return nil
end

--- The function that answers a method of a route, or nil.
function routes.handler(route, method)
  if method == "HEAD" then method = "GET" end
  return method:find "^%u+$" and route[method] or nil
end

--- The name of the client's method for a request: `request` if it is not one of
-- the contract's operations.
function routes.operation(method, path)
  local route = routes.find(path)
  local name = route and routes.handler(route, method)
  return is_operation[name] and name or "request"
end

--- The methods that a route knows, for an `Allow` header.
function routes.allowed(route)
  local list = {}
  for _, method in ipairs(METHODS) do
    if route[method] then list[#list + 1] = method end
    if route[method] and method == "GET" then list[#list + 1] = "HEAD" end
  end
  return table.concat(list, ", ")
end

--- The names that a rule for failures may give as its `operation`, sorted.
function routes.names()
  local list = { "request" }
  for name in pairs(is_operation) do list[#list + 1] = name end
  table.sort(list)
  return list
end

return routes
