--- Makes an answer of a request: checks the token and the rate limit, and finds
-- the operation. Uses no sockets.

local answers = require "celigo.sandbox.answers"
local http = require "celigo.sandbox.http"
local operations = require "celigo.sandbox.operations"
local routes = require "celigo.sandbox.routes"

local api = {}

-- The contract has no 400 for these: a malformed id counts as an unknown one.
local NO_BAD_REQUEST = {
  create_connector_license = true,
  install_connector = true,
  preview_connector_install = true,
}

local REFUSED = { invalid = true, expired = true, revoked = true }

local function accepts(db, token, wanted)
  if token == "" or db.revoked[token] then return false end
  if not wanted then return not REFUSED[token] end
  for _, record in ipairs(db.tokens.list) do
    if record.token == token then return true end
  end
  return false
end

-- nil if the request may pass, else the 401.
local function unauthorized(db, request, wanted)
  local value = request.headers.authorization
  if not value then return answers.bare(401, "Unauthorized") end
  local token = value:match "^[Bb][Ee][Aa][Rr][Ee][Rr] +(%S+)$"
  if not token or not accepts(db, token, wanted) then return answers.bare(401, "Bearer Authentication Failed") end
  return nil
end

-- nil if the request may pass, else the 429.
local function over_rate(db, limit)
  local seconds = limit and db:take_token(limit) or 0
  if seconds <= 0 then return nil end
  local answer = answers.error(429, "rate_limited", "too many requests")
  answer.headers = { { "Retry-After", tostring(math.ceil(seconds)) } }
  return answer
end

local function not_allowed(route)
  local answer = answers.error(405, nil, "the path does not know this method")
  answer.headers = { { "Allow", routes.allowed(route) } }
  return answer
end

--- Answers a request. `options` are those of `celigo.sandbox.serve`; `drop` is
-- an array of members that a write leaves out, or nil.
function api.handle(db, options, request, drop)
  local answer = unauthorized(db, request, options.token) or over_rate(db, options.rate_limit)
  if answer then return answer end
  db:end_updates()
  local route, ids = routes.find(request.path)
  if not route then return answers.error(404, nil, "there is nothing at this path") end
  local name = routes.handler(route, request.method)
  if not name then return not_allowed(route) end
  return operations[name] {
    db = db, request = request, ids = ids, options = options, drop = drop,
    query = http.query(request.query),
    link_base = options.link_base or "http://" .. (request.headers.host or "localhost"),
    strict_id = not NO_BAD_REQUEST[name],
  }
end

return api
